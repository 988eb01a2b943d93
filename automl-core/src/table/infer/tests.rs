use super::{ColumnBuilder, Parsing};
use crate::table::options::Decimal;
use crate::table::{Column, ColumnType, Values};

fn parsing() -> Parsing {
    Parsing::new(Decimal::Point, None, None)
}

fn build<S: AsRef<str>>(name: &str, forced: Option<ColumnType>, fields: &[S]) -> (Column, Vec<String>) {
    let mut builder = ColumnBuilder::new(forced, 0);
    fields.iter().for_each(|f| builder.push(f.as_ref(), &parsing()));
    let finished = builder.finish(name, &parsing());
    (finished.column, finished.diagnostics.into_iter().map(|d| d.code).collect())
}

/// `fields`, with what they become.
fn check<S: AsRef<str>>(name: &str, fields: &[S], expected: ColumnType) -> Column {
    let (column, _) = build(name, None, fields);
    let shown: Vec<&str> = fields.iter().take(5).map(AsRef::as_ref).collect();
    assert_eq!(column.ty, expected, "{name}: {shown:?}");
    assert_eq!(column.len(), fields.len());
    column
}

fn many(n: usize, make: impl Fn(usize) -> String) -> Vec<String> {
    (0..n).map(make).collect()
}

use ColumnType::{Boolean, Categorical, Constant, Datetime, Id, Numeric, Text};

#[test]
fn numbers() {
    check("x", &["1", "2", "2"], Numeric);
    check("x", &["0", "1", "1", "0"], Numeric);
    check("x", &["1.5", "NA", "-3e2"], Numeric);
    check("x", &["$1,200", "$5", ""], Numeric);
    check("x", &["12%", "5.5%"], Numeric);
    check("x", &["1,5", "2,75", "3"], Numeric);
    check("x", &["01", "02", "12"], Numeric);
    check("grade", &["1", "2", "3", "fail"], Categorical);
    let narrow = check("x", &["0.5", "3", ""], Numeric);
    assert!(matches!(narrow.values, Values::F32(_)));
    let wide = check("x", &["0.1", "3", ""], Numeric);
    assert!(matches!(wide.values, Values::F64(_)));
    assert_eq!((wide.number(0), wide.number(1), wide.number(2)), (Some(0.1), Some(3.0), None));
}

#[test]
fn a_few_words_among_many_numbers_are_missing_numbers() {
    let fields = many(400, |i| if i % 100 == 7 { "broken".to_string() } else { format!("{}.5", i % 60) });
    let (column, codes) = build("x", None, &fields);
    assert_eq!((column.ty, column.missing_count()), (Numeric, 4));
    assert_eq!(codes, ["type.unparsed"]);
    let fields = many(400, |i| if i % 5 == 0 { "broken".to_string() } else { format!("{}.5", i % 60) });
    check("x", &fields, Categorical);
}

#[test]
fn identifiers_are_not_measurements() {
    check("id", &many(50, |i| (1000 + i * 7).to_string()), Id);
    check("customer_id", &many(50, |i| ((i * 7919) % 104_729).to_string()), Id);
    check("customer_id", &many(50, |i| (i / 2).to_string()), Numeric);
    check("n", &many(50, |i| (i + 1).to_string()), Id);
    check("year", &many(50, |i| (i + 1).to_string()), Numeric);
    check("n", &many(50, |i| (i * 2).to_string()), Numeric);
    check("area", &many(5000, |i| format!("{}.{}", i * 37 % 9973, i % 10)), Numeric);
    check("area", &many(5000, |i| (i * 7919 % 104_729).to_string()), Numeric);
    check("hash", &many(300, |i| format!("{:08x}", i.wrapping_mul(2_654_435_761))), Id);
    check("hash", &many(9000, |i| format!("u{i:05}")), Id);
    check("account", &many(60, |i| format!("1234567890123456{i:04}")), Id);
    check("zip", &many(60, |i| format!("0{:04}", i % 30)), Categorical);
}

#[test]
fn constants_and_nothing() {
    check("x", &["5", "5"], Constant);
    check("x", &["a", "a", " a"], Constant);
    check("x", &["", "NA"], Constant);
    check::<&str>("x", &[], Constant);
    check("x", &["a", "", "a"], Categorical);
    check("x", &["yes", ""], Boolean);
}

