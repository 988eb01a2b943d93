//! What predicting a column means: the task, the classes, and the values of the rows that have one.

use super::protocol::{LearnerChoice, TargetInfo};
use crate::diagnostic::Diagnostic;
use crate::learner::{self, LearnerSpec, Reproducible};
use crate::metric::{self, Question};
use crate::model::{Target, Task};
use crate::numeric::sort_few_by_key;
use crate::table::{Column, ColumnType, Table, Values, target_checks};
use std::collections::BTreeMap;

/// Whole numbers of at most this many distinct values may be classes.
const MOST_NUMERIC_CLASSES: usize = 10;
/// A class needs so many rows on average before numbers are taken for classes.
const ROWS_A_CLASS: usize = 10;
/// More classes are refused: a model would hold a number for each, for each leaf.
const MOST_CLASSES: usize = 500;
/// Column names that usually hold what is asked about, best first.
const USUAL_NAMES: [&str; 14] = [
    "target",
    "label",
    "class",
    "churn",
    "churned",
    "outcome",
    "y",
    "survived",
    "default",
    "fraud",
    "is_fraud",
    "price",
    "saleprice",
    "sale_price",
];

/// The target column as a learner takes it.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct EncodedTarget {
    /// Rows of the table that have a target, ascending; `target` is aligned with them.
    pub rows: Vec<u32>,
    pub target: Target,
    /// Names of the classes, in the order of their codes; empty for regression.
    pub classes: Vec<String>,
}

/// The metric question of a task.
pub(super) fn question(task: Task) -> Question {
    match task {
        Task::Binary => Question::Binary,
        Task::Multiclass => Question::Multiclass,
        Task::Regression => Question::Regression,
    }
}

/// The column that is most likely to be asked about: one with a usual name, else the last that can be predicted.
pub(super) fn guess_column(table: &Table) -> Option<(&Column, String)> {
    let can = |c: &&Column| tasks(c).is_some();
    let named = USUAL_NAMES
        .iter()
        .find_map(|name| table.columns.iter().find(|c| c.name.trim().eq_ignore_ascii_case(name)).filter(can));
    if let Some(column) = named {
        return Some((column, format!("\"{}\" is a usual name for what is asked about.", column.name)));
    }
    let last = table
        .columns
        .iter()
        .rev()
        .find(|c| !matches!(c.ty, ColumnType::Text | ColumnType::Datetime) && can(c));
    last.map(|c| (c, "It is the last column that can be predicted.".to_owned()))
}

/// Tasks that a column allows, the likeliest first, with the reason; `None` where it cannot be predicted.
fn tasks(column: &Column) -> Option<(Vec<Task>, String)> {
    if matches!(column.ty, ColumnType::Id | ColumnType::Constant) {
        return None;
    }
    let numeric = matches!(column.values, Values::F32(_) | Values::F64(_));
    if matches!(column.values, Values::Time(_)) {
        return None;
    }
    let present = column.len() - column.missing_count();
    let distinct = distinct_texts(column, MOST_CLASSES + 1);
    if distinct < 2 {
        return None;
    }
    if !numeric {
        let (task, why) = match distinct {
            2 => (Task::Binary, "it has two values".to_owned()),
            n if n > MOST_CLASSES || n * 2 > present.max(1) => return None,
            n => (Task::Multiclass, format!("it has {n} values")),
        };
        return Some((vec![task], why));
    }
    let whole = (0..column.len()).filter_map(|r| column.number(r)).all(|x| x.trunc() == x);
    Some(match distinct {
        2 => (vec![Task::Binary, Task::Regression], "it has two values".to_owned()),
        n if n <= MOST_NUMERIC_CLASSES && whole && present >= ROWS_A_CLASS * n => {
            (vec![Task::Multiclass, Task::Regression], format!("it has only {n} different whole numbers"))
        }
        n if n <= MOST_CLASSES / 5 && whole => {
            (vec![Task::Regression, Task::Multiclass], "it is a number".to_owned())
        }
        _ => (vec![Task::Regression], "it is a number of many values".to_owned()),
    })
}

