//! Speed and accuracy of networks that are trained at once on a graphics card, beside the same fits on the processor.
//!
//! `cargo run --release --features gpu --example bench_gpu_networks -- [KEY=VALUE …]`
//!
//! Keys: `rows` (100000), `columns` (50), `networks` (64), `classes` (2; 0 for numbers), `seed` (0), `threads` (those of the
//! machine), `repeats` (2: the first run on the card also compiles kernels, the best counts), `shapes` (`same`: two layers of
//! 64 units; `mixed`: one to three of 16 to 256), `params`, a JSON object of parameters that all share, `processor`
//! (1; 0 leaves it out), `halve` (0; so many are left by halving, in one more run). A program that computes as a card is taken
//! where there is no other. One JSON object a line.

use automl_core::compute::gpu::Device;
use automl_core::learner::mlp::population::{self, Candidate, Contest, Halving};
use automl_core::learner::{self, Fit, Learner, ParamValue, Params};
use automl_core::metric::{self, Actual};
use automl_core::model::{Model, Target};
use automl_core::node::{FeatureColumn, FeatureValues, Frame};
use automl_core::numeric::Rng;
use automl_core::platform::{self, Cancel, Stopwatch, ready};
use std::error::Error;

type Fallible<T> = Result<T, Box<dyn Error>>;

struct Settings {
    rows: usize,
    columns: usize,
    networks: usize,
    classes: usize,
    seed: u64,
    threads: usize,
    repeats: usize,
    mixed: bool,
    params: Params,
    processor: bool,
    halve: usize,
}

impl Settings {
    fn new(keys: &[String]) -> Fallible<Self> {
        let known = [
            "rows",
            "columns",
            "networks",
            "classes",
            "seed",
            "threads",
            "repeats",
            "shapes",
            "params",
            "processor",
            "halve",
        ];
        for key in keys {
            let name = key.split('=').next().unwrap_or_default();
            if !known.contains(&name) {
                return Err(format!("there is no key {name}: there are {}", known.join(", ")).into());
            }
        }
        let key = |name: &str| keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
        let count = |name: &str, default: usize| key(name).map_or(Ok(default), str::parse);
        let threads = std::thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            rows: count("rows", 100_000)?,
            columns: count("columns", 50)?.max(4),
            networks: count("networks", 64)?,
            classes: count("classes", 2)?,
            seed: count("seed", 0)? as u64,
            threads: count("threads", threads)?,
            repeats: count("repeats", 2)?.max(1),
            mixed: key("shapes") == Some("mixed"),
            params: key("params").map_or(Ok(Params::default()), serde_json::from_str)?,
            processor: count("processor", 1)? != 0,
            halve: count("halve", 0)?,
        })
    }

    /// Normal numbers, and a target that bends and has noise.
    fn table(&self, rows: usize, stream: u64) -> (Frame, Target) {
        let mut rng = Rng::for_stream(self.seed, &[stream]);
        let cells: Vec<Vec<f32>> =
            (0..self.columns).map(|_| (0..rows).map(|_| rng.normal() as f32).collect()).collect();
        let signal = |i: usize| {
            let x = |j: usize| f64::from(cells[j][i]);
            x(0) * x(1) + 0.7 * (x(2) * x(2) - 1.0) + 0.5 * x(3)
        };
        let y: Vec<f64> = (0..rows).map(|i| signal(i) + 0.5 * rng.normal()).collect();
        let target = if self.classes == 0 {
            Target::Values(y)
        } else {
            let mut order: Vec<usize> = (0..rows).collect();
            order.sort_by(|&a, &b| y[a].total_cmp(&y[b]));
            let mut codes = vec![0; rows];
            order.iter().enumerate().for_each(|(rank, &i)| codes[i] = (rank * self.classes / rows) as u32);
            Target::Classes { codes, classes: self.classes }
        };
        let column = |(j, values): (usize, Vec<f32>)| FeatureColumn {
            name: format!("x{j}"),
            values: FeatureValues::Numeric(values.into()),
        };
        (Frame { columns: cells.into_iter().enumerate().map(column).collect(), rows }, target)
    }

    fn candidates(&self, learner: &dyn Learner) -> Vec<Candidate> {
        let mut rng = Rng::for_stream(self.seed, &[9]);
        let mut candidate = |number: usize| {
            let mut given = self.params.clone();
            let mut set = |name: &str, value| {
                given.0.entry(name.to_owned()).or_insert(value);
            };
            set("networks", ParamValue::Int(1));
            set("learning_rate", ParamValue::Float(0.002 * (1.0 + 7.0 * rng.uniform())));
            set("weight_decay", ParamValue::Float(0.01 + 0.5 * rng.uniform()));
            set("dropout", ParamValue::Float(0.3 * rng.uniform()));
            if self.mixed {
                set("hidden", ParamValue::Int([16, 32, 64, 128, 256][rng.below(5)]));
                set("layers", ParamValue::Int(1 + rng.below(3) as i64));
            }
            Candidate {
                params: Params::complete(learner.spec().params, &given),
                seed: self.seed + number as u64,
            }
        };
        (0..self.networks).map(&mut candidate).collect()
    }
}

