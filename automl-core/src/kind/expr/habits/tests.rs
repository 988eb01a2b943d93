//! What people write who come from elsewhere, what they are told, and what it is mended to.

use crate::kind::Wanted;
use crate::kind::expr::{ExprError, diagnose};
use crate::table::ColumnType;

fn schema() -> Vec<(String, ColumnType)> {
    let column = |(name, ty): (&str, ColumnType)| (name.to_owned(), ty);
    [
        ("age", ColumnType::Numeric),
        ("monthly charge", ColumnType::Numeric),
        ("total_price", ColumnType::Numeric),
        ("net-weight", ColumnType::Numeric),
        ("plan", ColumnType::Categorical),
        ("town", ColumnType::Categorical),
        ("left", ColumnType::Boolean),
        ("since", ColumnType::Datetime),
    ]
    .map(column)
    .to_vec()
}

fn first(text: &str, wanted: Wanted) -> Option<ExprError> {
    diagnose(text, &schema(), wanted).err().and_then(|all| all.into_iter().next())
}

/// The text that is pointed at, the remedy, and the mended whole; `–` where none is sure.
fn check(text: &str, wanted: Wanted, expected: (&str, &str, &str)) {
    let error = first(text, wanted).unwrap_or_else(|| panic!("{text} is understood"));
    let told = (&text[error.from..error.to], error.remedy.as_str(), error.instead.as_deref().unwrap_or("–"));
    assert_eq!(told, expected, "{text}: {}", error.message);
    if let Some(instead) = &error.instead {
        assert_eq!(first(instead, wanted), None, "{instead}");
    }
}

#[test]
fn conditions_as_spreadsheets_write_them() {
    let point = "with a point before the decimals.";
    for (text, place, remedy, instead) in [
        ("= age > 20", "=", "Write it without the first =.".to_owned(), "age > 20"),
        ("age > 20,5", "20,5", format!("Write 20.5 instead, {point}"), "age > 20.5"),
        ("age between 1,5 and 2,5", "1,5", format!("Write 1.5 instead, {point}"), "age between 1.5 and 2.5"),
        ("monthly charge > 20", "monthly charge", backquoted("`monthly charge`"), "`monthly charge` > 20"),
        ("Monthly Charge > 20,5", "20,5", format!("Write 20.5 instead, {point}"), "`monthly charge` > 20.5"),
        (
            "[monthly charge] > 20",
            "[monthly charge]",
            "Write `monthly charge` instead.".to_owned(),
            "`monthly charge` > 20",
        ),
        ("AGE > 20", "AGE", as_in_table("age"), "age > 20"),
        ("total price > 2", "total price", as_in_table("total_price"), "total_price > 2"),
        (
            "net-weight > 2",
            "net-weight",
            "Write `net-weight` instead. Such a name stands in backquotes.".to_owned(),
            "`net-weight` > 2",
        ),
        ("plan = gold", "gold", "Write 'gold' instead for the text.".to_owned(), "plan = 'gold'"),
        (
            "plan = very good or age > 3",
            "very good",
            "Write 'very good' instead for the text.".to_owned(),
            "plan = 'very good' or age > 3",
        ),
        (
            "plan in (gold, silver)",
            "gold",
            "Write 'gold' instead for the text.".to_owned(),
            "plan in ('gold', 'silver')",
        ),
        (
            "town = plans",
            "plans",
            "Write 'plans' instead for the text. Or did you mean column plan?".to_owned(),
            "town = 'plans'",
        ),
        (
            "plan = “gold”",
            "“gold”",
            "Write 'gold' instead, with straight quotes.".to_owned(),
            "plan = 'gold'",
        ),
        (
            "and(age > 1, plan = 'a')",
            "and",
            "Write age > 1 and plan = 'a' instead.".to_owned(),
            "age > 1 and plan = 'a'",
        ),
        (
            "OR(age > 1; AND(left; plan = gold))",
            ";",
            "Write , instead of ;.".to_owned(),
            "age > 1 or (left and plan = 'gold')",
        ),
        ("age >= 1 && left", "&&", "Write and instead.".to_owned(), "age >= 1 and left"),
        ("left & age > 1", "&", "Write and instead.".to_owned(), "left and age > 1"),
        ("left || age > 1", "||", "Write or instead.".to_owned(), "left or age > 1"),
        ("!left", "!", "Write not instead.".to_owned(), "not left"),
        ("age ≥ 2", "≥", "Write >= instead.".to_owned(), "age >= 2"),
        ("age => 2", "=>", "Write >= instead.".to_owned(), "age >= 2"),
        ("1 < age < 3", "<", "Write 1 < age and age < 3 instead.".to_owned(), "1 < age and age < 3"),
        ("age > 3;", ";", "Write it without the ;.".to_owned(), "age > 3"),
        (
            "age > 20%",
            "20%",
            "Write 0.2 instead, or the number alone where the column counts per cent.".to_owned(),
            "–",
        ),
        ("ag > 20", "ag", "Did you mean column age?".to_owned(), "age > 20"),
        ("town = 3", "3", "Write it in quotes: '3'.".to_owned(), "town = '3'"),
        ("age > '20,5'", "'20,5'", "Write 20.5 instead, without quotes.".to_owned(), "age > 20.5"),
        (
            "\"monthly charge\" > 2",
            "\"monthly charge\"",
            "For the column write `monthly charge` instead.".to_owned(),
            "`monthly charge` > 2",
        ),
        ("isblank(town)", "isblank", "Write x is missing.".to_owned(), "missing(town)"),
        (
            "nothing > 3",
            "nothing",
            "Write the name of a column that comes in; texts stand in quotes.".to_owned(),
            "–",
        ),
    ] {
        check(text, Wanted::Condition, (place, &remedy, instead));
    }
}

