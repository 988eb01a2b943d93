//! Boosting on rows that executors hold, against boosting on the same rows in memory: the same bytes, whatever becomes of
//! the executors.

use super::parts::Case;
use super::{GROWTHS, Gbt, params};
use crate::learner::ParamValue::{self, Bool, Float, Int, Text};
use crate::learner::cluster::Cluster;
use crate::learner::cluster::testing::Local;
use crate::learner::parts::Block;
use crate::learner::parts::testing::Memory;
use crate::learner::tree::testing::{mixed, numbers};
use crate::learner::{FitError, Learner};
use crate::model::{Model, Target};
use crate::node::{FeatureColumn, Frame};
use crate::numeric::Rng;
use crate::platform::Cancel;
use proptest::prelude::*;

/// As [`Case::in_parts`], with so many rows announced, from which follows how they are cut.
fn spread(
    case: &Case<'_>,
    announced: usize,
    block: usize,
    shelf: &mut Memory,
    cluster: &mut dyn Cluster,
) -> Result<Box<dyn Model>, FitError> {
    let cancel = Cancel::new();
    let begun = Gbt.on_executors(&case.fit(&cancel, false), announced).expect("suits");
    let mut begun = begun.expect("boosting learns so");
    let rows: Vec<u32> = (0..case.train.0.rows as u32).collect();
    for rows in rows.chunks(block) {
        let weights: Option<Vec<f32>> =
            case.weights.map(|w| rows.iter().map(|&row| w[row as usize]).collect());
        let (frame, target) = (case.train.0.take(rows), case.train.1.take(rows));
        begun.take(&Block { frame: &frame, target: &target, weights: weights.as_deref() }, shelf)?;
    }
    let places = begun.places();
    let model = begun.finish(case.test, shelf, Some(cluster), &cancel, &mut |_| {});
    assert!(shelf.places.len() <= places);
    model
}

/// [`mixed`] and features of few bins, which share codes.
fn table(rows: usize, classes: usize, seed: u64) -> (Frame, Target) {
    let (mut frame, target) = mixed(rows, classes, seed);
    let mut rng = Rng::new(seed + 100);
    for levels in [2, 3, 2] {
        let values = numbers((0..rows).map(|_| rng.below(levels) as f32));
        frame.columns.push(FeatureColumn { name: format!("few{}", frame.columns.len()), values });
    }
    (frame, target)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn any_cut_and_any_failures_give_the_model_of_memory(
        (rows, cut, block) in (30..400usize, 1..20usize, 1..200usize),
        (growth, sampling) in (0..3usize, 0..3usize),
        (classes, shares, extra, monotone) in (0..4usize, 0..2usize, any::<bool>(), any::<bool>()),
        (executors, failing, threads) in (1..5usize, 0..4usize, 1..3usize),
        (room, seed) in (any::<bool>(), 0..1000u64),
    ) {
        let (train, codes) = table(rows, classes.max(2), seed);
        let (test, truth) = table(60, classes.max(2), seed + 1);
        let values = |t: Target| match t {
            Target::Classes { codes, .. } if classes == 0 => {
                Target::Values(codes.iter().zip(0..).map(|(&c, i)| f64::from(c * 3 + i % 5)).collect())
            }
            other => other,
        };
        let (target, truth) = (values(codes), values(truth));
        let weights: Vec<f32> = (0..rows).map(|i| (i % 3) as f32).collect();
        let mut given: Vec<(&str, ParamValue)> = vec![
            ("trees", Int(6)),
            ("growth", Text(GROWTHS[growth].to_owned())),
            ("min_rows_leaf", Int(2)),
            ("max_leaves", Int(12)),
        ];
        if sampling > 0 {
            given.push(("row_sample", Float(0.6)));
            given.push(("sampling", Text(["uniform", "mvs"][sampling - 1].to_owned())));
        }
        if shares > 0 {
            given.extend([("column_sample", Float(0.6)), ("column_sample_node", Float(0.7))]);
        }
        if extra {
            given.push(("extra_trees", Bool(true)));
        }
        if monotone && classes < 3 {
            given.push(("monotone", Text("x0:+1".to_owned())));
        }
        let case = Case {
            train: (&train, &target),
            weights: (seed % 2 == 0).then_some(weights.as_slice()),
            test: (&test, &truth),
            params: params(&given),
        };
        let mut cluster = Local::new(executors, threads, seed);
        // More often, and all parts of the rows would hardly ever be there at once.
        cluster.failing = [0.0, 0.02, 0.05, 0.1][failing];
        if room && executors > 1 {
            // The first has room for one shard or two, the others for what they get.
            cluster.set_limit(0, 300_000);
        }
        let spread = spread(&case, rows * cut, block, &mut Memory::default(), &mut cluster).expect("fits");
        prop_assert_eq!(spread.encode(), case.whole().encode());
        prop_assert!(failing == 0 && executors > 1 || cluster.asked > 0);
        prop_assert!(cluster.failing > 0.0 || cluster.holds().iter().all(|holds| holds.fits == 0));
    }
}

#[test]
fn who_is_lost_for_good_is_done_without_and_who_comes_back_gets_rows_again() {
    let (train, target) = table(600, 2, 5);
    let (test, truth) = table(100, 2, 6);
    let given = [("trees", Int(30)), ("patience", Int(0))];
    let case =
        Case { train: (&train, &target), weights: None, test: (&test, &truth), params: params(&given) };
    let whole = case.whole().encode();
    let mut cluster = Local::new(3, 1, 1);
    cluster.dead_from = vec![(1, 40, usize::MAX), (2, 100, 300)];
    let model = spread(&case, 600, 100, &mut Memory::default(), &mut cluster).expect("fits");
    assert_eq!(model.encode(), whole);
    // The second never helped again; the third did.
    assert!(cluster.last_helped[1] < 40 && cluster.last_helped[2] > 300, "{:?}", cluster.last_helped);
}

#[test]
fn nobody_left_and_no_room_are_told() {
    let (train, target) = table(600, 2, 5);
    let given = [("trees", Int(30))];
    let case =
        Case { train: (&train, &target), weights: None, test: (&train, &target), params: params(&given) };
    let reason = |cluster: &mut Local| match spread(&case, 600, 100, &mut Memory::default(), cluster)
        .map(|model| model.encode())
    {
        Err(FitError::Executors { reason }) => reason,
        other => panic!("{other:?}"),
    };
    let mut gone = Local::new(2, 1, 1);
    gone.dead_from = vec![(0, 60, usize::MAX), (1, 50, usize::MAX)];
    let said = reason(&mut gone);
    assert!(said.contains("no executor answers") && said.contains("executor 2: it was killed"), "{said}");
    let mut small = Local::new(2, 1, 1);
    small.set_limit(0, 150_000);
    small.set_limit(1, 150_000);
    let said = reason(&mut small);
    assert!(said.contains("have room for") && said.contains("of 17 parts of the rows"), "{said}");
    let said = reason(&mut Local::new(0, 1, 1));
    assert!(said.contains("no executor answers"), "{said}");
    let mut full = Memory { room: Some(100), ..Memory::default() };
    let told = spread(&case, 600, 100, &mut full, &mut Local::new(1, 1, 1));
    assert!(matches!(told, Err(FitError::Shelf { .. })));
}
