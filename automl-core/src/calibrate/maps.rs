//! Maps from the probabilities of a model to probabilities that come true as often as they say.

use crate::numeric::math;
use serde::{Deserialize, Serialize};

/// Probabilities are kept so far from 0 and 1 before a logarithm is taken.
const EPSILON: f64 = 1e-12;
/// Share of the identity in an isotonic map: it keeps apart what the steps would tie, and nothing certain.
const IDENTITY: f64 = 0.01;
/// Parameters beyond are of no map that was fitted.
const LARGEST: f64 = 1e6;

/// A map of a row's probabilities. For two classes all are increasing, so that the order of rows stays as it is.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(tag = "method", rename_all = "snake_case")]
pub enum Calibration {
    /// As the model says.
    #[default]
    None,
    /// p ∝ p^inverse for every class; `inverse` is 1 / T (Guo, Pleiss, Sun and Weinberger, "On calibration of modern
    /// neural networks", ICML 2017).
    Temperature { inverse: f64 },
    /// Two classes: logit p → slope · logit p + intercept (Platt, "Probabilistic outputs for support vector
    /// machines", 1999, with the log-odds as score).
    Platt { slope: f64, intercept: f64 },
    /// Two classes: logit p → a · ln p − b · ln(1 − p) + c (Kull, Silva Filho and Flach, "Beta calibration",
    /// AISTATS 2017).
    Beta { a: f64, b: f64, c: f64 },
    /// Two classes: linear between the points (at, to), both ascending, as isotonic regression gives them (Zadrozny
    /// and Elkan, 2002), with one hundredth of p itself.
    Isotonic { at: Vec<f64>, to: Vec<f64> },
}

/// ln p, kept finite.
pub(super) fn ln(p: f64) -> f64 {
    math::ln(p.clamp(EPSILON, 1.0 - EPSILON))
}

/// ln(p / (1 − p)), kept finite.
pub(super) fn logit(p: f64) -> f64 {
    ln(p) - ln(1.0 - p)
}

impl Calibration {
    /// Name for people.
    pub fn title(&self) -> &'static str {
        match self {
            Self::None => "none",
            Self::Temperature { .. } => "temperature scaling",
            Self::Platt { .. } => "Platt scaling",
            Self::Beta { .. } => "beta calibration",
            Self::Isotonic { .. } => "isotonic regression",
        }
    }

    /// Maps every row of `values` (rows × classes, each row summing to 1).
    pub fn apply(&self, values: &mut [f64], classes: usize) {
        match self {
            Self::None => {}
            Self::Temperature { inverse } => {
                for row in values.chunks_mut(classes) {
                    row.iter_mut().for_each(|p| *p = inverse * ln(*p));
                    math::softmax(row);
                }
            }
            _ => {
                for row in values.chunks_exact_mut(classes.max(2)) {
                    let p = self.second(row[1]);
                    (row[0], row[1]) = (1.0 - p, p);
                }
            }
        }
    }

    /// The second of two classes.
    fn second(&self, p: f64) -> f64 {
        match self {
            Self::Platt { slope, intercept } => math::sigmoid(slope * logit(p) + intercept),
            Self::Beta { a, b, c } => math::sigmoid(a * ln(p) - b * ln(1.0 - p) + c),
            Self::Isotonic { at, to } => (1.0 - IDENTITY) * interpolated(at, to, p) + IDENTITY * p,
            Self::None | Self::Temperature { .. } => p,
        }
    }

    /// Whether what was read from a file maps probabilities of `classes` classes to probabilities.
    pub fn is_sound(&self, classes: usize) -> bool {
        let positive = |x: f64| x.is_finite() && (0.0..=LARGEST).contains(&x);
        let finite = |x: f64| x.is_finite() && x.abs() <= LARGEST;
        match self {
            Self::None => true,
            Self::Temperature { inverse } => positive(*inverse) && classes > 1,
            Self::Platt { slope, intercept } => positive(*slope) && finite(*intercept) && classes == 2,
            Self::Beta { a, b, c } => positive(*a) && positive(*b) && finite(*c) && classes == 2,
            Self::Isotonic { at, to } => {
                let shares = |v: &[f64]| v.iter().all(|x| (0.0..=1.0).contains(x));
                let rising = |v: &[f64]| v.windows(2).all(|w| w[0] <= w[1]);
                let whole = !at.is_empty() && at.len() == to.len() && classes == 2;
                whole && shares(at) && shares(to) && rising(at) && rising(to)
            }
        }
    }
}

/// Linear between the points, constant beyond the first and the last.
pub(super) fn interpolated(at: &[f64], to: &[f64], p: f64) -> f64 {
    let after = at.partition_point(|&x| x < p);
    match (after.checked_sub(1).and_then(|i| at.get(i)), at.get(after)) {
        (_, Some(&x)) if x == p || after == 0 => to[after],
        (Some(&low), Some(&high)) => {
            let share = (p - low) / (high - low);
            to[after - 1] + share * (to[after] - to[after - 1])
        }
        _ => to.last().copied().unwrap_or(p),
    }
}
