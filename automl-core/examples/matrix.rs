//! The losses of many settings of learners on many tables, by cross-validation and on rows locked away: what new
//! settings are judged by, and what `learn_portfolio` chooses from.
//!
//! `cargo run --release -p automl-core --example matrix -- FOLDER RESULTS.jsonl [--settings SETTINGS.jsonl]
//! [--tables a,b,c] [--rows 5000] [--seed 0] [--predictions FOLDER]`
//!
//! - FOLDER holds `data/manifest.json`, a list of `{"name", "file", "target", "task"}`, and the CSV files `data/FILE`.
//!   With `splits/NAME.train.txt` (row numbers from 0) only those rows are used.
//! - SETTINGS has one `{"learner": "gbt", "params": {"max_leaves": 6}, "recipe": …}` a line; `recipe` as
//!   `automl_core::node::Recipe` is serialised, the learner's usual one where there is none. Without a file: the
//!   portfolio.
//! - RESULTS gets one line a table and setting as soon as it is known. What it holds already is not done again.
//! - `--predictions` keeps what was predicted: the rows out of fold, ascending, and then the locked rows
//!   (the mean of the folds' models), and in `TABLE.truth.f32` what is true of these rows. `f32`, the lowest byte first.

use automl_core::engine::{
    Executor, Job, JobFailure, Prepared, Stage, actual, prepare, protocol::StudyRequest,
};
use automl_core::model::{Target, Task};
use automl_core::numeric::{Rng, mean};
use automl_core::platform::Cancel;
use automl_core::search::{Setting, portfolio};
use automl_core::table::{Format, ReadOptions, read};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Seconds that a study of such a table is thought to have: decides the number of folds.
const BUDGET_SECS: f64 = 30.0;
/// A fold that takes longer is given up.
const MOST_FOLD_SECS: f64 = 60.0;

type Failure = Box<dyn std::error::Error>;

#[derive(Deserialize)]
struct TableEntry {
    name: String,
    file: String,
    target: String,
    task: Task,
}

/// One line of the results.
#[derive(Serialize, Deserialize)]
struct Line {
    table: String,
    task: Task,
    metric: String,
    /// The setting as one line of JSON.
    setting: String,
    /// Mean loss over folds; `None` where the fit failed.
    loss: Option<f64>,
    /// Loss of the mean of the folds' models on the locked rows.
    locked_loss: Option<f64>,
    /// Of fitting and predicting all folds.
    secs: f64,
    /// Name of the file of predictions.
    predictions: Option<String>,
    note: String,
}

struct Options {
    folder: PathBuf,
    results: PathBuf,
    settings: Option<PathBuf>,
    tables: Option<Vec<String>>,
    rows: usize,
    seed: u64,
    predictions: Option<PathBuf>,
}

fn main() -> Result<(), Failure> {
    let options = options(std::env::args().skip(1))?;
    let manifest = std::fs::read(options.folder.join("data/manifest.json"))?;
    let entries: Vec<TableEntry> = serde_json::from_slice(&manifest)?;
    let known = known(&options.results);
    for entry in entries {
        if options.tables.as_ref().is_some_and(|t| !t.contains(&entry.name)) {
            continue;
        }
        match prepared(&options, &entry) {
            Ok(prepared) => fill(&options, &entry, prepared, &known)?,
            Err(reason) => eprintln!("{}: {reason}", entry.name),
        }
    }
    Ok(())
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, Failure> {
    let (folder, results) = args.next().zip(args.next()).ok_or("wanted: FOLDER RESULTS.jsonl [options]")?;
    let mut options = Options {
        folder: folder.into(),
        results: results.into(),
        settings: None,
        tables: None,
        rows: 5_000,
        seed: 0,
        predictions: None,
    };
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--settings" => options.settings = Some(value.into()),
            "--tables" => options.tables = Some(value.split(',').map(str::to_owned).collect()),
            "--rows" => options.rows = value.parse()?,
            "--seed" => options.seed = value.parse()?,
            "--predictions" => options.predictions = Some(value.into()),
            _ => return Err(format!("there is no option {name}").into()),
        }
    }
    Ok(options)
}

/// Pairs of table and setting that the results hold.
fn known(results: &Path) -> BTreeSet<(String, String)> {
    let text = std::fs::read_to_string(results).unwrap_or_default();
    let lines = text.lines().filter_map(|l| serde_json::from_str::<Line>(l).ok());
    lines.map(|l| (l.table, l.setting)).collect()
}

/// At most `options.rows` rows of the table, split.
fn prepared(options: &Options, entry: &TableEntry) -> Result<Prepared, Failure> {
    let bytes = std::fs::read(options.folder.join("data").join(&entry.file))?;
    let (table, report) = read(&bytes, Format::Csv, &ReadOptions::default());
    let split = options.folder.join("splits").join(format!("{}.train.txt", entry.name));
    let mut rows: Vec<u32> = match std::fs::read_to_string(split) {
        Ok(text) => text.split_whitespace().map(str::parse).collect::<Result<_, _>>()?,
        Err(_) => (0..table.rows as u32).collect(),
    };
    rows.retain(|&r| (r as usize) < table.rows);
    Rng::for_stream(options.seed, &[0x70F]).shuffle(&mut rows);
    rows.truncate(options.rows);
    rows.sort_unstable();
    let request = StudyRequest {
        task: Some(entry.task),
        budget_secs: Some(BUDGET_SECS),
        seed: options.seed,
        ..serde_json::from_value(serde_json::json!({ "target": entry.target }))?
    };
    prepare(&table.take(&rows), report.options_for_next(&table, &ReadOptions::default()), &request)
        .map_err(|d| d.first().map_or_else(String::new, |d| d.message.clone()).into())
}

