//! Tests of whole recipes: builders of small tables, and what must hold for any table.

mod columns;
mod golden;

use super::*;
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, MISSING_TIME, Table, TextValues, Values};
use proptest::prelude::*;

fn column(name: &str, ty: ColumnType, values: Values) -> Column {
    Column { name: name.to_owned(), ty, values, spellings: Vec::new() }
}

fn numbers(name: &str, values: &[f64]) -> Column {
    column(name, ColumnType::Numeric, Values::F64(values.to_vec()))
}

fn categories(name: &str, values: &[Option<&str>]) -> Column {
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

fn flags(name: &str, values: &[Option<bool>], labels: [&str; 2]) -> Column {
    let missing: BitMask = values.iter().map(Option::is_none).collect();
    let values: BitMask = values.iter().map(|v| *v == Some(true)).collect();
    column(name, ColumnType::Boolean, Values::Bool { values, missing, labels: labels.map(str::to_owned) })
}

fn times(name: &str, values: &[Option<i64>]) -> Column {
    let values = values.iter().map(|v| v.unwrap_or(MISSING_TIME)).collect();
    column(name, ColumnType::Datetime, Values::Time(values))
}

fn texts(name: &str, values: &[Option<&str>]) -> Column {
    let mut text = TextValues::default();
    for value in values {
        text.push(*value);
    }
    column(name, ColumnType::Text, Values::Text(text))
}

fn table(columns: Vec<Column>) -> Table {
    let rows = columns.first().map_or(0, Column::len);
    Table { columns, rows }
}

fn recipes() -> [Recipe; 2] {
    [Recipe::Native(NativeOptions::default()), Recipe::Dense(DenseOptions::default())]
}

/// With every option that is off by default.
fn all_recipes() -> Vec<Recipe> {
    let splines = SplineOptions { knots: 6, ..SplineOptions::default() };
    let dense = DenseOptions { splines, ..DenseOptions::default() };
    let native = NativeOptions { codes_beside_means: true, ..NativeOptions::default() };
    recipes().into_iter().chain([Recipe::Dense(dense), Recipe::Native(native)]).collect()
}

/// Fits on all rows with a target that alternates.
fn fit(recipe: &Recipe, table: &Table) -> (FittedRecipe, Frame) {
    let y: Vec<f64> = (0..table.rows).map(|i| (i % 2) as f64).collect();
    fit_to(recipe, table, &y)
}

fn fit_to(recipe: &Recipe, table: &Table, y: &[f64]) -> (FittedRecipe, Frame) {
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
        for recipe in all_recipes() {
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

    /// Damaged bytes are unreadable, refused, or a recipe that does no harm.
    #[test]
    fn damaged_bytes_do_no_harm(
        rows in prop::collection::vec(any_row(), 2..60),
        damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        let t = build(&rows, false);
        for recipe in all_recipes() {
            let mut bytes = postcard::to_stdvec(&fit(&recipe, &t).0).unwrap();
            for (at, byte) in &damage {
                *at.get_mut(&mut bytes[..]) = *byte;
            }
            let Ok(read) = postcard::from_bytes::<FittedRecipe>(&bytes) else { continue };
            if read.validate().is_ok() {
                let frame = read.transform(&t, None);
                let names: Vec<String> = frame.columns.iter().map(|c| c.name.clone()).collect();
                prop_assert_eq!(names, read.output_names());
                for c in &frame.columns {
                    match &c.values {
                        FeatureValues::Numeric(v) => prop_assert!(v.iter().all(|x| !x.is_infinite())),
                        FeatureValues::Categorical { codes, cardinality } => {
                            prop_assert!(codes.iter().all(|c| c < cardinality || *c == NO_CATEGORY));
                        }
                    }
                }
            }
        }
    }
}