#[test]
fn yes_and_no() {
    let column = check("x", &["Yes", "no", "YES", "NA"], Boolean);
    assert_eq!(column.text(0).as_deref(), Some("Yes"));
    assert_eq!(column.number(1), Some(0.0));
    assert!(column.is_missing(3));
    check("x", &["T", "F"], Boolean);
    check("x", &["true", "False"], Boolean);
    check("x", &["y", "n", "maybe"], Categorical);
    check("x", &["yes", "true"], Categorical);
}

#[test]
fn dates() {
    let column = check("x", &["31/01/2024", "01/02/2024"], Datetime);
    assert_eq!(column.text(1).as_deref(), Some("2024-02-01"));
    let column = check("x", &["01/31/2024", "01/02/2024"], Datetime);
    assert_eq!(column.text(1).as_deref(), Some("2024-01-02"));
    let (column, codes) = build("x", None, &["01/02/2024", "03/04/2024"]);
    assert_eq!((column.ty, codes), (Datetime, vec!["type.ambiguous_date".to_string()]));
    check("x", &["2024-01-01", "2024-01-02T10:00", "?"], Datetime);
    check(
        "x",
        &many(20_000, |i| format!("2024-01-{:02} {:02}:{:02}:{:02}", i % 28 + 1, i % 24, i % 60, i / 400)),
        Datetime,
    );
    check("x", &["20240101", "20240102"], Numeric);
    let (column, codes) = build("x", Some(Datetime), &["20240101", "1704153600", "tomorrow"]);
    assert_eq!(column.text(0).as_deref(), Some("2024-01-01"));
    assert_eq!(column.text(1).as_deref(), Some("2024-01-02"));
    assert_eq!((column.missing_count(), codes), (1, vec!["type.unparsed".to_string()]));
}

#[test]
fn words_and_prose() {
    check("city", &many(5000, |i| format!("city {}", i % 300)), Categorical);
    check("city", &many(40_000, |i| format!("city {}", i % 9000)), Categorical);
    check("name", &many(200, |i| format!("Smith, John {i}")), Text);
    check("review", &many(100, |i| format!("this was number {} of the good ones", i % 40)), Text);
    check("reason", &many(100, |i| format!("this was number {} of the good ones", i % 4)), Categorical);
    check("x", &["a", "b", "c"], Categorical);
}

#[test]
fn a_type_that_is_asked_for_is_given() {
    let forced = |ty| build("id", Some(ty), &many(3000, |i| format!("{i:05}")));
    for ty in ColumnType::ALL {
        let (column, _) = forced(ty);
        assert_eq!((column.ty, column.len()), (ty, 3000), "{ty:?}");
    }
    for ty in [Text, Id, Categorical, Constant] {
        assert_eq!(forced(ty).0.text(7).as_deref(), Some("00007"), "{ty:?}");
    }
    assert_eq!(forced(Numeric).0.number(7), Some(7.0));
    let (column, _) = build("x", Some(Boolean), &["1", "0", "1"]);
    assert_eq!(column.number(0), Some(1.0));
    assert_eq!(column.text(1).as_deref(), Some("0"));
    let (column, _) = build("x", Some(Boolean), &["Y"]);
    assert!(
        matches!(&column.values, Values::Bool { labels, .. } if labels == &["N".to_string(), "Y".to_string()])
    );
    let (column, codes) = build("x", Some(Numeric), &many(3000, |i| format!("word {i}")));
    assert_eq!((column.ty, column.missing_count(), codes.len()), (Numeric, 3000, 1));
}

#[test]
fn numbers_that_turn_out_to_be_text_keep_their_text() {
    let fields = many(4000, |i| if i < 2000 { format!("{i}.25") } else { format!("some item {i}") });
    let column = check("x", &fields, Text);
    assert_eq!(column.text(1999).as_deref(), Some("1999.25"));
    assert_eq!(column.text(2000).as_deref(), Some("some item 2000"));
}

#[test]
fn infinity_is_missing_and_said() {
    let (column, codes) = build("x", None, &["1", "inf", "2", "1e999"]);
    assert_eq!((column.missing_count(), codes), (2, vec!["type.infinite".to_string()]));
    let fields = many(3000, |i| if i == 2500 { "-inf".to_string() } else { format!("{i}.5") });
    let (column, codes) = build("x", None, &fields);
    assert_eq!((column.missing_count(), codes), (1, vec!["type.infinite".to_string()]));
}
