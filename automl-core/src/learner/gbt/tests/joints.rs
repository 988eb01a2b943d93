use super::*;
use crate::learner::Load;
use crate::learner::tree::joint::APART;
use proptest::prelude::{ProptestConfig, prop_assert, proptest};

/// Columns of 0 and 1, of few levels, of categories, of mostly zeros, and of levels a column each.
fn table(rows: usize, columns: usize, classes: usize, seed: u64) -> (Frame, Target) {
    let mut rng = Rng::new(seed);
    let mut z = vec![0.0f32; rows];
    let mut values = Vec::new();
    while values.len() < columns {
        let (kind, count) = (rng.below(5), 2 + rng.below(15));
        let rare = rng.uniform() < 0.5;
        let cells: Vec<usize> =
            (0..rows).map(|_| if rare && rng.below(9) > 0 { 0 } else { rng.below(count) }).collect();
        z.iter_mut().zip(&cells).for_each(|(z, &c)| *z += (c % 3) as f32);
        let mut hole = |c: usize| if kind == 3 && rng.below(20) == 0 { f32::NAN } else { c as f32 };
        match kind {
            0 => values.push(numbers(cells.iter().map(|&c| (c % 2) as f32))),
            1 => values.push(levels(cells.iter().map(|&c| if c == 3 { NO_CATEGORY } else { c as u32 }), 20)),
            2 => {
                values.extend((0..count).map(|l| numbers(cells.iter().map(|&c| f32::from(u8::from(c == l))))))
            }
            _ => values.push(numbers(
                cells.iter().enumerate().map(|(i, &c)| if c == 1 { i as f32 } else { hole(c) }),
            )),
        }
    }
    let target = match classes {
        0 => Target::Values(z.iter().map(|&z| f64::from(z)).collect()),
        k => Target::Classes { codes: z.iter().map(|&z| z as u32 % k as u32).collect(), classes: k },
    };
    (frame(values), target)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn columns_that_are_shared_do_not_change_a_byte(
        (rows, columns, classes) in (30..700usize, 2..30usize, 0..4usize),
        (column_sample, leaves, extra) in (0.4..1.4f64, 3..40i64, 0..2u8),
        (seed, threads) in (0..1000u64, 1..4usize),
    ) {
        let (train, target) = table(rows, columns, if classes == 1 { 2 } else { classes }, seed);
        let given = params(&[
            ("trees", Int(6)),
            ("max_leaves", Int(leaves)),
            ("row_sample", Float(if seed % 2 == 0 { 1.0 } else { 0.7 })),
            ("column_sample", Float(column_sample.min(1.0))),
            ("extra_trees", Bool(extra == 1)),
        ]);
        let cancel = Cancel::new();
        let bytes = |apart| {
            APART.set(apart);
            let (frame, target, params) = (&train, &target, &given);
            let fit = Fit { frame, target, weights: None, validation: None, params, seed, threads, cancel: &cancel, card: None };
            Gbt.fit(&fit).expect("fits").encode()
        };
        let together = bytes(false);
        prop_assert!(together == bytes(true));
        APART.set(false);
    }
}

#[test]
fn few_levels_cost_less() {
    let params = Params::complete(Gbt.spec().params, &Params::default());
    let cost = |few_levels| Gbt.cost(&params, &Load { rows: 20_000, features: 40, few_levels, outputs: 2 });
    assert!(cost(20) < 0.7 * cost(0) && cost(40) < 0.7 * cost(20));
    // More than there are features.
    assert_eq!(cost(90), cost(40));
}
