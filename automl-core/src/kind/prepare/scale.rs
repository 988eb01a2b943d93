//! Numbers on a common scale, as scikit-learn's scalers and transformers give them. Missing numbers stay missing.

use super::columns::{
    LARGEST, bounded, change_numbers, chosen, column_fields, mean_and_deviation, numbers, present, whole,
};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::node::{normal_quantile, quantiles, quantiles_of_sorted};
use crate::numeric::math::{expm1, ln, ln_1p};
use crate::numeric::{mean, sum};
use crate::table::{ColumnType, Table};
use serde::{Deserialize, Serialize};
use serde_json::json;

const TYPES: [ColumnType; 1] = [ColumnType::Numeric];
/// Ranks end here, as in scikit-learn's `QuantileTransformer`, so that their normal quantiles are finite.
const END: f64 = 1e-7;
const MOST_KNOTS: usize = 10_000;
/// The power is chosen by at most so many numbers, evenly spaced.
const POWER_VALUES: usize = 50_000;
/// Powers that are tried: from −this to this.
const LARGEST_POWER: f64 = 4.0;
/// 1 / golden ratio.
const GOLDEN: f64 = 0.618_033_988_749_894_9;

/// `prepare.scale`.
pub struct Scale;

/// How one column is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Scaler {
    /// (x − centre) / scale.
    Linear { centre: f64, scale: f64 },
    /// (yeo_johnson(x, lambda) − centre) / scale.
    Power { lambda: f64, centre: f64, scale: f64 },
    /// The share of the fitted numbers below x by linear interpolation between their quantiles, which ascend at equal
    /// distances; as a quantile of the normal distribution where `normal`.
    Ranks { quantiles: Vec<f64>, normal: bool },
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Scaled {
    name: String,
    scaler: Scaler,
}

/// How each column is changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedScale(Vec<Scaled>);

impl Step for Scale {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.scale",
            "Scale numbers",
            Group::Prepare,
            Rows::Fitted,
            "Brings columns of numbers to a common scale.",
        );
        spec.more = "Trees do not mind the scale; linear models, neighbours, networks and clusters do.\n\
            Yeo–Johnson's power and the quantiles also make skewed numbers less so."
            .to_owned();
        spec.words =
            "standardize normalize standard scaler minmax robust yeo-johnson power quantile".to_owned();
        spec.fields = column_fields(&TYPES, "all columns of numbers");
        spec.fields.extend([
            FieldSpec::choice(
                "method",
                "Method",
                "What the scale is.",
                &[
                    ("standard", "Mean 0, deviation 1"),
                    ("minmax", "From 0 to 1"),
                    ("robust", "Median 0, quartiles 1 apart"),
                    ("power", "Power (Yeo–Johnson), then mean 0, deviation 1"),
                    ("uniform", "Ranks from 0 to 1"),
                    ("normal", "Ranks on a normal curve"),
                ],
            ),
            FieldSpec::integer(
                "knots",
                "Quantiles",
                "How finely ranks are kept.",
                1000,
                (2, MOST_KNOTS as i64),
                (10, 1000),
            )
            .only_if("method", &[json!("uniform"), json!("normal")])
            .advanced(),
        ]);
        spec.example = Some(Example::new(
            &[("table", "height,weight\n150,50\n160,60\n170,100\n")],
            json!({"method": "minmax"}),
            "Both columns run from 0 to 1.",
        ));
        spec
    }

    fn fit(
        &self,
        given: &Given<'_>,
        table: &Table,
        rows: &[u32],
        _: u64,
    ) -> Result<FittedStep, Vec<Finding>> {
        let scaled = |name: String| {
            let scaler = scaler(given, present(&numbers(table, &name, Some(rows))));
            Scaled { name, scaler }
        };
        let all = chosen(given, table, &TYPES, "")?.into_iter().map(scaled).collect();
        Ok(FittedStep::Scale(FittedScale(all)))
    }
}

