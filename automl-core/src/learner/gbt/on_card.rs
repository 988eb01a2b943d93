//! Boosting on a graphics card, [`boosting`]: the same trees to the last bit, so that the processor can go on wherever the card
//! is lost.

use super::boost::{Boosting, Progress, Tree};
use super::leaves::most_step;
use super::objective::{Link, Objective, powers_of};
use super::sampling::MOST_STEPS;
use crate::compute::gpu::{Device, Lost};
use crate::compute::kernels::boosting::{self, Booster, Column, Data, Grown, Others, Reading, Sent};
use crate::compute::{Card, Used, Work};
use crate::learner::FitError;
use crate::learner::tree::binning::BinnedFeature;
use crate::learner::tree::constraint::Constraints;
use crate::learner::tree::draw::{choose, share_of};
use crate::learner::tree::packing::Layout;
use crate::learner::tree::plan::{Limits, Policy};
use crate::learner::tree::shape::{Branch, Child, Shape};
use crate::learner::tree::split::{RELATIVE_GAIN, Split, Test};
use crate::learner::tree::symmetric;
use crate::numeric::Rng;
use crate::platform::Cancel;
use std::collections::VecDeque;

/// Rounds that are sent before the first of them is read.
const AHEAD: usize = 3;

/// Why a card did not grow all trees.
enum Stopped {
    Cancelled,
    /// The processor goes on; why.
    Lost(Lost),
    /// Units that are too fine are made coarser on the processor.
    TooFine,
}

