//! What must hold for any table.

use crate::kind::testing::{made_table, run};
use crate::table::{Column, ColumnType, MISSING_CODE, Table, Values};
use proptest::prelude::*;
use serde_json::json;
use std::collections::{BTreeMap, BTreeSet};

/// A column `k` of few categories, `n` of few numbers and `id` of row numbers; any of the first two may be missing.
fn any_table() -> impl Strategy<Value = Table> {
    let rows = proptest::collection::vec((0u32..6, 0u32..6), 0..40);
    rows.prop_map(|rows| {
        let codes = rows.iter().map(|&(k, _)| if k == 5 { MISSING_CODE } else { k }).collect();
        let levels = ["a", "b", "c", "d", "e"].map(str::to_owned).to_vec();
        let n = rows.iter().map(|&(_, n)| if n == 5 { f32::NAN } else { n as f32 }).collect();
        let id = (0..rows.len()).map(|i| i as f32).collect();
        let column =
            |name: &str, ty, values| Column { name: name.to_owned(), ty, values, spellings: Vec::new() };
        let columns = vec![
            column("k", ColumnType::Categorical, Values::Dict { codes, levels }),
            column("n", ColumnType::Numeric, Values::F32(n)),
            column("id", ColumnType::Numeric, Values::F32(id)),
        ];
        Table { rows: rows.len(), columns }
    })
}

/// Rows as they are written, in order.
fn rows(table: &Table) -> Vec<Vec<Option<String>>> {
    let of = |row| table.columns.iter().map(|c| c.text(row).map(|t| t.into_owned())).collect();
    (0..table.rows).map(of).collect()
}

fn sorted<T: Ord>(mut items: Vec<T>) -> Vec<T> {
    items.sort();
    items
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 96, ..ProptestConfig::default() })]

    #[test]
    fn the_union_of_a_split_is_the_table(
        table in any_table(),
        share in 0.0..1.0f64,
        how in 0usize..4,
        train in any::<bool>(),
        seed in 0u32..5,
    ) {
        let how = ["random", "stratified", "group", "time"][how];
        let missing = if train { "train" } else { "random" };
        let params = json!({"how": how, "stratify": "n", "group": "k", "time": "n", "share": share, "missing": missing, "seed": seed});
        let done = run("table.split", params, &[("table", &table)]).unwrap();
        let sides = [made_table(&done, 0), made_table(&done, 1)];
        let done = run("table.union", json!({}), &[("tables", sides[0]), ("tables", sides[1])]).unwrap();
        prop_assert_eq!(sorted(rows(made_table(&done, 0))), sorted(rows(&table)));
        if how == "group" {
            let keys = sides.map(|t| rows(t).into_iter().filter_map(|r| r[0].clone()).collect::<BTreeSet<_>>());
            prop_assert!(keys[0].is_disjoint(&keys[1]));
        }
        if how == "random" && table.rows > 1 && share > 0.0 {
            let wished = (share * table.rows as f64).round().clamp(1.0, table.rows as f64 - 1.0);
            prop_assert_eq!(sides[1].rows as f64, wished);
        }
        if how == "stratified" && train {
            for stratum in 0..5 {
                let of = |t: &Table| (0..t.rows).filter(|&r| t.columns[1].number(r) == Some(f64::from(stratum))).count();
                prop_assert!((of(sides[1]) as f64 - share * of(&table) as f64).abs() <= 1.0);
            }
        }
    }

    #[test]
    fn joins_have_as_many_rows_as_there_are_pairs((left, right) in (any_table(), any_table())) {
        let of = |t: &Table| {
            let mut counts: BTreeMap<String, usize> = BTreeMap::new();
            rows(t).into_iter().filter_map(|r| r[0].clone()).for_each(|k| *counts.entry(k).or_default() += 1);
            counts
        };
        let (l, r) = (of(&left), of(&right));
        let pairs: usize = l.iter().map(|(k, n)| n * r.get(k).copied().unwrap_or(0)).sum();
        let alone = |rows: usize, a: &BTreeMap<String, usize>, b: &BTreeMap<String, usize>| {
            rows - a.iter().filter(|(k, _)| b.contains_key(*k)).map(|(_, n)| n).sum::<usize>()
        };
        let (la, ra) = (alone(left.rows, &l, &r), alone(right.rows, &r, &l));
        for (keep, expected) in
            [("inner", pairs), ("left", pairs + la), ("right", pairs + ra), ("full", pairs + la + ra), ("anti", la)]
        {
            let params = json!({"keep": keep, "keys": [{"left": "k", "right": "k"}]});
            let done = run("table.join", params, &[("left", &left), ("right", &right)]).unwrap();
            prop_assert_eq!(made_table(&done, 0).rows, expected, "{}", keep);
        }
    }

    #[test]
    fn pivoting_what_was_unpivoted_gives_it_back(table in any_table()) {
        let table = Table { columns: vec![table.columns[2].clone(), table.columns[1].clone(), Column { name: "m".to_owned(), ..table.columns[1].clone() }], ..table };
        let long = run("table.unpivot", json!({"ids": ["id"]}), &[("table", &table)]).unwrap();
        let long = made_table(&long, 0);
        prop_assert_eq!(long.rows, 2 * table.rows);
        let params = json!({"index": ["id"], "names": "name", "values": "value"});
        let wide = run("table.pivot", params, &[("table", long)]).unwrap();
        let wide = made_table(&wide, 0);
        prop_assert_eq!(rows(wide), rows(&table));
        prop_assert!(table.rows == 0 || wide.columns.iter().zip(&table.columns).all(|(a, b)| a.name == b.name));
    }

    #[test]
    fn groups_share_out_all_rows(table in any_table()) {
        let params = json!({"keys": ["k"], "aggregates": [{"function": "count"}, {"function": "sum", "column": "id"}]});
        let done = run("table.group", params, &[("table", &table)]).unwrap();
        let groups = made_table(&done, 0);
        let total = |at: usize| (0..groups.rows).filter_map(|r| groups.columns[at].number(r)).sum::<f64>();
        prop_assert_eq!(total(1), table.rows as f64);
        prop_assert_eq!(total(2), (0..table.rows).sum::<usize>() as f64);
    }
}
