//! Steps against scikit-learn, NumPy and pandas: `tests/golden/steps.json`, made by the script beside it.

use super::*;

pub(super) fn golden() -> Value {
    serde_json::from_str(include_str!("../../../../../tests/golden/steps.json")).unwrap()
}

/// A JSON object of columns.
fn table(columns: &Value) -> Table {
    let columns: Vec<Column> = columns
        .as_object()
        .unwrap()
        .iter()
        .map(|(name, values)| {
            let values = values.as_array().unwrap();
            if values.iter().any(Value::is_string) {
                let values: Vec<Option<&str>> = values.iter().map(Value::as_str).collect();
                if name == "note" { texts(name, &values) } else { categories(name, &values) }
            } else {
                let values = values.iter().map(|v| v.as_f64().unwrap_or(f64::NAN)).collect();
                column(name, ColumnType::Numeric, Values::F64(values))
            }
        })
        .collect();
    let rows = columns[0].len();
    Table { columns, rows }
}

#[test]
fn cases() {
    let golden = golden();
    let (known, new) = (table(&golden["table"]), table(&golden["new"]));
    for case in golden["cases"].as_array().unwrap() {
        let (id, params) = (case["step"].as_str().unwrap(), &case["params"]);
        let changed = fit(id, params.clone(), &known).apply(&new);
        // The power is where a flat peak is highest, which both find to some digits.
        let tolerance = if params["method"] == "power" { 2e-5 } else { 2e-6 };
        for (name, expected) in case["expect"].as_object().unwrap() {
            let got = cells(&changed, name);
            for (row, (got, expected)) in got.iter().zip(expected.as_array().unwrap()).enumerate() {
                let place = format!("{id} {params} {name} row {row}: {got:?} for {expected}");
                match got {
                    Cell::Missing => assert!(expected.is_null(), "{place}"),
                    Cell::Text(text) => assert_eq!(Some(text.as_str()), expected.as_str(), "{place}"),
                    Cell::Number(x) => {
                        let e = expected.as_f64().unwrap_or_else(|| panic!("{place}"));
                        assert!((x - e).abs() <= tolerance * (1.0 + e.abs()), "{place}");
                    }
                }
            }
        }
        if id == "prepare.reduce" {
            let components = changed.columns.iter().filter(|c| c.name.starts_with(['p', 's'])).count();
            assert_eq!(components, case["expect"].as_object().unwrap().len(), "{params}");
        }
    }
}

#[test]
fn variance() {
    let golden = golden();
    let known = table(&golden["table"]);
    let params =
        json!({"variance": golden["select"]["variance"]["least"], "columns": ["a", "b", "c", "d", "e"]});
    let changed = fit("prepare.select", params, &known).apply(&known);
    let kept: Vec<&str> =
        golden["select"]["variance"]["kept"].as_array().unwrap().iter().filter_map(Value::as_str).collect();
    let got: Vec<&str> =
        names(&changed).into_iter().filter(|n| ["a", "b", "c", "d", "e"].contains(n)).collect();
    assert_eq!(got, kept);
}

#[test]
fn correlations() {
    let golden = golden();
    let known = table(&golden["table"]);
    for (pair, expected) in golden["select"]["pearson"].as_object().unwrap() {
        let (one, other) = pair.split_once(' ').unwrap();
        let (expected, mut left) = (expected.as_f64().unwrap().abs(), Vec::new());
        for most in [expected - 1e-9, expected + 1e-9] {
            let params = json!({"method": "correlation", "correlation": most, "columns": [one, other]});
            left.push(fit("prepare.select", params, &known).apply(&known).column(other).is_some());
        }
        assert_eq!(left, [false, true], "{pair}");
    }
}

#[test]
fn scores() {
    use crate::kind::prepare::select::score_of;
    let golden = golden();
    let known = table(&golden["table"]);
    let check = |method: &str, name: &str, target: &str, expected: &Value| {
        let expected = expected.as_f64().unwrap();
        let got = score_of(method, &known, name, target);
        assert!((got - expected).abs() <= 1e-8 * (1.0 + expected), "{method} {name}: {got} for {expected}");
    };
    for (group, method, target) in [
        ("anova_classes", "anova", "k"),
        ("anova_numbers", "anova", "y"),
        ("chi2", "chi2", "k"),
        ("information_classes", "mutual_information", "k"),
    ] {
        for (name, expected) in golden["select"][group].as_object().unwrap() {
            check(method, name, target, expected);
        }
    }
    check("mutual_information", "town", "k", &golden["select"]["information_town"]);
    check("pearson", "a", "d", &golden["select"]["pearson"]["a d"]);
}

#[test]
fn inertia_of_clusters() {
    let golden = golden();
    let known = table(&golden["table"]);
    for (k, expected) in golden["cluster"]["inertia"].as_object().unwrap() {
        let clusters: usize = k.parse().unwrap();
        let params = json!({"clusters": clusters, "columns": ["c", "d", "e"], "distances": true});
        let changed = fit("prepare.cluster", params, &known).apply(&known);
        let distance = |row: usize, k: &str| {
            changed.column(&format!("distance to cluster {k}")).and_then(|c| c.number(row)).unwrap()
        };
        let own = cells(&changed, "cluster");
        let inertia: f64 = (0..known.rows)
            .map(|row| {
                let Cell::Text(own) = &own[row] else { panic!("no cluster") };
                let nearest = (1..=clusters).map(|k| distance(row, &k.to_string())).fold(f64::MAX, f64::min);
                assert_eq!(distance(row, own), nearest);
                nearest * nearest
            })
            .sum();
        let expected = expected.as_f64().unwrap();
        assert!(inertia < 1.02 * expected, "{k}: {inertia} for {expected}");
        assert!(inertia > 0.999 * expected, "{k}: {inertia} for {expected}");
    }
}

#[test]
fn silhouettes() {
    let golden = golden();
    let known = table(&golden["table"]);
    let labels: Vec<usize> = golden["cluster"]["labels"]
        .as_array()
        .unwrap()
        .iter()
        .map(|v| v.as_u64().unwrap() as usize)
        .collect();
    let got = crate::kind::prepare::cluster::silhouette_of(&known, &["c", "d", "e"], &labels);
    let expected = golden["cluster"]["silhouette"].as_f64().unwrap();
    assert!((got - expected).abs() < 1e-9, "{got} for {expected}");
}
