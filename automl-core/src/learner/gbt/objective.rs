//! Losses: where boosting starts, and the gradients and hessians of each round.
//!
//! Shapes: scores are outputs × rows, output by output; a pair is (gradient, hessian) of one row and output.

use crate::learner::tree::center::Center;
use crate::model::Target;
use crate::numeric::{self, math};

/// Classes are not centred.
const NO_CENTER: Center = Center { offset: 0.0, scale: 1.0 };

/// What is minimised.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Objective {
    /// Half the squared error; the hessian is 1.
    Squared,
    /// Log loss of two classes; one score, the log odds of the second class.
    Logistic,
    /// Log loss of `k` classes; one score a class.
    Softmax(usize),
}

/// The target as boosting sees it.
pub(super) struct Goal {
    pub objective: Objective,
    codes: Vec<u32>,
    /// Values in the units of `center`.
    values: Vec<f64>,
    pub center: Center,
}

impl Objective {
    pub fn of(target: &Target) -> Self {
        match target {
            Target::Values(_) => Self::Squared,
            Target::Classes { classes: 0..=2, .. } => Self::Logistic,
            Target::Classes { classes, .. } => Self::Softmax(*classes),
        }
    }

    /// Scores a row.
    pub fn scores(self) -> usize {
        match self {
            Self::Squared | Self::Logistic => 1,
            Self::Softmax(k) => k,
        }
    }

    pub fn has_hessian(self) -> bool {
        self != Self::Squared
    }
}

impl Goal {
    /// The target of training rows, centred and brought to unit variance where it is a number, so that nothing
    /// after this depends on its unit.
    pub fn new(target: &Target) -> Self {
        let objective = Objective::of(target);
        match target {
            Target::Classes { codes, .. } => {
                Self { objective, codes: codes.clone(), values: Vec::new(), center: NO_CENTER }
            }
            Target::Values(values) => Self::of_values(values, Center::of(values)),
        }
    }

    fn of_values(values: &[f64], center: Center) -> Self {
        let values = values.iter().map(|&v| center.apply(v)).collect();
        Self { objective: Objective::Squared, codes: Vec::new(), values, center }
    }

    /// Other rows' target in the units of this one, or `None` where it is of another kind.
    pub fn like(&self, target: &Target) -> Option<Self> {
        match (self.objective, target) {
            (Objective::Squared, Target::Values(v)) => Some(Self::of_values(v, self.center)),
            (Objective::Squared, _) | (_, Target::Values(_)) => None,
            (objective, Target::Classes { codes, .. }) => {
                Some(Self { objective, codes: codes.clone(), values: Vec::new(), center: NO_CENTER })
            }
        }
    }

    pub fn rows(&self) -> usize {
        self.codes.len().max(self.values.len())
    }

    /// The scores of the best constant answer. A class without a row counts as half a row.
    pub fn start(&self) -> Vec<f64> {
        let share = |class: u32| {
            let count = self.codes.iter().filter(|&&c| c == class).count();
            (count as f64).max(0.5) / (self.codes.len() as f64).max(1.0)
        };
        match self.objective {
            Objective::Squared => vec![0.0],
            Objective::Logistic => vec![math::ln(share(1) / share(0))],
            Objective::Softmax(k) => (0..k).map(|c| math::ln(share(c as u32))).collect(),
        }
    }

    /// Writes the pairs of all rows for every output.
    pub fn gradients(&self, scores: &[Vec<f64>], pairs: &mut [Vec<[f32; 2]>]) {
        match self.objective {
            Objective::Squared => {
                for ((pair, score), value) in pairs[0].iter_mut().zip(&scores[0]).zip(&self.values) {
                    *pair = [(score - value) as f32, 1.0];
                }
            }
            Objective::Logistic => {
                for ((pair, score), &code) in pairs[0].iter_mut().zip(&scores[0]).zip(&self.codes) {
                    let p = 1.0 / (1.0 + quick_exp(-score));
                    let y = f64::from(u8::from(code == 1));
                    *pair = [(p - y) as f32, (p * (1.0 - p)) as f32];
                }
            }
            Objective::Softmax(k) => self.softmax_gradients(k, scores, pairs),
        }
    }

    fn softmax_gradients(&self, k: usize, scores: &[Vec<f64>], pairs: &mut [Vec<[f32; 2]>]) {
        // The diagonal of the hessian alone overstates curvature by this factor's inverse at equal shares.
        let factor = k as f64 / (k as f64 - 1.0);
        let mut p = vec![0.0; k];
        for (row, &code) in self.codes.iter().enumerate() {
            let mut highest = f64::NEG_INFINITY;
            for (p, score) in p.iter_mut().zip(scores) {
                *p = score[row];
                highest = highest.max(*p);
            }
            let mut total = 0.0;
            for p in &mut p {
                *p = quick_exp(*p - highest);
                total += *p;
            }
            for (class, (p, pairs)) in p.iter().zip(pairs.iter_mut()).enumerate() {
                let p = p / total;
                let y = f64::from(u8::from(code as usize == class));
                pairs[row] = [(p - y) as f32, (factor * p * (1.0 - p)) as f32];
            }
        }
    }

    /// Mean loss of the scores: log loss, or mean squared error.
    pub fn loss(&self, scores: &[Vec<f64>]) -> f64 {
        let losses: Vec<f64> = match self.objective {
            Objective::Squared => {
                scores[0].iter().zip(&self.values).map(|(s, v)| (s - v) * (s - v)).collect()
            }
            Objective::Logistic => {
                let loss = |(s, &code): (&f64, &u32)| {
                    let margin = if code == 1 { *s } else { -s };
                    math::ln_1p(quick_exp(-margin.abs())) + (-margin).max(0.0)
                };
                scores[0].iter().zip(&self.codes).map(loss).collect()
            }
            Objective::Softmax(_) => {
                let loss = |(row, &code): (usize, &u32)| {
                    let highest = scores.iter().fold(f64::NEG_INFINITY, |m, s| m.max(s[row]));
                    let total = scores.iter().fold(0.0, |t, s| t + quick_exp(s[row] - highest));
                    let own = scores.get(code as usize).map_or(0.0, |s| s[row]);
                    math::ln(total) + highest - own
                };
                self.codes.iter().enumerate().map(loss).collect()
            }
        };
        numeric::mean(&losses)
    }
}

/// eˣ to within some 10⁻¹⁵ of itself, in additions and multiplications only: the same bits on every target, and in
/// loops that the compiler can widen. x = n ln 2 + r, eʳ by its Taylor series.
#[inline(always)]
fn quick_exp(x: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-700.0, 700.0);
    let n = (x * std::f64::consts::LOG2_E + MAGIC) - MAGIC;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    let mut series = 1.0 / 479_001_600.0;
    for inverse in [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = series * r + inverse;
    }
    series * f64::from_bits(((n as i64 + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quick_exp_is_exp() {
        for i in -70_000..=70_000 {
            let x = f64::from(i) * 0.01 + 0.001;
            let (quick, exact) = (quick_exp(x), math::exp(x.clamp(-700.0, 700.0)));
            assert!((quick - exact).abs() <= 2e-15 * exact, "{x}: {quick} {exact}");
        }
        assert!(quick_exp(-1e9) > 0.0 && quick_exp(1e9).is_finite());
    }
}
