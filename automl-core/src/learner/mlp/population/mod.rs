//! Many networks at once on a graphics card: settings that a search would fit one after the other, on the same rows.
//!
//! The recipe is that of a fit on the processor: the same first weights, preprocessing, optimiser, rates, dropout, early stopping
//! by the mean of a setting's networks, temperatures and half precision. What differs: all networks see the rows in one order,
//! dropout is drawn by number, and sums are added up in the card's order. So a model is as good, within chance, but not the same
//! to the byte, and another card may give other bytes: [`REPRODUCIBLE`].
//!
//! Rows lie on the card, and an epoch is sent without a word in between (`card`); what comes back after each is a few sums
//! of losses a setting. Settings that end, or are dropped, make room for the others (`race`). Nothing here reads a clock or
//! draws on chance but the seeds.

mod card;
mod layout;
mod race;
mod table;

#[cfg(test)]
mod tests;

use super::net::Net;
use super::train::{OUT_OF_BOUNDS, Shape};
use crate::compute::Work;
use crate::compute::gpu::{Device, Lost};
use crate::learner::dense::unsuitable;
use crate::learner::{Fit, FitError, Params, Reproducible};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::{sort_few_by, sort_few_by_key};
use crate::platform::Cancel;
use race::{End, Race};
use table::Table;

/// What models that were trained so are to be marked as, whatever their learner's declaration says.
pub const REPRODUCIBLE: Reproducible = Reproducible::PerTarget;

/// A setting to train.
#[derive(Debug, Clone)]
pub struct Candidate {
    /// Every parameter of the learner `mlp`.
    pub params: Params,
    /// Decides the first weights and the dropout.
    pub seed: u64,
}

/// Settings, and what all of them are trained on.
pub struct Contest<'a> {
    /// Training rows × features, finite numbers, as the learner takes them.
    pub frame: &'a Frame,
    pub target: &'a Target,
    /// Rows that decide when to stop; where there are none, a part of the training rows.
    pub validation: Option<(&'a Frame, &'a Target)>,
    pub candidates: &'a [Candidate],
    /// Decides the order of rows, and which are held out.
    pub seed: u64,
    /// Threads for what is done before the card begins.
    pub threads: usize,
    pub cancel: &'a Cancel,
}

/// A setting at its best.
pub struct Trained {
    /// Its place among the candidates.
    pub candidate: usize,
    /// An ordinary model of the learner `mlp`.
    pub model: Box<dyn Model>,
    /// Mean over the held-out rows of the log loss, or of half the squared error in units of the target's spread.
    pub loss: f64,
    /// Epochs after which it was best.
    pub epochs: usize,
    /// [`REPRODUCIBLE`].
    pub reproducible: Reproducible,
}

/// Why a population gave no models. All but a cancelled one can be fitted on the processor.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    #[error(transparent)]
    Fit(#[from] FitError),
    #[error(transparent)]
    Lost(#[from] Lost),
    /// The card does not suit, and why.
    #[error("networks are left to the processor: {reason}")]
    LeftToProcessor { reason: String },
    /// The memory of the card does not hold so many networks at once.
    #[error("the graphics card does not hold so many networks at once: {what} take {bytes} bytes of {most}")]
    TooLarge { what: &'static str, bytes: u64, most: u64 },
}

/// How settings are dropped: after `first` epochs, twice, four times as many and so on the worse half.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Halving {
    pub first: usize,
    /// So many are left at least, and at most in the end.
    pub keep: usize,
}

impl Contest<'_> {
    fn fit<'f>(&'f self, params: &'f Params) -> Fit<'f> {
        Fit {
            frame: self.frame,
            target: self.target,
            weights: None,
            validation: self.validation,
            params,
            seed: self.seed,
            threads: self.threads,
            cancel: self.cancel,
            card: None,
        }
    }
}

/// Trains all candidates to their end. Gives one result for each, in their order: a setting may leave all bounds while
/// others train. Where the card does not hold all at once, they are trained in several populations.
///
/// # Errors
/// [`Failure`], with nothing trained: cancelled, a card that was lost or does not suit.
pub async fn fit(device: &Device, contest: &Contest<'_>) -> Result<Vec<Result<Trained, FitError>>, Failure> {
    fit_at_once(device, contest, usize::MAX).await
}

/// The same, of at most so many candidates at once.
async fn fit_at_once(
    device: &Device,
    contest: &Contest<'_>,
    most: usize,
) -> Result<Vec<Result<Trained, FitError>>, Failure> {
    let table = Table::of(contest)?;
    let mut ends: Vec<End> = Vec::new();
    let all: Vec<usize> = (0..contest.candidates.len()).collect();
    let mut waiting: Vec<&[usize]> = all.chunks(most.max(1)).collect();
    while let Some(some) = waiting.pop() {
        match Race::begin(device, contest, &table, some) {
            Err(Failure::TooLarge { .. }) if some.len() > 1 => {
                let (one, other) = some.split_at(some.len() / 2);
                waiting.extend([one, other]);
            }
            Err(why) => return Err(why),
            Ok(mut race) => {
                while race.is_running() {
                    race.pass().await?;
                }
                ends.extend(race.ended());
            }
        }
    }
    sort_few_by_key(&mut ends, |end| end.candidate);
    Ok(ends.iter().map(|end| end.trained(&table)).collect())
}

