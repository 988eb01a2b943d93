//! Rows of two tables side by side where their keys are equal.

use super::join_keys::{Pair, numbered, pairs};
use crate::diagnostic::Diagnostic;
use crate::kind::keys::{Members, NONE};
use crate::kind::stack::{fresh, stack};
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, PortSpec, PortType, Rows,
    input, wanted,
};
use crate::numeric::count;
use crate::table::{Column, Table};
use serde_json::json;
use std::collections::BTreeSet;

/// `table.join`
pub(in crate::kind) struct Join;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Keep {
    Inner,
    Left,
    Right,
    Full,
    /// Left rows that find no partner.
    Anti,
}

impl Operation for Join {
    fn spec(&self) -> KindSpec {
        let help = "Puts columns of a second table beside the first, where the keys are equal.";
        let mut spec = KindSpec::new("table.join", "Join", Group::Combine, Rows::Together, help);
        spec.more = "A row finds every row of the other table with equal keys, so a key that stands several times \
                     on both sides gives every pair.\n\
                     Numbers are equal by value, dates by time, everything else as it is written. A missing key \
                     finds no partner."
            .to_owned();
        spec.words = "merge lookup vlookup left inner outer anti combine match".to_owned();
        spec.inputs = vec![
            PortSpec::new("left", "Left table", PortType::Table),
            PortSpec::new("right", "Right table", PortType::Table),
        ];
        spec.fields = vec![
            FieldSpec::choice(
                "keep",
                "Keep",
                "Which rows come out.",
                &[
                    ("left", "All rows of the left table"),
                    ("inner", "Only rows with a partner"),
                    ("right", "All rows of the right table"),
                    ("full", "All rows of both tables"),
                    ("anti", "Only left rows without a partner"),
                ],
            ),
            FieldSpec::list(
                "keys",
                "Keys",
                "Columns whose values must be equal on both sides.",
                "key",
                vec![
                    FieldSpec::column("left", "Left column", "A column of the left table.", &[])
                        .of_port("left")
                        .required(),
                    FieldSpec::column("right", "Right column", "Its partner in the right table.", &[])
                        .of_port("right")
                        .required(),
                ],
            )
            .required(),
            FieldSpec::text(
                "suffix",
                "Suffix for equal names",
                "Is put behind the name of a right column that the left table has too.",
                "_right",
            )
            .advanced(),
            FieldSpec::integer(
                "most_rows",
                "Most rows",
                "Nothing comes out where there would be more.",
                5_000_000,
                (1, 100_000_000),
                (1_000, 10_000_000),
            )
            .unit("rows")
            .advanced(),
        ];
        spec.example = Some(Example::new(
            &[
                ("left", "order,customer,amount\n1,ann,30\n2,bob,12\n3,eve,7\n"),
                ("right", "name,town\nann,Bern\nbob,Lyon\n"),
            ],
            json!({"keep": "left", "keys": [{"left": "customer", "right": "name"}]}),
            "Each order has its customer's town; for eve it is missing.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let (left, right) = (input(inputs, "left")?, input(inputs, "right")?);
        let keep = match given.text("keep").as_str() {
            "inner" => Keep::Inner,
            "right" => Keep::Right,
            "full" => Keep::Full,
            "anti" => Keep::Anti,
            _ => Keep::Left,
        };
        let pairs = pairs(given, left, right)?;
        let ([l, r], keys) = numbered(&pairs, [left.rows, right.rows]);
        let sides = Sides { l: &l, r: &r, of_left: Members::new(&l, keys), of_right: Members::new(&r, keys) };
        let most = given.integer("most_rows").unwrap_or(i64::MAX).max(0) as u64;
        let rows = sides.rows(keep);
        if rows > most.min(u64::from(u32::MAX - 1)) {
            return Err(too_many(rows, most, &sides, &pairs));
        }
        let findings = if left.rows > 0 && right.rows > 0 { sides.findings(keep, rows) } else { Vec::new() };
        if keep == Keep::Anti {
            let alone: Vec<u32> =
                (0..left.rows as u32).filter(|&row| sides.partners(row).is_empty()).collect();
            return Ok(Done { findings, ..Done::table(left.take(&alone)) });
        }
        let (from_left, from_right) = sides.pairs(keep, rows as usize);
        let mut used: BTreeSet<String> = left.columns.iter().map(|c| c.name.clone()).collect();
        let mut columns: Vec<Column> = Vec::new();
        for column in &left.columns {
            let key = pairs.iter().find(|p| p.left.name == column.name);
            columns.push(match key {
                Some(pair) if matches!(keep, Keep::Right | Keep::Full) => {
                    either(pair, &from_left, &from_right)
                }
                _ => column.take(&from_left),
            });
        }
        let suffix = given.text("suffix");
        for column in right.columns.iter().filter(|c| pairs.iter().all(|p| p.right.name != c.name)) {
            let name = if used.contains(&column.name) {
                format!("{}{suffix}", column.name)
            } else {
                column.name.clone()
            };
            columns.push(Column { name: fresh(&name, &mut used), ..column.take(&from_right) });
        }
        Ok(Done { findings, ..Done::table(Table { columns, rows: from_left.len() }) })
    }
}

/// The left key, and where there is no left row the right one.
fn either(pair: &Pair, from_left: &[u32], from_right: &[u32]) -> Column {
    let lefts = pair.left.len();
    let both = stack(&pair.left.name, &[(Some(pair.left), lefts), (Some(pair.right), pair.right.len())]);
    let rows = from_left.iter().zip(from_right);
    let rows: Vec<u32> = rows.map(|(&l, &r)| if l == NONE { lefts as u32 + r } else { l }).collect();
    both.take(&rows)
}

/// Both tables' key numbers by row, and rows by key number.
struct Sides<'a> {
    l: &'a [u32],
    r: &'a [u32],
    of_left: Members,
    of_right: Members,
}

impl Sides<'_> {
    /// Right rows of a left row.
    fn partners(&self, left: u32) -> &[u32] {
        of(&self.of_right, self.l[left as usize])
    }

