use super::*;
use crate::compute::Card;
use crate::compute::gpu::Device;
use crate::compute::kernels::testing;
use crate::platform::ready;
use proptest::prelude::{ProptestConfig, any, prop_assert, proptest};
use std::sync::Arc;

/// Numbers with holes, of few values and of many, one of which may say nothing at all, and categories of any number of levels.
fn table(rows: usize, columns: usize, classes: usize, categories: bool, rng: &mut Rng) -> (Frame, Target) {
    let mut z = vec![0.0f32; rows];
    let mut values = Vec::new();
    for column in 0..columns {
        let (kind, holes) =
            (rng.below(if categories { 6 } else { 4 }), if rng.below(2) == 0 { 0.0 } else { 0.2 });
        if kind >= 4 {
            let many = [2, 3, 5, 12, 60, 255, 400][rng.below(7)];
            let code = |z: &mut f32| {
                let level = rng.below(many);
                *z += (level * 7919 % 13) as f32 / 6.0 - 1.0;
                if rng.uniform() < holes { NO_CATEGORY } else { level as u32 }
            };
            values.push(levels(z.iter_mut().map(code), many as u32));
            continue;
        }
        let cells: Vec<f32> = z
            .iter_mut()
            .map(|z| {
                let x = match kind {
                    0 => rng.below(3) as f32,
                    1 => rng.below(40) as f32,
                    _ => rng.normal() as f32,
                };
                *z += x * ((column % 3) as f32 - 0.7);
                if rng.uniform() < holes { f32::NAN } else { x }
            })
            .collect();
        values.push(numbers(cells));
    }
    let target = match classes {
        0 => Target::Values(z.iter().map(|&z| f64::from(z) + rng.normal()).collect()),
        k => Target::Classes {
            codes: z.iter().map(|&z| (z.abs() as u32 + rng.below(2) as u32) % k as u32).collect(),
            classes: k,
        },
    };
    (frame(values), target)
}

/// From 0.
fn amounts(target: Target) -> Target {
    match target {
        Target::Values(values) => Target::Values(values.into_iter().map(|y| (3.0 * y).max(0.0)).collect()),
        classes => classes,
    }
}

fn encoded(fit: &Fit<'_>) -> Vec<u8> {
    Gbt.fit(fit).expect("fits").encode()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    /// All of boosting, whatever it is asked for: the same model.
    #[test]
    fn the_card_gives_the_model_of_the_processor(
        (rows, held, columns, classes) in (1..1500usize, 0..300usize, 1..11usize, 0..4usize),
        (leaves, depth, least, growth) in (2..40i64, 0..6i64, 1..30i64, 0..3usize),
        (row_sample, column_sample) in (0.3..1.5f64, 0.3..1.5f64),
        (l1, l2, weighted, delta) in (0.0..2.0f64, 0.0..2.0f64, 0..2u8, 0..2u8),
        (node_sample, random_cuts, smooth, group_rows) in (0.1..1.5f64, any::<bool>(), -5.0..20.0f64, 1..30i64),
        (loss, min_hessian, min_gain) in (0..3usize, -3.0..3.0f64, -0.2..0.2f64),
        seed in 0..1_000_000u64,
    ) {
        let Some(device) = testing::card().map(|card| card.device.clone()) else { return Ok(()) };
        let card = Card::always(device);
        let mut rng = Rng::new(seed);
        let classes = if classes == 1 { 2 } else { classes };
        // Of categories, trees whose leaves of a level share a test are grown on the processor only.
        let categories = GROWTHS[growth] != "symmetric";
        let (train, target) = table(rows, columns, classes, categories, &mut rng);
        let (other, truth) = table(held, columns, classes, categories, &mut rng);
        let (target, truth) = if loss > 0 { (amounts(target), amounts(truth)) } else { (target, truth) };
        let given = params(&[
            ("trees", Int(7)),
            ("loss", Text(["squared", "poisson", "tweedie"][loss].to_owned())),
            ("patience", Int(if seed % 3 == 0 { 2 } else { 40 })),
            ("max_leaves", Int(leaves)),
            ("max_depth", Int(depth)),
            ("min_rows_leaf", Int(least)),
            ("growth", Text(GROWTHS[growth].to_owned())),
            ("row_sample", Float(row_sample.min(1.0))),
            ("sampling", Text(if seed % 2 == 0 { "mvs" } else { "uniform" }.to_owned())),
            ("column_sample", Float(column_sample.min(1.0))),
            ("column_sample_node", Float(node_sample.min(1.0))),
            ("extra_trees", Bool(random_cuts)),
            ("cat_smooth", Float(smooth.max(0.0))),
            ("cat_l2", Float(smooth.abs())),
            ("cat_group_rows", Int(group_rows)),
            ("min_hessian", Float(min_hessian.max(0.0))),
            ("min_gain", Float(min_gain.max(0.0))),
            ("l1", Float((l1 - 1.0).max(0.0))),
            ("l2", Float(l2)),
            ("max_delta", Float(f64::from(delta) * 0.3)),
            ("learning_rate", Float(0.3)),
        ]);
        let weights: Vec<f32> = (0..rows).map(|_| rng.below(4) as f32 * 0.5).collect();
        let weights = (weighted == 1 && weights.iter().any(|w| *w > 0.0)).then_some(weights.as_slice());
        let cancel = Cancel::new();
        let on = |card| Fit {
            frame: &train,
            target: &target,
            weights,
            validation: (held > 0).then_some((&other, &truth)),
            params: &given,
            seed,
            threads: 2,
            cancel: &cancel,
            card,
        };
        let (here, there) = (encoded(&on(None)), encoded(&on(Some(&card))));
        prop_assert!(here == there);
        let same = |values: &FeatureValues| match values {
            FeatureValues::Numeric(v) => v.iter().all(|x| x.to_bits() == v[0].to_bits()),
            FeatureValues::Categorical { codes, .. } => codes.iter().all(|code| code == &codes[0]),
        };
        let constant = train.columns.iter().all(|c| same(&c.values));
        let used = card.used();
        prop_assert!(constant || used.name() == "gpu", "{used:?}");
    }
}

