//! Nodes against scikit-learn and NumPy: `tests/golden/nodes.json`, made by the script beside it.

use super::*;
use serde_json::Value;

fn golden() -> Value {
    serde_json::from_str(include_str!("../../../../tests/golden/nodes.json")).unwrap()
}

/// `null` is missing.
fn floats(v: &Value) -> Vec<f64> {
    v.as_array().unwrap().iter().map(|x| x.as_f64().unwrap_or(f64::NAN)).collect()
}

fn strings(v: &Value) -> Vec<Option<&str>> {
    v.as_array().unwrap().iter().map(Value::as_str).collect()
}

fn check(frame: &Frame, name: &str, expected: &Value) {
    let j = frame.columns.iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"));
    let expected = floats(expected);
    let got = frame.numeric(j).unwrap();
    assert_eq!(got.len(), expected.len());
    for (g, e) in got.iter().zip(expected) {
        // Features are in single precision.
        assert!((f64::from(*g) - e).abs() <= 1e-6 * (1.0 + e.abs()), "{name}: {g} for {e}");
    }
}

fn plain(skew: Skew) -> Recipe {
    Recipe::Dense(DenseOptions { clip_quantile: 0.0, skew, min_level_count: 1, ..DenseOptions::default() })
}

#[test]
fn imputed_and_scaled_numbers() {
    let g = golden();
    let (fitted, _) = fit(&plain(Skew::Keep), &table(vec![numbers("n", &floats(&g["numbers"]))]));
    let frame = fitted.transform(&table(vec![numbers("n", &floats(&g["new_numbers"]))]), None);
    check(&frame, "n", &g["scaled"]);
    check(&frame, "n is missing", &g["missing"]);
}

#[test]
fn splines_of_numbers() {
    let g = golden();
    let Recipe::Dense(plain) = plain(Skew::Keep) else { panic!() };
    let splines = SplineOptions { knots: 6, ..SplineOptions::default() };
    let recipe = Recipe::Dense(DenseOptions { splines, ..plain });
    let (fitted, _) = fit(&recipe, &table(vec![numbers("n", &floats(&g["numbers"]))]));
    let frame = fitted.transform(&table(vec![numbers("n", &floats(&g["new_numbers"]))]), None);
    check(&frame, "n", &g["scaled"]);
    let expected = g["splines"].as_array().unwrap();
    assert_eq!(frame.columns.len(), 2 + expected.len());
    for (i, expected) in expected.iter().enumerate() {
        check(&frame, &format!("n: curve {}", i + 1), expected);
    }
}

#[test]
fn quantiles() {
    let g = golden();
    let present: Vec<f64> = floats(&g["numbers"]).into_iter().filter(|x| !x.is_nan()).collect();
    for (q, expected) in g["quantiles"].as_object().unwrap() {
        let [got] = scale::quantiles(&mut present.clone(), [q.parse().unwrap()]);
        assert!((got - expected.as_f64().unwrap()).abs() < 1e-12, "{q}");
    }
}

#[test]
fn ranks_on_a_normal_scale() {
    let g = golden();
    let (fitted, _) = fit(&plain(Skew::RankGauss), &table(vec![numbers("n", &floats(&g["distinct"]))]));
    let frame = fitted.transform(&table(vec![numbers("n", &floats(&g["rank_probe"]))]), None);
    check(&frame, "n", &g["ranked"]);
}

#[test]
fn one_hot_levels() {
    let g = golden();
    let (fitted, _) = fit(&plain(Skew::Keep), &table(vec![categories("c", &strings(&g["levels"]))]));
    let frame = fitted.transform(&table(vec![categories("c", &strings(&g["new_levels"]))]), None);
    for (name, expected) in strings(&g["one_hot_names"]).iter().zip(g["one_hot"].as_array().unwrap()) {
        check(&frame, &format!("c={}", name.unwrap()), expected);
    }
}