    /// Rows of the outcome.
    fn rows(&self, keep: Keep) -> u64 {
        let pairs: u64 = self.l.iter().map(|&key| of(&self.of_right, key).len() as u64).sum();
        let (left, right) = (self.left_alone(), self.right_alone());
        match keep {
            Keep::Inner => pairs,
            Keep::Left => pairs + left,
            Keep::Right => pairs + right,
            Keep::Full => pairs + left + right,
            Keep::Anti => left,
        }
    }

    fn left_alone(&self) -> u64 {
        self.l.iter().filter(|&&key| of(&self.of_right, key).is_empty()).count() as u64
    }

    fn right_alone(&self) -> u64 {
        self.r.iter().filter(|&&key| of(&self.of_left, key).is_empty()).count() as u64
    }

    /// Rows of the left and the right table that stand side by side, [`NONE`] where there is none: in the left table's
    /// order, or in the right one's where all of its rows are kept.
    fn pairs(&self, keep: Keep, rows: usize) -> (Vec<u32>, Vec<u32>) {
        let (mut left, mut right) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        if keep == Keep::Right {
            for (row, &key) in self.r.iter().enumerate() {
                let found = of(&self.of_left, key);
                left.extend_from_slice(if found.is_empty() { &[NONE] } else { found });
                right.resize(left.len(), row as u32);
            }
            return (left, right);
        }
        for row in 0..self.l.len() as u32 {
            let found = self.partners(row);
            let alone: &[u32] = if keep == Keep::Inner { &[] } else { &[NONE] };
            right.extend_from_slice(if found.is_empty() { alone } else { found });
            left.resize(right.len(), row);
        }
        if keep == Keep::Full {
            for (row, _) in self.r.iter().enumerate().filter(|(_, key)| of(&self.of_left, **key).is_empty()) {
                left.push(NONE);
                right.push(row as u32);
            }
        }
        (left, right)
    }

    /// Keys that stand several times on both sides, with their rows on either.
    fn many_to_many(&self) -> impl Iterator<Item = (usize, usize)> {
        let sizes = self.of_left.iter().zip(self.of_right.iter()).map(|(l, r)| (l.len(), r.len()));
        sizes.filter(|&(l, r)| l > 1 && r > 1)
    }

    fn findings(&self, keep: Keep, rows: u64) -> Vec<Finding> {
        let mut found = Vec::new();
        let (keys, l, r) = self
            .many_to_many()
            .fold((0u64, 0u64, 0u64), |s, (l, r)| (s.0 + 1, s.1 + l as u64, s.2 + r as u64));
        if keys > 0 && keep != Keep::Anti {
            let message = format!(
                "{} keys stand several times on both sides: {} left and {} right rows give every pair, {} rows in all.",
                count(keys),
                count(l),
                count(r),
                count(rows)
            );
            let remedy = "If that is not meant, add a key, or group one of the tables before.";
            found.push(Finding::at_param("keys", Diagnostic::warning("join.repeated_keys", message, remedy)));
        }
        let all = self.l.len() as u64;
        let alone = self.left_alone();
        if keep != Keep::Anti && keep != Keep::Right && 2 * alone > all {
            found.push(no_partner(alone, all, "left"));
        }
        let all = self.r.len() as u64;
        let alone = self.right_alone();
        if matches!(keep, Keep::Right | Keep::Full) && 2 * alone > all {
            found.push(no_partner(alone, all, "right"));
        }
        found
    }
}

fn of(members: &Members, key: u32) -> &[u32] {
    if (key as usize) < members.count() { members.of(key as usize) } else { &[] }
}

fn no_partner(alone: u64, all: u64, side: &str) -> Finding {
    let message = format!("{} of {} {side} rows find no partner.", count(alone), count(all));
    let remedy = "Look whether the keys are written alike on both sides.";
    Finding::at_param("keys", Diagnostic::warning("join.no_partner", message, remedy))
}

/// Names the key that gives the most rows.
fn too_many(rows: u64, most: u64, sides: &Sides, pairs: &[Pair]) -> Vec<Finding> {
    let sizes = sides.of_left.iter().zip(sides.of_right.iter());
    let worst = sizes.max_by_key(|(l, r)| l.len() as u64 * r.len() as u64);
    let of_worst = worst.and_then(|(l, r)| {
        let value = pairs.first()?.left.text(*l.first()? as usize)?.chars().take(60).collect::<String>();
        let (l, r) = (count(l.len() as u64), count(r.len() as u64));
        Some(format!(" \"{value}\" alone stands {l} times on the left and {r} times on the right."))
    });
    let message = format!(
        "{} rows would come out, more than {}.{}",
        count(rows),
        count(most),
        of_worst.unwrap_or_default()
    );
    let remedy = "Add a key that tells rows apart, group one of the tables before, or raise \"Most rows\".";
    wanted::error("keys", "join.too_many_rows", message, remedy)
}
