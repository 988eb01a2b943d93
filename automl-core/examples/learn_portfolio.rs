//! Chooses the search's first settings and their order from what `matrix` wrote: greedily, each the one that improves
//! the ensemble of those before it most over all tables, for its time.
//!
//! `cargo run --release -p automl-core --example learn_portfolio -- RESULTS.jsonl PREDICTIONS [--entries 30]
//! [--hold-out 0] [--order SETTINGS.jsonl]`
//!
//! RESULTS and PREDICTIONS as `matrix` wrote them (several RESULTS may be joined by commas). Prints one setting a line,
//! as `automl-core/src/search/portfolio.jsonl` holds them, and on standard error what each brought and what is left.
//! With `--hold-out K` (0 to 3) every fourth table, from the K-th on, has no say in the choice, and what is left is
//! told of these tables only. With `--order` nothing is chosen: the settings of that file are judged in their order.
//!
//! An ensemble is judged as a search would choose it and on other rows: shares are found on every second of the rows
//! out of fold, losses are taken from the others and from the locked rows. The gain of a setting is the mean over
//! tables of the logarithm of the ratio of losses, divided by the root of its mean seconds: ten times the time must
//! bring three times the gain. As in the portfolios of Auto-sklearn 2.0 (Feurer et al., 2022), but for ensembles.

use automl_core::metric::{self, Actual, MetricSpec};
use automl_core::model::Task;
use automl_core::numeric::{math, mean};
use automl_core::search::{Setting, are_amounts};
use serde::Deserialize;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

type Failure = Box<dyn std::error::Error>;

/// Shares with which a new member may join.
const SHARES: [f64; 6] = [0.0, 0.08, 0.17, 0.3, 0.5, 1.0];
/// Seconds that any setting takes at least: starting, splitting, writing down.
const LEAST_SECS: f64 = 0.05;
/// A setting that improves the mean by less is not worth a place.
const LEAST_GAIN: f64 = 2e-4;
/// Share of the baseline's loss below which differences count little.
const FLOOR: f64 = 0.05;
/// Of so many tables one may be held out.
const HOLD_OUT: usize = 4;

/// What is needed of a line of results.
#[derive(Deserialize)]
struct Line {
    table: String,
    task: Task,
    metric: String,
    setting: String,
    loss: Option<f64>,
    secs: f64,
    predictions: Option<String>,
}

/// What a setting predicted of a table's rows, and for how many seconds it worked.
struct Tried {
    predicted: Vec<f64>,
    secs: f64,
}

struct Table {
    name: String,
    metric: &'static MetricSpec,
    task: Task,
    outputs: usize,
    truth: Vec<f64>,
    /// By setting.
    tried: BTreeMap<String, Tried>,
    /// The ensemble so far.
    blend: Option<Vec<f64>>,
}

/// Every second row, or the others.
#[derive(Clone, Copy)]
enum Half {
    Choosing,
    Judging,
}

impl Table {
    fn is_of_amounts(&self) -> bool {
        self.task == Task::Regression && are_amounts(&self.truth)
    }

    /// Loss of predictions on half of the rows.
    fn loss(&self, predicted: &[f64], half: Half) -> Option<f64> {
        let start = match half {
            Half::Choosing => 0,
            Half::Judging => 1,
        };
        let truth: Vec<f64> = self.truth.iter().copied().skip(start).step_by(2).collect();
        let of_half: Vec<f64> =
            predicted.chunks(self.outputs).skip(start).step_by(2).flatten().copied().collect();
        let codes: Vec<u32>;
        let actual = match self.task {
            Task::Regression => Actual::Values(&truth),
            Task::Binary | Task::Multiclass => {
                codes = truth.iter().map(|v| *v as u32).collect();
                Actual::Classes { codes: &codes, classes: self.outputs }
            }
        };
        self.metric.score(actual, &of_half).map(|s| self.metric.loss(s).max(1e-4))
    }