impl From<Lost> for Stopped {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

/// How many levels a tree may have whose leaves of a level share a test.
fn levels(limits: &Limits) -> Option<u32> {
    let is_symmetric = limits.policy == Policy::Symmetric;
    is_symmetric.then(|| symmetric::levels(limits.max_leaves, limits.max_depth) as u32)
}

/// Leaves that a tree may have.
fn most_leaves(limits: &Limits) -> usize {
    levels(limits).map_or(limits.max_leaves, |levels| 1 << levels)
}

/// Why no card can do this, for people; `None` where one can.
fn unsuited(boosting: &Boosting<'_>) -> Option<&'static str> {
    let limits = boosting.settings.limits;
    let categorical = boosting.data.features.iter().any(|feature| feature.cuts.is_categorical());
    let objective = boosting.goal.objective;
    [
        (objective.refits(), "this loss is computed on the processor only"),
        (*boosting.constraints != Constraints::default(), "constraints are kept on the processor only"),
        (
            limits.policy == Policy::Symmetric && categorical,
            "symmetric trees that split categories are grown on the processor only",
        ),
        (
            most_leaves(&limits) > boosting::MOST_LEAVES,
            "trees of so many leaves are grown on the processor only",
        ),
    ]
    .into_iter()
    .find_map(|(is_so, why)| is_so.then_some(why))
}

/// Grows trees until boosting ends, where the card can do this and it pays. Where the card is lost, the processor can go on:
/// what is done is in `progress`, and in the scores.
///
/// # Errors
/// [`FitError::Cancelled`].
pub(super) async fn run(
    boosting: &mut Boosting<'_>,
    card: &Card,
    progress: &mut Progress,
    cancel: &Cancel,
) -> Result<(), FitError> {
    if let Some(why) = card.why_not().or_else(|| unsuited(boosting).map(str::to_owned)) {
        card.note(Used::cpu(why));
        return Ok(());
    }
    let Some(turn) = card.turn(&work(boosting)) else { return Ok(()) };
    let Some(device) = turn.device() else { return Ok(()) };
    if let Err(large) = fits(boosting, device) {
        card.note(Used::cpu(large));
        return Ok(());
    }
    let mut trees = Vec::new();
    match grow(boosting, device, progress, &mut trees, cancel).await {
        Ok(()) => return Ok(()),
        Err(Stopped::Cancelled) => return Err(FitError::Cancelled),
        Err(Stopped::TooFine) => card.note(Used::cpu("sums outgrew their room on the graphics card")),
        Err(Stopped::Lost(lost)) => card.lost(lost),
    }
    let outputs = boosting.scores.len();
    trees.iter().enumerate().for_each(|(place, tree)| boosting.catch_up(place % outputs, tree));
    Ok(())
}

/// Whether the card may hold it.
///
/// # Errors
/// What is too large, in words that follow a colon.
fn fits(boosting: &Boosting<'_>, device: &Device) -> Result<(), String> {
    let others = boosting.validation.as_ref().map_or(0, |v| v.scores.first().map_or(0, Vec::len));
    let (rows, features) = (boosting.data.rows, boosting.data.features.len());
    let (leaves, outputs) = (most_leaves(&boosting.settings.limits), boosting.scores.len());
    boosting::fits(device.limits().max_storage_buffer_binding_size, (rows, others), features, leaves, outputs)
}

fn work(boosting: &Boosting<'_>) -> Work {
    let settings = boosting.settings;
    let depth = u32::try_from(settings.limits.max_depth).ok().filter(|&d| d > 0);
    let most = depth.and_then(|depth| 1usize.checked_shl(depth)).unwrap_or(usize::MAX);
    Work::Trees {
        rows: boosting.data.rows,
        features: boosting.data.features.len(),
        leaves: most_leaves(&settings.limits).min(most),
        rounds: settings.rounds,
        outputs: boosting.scores.len(),
        threads: boosting.threads,
    }
}

async fn grow(
    boosting: &mut Boosting<'_>,
    device: &Device,
    progress: &mut Progress,
    done: &mut Vec<Tree>,
    cancel: &Cancel,
) -> Result<(), Stopped> {
    let (listed, layout) = listed(boosting);
    let booster = begin(boosting, device, listed, layout)?;
    let [gradients, hessians] = layout.limits();
    let mut sent = VecDeque::new();
    let mut next = progress.rounds;
    while progress.rounds < boosting.settings.rounds && !progress.ended {
        while sent.len() < AHEAD && next < boosting.settings.rounds {
            sent.push_back(send(boosting, &booster, next)?);
            next += 1;
        }
        let mut trees = Vec::new();
        for reading in sent.pop_front().unwrap_or_default() {
            let grown = booster.read(reading).await?;
            if grown.sums[0] as f64 > gradients || layout.has_hessian() && grown.sums[1] as f64 > hessians {
                return Err(Stopped::TooFine);
            }
            trees.push(tree(grown, boosting));
        }
        if cancel.is_cancelled() {
            return Err(Stopped::Cancelled);
        }
        progress.take(boosting, &trees);
        done.extend(trees);
    }
    Ok(())
}

/// How many rows a tree sees at most, and the layout of their words.
fn listed(boosting: &Boosting<'_>) -> (usize, Layout) {
    let (rows, settings) = (boosting.data.rows, boosting.settings);
    let all = settings.row_sample >= 1.0 || settings.draws_by_gradients();
    let listed = if all { rows } else { share_of(rows, settings.row_sample) };
    (listed, boosting.layout(listed))
}

fn begin<'d>(
    boosting: &Boosting<'_>,
    device: &'d Device,
    listed: usize,
    layout: Layout,
) -> Result<Booster<'d>, Lost> {
    let Boosting { settings, goal, data, .. } = boosting;
    let (count_bits, hessian_bits) = layout.bits();
    let [gradient_room, hessian_room] = layout.rooms();
    let (mut factor, mut powers) = (1.0, [0.0; 2]);
    let objective = match goal.objective {
        Objective::Softmax(k) => {
            factor = k as f64 / (k as f64 - 1.0);
            boosting::Objective::Softmax
        }
        Objective::Logistic => boosting::Objective::Logistic,
        Objective::Poisson => boosting::Objective::Poisson,
        Objective::Tweedie { power } => {
            powers = powers_of(power);
            boosting::Objective::Tweedie
        }
        Objective::Squared | Objective::Absolute | Objective::Huber { .. } | Objective::Quantile { .. } => {
            boosting::Objective::Squared
        }
    };
    let small = |number: usize| u32::try_from(number).unwrap_or(u32::MAX);
    let whole = |rows: i64| u32::try_from(rows).unwrap_or(u32::MAX);
    let rules = settings.rules;
    let fit = boosting::Fit {
        rows: small(data.rows),
        listed: small(listed),
        outputs: small(boosting.scores.len()),
        objective,
        count_bits,
        hessian_bits,
        max_leaves: small(most_leaves(&settings.limits)),
        max_depth: small(settings.limits.max_depth),
        by_depth: settings.limits.policy == Policy::DepthWise,
        levels: levels(&settings.limits).unwrap_or(0),
        min_rows: whole(rules.min_rows),
        weighted: goal.weights().is_some(),
        random_cuts: rules.random_cuts,
        level_rows: rules.cat_smooth.ceil() as u32,
        group_rows: whole(rules.cat_group_rows),
        bar_steps: if settings.draws_by_gradients() { MOST_STEPS as u32 } else { 0 },
        l1: rules.l1,
        l2: rules.l2,
        rate: settings.learning_rate,
        min_gain: rules.min_gain.max(0.0),
        min_hessian: rules.min_hessian,
        max_delta: most_step(settings, goal).unwrap_or(0.0),
        most: goal.objective.link().most(),
        factor,
        gradient_room,
        hessian_room,
        bar: 1.0 + RELATIVE_GAIN,
        cat_l2: rules.l2 + rules.cat_l2,
        cat_smooth: rules.cat_smooth,
        powers,
        wanted: settings.row_sample * data.rows as f64,
    };
    let features: Vec<Column<'_>> = data.features.iter().map(column).collect();
    let targets: Vec<u64> = match goal.objective.link() {
        Link::Identity | Link::Log => goal.values().iter().map(|y| y.to_bits()).collect(),
        _ => goal.codes().iter().map(|&code| u64::from(code)).collect(),
    };
    let others = boosting.validation.as_ref().map(|v| Others { bins: &v.columns, scores: &v.scores });
    let scores = &boosting.scores;
    let data = Data { features: &features, targets: &targets, weights: goal.weights(), scores, others };
    Booster::new(device, &data, &fit)
}

