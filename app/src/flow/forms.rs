//! What a form knows of a node: its parameters beside their declarations, and the columns that come in.

use automl_core::diagnostic::Diagnostic;
use automl_core::document::{NodeId, PipelineDocument};
use automl_core::engine::protocol::NodeView;
use automl_core::kind::{FieldKind, FieldSpec, Finding, Schema};
use serde_json::{Map, Value};
use std::collections::BTreeMap;
use std::sync::Arc;

/// The value that counts: the one that is given, or the default.
pub fn value(field: &FieldSpec, values: &Map<String, Value>) -> Value {
    match values.get(&field.name) {
        Some(value) if !value.is_null() => value.clone(),
        _ => field.default_value(),
    }
}

/// Whether the default counts.
pub fn is_default(field: &FieldSpec, values: &Map<String, Value>) -> bool {
    values.get(&field.name).is_none_or(|v| v.is_null() || *v == field.default_value())
}

/// Whether a form shows the field, given the values of all `fields`.
pub fn is_shown(field: &FieldSpec, fields: &[FieldSpec], values: &Map<String, Value>) -> bool {
    if field.kind == FieldKind::Hidden {
        return false;
    }
    let Some((name, wanted)) = &field.only_if else { return true };
    let other = fields.iter().find(|f| f.name == *name);
    other.is_none_or(|other| wanted.contains(&value(other, values)))
}

/// The value to write down: nothing where it is the default.
pub fn kept(field: &FieldSpec, value: Value) -> Option<Value> {
    (value != field.default_value()).then_some(value)
}

/// A number as a person writes it, in the field's range; empty: the default, or what has no value.
///
/// # Errors
/// What is wrong with the text, in words.
pub fn number(field: &FieldSpec, text: &str) -> Result<Value, String> {
    let text = text.trim().replace('−', "-").replace(',', ".");
    if text.is_empty() {
        return Ok(field.default_value());
    }
    let number = text.parse::<f64>().ok().filter(|v| v.is_finite());
    match &field.kind {
        FieldKind::Integer { min, max, .. } => match number.filter(|v| v.fract() == 0.0) {
            Some(v) if v >= *min as f64 && v <= *max as f64 => Ok(Value::from(v as i64)),
            _ => Err(format!("Write a whole number from {min} to {max}.")),
        },
        FieldKind::Number { min, max, .. } => match number {
            Some(v) if v >= *min && v <= *max => Ok(Value::from(v)),
            _ => Err(format!("Write a number from {min} to {max}.")),
        },
        _ => Err("This is no number.".to_owned()),
    }
}

/// Ends and step of a slider as texts; `None` where there is nothing to slide over.
pub fn slider(kind: &FieldKind) -> Option<(String, String, String)> {
    let (low, high, is_whole) = match kind {
        FieldKind::Integer { soft, .. } => (soft.0 as f64, soft.1 as f64, true),
        FieldKind::Number { soft, .. } => (soft.0, soft.1, false),
        _ => return None,
    };
    let slider = crate::slider::Slider::new(low, high, is_whole)?;
    Some((low.to_string(), high.to_string(), slider.step.to_string()))
}

/// The findings about a parameter itself, or, for a list, about what is in it and has no place of its own.
pub fn findings_at<'a>(findings: &'a [Finding], path: &str) -> Vec<&'a Diagnostic> {
    let here = findings.iter().filter(|f| f.param.as_deref() == Some(path));
    here.map(|f| &f.diagnostic).collect()
}

/// The value that is offered in place of one with a finding.
pub fn instead_at(findings: &[Finding], path: &str) -> Option<String> {
    findings.iter().filter(|f| f.param.as_deref() == Some(path)).find_map(|f| f.instead.clone())
}

/// Whether a finding says what the help of its field says.
pub fn says_again(found: &Diagnostic, help: &str) -> bool {
    !help.is_empty() && found.remedy.ends_with(help)
}

/// The columns that a form offers for `field`: not those that `values` name as what is to be predicted.
pub fn can_choose(field: &FieldSpec, values: &Map<String, Value>, column: &str) -> bool {
    field.name != "ignore" || values.get("target").and_then(Value::as_str) != Some(column)
}

