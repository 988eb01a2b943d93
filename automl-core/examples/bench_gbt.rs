//! Speed, memory and accuracy of boosting on generated data, as one JSON object.
//!
//! `cargo run --release --example bench_gbt -- ROWS COLUMNS TREES [KEY=VALUE …]`
//!
//! Keys: `threads` (1), `seed` (0), `repeats` (3, the best counts), `learner` (`gbt`), `table` (`normal` numbers; `onehot`,
//! twenty categories a 0 or 1 for each of their levels; `levels`, whole numbers of 2 to 16 levels a column),
//! `write=PREFIX`, which writes the numbers and does nothing else, and `read=PREFIX`, which reads what was written instead
//! of generating it:
//! `PREFIX.X.f32`, `PREFIX.y.u8` (row-major training rows and labels), `PREFIX.Xt.f32` and `PREFIX.yt.u8` (a fifth as
//! many test rows), so that other libraries can be timed on the same numbers.

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

/// Categories of the table `onehot`.
const CATEGORIES: usize = 20;

/// Row-major numbers, and their labels.
fn generated(table: &str, rows: usize, columns: usize) -> Result<(Vec<f32>, Vec<u8>), String> {
    match table {
        "normal" => Ok(normal(rows, columns)),
        "onehot" => Ok(one_hot(rows, columns)),
        "levels" => Ok(few_levels(rows, columns)),
        other => Err(format!("no table is called `{other}`")),
    }
}

/// One of `count` levels, the first ones more often.
fn skewed(count: usize, rng: &mut Rng) -> usize {
    let at = rng.uniform();
    ((at * at * count as f64) as usize).min(count - 1)
}

/// A label that hangs on effects of about 1, in one case in four on the product of two.
fn label_of(effects: &[f64], rng: &mut Rng) -> u8 {
    let pairs = effects.as_chunks::<2>().0.iter().step_by(2);
    let z = effects.iter().sum::<f64>() + pairs.map(|[a, b]| a * b).sum::<f64>();
    u8::from(z / (effects.len() as f64).sqrt() + rng.normal() > 0.0)
}

/// Categories of `columns / 20` levels, or one more, each level a column of 0 and 1.
fn one_hot(rows: usize, columns: usize) -> (Vec<f32>, Vec<u8>) {
    let mut rng = Rng::new(1);
    let effects: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
    let (mut x, mut labels) = (vec![0.0; rows * columns], Vec::with_capacity(rows));
    let mut of_row = [0.0; CATEGORIES];
    for row in x.chunks_mut(columns) {
        for (category, effect) in of_row.iter_mut().enumerate() {
            let (first, end) = (category * columns / CATEGORIES, (category + 1) * columns / CATEGORIES);
            let column = first + skewed((end - first).max(1), &mut rng);
            row[column] = 1.0;
            *effect = effects[column];
        }
        labels.push(label_of(&of_row, &mut rng));
    }
    (x, labels)
}

/// Columns of 2 to 16 levels.
fn few_levels(rows: usize, columns: usize) -> (Vec<f32>, Vec<u8>) {
    let mut rng = Rng::new(1);
    let levels: Vec<usize> = (0..columns).map(|_| 2 + rng.below(15)).collect();
    let slopes: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
    let (mut x, mut labels) = (Vec::with_capacity(rows * columns), Vec::with_capacity(rows));
    let mut of_row = vec![0.0; columns];
    for _ in 0..rows {
        for ((effect, &levels), slope) in of_row.iter_mut().zip(&levels).zip(&slopes) {
            let level = skewed(levels, &mut rng);
            x.push(level as f32);
            *effect = slope * (3.0 * level as f64 / (levels - 1) as f64 - 1.0);
        }
        labels.push(label_of(&of_row, &mut rng));
    }
    (x, labels)
}

/// Normal numbers, and labels that hang on the first seven columns, some of them in pairs.
fn normal(rows: usize, columns: usize) -> (Vec<f32>, Vec<u8>) {
    let mut rng = Rng::new(1);
    let x: Vec<f32> = (0..rows * columns).map(|_| rng.normal() as f32).collect();
    let mut label = |row: &[f32]| {
        let at = |j: usize| f64::from(row[j % columns]);
        let z = math::sin(2.0 * at(0)) * at(1) + 0.5 * at(2) * at(3) + if at(4) > 0.3 { 0.7 } else { -0.4 }
            - 0.4 * at(5) * at(5)
            + 0.3 * at(6);
        u8::from(1.2 * z + rng.normal() > 0.0)
    };
    let labels = x.chunks(columns).map(&mut label).collect();
    (x, labels)
}