/// More features than a workgroup has threads, of which each split may use a few.
#[test]
fn of_many_features_the_card_draws_the_same() {
    let Some(device) = testing::card().map(|card| card.device.clone()) else { return };
    let card = Card::always(device);
    let (train, target) = table(300, 600, 2, true, &mut Rng::new(8));
    for share in [0.003, 0.5] {
        let given = params(&[
            ("trees", Int(4)),
            ("column_sample_node", Float(share)),
            ("extra_trees", Bool(share > 0.1)),
            ("max_leaves", Int(12)),
        ]);
        let (weights, validation, cancel) = (None, None, Cancel::new());
        let (frame, target, params) = (&train, &target, &given);
        let on = |card| {
            encoded(&Fit {
                frame,
                target,
                weights,
                validation,
                params,
                seed: 5,
                threads: 2,
                cancel: &cancel,
                card,
            })
        };
        assert!(on(None) == on(Some(&card)), "{share}");
        assert_eq!(card.used().name(), "gpu");
    }
}

/// Wherever a card is lost, the processor goes on from there.
#[test]
fn a_card_that_is_lost_on_the_way_changes_nothing() {
    let mut rng = Rng::new(3);
    let (train, target) = table(3000, 6, 2, false, &mut rng);
    let (other, truth) = table(500, 6, 2, false, &mut rng);
    let (given, cancel) = (params(&[("trees", Int(40)), ("patience", Int(0))]), Cancel::new());
    let on_processor = || Fit {
        frame: &train,
        target: &target,
        weights: None,
        validation: Some((&other, &truth)),
        params: &given,
        seed: 5,
        threads: 1,
        cancel: &cancel,
        card: None,
    };
    let here = encoded(&on_processor());
    for wait_ms in [0, 30, 300, 900] {
        // One of its own: nobody else may lose it.
        let Ok(device) = ready(Device::request(true)) else {
            println!("skipped: no graphics card");
            return;
        };
        let device = Arc::new(device);
        let card = Card::always(device.clone());
        let there = std::thread::scope(|scope| {
            let fitting = scope.spawn(|| encoded(&Fit { card: Some(&card), ..on_processor() }));
            std::thread::sleep(std::time::Duration::from_millis(wait_ms));
            device.raw().0.destroy();
            fitting.join().expect("fits")
        });
        assert!(there == here, "{wait_ms}: {:?}", card.used());
    }
}

#[test]
fn what_one_binding_does_not_hold_is_told() {
    use crate::compute::kernels::boosting::fits;
    let limit = 128 << 20;
    assert_eq!(fits(limit, (1_000_000, 0), 28, 31, 1), Ok(()));
    // In tiles of four features.
    assert_eq!(fits(limit, (10_000_000, 0), 10_000, 511, 1), Ok(()));
    let told = fits(limit, (40_000_000, 0), 28, 31, 1).expect_err("too many bins");
    assert_eq!(told, "bins of four features of 152 MB are more than the graphics card takes at once");
    assert!(
        fits(limit, (1000, 20_000_000), 4, 31, 1).is_err_and(|told| told.starts_with("scores of 152 MB"))
    );
    assert!(fits(1 << 20, (1000, 0), 4, 511, 1).is_err_and(|told| told.starts_with("histograms of ")));
}

/// A device whose bindings hold the bins or histograms of some features only: the same model, tile by tile.
#[test]
fn of_what_one_binding_does_not_hold_tiles_are_made() {
    for (binding, rows, leaves, classes, growth) in [
        (64 << 10, 2000, 8, 3, "leafwise"),
        (64 << 10, 3000, 8, 2, "symmetric"),
        (512 << 10, 900, 40, 2, "depthwise"),
    ] {
        let device = match ready(Device::request_within(true, binding)) {
            Ok(device) => Arc::new(device),
            Err(none) => {
                println!("skipped: {none}");
                return;
            }
        };
        let card = Card::always(device);
        let categories = growth != "symmetric";
        let mut rng = Rng::new(binding);
        let (train, target) = table(rows, 13, classes, categories, &mut rng);
        let (other, truth) = table(200, 13, classes, categories, &mut rng);
        for row_sample in [1.0, 0.6] {
            let given = params(&[
                ("trees", Int(3)),
                ("max_leaves", Int(leaves)),
                ("min_rows_leaf", Int(2)),
                ("growth", Text(growth.to_owned())),
                ("row_sample", Float(row_sample)),
            ]);
            let cancel = Cancel::new();
            let on = |card| Fit {
                frame: &train,
                target: &target,
                weights: None,
                validation: Some((&other, &truth)),
                params: &given,
                seed: 4,
                threads: 2,
                cancel: &cancel,
                card,
            };
            assert!(encoded(&on(None)) == encoded(&on(Some(&card))), "{growth}, {row_sample}");
            assert_eq!(card.used().name(), "gpu", "{:?}", card.used());
        }
    }
}