/// A text with `insert` in place of a part of it, told in UTF-16 units, with one space where it wants one; and where the
/// cursor stands then.
pub fn put_in(text: &str, part: (usize, usize), insert: &str) -> (String, u32) {
    let (from, to) = (bytes_before(text, part.0), bytes_before(text, part.1.max(part.0)));
    let is_apart = text[..from].ends_with(|c: char| c.is_whitespace() || c == '(') || from == 0;
    let insert = if is_apart { insert.trim_start() } else { insert };
    let insert = if text[to..].starts_with(char::is_whitespace) { insert.trim_end() } else { insert };
    replaced(text, (from as u32, to as u32), insert)
}

/// A list with another value for the field of one of its entries.
pub fn with_entry(list: &Value, at: usize, field: &FieldSpec, new: Option<Value>) -> Value {
    let mut items = items(list);
    if let Some(Value::Object(entry)) = items.get_mut(at) {
        match new {
            Some(new) => drop(entry.insert(field.name.clone(), new)),
            None => drop(entry.remove(&field.name)),
        }
    }
    Value::Array(items)
}

/// The entries of a list.
pub fn items(list: &Value) -> Vec<Value> {
    list.as_array().cloned().unwrap_or_default()
}

/// A list with one more, empty entry.
pub fn with_added(list: &Value) -> Value {
    let mut items = items(list);
    items.push(Value::Object(Map::new()));
    Value::Array(items)
}

/// A list without an entry.
pub fn without(list: &Value, at: usize) -> Value {
    let mut items = items(list);
    if at < items.len() {
        items.remove(at);
    }
    Value::Array(items)
}

/// A list with an entry and its neighbour in each other's place; as it was where there is no such neighbour.
pub fn swapped(list: &Value, at: usize, with: usize) -> Value {
    let mut items = items(list);
    if at < items.len() && with < items.len() {
        items.swap(at, with);
    }
    Value::Array(items)
}

/// The columns at an input, as far as the nodes before it tell: those of its first wire that are known.
pub fn schema_at(
    document: &PipelineDocument,
    views: &BTreeMap<NodeId, Arc<NodeView>>,
    node: &NodeId,
    port: &str,
) -> Option<Schema> {
    let mut wires = document.wires().iter().filter(|w| w.to.node == *node && w.to.port == port);
    wires.find_map(|w| {
        let view = views.get(&w.from.node)?;
        view.outputs.iter().find(|o| o.port == w.from.port)?.schema.clone()
    })
}

/// Where text begins that an error or a cursor tells by bytes, in characters; the end where it lies beyond.
pub fn chars_before(text: &str, bytes: usize) -> usize {
    text.char_indices().take_while(|(at, _)| *at < bytes).count()
}

/// Bytes before a place that a browser tells in UTF-16 units.
pub fn bytes_before(text: &str, units: usize) -> usize {
    let mut left = units;
    let seen = text.chars().take_while(|c| {
        let fits = left >= c.len_utf16();
        left = left.saturating_sub(c.len_utf16());
        fits
    });
    seen.map(char::len_utf8).sum()
}

