//! Tables one below another.

use crate::diagnostic::Diagnostic;
use crate::kind::build::categories;
use crate::kind::stack::{become_text, fresh, stack};
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, PortSpec, PortType, Rows,
    input, wanted,
};
use crate::table::{Column, Table};
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// `table.union`
pub(in crate::kind) struct Union;

impl Operation for Union {
    fn spec(&self) -> KindSpec {
        let help = "Puts the rows of several tables one below another.";
        let mut spec = KindSpec::new("table.union", "Union", Group::Combine, Rows::Together, help);
        spec.more =
            "A column that a table lacks is missing in its rows. Where one table has numbers or dates in a \
                     column and another has text, the column becomes text.\nTables follow each other in the order of \
                     their list at the node, which can be changed."
                .to_owned();
        spec.words = "append concat stack bind rows add".to_owned();
        spec.inputs = vec![PortSpec::new("tables", "Tables", PortType::Table).many()];
        spec.fields = vec![
            FieldSpec::choice(
                "by",
                "Match columns by",
                "Which columns belong together.",
                &[("name", "Name"), ("position", "Position")],
            ),
            FieldSpec::text(
                "source",
                "Column of origin",
                "Name of a new column that says which table a row is from; empty for none.",
                "",
            )
            .advanced(),
            FieldSpec::order(),
        ];
        spec.example = Some(Example::new(
            &[("tables", "day,sold\nMon,3\nTue,5\n"), ("tables", "day,sold,rain\nWed,2,yes\nThu,4,no\n")],
            json!({"source": "week"}),
            "Four rows; rain is missing in the first two.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        input(inputs, "tables")?;
        let tables = inputs.get("tables").map(Vec::as_slice).unwrap_or_default();
        let rows: u64 = tables.iter().map(|t| t.rows as u64).sum();
        if rows >= u64::from(u32::MAX) {
            let message = format!("{rows} rows would come out, more than a table holds.");
            return Err(wanted::error(
                "by",
                "union.too_many_rows",
                message,
                "Take fewer rows of each before.",
            ));
        }
        let by_position = given.text("by") == "position";
        // For each column that comes out: its name, and the columns that go into it, by table.
        let mut names: Vec<&str> = Vec::new();
        let mut places: BTreeMap<&str, usize> = BTreeMap::new();
        let mut sources: Vec<Vec<Option<&Column>>> = Vec::new();
        for (at, table) in tables.iter().enumerate() {
            for (position, column) in table.columns.iter().enumerate() {
                let place =
                    if by_position { Some(position) } else { places.get(column.name.as_str()).copied() };
                let place = match place.filter(|&p| p < names.len()) {
                    Some(place) => place,
                    None => {
                        places.insert(&column.name, names.len());
                        names.push(&column.name);
                        sources.push(vec![None; tables.len()]);
                        names.len() - 1
                    }
                };
                sources[place][at] = Some(column);
            }
        }
        let mut used = BTreeSet::new();
        let mut columns = Vec::with_capacity(names.len() + 1);
        let mut findings = Vec::new();
        for (name, sources) in names.iter().zip(&sources) {
            let parts: Vec<(Option<&Column>, usize)> =
                sources.iter().zip(tables).map(|(column, table)| (*column, table.rows)).collect();
            let present: Vec<&Column> = sources.iter().flatten().copied().collect();
            if present.len() > 1 && become_text(&present) {
                findings.push(mixed(name, &present));
            }
            columns.push(stack(&fresh(name, &mut used), &parts));
        }
        let source = given.text("source");
        if !source.is_empty() {
            let codes = tables.iter().enumerate();
            let codes = codes.flat_map(|(i, t)| std::iter::repeat_n(i as u32, t.rows)).collect();
            let levels: Vec<String> = (1..=tables.len()).map(|i| format!("table {i}")).collect();
            columns.push(categories(&fresh(&source, &mut used), codes, &levels));
        }
        Ok(Done { findings, ..Done::table(Table { columns, rows: rows as usize }) })
    }
}

fn mixed(name: &str, columns: &[&Column]) -> Finding {
    let mut types: Vec<&str> = columns.iter().map(|c| c.ty.name()).collect();
    types.dedup();
    let message = format!("Column \"{name}\" is {} by turns, so it becomes text.", types.join(" and "));
    let remedy = "If that is not meant, change its type in one of the tables before.";
    let diagnostic = Diagnostic::warning("union.mixed_types", message, remedy);
    Finding::at_port("tables", diagnostic.at_column(name))
}
