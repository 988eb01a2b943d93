//! Making skewed numbers less so: a logarithm that starts where the data start, or ranks on a normal scale.

use crate::numeric::math::{ln, ln_1p};
use crate::numeric::{mean, skewness};
use serde::{Deserialize, Serialize};

/// Knots of a rank transform.
const KNOTS: usize = 256;
/// Ranks end here, as in scikit-learn's `QuantileTransformer`, so that their normal quantiles are finite.
const END: f64 = 1e-7;

/// What to do with skewed numbers.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub enum Skew {
    /// Nothing.
    Keep,
    /// A logarithm where the skewness is beyond ± this, and where it brings the skewness down by a third.
    LogBeyond(f64),
    /// Always ranks, mapped to a normal distribution.
    RankGauss,
}

/// A monotone map.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(crate) enum Shape {
    Same,
    /// ln(1 + max(0, (x − origin)·slope)); with a negative slope the result is negated, so that order is kept.
    Log {
        origin: f64,
        slope: f64,
    },
    /// The normal quantile of the rank in 0..=1, which is linear between knots; both ascend.
    Ranks {
        x: Vec<f64>,
        rank: Vec<f64>,
    },
}

impl Skew {
    /// Chooses by the values of the training rows (no NaN), in row order, and their median.
    pub(crate) fn choose(self, values: &[f64], median: f64) -> Shape {
        match self {
            Self::Keep => Shape::Same,
            Self::LogBeyond(limit) => log_where_it_helps(values, median, limit),
            Self::RankGauss => ranks(values),
        }
    }
}

fn log_where_it_helps(values: &[f64], median: f64, limit: f64) -> Shape {
    let before = skewness(values);
    if before.abs() <= limit {
        return Shape::Same;
    }
    let origin = if before > 0.0 {
        values.iter().copied().fold(f64::INFINITY, f64::min)
    } else {
        values.iter().copied().fold(f64::NEG_INFINITY, f64::max)
    };
    // The median's distance from the start is the unit; the mean's where half the values are the start itself.
    let unit = if median == origin { mean(values) - origin } else { median - origin };
    let shape = Shape::Log { origin, slope: 1.0 / unit };
    if !shape.is_sound() {
        return Shape::Same;
    }
    let shaped: Vec<f64> = values.iter().map(|&x| shape.apply(x)).collect();
    if skewness(&shaped).abs() < before.abs() * (2.0 / 3.0) { shape } else { Shape::Same }
}

fn ranks(values: &[f64]) -> Shape {
    let mut values = values.to_vec();
    values.sort_unstable_by(f64::total_cmp);
    let knots = KNOTS.min(values.len());
    if knots < 2 {
        return Shape::Same;
    }
    let (mut x, mut rank): (Vec<f64>, Vec<f64>) = (Vec::new(), Vec::new());
    let mut start = 0;
    let level = |i: usize| i as f64 / (knots - 1) as f64;
    let at = quantiles_of_sorted(&values, knots);
    while start < knots {
        let end = start + at[start..].iter().take_while(|&&v| v == at[start]).count();
        // Tied knots share the middle of their ranks.
        x.push(at[start]);
        rank.push((level(start) + level(end - 1)) / 2.0);
        start = end;
    }
    Shape::Ranks { x, rank }
}

/// `count` quantiles at equal distances, from the least value to the largest; none where `count` is below 2 or there are
/// no values. `sorted` ascends and has no NaN.
pub(crate) fn quantiles_of_sorted(sorted: &[f64], count: usize) -> Vec<f64> {
    if count < 2 || sorted.is_empty() {
        return Vec::new();
    }
    (0..count).map(|i| of_sorted(sorted, i as f64 / (count - 1) as f64)).collect()
}

fn of_sorted(sorted: &[f64], q: f64) -> f64 {
    let at = q * (sorted.len() - 1) as f64;
    let below = (at.floor() as usize).min(sorted.len() - 1);
    let low = sorted[below];
    let high = sorted.get(below + 1).copied().unwrap_or(low);
    low + (high - low) * (at - below as f64)
}