fn loss(model: &dyn Model, (frame, target): (&Frame, &Target)) -> Option<f64> {
    let (name, actual) = match target {
        Target::Classes { codes, classes } => ("log_loss", Actual::Classes { codes, classes: *classes }),
        Target::Values(values) => ("rmse", Actual::Values(values)),
    };
    metric::find(name)?.score(actual, &model.predict(frame).values)
}

/// Prints what models say of rows that none of them has seen.
fn report(
    what: &str,
    secs: &[f64],
    models: &[&dyn Model],
    test: (&Frame, &Target),
    threads: usize,
    adapter: &str,
) {
    let mut losses: Vec<Option<f64>> = vec![None; models.len()];
    // Predictions are not measured.
    platform::each(threads, &mut losses, |place, own| *own = loss(models[place], test));
    let losses: Vec<f64> = losses.into_iter().flatten().collect();
    let mean = losses.iter().sum::<f64>() / losses.len().max(1) as f64;
    let best = losses.iter().fold(f64::INFINITY, |least, &x| least.min(x));
    let line = serde_json::json!({
        "what": what, "adapter": adapter, "secs": secs, "models": models.len(), "scored": losses.len(),
        "mean_loss": mean, "best_loss": best, "model": models.first().map(|m| m.summary()),
    });
    println!("{line}");
}

fn least(secs: &[f64]) -> f64 {
    secs.iter().fold(f64::INFINITY, |least, &x| least.min(x))
}

fn main() -> Fallible<()> {
    let settings = Settings::new(&std::env::args().skip(1).collect::<Vec<_>>())?;
    let learner = learner::find("mlp").ok_or("no such learner")?;
    let (frame, target) = settings.table(settings.rows, 1);
    let (held, held_target) = settings.table(settings.rows.div_ceil(10), 2);
    let (test, truth) = settings.table(settings.rows.div_ceil(5), 3);
    let candidates = settings.candidates(learner);
    let cancel = Cancel::new();
    let threads = settings.threads;
    let contest = Contest {
        frame: &frame,
        target: &target,
        validation: Some((&held, &held_target)),
        candidates: &candidates,
        seed: settings.seed,
        threads,
        cancel: &cancel,
    };
    let device = ready(Device::request(true))?;
    let mut on_card = Vec::new();
    for repeat in 0..settings.repeats {
        let watch = Stopwatch::start();
        let trained = ready(population::fit(&device, &contest))?;
        on_card.push(watch.elapsed_secs());
        if repeat + 1 == settings.repeats {
            let models: Vec<&dyn Model> = trained.iter().flatten().map(|one| &*one.model).collect();
            report("card", &on_card, &models, (&test, &truth), threads, device.name());
        }
    }
    if settings.halve > 0 {
        let watch = Stopwatch::start();
        let halving = Halving { first: 1, keep: settings.halve };
        let left = ready(population::halve(&device, &contest, halving))?;
        let secs = watch.elapsed_secs();
        let models: Vec<&dyn Model> = left.iter().map(|one| &*one.model).collect();
        report("card, halving", &[secs], &models, (&test, &truth), threads, device.name());
    }
    if !settings.processor {
        return Ok(());
    }
    let mut models: Vec<Option<Box<dyn Model>>> = candidates.iter().map(|_| None).collect();
    let watch = Stopwatch::start();
    platform::each(threads, &mut models, |place, model| {
        let Candidate { params, seed } = &candidates[place];
        let fit = Fit {
            frame: &frame,
            target: &target,
            weights: None,
            validation: Some((&held, &held_target)),
            params,
            seed: *seed,
            threads: 1,
            cancel: &cancel,
            card: None,
        };
        *model = learner.fit(&fit).ok();
    });
    let secs = watch.elapsed_secs();
    let models: Vec<&dyn Model> = models.iter().flatten().map(|model| &**model).collect();
    report("processor", &[secs], &models, (&test, &truth), threads, device.name());
    let line = serde_json::json!({
        "what": "ratio", "adapter": device.name(), "is_software": device.is_software(), "threads": threads,
        "rows": settings.rows, "columns": settings.columns, "networks": settings.networks,
        "card_secs": least(&on_card), "processor_secs": secs, "times_as_fast": secs / least(&on_card),
    });
    println!("{line}");
    Ok(())
}
