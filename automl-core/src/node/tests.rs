//! Tests of whole recipes.

use super::*;
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, MISSING_TIME, Table, TextValues, Values};
use proptest::prelude::*;

pub(super) fn column(name: &str, ty: ColumnType, values: Values) -> Column {
    Column { name: name.to_owned(), ty, values, spellings: Vec::new() }
}

pub(super) fn numbers(name: &str, values: &[f64]) -> Column {
    column(name, ColumnType::Numeric, Values::F64(values.to_vec()))
}

pub(super) fn categories(name: &str, values: &[Option<&str>]) -> Column {
    let mut levels: Vec<String> = Vec::new();
    let code = |v: &Option<&str>| match v {
        None => MISSING_CODE,
        Some(v) => levels.iter().position(|l| l == v).unwrap_or_else(|| {
            levels.push((*v).to_owned());
            levels.len() - 1
        }) as u32,
    };
    let codes = values.iter().map(code).collect();
    column(name, ColumnType::Categorical, Values::Dict { codes, levels })
}

pub(super) fn flags(name: &str, values: &[Option<bool>], labels: [&str; 2]) -> Column {
    let missing: BitMask = values.iter().map(Option::is_none).collect();
    let values: BitMask = values.iter().map(|v| *v == Some(true)).collect();
    column(name, ColumnType::Boolean, Values::Bool { values, missing, labels: labels.map(str::to_owned) })
}

pub(super) fn times(name: &str, values: &[Option<i64>]) -> Column {
    let values = values.iter().map(|v| v.unwrap_or(MISSING_TIME)).collect();
    column(name, ColumnType::Datetime, Values::Time(values))
}

pub(super) fn texts(name: &str, values: &[Option<&str>]) -> Column {
    let mut text = TextValues::default();
    for value in values {
        text.push(*value);
    }
    column(name, ColumnType::Text, Values::Text(text))
}

pub(super) fn table(columns: Vec<Column>) -> Table {
    let rows = columns.first().map_or(0, Column::len);
    Table { columns, rows }
}

pub(super) fn recipes() -> [Recipe; 2] {
    [Recipe::Native(NativeOptions::default()), Recipe::Dense(DenseOptions::default())]
}

/// Fits on all rows with a target that alternates.
pub(super) fn fit(recipe: &Recipe, table: &Table) -> (FittedRecipe, Frame) {
    let y: Vec<f64> = (0..table.rows).map(|i| (i % 2) as f64).collect();
    fit_to(recipe, table, &y)
}

pub(super) fn fit_to(recipe: &Recipe, table: &Table, y: &[f64]) -> (FittedRecipe, Frame) {
    let columns: Vec<usize> = (0..table.columns.len()).collect();
    let rows: Vec<u32> = (0..table.rows as u32).collect();
    recipe.fit(table, &columns, &rows, TargetView::Values(y), 0)
}

/// Every promise that a frame makes.
fn check_frame(recipe: &Recipe, fitted: &FittedRecipe, frame: &Frame, rows: usize) {
    let names: Vec<String> = frame.columns.iter().map(|c| c.name.clone()).collect();
    assert_eq!(names, fitted.output_names());
    assert_eq!(fitted.output_sources().len(), names.len());
    assert_eq!(frame.rows, rows);
    for c in &frame.columns {
        match &c.values {
            FeatureValues::Numeric(v) => {
                assert_eq!(v.len(), rows);
                assert!(v.iter().all(|x| !x.is_infinite()), "{}", c.name);
                assert!(matches!(recipe, Recipe::Native(_)) || v.iter().all(|x| x.is_finite()), "{}", c.name);
            }
            FeatureValues::Categorical { codes, cardinality } => {
                assert!(matches!(recipe, Recipe::Native(_)));
                assert_eq!(codes.len(), rows);
                assert!(codes.iter().all(|c| c < cardinality || *c == NO_CATEGORY));
            }
        }
    }
}

/// One row of every kind of column.
type Row = (Option<f64>, Option<u8>, Option<bool>, Option<i64>, Option<u8>, u16);

fn any_row() -> impl Strategy<Value = Row> {
    let number = prop_oneof![
        4 => (-100i32..100).prop_map(f64::from),
        1 => any::<f64>(),
        1 => Just(0.0),
    ];
    (
        prop::option::weighted(0.8, number),
        prop::option::weighted(0.8, 0u8..6),
        prop::option::weighted(0.8, any::<bool>()),
        prop::option::weighted(0.8, prop_oneof![3 => 0i64..4_000_000_000_000, 1 => any::<i64>()]),
        prop::option::weighted(0.8, 0u8..20),
        0u16..300,
    )
}

const LEVELS: [&str; 6] = ["red", "grün", "青", "", "a=b", "🦀"];
const WORDS: [&str; 5] = ["good", "bad", "größe", "非常", "x-ray"];

