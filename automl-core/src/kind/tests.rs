//! What holds for every kind.

use super::testing::{run_unchecked, table};
use super::{FieldKind, FieldSpec, Group, KindSpec, Made, Rows, operations, sources};
use crate::table::Table;
use serde_json::Value;
use std::collections::BTreeSet;

fn specs() -> Vec<KindSpec> {
    operations().iter().map(|o| o.spec()).chain(sources()).collect()
}

#[test]
fn declarations_are_whole() {
    let mut ids = BTreeSet::new();
    for spec in specs() {
        let id = &spec.id;
        assert!(ids.insert(spec.id.clone()), "{id} twice");
        assert!(spec.help.ends_with('.') && !spec.title.is_empty() && !spec.outputs.is_empty(), "{id}");
        let mut ports = BTreeSet::new();
        assert!(spec.inputs.iter().all(|p| ports.insert(&p.name)), "{id}: ports");
        check_fields(&spec, &spec.fields);
    }
}

fn check_fields(spec: &KindSpec, fields: &[FieldSpec]) {
    let id = &spec.id;
    let mut names = BTreeSet::new();
    for field in fields {
        let name = &field.name;
        assert!(names.insert(name), "{id}.{name} twice");
        assert!(field.help.ends_with('.'), "{id}.{name}: {}", field.help);
        if let Some((other, values)) = &field.only_if {
            let other = fields.iter().find(|f| f.name == *other).unwrap_or_else(|| panic!("{id}.{name}"));
            if let FieldKind::Choice { options, .. } = &other.kind {
                assert!(values.iter().all(|v| options.iter().any(|o| v == o.id.as_str())), "{id}.{name}");
            }
        }
        match &field.kind {
            FieldKind::Column { port, .. } | FieldKind::Columns { port, .. } => {
                assert!(spec.input(port).is_some(), "{id}.{name}: {port}");
            }
            FieldKind::Number { default: Some(x), min, max, soft, .. } => {
                assert!(min <= x && x <= max && min <= &soft.0 && &soft.1 <= max, "{id}.{name}");
            }
            FieldKind::Integer { default: Some(x), min, max, soft, .. } => {
                assert!(min <= x && x <= max && min <= &soft.0 && &soft.1 <= max, "{id}.{name}");
            }
            FieldKind::List { fields, .. } => check_fields(spec, fields),
            _ => {}
        }
    }
}

/// The example's tables after `change`, run through the kind.
fn run_example(spec: &KindSpec, change: impl Fn(Table) -> Table) -> Option<Vec<Made>> {
    let example = spec.example.as_ref()?;
    let tables: Vec<(&str, Table)> =
        example.tables.iter().map(|(port, csv)| (port.as_str(), change(table(csv)))).collect();
    let tables: Vec<(&str, &Table)> = tables.iter().map(|(port, t)| (*port, t)).collect();
    let done = run_unchecked(&spec.id, Value::Object(example.params.clone()), &tables);
    Some(done.unwrap_or_else(|e| panic!("{}: {e:?}", spec.id)).outputs)
}

/// Names and types of the tables' columns.
fn schemas(made: &[Made]) -> Vec<Vec<String>> {
    let of = |made: &Made| match made {
        Made::Table(table) => table.columns.iter().map(|c| format!("{} {}", c.name, c.ty.name())).collect(),
        Made::Report(report) => vec![report.title.clone()],
    };
    made.iter().map(of).collect()
}

#[test]
fn examples_run_with_their_rows_without_rows_and_without_values() {
    for spec in operations().iter().map(|o| o.spec()) {
        let whole = run_example(&spec, |t| t).unwrap_or_else(|| panic!("{} has no example", spec.id));
        assert_eq!(whole.len(), spec.outputs.len(), "{}", spec.id);
        let bare = run_example(&spec, |t| t.take(&[])).unwrap();
        assert_eq!(schemas(&whole), schemas(&bare), "{}", spec.id);
        let missing = |t: Table| t.take(&vec![u32::MAX; t.rows]);
        run_example(&spec, missing).unwrap();
        let one = run_example(&spec, |t| t.take(&[0])).unwrap();
        for made in whole.iter().chain(&bare).chain(&one) {
            if let Made::Table(table) = made {
                let names: BTreeSet<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
                assert_eq!(names.len(), table.columns.len(), "{}: names", spec.id);
                assert!(table.columns.iter().all(|c| c.len() == table.rows), "{}: lengths", spec.id);
            }
        }
        if spec.rows == Rows::Apart {
            let Made::Table(table) = &whole[0] else { panic!("{} gives no table", spec.id) };
            assert!(table.rows > 0);
        }
    }
}

#[test]
fn combining_and_drawing_bear_columns_without_any_value() {
    let is_ours = |group: Group| matches!(group, Group::Combine | Group::Look);
    for spec in operations().iter().map(|o| o.spec()).filter(|s| is_ours(s.group)) {
        // As the reader keeps a column of which no row has a value, which is not as one whose rows were dropped.
        let blank = |t: Table| {
            let names: Vec<&str> = t.columns.iter().map(|c| c.name.as_str()).collect();
            let gone = vec!["NA"; names.len()].join(",");
            table(&format!("{}\n{gone}\n{gone}\n{gone}\n", names.join(",")))
        };
        run_example(&spec, blank).unwrap();
        run_example(&spec, |t| blank(t).take(&[])).unwrap();
    }
}

#[test]
fn a_node_without_parameters_or_with_odd_ones_does_not_panic() {
    let any = table("a,b,c\n1,x,2024-01-01\n2,y,NA\nNA,x,2024-01-03\n");
    let nothing = Table::default();
    for spec in operations().iter().map(|o| o.spec()) {
        for table in [&any, &any.take(&[]), &nothing] {
            let tables: Vec<(&str, &Table)> = spec.inputs.iter().map(|p| (p.name.as_str(), table)).collect();
            let empty = Value::Object(serde_json::Map::new());
            let _ = run_unchecked(&spec.id, empty, &tables);
            for odd in
                [Value::from(-1e300), Value::from("a"), Value::from(vec!["a", "b", "c"]), Value::from("zz")]
            {
                let params = spec.fields.iter().map(|f| (f.name.clone(), odd.clone())).collect();
                let _ = run_unchecked(&spec.id, Value::Object(params), &tables);
            }
        }
        assert!(
            run_unchecked(&spec.id, Value::Object(serde_json::Map::new()), &[]).is_err()
                || spec.inputs.is_empty()
        );
    }
}
