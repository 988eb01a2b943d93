//! Speed and accuracy of boosting on generated data.
//!
//! `cargo run --release --example bench_gbt -- ROWS COLUMNS TREES [PREFIX [LEARNER [SEED]]]`
//!
//! With PREFIX, reads `PREFIX.X.f32`, `PREFIX.y.u8` (row-major training rows and labels), `PREFIX.Xt.f32` and
//! `PREFIX.yt.u8` (test rows), so that other libraries can be timed on the same numbers.

use automl_core::learner::{self, Fit, ParamValue, Params};
use automl_core::model::Target;
use automl_core::node::{FeatureColumn, FeatureValues, Frame};
use automl_core::numeric::{Rng, math};
use automl_core::platform::{Cancel, Stopwatch};
use std::error::Error;

struct Data {
    frame: Frame,
    target: Target,
}

fn data(rows_by_columns: &[f32], labels: &[u8], columns: usize) -> Data {
    let rows = labels.len();
    let column = |j: usize| FeatureColumn {
        name: format!("x{j}"),
        values: FeatureValues::Numeric((0..rows).map(|i| rows_by_columns[i * columns + j]).collect()),
    };
    let codes = labels.iter().map(|&y| u32::from(y)).collect();
    Data {
        frame: Frame { columns: (0..columns).map(column).collect(), rows },
        target: Target::Classes { codes, classes: 2 },
    }
}

fn generated(rows: usize, columns: usize) -> Data {
    let mut rng = Rng::new(1);
    let x: Vec<f32> = (0..rows * columns).map(|_| rng.normal() as f32).collect();
    let mut label = |row: &[f32]| {
        let at = |j: usize| f64::from(row[j % columns]);
        let z = math::sin(2.0 * at(0)) * at(1) + 0.5 * at(2) * at(3) + if at(4) > 0.3 { 0.7 } else { -0.4 }
            - 0.4 * at(5) * at(5)
            + 0.3 * at(6);
        u8::from(1.2 * z + rng.normal() > 0.0)
    };
    let labels: Vec<u8> = x.chunks(columns).map(&mut label).collect();
    data(&x, &labels, columns)
}

fn read(prefix: &str, part: &str, columns: usize) -> Result<Data, Box<dyn Error>> {
    let bytes = std::fs::read(format!("{prefix}.X{part}.f32"))?;
    let x: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok(data(&x, &std::fs::read(format!("{prefix}.y{part}.u8"))?, columns))
}

/// Area under the ROC curve by ranks, ties sharing theirs.
fn auc(scores: &[f64], target: &Target) -> f64 {
    let Target::Classes { codes, .. } = target else { return f64::NAN };
    let mut order: Vec<usize> = (0..scores.len()).collect();
    order.sort_by(|&a, &b| scores[a].total_cmp(&scores[b]));
    let (mut ranks, mut positives, mut seen) = (0.0, 0.0, 0usize);
    for tied in order.chunk_by(|&a, &b| scores[a] == scores[b]) {
        let rank = seen as f64 + (tied.len() as f64 + 1.0) / 2.0;
        let ones = tied.iter().filter(|&&i| codes[i] == 1).count() as f64;
        ranks += rank * ones;
        positives += ones;
        seen += tied.len();
    }
    (ranks - positives * (positives + 1.0) / 2.0) / (positives * (seen as f64 - positives))
}

fn main() -> Result<(), Box<dyn Error>> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let number = |i: usize, default: usize| args.get(i).map_or(Ok(default), |a| a.parse());
    let (rows, columns, trees) = (number(0, 10_000)?, number(1, 20)?, number(2, 100)?);
    let (train, test) = match args.get(3) {
        Some(prefix) => (read(prefix, "", columns)?, read(prefix, "t", columns)?),
        None => {
            let all = generated(rows + rows / 5, columns);
            let part = |range: std::ops::Range<usize>| {
                let rows: Vec<u32> = range.map(|i| i as u32).collect();
                Data { frame: all.frame.take(&rows), target: all.target.take(&rows) }
            };
            (part(0..rows), part(rows..rows + rows / 5))
        }
    };
    let id = args.get(4).map_or("gbt", String::as_str);
    let learner = learner::find(id).ok_or("no such learner")?;
    let given = Params::default().with("trees", ParamValue::Int(trees as i64));
    let given = given.with("l2", ParamValue::Float(0.0));
    let params = Params::complete(learner.spec().params, &given);
    let fit = Fit {
        frame: &train.frame,
        target: &train.target,
        weights: None,
        validation: None,
        params: &params,
        seed: number(5, 0)? as u64,
        threads: 1,
        cancel: &Cancel::new(),
    };
    let mut best_fit_secs = f64::INFINITY;
    let mut model = None;
    for _ in 0..3 {
        let watch = Stopwatch::start();
        model = Some(learner.fit(&fit)?);
        best_fit_secs = best_fit_secs.min(watch.elapsed_secs());
    }
    let model = model.ok_or("no model")?;
    let watch = Stopwatch::start();
    let prediction = model.predict(&test.frame);
    let predict_secs = watch.elapsed_secs();
    let scores: Vec<f64> = prediction.output(1).collect();
    println!(
        "{id} {rows} x {columns}, {trees} trees: fit {best_fit_secs:.3} s (best of 3), AUC {:.5}, {:.0} rows/s predicted, {} bytes, {}",
        auc(&scores, &test.target),
        test.frame.rows as f64 / predict_secs,
        model.encode().len(),
        model.summary(),
    );
    Ok(())
}
