//! Training with early stopping.

use super::adam::Adam;
use super::batch::{Batch, mean_loss};
use super::data::{Meaning, Rows};
use super::model::MlpModel;
use super::net::Net;
use crate::learner::dense::{go_on, unsuitable};
use crate::learner::{Fit, FitError, Load, Params};
use crate::numeric::Rng;

/// Share of the rows that is held out where the caller holds none out, from so many rows on.
const HELD_OUT: f64 = 0.15;
const FEWEST_TO_HOLD_OUT: usize = 60;
/// Epochs without a better loss after which training ends.
const PATIENCE: usize = 10;
/// Epochs where nothing can be held out.
const BLIND_EPOCHS: usize = 40;
/// Products that one network may spend, about: so that a large table costs seconds and not minutes.
const MOST_PRODUCTS: f64 = 4e10;
/// Products that all networks of a fit may spend, where there is more than one.
const AVERAGED_PRODUCTS: f64 = 1.4e10;
/// Steps over which the rate rises at the start, and their largest share of all.
const WARM_UP: f64 = 30.0;
const WARM_UP_SHARE: f64 = 0.1;
/// The share of the rate that is left in the last steps.
const LEAST_RATE: f64 = 0.01;

/// Training rows, and those that say when to stop.
struct Split {
    training: Rows,
    held_out: Option<Rows>,
}

struct Settings {
    rate: f64,
    decay: f64,
    dropout: f64,
    epochs: usize,
    batch: usize,
}

/// Fits networks.
///
/// # Errors
/// [`FitError`] when cancelled, or where training leaves all bounds.
pub fn fit(fit: &Fit<'_>) -> Result<MlpModel, FitError> {
    let meaning = Meaning::of(fit.target);
    let split = split(fit, &meaning)?;
    // Whole tiles of the matrix product.
    let hidden = fit.params.count("hidden").max(1).next_multiple_of(8);
    let mut widths = vec![fit.frame.columns.len()];
    widths.extend(std::iter::repeat_n(hidden, fit.params.count("layers").clamp(1, 4)));
    widths.push(meaning.outputs());
    let size = Net::size(&widths).ok_or_else(|| unsuitable("the network is too large"))?;
    let products = 3.0 * size as f64 * split.training.count as f64;
    let most = ((MOST_PRODUCTS / products) as usize).max(4);
    let settings = Settings {
        rate: fit.params.float("learning_rate"),
        decay: fit.params.float("weight_decay"),
        dropout: fit.params.float("dropout"),
        epochs: fit.params.count("epochs").clamp(1, most),
        batch: (split.training.count / 80).next_power_of_two().clamp(16, 128),
    };
    // One class only: nothing to learn.
    let nothing = matches!(&meaning, Meaning::Classes(_) if meaning.outputs() == 1);
    let affordable = (AVERAGED_PRODUCTS / (products * settings.epochs as f64)) as usize;
    let count = if nothing { 1 } else { fit.params.count("networks").min(affordable).max(1) };
    let mut model = MlpModel { meaning, nets: Vec::with_capacity(count), epochs: 0 };
    for number in 0..count as u64 {
        let seed = Rng::for_stream(fit.seed, &[0x4E, 3, number]).next_u64();
        let net = Net::new(widths.clone(), &model.meaning.prior(), &mut Rng::for_stream(seed, &[0x4E, 0]));
        let (net, epochs) = if nothing { (net, 0) } else { train(fit, net, &split, &settings, seed)? };
        if net.weights.iter().any(|w| !w.is_finite()) {
            return Err(unsuitable("training left all bounds: try a lower learning rate"));
        }
        model.epochs = model.epochs.max(epochs as u32);
        model.nets.push(net);
    }
    Ok(model)
}

fn split(fit: &Fit<'_>, meaning: &Meaning) -> Result<Split, FitError> {
    let whole =
        meaning.rows(fit.frame, fit.target).ok_or_else(|| unsuitable("the target is of two kinds"))?;
    let same_columns = |frame: &crate::node::Frame| frame.columns.len() == fit.frame.columns.len();
    let given = fit.validation.filter(|(frame, _)| same_columns(frame));
    let given = given.and_then(|(frame, target)| meaning.rows(frame, target)).filter(|rows| rows.count > 0);
    if given.is_some() {
        return Ok(Split { training: whole, held_out: given });
    }
    if whole.count < FEWEST_TO_HOLD_OUT {
        return Ok(Split { training: whole, held_out: None });
    }
    let mut order: Vec<u32> = (0..whole.count as u32).collect();
    Rng::for_stream(fit.seed, &[0x4E, 1]).shuffle(&mut order);
    let (out, stay) = order.split_at((whole.count as f64 * HELD_OUT) as usize);
    Ok(Split { training: whole.take(stay), held_out: Some(whole.take(out)) })
}

/// Seconds of a fit of all networks.
pub(super) fn cost(params: &Params, load: &Load) -> f64 {
    let (hidden, layers) = (params.count("hidden") as f64, params.count("layers") as f64);
    let outputs = if load.outputs <= 2 { 1.0 } else { load.outputs as f64 };
    let size = load.features as f64 * hidden + (layers - 1.0) * hidden * hidden + hidden * outputs;
    let network = (3.0 * size * load.rows as f64 * params.count("epochs") as f64).min(MOST_PRODUCTS);
    let networks = (AVERAGED_PRODUCTS / network).min(params.count("networks") as f64).max(1.0);
    1.5e-10 * network * networks
}

/// The best network, and how many epochs it took to find it.
fn train(
    fit: &Fit<'_>,
    mut net: Net,
    split: &Split,
    settings: &Settings,
    seed: u64,
) -> Result<(Net, usize), FitError> {
    let mut adam = Adam::new(net.weights.len());
    let mut batch = Batch::default();
    let mut gradient = vec![0.0; net.weights.len()];
    let mut order: Vec<u32> = (0..split.training.count as u32).collect();
    let mut best = (net.clone(), split.held_out.as_ref().map_or(f64::INFINITY, |h| mean_loss(&net, h)), 0);
    let epochs = if split.held_out.is_some() { settings.epochs } else { settings.epochs.min(BLIND_EPOCHS) };
    let all_steps = epochs * order.len().div_ceil(settings.batch);
    let mut steps = 0;
    for epoch in 1..=epochs {
        let mut rng = Rng::for_stream(seed, &[0x4E, 2, epoch as u64]);
        rng.shuffle(&mut order);
        for rows in order.chunks(settings.batch) {
            go_on(fit)?;
            steps += 1;
            batch.gradient(&net, &split.training, rows, settings.dropout, &mut rng, &mut gradient);
            adam.step(&mut net, &gradient, settings.rate * rate_at(steps, all_steps), settings.decay);
        }
        let Some(held_out) = &split.held_out else { continue };
        let loss = mean_loss(&net, held_out);
        if loss < best.1 {
            best = (net.clone(), loss, epoch);
        } else if epoch - best.2 >= PATIENCE {
            break;
        }
    }
    Ok(if split.held_out.is_some() { (best.0, best.2) } else { (net, epochs) })
}

/// The share of the rate at a step: it rises for a while, and falls in a line to the end.
fn rate_at(step: usize, all_steps: usize) -> f64 {
    let (step, all_steps) = (step as f64, all_steps as f64);
    let warm_up = WARM_UP.min(WARM_UP_SHARE * all_steps);
    (step / warm_up).min(1.0) * (1.0 - step / all_steps).max(LEAST_RATE)
}
