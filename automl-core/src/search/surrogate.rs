//! What a learner's past trials say of settings that were not tried: a Gaussian process from its parameters to its loss, and
//! the improvement that it expects of a setting (Jones, Schonlau and Welch, "Efficient global optimization of expensive
//! black-box functions", 1998; Snoek, Larochelle and Adams, "Practical Bayesian optimization of machine learning
//! algorithms", 2012).
//!
//! Parameters are places in their soft ranges (0 to 1, of the logarithm where the declaration says so); options that differ
//! lie [`OPTIONS_APART`]. The covariance is a constant times Matérn's with ν = 5/2, one length for all parameters, and
//! noise; length and noise are the likeliest of a few, the constant is then known in closed form.

use super::range::code_of;
use crate::learner::{LearnerSpec, ParamKind, Params};
use crate::numeric::cholesky::{backward, factor, forward};
use crate::numeric::{dot, math, mean, sort_few_by};

/// Fewest finished trials of a learner that are worth a model.
const FEWEST: usize = 3;
/// Most trials that a model is made of: the work grows with the third power.
const MOST: usize = 80;
const OPTIONS_APART: f64 = 0.7;
const LENGTHS: [f64; 4] = [0.35, 0.7, 1.4, 2.8];
/// Variances of the noise, of one of the signal.
const NOISES: [f64; 3] = [0.02, 0.15, 0.6];
/// Losses further behind the best than so many times the median's distance count as so far: by how much a setting is bad
/// says little of where the good ones are.
const FAR: f64 = 3.0;
/// Bounds of the signal's variance, of one of the losses.
const VARIANCES: (f64, f64) = (0.05, 4.0);
/// Least variance of a prediction, of one of the signal.
const LEAST_VARIANCE: f64 = 1e-6;

/// A learner's loss as a function of its parameters.
pub(super) struct Surrogate {
    spec: &'static LearnerSpec,
    /// Codes of the parameters: of the trials whose losses are known, then of those under way.
    points: Vec<Vec<f64>>,
    length: f64,
    /// By known point: the expected loss is the sum of these times covariances.
    weights: Vec<f64>,
    /// Cholesky's factor of all points' covariance, over the signal's variance.
    factor: Vec<f64>,
    /// Variance of the signal, and the least expected loss of a known point; of losses of mean 0 and variance 1.
    variance: f64,
    least: f64,
    /// Losses' standard deviation.
    spread: f64,
}

impl Surrogate {
    /// `known`: parameters and losses in the order of the trials, no loss where a trial was so bad that it has none;
    /// `pending`: parameters of trials whose losses are not known yet, where the model is as sure as if they were. `None`
    /// where too little is known.
    pub fn of(
        spec: &'static LearnerSpec,
        known: &[(&Params, Option<f64>)],
        pending: &[&Params],
    ) -> Option<Self> {
        let known = most_telling(known);
        let (losses, spread) = standardised(&known.iter().map(|k| k.1).collect::<Vec<Option<f64>>>())?;
        let mut points: Vec<Vec<f64>> = known.iter().map(|k| codes(spec, k.0)).collect();
        points.extend(pending.iter().map(|p| codes(spec, p)));
        let n = points.len();
        let mut apart = vec![0.0; n * n];
        for i in 0..n {
            for j in 0..i {
                apart[i * n + j] = distance(spec, &points[i], &points[j]);
            }
        }
        let pairs = LENGTHS.iter().flat_map(|l| NOISES.iter().map(move |v| (*l, *v)));
        let fits = pairs.filter_map(|(length, noise)| Fit::of(&apart, n, &losses, length, noise));
        let fit = fits.reduce(|best, f| if f.likelihood > best.likelihood { f } else { best })?;
        let factor = factor(covariances(&apart, n, n, fit.length, fit.noise), n)?;
        let mut surrogate = Self {
            spec,
            points,
            length: fit.length,
            weights: fit.weights,
            factor,
            variance: fit.variance.clamp(VARIANCES.0, VARIANCES.1),
            least: f64::INFINITY,
            spread,
        };
        for i in 0..losses.len() {
            let expected = surrogate.expected(&surrogate.covariances_with(&surrogate.points[i]));
            surrogate.least = surrogate.least.min(expected);
        }
        Some(surrogate)
    }

