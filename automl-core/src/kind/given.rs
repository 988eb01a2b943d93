//! Parameters as a node gives them, read by what its kind declares.

use super::finding::Finding;
use super::spec::{FieldKind, FieldSpec, KindSpec};
use crate::diagnostic::Diagnostic;
use crate::table::ColumnType;
use serde_json::{Map, Value};

/// Names and types of a table's columns.
pub type Schema = Vec<(String, ColumnType)>;

/// A node's parameters beside their declarations: what is absent has its default. Values are within what is declared
/// where [`check`] found no error; whatever else they are, nothing here panics.
#[derive(Debug, Clone, Copy)]
pub struct Given<'a> {
    fields: &'a [FieldSpec],
    values: &'a Map<String, Value>,
}

impl<'a> Given<'a> {
    pub fn new(spec: &'a KindSpec, values: &'a Map<String, Value>) -> Self {
        Self { fields: &spec.fields, values }
    }

    fn value(&self, name: &str) -> Value {
        match self.values.get(name) {
            Some(value) if !value.is_null() => value.clone(),
            _ => self.fields.iter().find(|f| f.name == name).map_or(Value::Null, FieldSpec::default_value),
        }
    }

    /// `None`: left empty.
    pub fn number(&self, name: &str) -> Option<f64> {
        self.value(name).as_f64().filter(|v| v.is_finite())
    }

    /// `None`: left empty.
    pub fn integer(&self, name: &str) -> Option<i64> {
        let value = self.value(name);
        value
            .as_i64()
            .or_else(|| value.as_f64().filter(|v| v.fract() == 0.0 && v.abs() < 9e15).map(|v| v as i64))
    }

    pub fn flag(&self, name: &str) -> bool {
        self.value(name).as_bool().unwrap_or(false)
    }

    /// A text, a choice, a column or an expression; empty where it was left empty.
    pub fn text(&self, name: &str) -> String {
        self.value(name).as_str().unwrap_or_default().to_owned()
    }

    /// Names of columns.
    pub fn names(&self, name: &str) -> Vec<String> {
        let value = self.value(name);
        let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_str).map(str::to_owned).collect()
    }

    /// The entries of a list.
    pub fn list(&self, name: &str) -> Vec<Given<'a>> {
        let fields = self.fields.iter().find(|f| f.name == name).map(|f| &f.kind);
        let Some(FieldKind::List { fields, .. }) = fields else { return Vec::new() };
        let items = self.values.get(name).and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
        items.iter().filter_map(Value::as_object).map(|values| Given { fields, values }).collect()
    }
}

/// Everything wrong with a node's parameters. `schema`: the columns at an input, where they are known.
pub fn check(
    spec: &KindSpec,
    values: &Map<String, Value>,
    schema: &dyn Fn(&str) -> Option<Schema>,
) -> Vec<Finding> {
    let mut found = Vec::new();
    for name in values.keys().filter(|name| spec.field(name).is_none()) {
        found.push(Finding::at_param(
            name,
            Diagnostic::warning(
                "param.unknown",
                format!("\"{}\" has no parameter \"{name}\".", spec.title),
                "It is kept and not heeded. Remove it, or open the pipeline with the Trellis that wrote it.",
            ),
        ));
    }
    check_fields(&spec.fields, values, "", schema, &mut found);
    found
}

fn is_heeded(field: &FieldSpec, fields: &[FieldSpec], values: &Map<String, Value>) -> bool {
    let Some((name, wanted)) = &field.only_if else { return true };
    let given = Given { fields, values };
    wanted.contains(&given.value(name))
}

fn check_fields(
    fields: &[FieldSpec],
    values: &Map<String, Value>,
    within: &str,
    schema: &dyn Fn(&str) -> Option<Schema>,
    found: &mut Vec<Finding>,
) {
    for field in fields.iter().filter(|f| is_heeded(f, fields, values)) {
        let path = if within.is_empty() { field.name.clone() } else { format!("{within}.{}", field.name) };
        let value = values.get(&field.name).filter(|v| !v.is_null());
        let is_empty = value
            .is_none_or(|v| v.as_str().is_some_and(str::is_empty) || v.as_array().is_some_and(Vec::is_empty));
        if is_empty {
            let default = field.default_value();
            let has_default = !(default.is_null() || default == "" || default == Value::Array(Vec::new()));
            if field.required && (value.is_some() || !has_default) {
                found.push(Finding::at_param(
                    &path,
                    Diagnostic::error(
                        "param.missing",
                        format!("\"{}\" is not set.", field.title),
                        format!("Set it: {}", field.help),
                    ),
                ));
            }
            continue;
        }
        if let Some(value) = value {
            check_value(field, value, &path, schema, found);
        }
    }
}

