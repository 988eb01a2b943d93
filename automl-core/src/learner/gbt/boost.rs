//! The loop over rounds.

use super::constraints;
use super::leaves::Steps;
use super::model::GbtModel;
use super::objective::Goal;
#[cfg(feature = "gpu")]
use super::on_card;
use super::params::Settings;
use super::sampling;
use crate::compute::Card;
use crate::learner::tree::binning::Binned;
use crate::learner::tree::constraint::Constraints;
use crate::learner::tree::draw::{choose, share_of};
use crate::learner::tree::flat::{Builder, Flat};
use crate::learner::tree::leafwise::Grower;
use crate::learner::tree::packing::{Layout, quantise, within};
use crate::learner::tree::shape::{Grown, Shape};
use crate::learner::tree::store::Store;
use crate::learner::{Fit, FitError, weight};
use crate::model::Target;
use crate::node::Frame;
use crate::numeric::Rng;
use crate::platform::{Cancel, each};

/// Rounds of trees without a split after which boosting ends, where trees differ in what they see.
const IDLE_ROUNDS: usize = 10;

/// Rows that are worth a thread; few in tests, so that they have threads.
const WORTH_THREADS: usize = if cfg!(test) { 8 } else { 1 << 15 };

/// Rows that trees are only applied to.
pub(super) struct Others {
    pub columns: Vec<Vec<u8>>,
    goal: Goal,
    pub scores: Vec<Vec<f64>>,
    /// Threads that may help with their loss.
    threads: usize,
}

/// A tree just grown, in terms of bins, with the values of its leaves.
pub(super) struct Tree {
    pub shape: Shape,
    pub values: Vec<f32>,
}

/// When boosting stops: by validation loss, or where trees have no splits any more.
pub(super) struct Watch {
    best_loss: f64,
    best_rounds: usize,
    patience: usize,
    idle: usize,
    most_idle: usize,
}

/// How far boosting has come.
pub(super) struct Progress {
    pub builder: Builder,
    pub watch: Watch,
    pub rounds: usize,
    pub ended: bool,
}

/// The rows that trees are grown on, and where their scores are.
pub(super) struct Boosting<'a> {
    pub settings: &'a Settings,
    pub constraints: &'a Constraints,
    pub data: &'a Binned,
    pub goal: Goal,
    pub scores: Vec<Vec<f64>>,
    pub validation: Option<Others>,
    pub memory: Memory,
    pub seed: u64,
    pub threads: usize,
}

/// What is written again every round.
#[derive(Default)]
pub(super) struct Memory {
    pairs: Vec<Vec<[f32; 2]>>,
    words: Vec<i64>,
    rows: Vec<u32>,
    spare: Vec<u32>,
}

/// Fits a booster, on a card where there is one that can do it: the model is the same.
///
/// # Errors
/// [`FitError`] when cancelled, or where there are no rows or a target that is not finite.
pub(super) async fn fit(fit: &Fit<'_>) -> Result<GbtModel, FitError> {
    let unsuitable = |reason: &str| FitError::Unsuitable { reason: reason.into() };
    if fit.target.is_empty() || fit.frame.rows != fit.target.len() {
        return Err(unsuitable("there are no training rows"));
    }
    if let Target::Values(v) = fit.target
        && v.iter().any(|y| !y.is_finite())
    {
        return Err(unsuitable("the target has values that are not finite"));
    }
    let settings = Settings::new(fit.params, fit.frame.rows);
    let data = Binned::with_threads(fit.frame, settings.max_bins, fit.seed, fit.threads);
    let weights = weight::given(fit)?;
    let class_weights = weight::of_classes(fit, weights.as_deref());
    let goal =
        Goal::new(fit.target, settings.objective, weights, class_weights).map_err(|e| unsuitable(&e))?;
    let start = goal.start();
    let validation = fit.validation.filter(|(frame, target)| frame.rows == target.len() && frame.rows > 0);
    let validation =
        validation.and_then(|validation| Others::new(&data, (&goal, &start), validation, fit.threads));
    let constraints = constraints::read(fit.params, fit.frame, &data).map_err(|e| unsuitable(&e))?;
    check_monotone(&constraints, &start).map_err(unsuitable)?;
    let boosting = Boosting {
        settings: &settings,
        constraints: &constraints,
        data: &data,
        scores: spread(&start, fit.frame.rows),
        validation,
        memory: Memory::default(),
        seed: fit.seed,
        threads: fit.threads,
        goal,
    };
    let (link, center) = (boosting.goal.objective.link(), boosting.goal.center);
    let trees = boosting.run(fit.card, fit.cancel).await?;
    Ok(GbtModel { link, start, center, trees })
}

