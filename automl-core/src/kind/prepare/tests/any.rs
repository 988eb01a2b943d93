//! What must hold for any table, and for any bytes.

use super::*;
use crate::numeric::Rng;
use proptest::prelude::*;

/// Every way to set the steps that leads to other code.
fn variants() -> Vec<(&'static str, Value)> {
    let mut all: Vec<(&str, Value)> = Vec::new();
    let mut add = |id, list: &[Value]| all.extend(list.iter().map(|params| (id, params.clone())));
    add(
        "prepare.impute",
        &[
            json!({"flag": true}),
            json!({"numbers": "mean", "categories": "constant", "text": "?", "columns": ["a", "c", "f"]}),
            json!({"numbers": "most_frequent", "flag": true, "columns": ["a", "b", "c", "f"]}),
        ],
    );
    add("prepare.outliers", &["iqr", "quantile", "zscore"].map(|r| json!({"rule": r})));
    add("prepare.outliers", &[json!({"then": "missing", "rule": "quantile", "share": 0.3})]);
    let methods = ["standard", "minmax", "robust", "power", "uniform", "normal"];
    add("prepare.scale", &methods.map(|m| json!({"method": m, "except": ["b"]})));
    add(
        "prepare.encode",
        &[
            json!({}),
            json!({"levels": 1}),
            json!({"method": "ordinal", "order": "frequency"}),
            json!({"method": "frequency"}),
            json!({"method": "target", "target": "a"}),
            json!({"method": "target", "target": "c", "smooth": "auto"}),
            json!({"method": "target", "target": "f"}),
        ],
    );
    add(
        "prepare.bin",
        &[
            json!({}),
            json!({"method": "width", "output": "number"}),
            json!({"method": "edges", "edges": "0 1e9"}),
        ],
    );
    add(
        "prepare.text",
        &[
            json!({"least": 1}),
            json!({"method": "hash", "size": 7, "unit": "characters", "keep": true}),
            json!({"unit": "pairs", "log": true, "size": 3}),
        ],
    );
    add(
        "prepare.reduce",
        &[
            json!({}),
            json!({"method": "svd", "by": "share", "scale": false}),
            json!({"method": "random", "components": 3}),
        ],
    );
    add("prepare.select", &[json!({}), json!({"variance": 2.0}), json!({"method": "correlation"})]);
    let by = |method: &str, target: &str| json!({"method": method, "target": target, "count": 1});
    add(
        "prepare.select",
        &[by("mutual_information", "c"), by("anova", "a"), by("anova", "c"), by("pearson", "a")],
    );
    add(
        "prepare.cluster",
        &[
            json!({"distances": true}),
            json!({"by": "silhouette", "to": 4, "name": "a"}),
            json!({"clusters": 40}),
        ],
    );
    all
}

/// Columns a, b of numbers, f of yes and no, c of categories, t of text; with missing, infinite and equal values.
fn any_table(rows: usize, seed: u64) -> Table {
    let mut rng = Rng::new(seed);
    let odd = [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, 0.0, -1.0, 1e300, -1e300, 1e-300];
    let number = |rng: &mut Rng| match rng.below(12) {
        0 | 1 => f64::NAN,
        2 => odd[rng.below(odd.len())],
        3 => rng.below(3) as f64,
        _ => 10.0 * rng.normal(),
    };
    let mut a: Vec<f64> = (0..rows).map(|_| number(&mut rng)).collect();
    let b: Vec<f32> = (0..rows).map(|_| rng.below(4) as f32 - 1.0).collect();
    match rng.below(6) {
        0 => a.fill(f64::NAN),
        1 => a.fill(3.0),
        _ => {}
    }
    let words = ["good", "bad", "größe", "x-ray", "", "  ", "\u{202e}東京"];
    let mut text: Vec<Option<String>> = Vec::new();
    let mut level: Vec<Option<&str>> = Vec::new();
    let (mut bits, mut missing) = (BitMask::default(), BitMask::default());
    for _ in 0..rows {
        let count = rng.below(5);
        let all: Vec<&str> = (0..count).map(|_| words[rng.below(words.len())]).collect();
        text.push((rng.below(5) > 0).then(|| all.join(" ")));
        level.push((rng.below(5) > 0).then(|| words[rng.below(words.len())]));
        bits.push(rng.below(2) == 0);
        missing.push(rng.below(4) == 0);
    }
    let labels = ["no".to_owned(), "yes".to_owned()];
    let text: Vec<Option<&str>> = text.iter().map(Option::as_deref).collect();
    let columns = vec![
        column("a", ColumnType::Numeric, Values::F64(a)),
        column("b", ColumnType::Numeric, Values::F32(b)),
        column("f", ColumnType::Boolean, Values::Bool { values: bits, missing, labels }),
        categories("c", &level),
        texts("t", &text),
    ];
    Table { columns, rows }
}