/// Number of distinct values, counted up to `most`.
fn distinct_texts(column: &Column, most: usize) -> usize {
    match &column.values {
        Values::Dict { codes, levels } => {
            let mut met = vec![false; levels.len()];
            for &code in codes {
                if let Some(m) = met.get_mut(code as usize) {
                    *m = true;
                }
            }
            met.into_iter().filter(|m| *m).count()
        }
        Values::F32(_) | Values::F64(_) => {
            let mut values: Vec<f64> = (0..column.len()).filter_map(|r| column.number(r)).collect();
            values.sort_unstable_by(f64::total_cmp);
            values.dedup();
            values.len()
        }
        _ => {
            let mut met = std::collections::BTreeSet::new();
            for row in 0..column.len() {
                if let Some(text) = column.text(row) {
                    met.insert(text.into_owned());
                }
                if met.len() >= most {
                    break;
                }
            }
            met.len()
        }
    }
}

/// What predicting `column` (or the likeliest column) as `task` (or the likeliest task) means.
///
/// # Errors
/// Why it cannot be predicted.
pub fn target_info(
    table: &Table,
    column: Option<&str>,
    task: Option<Task>,
) -> Result<TargetInfo, Diagnostic> {
    let (column, chosen) = match column {
        Some(name) => (find_column(table, name)?, None),
        None => guess_column(table).map(|(c, why)| (c, Some(why))).ok_or_else(nothing_to_predict)?,
    };
    let (tasks, why) = tasks(column).ok_or_else(|| cannot_predict(table, column))?;
    let task = match task {
        None => tasks[0],
        Some(task) if tasks.contains(&task) => task,
        Some(task) => return Err(wrong_task(column, task, &tasks)),
    };
    let mut reason = chosen.map_or(String::new(), |c| format!("{c} "));
    reason.push_str(&match task {
        Task::Regression => format!("A number is predicted, as {why}."),
        Task::Binary => format!("One of two classes is predicted, as {why}."),
        Task::Multiclass => format!("One of several classes is predicted, as {why}."),
    });
    let encoded = encode(column, task)?;
    let at = table.column_index(&column.name).unwrap_or(0);
    Ok(TargetInfo {
        column: column.name.clone(),
        task,
        reason,
        tasks,
        classes: class_counts(&encoded),
        metric: metric::default_for(question(task)).id.to_owned(),
        metrics: metric::all()
            .iter()
            .filter(|m| m.suits(question(task)))
            .map(|m| (m.id.to_owned(), m.title.to_owned()))
            .collect(),
        diagnostics: target_checks(table, at),
        features: feature_columns(table, at, &[])
            .into_iter()
            .map(|j| table.columns[j].name.clone())
            .collect(),
        learners: learner_choices(task),
    })
}

fn learner_choices(task: Task) -> Vec<LearnerChoice> {
    let suits = |s: &&LearnerSpec| s.tasks.contains(&task) && s.id != "baseline";
    let choice = |s: &LearnerSpec| LearnerChoice {
        id: s.id.to_owned(),
        title: s.title.to_owned(),
        help: s.help.to_owned(),
        reproducible: s.reproducible == Reproducible::Everywhere,
    };
    learner::all().iter().map(|l| l.spec()).filter(suits).map(choice).collect()
}

/// Indices of the columns that may be features.
pub(super) fn feature_columns(table: &Table, target: usize, ignore: &[String]) -> Vec<usize> {
    let usable =
        |c: &Column| !matches!(c.ty, ColumnType::Id | ColumnType::Constant) && !ignore.contains(&c.name);
    (0..table.columns.len()).filter(|&j| j != target && usable(&table.columns[j])).collect()
}

fn class_counts(encoded: &EncodedTarget) -> Vec<(String, u64)> {
    let mut counts = vec![0u64; encoded.classes.len()];
    if let Target::Classes { codes, .. } = &encoded.target {
        codes.iter().for_each(|&c| counts[c as usize] += 1);
    }
    encoded.classes.iter().cloned().zip(counts).collect()
}

