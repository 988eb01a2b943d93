//! Missing values replaced by one value a column, as scikit-learn's `SimpleImputer`.

use super::columns::{
    Changed, LARGEST, Names, category_column, chosen, column_fields, input, numbers, present, real,
    single_column,
};
use crate::kind::{Example, FieldSpec, Finding, FittedStep, Given, Group, KindSpec, Rows, Step};
use crate::node::{LevelCounts, quantiles};
use crate::numeric::mean;
use crate::table::{BitMask, Column, ColumnType, MISSING_CODE, Table, Values};
use serde::{Deserialize, Serialize};
use serde_json::json;

const TYPES: [ColumnType; 3] = [ColumnType::Numeric, ColumnType::Categorical, ColumnType::Boolean];

/// What a fixed number may be.
const FIXED: (f64, f64) = (-1e15, 1e15);

/// `prepare.impute`.
pub struct Impute;

/// What stands for missing values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
enum Fill {
    Number(f64),
    Category(String),
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Filled {
    name: String,
    fill: Fill,
    /// The column that says where values were missing.
    flag: Option<String>,
}

/// The columns whose missing values are replaced.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FittedImpute(Vec<Filled>);

impl Step for Impute {
    fn spec(&self) -> KindSpec {
        let mut spec = KindSpec::new(
            "prepare.impute",
            "Fill missing values",
            Group::Prepare,
            Rows::Fitted,
            "Puts a typical value where values are missing.",
        );
        spec.more =
            "The typical value is learnt from the rows that training sees, and put in wherever the column \
            is missing later.\nA column that says where values were missing lets a model tell the two apart."
                .to_owned();
        spec.words = "impute missing null empty fillna median mean mode".to_owned();
        spec.fields = column_fields(&TYPES, "all that have missing values");
        spec.fields.extend([
            FieldSpec::choice(
                "numbers",
                "Numbers",
                "What stands for a missing number.",
                &[
                    ("median", "Median"),
                    ("mean", "Mean"),
                    ("most_frequent", "Most frequent"),
                    ("constant", "A fixed number"),
                ],
            ),
            FieldSpec::number(
                "number",
                "Number",
                "The number that stands for missing ones.",
                0.0,
                FIXED,
                (-100.0, 100.0),
            )
            .only_if("numbers", &[json!("constant")]),
            FieldSpec::choice(
                "categories",
                "Categories",
                "What stands for a missing category.",
                &[("most_frequent", "Most frequent"), ("constant", "A fixed text")],
            ),
            FieldSpec::text("text", "Text", "The category that stands for missing ones.", "missing")
                .only_if("categories", &[json!("constant")]),
            FieldSpec::flag(
                "flag",
                "Say which",
                "Adds a column for each that says where values were missing.",
                false,
            ),
        ]);
        spec.example = Some(Example::new(
            &[("table", "age,town\n20,Ulm\n,Ulm\n40,\n60,Bonn\n")],
            json!({"flag": true}),
            "The missing age becomes 40, the missing town Ulm.",
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
        let all = given.names("columns").is_empty();
        let mut names = Names::beside(table, &[]);
        let mut filled = Vec::new();
        for name in chosen(given, table, &TYPES, "")? {
            if all && !table.column(&name).is_some_and(|c| has_missing(c, rows)) {
                continue;
            }
            let flag = given.flag("flag").then(|| names.free(format!("{name} is missing")));
            let fill = if is_number(table, &name) {
                Fill::Number(number_fill(given, &numbers(table, &name, Some(rows))))
            } else {
                Fill::Category(category_fill(given, table, &name, rows))
            };
            filled.push(Filled { name, fill, flag });
        }
        Ok(FittedStep::Impute(FittedImpute(filled)))
    }
}

fn is_number(table: &Table, name: &str) -> bool {
    table.column(name).is_some_and(|c| matches!(c.values, Values::F32(_) | Values::F64(_)))
}

fn has_missing(column: &Column, rows: &[u32]) -> bool {
    rows.iter().any(|&row| match &column.values {
        Values::F32(v) => v.get(row as usize).is_none_or(|x| !x.is_finite()),
        Values::F64(v) => v.get(row as usize).is_none_or(|x| !x.is_finite()),
        _ => column.is_missing(row as usize),
    })
}

/// 0 where there are no numbers.
fn number_fill(given: &Given<'_>, numbers: &[f64]) -> f64 {
    let mut values = present(numbers);
    match given.text("numbers").as_str() {
        "mean" => mean(&values),
        "most_frequent" => most_frequent(&mut values),
        "constant" => {
            if given.number("number").is_some() {
                real(given, "number", FIXED)
            } else {
                0.0
            }
        }
        _ => quantiles(&mut values, [0.5])[0],
    }
}

/// The smallest of the most frequent values; 0 where there are none.
fn most_frequent(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let mut best: &[f64] = &[];
    for run in values.chunk_by(|a, b| a == b) {
        if run.len() > best.len() {
            best = run;
        }
    }
    best.first().copied().unwrap_or(0.0)
}

/// The first by text of the most frequent levels; the fixed text where there is none.
fn category_fill(given: &Given<'_>, table: &Table, name: &str, rows: &[u32]) -> String {
    if given.text("categories") != "constant" {
        let counts = LevelCounts::of(&input(table, name, Some(rows)).categories());
        let most = counts.levels.iter().map(|(_, n)| *n).max();
        if let Some((level, _)) = counts.levels.iter().find(|(_, n)| Some(*n) == most) {
            return level.clone();
        }
    }
    let text = given.text("text");
    if text.is_empty() { "missing".to_owned() } else { text }
}

impl FittedImpute {
    pub(in crate::kind) fn apply(&self, table: &Table) -> Table {
        let mut changed = Changed::of(table);
        for Filled { name, fill, flag } in &self.0 {
            let column = table.column(name);
            let (column, missing) = match fill {
                Fill::Number(fill) => fill_numbers(column, name, table, *fill),
                Fill::Category(fill) => fill_categories(column, name, table, fill),
            };
            changed.replace(name, vec![column]);
            if let Some(flag) = flag {
                let labels = ["false".to_owned(), "true".to_owned()];
                let values = Values::Bool { values: missing, missing: BitMask::zeros(table.rows), labels };
                let ty = ColumnType::Boolean;
                changed.add(Column { name: flag.clone(), ty, values, spellings: Vec::new() });
            }
        }
        changed.table()
    }

    pub(in crate::kind) fn validate(&self) -> Result<(), String> {
        let sound = |f: &Filled| match f.fill {
            Fill::Number(x) => x.is_finite() && x.abs() <= LARGEST,
            Fill::Category(_) => true,
        };
        if self.0.iter().all(sound) { Ok(()) } else { Err("a fill that is no number".to_owned()) }
    }
}

fn fill_numbers(column: Option<&Column>, name: &str, table: &Table, fill: f64) -> (Column, BitMask) {
    let narrow = fill as f32;
    if let Some(Column { values: Values::F32(values), spellings, .. }) = column
        && f64::from(narrow) == fill
    {
        let missing = values.iter().map(|x| !x.is_finite()).collect();
        let filled = values.iter().map(|&x| if x.is_finite() { x } else { narrow }).collect();
        let mut new = single_column(name, filled);
        new.spellings.clone_from(spellings);
        return (new, missing);
    }
    let mut values = numbers(table, name, None);
    let missing = values.iter().map(|x| x.is_nan()).collect();
    values.iter_mut().filter(|x| x.is_nan()).for_each(|x| *x = fill);
    let mut new = super::columns::number_column(name, values);
    if let Some(column) = column {
        new.spellings.clone_from(&column.spellings);
    }
    (new, missing)
}

fn fill_categories(column: Option<&Column>, name: &str, table: &Table, fill: &str) -> (Column, BitMask) {
    if let Some(Column { values: Values::Bool { values, missing, labels }, .. }) = column
        && let Some(label) = labels.iter().position(|l| l == fill)
    {
        let bit = |i| if missing.get(i) { label == 1 } else { values.get(i) };
        let values = Values::Bool {
            values: (0..values.len()).map(bit).collect(),
            missing: BitMask::zeros(values.len()),
            labels: labels.clone(),
        };
        let ty = ColumnType::Boolean;
        return (Column { name: name.to_owned(), ty, values, spellings: Vec::new() }, missing.clone());
    }
    let categories = input(table, name, None).categories();
    let mut codes = categories.codes;
    let mut levels: Vec<String> = categories.levels.into_iter().map(Into::into).collect();
    let at = levels.iter().position(|l| l == fill).unwrap_or_else(|| {
        levels.push(fill.to_owned());
        levels.len() - 1
    });
    let missing = codes.iter().map(|&c| c == MISSING_CODE).collect();
    codes.iter_mut().filter(|c| **c == MISSING_CODE).for_each(|c| *c = at as u32);
    (category_column(name, codes, levels), missing)
}