/// # Errors
/// Directions where there are several scores.
pub(super) fn check_monotone(constraints: &Constraints, start: &[f64]) -> Result<(), &'static str> {
    if constraints.is_monotone() && start.len() > 1 {
        return Err("`monotone` is for numbers and two classes: of more, no one score says which is higher");
    }
    Ok(())
}

/// The scores of `rows` rows before the first tree.
pub(super) fn spread(start: &[f64], rows: usize) -> Vec<Vec<f64>> {
    start.iter().map(|&s| vec![s; rows]).collect()
}

impl Others {
    /// `None` where the target is of another kind than that of the rows that train.
    pub fn new(
        data: &Binned,
        (goal, start): (&Goal, &[f64]),
        (frame, target): (&Frame, &Target),
        threads: usize,
    ) -> Option<Self> {
        let (columns, scores) = (data.apply(frame), spread(start, frame.rows));
        Some(Self { columns, goal: goal.like(target, None)?, scores, threads })
    }

    fn loss(&self) -> f64 {
        self.goal.loss(&self.scores, self.threads)
    }
}

impl Boosting<'_> {
    async fn run(mut self, card: Option<&Card>, cancel: &Cancel) -> Result<Flat, FitError> {
        let outputs = self.scores.len();
        let data = self.data;
        let watch = Watch::new(self.settings, self.validation.as_ref());
        let builder = Builder::new(data.columns, 1);
        let mut progress = Progress { builder, watch, rounds: 0, ended: data.features.is_empty() };
        #[cfg(feature = "gpu")]
        if let Some(card) = card.filter(|_| !progress.ended) {
            on_card::run(&mut self, card, &mut progress, cancel).await?;
        }
        #[cfg(not(feature = "gpu"))]
        let _ = card;
        self.go_on(&mut progress, cancel)?;
        let kept = progress.watch.kept(progress.rounds, self.validation.is_some());
        Ok(progress.builder.finish(kept * outputs))
    }

    /// Grows the rounds that are left on the processor.
    fn go_on(&mut self, progress: &mut Progress, cancel: &Cancel) -> Result<(), FitError> {
        if progress.ended || progress.rounds == self.settings.rounds {
            return Ok(());
        }
        let mut grower = Grower::new(self.data, self.constraints.clone(), self.threads);
        while progress.rounds < self.settings.rounds && !progress.ended {
            let trees = self.round(&mut grower, &mut progress.builder, progress.rounds, cancel)?;
            progress.note(&trees, self.validation.as_ref());
        }
        Ok(())
    }

    /// Grows the trees of one round, one an output.
    ///
    /// # Errors
    /// [`FitError::Cancelled`], and rows that were lost.
    pub fn round<S: Store>(
        &mut self,
        grower: &mut Grower<'_, S>,
        builder: &mut Builder,
        round: usize,
        cancel: &Cancel,
    ) -> Result<Vec<Tree>, FitError>
    where
        FitError: From<S::Lost>,
    {
        let (outputs, rows) = (self.scores.len(), self.data.rows);
        self.memory.fit(outputs, rows, self.validation.as_ref().map_or(0, |v| v.goal.rows()));
        self.goal.gradients(&self.scores, &mut self.memory.pairs, self.threads);
        let bag = self.bag(round);
        let mut trees = Vec::with_capacity(outputs);
        for output in 0..outputs {
            if cancel.is_cancelled() {
                return Err(FitError::Cancelled);
            }
            trees.push(self.add_tree(grower, builder, (round, output), bag.as_deref())?);
        }
        Ok(trees)
    }

    /// The rows that this round's trees see; `None` for all.
    pub fn bag(&mut self, round: usize) -> Option<Vec<u32>> {
        let share = self.settings.row_sample;
        let mut rng = self.bag_rng(round);
        (share < 1.0).then(|| {
            if self.settings.minimal_variance {
                let pairs = &mut self.memory.pairs;
                sampling::minimal_variance(pairs, share, rng.next_u64(), self.threads)
            } else {
                sampling::uniform(self.data.rows, share, &mut rng)
            }
        })
    }

    /// What the rows of a round are drawn with.
    pub fn bag_rng(&self, round: usize) -> Rng {
        Rng::for_stream(self.seed, &[0xBA, round as u64])
    }

    /// Of the words of a tree's rows, where these are so many.
    pub fn layout(&self, rows: usize) -> Layout {
        // Rows that are drawn by their gradients differ in their weights, and how many they are is known too late.
        let by_gradients = self.settings.draws_by_gradients();
        let most = if by_gradients { self.data.rows } else { rows };
        Layout::new(most as u64, self.goal.has_hessian() || by_gradients)
    }

    /// Grows one tree, adds it to the ensemble and its values to all scores.
    fn add_tree<S: Store>(
        &mut self,
        grower: &mut Grower<'_, S>,
        builder: &mut Builder,
        (round, output): (usize, usize),
        bag: Option<&[u32]>,
    ) -> Result<Tree, S::Lost> {
        let mut rng = Rng::for_stream(self.seed, &[0x7E, round as u64, output as u64]);
        let count = self.data.features.len();
        if self.settings.column_sample < 1.0 {
            let chosen = choose(count, share_of(count, self.settings.column_sample), &mut rng);
            grower.use_features(chosen.into_iter().map(|f| f as u32).collect());
        }
        let layout = self.layout(bag.map_or(self.data.rows, <[u32]>::len));
        let Memory { pairs, words, rows, spare } = &mut self.memory;
        let pairs = &pairs[output];
        let scales = quantise(pairs, bag, layout, &mut rng, words, self.threads);
        let (rules, limits) = (&self.settings.rules, &self.settings.limits);
        let grown = grower.grow(bag, words, scales, rules, limits, rng.next_u64())?;
        let scores = &self.scores[output];
        let threads = self.threads.min(self.data.rows / WORTH_THREADS);
        let steps = Steps { settings: self.settings, goal: &self.goal, pairs, scores, threads };
        let values = steps.values(&grown, self.constraints);
        let scores = &mut self.scores[output];
        add_grown(&grown, &values, scores, threads);
        let tree = Tree { shape: grown.shape, values };
        tree.push_to(builder, self.data);
        let features = &self.data.features;
        if let Some(bag) = bag {
            rows.clear();
            fill_outside(bag, scores.len(), rows);
            let add = |leaf: u32, rows: &[u32]| add_value(tree.values[leaf as usize], rows, scores);
            grower.store.route(&tree.shape, rows, spare, threads, add);
        }
        if let Some(others) = &mut self.validation {
            let columns = &others.columns;
            let column = |f: u32| (columns[f as usize].as_slice(), features[f as usize].bin_count);
            let scores = &mut others.scores[output];
            rows.clear();
            rows.extend(0..scores.len() as u32);
            tree.add_to(scores, rows, spare, column, threads);
        }
        Ok(tree)
    }

    /// Adds to the scores of all rows what trees say that were grown on others.
    pub fn catch_up(&mut self, output: usize, tree: &Tree) {
        let features = &self.data.features;
        let column = |f: u32| (features[f as usize].bins.as_slice(), features[f as usize].bin_count);
        let threads = self.threads.min(self.data.rows / WORTH_THREADS);
        let Memory { rows, spare, .. } = &mut self.memory;
        spare.resize(self.data.rows.max(spare.len()), 0);
        rows.clear();
        rows.extend(0..self.data.rows as u32);
        tree.add_to(&mut self.scores[output], rows, spare, column, threads);
    }
}