/// The column called `name`, or an error that names the nearest.
pub(super) fn find_column<'a>(table: &'a Table, name: &str) -> Result<&'a Column, Diagnostic> {
    table.column(name).ok_or_else(|| {
        let folded = name.trim().to_lowercase();
        let mut near: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        let likeness = |c: &str| {
            let c = c.to_lowercase();
            let common = c.chars().zip(folded.chars()).take_while(|(a, b)| a == b).count();
            (c != folded, !(c.contains(&folded) || folded.contains(&c)), std::cmp::Reverse(common))
        };
        sort_few_by_key(&mut near, |c| likeness(c));
        let shown: Vec<String> = near.iter().take(8).map(|c| format!("\"{c}\"")).collect();
        let more = if near.len() > 8 { format!(" and {} more", near.len() - 8) } else { String::new() };
        Diagnostic::error(
            "target.no_such_column",
            format!("There is no column \"{name}\"."),
            format!("Choose one of {}{more}.", shown.join(", ")),
        )
    })
}

fn nothing_to_predict() -> Diagnostic {
    Diagnostic::error(
        "target.none",
        "No column can be predicted: each is an identifier, a constant, a date or free text.",
        "Give a column another type, or open another table.",
    )
}

fn cannot_predict(table: &Table, column: &Column) -> Diagnostic {
    let at = table.column_index(&column.name).unwrap_or(0);
    if let Some(found) = target_checks(table, at).into_iter().find(Diagnostic::is_error) {
        return found;
    }
    let what = match column.ty {
        ColumnType::Datetime => "a date".to_owned(),
        ColumnType::Id => "an identifier: each row has another value".to_owned(),
        _ => format!(
            "a column of too many different values (more than {MOST_CLASSES}, or one for every second row)"
        ),
    };
    Diagnostic::error(
        "target.unsuitable",
        format!("\"{}\" cannot be predicted: it is {what}.", column.name),
        "Choose another target, or give the column another type.",
    )
    .at_column(&column.name)
}

fn wrong_task(column: &Column, task: Task, tasks: &[Task]) -> Diagnostic {
    let names: Vec<&str> = tasks.iter().map(|t| t.name()).collect();
    Diagnostic::error(
        "target.wrong_task",
        format!("\"{}\" cannot be predicted as {}.", column.name, task.name()),
        format!("Its values allow: {}.", names.join(", ")),
    )
    .at_column(&column.name)
}

/// The target's values for `task`, and the rows that have one.
///
/// # Errors
/// One class only, too many classes, or words where numbers are wanted.
pub(super) fn encode(column: &Column, task: Task) -> Result<EncodedTarget, Diagnostic> {
    if task == Task::Regression {
        return encode_values(column);
    }
    let mut counts: BTreeMap<String, u64> = BTreeMap::new();
    for row in 0..column.len() {
        if let Some(text) = column.text(row) {
            *counts.entry(text.into_owned()).or_default() += 1;
        }
    }
    let classes = in_class_order(counts.into_keys().collect());
    if classes.len() < 2 || classes.len() > MOST_CLASSES || (task == Task::Binary && classes.len() != 2) {
        return Err(Diagnostic::error(
            "target.classes",
            format!("The target \"{}\" has {} different values.", column.name, classes.len()),
            if task == Task::Binary {
                "A binary target has exactly two.".to_owned()
            } else {
                format!("Between 2 and {MOST_CLASSES} can be told apart.")
            },
        )
        .at_column(&column.name));
    }
    let code_of: BTreeMap<&str, u32> = classes.iter().map(String::as_str).zip(0..).collect();
    let (rows, codes) = (0..column.len() as u32)
        .filter_map(|row| Some((row, *code_of.get(column.text(row as usize)?.as_ref())?)))
        .unzip();
    Ok(EncodedTarget { rows, target: Target::Classes { codes, classes: classes.len() }, classes })
}

