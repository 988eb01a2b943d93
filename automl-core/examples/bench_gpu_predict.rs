//! Speed of predictions on a graphics card beside the processor's: boosted trees, a forest, nearest neighbours.
//!
//! `cargo run --release --features gpu --example bench_gpu_predict -- [KEY=VALUE …]`
//!
//! Keys: `rows` (100000) that are predicted, `known` (20000) that are learned from, `columns` (20), `trees` (200), `leaves` (31),
//! `k` (15), `repeats` (2: the first run on the card also compiles kernels, the best counts), `seed` (0). A program that computes
//! as a card is taken where there is no other. One JSON object a line; ends with an error where the answers differ in a bit.

use automl_core::compute::gpu::{Device, measure};
use automl_core::compute::{Card, Work};
use automl_core::learner::{self, Fit, ParamValue, Params};
use automl_core::model::{Model, Prediction, Target};
use automl_core::node::{FeatureColumn, FeatureValues, Frame};
use automl_core::numeric::Rng;
use automl_core::platform::{Cancel, Stopwatch, ready};
use std::error::Error;
use std::sync::Arc;

type Fallible<T> = Result<T, Box<dyn Error>>;

fn frame(rows: usize, columns: usize, rng: &mut Rng) -> Frame {
    let column = |at: usize, rng: &mut Rng| FeatureColumn {
        name: format!("x{at}"),
        values: FeatureValues::Numeric((0..rows).map(|_| rng.normal() as f32).collect()),
    };
    Frame { columns: (0..columns).map(|at| column(at, rng)).collect(), rows }
}

/// Two classes that follow from the first columns.
fn target(frame: &Frame) -> Target {
    let x = |at: usize| frame.numeric(at).unwrap_or(&[]);
    let code = |row: usize| u32::from(x(0)[row] * x(1)[row] + x(2)[row] > 0.0);
    Target::Classes { codes: (0..frame.rows).map(code).collect(), classes: 2 }
}

fn fitted(id: &str, given: &[(&str, i64)], frame: &Frame, seed: u64) -> Fallible<Box<dyn Model>> {
    let learner = learner::find(id).ok_or("there is no such learner")?;
    let given = given.iter().fold(Params::default(), |all, (name, n)| all.with(name, ParamValue::Int(*n)));
    let params = Params::complete(learner.spec().params, &given);
    let (target, cancel) = (target(frame), Cancel::new());
    let fit = Fit {
        frame,
        target: &target,
        weights: None,
        validation: None,
        params: &params,
        seed,
        threads: std::thread::available_parallelism().map_or(1, usize::from),
        cancel: &cancel,
        card: None,
    };
    Ok(learner.fit(&fit)?)
}

/// The shortest of some runs, and what it gave.
fn best(repeats: usize, run: impl Fn() -> Prediction) -> (f64, Prediction) {
    let mut shortest = (f64::INFINITY, Prediction::default());
    for _ in 0..repeats.max(1) {
        let watch = Stopwatch::start();
        let given = run();
        let secs = watch.elapsed_secs();
        if secs < shortest.0 {
            shortest = (secs, given);
        }
    }
    shortest
}

fn main() -> Fallible<()> {
    let keys: Vec<String> = std::env::args().skip(1).collect();
    let count = |name: &str, default: usize| {
        let given = keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
        given.map_or(Ok(default), str::parse)
    };
    let (rows, known, columns) = (count("rows", 100_000)?, count("known", 20_000)?, count("columns", 20)?);
    let (trees, leaves, k) = (count("trees", 200)?, count("leaves", 31)?, count("k", 15)?);
    let (repeats, seed) = (count("repeats", 2)?, count("seed", 0)? as u64);
    let mut rng = Rng::new(seed);
    let (training, asked) = (frame(known, columns, &mut rng), frame(rows, columns, &mut rng));
    let device = Arc::new(ready(Device::request(true))?);
    let costs = ready(measure(&device))?;
    let card = Card::always(device);
    let ensemble = Work::Ensemble { rows, features: columns, trees, leaves: trees * leaves, outputs: 1 };
    let boosted = [("trees", trees as i64), ("max_leaves", leaves as i64)];
    let all = [
        ("gbt", &boosted[..], ensemble),
        ("knn", &[("k", k as i64)], Work::Neighbours { rows: known, asked: rows, features: columns }),
    ];
    for (id, given, work) in all {
        let model = fitted(id, given, &training, seed)?;
        let (cpu_secs, here) = best(repeats, || model.predict(&asked));
        let (card_secs, there) = best(repeats, || ready(model.predict_waiting(&asked, Some(&card))));
        let differ =
            here.values.iter().zip(&there.values).filter(|(a, b)| a.to_bits() != b.to_bits()).count();
        if differ > 0 || here.values.len() != there.values.len() {
            return Err(format!("{id}: {differ} of {} numbers differ", here.values.len()).into());
        }
        let planned = costs.estimate(&work);
        for (backend, secs, planned) in
            [("gpu", card_secs, planned.card_secs), ("cpu", cpu_secs, planned.cpu_secs)]
        {
            let line = serde_json::json!({
                "learner": id, "what": "predict", "backend": backend, "adapter": card.name(), "rows": rows,
                "columns": columns, "known": known, "threads": 1, "secs": [secs], "planned_secs": planned,
                "about": model.summary(),
            });
            println!("{line}");
        }
    }
    Ok(())
}