/// The table under wrong names or with other types.
fn odd_tables(table: &Table) -> Vec<Table> {
    let mut turned = table.clone();
    let values: Vec<_> = table.columns.iter().map(|c| (c.ty, c.values.clone())).collect();
    let count = values.len();
    for (i, column) in turned.columns.iter_mut().enumerate() {
        (column.ty, column.values) = values[(i + 2) % count].clone();
    }
    let mut lacking = table.clone();
    lacking.columns.retain(|c| c.name == "b");
    let times = vec![column("a", ColumnType::Datetime, Values::Time(vec![5; table.rows]))];
    let empty = Table { columns: Vec::new(), rows: table.rows };
    vec![turned, lacking, Table { columns: times, rows: table.rows }, empty, table.take(&[])]
}

/// Columns that a step changes hold no infinite number.
fn check_numbers(id: &str, before: &Table, after: &Table) {
    for column in &after.columns {
        let is_left = before
            .column(&column.name)
            .is_some_and(|old| (0..column.len()).all(|row| cell(old, row) == cell(column, row)));
        let finite = |row| column.number(row).is_none_or(f64::is_finite);
        assert!(is_left || (0..column.len()).all(finite), "{id} {}", column.name);
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn any_table_is_prepared(rows in 0usize..40, seed in any::<u64>()) {
        let table = any_table(rows, seed);
        // Every second row, the last one first.
        let fitted_rows: Vec<u32> = (0..rows as u32).rev().step_by(2).collect();
        for (id, params) in variants() {
            let Ok((fitted, training)) = fit_rows(id, &params, &table, &fitted_rows) else { continue };
            let again = fit_rows(id, &params, &table, &fitted_rows);
            prop_assert!(again.is_ok_and(|a| a.0 == fitted), "{id} {params}");
            prop_assert_eq!(fitted.validate(), Ok(()), "{} {}", id, params);
            let changed = fitted.apply(&table);
            check_table(&changed);
            check_table(&training);
            prop_assert_eq!(names(&training), names(&changed));
            prop_assert_eq!((training.rows, changed.rows), (fitted_rows.len(), rows));
            check_numbers(id, &table, &changed);

            // A model file gives the same step.
            let bytes = postcard::to_stdvec(&fitted).expect("plain data");
            let back: FittedStep = postcard::from_bytes(&bytes).expect("as written");
            prop_assert_eq!(&back, &fitted);
            let text = serde_json::to_string(&fitted).expect("plain data");
            let back: FittedStep = serde_json::from_str(&text).expect("as written");
            let through_text = back.apply(&table);
            prop_assert_eq!(names(&through_text), names(&changed));

            // A row becomes the same whatever rows are beside it.
            let some: Vec<u32> = (0..rows as u32).filter(|row| row % 3 == 1).collect();
            let alone = fitted.apply(&table.take(&some));
            prop_assert_eq!(names(&alone), names(&changed));
            for name in names(&changed) {
                let (all, alone) = (cells(&changed, name), cells(&alone, name));
                for (alone, &row) in alone.iter().zip(&some) {
                    prop_assert_eq!(alone, &all[row as usize], "{} {} {}", id, params, name);
                }
            }
            for odd in odd_tables(&table) {
                let changed = fitted.apply(&odd);
                check_table(&changed);
                prop_assert_eq!(changed.rows, odd.rows);
            }
        }
    }

    /// Rows that are not fitted on do not matter.
    #[test]
    fn only_the_rows_given_are_learnt_from(seed in any::<u64>()) {
        let table = any_table(30, seed);
        let rows: Vec<u32> = (0..20).collect();
        let mut other = any_table(30, seed ^ 1);
        for (column, kept) in other.columns.iter_mut().zip(&table.columns) {
            // The first rows of one table, the last of the other.
            *column = match (&column.values, &kept.values) {
                (Values::F64(v), Values::F64(k)) => {
                    let joined = k[..20].iter().chain(&v[20..]).copied().collect();
                    super::column(&kept.name, kept.ty, Values::F64(joined))
                }
                _ => kept.clone(),
            };
        }
        for (id, params) in variants() {
            let (one, two) =
                (fit_rows(id, &params, &table, &rows), fit_rows(id, &params, &other, &rows));
            prop_assert_eq!(one.map(|o| o.0), two.map(|t| t.0), "{} {}", id, params);
        }
    }

    /// Bytes from anywhere: what is refused, and what is not, is applied without a panic.
    #[test]
    fn changed_bytes_do_no_harm(seed in any::<u64>()) {
        let table = any_table(25, seed);
        let mut rng = Rng::new(seed);
        for (id, params) in variants() {
            let Ok((fitted, _)) = fit_rows(id, &params, &table, &all_rows(&table)) else { continue };
            let bytes = postcard::to_stdvec(&fitted).expect("plain data");
            for _ in 0..12 {
                let mut changed = bytes.clone();
                for _ in 0..1 + rng.below(3) {
                    let at = rng.below(changed.len());
                    changed[at] = rng.next_u64() as u8;
                }
                let Ok(step) = postcard::from_bytes::<FittedStep>(&changed) else { continue };
                let valid = step.validate().is_ok();
                let out = step.apply(&table);
                if valid {
                    check_table(&out);
                    check_numbers(id, &table, &out);
                }
            }
        }
    }
}
