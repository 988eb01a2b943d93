//! How long each kernel takes by the card's own clock, over fits and predictions that use them all.
//!
//! `cargo run --release --features gpu --example bench_gpu_kernels -- [KEY=VALUE …]`
//!
//! Keys: `rows` (100000), `columns` (28), `trees` (4), `networks` (64), `seed` (0). A program that computes as a card is taken
//! where there is no other. One JSON object a line: the work, the kernel and its entry, how often it was sent and timed (the first
//! 2048 kernels of each work are), and seconds, of which half took less.

use automl_core::compute::Card;
use automl_core::compute::gpu::Device;
use automl_core::learner::mlp::population::{self, Candidate, Contest};
use automl_core::learner::{self, Fit, Learner, ParamValue, Params};
use automl_core::model::{Model, Target};
use automl_core::node::{FeatureColumn, FeatureValues, Frame};
use automl_core::numeric::Rng;
use automl_core::platform::{Cancel, ready};
use std::error::Error;
use std::sync::Arc;

type Fallible<T> = Result<T, Box<dyn Error>>;

/// Levels of the columns of categories, which are one in seven.
const LEVELS: u32 = 40;

struct Bench {
    device: Arc<Device>,
    frame: Frame,
    target: Target,
    seed: u64,
}

fn frame(rows: usize, columns: usize, rng: &mut Rng) -> Frame {
    let values = |at: usize, rng: &mut Rng| match at % 7 {
        6 => FeatureValues::Categorical {
            codes: (0..rows).map(|_| rng.below(LEVELS as usize) as u32).collect(),
            cardinality: LEVELS,
        },
        _ => FeatureValues::Numeric((0..rows).map(|_| rng.normal() as f32).collect()),
    };
    let column = |at: usize, rng: &mut Rng| FeatureColumn { name: format!("x{at}"), values: values(at, rng) };
    Frame { columns: (0..columns).map(|at| column(at, rng)).collect(), rows }
}

/// Two classes that follow from the first columns, with noise.
fn target(frame: &Frame, rng: &mut Rng) -> Target {
    let x = |at: usize| frame.numeric(at).unwrap_or(&[]);
    let code = |row: usize| u32::from(x(0)[row] * x(1)[row] + x(2)[row] + 0.5 * rng.normal() as f32 > 0.0);
    Target::Classes { codes: (0..frame.rows).map(code).collect(), classes: 2 }
}

impl Bench {
    fn learner(id: &str) -> Fallible<&'static dyn Learner> {
        Ok(learner::find(id).ok_or("there is no such learner")?)
    }

    fn fitted(&self, id: &str, given: &[(&str, ParamValue)], on_card: bool) -> Fallible<Box<dyn Model>> {
        let learner = Self::learner(id)?;
        let given = given.iter().fold(Params::default(), |all, (name, v)| all.with(name, v.clone()));
        let (cancel, card) = (Cancel::new(), Card::always(self.device.clone()));
        let fit = Fit {
            frame: &self.frame,
            target: &self.target,
            weights: None,
            validation: None,
            params: &Params::complete(learner.spec().params, &given),
            seed: self.seed,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            cancel: &cancel,
            card: on_card.then_some(&card),
        };
        Ok(ready(learner.fit_waiting(&fit))?)
    }

    /// What a model says of the rows; only the kernels of that are told.
    fn predict(&self, what: &str, model: &dyn Model) -> Fallible<()> {
        ready(self.device.kernel_times())?;
        ready(model.predict_waiting(&self.frame, Some(&Card::always(self.device.clone()))));
        self.tell(what)
    }

    fn networks(&self, networks: usize) -> Fallible<()> {
        let spec = Self::learner("mlp")?.spec();
        let given = [("networks", 1), ("epochs", 1), ("hidden", 64), ("layers", 2)];
        let given =
            given.iter().fold(Params::default(), |all, (name, v)| all.with(name, ParamValue::Int(*v)));
        let params = Params::complete(spec.params, &given);
        let candidate = |number| Candidate { params: params.clone(), seed: self.seed + number };
        let candidates: Vec<Candidate> = (0..networks as u64).map(candidate).collect();
        let contest = Contest {
            frame: &self.frame,
            target: &self.target,
            validation: None,
            candidates: &candidates,
            seed: self.seed,
            threads: std::thread::available_parallelism().map_or(1, usize::from),
            cancel: &Cancel::new(),
        };
        ready(population::fit(&self.device, &contest))?;
        self.tell(&format!("{networks} networks"))
    }

    fn tell(&self, what: &str) -> Fallible<()> {
        for mut time in ready(self.device.kernel_times())? {
            // The first also makes what a driver puts off.
            time.secs.sort_unstable_by(f64::total_cmp);
            let median = time.secs.get(time.secs.len() / 2);
            let line = serde_json::json!({
                "what": what, "adapter": self.device.name(), "rows": self.frame.rows,
                "columns": self.frame.columns.len(), "kernel": time.kernel, "entry": time.entry, "sent": time.secs.len(),
                "kernel_secs": median,
            });
            println!("{line}");
        }
        Ok(())
    }
}

fn main() -> Fallible<()> {
    let keys: Vec<String> = std::env::args().skip(1).collect();
    let count = |name: &str, default: usize| {
        let given = keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
        given.map_or(Ok(default), str::parse)
    };
    let (rows, columns) = (count("rows", 100_000)?, count("columns", 28)?.max(7));
    let (trees, networks) = (count("trees", 4)? as i64, count("networks", 64)?);
    let seed = count("seed", 0)? as u64;
    let mut rng = Rng::new(seed);
    let frame = frame(rows, columns, &mut rng);
    let target = target(&frame, &mut rng);
    let device = Arc::new(ready(Device::request_timed(true))?);
    let bench = Bench { device, frame, target, seed };
    let text = |text: &str| ParamValue::Text(text.to_owned());
    let boosted = ("trees", ParamValue::Int(trees));
    let sampled = [boosted.clone(), ("row_sample", ParamValue::Float(0.5)), ("sampling", text("mvs"))];
    let boosting = bench.fitted("gbt", std::slice::from_ref(&boosted), true)?;
    bench.tell("leaf by leaf")?;
    bench.fitted("gbt", &sampled, true)?;
    bench.tell("of drawn rows")?;
    // Symmetric trees that split categories grow on the processor, and neighbours and networks have none.
    let level = [boosted, ("growth", text("symmetric")), ("max_depth", ParamValue::Int(6))];
    let numeric = bench.frame.columns.iter().filter(|c| matches!(c.values, FeatureValues::Numeric(_)));
    let numbers = Frame { columns: numeric.cloned().collect(), rows };
    let of_numbers =
        Bench { device: bench.device.clone(), frame: numbers, target: bench.target.clone(), seed };
    of_numbers.fitted("gbt", &level, true)?;
    of_numbers.tell("level by level")?;
    bench.predict("trees predicted", &*boosting)?;
    let neighbours = of_numbers.fitted("knn", &[("k", ParamValue::Int(15))], false)?;
    of_numbers.predict("neighbours", &*neighbours)?;
    of_numbers.networks(networks)
}
