//! Rows to learn from, and rows to judge by.

use super::split_rows::{Missing, by_group, by_time, random, strata, stratified};
use crate::diagnostic::Diagnostic;
use crate::kind::keys::{Family, family};
use crate::kind::stack::is_blank;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Made, Operation, PortSpec, PortType,
    Rows, input, wanted,
};
use crate::numeric::{count, percent};
use crate::table::ColumnType;
use serde_json::json;

/// `table.split`
pub(in crate::kind) struct Split;

impl Operation for Split {
    fn spec(&self) -> KindSpec {
        let help = "Divides the rows into a table to train on and a table to test with.";
        let mut spec = KindSpec::new("table.split", "Split", Group::Combine, Rows::Together, help);
        spec.more = "Stratified: both tables have the same share of each value of a column. Numbers are cut into ten \
                     ranges for that.\n\
                     By group: all rows with the same value go to the same side, as when a customer has many rows.\n\
                     By time: the latest rows are tested, as when the future is to be predicted.\n\
                     Rows keep their order. The same seed gives the same division."
            .to_owned();
        spec.words = "train test holdout hold-out divide partition validation stratified grouped".to_owned();
        spec.outputs = vec![
            PortSpec::new("train", "Training rows", PortType::Table),
            PortSpec::new("test", "Test rows", PortType::Table),
        ];
        spec.fields = vec![
            FieldSpec::number(
                "share",
                "Share of test rows",
                "How much of the table goes to the test rows.",
                0.2,
                (0.0, 1.0),
                (0.05, 0.5),
            ),
            FieldSpec::choice(
                "how",
                "How",
                "How rows are chosen.",
                &[
                    ("random", "At random"),
                    ("stratified", "Stratified by a column"),
                    ("group", "Whole groups"),
                    ("time", "Latest rows are tested"),
                ],
            ),
            FieldSpec::column(
                "stratify",
                "Stratify by",
                "Its values have the same share on both sides.",
                &[],
            )
            .required()
            .only_if("how", &[json!("stratified")]),
            FieldSpec::column("group", "Group", "Rows with the same value stay together.", &[])
                .required()
                .only_if("how", &[json!("group")]),
            FieldSpec::column(
                "time",
                "Time",
                "Rows with its largest values are tested.",
                &[ColumnType::Datetime, ColumnType::Numeric, ColumnType::Id],
            )
            .required()
            .only_if("how", &[json!("time")]),
            FieldSpec::choice(
                "missing",
                "Rows without a value",
                "Where rows go whose value in that column is missing.",
                &[("random", "Divided at random"), ("train", "To the training rows"), ("drop", "Left out")],
            )
            .only_if("how", &[json!("stratified"), json!("group"), json!("time")])
            .advanced(),
            FieldSpec::integer(
                "seed",
                "Seed",
                "Another number gives another division.",
                0,
                (0, 1_000_000_000),
                (0, 100),
            )
            .advanced(),
        ];
        spec.example = Some(Example::new(
            &[("table", "customer,visits\nann,3\nann,4\nbob,1\nbob,2\neve,9\neve,8\n")],
            json!({"how": "group", "group": "customer", "share": 0.34}),
            "Two of six rows are test rows: those of one customer.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let share = given.number("share").unwrap_or(0.2).clamp(0.0, 1.0);
        let seed = given.integer("seed").unwrap_or(0) as u64;
        let how = given.text("how");
        let param = match how.as_str() {
            "stratified" => "stratify",
            "group" => "group",
            "time" => "time",
            _ => "",
        };
        let mut findings = Vec::new();
        let mut dropped = vec![false; table.rows];
        let is_test = if param.is_empty() {
            random(table.rows, share, seed)
        } else {
            let column = wanted::column(table, &given.text(param), param)?;
            let missing = match given.text("missing").as_str() {
                "train" => Missing::Train,
                "drop" => Missing::Drop,
                _ => Missing::Random,
            };
            if param == "time" && family(column) == Family::Words && !is_blank(column) {
                let message = format!("\"{}\" holds neither dates nor numbers.", column.name);
                let remedy = "Choose a column that can be put in order of time, or change its type before.";
                return Err(wanted::error(param, "split.time_type", message, remedy));
            }
            let gone: Vec<bool> = (0..table.rows).map(|row| column.is_missing(row)).collect();
            let lost = gone.iter().filter(|g| **g).count();
            if lost > 0 {
                findings.push(Finding::at_param(param, without_value(&column.name, lost, missing)));
            }
            if missing == Missing::Drop {
                dropped.clone_from(&gone);
            }
            match param {
                "stratify" => stratified(&strata(column), &gone, share, seed, missing),
                "group" => by_group(column, &gone, share, seed, missing),
                _ => by_time(column, &gone, share, seed, missing),
            }
        };
        let side = |wanted: bool| {
            let rows =
                (0..table.rows as u32).filter(|&r| !dropped[r as usize] && is_test[r as usize] == wanted);
            rows.collect::<Vec<u32>>()
        };
        let (train, test) = (side(false), side(true));
        findings.extend(off_the_mark(train.len(), test.len(), share, param));
        let outputs = vec![Made::Table(table.take(&train)), Made::Table(table.take(&test))];
        Ok(Done { outputs, findings })
    }
}

fn without_value(column: &str, lost: usize, missing: Missing) -> Diagnostic {
    let what = match missing {
        Missing::Train => "they go to the training rows",
        Missing::Drop => "they are left out",
        Missing::Random => "they are divided at random",
    };
    let message = format!("{} rows have no value in \"{column}\": {what}.", count(lost as u64));
    Diagnostic::info("split.missing", message, "Choose where they go, or fill the column before.")
        .at_column(column)
}

/// Where a side is empty, or the share is far from the one wished for.
fn off_the_mark(train: usize, test: usize, share: f64, param: &str) -> Option<Finding> {
    let rows = train + test;
    if rows == 0 {
        return None;
    }
    let got = test as f64 / rows as f64;
    let at = if param.is_empty() { "share" } else { param };
    let empty = if train == 0 { Some("training") } else { (test == 0).then_some("test") };
    let diagnostic = match empty {
        Some(side) => Diagnostic::warning(
            "split.empty",
            format!("There are no {side} rows."),
            "Change the share, or how rows are chosen.",
        ),
        None if (got - share).abs() > 0.05 && (got - share).abs() * rows as f64 > 1.0 => Diagnostic::warning(
            "split.share",
            format!("{} of the rows are test rows, where {} were wished for.", percent(got), percent(share)),
            "Rows that belong together cannot be divided: choose a column of more values for another share.",
        ),
        None => return None,
    };
    Some(Finding::at_param(at, diagnostic))
}