fn column(feature: &BinnedFeature) -> Column<'_> {
    let BinnedFeature { bins, bin_count, cuts, .. } = feature;
    Column { bins, bin_count: *bin_count, categorical: cuts.is_categorical() }
}

/// Sends the trees of a round, drawn as [`Boosting::round`] draws them.
fn send(boosting: &mut Boosting<'_>, booster: &Booster<'_>, round: usize) -> Result<Vec<Reading>, Lost> {
    let by_gradients = boosting.settings.draws_by_gradients();
    if !by_gradients && let Some(bag) = boosting.bag(round) {
        booster.use_rows(&bag);
    }
    let rows_seed = boosting.bag_rng(round).next_u64();
    let (outputs, count) = (boosting.scores.len(), boosting.data.features.len());
    let share = boosting.settings.column_sample;
    let sent = (0..outputs).map(|output| {
        let mut rng = Rng::for_stream(boosting.seed, &[0x7E, round as u64, output as u64]);
        let features: Vec<u32> = match share < 1.0 {
            true => choose(count, share_of(count, share), &mut rng).into_iter().map(|f| f as u32).collect(),
            false => (0..count as u32).collect(),
        };
        booster.tree(&Sent {
            output: output as u32,
            seed: rng.next_u64(),
            draws: rng.next_u64(),
            features: &features,
            drawn: share_of(features.len(), boosting.settings.limits.node_features) as u32,
            rows_seed,
            first: output == 0,
            last: output + 1 == outputs,
        })
    });
    sent.collect()
}

/// A tree as the processor has it; the scores of the rows that validate are taken over.
fn tree(grown: Grown, boosting: &mut Boosting<'_>) -> Tree {
    if let Some(others) = boosting.validation.as_mut().filter(|_| !grown.others.is_empty()) {
        let rows = others.scores.first().map_or(1, Vec::len).max(1);
        for (scores, read) in others.scores.iter_mut().zip(grown.others.chunks(rows)) {
            scores.copy_from_slice(read);
        }
    }
    let mut shape = Shape { branches: Vec::with_capacity(grown.nodes.len()), leaves: 1 };
    // The node above each leaf, and whether it is its left child.
    let mut above: Vec<Option<(usize, bool)>> = vec![None];
    for (node, made) in grown.nodes.iter().enumerate() {
        let (leaf, new) = (made.leaf, shape.leaves);
        let levels = boosting.data.features[made.feature as usize].cuts.is_categorical();
        let test = if levels { Test::In(made.set) } else { Test::UpTo(made.last) };
        let (gain, feature, left) = (made.gain, made.feature, made.left);
        let split = Split { gain, feature, test, missing_left: made.missing_left, left };
        shape.branches.push(Branch { split, left: Child::Leaf(leaf), right: Child::Leaf(new) });
        if let Some((parent, is_left)) = above[leaf as usize] {
            let parent = &mut shape.branches[parent];
            *(if is_left { &mut parent.left } else { &mut parent.right }) = Child::Node(node as u32);
        }
        above[leaf as usize] = Some((node, true));
        above.push(Some((node, false)));
        shape.leaves += 1;
    }
    Tree { shape, values: grown.values }
}