fn encode_values(column: &Column) -> Result<EncodedTarget, Diagnostic> {
    let (rows, values): (Vec<u32>, Vec<f64>) = (0..column.len() as u32)
        .filter_map(|row| Some((row, column.number(row as usize).filter(|x| x.is_finite())?)))
        .unzip();
    if values.is_empty() {
        return Err(Diagnostic::error(
            "target.no_numbers",
            format!("The target \"{}\" holds no numbers.", column.name),
            "Choose another target, or predict it as classes.",
        )
        .at_column(&column.name));
    }
    Ok(EncodedTarget { rows, target: Target::Values(values), classes: Vec::new() })
}

/// Numbers by value where all names are numbers, else by their letters.
fn in_class_order(mut names: Vec<String>) -> Vec<String> {
    let numbers: Option<Vec<f64>> =
        names.iter().map(|n| n.trim().parse().ok().filter(|x: &f64| x.is_finite())).collect();
    if let Some(numbers) = numbers {
        let mut keyed: Vec<(f64, String)> = numbers.into_iter().zip(names).collect();
        keyed.sort_by(|a, b| a.0.total_cmp(&b.0).then_with(|| a.1.cmp(&b.1)));
        return keyed.into_iter().map(|(_, n)| n).collect();
    }
    names.sort_unstable();
    names
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::table::{Format, ReadOptions, read};

    fn table(csv: &str) -> Table {
        read(csv.as_bytes(), Format::Csv, &ReadOptions::default()).0
    }

    fn numbered(header: &str, rows: usize, row: impl Fn(usize) -> String) -> Table {
        let body: Vec<String> = (0..rows).map(row).collect();
        table(&format!("{header}\n{}\n", body.join("\n")))
    }

    #[test]
    fn the_task_follows_the_values() {
        let t = numbered("x,words,flag,grade,amount", 60, |i| {
            format!("{},{},{},{},{}.5", i * 7 % 13, ["a", "b", "c"][i % 3], i % 2, i % 4, i * i)
        });
        let task = |name: &str| target_info(&t, Some(name), None).map(|i| i.task);
        assert_eq!(task("words"), Ok(Task::Multiclass));
        assert_eq!(task("flag"), Ok(Task::Binary));
        assert_eq!(task("grade"), Ok(Task::Multiclass));
        assert_eq!(task("amount"), Ok(Task::Regression));
        assert_eq!(
            target_info(&t, Some("grade"), Some(Task::Regression)).map(|i| i.task),
            Ok(Task::Regression)
        );
        let wrong = target_info(&t, Some("words"), Some(Task::Regression)).expect_err("words are no numbers");
        assert_eq!(wrong.code, "target.wrong_task");
    }

    #[test]
    fn the_column_is_guessed_by_name_and_then_by_place() {
        let t = numbered("Churn,a,b", 40, |i| format!("{},{},{}", i % 2, i % 7, i % 5));
        assert_eq!(target_info(&t, None, None).map(|i| i.column), Ok("Churn".to_owned()));
        let t = numbered("a,b", 40, |i| format!("{}.5,{}", i % 7, i % 5));
        assert_eq!(target_info(&t, None, None).map(|i| i.column), Ok("b".to_owned()));
    }

    #[test]
    fn classes_keep_their_spelling_in_the_order_of_numbers() {
        let t = numbered("y,x", 60, |i| format!("{},{i}", [2, 10, 1][i % 3]));
        let info = target_info(&t, Some("y"), None).expect("three classes");
        let names: Vec<&str> = info.classes.iter().map(|c| c.0.as_str()).collect();
        assert_eq!(names, ["1", "2", "10"]);
        assert_eq!(info.features, ["x"]);
    }

    #[test]
    fn what_cannot_be_predicted_says_why() {
        let t = numbered("same,other", 30, |i| format!("k,{i}"));
        assert_eq!(target_info(&t, Some("same"), None).expect_err("one class").code, "target.one_class");
        let near = target_info(&t, Some("Othr"), None).expect_err("no such column");
        assert!(near.remedy.contains("\"other\""), "{}", near.remedy);
    }
}