/// `reverse`: number the levels from the last row on, as a table with other rows might.
fn build(rows: &[Row], reverse: bool) -> Table {
    let text = |k: u8| format!("{} {}", WORDS[k as usize % 5], WORDS[k as usize / 5 % 5]);
    let all_text: Vec<Option<String>> = rows.iter().map(|r| r.4.map(text)).collect();
    let many: Vec<String> = rows.iter().map(|r| format!("level {}", r.5)).collect();
    let renumber = |mut c: Column| {
        if let (Values::Dict { codes, levels }, true) = (&mut c.values, reverse) {
            let last = levels.len() as u32;
            codes.iter_mut().filter(|c| **c != MISSING_CODE).for_each(|c| *c = last - 1 - *c);
            levels.reverse();
        }
        c
    };
    table(vec![
        numbers("number", &rows.iter().map(|r| r.0.unwrap_or(f64::NAN)).collect::<Vec<_>>()),
        renumber(categories(
            "colour",
            &rows.iter().map(|r| r.1.map(|k| LEVELS[k as usize])).collect::<Vec<_>>(),
        )),
        flags("flag", &rows.iter().map(|r| r.2).collect::<Vec<_>>(), ["no", "yes"]),
        times("when", &rows.iter().map(|r| r.3).collect::<Vec<_>>()),
        texts("note", &all_text.iter().map(Option::as_deref).collect::<Vec<_>>()),
        renumber(categories("many", &many.iter().map(|s| Some(s.as_str())).collect::<Vec<_>>())),
    ])
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn rows_outside_training_never_show(
        training in prop::collection::vec(any_row(), 1..120),
        others in prop::collection::vec(any_row(), 0..40),
        instead in prop::collection::vec(any_row(), 0..40),
        seed in 0u64..4,
    ) {
        let rows: Vec<u32> = (0..training.len() as u32).collect();
        let columns: Vec<usize> = (0..6).collect();
        let codes: Vec<u32> = rows.iter().map(|r| (r * 7 + 1) % 3).collect();
        let target = TargetView::Classes { codes: &codes, classes: 3 };
        let first = build(&[training.clone(), others].concat(), false);
        let second = build(&[training, instead].concat(), true);
        for recipe in recipes() {
            let (a, frame_a) = recipe.fit(&first, &columns, &rows, target, seed);
            let (b, frame_b) = recipe.fit(&second, &columns, &rows, target, seed);
            prop_assert_eq!(postcard::to_stdvec(&a).unwrap(), postcard::to_stdvec(&b).unwrap());
            check_frame(&recipe, &a, &frame_a, rows.len());
            let bits = |f: &Frame| format!("{f:?}");
            prop_assert_eq!(bits(&frame_a), bits(&frame_b));
            prop_assert_eq!(a.validate(), Ok(()));
            let back: FittedRecipe = postcard::from_bytes(&postcard::to_stdvec(&a).unwrap()).unwrap();
            prop_assert_eq!(&back, &a);
            // The rows not trained on, levels unseen among them, go through.
            check_frame(&recipe, &a, &a.transform(&second, None), second.rows);
            check_frame(&recipe, &a, &a.transform(&first, Some(&[0, 0, u32::MAX])), 3);
        }
    }
}

const NAN: f64 = f64::NAN;

fn numeric<'a>(frame: &'a Frame, name: &str) -> &'a [f32] {
    let j = frame.columns.iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"));
    frame.numeric(j).unwrap()
}

fn names(recipe: &Recipe, table: &Table) -> Vec<String> {
    fit(recipe, table).0.output_names()
}

#[test]
fn columns_that_tell_nothing_are_left_out() {
    let mut id = numbers("id", &[1.0, 2.0, 3.0]);
    id.ty = ColumnType::Id;
    let t = table(vec![
        numbers("all missing", &[NAN; 3]),
        numbers("constant", &[5.0; 3]),
        numbers("infinite", &[f64::INFINITY; 3]),
        id,
        categories("one level", &[Some("a"); 3]),
        categories("no level", &[None; 3]),
        flags("flag", &[Some(true); 3], ["no", "yes"]),
        times("when", &[Some(0); 3]),
        times("never", &[None; 3]),
        texts("note", &[Some("same words"); 3]),
        texts("nothing", &[None; 3]),
    ]);
    for recipe in recipes() {
        assert_eq!(names(&recipe, &t), Vec::<String>::new());
    }
}