impl Progress {
    /// Takes the trees of a round that grew elsewhere.
    #[cfg(feature = "gpu")]
    pub fn take(&mut self, boosting: &Boosting<'_>, trees: &[Tree]) {
        trees.iter().for_each(|tree| tree.push_to(&mut self.builder, boosting.data));
        self.note(trees, boosting.validation.as_ref());
    }

    fn note(&mut self, trees: &[Tree], validation: Option<&Others>) {
        self.rounds += 1;
        self.ended = self.watch.ends(self.rounds, trees, validation);
    }
}

impl Memory {
    /// Room for `rows` rows that train and `others` that do not.
    fn fit(&mut self, outputs: usize, rows: usize, others: usize) {
        self.pairs.resize(outputs, Vec::new());
        self.pairs.iter_mut().for_each(|pairs| pairs.resize(rows, [0.0; 2]));
        self.words.resize(rows, 0);
        self.spare.resize(rows.max(others), 0);
    }
}

impl Watch {
    pub fn new(settings: &Settings, validation: Option<&Others>) -> Self {
        let sampled = settings.row_sample < 1.0
            || settings.column_sample < 1.0
            || settings.limits.node_features < 1.0
            || settings.rules.random_cuts;
        Self {
            best_loss: validation.map_or(f64::INFINITY, Others::loss),
            best_rounds: 0,
            patience: settings.patience,
            idle: 0,
            most_idle: if sampled { IDLE_ROUNDS } else { 1 },
        }
    }