    /// By how much, in units of the loss, the parameters are expected to be better than the best tried; never below 0.
    pub fn expected_improvement(&self, params: &Params) -> f64 {
        let mut covariances = self.covariances_with(&codes(self.spec, params));
        let expected = self.expected(&covariances);
        forward(&self.factor, self.points.len(), &mut covariances);
        let variance = (1.0 - dot(&covariances, &covariances)).max(LEAST_VARIANCE) * self.variance;
        let sd = variance.sqrt();
        let z = (self.least - expected) / sd;
        let density = math::exp(-0.5 * z * z) / (2.0 * std::f64::consts::PI).sqrt();
        let below = 0.5 * math::erfc(-z / std::f64::consts::SQRT_2);
        (sd * (z * below + density)).max(0.0) * self.spread
    }

    fn covariances_with(&self, point: &[f64]) -> Vec<f64> {
        self.points.iter().map(|p| matern(distance(self.spec, p, point), self.length)).collect()
    }

    /// The loss, standardised, at a point of these covariances with all points.
    fn expected(&self, covariances: &[f64]) -> f64 {
        dot(&covariances[..self.weights.len()], &self.weights)
    }
}

/// A length and a noise with what follows from them.
struct Fit {
    length: f64,
    noise: f64,
    weights: Vec<f64>,
    variance: f64,
    likelihood: f64,
}

impl Fit {
    /// `apart`: squared distances of `n` points, the known ones first, the lower half row by row.
    fn of(apart: &[f64], n: usize, losses: &[f64], length: f64, noise: f64) -> Option<Self> {
        let known = losses.len();
        let factor = factor(covariances(apart, n, known, length, noise), known)?;
        let mut weights = losses.to_vec();
        forward(&factor, known, &mut weights);
        // The likeliest constant, and ln p(losses) with it, but for what is the same for all.
        let variance = (dot(&weights, &weights) / known as f64).max(1e-12);
        let pivots: Vec<f64> = (0..known).map(|i| math::ln(factor[i * known + i])).collect();
        let likelihood = -crate::numeric::sum(&pivots) - 0.5 * known as f64 * math::ln(variance);
        backward(&factor, known, &mut weights);
        Some(Self { length, noise, weights, variance, likelihood })
    }
}

/// The lower half of the covariance of the first `count` of `n` points, `count` × `count`, row-major.
fn covariances(apart: &[f64], n: usize, count: usize, length: f64, noise: f64) -> Vec<f64> {
    let mut all = vec![0.0; count * count];
    for i in 0..count {
        for j in 0..i {
            all[i * count + j] = matern(apart[i * n + j], length);
        }
        all[i * count + i] = 1.0 + noise;
    }
    all
}

/// Matérn's covariance with ν = 5/2 at a squared distance.
fn matern(squared: f64, length: f64) -> f64 {
    let r = (5.0 * squared).sqrt() / length;
    (1.0 + r + r * r / 3.0) * math::exp(-r)
}

fn codes(spec: &LearnerSpec, params: &Params) -> Vec<f64> {
    spec.params.iter().map(|p| code_of(p, params.0.get(p.name))).collect()
}

/// Squared distance between codes of a learner's parameters.
fn distance(spec: &LearnerSpec, a: &[f64], b: &[f64]) -> f64 {
    let along = |((p, a), b): ((&crate::learner::ParamSpec, &f64), &f64)| match p.kind {
        ParamKind::Int { .. } | ParamKind::Float { .. } => a - b,
        ParamKind::Bool { .. } | ParamKind::Choice { .. } | ParamKind::Text if a == b => 0.0,
        ParamKind::Bool { .. } | ParamKind::Choice { .. } | ParamKind::Text => OPTIONS_APART,
    };
    spec.params.iter().zip(a).zip(b).map(along).map(|d| d * d).sum()
}

/// All, or half of [`MOST`] of the least losses and as many of the latest others, in the order of the trials.
fn most_telling<'a>(known: &[(&'a Params, Option<f64>)]) -> Vec<(&'a Params, Option<f64>)> {
    let mut order: Vec<usize> = (0..known.len()).collect();
    if order.len() > MOST {
        let loss = |i: usize| known[i].1.unwrap_or(f64::INFINITY);
        sort_few_by(&mut order, |&a, &b| loss(a).total_cmp(&loss(b)).then(a.cmp(&b)));
        let mut others = order.split_off(MOST / 2);
        others.sort_unstable_by_key(|i| std::cmp::Reverse(*i));
        order.extend(others.into_iter().take(MOST - MOST / 2));
        order.sort_unstable();
    }
    order.into_iter().map(|i| known[i]).collect()
}

