//! Boosting against LightGBM (`boosting.json` and `losses.json` in `tests/golden`) and CatBoost (`symmetric.json`); the
//! scripts beside them say what is compared.

use super::Gbt;
use crate::learner::tree::testing::{frame, levels, numbers};
use crate::learner::{Fit, Learner, Params};
use crate::metric::{self, Actual, MetricSpec};
use crate::model::{Model, Target};
use crate::node::{FeatureValues, Frame, NO_CATEGORY};
use crate::numeric;
use crate::platform::Cancel;
use serde_json::Value;

/// Each file, and how many cases of equal trees it has.
fn goldens() -> [(Value, usize); 3] {
    let boosting = include_str!("../../../../tests/golden/boosting.json");
    let losses = include_str!("../../../../tests/golden/losses.json");
    let symmetric = include_str!("../../../../tests/golden/symmetric.json");
    [(boosting, 51), (losses, 33), (symmetric, 8)]
        .map(|(text, cases)| (serde_json::from_str(text).unwrap(), cases))
}

fn list(v: &Value) -> &[Value] {
    v.as_array().unwrap()
}

fn column(v: &Value) -> FeatureValues {
    let cells = list(&v["cells"]).iter().map(Value::as_u64);
    match v["levels"].as_u64().unwrap() {
        0 => numbers(cells.map(|c| c.map_or(f32::NAN, |c| c as f32))),
        n => levels(cells.map(|c| c.map_or(NO_CATEGORY, |c| c as u32)), n as u32),
    }
}

/// A table's training rows and the others.
struct Halves {
    first: (Frame, Target),
    weights: Option<Vec<f32>>,
    last: (Frame, Target),
}

impl Halves {
    fn of(table: &Value, target: &Value) -> Self {
        let whole = frame(list(&table["columns"]).iter().map(column).collect());
        let y: Vec<f64> = list(&target["y"]).iter().map(|y| y.as_f64().unwrap()).collect();
        let of = |y: &[f64]| match target["classes"].as_u64().unwrap() {
            0 => Target::Values(y.to_vec()),
            n => Target::Classes { codes: y.iter().map(|&c| c as u32).collect(), classes: n as usize },
        };
        let train = table["train"].as_u64().unwrap() as usize;
        let rows = |range: std::ops::Range<usize>| whole.take(&range.map(|i| i as u32).collect::<Vec<_>>());
        let weights = target["weights"].as_array();
        let weights = weights.map(|w| w.iter().map(|w| w.as_f64().unwrap() as f32).collect());
        Self {
            weights,
            first: (rows(0..train), of(&y[..train])),
            last: (rows(train..y.len()), of(&y[train..])),
        }
    }

    fn model(&self, params: &Value, seed: u64) -> Box<dyn Model> {
        let given = Params(serde_json::from_value(params.clone()).unwrap());
        let params = Params::complete(Gbt.spec().params, &given);
        let ((frame, target), cancel) = (&self.first, Cancel::new());
        let weights = self.weights.as_deref();
        let fit = Fit {
            frame,
            target,
            weights,
            validation: None,
            params: &params,
            seed,
            threads: 1,
            cancel: &cancel,
            card: None,
        };
        Gbt.fit(&fit).expect("fits")
    }

    /// How far predictions are from the peer's at most, in units of the target's spread.
    fn furthest(&self, case: &Value, seed: u64) -> f64 {
        let half = if case["first"] == 0 { &self.first.0 } else { &self.last.0 };
        let expected = list(&case["predicted"]);
        let got = self.model(&case["params"], seed).predict(half);
        // The peers tell the second of two classes only.
        let every = if got.outputs == 2 { 2 } else { 1 };
        let got = got.values.iter().skip(every - 1).step_by(every);
        assert!(!expected.is_empty() && got.len() >= expected.len());
        let apart = got.zip(expected).map(|(g, e)| (g - e.as_f64().unwrap()).abs());
        apart.fold(0.0, f64::max) / deviation(&self.first.1)
    }

    /// The score on the other rows, with so many bins.
    fn score(&self, metric: &MetricSpec, case: &Value, bins: &Value) -> f64 {
        let mut params = case["params"].clone();
        params["max_bins"] = bins.clone();
        let actual = match &self.last.1 {
            Target::Classes { codes, classes } => Actual::Classes { codes, classes: *classes },
            Target::Values(v) => Actual::Values(v),
        };
        let predicted = self.model(&params, 1).predict(&self.last.0);
        metric.score(actual, &predicted.values).unwrap()
    }
}

/// The standard deviation of numbers; probabilities are compared as they are.
fn deviation(target: &Target) -> f64 {
    let Target::Values(v) = target else { return 1.0 };
    let mean = numeric::mean(v);
    numeric::mean(&v.iter().map(|y| (y - mean) * (y - mean)).collect::<Vec<_>>()).sqrt()
}

#[test]
fn the_same_trees_where_no_two_splits_are_equal() {
    for (golden, cases) in goldens() {
        let mut checked = 0;
        for (t, table) in list(&golden["exact"]).iter().enumerate() {
            for target in list(&table["targets"]) {
                let halves = Halves::of(table, target);
                for case in list(&target["cases"]) {
                    // The seed rounds gradients; whatever it is, the same splits win.
                    for seed in 1..=3 {
                        let (worst, most) =
                            (halves.furthest(case, seed), case["tolerance"].as_f64().unwrap());
                        assert!(worst <= most, "table {t}, seed {seed}, {}: {worst}", case["params"]);
                    }
                    checked += 1;
                }
            }
        }
        assert_eq!(checked, cases);
    }
}

#[test]
fn as_good_on_noise_holes_and_categories() {
    for (golden, _) in goldens() {
        let table = &golden["alike"][0];
        for target in list(&table["targets"]) {
            let halves = Halves::of(table, target);
            for case in list(&target["cases"]) {
                let metric = metric::find(case["metric"].as_str().unwrap()).unwrap();
                let scores: Vec<f64> =
                    list(&case["bins"]).iter().map(|bins| halves.score(metric, case, bins)).collect();
                let (mean, expected) = (numeric::mean(&scores), case["expected"].as_f64().unwrap());
                let worse = metric.loss(mean) - metric.loss(expected);
                println!("{} {}: {mean} for {expected}", metric.id, case["params"]["loss"]);
                assert!(worse <= case["margin"].as_f64().unwrap(), "{}: {mean} for {expected}", metric.id);
            }
        }
    }
}