    /// The blend with a setting: `None` where the setting has no place on this table.
    fn with(&self, setting: &str) -> Option<Vec<f64>> {
        let new = &self.tried.get(setting)?.predicted;
        let Some(blend) = &self.blend else { return Some(new.clone()) };
        let joined = |share: f64| -> Vec<f64> {
            blend.iter().zip(new).map(|(b, n)| (1.0 - share) * b + share * n).collect()
        };
        let all = SHARES.into_iter().map(joined);
        let scored = all.filter_map(|b| Some((self.loss(&b, Half::Choosing)?, b)));
        scored.min_by(|a, b| a.0.total_cmp(&b.0)).map(|(_, blend)| blend)
    }

    /// Logarithm of the loss, and of a little of the baseline's: where nearly nothing is left, halving it is no feat.
    fn log_loss(&self, predicted: &[f64]) -> Option<f64> {
        let floor = FLOOR * self.loss(self.baseline()?, Half::Judging)?;
        self.loss(predicted, Half::Judging).map(|loss| math::ln(loss + floor))
    }

    fn baseline(&self) -> Option<&[f64]> {
        self.tried.get(BASELINE).map(|t| t.predicted.as_slice())
    }

    /// Logarithm of the share of the loss that goes when a setting joins.
    fn gain(&self, setting: &str) -> f64 {
        let Some(after) = self.with(setting).and_then(|b| self.log_loss(&b)) else { return 0.0 };
        let before = self.blend.as_deref().or(self.baseline());
        before.and_then(|b| self.log_loss(b)).map_or(0.0, |before| before - after)
    }

    /// Logarithm of the share of the baseline's loss that the ensemble has.
    fn log_left(&self) -> f64 {
        let log_loss = |predicted: Option<&[f64]>| predicted.and_then(|p| self.log_loss(p));
        let both = log_loss(self.blend.as_deref()).zip(log_loss(self.baseline()));
        both.map_or(0.0, |(blend, baseline)| blend - baseline)
    }
}

const BASELINE: &str = r#"{"learner":"baseline","params":{}}"#;

struct Options {
    results: String,
    predictions: PathBuf,
    entries: usize,
    hold_out: Option<usize>,
    order: Option<Vec<String>>,
}

fn options(mut args: impl Iterator<Item = String>) -> Result<Options, Failure> {
    let (results, predictions) =
        args.next().zip(args.next()).ok_or("wanted: RESULTS PREDICTIONS [options]")?;
    let mut options =
        Options { results, predictions: predictions.into(), entries: 30, hold_out: None, order: None };
    while let Some(name) = args.next() {
        let value = args.next().ok_or_else(|| format!("{name} wants a value"))?;
        match name.as_str() {
            "--entries" => options.entries = value.parse()?,
            "--hold-out" => options.hold_out = Some(value.parse::<usize>()? % HOLD_OUT),
            "--order" => options.order = Some(in_order(&value)?),
            _ => return Err(format!("there is no option {name}").into()),
        }
    }
    Ok(options)
}

/// The settings of a file as results call them.
fn in_order(path: &str) -> Result<Vec<String>, Failure> {
    let text = std::fs::read_to_string(path)?;
    let setting = |line: &str| {
        let setting: Setting = serde_json::from_str(line)?;
        serde_json::to_string(&setting.shortened())
    };
    Ok(text.lines().map(setting).collect::<Result<_, _>>()?)
}