/// A text with a part of it, told in bytes, replaced; and where the new part ends, in UTF-16 units. Ends that lie
/// within a letter, or beyond the text, are moved to the next place that is none.
pub fn replaced(text: &str, part: (u32, u32), with: &str) -> (String, u32) {
    let place = |at: u32| {
        let at = (at as usize).min(text.len());
        (at..=text.len()).find(|i| text.is_char_boundary(*i)).unwrap_or(text.len())
    };
    let (from, to) = (place(part.0), place(part.1.max(part.0)));
    let before = format!("{}{with}", &text[..from]);
    let end = before.encode_utf16().count() as u32;
    (format!("{before}{}", &text[to..]), end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn map(value: Value) -> Map<String, Value> {
        value.as_object().cloned().unwrap_or_default()
    }

    #[test]
    fn fields_follow_each_other() {
        let how = FieldSpec::choice("how", "How", "", &[("a", "A"), ("b", "B")]);
        let rate =
            FieldSpec::number("rate", "Rate", "", 0.5, (0.0, 1.0), (0.0, 1.0)).only_if("how", &[json!("b")]);
        let hidden = FieldSpec::new("read", "", "", FieldKind::Hidden);
        let fields = [how.clone(), rate.clone(), hidden.clone()];
        let check = |field: &FieldSpec, values: Value, expected: bool| {
            assert_eq!(is_shown(field, &fields, &map(values.clone())), expected, "{} {values}", field.name);
        };
        check(&how, json!({}), true);
        check(&rate, json!({}), false);
        check(&rate, json!({"how": "b"}), true);
        check(&rate, json!({"how": null}), false);
        check(&hidden, json!({}), false);
        assert_eq!(value(&rate, &map(json!({"rate": null}))), json!(0.5));
        assert!(
            is_default(&rate, &map(json!({"rate": 0.5}))) && !is_default(&rate, &map(json!({"rate": 1})))
        );
        assert_eq!((kept(&how, json!("a")), kept(&how, json!("b"))), (None, Some(json!("b"))));
    }

    #[test]
    fn what_is_predicted_is_not_offered_to_be_left_out() {
        let ignore = FieldSpec::columns("ignore", "Leave out", "", &[]);
        let values = map(json!({"target": "churn"}));
        assert!(!can_choose(&ignore, &values, "churn") && can_choose(&ignore, &values, "age"));
        assert!(can_choose(&FieldSpec::columns("keys", "Keys", "", &[]), &values, "churn"));
    }

    #[test]
    fn what_was_meant_is_offered_at_its_place() {
        let wrong = || Diagnostic::error("expr.wrong", "Wrong.", "Mend it.");
        let found =
            [Finding::at_param("a", wrong()), Finding::at_param("b", wrong()).or(Some("age > 3".to_owned()))];
        assert_eq!(instead_at(&found, "b"), Some("age > 3".to_owned()));
        assert_eq!(instead_at(&found, "a"), None);
        let set = Diagnostic::error("param.missing", "It is not set.", "Set it: The column to sort by.");
        assert!(
            says_again(&set, "The column to sort by.")
                && !says_again(&set, "")
                && !says_again(&wrong(), "A column.")
        );
    }

    #[test]
    fn numbers_are_read_as_people_write_them() {
        let rows = FieldSpec::integer("n", "Rows", "", 10, (1, 100), (1, 50));
        let rate = FieldSpec::number("r", "Rate", "", 0.5, (-1.0, 1.0), (0.0, 1.0));
        let check = |field: &FieldSpec, text: &str, expected: Option<Value>| {
            assert_eq!(number(field, text).ok(), expected, "{text}");
        };
        check(&rows, " 7 ", Some(json!(7)));
        check(&rows, "", Some(json!(10)));
        check(&rows, "7.5", None);
        check(&rows, "101", None);
        check(&rate, "0,25", Some(json!(0.25)));
        check(&rate, "−1", Some(json!(-1.0)));
        check(&rate, "inf", None);
        check(&rate, "x", None);
        assert_eq!(slider(&rows.kind), Some(("1".into(), "50".into(), "1".into())));
    }

    #[test]
    fn lists_change_entry_by_entry() {
        let column = FieldSpec::column("column", "Column", "", &[]);
        let list = with_added(&with_added(&json!(null)));
        let list = with_entry(&list, 1, &column, Some(json!("age")));
        assert_eq!(list, json!([{}, {"column": "age"}]));
        assert_eq!(swapped(&list, 1, 0), json!([{"column": "age"}, {}]));
        assert_eq!(swapped(&list, 1, 2), list);
        assert_eq!(without(&list, 0), json!([{"column": "age"}]));
        assert_eq!(without(&list, 9), list);
        assert_eq!(with_entry(&list, 1, &column, None), json!([{}, {}]));
    }

    #[test]
    fn places_are_told_in_bytes_and_units() {
        let check = |text: &str, part: (u32, u32), with: &str, expected: (&str, u32)| {
            assert_eq!(replaced(text, part, with), (expected.0.to_owned(), expected.1), "{text} {part:?}");
        };
        check("ag > 3", (0, 2), "age", ("age > 3", 3));
        check("é😀 + x", (9, 10), "yy", ("é😀 + yy", 8));
        check("é", (1, 1), "x", ("éx", 2));
        check("ab", (7, 3), "c", ("abc", 3));
        let put = |text: &str, part: (usize, usize), with: &str, expected: (&str, u32)| {
            assert_eq!(put_in(text, part, with), (expected.0.to_owned(), expected.1), "{text} {part:?}");
        };
        put("", (0, 0), "round(", ("round(", 6));
        put("é + ", (4, 4), "round(", ("é + round(", 10));
        put("age", (3, 3), " between ", ("age between ", 12));
        put("age  > 3", (4, 4), " = ", ("age = > 3", 5));
        put("abc", (0, 3), "lower(", ("lower(", 6));
        assert_eq!((bytes_before("é😀x", 3), bytes_before("é😀x", 9), chars_before("é😀x", 6)), (6, 7, 2));
    }
}
