//! Values of a column become columns.

use super::group::lacks;
use crate::kind::aggregate::Function;
use crate::kind::keys::{Groups, Members, NONE, codes};
use crate::kind::stack::fresh;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, input, wanted,
};
use crate::numeric::count;
use crate::table::{Column, Table, Values};
use serde_json::json;
use std::collections::BTreeSet;

/// `table.pivot`
pub(in crate::kind) struct Pivot;

/// Longest name of a column made of a value, in characters.
const LONGEST_NAME: usize = 80;
/// Cells that come out at most: 400 MB of numbers.
const MOST_CELLS: u64 = 50_000_000;
/// What a column is called whose rows have no value to name it by.
const NAMELESS: &str = "missing";

impl Operation for Pivot {
    fn spec(&self) -> KindSpec {
        let help = "Makes a column of each value of one column, and fills it with the values of another.";
        let mut spec = KindSpec::new("table.pivot", "Pivot", Group::Combine, Rows::Together, help);
        spec.more =
            "Rows that are equal in the columns kept become one row. Where several values meet in one cell, \
                     the calculation makes one of them."
                .to_owned();
        spec.words = "wide crosstab spread reshape columns from values".to_owned();
        spec.fields = vec![
            FieldSpec::columns("index", "Columns kept", "Each different combination gives a row.", &[]),
            FieldSpec::column("names", "Names from", "Each of its values gives a column.", &[]).required(),
            FieldSpec::column("values", "Values from", "What the cells are filled with.", &[]).required(),
            FieldSpec::new(
                "function",
                "Several values",
                "How the values that meet in a cell become one.",
                Function::choice(Some(&CELLS)),
            ),
            FieldSpec::integer(
                "most_columns",
                "Most new columns",
                "Nothing comes out where there would be more.",
                200,
                (1, 5_000),
                (1, 1_000),
            )
            .unit("columns")
            .advanced(),
        ];
        spec.example = Some(Example::new(
            &[("table", "shop,day,sold\nnorth,Mon,3\nnorth,Tue,5\nsouth,Mon,4\n")],
            json!({"index": ["shop"], "names": "day", "values": "sold", "function": "sum"}),
            "A row for each shop, a column for each day; south has nothing on Tue.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let index = wanted::columns(table, &given.names("index"), "index")?;
        let names = wanted::column(table, &given.text("names"), "names")?;
        let values = wanted::column(table, &given.text("values"), "values")?;
        let function = Function::from_id(&given.text("function"));
        lacks(function, values, "function")?;
        let headings = headings(names, table.rows);
        let most = given.integer("most_columns").unwrap_or(200).max(1) as usize;
        if headings.texts.len() > most {
            let message = format!(
                "\"{}\" has {} different values, and each would become a column; at most {} may.",
                names.name,
                count(headings.texts.len() as u64),
                count(most as u64)
            );
            let remedy =
                "Choose a column of fewer values, keep fewer rows before, or raise \"Most new columns\".";
            return Err(wanted::error("names", "pivot.too_many_columns", message, remedy));
        }
        let groups = Groups::new(&index, table.rows);
        let cells = groups.count() as u64 * headings.texts.len() as u64;
        if cells > MOST_CELLS {
            let message = format!(
                "{} rows and {} new columns would come out, {} cells.",
                count(groups.count() as u64),
                count(headings.texts.len() as u64),
                count(cells)
            );
            let remedy =
                "Choose fewer columns to keep, so that more rows become one, or a column of fewer values.";
            return Err(wanted::error("index", "pivot.too_many_cells", message, remedy));
        }
        let mut used = BTreeSet::new();
        let kept =
            |column: &&Column| Column { name: fresh(&column.name, &mut used), ..column.take(&groups.first) };
        let mut columns: Vec<Column> = index.iter().map(kept).collect();
        let by_heading = Members::new(&headings.of_row, headings.texts.len());
        for (text, rows) in headings.texts.iter().zip(by_heading.iter()) {
            let part = values.take(rows);
            let of_row: Vec<u32> = rows.iter().map(|&row| groups.of_row[row as usize]).collect();
            let members = Members::new(&of_row, groups.count());
            let short: String = text.chars().take(LONGEST_NAME).collect();
            columns.push(function.apply(&fresh(&short, &mut used), &part, &members));
        }
        Ok(Done::table(Table { columns, rows: groups.count() }))
    }
}

/// Those that make sense in a cell; the first is the default.
const CELLS: [Function; 12] = [
    Function::First,
    Function::Last,
    Function::Sum,
    Function::Mean,
    Function::Median,
    Function::Min,
    Function::Max,
    Function::Sd,
    Function::Count,
    Function::Distinct,
    Function::MostFrequent,
    Function::ShareMissing,
];

struct Headings {
    /// Names of the new columns.
    texts: Vec<String>,
    /// The new column of each row.
    of_row: Vec<u32>,
}

/// In order of first appearance, missing last. Without rows, the values that the column's data knows.
fn headings(names: &Column, rows: usize) -> Headings {
    if rows == 0 {
        let texts = match &names.values {
            Values::Dict { levels, .. } => levels.clone(),
            Values::Bool { labels, .. } => labels.to_vec(),
            _ => Vec::new(),
        };
        return Headings { texts, of_row: Vec::new() };
    }
    let (mut codes, distinct) = codes(&[names]);
    let mut of_row = codes.pop().unwrap_or_default();
    let mut texts = Vec::with_capacity(distinct);
    let mut has_missing = false;
    for (row, &code) in of_row.iter().enumerate() {
        has_missing |= code == NONE;
        if code as usize == texts.len() {
            texts.push(names.text(row).map_or(String::new(), |t| t.into_owned()));
        }
    }
    if has_missing {
        let last = texts.len() as u32;
        of_row.iter_mut().filter(|code| **code == NONE).for_each(|code| *code = last);
        texts.push(NAMELESS.to_owned());
    }
    Headings { texts, of_row }
}
