//! Tables from parameters.

use super::targets::friedman_1;
use crate::kind::testing::{check_refused, lines, made_table, run};
use crate::table::{ColumnType, Table};
use serde_json::{Value, json};

fn generated(params: Value) -> Table {
    made_table(&run("source.generate", params, &[]).unwrap(), 0).clone()
}

#[test]
fn pasted_text_is_a_table() {
    let done = run("source.paste", json!({"text": "a\tb\n1\t2024-01-02\n2\t2024-01-03\n"}), &[]).unwrap();
    let table = made_table(&done, 0);
    assert_eq!(lines(table), ["a: 1 2", "b: 2024-01-02 2024-01-03"]);
    assert_eq!(table.columns[1].ty, ColumnType::Datetime);
    check_refused("source.paste", json!({"text": "x".repeat(100_001)}), &[], &["paste.too_long"]);
    assert!(run("source.paste", json!({}), &[]).is_err());
}

#[test]
fn generators_are_seeded() {
    for generator in ["classes", "numbers", "clusters", "moons", "series"] {
        let of = |seed: u32| generated(json!({"generator": generator, "rows": 50, "seed": seed}));
        assert_eq!(of(1), of(1));
        assert_ne!(of(1), of(2));
        assert_eq!(of(1).rows, 50);
        let holey = generated(json!({"generator": generator, "rows": 1000, "missing": 0.3}));
        let share = |c: &crate::table::Column| c.missing_count() as f64 / 1000.0;
        let (whole, rest): (Vec<_>, Vec<_>) = holey.columns.iter().partition(|c| share(c) == 0.0);
        assert_eq!(whole.len(), 1, "{generator}");
        assert!(rest.iter().all(|c| (share(c) - 0.3).abs() < 0.06), "{generator}");
    }
}

#[test]
fn classes_are_as_wide_and_as_unlike_as_asked() {
    let params = json!({"rows": 6000, "classes": 3, "imbalance": 2.0, "informative": 3, "redundant": 1, "useless": 2, "noise": 0});
    let table = generated(params);
    assert_eq!(table.columns.len(), 7);
    let class: Vec<&str> = (0..table.rows)
        .map(|r| table.columns[6].text(r).unwrap())
        .map(|t| match t.as_ref() {
            "class 1" => "1",
            "class 2" => "2",
            _ => "3",
        })
        .collect();
    for (name, share) in [("1", 4.0 / 7.0), ("2", 2.0 / 7.0), ("3", 1.0 / 7.0)] {
        let got = class.iter().filter(|c| **c == name).count() as f64 / 6000.0;
        assert!((got - share).abs() < 0.02, "{name}: {got}");
    }
    // Means differ between classes along some informative feature, and along no useless one.
    let mean = |j: usize, name: &str| {
        let rows: Vec<f64> = (0..table.rows)
            .filter(|&r| class[r] == name)
            .filter_map(|r| table.columns[j].number(r))
            .collect();
        crate::numeric::mean(&rows)
    };
    let apart = |j: usize| (mean(j, "1") - mean(j, "2")).abs();
    assert!((0..3).any(|j| apart(j) > 2.0));
    assert!((4..6).all(|j| apart(j) < 0.15));
}

#[test]
fn numbers_follow_friedman() {
    let table = generated(json!({"generator": "numbers", "rows": 200, "noise": 0}));
    let mut x = [0.0; 10];
    for row in 0..200 {
        for (j, x) in x.iter_mut().enumerate() {
            *x = table.columns[j].number(row).unwrap();
        }
        assert!((table.columns[10].number(row).unwrap() - friedman_1(&x)).abs() < 1e-4);
    }
    // sin(π/2) = 1 and (x₃ − ½) = 0.
    let x = [1.0, 0.5, 0.5, 0.1, 0.2, 0.0, 0.0, 0.0, 0.0, 0.0];
    assert!((friedman_1(&x) - 12.0).abs() < 1e-12);
}

#[test]
fn a_series_has_a_value_a_day() {
    let table = generated(
        json!({"generator": "series", "rows": 800, "noise": 0, "weekly": 0, "trend": 10, "yearly": 0}),
    );
    assert_eq!(table.columns[0].text(0).as_deref(), Some("2020-01-01"));
    assert_eq!(table.columns[0].text(366).as_deref(), Some("2021-01-01"));
    assert!((table.columns[1].number(731).unwrap() - 120.0).abs() < 0.1);
}
