//! Chooses the search's first settings and their order from what `matrix` wrote: greedily, each the one that improves
//! the ensemble of those before it most over all tables, for its time.
//!
//! `cargo run --release -p automl-core --example learn_portfolio -- RESULTS.jsonl PREDICTIONS [ENTRIES]`
//!
//! RESULTS and PREDICTIONS as `matrix` wrote them (several RESULTS may be joined by commas). Prints one setting a line,
//! as `automl-core/src/search/portfolio.jsonl` holds them, and on standard error what each brought.
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
use std::path::Path;

type Failure = Box<dyn std::error::Error>;

/// Shares with which a new member may join.
const SHARES: [f64; 6] = [0.0, 0.08, 0.17, 0.3, 0.5, 1.0];
/// Seconds that any setting takes at least: starting, splitting, writing down.
const LEAST_SECS: f64 = 0.05;
/// A setting that improves the mean by less is not worth a place.
const LEAST_GAIN: f64 = 2e-4;

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

    /// Logarithm of the loss that is left when a setting joins.
    fn gain(&self, setting: &str) -> f64 {
        let log_loss = |predicted: &[f64]| self.loss(predicted, Half::Judging).map(math::ln);
        let Some(after) = self.with(setting).and_then(|b| log_loss(&b)) else { return 0.0 };
        let before = self.blend.as_deref().or(self.tried.get(BASELINE).map(|t| t.predicted.as_slice()));
        before.and_then(log_loss).map_or(0.0, |before| before - after)
    }
}

const BASELINE: &str = r#"{"learner":"baseline","params":{}}"#;

fn main() -> Result<(), Failure> {
    let mut args = std::env::args().skip(1);
    let (results, folder) =
        args.next().zip(args.next()).ok_or("wanted: RESULTS.jsonl PREDICTIONS [ENTRIES]")?;
    let most: usize = args.next().map_or(Ok(30), |n| n.parse())?;
    let mut tables = tables(&results, Path::new(&folder))?;
    let mut settings: Vec<String> = tables.iter().flat_map(|t| t.tried.keys().cloned()).collect();
    settings.sort();
    settings.dedup();
    settings.retain(|s| s != BASELINE);
    for _ in 0..most {
        let judged = settings.iter().map(|s| (s, mean_of(&tables, |t| t.gain(s)), secs(&tables, s)));
        let worth = |gain: f64, secs: f64| gain / secs.sqrt();
        let best = judged.max_by(|a, b| worth(a.1, a.2).total_cmp(&worth(b.1, b.2)));
        let Some((setting, gain, secs)) = best.filter(|(_, gain, _)| *gain > LEAST_GAIN) else { break };
        let setting = setting.clone();
        println!("{setting}");
        eprintln!("{:8.2} % less loss, {secs:7.2} s  {setting}", 100.0 * (1.0 - math::exp(-gain)));
        for table in &mut tables {
            table.blend = table.with(&setting).or(table.blend.take());
        }
        settings.retain(|s| *s != setting);
    }
    for table in &tables {
        let blend = table.blend.as_deref().unwrap_or(&[]);
        eprintln!("{:20} {:?}", table.name, table.loss(blend, Half::Judging));
    }
    Ok(())
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
            let mut predicted = numbers(&folder.join(predictions))?;
            // Of several repeats the first.
            predicted.truncate(table.truth.len() * table.outputs);
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