    /// At least so many rounds without a split end it.
    #[must_use]
    pub fn idle_for(self, rounds: usize) -> Self {
        Self { most_idle: self.most_idle.max(rounds), ..self }
    }

    /// Notes the trees of a round, the last of `rounds`; whether to stop.
    pub fn ends(&mut self, rounds: usize, trees: &[Tree], validation: Option<&Others>) -> bool {
        let split = trees.iter().any(|tree| !tree.shape.branches.is_empty());
        self.idle = if split { 0 } else { self.idle + 1 };
        let late = validation.is_some_and(|v| self.sees(rounds, v.loss()));
        late || self.idle >= self.most_idle
    }

    /// How many of `rounds` rounds are kept.
    pub fn kept(&self, rounds: usize, validated: bool) -> usize {
        if validated && self.patience > 0 { self.best_rounds } else { rounds }
    }

    /// Notes a round's loss; whether to stop.
    fn sees(&mut self, rounds: usize, loss: f64) -> bool {
        if loss < self.best_loss {
            self.best_loss = loss;
            self.best_rounds = rounds;
        }
        self.patience > 0 && rounds - self.best_rounds >= self.patience
    }
}

/// Adds to the scores of the rows that a tree was grown on the values of their leaves.
fn add_grown(grown: &Grown<'_>, values: &[f32], scores: &mut [f64], threads: usize) {
    let size = scores.len().div_ceil(threads.max(1)).max(1);
    let mut parts: Vec<&mut [f64]> = scores.chunks_mut(size).collect();
    each(threads, &mut parts, |part, scores| {
        let start = part * size;
        for (leaf, &value) in values.iter().enumerate() {
            for &row in within(grown.leaf_rows(leaf), start, start + size) {
                scores[row as usize - start] += f64::from(value);
            }
        }
    });
}

/// The rows below `count` that are not in `bag`, both ascending.
fn fill_outside(bag: &[u32], count: usize, outside: &mut Vec<u32>) {
    let mut next = 0;
    for &row in bag {
        outside.extend(next..row);
        next = row + 1;
    }
    outside.extend(next..count as u32);
}

impl Tree {
    /// Adds it to the ensemble.
    fn push_to(&self, builder: &mut Builder, data: &Binned) {
        let first = self.values.iter().map(|&v| builder.push_leaf(&[v])).min().unwrap_or(0);
        builder.push(&self.shape, data, |leaf| first + leaf);
    }

    /// Adds to the score of each of `rows` the value of the leaf it falls in.
    fn add_to<'c>(
        &self,
        scores: &mut [f64],
        rows: &mut [u32],
        spare: &mut [u32],
        column: impl Fn(u32) -> (&'c [u8], usize),
        threads: usize,
    ) {
        self.shape.route(rows, spare, column, threads, |leaf, rows| {
            add_value(self.values[leaf as usize], rows, scores);
        });
    }
}

/// Adds a leaf's value to the scores of its rows.
fn add_value(value: f32, rows: &[u32], scores: &mut [f64]) {
    rows.iter().for_each(|&row| scores[row as usize] += f64::from(value));
}
