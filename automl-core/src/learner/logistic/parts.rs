//! Logistic regression on more rows than memory holds: they lie in parts, each of which is gone through in turn for each
//! value and gradient of the loss.
//!
//! The minimum is looked for in the first part, where c is chosen too, and from there in all of them.

use super::curvature::Curvature;
use super::lbfgs::Minimiser;
use super::loss::{Data, Sums, penalised};
use super::model::LogisticModel;
use super::{Found, Question, TOLERANCE, most_iterations, outputs_of, penalty};
use crate::learner::cluster::Cluster;
use crate::learner::dense::classes::Shares;
use crate::learner::dense::matrix::row_major;
use crate::learner::dense::{check, unsuitable};
use crate::learner::parts::{Block, InParts, Shelf};
use crate::learner::{Fit, FitError, weight};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::sum;
use crate::platform::Cancel;

/// Rows that come one after the other to the same part.
const RUN: usize = if cfg!(test) { 8 } else { 4096 };

/// A fit under way.
pub(super) struct LogisticInParts {
    c: f64,
    is_balanced: bool,
    is_weighted: bool,
    features: usize,
    /// Rows so far, in each part.
    rows: Vec<usize>,
    taken: usize,
    /// The weight of the rows of each class.
    totals: Vec<f64>,
}

/// Rows of a part.
struct Part {
    values: Vec<f32>,
    codes: Vec<u32>,
    weights: Option<Vec<f64>>,
}

impl LogisticInParts {
    /// # Errors
    /// As a fit on the sample.
    pub fn new(sample: &Fit<'_>, parts: usize) -> Result<Self, FitError> {
        check(sample)?;
        let Target::Classes { classes, .. } = sample.target else {
            return Err(unsuitable("logistic regression predicts classes, not numbers"));
        };
        Ok(Self {
            c: sample.params.float("c"),
            is_balanced: sample.params.text("class_weight") == "balanced",
            is_weighted: weight::given(sample)?.is_some(),
            features: sample.frame.columns.len(),
            rows: vec![0; parts.max(1)],
            taken: 0,
            totals: vec![0.0; *classes],
        })
    }

    /// What the rows of each class count by, as [`weight::of_classes`] says.
    fn class_weights(&self) -> Option<Vec<f64>> {
        let present = self.totals.iter().filter(|t| **t > 0.0).count() as f64;
        let total = sum(&self.totals);
        let balanced = |&t: &f64| if t > 0.0 { total / (present * t) } else { 0.0 };
        self.is_balanced.then(|| self.totals.iter().map(balanced).collect())
    }

    /// A part as it lies on the shelf.
    fn load(
        &self,
        part: usize,
        (shares, class_weights): (&Shares, Option<&[f64]>),
        shelf: &mut dyn Shelf,
        bytes: &mut Vec<u8>,
    ) -> Result<Part, FitError> {
        shelf.get(part, bytes).map_err(|reason| FitError::Shelf { reason })?;
        let damaged = || FitError::Shelf { reason: "what was put aside came back damaged".to_owned() };
        let (cells, rest) = bytes.as_chunks::<4>();
        let width = self.features + 2;
        if !rest.is_empty() || cells.len() != self.rows[part] * width {
            return Err(damaged());
        }
        let mut values = Vec::with_capacity(self.rows[part] * self.features);
        let mut codes = Vec::with_capacity(self.rows[part]);
        let mut weights = Vec::with_capacity(self.rows[part]);
        for row in cells.chunks_exact(width) {
            let (row, own) = row.split_at(self.features);
            values.extend(row.iter().map(|&x| f32::from_le_bytes(x)));
            let code = u32::from_le_bytes(own[0]);
            if code as usize >= self.totals.len() {
                return Err(damaged());
            }
            let of_class = class_weights.map_or(1.0, |of| of[code as usize]);
            weights.push(f64::from(f32::from_le_bytes(own[1])) * of_class);
            codes.push(code);
        }
        let counts = self.is_weighted || class_weights.is_some();
        Ok(Part { values, codes: shares.places(&codes), weights: counts.then_some(weights) })
    }
}

impl Part {
    fn data(&self, features: usize, outputs: usize) -> Data<'_> {
        let (values, codes) = (&self.values, &self.codes);
        Data { values, codes, weights: self.weights.as_deref(), features, outputs }
    }
}

