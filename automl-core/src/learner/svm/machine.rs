//! One machine, trained by linfa.

use crate::learner::FitError;
use crate::learner::dense::unsuitable;
use crate::numeric::math;
use linfa::ParamGuard;
use linfa::composing::platt_scaling::{Platt, platt_newton_method};
use linfa::dataset::DatasetBase;
use linfa::traits::Fit;
use linfa_svm::Svm;
use ndarray::{Array1, Array2};

/// When the solver is content: as in LIBSVM.
const PRECISION: f64 = 1e-3;
/// Errors of standardised numbers that cost nothing: as in LIBSVM.
const TOLERATED: f64 = 0.1;
/// Parts in which distances of rows are found that a machine did not train on.
const PARTS: usize = 3;
/// A coefficient below this moves no prediction.
const NEGLIGIBLE: f64 = 1e-12;

/// Training rows × features, row by row.
#[derive(Clone, Copy)]
pub(super) struct Rows<'a> {
    pub cells: &'a [f64],
    pub features: usize,
}

impl<'a> Rows<'a> {
    pub fn row(&self, at: usize) -> &'a [f64] {
        &self.cells[at * self.features..(at + 1) * self.features]
    }

    fn matrix(&self, keep: &[usize]) -> Result<Array2<f64>, FitError> {
        let cells = keep.iter().flat_map(|&at| self.row(at)).copied().collect();
        Array2::from_shape_vec((keep.len(), self.features), cells).map_err(|e| unsuitable(e.to_string()))
    }
}

/// The Gaussian kernel exp(−‖a − b‖² / width).
pub(super) fn kernel(a: &[f64], b: &[f64], width: f64) -> f64 {
    let squares: f64 = a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum();
    math::exp(-squares / width)
}

/// A machine: a row's distance is Σ coefficient · kernel(support row, row) − rho.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Machine {
    /// Training row and its coefficient.
    pub support: Vec<(usize, f64)>,
    pub rho: f64,
    /// The probability is 1 / (1 + exp(slope · distance + shift)); not used for numbers.
    pub slope: f64,
    pub shift: f64,
}

impl Machine {
    fn new(rows: &[usize], alpha: &[f64], rho: f64) -> Result<Self, FitError> {
        if !rho.is_finite() || alpha.iter().any(|a| !a.is_finite()) {
            return Err(unsuitable("the solver found no border"));
        }
        let all = rows.iter().copied().zip(alpha.iter().copied());
        let support = all.filter(|(_, a)| a.abs() > NEGLIGIBLE).collect();
        Ok(Self { support, rho, slope: -1.0, shift: 0.0 })
    }

    fn distance(&self, rows: &Rows<'_>, row: &[f64], width: f64) -> f64 {
        self.support.iter().map(|&(at, a)| a * kernel(rows.row(at), row, width)).sum::<f64>() - self.rho
    }
}

/// What all machines of a fit share.
///
/// The solver's shrinking stays off, as it is by default: with it, the library puts coefficients back in the wrong order.
pub(super) struct Trainer<'a> {
    pub rows: Rows<'a>,
    pub c: f64,
    /// Squared width of the kernel.
    pub kernel: f64,
}

impl Trainer<'_> {
    /// A machine that tells the rows that are `true` from the others, with probabilities.
    ///
    /// # Errors
    /// [`FitError`] where the solver finds none, or what `go_on` says before each of its runs.
    pub fn classify(
        &self,
        labels: &[bool],
        go_on: impl Fn() -> Result<(), FitError>,
    ) -> Result<Machine, FitError> {
        let all: Vec<usize> = (0..labels.len()).collect();
        let mut machine = self.separate(&all, labels)?;
        let mut distances = vec![0.0; labels.len()];
        let parts = parts(labels);
        for part in 0..PARTS {
            go_on()?;
            let (outside, inside): (Vec<usize>, Vec<usize>) = all.iter().partition(|&&i| parts[i] == part);
            let both = |want: bool| inside.iter().any(|&i| labels[i] == want);
            // Too few rows of a class to leave any out: its own distances have to do.
            let part = if both(true) && both(false) { Some(self.separate(&inside, labels)?) } else { None };
            let judge = part.as_ref().unwrap_or(&machine);
            for i in outside {
                distances[i] = judge.distance(&self.rows, self.rows.row(i), self.kernel);
            }
        }
        (machine.slope, machine.shift) = platt(distances, labels)?;
        Ok(machine)
    }

    fn separate(&self, rows: &[usize], labels: &[bool]) -> Result<Machine, FitError> {
        let targets: Array1<bool> = rows.iter().map(|&i| labels[i]).collect();
        let data = DatasetBase::new(self.rows.matrix(rows)?, targets);
        let params = Svm::<f64, bool>::params()
            .pos_neg_weights(self.c, self.c)
            .eps(PRECISION)
            .gaussian_kernel(self.kernel);
        let svm = params.fit(&data).map_err(|e| unsuitable(e.to_string()))?;
        Machine::new(rows, &svm.alpha, svm.rho)
    }

    /// A machine whose distance is the value, for standardised values.
    ///
    /// # Errors
    /// [`FitError`] where the solver finds none.
    pub fn regress(&self, values: &[f64]) -> Result<Machine, FitError> {
        let all: Vec<usize> = (0..values.len()).collect();
        let data = DatasetBase::new(self.rows.matrix(&all)?, Array1::from(values.to_vec()));
        let params = Svm::<f64, f64>::params()
            .c_svr(self.c, Some(TOLERATED))
            .eps(PRECISION)
            .gaussian_kernel(self.kernel);
        let svm = params.fit(&data).map_err(|e| unsuitable(e.to_string()))?;
        Machine::new(&all, &svm.alpha, svm.rho)
    }
}

/// Every row's part, so that each part has its share of both classes.
fn parts(labels: &[bool]) -> Vec<usize> {
    let mut next = [0, 0];
    let part = |&label: &bool| {
        let next = &mut next[usize::from(label)];
        *next += 1;
        *next % PARTS
    };
    labels.iter().map(part).collect()
}

/// Slope and shift of Platt's sigmoid ("Probabilistic outputs for support vector machines", 1999).
fn platt(distances: Vec<f64>, labels: &[bool]) -> Result<(f64, f64), FitError> {
    let labels = Array1::from(labels.to_vec());
    let params = Platt::<f64, ()>::params().check().map_err(|e| unsuitable(e.to_string()))?;
    let found = platt_newton_method(Array1::from(distances).view(), labels.view(), &params);
    match found {
        Ok((slope, shift)) if slope.is_finite() && shift.is_finite() => Ok((slope, shift)),
        Ok(_) => Err(unsuitable("no probabilities could be fitted")),
        Err(error) => Err(unsuitable(format!("no probabilities could be fitted: {error}"))),
    }
}
