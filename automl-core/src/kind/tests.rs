//! What holds of every operation that there is.

use super::testing::table;
use super::*;
use crate::table::ColumnType;

fn columns(made: &[Made]) -> Vec<(String, ColumnType)> {
    let tables = made.iter().filter_map(|m| if let Made::Table(table) = m { Some(table) } else { None });
    tables.flat_map(|t| t.columns.iter().map(|c| (c.name.clone(), c.ty))).collect()
}

fn run(operation: &dyn Operation, tables: &[(String, Table)], example: &Example) -> Done {
    let spec = operation.spec();
    let mut inputs = Inputs::new();
    for (port, table) in tables {
        inputs.entry(port.as_str()).or_default().push(table);
    }
    operation
        .run(&Given::new(&spec, &example.params), &inputs)
        .unwrap_or_else(|e| panic!("{}: {e:?}", spec.id))
}

#[test]
fn every_example_can_be_run_with_and_without_rows() {
    let mut ids = Vec::new();
    for operation in operations() {
        let spec = operation.spec();
        ids.push(spec.id.clone());
        let example = spec.example.clone().unwrap_or_else(|| panic!("{} has no example", spec.id));
        let tables: Vec<(String, Table)> =
            example.tables.iter().map(|(port, csv)| (port.clone(), table(csv))).collect();
        let schema = |port: &str| {
            let table = &tables.iter().find(|(p, _)| p == port)?.1;
            Some(table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect::<Schema>())
        };
        assert_eq!(check(&spec, &example.params, &schema), [], "{}", spec.id);
        let done = run(*operation, &tables, &example);
        assert_eq!(done.outputs.len(), spec.outputs.len(), "{}", spec.id);
        assert!(!example.outcome.is_empty() && !spec.help.is_empty(), "{}", spec.id);
        let empty: Vec<(String, Table)> = tables.iter().map(|(p, t)| (p.clone(), t.take(&[]))).collect();
        let columns_without_rows = columns(&run(*operation, &empty, &example).outputs);
        assert_eq!(columns(&done.outputs), columns_without_rows, "{}", spec.id);
        if spec.rows == Rows::Apart {
            check_apart(*operation, &tables, &example, &done);
        }
    }
    let count = ids.len();
    ids.sort_unstable();
    ids.dedup();
    assert_eq!(ids.len(), count, "two operations share an id");
}

/// A row alone gives what it gives among others.
fn check_apart(operation: &dyn Operation, tables: &[(String, Table)], example: &Example, done: &Done) {
    let id = operation.spec().id;
    let [(port, whole)] = tables else { panic!("{id} takes one table") };
    let [Made::Table(all)] = done.outputs.as_slice() else { panic!("{id} gives one table") };
    assert_eq!(all.rows, whole.rows, "{id}");
    for row in 0..whole.rows {
        let alone = run(operation, &[(port.clone(), whole.take(&[row as u32]))], example);
        let Some(Made::Table(alone)) = alone.outputs.first() else { panic!("{id} gives a table") };
        for (a, b) in all.columns.iter().zip(&alone.columns) {
            assert_eq!((&a.name, a.text(row)), (&b.name, b.text(0)), "{id}");
        }
    }
}
