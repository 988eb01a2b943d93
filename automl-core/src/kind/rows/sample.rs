//! Rows by chance.
//!
//! Selection sampling (Knuth, The Art of Computer Programming, 3.4.2, algorithm S): each row is taken with the chance
//! that exactly the wanted number comes of it, and rows stay in their order.

use crate::kind::keys::Groups;
use crate::kind::{
    Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, absent, build, input,
};
use crate::numeric::{Rng, sort_few_by_key};
use crate::table::ColumnType;
use serde_json::json;

pub(crate) struct Sample;

impl Operation for Sample {
    fn spec(&self) -> KindSpec {
        let fields = vec![
            FieldSpec::choice(
                "by",
                "Size",
                "How the size of the sample is given.",
                &[("count", "A number of rows"), ("share", "A share of the rows")],
            ),
            FieldSpec::integer(
                "count",
                "Rows",
                "How many rows; all if there are fewer.",
                1000,
                (1, 1 << 40),
                (100, 100_000),
            )
            .only_if("by", &[json!("count")]),
            FieldSpec::number(
                "share",
                "Share",
                "Which share of the rows, from 0 to 1.",
                0.1,
                (0.0, 1.0),
                (0.0, 1.0),
            )
            .only_if("by", &[json!("share")]),
            FieldSpec::column(
                "stratify",
                "In proportion to",
                "Each value of this column keeps its share of the rows; none: by chance alone.",
                &[ColumnType::Categorical, ColumnType::Boolean],
            ),
            FieldSpec::integer(
                "seed",
                "Seed",
                "Another number gives another sample.",
                0,
                (0, 1 << 53),
                (0, 100),
            )
            .advanced(),
        ];
        KindSpec {
            more: "The same seed gives the same rows on every machine. Rows stay in their order.\nWith a column to keep \
                   in proportion, rare classes are as rare in the sample as before, and none is lost by chance as long \
                   as the sample has room for it."
                .to_owned(),
            words: "random subset stratified fraction fewer".to_owned(),
            fields,
            example: Some(Example::new(
                &[("table", "n,class\n1,a\n2,a\n3,b\n4,a\n5,b\n6,a\n")],
                json!({"by": "share", "share": 0.5, "stratify": "class"}),
                "Two rows of class a and one of class b.",
            )),
            ..KindSpec::new("table.sample", "Sample rows", Group::Rows, Rows::Together, "Keeps some rows by chance.")
        }
    }

    fn run(&self, given: &Given<'_>, inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let table = input(inputs, "table")?;
        let wanted = if given.text("by") == "share" {
            (given.number("share").unwrap_or(0.0) * table.rows as f64).round() as usize
        } else {
            given.integer("count").map_or(0, |n| usize::try_from(n).unwrap_or(0))
        };
        let wanted = wanted.min(table.rows);
        let name = given.text("stratify");
        let column = table.column(&name);
        let findings =
            if column.is_none() && !name.is_empty() { vec![absent(&name, "stratify")] } else { Vec::new() };
        let groups = Groups::new(column.as_slice(), table.rows).of_row;
        let mut rng = Rng::for_stream(given.integer("seed").unwrap_or(0) as u64, &[0x5a_3b]);
        let rows = sampled(&groups, wanted, &mut rng);
        Ok(Done { findings, ..Done::table(build::taken_table(table, &rows)) })
    }
}

/// `wanted` rows, ascending, of each group as many as is in proportion.
fn sampled(groups: &[u32], wanted: usize, rng: &mut Rng) -> Vec<u32> {
    let mut left = vec![0usize; groups.iter().max().map_or(0, |g| *g as usize + 1)];
    for &group in groups {
        left[group as usize] += 1;
    }
    let mut needed = quotas(&left, wanted);
    let mut rows = Vec::with_capacity(wanted);
    for (row, &group) in (0..).zip(groups) {
        let (left, needed) = (&mut left[group as usize], &mut needed[group as usize]);
        if rng.below(*left) < *needed {
            rows.push(row);
            *needed -= 1;
        }
        *left -= 1;
    }
    rows
}

/// How many of each group, by largest remainders; on a tie the group that comes first.
fn quotas(sizes: &[usize], wanted: usize) -> Vec<usize> {
    let all: u128 = sizes.iter().map(|&s| s as u128).sum();
    let exact = |size: usize| size as u128 * wanted as u128;
    let mut quotas: Vec<usize> =
        sizes.iter().map(|&s| exact(s).checked_div(all).unwrap_or(0) as usize).collect();
    let short = wanted - quotas.iter().sum::<usize>().min(wanted);
    let mut by_rest: Vec<usize> = (0..sizes.len()).collect();
    sort_few_by_key(&mut by_rest, |&g| std::cmp::Reverse(exact(sizes[g]).checked_rem(all).unwrap_or(0)));
    for &group in by_rest.iter().take(short) {
        quotas[group] += 1;
    }
    quotas
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kind::testing_csv::run;

    #[test]
    fn quotas_add_up() {
        let check = |sizes: &[usize], wanted, expected: &[usize]| assert_eq!(quotas(sizes, wanted), expected);
        check(&[4, 2], 3, &[2, 1]);
        check(&[1, 1, 1], 2, &[1, 1, 0]);
        check(&[997, 2, 1], 100, &[100, 0, 0]);
        check(&[5], 5, &[5]);
        check(&[], 0, &[]);
    }

    #[test]
    fn every_row_has_the_same_chance() {
        let mut counts = [0; 10];
        for seed in 0..4000 {
            let rows = sampled(&[0; 10], 3, &mut Rng::new(seed));
            assert_eq!(rows.len(), 3);
            assert!(rows.is_sorted());
            rows.iter().for_each(|&r| counts[r as usize] += 1);
        }
        // 1200 expected, with a deviation of 29.
        assert!(counts.iter().all(|c| (1080..1320).contains(c)), "{counts:?}");
    }

    #[test]
    fn samples_of_a_table() {
        let table: String = (0..100)
            .fold("n,c\n".to_owned(), |t, i| t + &format!("{i},{}\n", if i % 10 == 0 { "b" } else { "a" }));
        let share = run("table.sample", &table, json!({"by": "share", "share": 0.2, "stratify": "c"}));
        assert_eq!((share.lines().count(), share.matches('b').count()), (21, 2));
        assert_eq!(run("table.sample", &table, json!({"count": 500})), table);
        let by_seed = |seed: u64| run("table.sample", &table, json!({"count": 7, "seed": seed}));
        assert_eq!(by_seed(3), by_seed(3));
        assert_ne!(by_seed(3), by_seed(4));
    }
}
