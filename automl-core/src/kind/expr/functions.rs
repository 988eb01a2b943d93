//! The functions of the language, declared once: checks, completion and documentation follow.

use super::check::Type::{self, Any, Boolean, Date, Number, Text};
use super::error::ExprError;
use super::vector::Vector;
use super::{dates, numbers, texts};
use crate::kind::nearest;
use serde::Serialize;

/// What an argument takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Takes {
    One(Type),
    /// Any type, the same as the other arguments.
    Alike,
}

/// An argument of a function.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Argument {
    pub name: &'static str,
    pub takes: Takes,
    pub optional: bool,
}

/// Values by row from the arguments' values by row, for so many rows.
type Run = fn(&[Vector<'_>], usize) -> Vector<'static>;

/// A function.
#[derive(Debug, Clone, Copy, Serialize)]
pub struct Function {
    /// What it stands among where functions are listed.
    pub group: &'static str,
    pub name: &'static str,
    pub takes: &'static [Argument],
    /// Takes any number of values like its last.
    pub many: bool,
    /// `None`: the type of its arguments.
    pub gives: Option<Type>,
    /// One or two sentences.
    pub help: &'static str,
    /// An expression without columns, and what it gives, as text.
    pub example: &'static str,
    pub shows: &'static str,
    #[serde(skip)]
    pub(crate) run: Run,
}

impl Function {
    pub(crate) fn least(&self) -> usize {
        self.takes.iter().filter(|a| !a.optional).count()
    }

    pub(crate) fn most(&self) -> usize {
        if self.many { usize::MAX } else { self.takes.len() }
    }

    pub(crate) fn argument(&self, at: usize) -> Argument {
        // Every function has an argument; those behind the last are like it.
        let last = self.takes.len().saturating_sub(1);
        self.takes.get(at.min(last)).copied().unwrap_or(value("value"))
    }

    /// Such as `round(number, [digits])`.
    pub fn usage(&self) -> String {
        let names: Vec<String> = self
            .takes
            .iter()
            .map(|a| if a.optional { format!("[{}]", a.name) } else { a.name.to_owned() })
            .collect();
        format!("{}({}{})", self.name, names.join(", "), if self.many { ", …" } else { "" })
    }
}

const fn one(name: &'static str, ty: Type) -> Argument {
    Argument { name, takes: Takes::One(ty), optional: false }
}

const fn maybe(name: &'static str, ty: Type) -> Argument {
    Argument { name, takes: Takes::One(ty), optional: true }
}

const fn value(name: &'static str) -> Argument {
    Argument { name, takes: Takes::Alike, optional: false }
}

#[allow(clippy::too_many_arguments, reason = "one line a function reads as a table")]
const fn function(
    group: &'static str,
    name: &'static str,
    takes: &'static [Argument],
    gives: Type,
    run: Run,
    help: &'static str,
    example: &'static str,
    shows: &'static str,
) -> Function {
    Function { group, name, takes, many: false, gives: Some(gives), help, example, shows, run }
}

impl Function {
    const fn many(mut self) -> Self {
        self.many = true;
        self
    }

    const fn alike(mut self) -> Self {
        self.gives = None;
        self
    }
}

const X: &[Argument] = &[one("number", Number)];
const T: &[Argument] = &[one("text", Text)];
const D: &[Argument] = &[one("date", Date)];
const LENGTH: &[Argument] = &[one("text", Text), one("count", Number)];
const FIND: &[Argument] = &[one("text", Text), one("part", Text)];

const CHOICE: &str = "Choices and gaps";
const NUMBERS: &str = "Numbers";
const TEXTS: &str = "Texts";
const DATES: &str = "Dates";

/// All functions, as they are listed.
#[rustfmt::skip]
pub static FUNCTIONS: [Function; 42] = [
    function(CHOICE, "if", &[one("condition", Boolean), value("then"), Argument { optional: true, ..value("otherwise") }], Any, numbers::nothing, "The second value where the condition is true, else the third. Without a third, other rows are missing.", "if(3 > 2, 'more', 'less')", "more").alike(),
    function(CHOICE, "coalesce", &[value("value"), value("instead")], Any, numbers::coalesce, "The first of the values that is not missing.", "coalesce(missing, 7)", "7").many().alike(),
    function(CHOICE, "missing", &[one("value", Any)], Boolean, numbers::nothing, "True where the value is missing. The same as: value is missing.", "missing('a')", "false"),
    function(NUMBERS, "number", &[one("value", Any)], Number, numbers::number, "A number of a text, as spreadsheets write it; 1 or 0 of yes or no. What is no number is missing.", "number('1,234.5')", "1234.5"),
    function(TEXTS, "text", &[one("value", Any)], Text, texts::text, "A text of anything.", "text(2.50)", "2.5"),
    function(NUMBERS, "abs", X, Number, numbers::abs, "The size of a number, without its sign.", "abs(-3)", "3"),
    function(NUMBERS, "round", &[one("number", Number), maybe("digits", Number)], Number, numbers::round, "The nearest number with so many digits behind the point, 0 if not given; halves go away from zero.", "round(2.345, 1)", "2.3"),
    function(NUMBERS, "floor", X, Number, numbers::floor, "The next lower whole number.", "floor(-1.5)", "-2"),
    function(NUMBERS, "ceil", X, Number, numbers::ceil, "The next higher whole number.", "ceil(1.2)", "2"),
    function(NUMBERS, "sqrt", X, Number, numbers::sqrt, "The square root; missing below 0.", "sqrt(16)", "4"),
    function(NUMBERS, "ln", X, Number, numbers::ln, "The natural logarithm; missing for 0 and below.", "ln(1)", "0"),
    function(NUMBERS, "log10", X, Number, numbers::log10, "The logarithm to the base 10; missing for 0 and below.", "log10(1000)", "3"),
    function(NUMBERS, "exp", X, Number, numbers::exp, "The number e to this power.", "exp(0)", "1"),
    function(NUMBERS, "min", &[value("value"), value("other")], Any, numbers::min, "The least of numbers or dates in a row; missing ones are passed over.", "min(4, 2, 9)", "2").many().alike(),
    function(NUMBERS, "max", &[value("value"), value("other")], Any, numbers::max, "The greatest of numbers or dates in a row; missing ones are passed over.", "max('2024-05-01', date('2023-01-01'))", "2024-05-01").many().alike(),
    function(NUMBERS, "clamp", &[one("number", Number), one("low", Number), one("high", Number)], Number, numbers::clamp, "The number, but no lower than the one limit and no higher than the other.", "clamp(12, 0, 10)", "10"),
    function(TEXTS, "lower", T, Text, texts::lower, "The text in small letters.", "lower('Paris')", "paris"),
    function(TEXTS, "upper", T, Text, texts::upper, "The text in capital letters.", "upper('Paris')", "PARIS"),
    function(TEXTS, "trim", T, Text, texts::trim, "The text without white space at its ends.", "trim('  a b ')", "a b"),
    function(TEXTS, "length", T, Number, texts::length, "How many characters the text has.", "length('größe')", "5"),
    function(TEXTS, "left", LENGTH, Text, texts::left, "The first characters of the text.", "left('AB-123', 2)", "AB"),
    function(TEXTS, "right", LENGTH, Text, texts::right, "The last characters of the text.", "right('AB-123', 3)", "123"),
    function(TEXTS, "replace", &[one("text", Text), one("part", Text), one("with", Text)], Text, texts::replace, "The text with every such part replaced.", "replace('a-b-c', '-', '/')", "a/b/c"),
    function(TEXTS, "contains", FIND, Boolean, texts::contains, "True where the text has this part. Capitals count.", "contains('Main Street', 'Street')", "true"),
    function(TEXTS, "starts_with", FIND, Boolean, texts::starts_with, "True where the text begins so.", "starts_with('Main Street', 'Main')", "true"),
    function(TEXTS, "ends_with", FIND, Boolean, texts::ends_with, "True where the text ends so.", "ends_with('Main Street', 'Main')", "false"),
    function(TEXTS, "concat", &[one("value", Any), one("next", Any)], Text, texts::concat, "The values as one text. Missing where one of them is.", "concat('Q', 4, ' ', 'sales')", "Q4 sales").many(),
    function(TEXTS, "split_part", &[one("text", Text), one("separator", Text), one("place", Number)], Text, texts::split_part, "The part at this place, from 1, of a text that is split; from the end with -1. Missing where there is none.", "split_part('2024/Paris/7', '/', 2)", "Paris"),
    function(DATES, "date", &[one("text", Text), maybe("order", Text)], Date, dates::date, "A date of a text. Where day and month could be swapped, give 'dmy' or 'mdy'; else such texts are missing.", "date('31.12.2024')", "2024-12-31"),
    function(DATES, "make_date", &[one("year", Number), one("month", Number), one("day", Number)], Date, dates::make_date, "A date of its numbers; missing where there is no such day.", "make_date(2024, 2, 29)", "2024-02-29"),
    function(DATES, "year", D, Number, dates::year, "The year of a date.", "year('2024-05-31')", "2024"),
    function(DATES, "quarter", D, Number, dates::quarter, "The quarter of a date, 1 to 4.", "quarter('2024-05-31')", "2"),
    function(DATES, "month", D, Number, dates::month, "The month of a date, 1 to 12.", "month('2024-05-31')", "5"),
    function(DATES, "day", D, Number, dates::day, "The day of the month, 1 to 31.", "day('2024-05-31')", "31"),
    function(DATES, "weekday", D, Number, dates::weekday, "The day of the week, 1 for Monday to 7 for Sunday.", "weekday('2024-05-31')", "5"),
    function(DATES, "day_of_year", D, Number, dates::day_of_year, "The day of the year, 1 to 366.", "day_of_year('2024-02-01')", "32"),
    function(DATES, "hour", D, Number, dates::hour, "The hour of the day, 0 to 23.", "hour('2024-05-31T18:30')", "18"),
    function(DATES, "minute", D, Number, dates::minute, "The minute of the hour, 0 to 59.", "minute('2024-05-31T18:30')", "30"),
    function(DATES, "days_between", &[one("from", Date), one("to", Date)], Number, dates::days_between, "Days from one date to another, with fractions; below 0 where the second comes first.", "days_between('2024-01-01', '2024-03-01')", "60"),
    function(DATES, "is_weekend", D, Boolean, dates::is_weekend, "True on Saturdays and Sundays.", "is_weekend('2024-06-01')", "true"),
    function(DATES, "add_days", &[one("date", Date), one("days", Number)], Date, dates::add_days, "The date so many days later. The same as: date + days.", "add_days('2024-02-28', 2)", "2024-03-01"),
    function(DATES, "start_of_month", D, Date, dates::start_of_month, "The first day of the date's month.", "start_of_month('2024-05-31')", "2024-05-01"),
];

/// Where a function stands in [`FUNCTIONS`].
pub(crate) fn place(name: &str) -> Option<usize> {
    FUNCTIONS.iter().position(|f| f.name.eq_ignore_ascii_case(name))
}

/// What other languages call functions, and what to write here.
const FOREIGN: [(&str, &str); 31] = [
    ("average", "(a + b) / 2, or a group of rows"),
    ("avg", "(a + b) / 2, or a group of rows"),
    ("ceiling", "ceil(x)"),
    ("concatenate", "concat(a, b)"),
    ("datediff", "days_between(from, to)"),
    ("datepart", "year(d), month(d) or day(d)"),
    ("ifelse", "if(condition, a, b)"),
    ("iff", "if(condition, a, b)"),
    ("ifnull", "coalesce(x, y)"),
    ("iif", "if(condition, a, b)"),
    ("int", "floor(x)"),
    ("isblank", "x is missing"),
    ("isempty", "x is missing"),
    ("isna", "x is missing"),
    ("isnull", "x is missing"),
    ("lcase", "lower(x)"),
    ("len", "length(x)"),
    ("log", "ln(x) or log10(x)"),
    ("mod", "x % y"),
    ("nvl", "coalesce(x, y)"),
    ("pow", "x ^ y"),
    ("power", "x ^ y"),
    ("proper", "upper(x) or lower(x)"),
    ("str", "text(x)"),
    ("substitute", "replace(x, part, with)"),
    ("substr", "left(x, n) or right(x, n)"),
    ("substring", "left(x, n) or right(x, n)"),
    ("to_number", "number(x)"),
    ("tostring", "text(x)"),
    ("ucase", "upper(x)"),
    ("value", "number(x)"),
];

pub(crate) fn unknown(name: &str, place: (usize, usize)) -> ExprError {
    let message = format!("There is no function {name}.");
    if let Some((_, here)) = FOREIGN.iter().find(|(f, _)| *f == name) {
        let function = here.split('(').next().filter(|f| self::place(f).is_some() && !here.contains(" or "));
        let instead = if *here == "x is missing" { Some("missing") } else { function };
        return ExprError::new(place, message, format!("Write {here}.")).or(instead.map(str::to_owned));
    }
    let near = nearest(name, FUNCTIONS.iter().map(|f| f.name));
    let remedy = match near {
        Some(near) => format!("Did you mean {near}?"),
        None => "Choose a function from the list.".to_owned(),
    };
    ExprError::new(place, message, remedy).or(near.map(str::to_owned))
}