impl Shape {
    pub(crate) fn apply(&self, v: f64) -> f64 {
        match self {
            Self::Same => v,
            Self::Log { origin, slope } => {
                let y = ln_1p(((v - origin) * slope).max(0.0));
                if *slope < 0.0 { -y } else { y }
            }
            Self::Ranks { x, rank } => normal_quantile(interpolate(x, rank, v).clamp(END, 1.0 - END)),
        }
    }

    pub(crate) fn is_sound(&self) -> bool {
        match self {
            Self::Same => true,
            Self::Log { origin, slope } => {
                origin.is_finite() && slope.is_finite() && *slope != 0.0 && origin.abs() <= 1e100
            }
            Self::Ranks { x, rank } => {
                let finite = x.iter().chain(rank).all(|v| v.is_finite());
                finite && !x.is_empty() && x.len() == rank.len() && x.windows(2).all(|w| w[0] < w[1])
            }
        }
    }
}

fn interpolate(x: &[f64], y: &[f64], v: f64) -> f64 {
    let (Some(&first), Some(&last)) = (y.first(), y.last()) else { return 0.0 };
    match x.partition_point(|&knot| knot <= v) {
        0 => first,
        above if above >= x.len() => last,
        above => {
            let below = above - 1;
            y[below] + (y[above] - y[below]) * ((v - x[below]) / (x[above] - x[below]))
        }
    }
}

/// Inverse of the standard normal distribution function by Acklam's rational approximations (2003), relative
/// error below 1.2e-9. `p` in (0, 1).
pub(crate) fn normal_quantile(p: f64) -> f64 {
    const A: [f64; 6] = [
        -3.969_683_028_665_376e1,
        2.209_460_984_245_205e2,
        -2.759_285_104_469_687e2,
        1.383_577_518_672_69e2,
        -3.066_479_806_614_716e1,
        2.506_628_277_459_239,
    ];
    const B: [f64; 5] = [
        -5.447_609_879_822_406e1,
        1.615_858_368_580_409e2,
        -1.556_989_798_598_866e2,
        6.680_131_188_771_972e1,
        -1.328_068_155_288_572e1,
    ];
    const C: [f64; 6] = [
        -7.784_894_002_430_293e-3,
        -3.223_964_580_411_365e-1,
        -2.400_758_277_161_838,
        -2.549_732_539_343_734,
        4.374_664_141_464_968,
        2.938_163_982_698_783,
    ];
    const D: [f64; 4] =
        [7.784_695_709_041_462e-3, 3.224_671_290_700_398e-1, 2.445_134_137_142_996, 3.754_408_661_907_416];
    let horner = |coefficients: &[f64], x: f64| coefficients.iter().fold(0.0, |sum, c| sum * x + c);
    let tail = |p: f64| {
        let q = (-2.0 * ln(p)).sqrt();
        horner(&C, q) / (horner(&D, q) * q + 1.0)
    };
    if p < 0.024_25 {
        tail(p)
    } else if p > 1.0 - 0.024_25 {
        -tail(1.0 - p)
    } else {
        let q = p - 0.5;
        let r = q * q;
        horner(&A, r) * q / (horner(&B, r) * r + 1.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn normal_quantiles() {
        // scipy.stats.norm.ppf
        for (p, z) in
            [(0.5, 0.0), (0.975, 1.959963984540054), (0.01, -2.326347874040841), (1e-7, -5.199337582192817)]
        {
            assert!((normal_quantile(p) - z).abs() < 1e-7, "{p}");
        }
    }

    #[test]
    fn a_log_is_taken_where_it_helps_and_keeps_order() {
        let right: Vec<f64> = (0..200).map(|i| crate::numeric::math::exp(f64::from(i) / 20.0)).collect();
        let left: Vec<f64> = right.iter().rev().map(|x| 7.0 - x).collect();
        let even: Vec<f64> = (0..200).map(f64::from).collect();
        for values in [&right, &left] {
            let shape = Skew::LogBeyond(2.0).choose(values, values[100]);
            assert!(matches!(shape, Shape::Log { .. }));
            assert!(values.windows(2).all(|w| shape.apply(w[0]) < shape.apply(w[1])));
        }
        assert_eq!(Skew::LogBeyond(2.0).choose(&even, 99.5), Shape::Same);
        assert_eq!(Skew::LogBeyond(2.0).choose(&[3.0; 9], 3.0), Shape::Same);
    }
}