fn read(prefix: &str, part: &str, columns: usize) -> Result<Data, Box<dyn Error>> {
    let bytes = std::fs::read(format!("{prefix}.X{part}.f32"))?;
    let x: Vec<f32> = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok(data(&x, &std::fs::read(format!("{prefix}.y{part}.u8"))?, columns))
}

fn write(prefix: &str, part: &str, x: &[f32], labels: &[u8]) -> std::io::Result<()> {
    let bytes: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(format!("{prefix}.X{part}.f32"), bytes)?;
    std::fs::write(format!("{prefix}.y{part}.u8"), labels)
}

/// Mebibytes by their name in the kernel's list, where there is one.
fn memory_mib(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
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

/// Processor seconds of all threads of this process so far, where the system tells.
fn cpu_secs() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = |i: usize| stat.rsplit(") ").next()?.split_whitespace().nth(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}

fn main() -> Result<(), Box<dyn Error>> {
    let (keys, places): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.contains('='));
    let number = |i: usize, default: usize| places.get(i).map_or(Ok(default), |a| a.parse());
    let (rows, columns, trees) = (number(0, 10_000)?, number(1, 20)?, number(2, 100)?);
    let key = |name: &str| keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
    let count = |name: &str, default: usize| key(name).map_or(Ok(default), str::parse);
    let (train, test) = if let Some(prefix) = key("read") {
        (read(prefix, "", columns)?, read(prefix, "t", columns)?)
    } else {
        let (x, labels) = generated(key("table").unwrap_or("normal"), rows + rows / 5, columns)?;
        let ((x, xt), (y, yt)) = (x.split_at(rows * columns), labels.split_at(rows));
        if let Some(prefix) = key("write") {
            write(prefix, "", x, y)?;
            return Ok(write(prefix, "t", xt, yt)?);
        }
        (data(x, y, columns), data(xt, yt, columns))
    };
    let id = key("learner").unwrap_or("gbt");
    let learner = learner::find(id).ok_or("no such learner")?;
    let given = Params::default().with("trees", ParamValue::Int(trees as i64));
    let given = given.with("l2", ParamValue::Float(0.0));
    let params = Params::complete(learner.spec().params, &given);
    let (frame, target, threads) = (&train.frame, &train.target, count("threads", 1)?);
    let (seed, cancel) = (count("seed", 0)? as u64, Cancel::new());
    let fit = Fit {
        frame,
        target,
        weights: None,
        validation: None,
        params: &params,
        seed,
        threads,
        cancel: &cancel,
    };
    // From now on the peak is that of what comes; where this cannot be told, it includes the reading.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let held_mib = memory_mib("VmRSS:");
    let (mut fit_secs, mut fit_cpu_secs) = (f64::INFINITY, None::<f64>);
    let mut model = None;
    for _ in 0..count("repeats", 3)?.max(1) {
        let (watch, cpu) = (Stopwatch::start(), cpu_secs());
        model = Some(learner.fit(&fit)?);
        fit_secs = fit_secs.min(watch.elapsed_secs());
        fit_cpu_secs = cpu
            .zip(cpu_secs())
            .map(|(before, after)| fit_cpu_secs.unwrap_or(f64::INFINITY).min(after - before));
    }
    let model = model.ok_or("no model")?;
    let peak_mib = memory_mib("VmHWM:");
    let mut predict_secs = f64::INFINITY;
    let mut scores = Vec::new();
    for _ in 0..count("repeats", 3)?.max(1) {
        let watch = Stopwatch::start();
        let prediction = model.predict(&test.frame);
        predict_secs = predict_secs.min(watch.elapsed_secs());
        scores = prediction.output(1).collect();
    }
    let bits: Vec<u8> = scores.iter().flat_map(|s| s.to_le_bytes()).collect();
    let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..16].to_owned();
    let line = serde_json::json!({
        "learner": id, "rows": rows, "columns": columns, "trees": trees, "threads": threads, "seed": seed,
        "fit_secs": fit_secs, "fit_cpu_secs": fit_cpu_secs, "auc": auc(&scores, &test.target),
        "predicted_rows_per_sec": test.frame.rows as f64 / predict_secs, "held_mib": held_mib, "peak_mib": peak_mib,
        "model_hash": hash(&model.encode()), "prediction_hash": hash(&bits), "model": model.summary(),
    });
    println!("{line}");
    Ok(())
}