fn scaler(given: &Given<'_>, mut values: Vec<f64>) -> Scaler {
    let spread = |low: f64, high: f64| if high > low { high - low } else { 1.0 };
    match given.text("method").as_str() {
        "minmax" => {
            let [low, high] = quantiles(&mut values, [0.0, 1.0]);
            Scaler::Linear { centre: low, scale: spread(low, high) }
        }
        "robust" => {
            let [q1, centre, q3] = quantiles(&mut values, [0.25, 0.5, 0.75]);
            Scaler::Linear { centre, scale: spread(q1, q3) }
        }
        "power" => fit_power(&values),
        method @ ("uniform" | "normal") => {
            values.sort_unstable_by(f64::total_cmp);
            let knots = whole(given, "knots", (2, MOST_KNOTS)).min(values.len().max(2));
            let mut quantiles = quantiles_of_sorted(&values, knots);
            // Interpolation may round below the one before.
            for i in 1..quantiles.len() {
                quantiles[i] = quantiles[i].max(quantiles[i - 1]);
            }
            Scaler::Ranks { quantiles, normal: method == "normal" }
        }
        _ => {
            let (centre, scale) = mean_and_deviation(&values);
            Scaler::Linear { centre, scale }
        }
    }
}

fn fit_power(values: &[f64]) -> Scaler {
    let lambda = best_power(values);
    let powered: Vec<f64> = values.iter().map(|&x| bounded(yeo_johnson(x, lambda))).collect();
    let (centre, scale) = mean_and_deviation(&powered);
    Scaler::Power { lambda, centre, scale }
}

/// Yeo and Johnson, "A new family of power transformations", 2000.
fn yeo_johnson(x: f64, lambda: f64) -> f64 {
    if x >= 0.0 { powered(ln_1p(x), lambda) } else { -powered(ln_1p(-x), 2.0 - lambda) }
}

/// (eˡ)^lambda less 1, divided by lambda; the logarithm l itself for 0.
fn powered(l: f64, lambda: f64) -> f64 {
    if lambda.abs() < 1e-12 { l } else { expm1(lambda * l) / lambda }
}

/// The power under which the values are likeliest to be normal; 1, which changes nothing, where no power is better
/// than another.
fn best_power(values: &[f64]) -> f64 {
    let stride = values.len().div_ceil(POWER_VALUES).max(1);
    let values: Vec<f64> = values.iter().copied().step_by(stride).collect();
    let logs: Vec<f64> = values.iter().map(|&x| ln_1p(x.abs())).collect();
    let signed: Vec<f64> = values.iter().zip(&logs).map(|(&x, &l)| if x < 0.0 { -l } else { l }).collect();
    let total = sum(&signed);
    let likelihood = |lambda: f64| {
        let y: Vec<f64> = values
            .iter()
            .zip(&logs)
            .map(|(&x, &l)| if x >= 0.0 { powered(l, lambda) } else { -powered(l, 2.0 - lambda) })
            .collect();
        let centre = mean(&y);
        let variance = mean(&y.iter().map(|v| (v - centre) * (v - centre)).collect::<Vec<_>>());
        // Where rounding is all that varies, or nothing is finite, the power is of no use.
        if variance.is_finite() && variance > 1e-20 * centre * centre {
            (lambda - 1.0) * total - 0.5 * values.len() as f64 * ln(variance)
        } else {
            f64::NEG_INFINITY
        }
    };
    let grid: Vec<f64> = (0..=16).map(|i| -LARGEST_POWER + 0.5 * f64::from(i)).collect();
    let heights: Vec<f64> = grid.iter().map(|&l| likelihood(l)).collect();
    let Some(best) = (0..grid.len()).max_by(|&a, &b| heights[a].total_cmp(&heights[b])) else { return 1.0 };
    if heights[best] == f64::NEG_INFINITY {
        return 1.0;
    }
    golden_section(&likelihood, grid[best] - 0.5, grid[best] + 0.5)
}

/// Where `f` is highest between `low` and `high`, if it has one peak there.
fn golden_section(f: &dyn Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    let (mut a, mut b) = (high - GOLDEN * (high - low), low + GOLDEN * (high - low));
    let (mut at_a, mut at_b) = (f(a), f(b));
    while high - low > 1e-8 {
        if at_a > at_b {
            (high, b, at_b) = (b, a, at_a);
            a = high - GOLDEN * (high - low);
            at_a = f(a);
        } else {
            (low, a, at_a) = (a, b, at_b);
            b = low + GOLDEN * (high - low);
            at_b = f(b);
        }
    }
    0.5 * (low + high)
}

