//! Numbers as smooth curves for linear models: beside the scaled number, its B-splines.
//!
//! The scaled number z of [`Scale`] gets the values of all cubic B-splines whose knots are quantiles of the
//! training rows (de Boor, A Practical Guide to Splines, 1978), as scikit-learn's
//! `SplineTransformer(knots="quantile", extrapolation="constant")`: beyond the outermost knots each keeps its value
//! there, and z itself goes on. Knots that coincide count once; a number of fewer than three different knots has none.

use super::scale::{FittedScale, Scale, quantiles_of_sorted};
use super::{FeatureValues, Fitted, Input, Node, TargetView};
use serde::{Deserialize, Serialize};

/// Cubic.
const DEGREE: usize = 3;
/// More knots than this are no sensible recipe.
const MOST_KNOTS: usize = 100;
/// Knots nearer to each other, in units of the standard deviation, count as one.
const NEAREST: f64 = 1e-6;

/// How numbers become curves.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SplineOptions {
    /// Quantiles that become knots, the least and the largest value among them; below 3 there are no splines.
    pub knots: u32,
    /// Most splines of all columns together: where columns × splines is more, each has fewer knots.
    pub most: u32,
}

impl Default for SplineOptions {
    fn default() -> Self {
        Self { knots: 0, most: 1_000 }
    }
}

impl SplineOptions {
    /// How many splines so many columns of numbers have together at most.
    pub(crate) fn splines_of_columns(self, columns: usize) -> usize {
        let each = self.for_columns(columns).knots;
        if each < 3 { 0 } else { columns * splines_of(each as usize) }
    }

    /// The same, with no more knots than so many columns allow.
    #[must_use]
    pub(crate) fn for_columns(self, columns: usize) -> Self {
        let each = self.most as usize / columns.max(1);
        let knots = (self.knots as usize).min(MOST_KNOTS).min((each + 1).saturating_sub(DEGREE));
        Self { knots: knots as u32, ..self }
    }
}

/// Configuration.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Spline {
    pub scale: Scale,
    pub options: SplineOptions,
}

/// What was learnt of one column of numbers.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedSpline {
    scale: FittedScale,
    /// Ascending, of the scaled number; where there are fewer than three, there are no splines.
    knots: Vec<f64>,
}

impl FittedSpline {
    fn splines(&self) -> usize {
        if self.knots.len() < 3 { 0 } else { splines_of(self.knots.len()) }
    }
}

/// Splines of so many knots.
fn splines_of(knots: usize) -> usize {
    (knots + DEGREE).saturating_sub(1)
}

/// The knots with [`DEGREE`] more on each side, as far from each other as the outermost two.
fn extended(knots: &[f64]) -> Vec<f64> {
    let [first, second, ..] = knots[..] else { return knots.to_vec() };
    let [.., last_but_one, last] = knots[..] else { return knots.to_vec() };
    let before = (1..=DEGREE).rev().map(|i| first - i as f64 * (second - first));
    let after = (1..=DEGREE).map(|i| last + i as f64 * (last - last_but_one));
    before.chain(knots.iter().copied()).chain(after).collect()
}

/// The splines that are not 0 at `x`, and the index of the first, by the Cox–de Boor recursion (Piegl and Tiller, The
/// NURBS Book, algorithm A2.2). `knots` are [`extended`]; `x` is taken as the nearest number inside the given ones.
fn splines_at(knots: &[f64], x: f64, values: &mut [f64; DEGREE + 1]) -> usize {
    let (first, last) = (DEGREE, knots.len() - DEGREE - 1);
    let x = x.clamp(knots[first], knots[last]);
    // x lies in [knots[span], knots[span + 1]]; the last inner knot belongs to the interval below it.
    let span = knots[first + 1..last].partition_point(|&t| t <= x) + first;
    values[0] = 1.0;
    for d in 1..=DEGREE {
        let mut saved = 0.0;
        for r in 0..d {
            let (right, left) = (knots[span + r + 1] - x, x - knots[span + 1 + r - d]);
            let part = values[r] / (right + left);
            values[r] = saved + right * part;
            saved = left * part;
        }
        values[d] = saved;
    }
    span - DEGREE
}

impl Node for Spline {
    type Fitted = FittedSpline;

    fn fit(&self, input: &Input<'_>, target: TargetView<'_>, seed: u64) -> Option<FittedSpline> {
        let scale = self.scale.fit(input, target, seed)?;
        let mut sorted: Vec<f64> = scale.present(input).into_iter().map(f64::from).collect();
        sorted.sort_unstable_by(f64::total_cmp);
        let mut knots = quantiles_of_sorted(&sorted, (self.options.knots as usize).min(MOST_KNOTS));
        knots.dedup_by(|next, kept| *next - *kept < NEAREST);
        if knots.len() < 3 {
            knots.clear();
        }
        Some(FittedSpline { scale, knots })
    }
}

impl Fitted for FittedSpline {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        let mut outputs = self.scale.transform(input);
        let count = self.splines();
        if count == 0 {
            return outputs;
        }
        let knots = extended(&self.knots);
        let z = self.scale.scaled(input);
        let mut columns = vec![vec![0.0f32; z.len()]; count];
        let mut values = [0.0; DEGREE + 1];
        for (row, &z) in z.iter().enumerate() {
            let first = splines_at(&knots, f64::from(z), &mut values);
            for (column, &value) in columns[first..].iter_mut().zip(&values) {
                column[row] = value as f32;
            }
        }
        outputs.extend(columns.into_iter().map(|v| FeatureValues::Numeric(v.into())));
        outputs
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        let splines = (1..=self.splines()).map(|i| format!("{input}: curve {i}"));
        self.scale.output_names(input).into_iter().chain(splines).collect()
    }

    fn validate(&self) -> Result<(), String> {
        self.scale.validate()?;
        let spread = self.knots.windows(2).all(|w| w[1] - w[0] >= NEAREST);
        // Single precision at most, so that no distance between knots overflows.
        let bounded = self.knots.iter().all(|k| k.abs() <= f64::from(f32::MAX));
        let sized = self.knots.is_empty() || (3..=MOST_KNOTS).contains(&self.knots.len());
        if spread && bounded && sized { Ok(()) } else { Err("knots that fitting cannot give".to_owned()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    proptest! {
        /// Whatever the knots and the place: none is negative, and together they are 1.
        #[test]
        fn splines_share_out_one(
            steps in prop::collection::vec(1e-3f64..1e3, 3..12),
            at in -2.0f64..3.0,
        ) {
            let knots: Vec<f64> = steps.iter().scan(-5.0, |k, s| { *k += s; Some(*k) }).collect();
            let x = knots[0] + at * (knots[knots.len() - 1] - knots[0]);
            let mut values = [0.0; DEGREE + 1];
            let first = splines_at(&extended(&knots), x, &mut values);
            prop_assert!(first + values.len() <= splines_of(knots.len()));
            prop_assert!(values.iter().all(|v| *v >= -1e-12), "{values:?}");
            prop_assert!((values.iter().sum::<f64>() - 1.0).abs() < 1e-9);
        }
    }

    #[test]
    fn many_columns_have_few_knots_each_and_too_many_have_none() {
        let options = SplineOptions { knots: 8, most: 100 };
        assert_eq!(options.for_columns(10).knots, 8);
        assert_eq!(options.for_columns(16).knots, 4);
        assert_eq!(options.for_columns(1_000).knots, 0);
    }
}
