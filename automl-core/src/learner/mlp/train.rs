//! A fit: how many networks of which shape, and when each of them stops.

use super::data::{Meaning, Rows};
use super::model::MlpModel;
use super::net::Net;
use super::trial::{Best, Jury, Runner, Settings, watch};
use crate::learner::dense::unsuitable;
use crate::learner::{Fit, FitError, Load, Params};
use crate::numeric::Rng;

/// Share of the rows that is held out where rows are many and the caller holds none out.
const HELD_OUT: f64 = 0.15;
/// With fewer rows none is held out, and so many epochs are trained.
const FEWEST_TO_HOLD_OUT: usize = 60;
const BLIND_EPOCHS: usize = 40;
/// Up to so many rows the caller's held-out rows are left alone: with few of them the best of many epochs is partly
/// luck, and what the caller then measures on the same rows would be too good. Probes say instead when to stop.
pub const FEW_ROWS: usize = 500;
/// A probe holds out one part of so many; there are as many probes.
const PARTS: usize = 4;
/// Products that one network may spend, about: so that a large table costs seconds and not minutes.
const MOST_PRODUCTS: f64 = 4e10;
/// Products that all networks of a fit may spend, where there is more than one.
const AVERAGED_PRODUCTS: f64 = 1.4e10;
/// The stream of chance of networks that are trained on all rows, or watched on some that none of them learns from.
pub const WATCHED: u64 = 3;
/// And of those that only say when to stop.
const PROBES: u64 = 4;
/// Why there is no model where weights are not finite.
pub const OUT_OF_BOUNDS: &str = "training left all bounds: try a lower learning rate";

/// What a fit consists of.
pub struct Shape {
    /// Of every second network from the first on, which sees the pieces of numbers, and of the others.
    pub widths: [Vec<usize>; 2],
    pub settings: Settings,
    pub networks: usize,
}

/// What a fit knows before it begins.
struct Plan<'a> {
    fit: &'a Fit<'a>,
    meaning: Meaning,
    /// The training rows; after them those that the caller holds out, where they are looked at.
    data: Rows,
    /// Training rows.
    rows: usize,
    shape: Shape,
}

/// Where the target does not go with its kind of answer.
pub fn of_two_kinds() -> FitError {
    unsuitable("the target is of two kinds")
}

/// The seed of a network's first weights and of its chance.
pub fn seed_of(seed: u64, stream: u64, number: usize) -> u64 {
    Rng::for_stream(seed, &[0x4E, stream, number as u64]).next_u64()
}

/// The training rows to learn from and those to judge by: the caller's, which are appended to `data`, or else a share of the
/// `rows` training rows.
pub fn hold_out(fit: &Fit<'_>, meaning: &Meaning, data: &mut Rows, rows: usize) -> (Vec<u32>, Vec<u32>) {
    let given = fit.validation.filter(|(frame, _)| frame.columns.len() == fit.frame.columns.len());
    let given = given.and_then(|(frame, target)| meaning.rows(frame, target));
    let mut training: Vec<u32> = (0..rows as u32).collect();
    let held_out = if let Some(given) = given.filter(|rows| rows.count > 0) {
        data.append(given);
        (rows as u32..data.count as u32).collect()
    } else {
        Rng::for_stream(fit.seed, &[0x4E, 1]).shuffle(&mut training);
        training.split_off(rows - (rows as f64 * HELD_OUT) as usize)
    };
    (training, held_out)
}

impl Shape {
    /// `inputs`: of a network that sees pieces, and of one that does not; `rows`: to train on.
    ///
    /// # Errors
    /// [`FitError`] where a network would be too large.
    pub fn of(params: &Params, inputs: [usize; 2], outputs: usize, rows: usize) -> Result<Self, FitError> {
        // Whole tiles of the matrix product.
        let hidden = params.count("hidden").max(1).next_multiple_of(8);
        let layers = params.count("layers").min(4);
        let widths = inputs.map(|inputs| {
            let mut widths = vec![inputs];
            widths.extend(std::iter::repeat_n(hidden, layers));
            widths.push(outputs);
            widths
        });
        let size = |w: &[usize]| Net::size(w).ok_or_else(|| unsuitable("the network is too large"));
        let size = (size(&widths[0])? as f64 + size(&widths[1])? as f64) / 2.0;
        let products = 3.0 * size * rows as f64;
        let most = ((MOST_PRODUCTS / products) as usize).max(4);
        let settings = Settings {
            rate: params.float("learning_rate"),
            decay: params.float("weight_decay"),
            dropout: params.float("dropout"),
            epochs: params.count("epochs").clamp(1, most),
            batch: (rows / 80).next_power_of_two().clamp(16, 128),
        };
        let affordable = (AVERAGED_PRODUCTS / (products * settings.epochs as f64)) as usize;
        let networks = params.count("networks").min(affordable).max(1);
        Ok(Self { widths, settings, networks })
    }
}