/// Losses with mean 0 and variance 1, those [`FAR`] behind brought nearer, and the standard deviation that they had.
fn standardised(losses: &[Option<f64>]) -> Option<(Vec<f64>, f64)> {
    let mut sorted: Vec<f64> = losses.iter().flatten().copied().collect();
    sorted.sort_by(f64::total_cmp);
    let best = *sorted.first()?;
    let far = best + FAR * (sorted[sorted.len() / 2] - best);
    let near: Vec<f64> = losses.iter().map(|l| l.map_or(far, |l| l.min(far))).collect();
    let centre = mean(&near);
    let squares: Vec<f64> = near.iter().map(|l| (l - centre) * (l - centre)).collect();
    let spread = mean(&squares).sqrt();
    let is_telling = sorted.len() >= FEWEST && spread > 0.0 && spread.is_finite();
    is_telling.then(|| (near.iter().map(|l| (l - centre) / spread).collect(), spread))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner::{self, ParamValue};

    /// Boosting with its learning rate at `unit` of the soft range's logarithm.
    fn at(unit: f64) -> Params {
        let spec = learner::find("gbt").expect("a learner of the list").spec();
        let Some(ParamKind::Float { low, high, .. }) =
            spec.params.iter().find(|p| p.name == "learning_rate").map(|p| p.kind)
        else {
            panic!("a number")
        };
        let value = low * math::exp(unit * math::ln(high / low));
        Params::complete(spec.params, &Params::default().with("learning_rate", ParamValue::Float(value)))
    }

    fn of(tried: &[(f64, Option<f64>)], pending: &[f64]) -> Option<Surrogate> {
        let spec = learner::find("gbt").expect("a learner of the list").spec();
        let params: Vec<Params> = tried.iter().map(|t| at(t.0)).collect();
        let pending: Vec<Params> = pending.iter().map(|u| at(*u)).collect();
        let known: Vec<_> = params.iter().zip(tried).map(|(p, t)| (p, t.1)).collect();
        Surrogate::of(spec, &known, &pending.iter().collect::<Vec<_>>())
    }

    fn parabola(units: &[f64]) -> Vec<(f64, Option<f64>)> {
        units.iter().map(|u| (*u, Some(2.0 + (u - 0.4) * (u - 0.4)))).collect()
    }

    /// Where on a grid most is expected.
    fn promising(surrogate: &Surrogate) -> f64 {
        let grid = (0..=50).map(|i| f64::from(i) / 50.0);
        grid.map(|u| (u, surrogate.expected_improvement(&at(u))))
            .fold((0.0, f64::NEG_INFINITY), |best, g| if g.1 > best.1 { g } else { best })
            .0
    }

    #[test]
    fn most_is_expected_near_the_minimum() {
        let surrogate = of(&parabola(&[0.0, 0.2, 0.55, 0.7, 0.9, 1.0]), &[]).expect("enough is known");
        let best = promising(&surrogate);
        assert!((best - 0.4).abs() < 0.1, "{best}");
        assert!(surrogate.expected_improvement(&at(0.9)) < surrogate.expected_improvement(&at(0.4)));
    }

    #[test]
    fn little_is_expected_where_a_trial_is_under_way() {
        let tried = parabola(&[0.0, 0.2, 0.55, 0.7, 0.9, 1.0]);
        let improvement =
            |pending: &[f64]| of(&tried, pending).expect("enough is known").expected_improvement(&at(0.4));
        assert!(improvement(&[0.4]) < improvement(&[]));
    }

    #[test]
    fn what_was_given_up_counts_as_bad() {
        let mut tried = parabola(&[0.0, 0.2, 0.55, 0.7]);
        tried.extend([(0.38, None), (0.42, None), (0.4, None)]);
        let surrogate = of(&tried, &[]).expect("enough is known");
        let best = promising(&surrogate);
        assert!((best - 0.4).abs() > 0.1, "{best}");
    }

    #[test]
    fn too_little_makes_no_model_and_too_much_is_cut() {
        assert!(of(&parabola(&[0.1, 0.9]), &[]).is_none());
        assert!(of(&[(0.1, Some(1.0)), (0.2, Some(1.0)), (0.3, Some(1.0))], &[]).is_none());
        assert!(of(&[(0.1, Some(1.0)), (0.2, None), (0.3, None)], &[]).is_none());
        assert!(of(&[(0.1, Some(f64::NAN)), (0.2, Some(f64::INFINITY)), (0.3, Some(1.0))], &[]).is_none());
        let units: Vec<f64> = (0..200).map(|i| f64::from(i) / 200.0).collect();
        let surrogate = of(&parabola(&units), &[]).expect("enough is known");
        assert_eq!(surrogate.weights.len(), MOST);
        assert!((promising(&surrogate) - 0.4).abs() < 0.1);
    }
}
