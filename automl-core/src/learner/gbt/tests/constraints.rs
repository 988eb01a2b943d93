//! Directions of features, and features that are kept apart.

use super::{GROWTHS, fit, fit_weighted, try_fit};
use crate::learner::FitError;
use crate::learner::ParamValue::{self, Bool, Float, Int, Text};
use crate::learner::tree::testing::{frame, levels, numbers, rmse};
use crate::model::{Model, Target};
use crate::node::{FeatureValues, Frame, NO_CATEGORY};
use crate::numeric::{Rng, math};
use proptest::prelude::*;

/// Three numbers with holes and a category; column by column.
struct Table {
    numbers: Vec<Vec<f32>>,
    codes: Vec<u32>,
}

impl Table {
    fn random(rows: usize, rng: &mut Rng) -> Self {
        let cell = |rng: &mut Rng| if rng.below(12) == 0 { f32::NAN } else { rng.below(50) as f32 / 10.0 };
        let numbers = (0..3).map(|_| (0..rows).map(|_| cell(rng)).collect()).collect();
        let codes = (0..rows).map(|_| if rng.below(12) == 0 { NO_CATEGORY } else { rng.below(8) as u32 });
        Self { numbers, codes: codes.collect() }
    }

    fn frame(&self) -> Frame {
        let mut columns: Vec<FeatureValues> = self.numbers.iter().cloned().map(numbers).collect();
        columns.push(levels(self.codes.iter().copied(), 8));
        frame(columns)
    }

    /// Its rows with another value of one column in all of them.
    fn with(&self, column: usize, value: f32) -> Frame {
        let mut numbers = self.numbers.clone();
        numbers[column].fill(value);
        Self { numbers, codes: self.codes.clone() }.frame()
    }

    fn number(&self, column: usize, row: usize) -> f64 {
        let x = f64::from(self.numbers[column][row]);
        if x.is_nan() { 1.0 } else { x }
    }
}

