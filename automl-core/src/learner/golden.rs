//! Learners against scikit-learn (`tests/golden/learners.json`, made by the script beside it).

use super::ParamValue;
use super::dense::testing::{fit, frame};
use super::find;
use crate::model::Target;
use crate::node::Frame;
use serde_json::Value;
use std::collections::{BTreeMap, BTreeSet};

fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap()).collect()
}

/// Checks one case; `x` has the training rows first, as many as `y` has.
fn check(case: &Value, x: &Frame, y: &Target) {
    let id = case["learner"].as_str().unwrap();
    let params: BTreeMap<String, ParamValue> = serde_json::from_value(case["params"].clone()).unwrap();
    let given: Vec<(&str, ParamValue)> = params.iter().map(|(k, v)| (k.as_str(), v.clone())).collect();
    let (first, last): (Vec<u32>, Vec<u32>) = (0..x.rows as u32).partition(|&i| (i as usize) < y.len());
    let got = fit(find(id).unwrap(), &x.take(&first), y, &given).predict(&x.take(&last)).values;
    let expected = floats(&case["predicted"]);
    assert_eq!(got.len(), expected.len());
    let tolerance = case["tolerance"].as_f64().unwrap();
    for (i, (g, e)) in got.iter().zip(&expected).enumerate() {
        assert!((g - e).abs() / e.abs().max(1.0) <= tolerance, "{id} {params:?}: {g} for {e} at {i}");
    }
}

#[test]
fn predictions_equal_scikit_learn() {
    let sets: Vec<Value> = serde_json::from_str(include_str!("../../../tests/golden/learners.json")).unwrap();
    let mut checked = BTreeSet::new();
    for set in &sets {
        let rows: Vec<Vec<f64>> = set["x"].as_array().unwrap().iter().map(floats).collect();
        let x = frame((0..rows[0].len()).map(|j| rows.iter().map(|r| r[j] as f32).collect()).collect());
        let y = floats(&set["y"]);
        let y = match set["classes"].as_u64() {
            Some(n) => Target::Classes { codes: y.iter().map(|&c| c as u32).collect(), classes: n as usize },
            None => Target::Values(y),
        };
        for case in set["cases"].as_array().unwrap() {
            check(case, &x, &y);
            checked.insert(case["learner"].as_str().unwrap());
        }
    }
    assert_eq!(checked.len(), 9, "{checked:?}");
}