/// The settings to try on a task.
fn settings(options: &Options, task: Task) -> Result<Vec<Setting>, Failure> {
    let Some(path) = &options.settings else {
        let as_setting = |p: automl_core::search::Proposal| Setting {
            learner: p.learner,
            params: p.params,
            recipe: Some(p.recipe),
        };
        return Ok(portfolio(task, &[], false, true).into_iter().map(as_setting).collect());
    };
    let text = std::fs::read_to_string(path)?;
    Ok(text.lines().filter(|l| !l.trim().is_empty()).map(serde_json::from_str).collect::<Result<_, _>>()?)
}

/// Tries every setting on one table and writes what came out.
fn fill(
    options: &Options,
    entry: &TableEntry,
    prepared: Prepared,
    known: &BTreeSet<(String, String)>,
) -> Result<(), Failure> {
    let prepared = Arc::new(prepared);
    if let Some(folder) = &options.predictions {
        keep(folder, &format!("{}.truth.f32", entry.name), &truth(&prepared))?;
    }
    let mut executor = Executor::new(prepared.clone(), 1);
    let mut results = std::fs::OpenOptions::new().create(true).append(true).open(&options.results)?;
    for setting in settings(options, entry.task)? {
        let setting = setting.shortened();
        let name = serde_json::to_string(&setting)?;
        let Some((spec, proposal)) = setting.spec().zip(setting.proposal()) else { continue };
        if !spec.tasks.contains(&entry.task) || known.contains(&(entry.name.clone(), name.clone())) {
            continue;
        }
        let job = Job {
            id: 0,
            stage: Stage::Search,
            fold: 0,
            folds: prepared.split().folds(),
            rows: None,
            learner: proposal.learner,
            params: proposal.params,
            recipe: proposal.recipe,
            seed: options.seed,
            deadline_secs: Some(MOST_FOLD_SECS),
            population: Vec::new(),
        };
        let mut line = cross_validated(&mut executor, &prepared, job, options, entry)?;
        line.setting = name;
        writeln!(results, "{}", serde_json::to_string(&line)?)?;
        let shown = |loss: Option<f64>| loss.map_or_else(|| "-".to_owned(), |l| format!("{l:.5}"));
        let (loss, locked) = (shown(line.loss), shown(line.locked_loss));
        println!(
            "{:18} {loss:>12} {locked:>12} {:8.2} s  {} {}",
            entry.name, line.secs, line.setting, line.note
        );
    }
    Ok(())
}

/// The line of one setting, without its name.
fn cross_validated(
    executor: &mut Executor,
    prepared: &Prepared,
    mut job: Job,
    options: &Options,
    entry: &TableEntry,
) -> Result<Line, Failure> {
    let mut line = Line {
        table: entry.name.clone(),
        task: entry.task,
        metric: prepared.metric().id.to_owned(),
        setting: String::new(),
        loss: None,
        locked_loss: None,
        secs: 0.0,
        predictions: None,
        note: String::new(),
    };
    let target = prepared.target();
    let of_locked = target.take(&prepared.split().locked());
    let (mut losses, mut unseen) = (Vec::new(), Vec::new());
    let mut locked = vec![0.0; of_locked.len() * target.outputs()];
    for fold in 0..job.folds {
        job.fold = fold;
        let result = executor.run(&job, &Cancel::new());
        line.secs += result.fit_secs + result.predict_secs;
        let result = match result.outcome {
            Ok(result) => result,
            Err(failure) => {
                line.note = match failure {
                    JobFailure::Failed(reason) => reason,
                    JobFailure::Cancelled => "too slow".to_owned(),
                };
                return Ok(line);
            }
        };
        losses.extend(result.score.map(|s| prepared.metric().loss(s)));
        let rows = result.validation.chunks(target.outputs()).map(<[f64]>::to_vec);
        unseen.extend(prepared.split().validation(fold).into_iter().zip(rows));
        let share = 1.0 / f64::from(job.folds);
        locked.iter_mut().zip(&result.locked).for_each(|(l, r)| *l += share * r);
    }
    unseen.sort_by_key(|(row, _)| *row);
    line.loss = (losses.len() == job.folds as usize).then(|| mean(&losses));
    let score = prepared.metric().score(actual(&of_locked), &locked);
    line.locked_loss = score.map(|s| prepared.metric().loss(s));
    if let Some(folder) = &options.predictions {
        let key = serde_json::to_vec(&(&job.learner, &job.params, &job.recipe))?;
        let name = format!("{}.{}.f32", entry.name, &blake3::hash(&key).to_hex()[..16]);
        let kept: Vec<f64> = unseen.into_iter().flat_map(|(_, values)| values).chain(locked).collect();
        keep(folder, &name, &kept)?;
        line.predictions = Some(name);
    }
    Ok(line)
}

/// The true values, codes of classes or numbers: of the rows that validate, ascending, and of the locked rows.
fn truth(prepared: &Prepared) -> Vec<f64> {
    let split = prepared.split();
    let mut rows: Vec<u32> = (0..split.folds()).flat_map(|f| split.validation(f)).collect();
    rows.sort_unstable();
    rows.extend(split.locked());
    match prepared.target().take(&rows) {
        Target::Classes { codes, .. } => codes.into_iter().map(f64::from).collect(),
        Target::Values(values) => values,
    }
}

/// Writes numbers as `f32`, the lowest byte first.
fn keep(folder: &Path, name: &str, values: &[f64]) -> Result<(), Failure> {
    std::fs::create_dir_all(folder)?;
    let bytes: Vec<u8> = values.iter().flat_map(|v| (*v as f32).to_le_bytes()).collect();
    Ok(std::fs::write(folder.join(name), bytes)?)
}