fn backquoted(name: &str) -> String {
    format!("Write {name} instead. A name with a space stands in backquotes.")
}

fn as_in_table(name: &str) -> String {
    format!("Write {name} instead. Names are written as they stand in the table.")
}

#[test]
fn columns_as_spreadsheets_write_them() {
    let join = "Write + instead between texts, or concat(a, b) for values of any kind.";
    for (text, place, remedy, instead) in [
        ("town & ' ' & plan", "&", join, "town + ' ' + plan"),
        ("town & age", "&", join, "concat(town, age)"),
        ("upper(town & plan)", "&", join, "upper(town + plan)"),
        (
            "=IF(age>30;\"old\";\"young\")",
            "=",
            "Write it without the first =.",
            "IF(age>30,\"old\",\"young\")",
        ),
        (
            "if(age > 1,5, 1, 0)",
            "1,5",
            "Write 1.5 instead, with a point before the decimals.",
            "if(age > 1.5, 1, 0)",
        ),
        ("round(age; 1)", ";", "Write , instead of ;.", "round(age, 1)"),
        ("round(2,5; 1)", "2,5", "Write 2.5 instead, with a point before the decimals.", "round(2.5, 1)"),
        ("LEN(town)", "LEN", "Write length(x).", "length(town)"),
        ("POWER(age + 1, 2)", "POWER", "Write (age + 1) ^ 2 instead.", "(age + 1) ^ 2"),
        ("1 + mod(age, 7)", "mod", "Write (age % 7) instead.", "1 + (age % 7)"),
        ("if(left, high, low)", "high", "Write 'high' instead for the text.", "if(left, 'high', 'low')"),
    ] {
        check(text, Wanted::Anything, (place, remedy, instead));
    }
}

#[test]
fn what_is_understood_has_no_habit() {
    for text in ["age <> 3", "IF(left, 1, 0) = 1", "plan = \"gold\"", "NOT(left)", "age == 3", "max(1,5) = 5"]
    {
        assert_eq!(first(text, Wanted::Condition), None, "{text}");
    }
}

#[test]
fn habits_in_long_texts_are_not_looked_for() {
    let text = format!("{}age > 20,5", "age > 1 or ".repeat(400));
    assert_eq!(first(&text, Wanted::Condition).and_then(|e| e.instead), None);
}