/// The largest step in the wrong direction as one column grows, in any row.
fn worst_step(model: &dyn Model, table: &Table, column: usize, direction: f64) -> f64 {
    let at = |v: i32| {
        let prediction = model.predict(&table.with(column, v as f32 / 20.0));
        prediction.output(prediction.outputs - 1).collect::<Vec<f64>>()
    };
    let sweep: Vec<Vec<f64>> = (-5..110).map(at).collect();
    let steps = sweep.windows(2).flat_map(|w| w[0].iter().zip(&w[1]).map(|(a, b)| direction * (a - b)));
    steps.fold(f64::NEG_INFINITY, f64::max)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(40))]

    #[test]
    fn predictions_keep_to_the_direction(
        seed in any::<u32>(),
        loss in prop::sample::select(vec!["squared", "absolute", "huber", "quantile", "poisson", "tweedie", "two"]),
        up in any::<bool>(),
        random in any::<bool>(),
        weighted in any::<bool>(),
        row_sample in prop::sample::select(vec![0.6, 1.0]),
        l1 in prop::sample::select(vec![0.0, 0.5]),
        growth in prop::sample::select(GROWTHS.to_vec()),
    ) {
        let mut rng = Rng::new(u64::from(seed));
        let table = Table::random(150, &mut rng);
        // The truth goes up and down, so that nothing but the constraint keeps predictions to a direction.
        let z = |i: usize| math::sin(2.0 * table.number(0, i)) * table.number(1, i) + table.number(0, i);
        let z: Vec<f64> = (0..150).map(|i| (z(i) + rng.normal()).abs()).collect();
        let target = match loss {
            "two" => Target::Classes { codes: z.iter().map(|z| u32::from(*z > 2.0)).collect(), classes: 2 },
            _ => Target::Values(z),
        };
        let (sign, direction) = if up { ("+1", 1.0) } else { ("-1", -1.0) };
        let loss = if loss == "two" { "auto" } else { loss };
        let given = [
            ("loss", Text(loss.to_owned())),
            ("monotone", Text(format!("x0:{sign}, x2:+1"))),
            ("trees", Int(15)),
            ("learning_rate", Float(0.5)),
            ("max_leaves", Int(16)),
            ("growth", Text(growth.to_owned())),
            ("min_rows_leaf", Int(2)),
            ("cat_group_rows", Int(2)),
            ("extra_trees", Bool(random)),
            ("row_sample", Float(row_sample)),
            ("l1", Float(l1)),
        ];
        let weights: Vec<f32> = (0..150).map(|_| rng.uniform() as f32).collect();
        let model = if weighted {
            fit_weighted(&table.frame(), &target, &weights, &given).expect("fits")
        } else {
            fit(&table.frame(), &target, &given)
        };
        prop_assert!(worst_step(&*model, &table, 0, direction) <= 1e-12);
        prop_assert!(worst_step(&*model, &table, 2, 1.0) <= 1e-12);
    }

    #[test]
    fn features_that_are_kept_apart_add_up(
        seed in any::<u32>(),
        sampled in any::<bool>(),
        growth in prop::sample::select(GROWTHS.to_vec()),
    ) {
        let mut rng = Rng::new(u64::from(seed));
        let table = Table::random(200, &mut rng);
        let z = |i: usize| table.number(0, i) * table.number(1, i) - table.number(1, i) * table.number(2, i);
        let target = Target::Values((0..200).map(|i| z(i) + 0.3 * rng.normal()).collect());
        let given = [
            // Neither x0 and x2 nor x3 and anything may meet.
            ("interactions", Text("[x0, x1] [x1, x2]".to_owned())),
            ("trees", Int(20)),
            ("growth", Text(growth.to_owned())),
            ("learning_rate", Float(0.3)),
            ("min_rows_leaf", Int(2)),
            ("column_sample_node", Float(if sampled { 0.5 } else { 1.0 })),
        ];
        let model = fit(&table.frame(), &target, &given);
        let free = fit(&table.frame(), &target, &given[1..]);
        // The second difference of what is a sum of functions of either alone is 0.
        let difference = |model: &dyn Model, a: usize, b: usize, rng: &mut Rng| {
            let (low, high) = (rng.uniform() as f32 * 2.0, 3.0 + rng.uniform() as f32 * 2.0);
            let at = |va: f32, vb: f32| {
                let mut table = Table { numbers: table.numbers.clone(), codes: table.codes.clone() };
                table.numbers[a].fill(va);
                if b == 3 { table.codes.fill(vb as u32) } else { table.numbers[b].fill(vb) }
                model.predict(&table.frame()).values
            };
            let (ll, lh, hl, hh) = (at(low, low), at(low, high), at(high, low), at(high, high));
            (0..200).map(|i| (ll[i] - lh[i] - hl[i] + hh[i]).abs()).fold(0.0, f64::max)
        };
        for (a, b) in [(0, 2), (0, 3), (1, 3), (2, 3)] {
            prop_assert!(difference(&*model, a, b, &mut rng) < 1e-9);
        }
        // Two places may happen to differ by nothing; several do not.
        let mut most = |model: &dyn Model, a: usize, b: usize| {
            (0..8).map(|_| difference(model, a, b, &mut rng)).fold(0.0, f64::max)
        };
        prop_assert!(most(&*model, 0, 1) > 0.1 && most(&*free, 0, 2) > 1e-6);
    }
}

#[test]
fn a_true_direction_makes_predictions_better() {
    let mut rng = Rng::new(51);
    let mut half = |rows: usize| {
        let table = Table::random(rows, &mut rng);
        let z = (0..rows)
            .map(|i| math::sin(0.3 * table.number(0, i)) * 3.0 - table.number(1, i) + 2.0 * rng.normal());
        let target = Target::Values(z.collect());
        (table.frame(), target)
    };
    let ((train, y), (test, truth)) = (half(400), half(4000));
    for loss in ["squared", "absolute"] {
        let score = |monotone: &str| {
            let given = [("loss", loss), ("monotone", monotone)].map(|(n, v)| (n, Text(v.to_owned())));
            let given: Vec<(&str, ParamValue)> = given.into_iter().chain([("trees", Int(60))]).collect();
            rmse(&fit(&train, &y, &given).predict(&test), &truth)
        };
        let (free, bound) = (score(""), score("x0:+1, x1:-1"));
        assert!(bound < free, "{loss}: {bound} {free}");
    }
}

#[test]
fn what_has_no_direction_is_refused() {
    let table = Table::random(60, &mut Rng::new(52));
    let target = Target::Classes { codes: (0..60).map(|i| i % 3).collect(), classes: 3 };
    for (target, monotone, told) in [
        (&target, "x0:+1", "two classes"),
        (&Target::Values(vec![1.0; 60]), "x3:+1", "categorical"),
        (&Target::Values(vec![1.0; 60]), "x9:+1", "no feature"),
    ] {
        let refused =
            try_fit(&table.frame(), target, None, &[("monotone", Text(monotone.to_owned()))], 1).err();
        let Some(FitError::Unsuitable { reason }) = refused else { panic!("{monotone}") };
        assert!(reason.contains(told), "{reason}");
    }
}