fn check_target_encoding(task: &str, target: TargetView<'_>, names: &[&str]) {
    let g = golden();
    let train = table(vec![categories("c", &strings(&g["levels"]))]);
    let new = table(vec![categories("c", &strings(&g["new_levels"]))]);
    for (kind, smoothing) in [("10", Smoothing::Rows(10.0)), ("auto", Smoothing::Auto)] {
        let options = NativeOptions {
            max_levels: 1,
            target_encode: TargetEncode { smoothing, min_count: 1, ..TargetEncode::default() },
            ..NativeOptions::default()
        };
        let frame = fit_all(&Recipe::Native(options), &train, target).transform(&new, None);
        let expected = &g["target_encoded"][format!("{task}_{kind}")];
        assert_eq!(expected.as_array().unwrap().len(), names.len());
        for (name, expected) in names.iter().zip(expected.as_array().unwrap()) {
            check(&frame, &format!("c: {name}"), expected);
        }
    }
}

fn fit_all(recipe: &Recipe, table: &Table, target: TargetView<'_>) -> FittedRecipe {
    let rows: Vec<u32> = (0..table.rows as u32).collect();
    recipe.fit(table, &[0], &rows, target, 0).0
}

fn codes(v: &Value) -> Vec<u32> {
    floats(v).iter().map(|&x| x as u32).collect()
}

#[test]
fn smoothed_target_means() {
    let g = golden();
    check_target_encoding("regression", TargetView::Values(&floats(&g["regression"])), &["mean of target"]);
    let binary = codes(&g["binary"]);
    check_target_encoding("binary", TargetView::Classes { codes: &binary, classes: 2 }, &["mean of target"]);
    let classes = codes(&g["classes"]);
    let names = ["mean of class 0", "mean of class 1", "mean of class 2"];
    check_target_encoding("classes", TargetView::Classes { codes: &classes, classes: 3 }, &names);
}

#[test]
fn word_weights() {
    let g = golden();
    let text = TextFeatures { words: 500, min_texts: 1, ..TextFeatures::default() };
    let options = NativeOptions { text, ..NativeOptions::default() };
    let (_, frame) = fit(&Recipe::Native(options), &table(vec![texts("t", &strings(&g["texts"]))]));
    for (term, expected) in g["weights"].as_object().unwrap() {
        check(&frame, &format!("t: \"{term}\""), expected);
    }
}

/// Conjugate gradients end early: within a fiftieth of the target's spread.
#[test]
fn scores_of_texts() {
    let g = golden();
    let t = table(vec![texts("t", &strings(&g["texts"]))]);
    let y = floats(&g["regression"]);
    let frame = fit_all(&recipes()[0], &t, TargetView::Values(&y)).transform(&t, None);
    let centre = crate::numeric::mean(&y);
    let spread =
        crate::numeric::mean(&y.iter().map(|v| (v - centre) * (v - centre)).collect::<Vec<_>>()).sqrt();
    for (kind, expected) in g["scores"].as_object().unwrap() {
        let name = format!("t: mean of target by its {kind}");
        let j = frame.columns.iter().position(|c| c.name == name).unwrap();
        for (got, expected) in frame.numeric(j).unwrap().iter().zip(floats(expected)) {
            assert!((f64::from(*got) - expected).abs() < 0.02 * spread, "{kind}: {got} for {expected}");
        }
    }
}

/// Fitting twice, and in one go or by parts, gives the same bits.
#[test]
fn training_features_are_those_of_transform_where_no_target_shows() {
    let g = golden();
    let t = table(vec![
        numbers("n", &floats(&g["numbers"])),
        categories("c", &strings(&g["levels"])),
        texts("t", &strings(&g["texts"])),
    ]);
    for mut recipe in all_recipes() {
        match &mut recipe {
            Recipe::Native(options) => options.text.scores = false,
            Recipe::Dense(options) => options.text.scores = false,
        }
        let (fitted, training) = fit(&recipe, &t);
        assert_eq!(format!("{:?}", fitted.transform(&t, None)), format!("{training:?}"));
    }
}