/// Settings that were chosen without a model of any.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Choice {
    /// Places among the candidates, the best first.
    pub best: Vec<usize>,
    /// So many were trained, the first ones: as many as the card held at once.
    pub trained: usize,
    /// Epochs that were trained, some of the candidates having ended before.
    pub epochs: usize,
}

/// Successive halving (Jamieson and Talwalkar, 2016): all candidates are trained at once, and from time to time the worse half
/// is dropped, by the least loss so far, so that the card has less to do for those that are left. Gives those that are left in
/// the end, the best first.
///
/// # Errors
/// [`Failure`]: as [`fit`], and where all candidates do not fit onto the card at once or none stays within bounds.
pub async fn halve(
    device: &Device,
    contest: &Contest<'_>,
    halving: Halving,
) -> Result<Vec<Trained>, Failure> {
    let table = Table::of(contest)?;
    let all: Vec<usize> = (0..contest.candidates.len()).collect();
    let mut race = Race::begin(device, contest, &table, &all)?;
    run(&mut race, halving, &Cancel::new()).await?;
    race.cut(halving.keep.max(1))?;
    let ends = race.ended();
    let mut trained = Vec::new();
    let mut why = None;
    for end in &ends {
        match end.trained(&table) {
            Ok(one) => trained.push(one),
            Err(error) => why = Some(error),
        }
    }
    sort_few_by(&mut trained, |a, b| a.loss.total_cmp(&b.loss).then(a.candidate.cmp(&b.candidate)));
    match why {
        Some(error) if trained.is_empty() => Err(error.into()),
        _ => Ok(trained),
    }
}

/// [`halve`] for its settings alone. Where the card does not hold all candidates at once, or `affords` says that there is no
/// time for so much, half of them are dropped unseen, the last ones, and half of these; once `enough`, those that are the best so
/// far are taken, if the worse half was dropped before.
///
/// # Errors
/// [`Failure`]: as [`halve`]; cancelled also where there was `enough` too early.
pub async fn choose(
    device: &Device,
    contest: &Contest<'_>,
    halving: Halving,
    affords: impl Fn(&Work) -> bool,
    enough: &Cancel,
) -> Result<Choice, Failure> {
    let table = Table::of(contest)?;
    let keep = halving.keep.max(1);
    let mut some: Vec<usize> = (0..contest.candidates.len()).collect();
    while some.len() > 2 * keep && !affords(&work(contest, &table, some.len(), halving)?) {
        some.truncate(some.len() / 2);
    }
    let mut race = loop {
        match Race::begin(device, contest, &table, &some) {
            Err(Failure::TooLarge { .. }) if some.len() > 2 * keep => some.truncate(some.len() / 2),
            begun => break begun?,
        }
    };
    run(&mut race, halving, enough).await?;
    if race.is_running() && race.epoch() < halving.first.max(1) {
        return Err(FitError::Cancelled.into());
    }
    let best = race.best(keep);
    if best.is_empty() {
        return Err(unsuitable(OUT_OF_BOUNDS).into());
    }
    Ok(Choice { best, trained: some.len(), epochs: race.epoch() })
}

/// What halving the first `count` candidates asks of a card.
///
/// # Errors
/// [`FitError`]: settings that make no networks.
fn work(contest: &Contest<'_>, table: &Table, count: usize, halving: Halving) -> Result<Work, FitError> {
    let shapes = contest.candidates[..count].iter().map(|c| table.shape(&c.params));
    let shapes = shapes.collect::<Result<Vec<Shape>, FitError>>()?;
    let most = |of: &dyn Fn(&Shape) -> usize| shapes.iter().map(of).max().unwrap_or(1);
    let epochs = most(&|shape| shape.settings.epochs);
    let weights = |shape: &Shape| shape.widths.iter().filter_map(|w| Net::size(w)).sum::<usize>() / 2;
    // Epochs of all candidates, with fewer of them from time to time.
    let (mut all, mut alive, mut at, mut cut_at) = (0, count, 0, halving.first.max(1));
    while at < epochs {
        let until = cut_at.min(epochs);
        all += alive * (until - at);
        (at, cut_at, alive) = (until, 2 * cut_at, alive.div_ceil(2).max(halving.keep).min(alive));
    }
    let networks: usize = shapes.iter().map(|shape| shape.networks).sum();
    Ok(Work::Networks {
        rows: table.training.len(),
        inputs: table.data.pieces.features(),
        weights: shapes.iter().map(weights).sum::<usize>() / count.max(1),
        layers: most(&|shape| shape.widths[0].len() - 1),
        epochs,
        batch: most(&|shape| shape.settings.batch),
        networks: (networks * all).div_ceil((count * epochs).max(1)),
        threads: contest.threads,
    })
}

/// Trains candidates and drops the worse half of them from time to time, until all have ended or there is `enough`.
async fn run(race: &mut Race<'_, '_>, halving: Halving, enough: &Cancel) -> Result<(), Failure> {
    let mut cut_at = halving.first.max(1);
    while race.is_running() && !enough.is_cancelled() {
        race.pass().await?;
        if race.epoch() == cut_at {
            race.cut(race.alive().div_ceil(2).max(halving.keep.max(1)))?;
            cut_at *= 2;
        }
    }
    Ok(())
}