#[test]
fn missing_alone_is_a_feature() {
    let t = table(vec![
        numbers("n", &[5.0, NAN, 5.0]),
        categories("c", &[Some("a"), None, Some("a")]),
        flags("f", &[Some(true), None, Some(true)], ["no", "yes"]),
        times("t", &[Some(0), None, Some(0)]),
    ]);
    assert_eq!(names(&recipes()[0], &t), ["n", "c", "f", "t: day"]);
    let (_, frame) = fit(&recipes()[1], &t);
    assert_eq!(numeric(&frame, "n is missing"), [0.0, 1.0, 0.0]);
    assert_eq!(numeric(&frame, "c=(missing)"), [0.0, 1.0, 0.0]);
    assert_eq!(numeric(&frame, "f=(missing)"), [0.0, 1.0, 0.0]);
    assert!(numeric(&frame, "t: is missing")[1] > 1.0);
}

#[test]
fn no_rows_and_one_row() {
    let t = table(vec![
        numbers("n", &[5.0]),
        categories("c", &[Some("a")]),
        times("t", &[Some(0)]),
        texts("x", &[Some("a b")]),
    ]);
    for recipe in recipes() {
        for rows in [&[][..], &[0]] {
            let (fitted, frame) = recipe.fit(&t, &[0, 1, 2, 3, 99], rows, TargetView::Values(&[1.0]), 0);
            assert_eq!(frame, Frame { columns: Vec::new(), rows: rows.len() });
            assert_eq!(fitted.transform(&t, None).rows, 1);
        }
    }
}

#[test]
fn unseen_levels_missing_values_and_absent_columns() {
    let t = table(vec![
        numbers("n", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        categories("c", &["b", "a", "b", "a", "z", "z"].map(Some)),
        flags("f", &[true, false, true, false, true, true].map(Some), ["no", "yes"]),
    ]);
    let other = table(vec![
        numbers("n", &[NAN, 2.0]),
        categories("c", &[Some("new"), None]),
        flags("f", &[Some(true), None], ["yes", "no"]),
    ]);
    let absent = table(vec![numbers("elsewhere", &[1.0, 2.0])]);
    let swapped = table(vec![
        categories("n", &[Some("x"), Some("y")]),
        times("c", &[Some(0), Some(1)]),
        times("f", &[Some(0), Some(1)]),
    ]);

    let (native, _) = fit(&recipes()[0], &t);
    let frame = native.transform(&other, None);
    assert!(frame.numeric(0).unwrap()[0].is_nan());
    let none = |f: &Frame| match &f.columns[1].values {
        FeatureValues::Categorical { codes, cardinality: 3 } => codes.iter().all(|&c| c == NO_CATEGORY),
        _ => false,
    };
    assert!(none(&frame));
    // The labels are the other way round in this file: its "no" is set.
    assert_eq!(frame.numeric(2).unwrap()[0], 0.0);
    assert!(frame.numeric(2).unwrap()[1].is_nan());
    for odd in [&absent, &swapped] {
        let frame = native.transform(odd, None);
        assert!(none(&frame));
        assert!([0, 2].iter().all(|&j| frame.numeric(j).unwrap().iter().all(|x| x.is_nan())));
    }

    let Recipe::Dense(options) = &recipes()[1] else { panic!() };
    let dense = Recipe::Dense(DenseOptions { min_level_count: 2, ..options.clone() });
    let (dense, _) = fit(&dense, &t);
    assert_eq!(dense.output_names(), ["n", "c=a", "c=b", "c=z", "f=yes"]);
    for odd in [&other, &absent, &swapped] {
        let frame = dense.transform(odd, None);
        for j in 1..4 {
            assert_eq!(frame.numeric(j).unwrap(), [0.0, 0.0]);
        }
        assert!(
            frame
                .columns
                .iter()
                .all(|c| matches!(&c.values, FeatureValues::Numeric(v) if v.iter().all(|x| x.is_finite())))
        );
    }
    let frame = dense.transform(&absent, None);
    assert_eq!(numeric(&frame, "n"), [0.0, 0.0]);
    assert_eq!(numeric(&frame, "f=yes"), [4.0 / 6.0, 4.0 / 6.0]);
}

#[test]
fn huge_and_tiny_numbers_stay_finite_and_in_order() {
    let values = [-1e308, -1e39, -1.0, 0.0, 1e-300, 1.0, 1e39, 1e308, f64::INFINITY, f64::NEG_INFINITY];
    let t = table(vec![numbers("n", &values)]);
    for recipe in recipes() {
        let (fitted, frame) = fit(&recipe, &t);
        check_frame(&recipe, &fitted, &frame, values.len());
        let v = frame.numeric(0).unwrap();
        assert!(v[..8].windows(2).all(|w| w[0] <= w[1]), "{v:?}");
        assert!(v[0] < v[7]);
    }
}

#[test]
fn the_same_text_is_the_same_level_however_it_is_stored() {
    let t = table(vec![categories("zip", &["75001", "10115", "75001", "10115"].map(Some))]);
    let (fitted, frame) = fit(&recipes()[0], &t);
    let mut as_text = texts("zip", &["75001", "10115", "75001", "10115"].map(Some));
    as_text.ty = ColumnType::Categorical;
    let as_numbers = numbers("zip", &[75001.0, 10115.0, 75001.0, 10115.0]);
    for other in [as_text, as_numbers] {
        assert_eq!(fitted.transform(&table(vec![other]), None), frame);
    }
}

#[test]
fn rare_levels_share_a_code_and_many_levels_are_target_encoded() {
    let rare = categories("c", &["a", "a", "x", "b", "b", "y"].map(Some));
    let (fitted, frame) = fit(&recipes()[0], &table(vec![rare]));
    let FeatureValues::Categorical { codes, cardinality } = &frame.columns[0].values else { panic!() };
    assert_eq!((&codes[..], *cardinality), (&[0, 0, 2, 1, 1, 2][..], 3));
    let again = fitted.transform(&table(vec![categories("c", &["y", "b", "?"].map(Some))]), None);
    let FeatureValues::Categorical { codes, .. } = &again.columns[0].values else { panic!() };
    assert_eq!(codes[..], [2, 1, NO_CATEGORY]);

    let many: Vec<String> = (0..900).map(|i| format!("{}", i % 300)).collect();
    let many: Vec<Option<&str>> = many.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![categories("c", &many)]);
    for recipe in recipes() {
        let y: Vec<f64> = (0..900).map(|i| f64::from(i % 300)).collect();
        let (fitted, _) = fit_to(&recipe, &t, &y);
        assert_eq!(fitted.output_names()[0], "c: mean of target");
    }
}