fn main() -> Result<(), Failure> {
    let options = options(std::env::args().skip(1))?;
    let tables = tables(&options.results, &options.predictions)?;
    let is_held_out = |i: usize| options.hold_out.is_some_and(|k| i % HOLD_OUT == k);
    let (mut held_out, mut choosing) = (Vec::new(), Vec::new());
    for (i, table) in tables.into_iter().enumerate() {
        if is_held_out(i) { held_out.push(table) } else { choosing.push(table) }
    }
    let mut settings: Vec<String> = choosing.iter().flat_map(|t| t.tried.keys().cloned()).collect();
    settings.sort();
    settings.dedup();
    settings.retain(|s| s != BASELINE);
    for place in 0..options.entries {
        let setting = match &options.order {
            Some(order) => order.get(place).cloned(),
            None => most_worth(&choosing, &settings),
        };
        let Some(setting) = setting else { break };
        println!("{setting}");
        let percent = |tables: &[Table]| 100.0 * (1.0 - math::exp(-mean_of(tables, |t| t.gain(&setting))));
        let secs = secs(&choosing, &setting);
        eprintln!(
            "{:6.2} % {:6.2} % less loss, {secs:6.2} s  {setting}",
            percent(&choosing),
            percent(&held_out)
        );
        for table in choosing.iter_mut().chain(&mut held_out) {
            table.blend = table.with(&setting).or(table.blend.take());
        }
        settings.retain(|s| *s != setting);
    }
    let told = if options.hold_out.is_some() { &held_out } else { &choosing };
    for table in told {
        eprintln!("{:20} {:9.5} of the baseline's loss", table.name, math::exp(table.log_left()));
    }
    eprintln!("{:20} {:9.5}", "geometric mean", math::exp(mean_of(told, Table::log_left)));
    Ok(())
}

/// The setting that brings most for its time; `None` where none brings enough.
fn most_worth(tables: &[Table], settings: &[String]) -> Option<String> {
    let judged = settings.iter().filter_map(|s| {
        let gain = mean_of(tables, |t| t.gain(s));
        (gain > LEAST_GAIN).then(|| (s, gain / secs(tables, s).sqrt()))
    });
    judged.max_by(|a, b| a.1.total_cmp(&b.1)).map(|(setting, _)| setting.clone())
}

fn mean_of(tables: &[Table], of: impl Fn(&Table) -> f64) -> f64 {
    mean(&tables.iter().map(of).collect::<Vec<f64>>())
}

/// Mean seconds of a setting where it was tried.
fn secs(tables: &[Table], setting: &str) -> f64 {
    let secs: Vec<f64> = tables.iter().filter_map(|t| Some(t.tried.get(setting)?.secs)).collect();
    LEAST_SECS + mean(&secs)
}

fn tables(results: &str, folder: &Path) -> Result<Vec<Table>, Failure> {
    let mut tables: BTreeMap<String, Table> = BTreeMap::new();
    for results in results.split(',') {
        for line in std::fs::read_to_string(results)?.lines() {
            let line: Line = serde_json::from_str(line)?;
            let (Some(_), Some(predictions)) = (line.loss, &line.predictions) else { continue };
            if !tables.contains_key(&line.table) {
                tables.insert(line.table.clone(), table(&line, folder)?);
            }
            let Some(table) = tables.get_mut(&line.table) else { continue };
            if serde_json::from_str::<Setting>(&line.setting)?.is_for_amounts() && !table.is_of_amounts() {
                continue;
            }
            let predicted = numbers(&folder.join(predictions))?;
            table.tried.insert(line.setting, Tried { predicted, secs: line.secs });
        }
    }
    Ok(tables.into_values().collect())
}

fn table(line: &Line, folder: &Path) -> Result<Table, Failure> {
    let truth = numbers(&folder.join(format!("{}.truth.f32", line.table)))?;
    let outputs = match line.task {
        Task::Regression => 1,
        Task::Binary => 2,
        Task::Multiclass => truth.iter().fold(0.0f64, |m, v| m.max(*v)) as usize + 1,
    };
    Ok(Table {
        name: line.table.clone(),
        metric: metric::find(&line.metric).ok_or("a metric that is not known")?,
        task: line.task,
        outputs,
        truth,
        tried: BTreeMap::new(),
        blend: None,
    })
}

fn numbers(path: &Path) -> Result<Vec<f64>, Failure> {
    let bytes = std::fs::read(path)?;
    Ok(bytes.chunks_exact(4).map(|b| f64::from(f32::from_le_bytes([b[0], b[1], b[2], b[3]]))).collect())
}