fn check_value(
    field: &FieldSpec,
    value: &Value,
    path: &str,
    schema: &dyn Fn(&str) -> Option<Schema>,
    found: &mut Vec<Finding>,
) {
    if let Some((code, wanted, remedy)) = misfit(field, value) {
        let message = format!("\"{}\" is {}, which is not {wanted}.", field.title, shown(value));
        return found.push(Finding::at_param(path, Diagnostic::error(code, message, remedy)));
    }
    let items = value.as_array().map(Vec::as_slice).unwrap_or_default();
    match &field.kind {
        FieldKind::Column { port, types } => {
            found.extend(check_column(value.as_str().unwrap_or_default(), types, schema(port), path));
        }
        FieldKind::Columns { port, types } => {
            let schema = schema(port);
            let names = items.iter().filter_map(Value::as_str);
            found.extend(names.filter_map(|name| check_column(name, types, schema.clone(), path)));
        }
        FieldKind::List { fields, .. } => {
            for (number, values) in items.iter().filter_map(Value::as_object).enumerate() {
                check_fields(fields, values, &format!("{path}.{number}"), schema, found);
            }
        }
        _ => {}
    }
}

/// Where a value is not of the kind that a field takes: a code, what is wanted, and how to mend it.
fn misfit(field: &FieldSpec, value: &Value) -> Option<(&'static str, &'static str, String)> {
    let every = |is: fn(&Value) -> bool| value.as_array().is_some_and(|items| items.iter().all(is));
    let misfit = match &field.kind {
        FieldKind::Number { min, max, unit, .. } => {
            let fits = value.as_f64().is_some_and(|v| v >= *min && v <= *max);
            let remedy = format!("Choose a number from {min} to {max} {unit}").trim_end().to_owned() + ".";
            (fits, "param.range", "a number that it may be", remedy)
        }
        FieldKind::Integer { min, max, unit, .. } => {
            let whole = value.as_f64().filter(|v| v.fract() == 0.0);
            let fits = whole.is_some_and(|v| v >= *min as f64 && v <= *max as f64);
            let remedy =
                format!("Choose a whole number from {min} to {max} {unit}").trim_end().to_owned() + ".";
            (fits, "param.range", "a whole number that it may be", remedy)
        }
        FieldKind::Flag { .. } => {
            (value.is_boolean(), "param.type", "yes or no", "Choose true or false.".to_owned())
        }
        FieldKind::Choice { options, .. } => {
            let fits = value.as_str().is_some_and(|v| options.iter().any(|o| o.id == v));
            let all: Vec<&str> = options.iter().map(|o| o.id.as_str()).collect();
            (fits, "param.choice", "one of its choices", format!("Choose one of: {}.", all.join(", ")))
        }
        FieldKind::Text { .. } | FieldKind::Expression { .. } => {
            (value.is_string(), "param.type", "a text", "Write a text.".to_owned())
        }
        FieldKind::Column { .. } => {
            (value.is_string(), "param.type", "the name of a column", "Choose a column.".to_owned())
        }
        FieldKind::Columns { .. } => {
            (every(Value::is_string), "param.type", "a list of columns", "Choose columns.".to_owned())
        }
        FieldKind::List { item, .. } => {
            (every(Value::is_object), "param.type", "a list of objects", format!("Add a {item} by its form."))
        }
        FieldKind::Hidden => return None,
    };
    let (fits, code, wanted, remedy) = misfit;
    (!fits).then_some((code, wanted, remedy))
}

/// Where a column is not among those that come in, or has another type than is wanted.
fn check_column(name: &str, types: &[ColumnType], schema: Option<Schema>, path: &str) -> Option<Finding> {
    let schema = schema?;
    let Some((_, ty)) = schema.iter().find(|(n, _)| n == name) else {
        let nearest = nearest(name, schema.iter().map(|(n, _)| n.as_str()));
        let remedy = match nearest {
            Some(nearest) => format!("Did you mean \"{nearest}\"? Otherwise choose another column."),
            None => "Choose another column.".to_owned(),
        };
        let message = format!("There is no column \"{name}\" in the table that comes in.");
        return Some(Finding::at_param(
            path,
            Diagnostic::error("param.no_column", message, remedy).at_column(name),
        ));
    };
    if types.is_empty() || types.contains(ty) {
        return None;
    }
    let wanted: Vec<&str> = types.iter().map(|t| t.name()).collect();
    let message = format!("Column \"{name}\" is {}, where {} is wanted.", ty.name(), wanted.join(" or "));
    let remedy = "Choose another column, or change its type before.";
    Some(Finding::at_param(path, Diagnostic::error("param.column_type", message, remedy).at_column(name)))
}