/// A column of pure noise with few rows a level must not look useful to a learner.
#[test]
fn a_training_row_does_not_see_its_own_target() {
    let n = 3000;
    let mut rng = crate::numeric::Rng::new(5);
    let y: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let levels: Vec<String> = (0..n).map(|_| rng.below(n / 4).to_string()).collect();
    let levels: Vec<Option<&str>> = levels.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![categories("c", &levels)]);
    let correlation = |x: &[f32]| {
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let m = crate::numeric::mean(&x);
        let centred: Vec<f64> = x.iter().map(|v| v - m).collect();
        crate::numeric::dot(&centred, &y)
            / (crate::numeric::dot(&centred, &centred) * crate::numeric::dot(&y, &y)).sqrt()
    };
    for recipe in recipes() {
        let (fitted, training) = fit_to(&recipe, &t, &y);
        let seen = fitted.transform(&t, None);
        assert!(correlation(numeric(&training, "c: mean of target")).abs() < 0.06);
        assert!(correlation(numeric(&seen, "c: mean of target")) > 0.3, "in sample the target does show");
    }
}

#[test]
fn words_that_go_with_the_target_are_kept() {
    let texts_: Vec<String> = (0..200)
        .map(|i| format!("the {} parcel {} arrived", if i % 2 == 0 { "broken" } else { "intact" }, i % 7))
        .collect();
    let values: Vec<Option<&str>> = texts_.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![texts("note", &values)]);
    let options = NativeOptions {
        text: TextFeatures { words: 4, ..TextFeatures::default() },
        ..NativeOptions::default()
    };
    let (fitted, frame) = fit(&Recipe::Native(options), &t);
    let mut kept = fitted.output_names();
    kept.sort();
    for word in ["broken", "intact"] {
        assert!(kept.iter().any(|n| n.contains(word)), "{kept:?}");
    }
    assert!(kept.contains(&"note: words".to_owned()));
    assert_eq!(frame.columns.len(), 6);
}

#[test]
fn what_fitting_cannot_give_is_refused() {
    let t = table(vec![
        numbers("n", &[1.0, 2.0, NAN, 4.0]),
        categories("c", &["a", "b", "a", "b"].map(Some)),
        texts("x", &["a b", "b c", "c", "d"].map(Some)),
    ]);
    for recipe in recipes() {
        let (fitted, _) = fit(&recipe, &t);
        let good = serde_json::to_string(&fitted).unwrap();
        let breaks = [
            ("\"version\":1", "\"version\":2"),
            ("[\"a\",\"b\"]", "[\"b\",\"a\"]"),
            ("\"cardinality\":2", "\"cardinality\":4000000000"),
            ("\"codes\":[0,1]", "\"codes\":[0,7]"),
            ("\"group_of_level\":[0,1]", "\"group_of_level\":[0,9]"),
            ("\"has_value\":true,\"has_missing\":true", "\"has_value\":true"),
        ];
        for (from, to) in breaks {
            let bad = good.replacen(from, to, 1);
            if bad == good {
                continue;
            }
            // Not readable, or readable and refused.
            if let Ok(read) = serde_json::from_str::<FittedRecipe>(&bad) {
                assert!(read.validate().is_err(), "{bad}");
            }
        }
    }
}