/// Fits networks.
///
/// # Errors
/// [`FitError`] when cancelled, or where training leaves all bounds.
pub fn fit(fit: &Fit<'_>) -> Result<MlpModel, FitError> {
    let mut plan = Plan::of(fit)?;
    // One class only: nothing to learn.
    let nothing = matches!(&plan.meaning, Meaning::Classes(_) if plan.meaning.outputs() == 1);
    let best = if nothing {
        Best { nets: vec![plan.runner(0, WATCHED, Vec::new()).net], ..Best::default() }
    } else if plan.rows < FEWEST_TO_HOLD_OUT {
        plan.trained(plan.shape.settings.epochs.min(BLIND_EPOCHS))?
    } else if plan.rows <= FEW_ROWS {
        plan.probed()?
    } else {
        plan.watched()?
    };
    let nets: Vec<Net> = best.nets.iter().map(|net| net.finished(best.temperature)).collect();
    if nets.iter().flat_map(|net| &net.weights).any(|w| !w.is_finite()) {
        return Err(unsuitable(OUT_OF_BOUNDS));
    }
    Ok(MlpModel { meaning: plan.meaning, pieces: plan.data.pieces, nets, epochs: best.epoch as u32 })
}

impl<'a> Plan<'a> {
    fn of(fit: &'a Fit<'a>) -> Result<Self, FitError> {
        let meaning = Meaning::of(fit.target);
        let mut data = meaning.rows(fit.frame, fit.target).ok_or_else(of_two_kinds)?;
        let rows = data.count;
        data.cut(rows, fit.params.count("pieces"));
        let inputs = [data.pieces.width(), data.pieces.features()];
        let shape = Shape::of(fit.params, inputs, meaning.outputs(), rows)?;
        Ok(Self { fit, meaning, data, rows, shape })
    }

    /// The network of this number, its chance drawn from the stream `stream`.
    fn runner(&self, number: usize, stream: u64, rows: Vec<u32>) -> Runner {
        let seed = seed_of(self.fit.seed, stream, number);
        Runner::new(&self.shape.widths[number % 2], &self.meaning, rows, seed)
    }

    /// Networks that were trained on all rows for so many epochs.
    fn trained(&self, epochs: usize) -> Result<Best, FitError> {
        let train = |number| {
            let mut runner = self.runner(number, WATCHED, (0..self.rows as u32).collect());
            (0..epochs).try_for_each(|_| runner.pass(self.fit, &self.data, &self.shape.settings))?;
            Ok(runner.net)
        };
        let nets = (0..self.shape.networks).map(train).collect::<Result<_, FitError>>()?;
        Ok(Best { nets, epoch: epochs, ..Best::default() })
    }

    /// As [`Plan::trained`], for as long as suits networks that see most of the rows and are watched on the others.
    fn probed(&self) -> Result<Best, FitError> {
        let parts = self.data.deal(self.rows, PARTS, &mut Rng::for_stream(self.fit.seed, &[0x4E, 1]));
        let others = |own: usize| -> Vec<u32> {
            (0..PARTS).filter(|&p| p != own).flat_map(|p| parts[p].iter().copied()).collect()
        };
        let probe =
            |p: usize| Jury { runners: vec![self.runner(p, PROBES, others(p))], held_out: parts[p].clone() };
        let mut probes: Vec<Jury> = (0..PARTS.min(self.shape.networks)).map(probe).collect();
        let best = watch(self.fit, &self.data, &mut probes, &self.shape.settings)?;
        Ok(Best { temperature: best.temperature, ..self.trained(best.epoch)? })
    }

    /// Networks as they were when they were best on rows held out from all of them.
    fn watched(&mut self) -> Result<Best, FitError> {
        let fit = self.fit;
        let (training, held_out) = hold_out(fit, &self.meaning, &mut self.data, self.rows);
        let runners =
            (0..self.shape.networks).map(|number| self.runner(number, WATCHED, training.clone())).collect();
        watch(fit, &self.data, &mut [Jury { runners, held_out }], &self.shape.settings)
    }
}

/// Seconds of a fit of all networks.
pub(super) fn cost(params: &Params, load: &Load) -> f64 {
    let (hidden, layers) = (params.count("hidden") as f64, params.count("layers") as f64);
    // Half of the networks see pieces, of those features that are numbers: half of them, say.
    let pieces = if params.count("pieces") > 1 { params.count("pieces") as f64 / 4.0 } else { 0.0 };
    let inputs = load.features as f64 * (1.0 + pieces);
    let size = match layers {
        0.0 => inputs * load.scores(),
        _ => inputs * hidden + (layers - 1.0) * hidden * hidden + hidden * load.scores(),
    };
    let network = (3.0 * size * load.rows as f64 * params.count("epochs") as f64).min(MOST_PRODUCTS);
    let networks = (AVERAGED_PRODUCTS / network).min(params.count("networks") as f64).max(1.0);
    1.5e-10 * network * networks
}