/// The name that a mistyped one most likely stands for: up to a third of its letters may be wrong (Levenshtein's
/// distance, capitals alike).
pub fn nearest<'a>(name: &str, all: impl Iterator<Item = &'a str>) -> Option<&'a str> {
    let wanted: Vec<char> = name.to_lowercase().chars().take(64).collect();
    let best = all
        .map(|n| (distance(&wanted, &n.to_lowercase().chars().take(64).collect::<Vec<_>>()), n))
        .min_by_key(|b| b.0)?;
    (best.0 <= wanted.len().div_ceil(3)).then_some(best.1)
}

fn distance(a: &[char], b: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, x) in a.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, y) in b.iter().enumerate() {
            let change = diagonal + usize::from(x != y);
            diagonal = row[j + 1];
            row[j + 1] = change.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[b.len()]
}

fn shown(value: &Value) -> String {
    let text = value.to_string();
    if text.chars().count() <= 40 { text } else { text.chars().take(40).chain(['…']).collect() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::spec::{Group, Rows};
    use serde_json::json;

    fn spec() -> KindSpec {
        let mut spec = KindSpec::new("t.t", "Test", Group::Rows, Rows::Together, "Tests.");
        spec.fields = vec![
            FieldSpec::integer("rows", "Rows", "How many.", 10, (1, 100), (1, 50)),
            FieldSpec::choice("how", "How", "In which way.", &[("a", "A"), ("b", "B")]),
            FieldSpec::number("rate", "Rate", "Which rate.", 0.5, (0.0, 1.0), (0.0, 1.0))
                .only_if("how", &[json!("b")]),
            FieldSpec::columns("cols", "Columns", "Which.", &[ColumnType::Numeric]).required(),
            FieldSpec::list(
                "keys",
                "Keys",
                "Which keys.",
                "key",
                vec![
                    FieldSpec::column("column", "Column", "Which.", &[]).required(),
                    FieldSpec::flag("down", "Down", "Largest first.", false),
                ],
            ),
        ];
        spec
    }

    fn codes(params: Value) -> Vec<String> {
        let Value::Object(params) = params else { panic!("an object") };
        let schema =
            vec![("age".to_owned(), ColumnType::Numeric), ("town".to_owned(), ColumnType::Categorical)];
        let found = check(&spec(), &params, &|_| Some(schema.clone()));
        found.into_iter().map(|f| format!("{}@{}", f.diagnostic.code, f.param.unwrap_or_default())).collect()
    }

    #[test]
    fn what_is_wrong_is_pointed_at() {
        assert_eq!(codes(json!({"cols": ["age"]})), Vec::<String>::new());
        assert_eq!(codes(json!({})), ["param.missing@cols"]);
        assert_eq!(codes(json!({"cols": ["town"]})), ["param.column_type@cols"]);
        assert_eq!(codes(json!({"cols": ["ag"], "rows": 0.5})), ["param.range@rows", "param.no_column@cols"]);
        assert_eq!(codes(json!({"cols": ["age"], "rate": 7})), Vec::<String>::new());
        assert_eq!(
            codes(json!({"cols": "age", "keys": [{"column": "age"}, 3]})),
            ["param.type@cols", "param.type@keys"]
        );
        assert_eq!(codes(json!({"cols": ["age"], "rate": 7, "how": "b"})), ["param.range@rate"]);
        assert_eq!(
            codes(json!({"cols": ["age"], "how": "c", "odd": 1, "keys": [{}, {"column": "x"}]})),
            [
                "param.unknown@odd",
                "param.choice@how",
                "param.missing@keys.0.column",
                "param.no_column@keys.1.column",
            ]
        );
    }

    #[test]
    fn what_is_absent_has_its_default() {
        let spec = spec();
        let Value::Object(params) =
            json!({"rate": null, "keys": [{"column": "age", "down": true}, {"column": "town"}]})
        else {
            panic!("an object")
        };
        let given = Given::new(&spec, &params);
        assert_eq!(
            (given.integer("rows"), given.number("rate"), given.text("how").as_str()),
            (Some(10), Some(0.5), "a")
        );
        let keys: Vec<(String, bool)> =
            given.list("keys").iter().map(|k| (k.text("column"), k.flag("down"))).collect();
        assert_eq!(keys, [("age".to_owned(), true), ("town".to_owned(), false)]);
        assert!(given.names("cols").is_empty());
    }

    #[test]
    fn a_mistyped_name_is_guessed() {
        assert_eq!(nearest("Agee", ["town", "age"].into_iter()), Some("age"));
        assert_eq!(nearest("zzz", ["town", "age"].into_iter()), None);
    }
}