impl InParts for LogisticInParts {
    fn take(&mut self, block: &Block<'_>, shelf: &mut dyn Shelf) -> Result<(), FitError> {
        let rows = block.frame.rows;
        let weights = block.weights.filter(|_| self.is_weighted);
        let Target::Classes { codes, .. } = block.target else {
            return Err(unsuitable("logistic regression predicts classes, not numbers"));
        };
        if codes.len() != rows || self.is_weighted && weights.is_none_or(|w| w.len() != rows) {
            return Err(unsuitable("rows lack a target or a weight"));
        }
        if block.frame.columns.len() != self.features
            || codes.iter().any(|&c| c as usize >= self.totals.len())
        {
            return Err(unsuitable("the target has values that are out of its range"));
        }
        let values: Vec<f32> = row_major(block.frame, self.features);
        let mut bytes = Vec::new();
        let mut start = 0;
        while start < rows {
            let end = rows.min(start + RUN - self.taken % RUN);
            let part = self.taken / RUN % self.rows.len();
            bytes.clear();
            for row in start..end {
                let (code, weight) = (codes[row], weights.map_or(1.0, |w| w[row]));
                let cells = &values[row * self.features..(row + 1) * self.features];
                cells.iter().for_each(|x| bytes.extend_from_slice(&x.to_le_bytes()));
                bytes.extend_from_slice(&code.to_le_bytes());
                bytes.extend_from_slice(&weight.to_le_bytes());
                self.totals[code as usize] += f64::from(weight);
            }
            shelf.append(part, &bytes).map_err(|reason| FitError::Shelf { reason })?;
            self.rows[part] += end - start;
            (self.taken, start) = (self.taken + end - start, end);
        }
        Ok(())
    }

    fn places(&self) -> usize {
        self.rows.len()
    }

    fn finish(
        self: Box<Self>,
        validation: (&Frame, &Target),
        shelf: &mut dyn Shelf,
        _cluster: Option<&mut dyn Cluster>,
        cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Box<dyn Model>, FitError> {
        let class_weights = self.class_weights();
        let of_class = |class: usize| class_weights.as_ref().map_or(1.0, |of| of[class]);
        let totals: Vec<f64> = self.totals.iter().enumerate().map(|(c, t)| t * of_class(c)).collect();
        let total = sum(&totals);
        if total <= 0.0 {
            return Err(unsuitable("there are no training rows"));
        }
        let shares = Shares(totals.iter().map(|&t| (t / total).min(1.0)).collect());
        let features = self.features;
        let Some(outputs) = outputs_of(&shares) else {
            return Ok(Box::new(LogisticModel::new(shares, vec![0.0; features + 1], features, 0)));
        };
        let how = (&shares, class_weights.as_deref());
        let mut bytes = Vec::new();
        let first = self.load(0, how, shelf, &mut bytes)?;
        let is_sound = matches!(validation.1, Target::Classes { codes, .. }
            if codes.len() == validation.0.rows && codes.iter().all(|&c| (c as usize) < self.totals.len()));
        let question = Question {
            shares: &shares,
            class_weights: class_weights.as_deref(),
            c: self.c,
            validation: Some(validation).filter(|(frame, _)| is_sound && frame.rows > 0),
            trained: self.taken,
            cancel,
        };
        let Found { weights, iterations, c } = question.answer(&first.data(features, outputs))?;
        told(iterations);
        let used: Vec<usize> = (0..self.rows.len()).filter(|&part| self.rows[part] > 0).collect();
        if used.len() == 1 {
            return Ok(Box::new(LogisticModel::new(shares, weights, features, iterations)));
        }
        let penalty = penalty(c, total);
        let curvature = Curvature::diagonal(&first.data(features, outputs), penalty);
        drop(first);
        let (mut sums, mut failed) = (Sums::default(), None);
        let (mut least, mut best, mut passes) = (f64::INFINITY, weights.clone(), 0);
        let at = |place: &[f64], gradient: &mut [f64]| {
            gradient.fill(0.0);
            let mut loss = 0.0;
            for &part in &used {
                match self.load(part, how, shelf, &mut bytes) {
                    Ok(rows) => loss += sums.add(&rows.data(features, outputs), place, gradient),
                    Err(error) => {
                        failed = Some(error);
                        return f64::NAN;
                    }
                }
            }
            passes += 1;
            told(iterations + passes);
            let loss = penalised(loss, total, penalty, &place[..features * outputs], gradient);
            if loss < least {
                least = loss;
                best.copy_from_slice(place);
            }
            loss
        };
        let most = most_iterations((self.taken * features) as f64, outputs);
        let found = Minimiser { tolerance: TOLERANCE, most, cancel }.run(weights, &curvature, at);
        if let Some(error) = failed {
            return Err(error);
        }
        let (weights, more) = match found {
            // What was best by then is better than nothing of it.
            Err(FitError::Cancelled) => (best, passes),
            found => found?,
        };
        Ok(Box::new(LogisticModel::new(shares, weights, features, iterations + more)))
    }
}
