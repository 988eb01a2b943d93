//! How long every learner takes, beside what it says that it takes (`Learner::cost`), on generated tables.
//!
//! `cargo run --release --example bench_learners -- [LEARNER]`

use automl_core::learner::{self, Fit, Learner, Load, Params};
use automl_core::model::{Target, Task};
use automl_core::node::{FeatureColumn, FeatureValues, Frame};
use automl_core::numeric::{Rng, math};
use automl_core::platform::{Cancel, Stopwatch};

/// Shares of the rows that train.
const TRAINING: f64 = 0.8;
/// Rows, columns, and levels of each column where they are few, else 0.
const TABLES: [(usize, usize, usize); 7] = [
    (500, 10, 0),
    (2_000, 60, 0),
    (2_000, 60, 2),
    (2_000, 60, 16),
    (10_000, 20, 0),
    (40_000, 12, 0),
    (40_000, 12, 4),
];

/// Normal numbers, cut into `levels` whole numbers where it is not 0.
fn table(rows: usize, columns: usize, levels: usize, task: Task) -> (Frame, Target) {
    let mut rng = Rng::new(1);
    let mut number = || {
        let x = rng.normal();
        let highest = levels.saturating_sub(1) as f64;
        if levels == 0 {
            x as f32
        } else {
            ((x + 2.0) * levels as f64 / 4.0).floor().clamp(0.0, highest) as f32
        }
    };
    let x: Vec<Vec<f32>> = (0..columns).map(|_| (0..rows).map(|_| number()).collect()).collect();
    let mut score = |i: usize| {
        let at = |j: usize| f64::from(x[j % columns][i]);
        math::sin(2.0 * at(0)) * at(1) + 0.5 * at(2) * at(3) - 0.4 * at(4) * at(4)
            + 0.3 * at(5)
            + rng.normal() * 0.5
    };
    let scores: Vec<f64> = (0..rows).map(&mut score).collect();
    let target = match task {
        Task::Regression => Target::Values(scores),
        Task::Binary => {
            Target::Classes { codes: scores.iter().map(|&s| u32::from(s > 0.0)).collect(), classes: 2 }
        }
        Task::Multiclass => {
            let code = |s: &f64| ((s + 1.5) * 1.5).clamp(0.0, 4.0) as u32;
            Target::Classes { codes: scores.iter().map(code).collect(), classes: 5 }
        }
    };
    let column = |(j, values): (usize, Vec<f32>)| FeatureColumn {
        name: format!("x{j}"),
        values: FeatureValues::Numeric(values.into()),
    };
    (Frame { columns: x.into_iter().enumerate().map(column).collect(), rows }, target)
}

/// Seconds of the quickest of two fits.
fn measured(learner: &dyn Learner, frame: &Frame, target: &Target, params: &Params) -> Option<f64> {
    let cut = (frame.rows as f64 * TRAINING) as u32;
    let (first, last): (Vec<u32>, Vec<u32>) = ((0..cut).collect(), (cut..frame.rows as u32).collect());
    let (training, validation) = (frame.take(&first), frame.take(&last));
    let (target, unseen) = (target.take(&first), target.take(&last));
    let fit = Fit {
        frame: &training,
        target: &target,
        validation: Some((&validation, &unseen)),
        params,
        seed: 1,
        threads: 1,
        weights: None,
        cancel: &Cancel::new(),
        card: None,
    };
    let time = || {
        let watch = Stopwatch::start();
        let model = learner.fit(&fit).ok()?;
        model.predict(&validation);
        Some(watch.elapsed_secs())
    };
    Some(time()?.min(time()?))
}

fn main() {
    let wanted = std::env::args().nth(1);
    println!("learner            task         rows  columns  levels  measured   said   ratio");
    for learner in learner::all() {
        let spec = learner.spec();
        if wanted.as_deref().is_some_and(|w| w != spec.id) || spec.id == "baseline" {
            continue;
        }
        for &task in spec.tasks {
            for (rows, columns, levels) in TABLES {
                let (frame, target) = table(rows, columns, levels, task);
                let params = Params::complete(spec.params, &Params::default());
                let load = Load {
                    rows: (rows as f64 * TRAINING) as usize,
                    features: columns,
                    few_levels: if levels > 0 { columns } else { 0 },
                    outputs: target.outputs(),
                };
                let said = learner.cost(&params, &load);
                let Some(secs) = measured(*learner, &frame, &target, &params) else { continue };
                println!(
                    "{:18} {:12} {rows:6} {columns:6} {levels:7} {secs:10.4} {said:8.4} {:6.2}",
                    spec.id,
                    format!("{task:?}"),
                    secs / said
                );
            }
        }
    }
}