impl Scaler {
    fn value(&self, x: f64) -> f64 {
        if x.is_nan() {
            return x;
        }
        match self {
            Self::Linear { centre, scale } => bounded((x - centre) / scale),
            Self::Power { lambda, centre, scale } => {
                bounded((bounded(yeo_johnson(x, *lambda)) - centre) / scale)
            }
            Self::Ranks { quantiles, normal } => {
                let rank = rank(quantiles, x);
                if *normal { normal_quantile(rank.clamp(END, 1.0 - END)) } else { rank }
            }
        }
    }

    fn is_sound(&self) -> bool {
        let linear = |centre: f64, scale: f64| centre.abs() <= LARGEST && scale > 0.0 && scale.is_finite();
        match self {
            Self::Linear { centre, scale } => linear(*centre, *scale),
            Self::Power { lambda, centre, scale } => {
                lambda.abs() <= LARGEST_POWER + 1.0 && linear(*centre, *scale)
            }
            Self::Ranks { quantiles, .. } => {
                quantiles.len() <= MOST_KNOTS
                    && quantiles.iter().all(|x| x.abs() <= LARGEST)
                    && quantiles.is_sorted()
            }
        }
    }
}

/// The rank in 0..=1 of `x` among quantiles at equal distances. Where several are alike, the middle of their ranks.
fn rank(quantiles: &[f64], x: f64) -> f64 {
    let Some(last) = quantiles.len().checked_sub(1).filter(|&last| last > 0) else { return 0.5 };
    let below = quantiles.partition_point(|&q| q < x);
    let not_above = quantiles.partition_point(|&q| q <= x);
    if not_above == 0 || x <= quantiles[0] {
        return 0.0;
    }
    if below > last || x >= quantiles[last] {
        return 1.0;
    }
    if below < not_above {
        return (below + not_above - 1) as f64 / (2 * last) as f64;
    }
    let (low, high) = (quantiles[below - 1], quantiles[below]);
    ((below - 1) as f64 + (x - low) / (high - low)) / last as f64
}

impl FittedScale {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let values: Vec<_> = self.0.iter().map(|s| move |x: f64| s.scaler.value(x)).collect();
        let columns = self.0.iter().zip(&values);
        change_numbers(table, columns.map(|(s, v)| (s.name.as_str(), v as &dyn Fn(f64) -> f64)))
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        match self.0.iter().find(|s| !s.scaler.is_sound()) {
            None => Ok(()),
            Some(odd) => Err(format!("a scale of column \"{}\" that fitting cannot give", odd.name)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_among_ties_and_beyond_the_ends() {
        let quantiles = [1.0, 2.0, 2.0, 2.0, 5.0];
        let check = |x: f64, expected: f64| assert_eq!(rank(&quantiles, x), expected, "{x}");
        check(-9.0, 0.0);
        check(1.0, 0.0);
        check(1.5, 0.125);
        check(2.0, 0.5);
        check(3.5, 0.875);
        check(5.0, 1.0);
        check(99.0, 1.0);
        assert_eq!((rank(&[], 3.0), rank(&[4.0], 3.0), rank(&[4.0, 4.0], 4.0)), (0.5, 0.5, 0.0));
    }

    #[test]
    fn powers_that_nothing_speaks_for_change_nothing() {
        for values in [vec![], vec![3.0], vec![2.0; 30], vec![LARGEST, -LARGEST]] {
            let lambda = best_power(&values);
            assert!(lambda.abs() <= LARGEST_POWER + 1.0, "{values:?}");
            assert!(values.len() > 2 || values.iter().all(|&x| yeo_johnson(x, lambda).is_finite()));
        }
        assert_eq!(best_power(&[2.0; 30]), 1.0);
        assert_eq!(yeo_johnson(-0.7, 1.0), -0.7);
        assert!((yeo_johnson(3.0, 0.0) - ln(4.0)).abs() < 1e-15);
        assert!((yeo_johnson(-3.0, 2.0) + ln(4.0)).abs() < 1e-15);
    }

    /// Years vary little beside what they are: the variance under a strong power is rounding.
    #[test]
    fn the_power_of_years_is_found() {
        let years: Vec<f64> = (0..200).map(|i| 1990.0 + f64::from(i % 31)).collect();
        let Scaler::Power { lambda, centre, scale } = fit_power(&years) else { panic!("a power") };
        let scaler = Scaler::Power { lambda, centre, scale };
        let ends = [scaler.value(1990.0), scaler.value(2020.0)];
        assert!(ends[0] < -1.0 && ends[1] > 1.0 && ends[1] < 3.0, "{ends:?} {lambda}");
    }
}
