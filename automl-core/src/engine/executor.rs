//! Runs jobs. The only place that fits: preprocessing and model see the training rows of their fold and no others.

mod population;

use super::answers::Answers;
use super::chain::{Chain, FittedChain};
use super::constraints::features_of;
use super::job::{FoldResult, Job, JobFailure, JobResult, Stage};
use super::pipeline::Pipeline;
use super::prepare::Prepared;
use crate::compute::Card;
use crate::diagnostic::Diagnostic;
use crate::learner::{self, Fit, FitError, LOG_TARGET, ParamValue, Params};
use crate::model::{LogTarget, Target};
use crate::node::{FeatureValues, FittedRecipe, Frame, Recipe, TargetView};
use crate::numeric::Rng;
use crate::platform::{Cancel, Stopwatch, ready};
use crate::search::Split;
use crate::table::{Column, Table};
use std::borrow::Cow;
use std::sync::Arc;

/// One fold with one recipe fitted: what a learner needs.
struct FoldData {
    chain: Option<Arc<FittedChain>>,
    recipe: FittedRecipe,
    training: (Frame, Answers),
    validation: (Frame, Answers),
    locked: Frame,
    /// Seconds that the features of the rows that are predicted took.
    transform_secs: f64,
}

/// One fold with the chain fitted: the tables that recipes see.
struct Chained {
    fitted: Arc<FittedChain>,
    training: Table,
    validation: Table,
    locked: Table,
    /// Seconds that the rows that are predicted took.
    apply_secs: f64,
}

/// What one fold's jobs share: of a stage, rows that train and a fold.
type Place = (Stage, Option<u32>, u32);

struct Cached<T> {
    of: T,
    bytes: usize,
}

/// Runs the jobs of one study, one at a time. Cheap to make; one for each thread or worker.
pub struct Executor {
    prepared: Arc<Prepared>,
    threads: usize,
    card: Option<Card>,
    refit: Option<Split>,
    /// Oldest first, both.
    cache: Vec<Cached<(Place, Recipe, Arc<FoldData>)>>,
    chained: Vec<Cached<(Place, Arc<Chained>)>>,
}

impl Executor {
    /// `threads`: how many a single fit may use. They never change a bit of the result.
    pub fn new(prepared: Arc<Prepared>, threads: usize) -> Self {
        Self { prepared, threads, card: None, refit: None, cache: Vec::new(), chained: Vec::new() }
    }

    /// Fits may compute on a graphics card; each result then says what was used, and why.
    #[must_use]
    pub fn on(mut self, card: Option<Card>) -> Self {
        self.card = card;
        self
    }

    /// The study's data.
    pub fn prepared(&self) -> &Prepared {
        &self.prepared
    }

    /// Runs `job`; a fit that panics is a failed fit, not a failed study.
    pub fn run(&mut self, job: &Job, cancel: &Cancel) -> JobResult {
        let run = std::panic::AssertUnwindSafe(|| ready(self.run_waiting(job, cancel)));
        std::panic::catch_unwind(run).unwrap_or_else(|_| {
            JobResult::failed(
                job.id,
                JobFailure::Failed("the learner broke off with an internal error".to_owned()),
            )
        })
    }

    /// The same in a page, where nothing may block, and where a panic ends the worker.
    pub async fn run_waiting(&mut self, job: &Job, cancel: &Cancel) -> JobResult {
        if !job.population.is_empty() {
            return self.run_population(job, cancel).await;
        }
        let cancel = match job.deadline_secs {
            Some(secs) => cancel.with_deadline_secs(secs),
            None => cancel.clone(),
        };
        self.run_fold(job, &cancel).await
    }

    async fn run_fold(&mut self, job: &Job, cancel: &Cancel) -> JobResult {
        let watch = Stopwatch::start();
        let Some(learner) = learner::find(&job.learner) else {
            let what = format!("there is no learner \"{}\"", job.learner);
            return JobResult::failed(job.id, JobFailure::Failed(what));
        };
        let data = match self.fold_data(job, learner::features::recipe(&job.recipe, &job.params)) {
            Ok(data) => data,
            Err(reason) => return JobResult::failed(job.id, JobFailure::Failed(reason)),
        };
        if cancel.is_cancelled() {
            return JobResult::failed(job.id, JobFailure::Cancelled);
        }
        let log = match log_target(job, &data) {
            Ok(log) => log,
            Err(reason) => return JobResult::failed(job.id, JobFailure::Failed(reason)),
        };
        let (target, unseen) = match &log {
            Some(log) => (&log.training, &log.validation),
            None => (&data.training.1.target, &data.validation.1.target),
        };
        let weights = data.training.1.fit_weights();
        let params = self.constrained(job, &data);
        let card = self.card.as_ref().map(Card::for_fit);
        let fit = Fit {
            frame: &data.training.0,
            target,
            weights: weights.as_deref(),
            validation: Some((&data.validation.0, unseen)),
            params: &params,
            seed: job.seed,
            threads: self.threads,
            cancel,
            card: card.as_ref(),
        };
        let fitted = learner.fit_waiting(&fit).await;
        let fit_secs = watch.elapsed_secs();
        let used = || card.as_ref().map(Card::used);
        let model = match fitted {
            Ok(model) => model,
            Err(error) => {
                let failure = match error {
                    FitError::Cancelled => JobFailure::Cancelled,
                    FitError::Unsuitable { reason }
                    | FitError::Shelf { reason }
                    | FitError::Executors { reason } => JobFailure::Failed(reason),
                };
                return JobResult { fit_secs, used: used(), ..JobResult::failed(job.id, failure) };
            }
        };
        let summary = model.summary();
        let classes = data.training.1.target.task().is_classification();
        let mut pipeline =
            Pipeline::new(data.recipe.clone(), &job.learner, model, data.training.0.rows, classes);
        pipeline.chain.clone_from(&data.chain);
        if let (Some(log), Target::Values(actual)) = (log, &data.validation.1.target) {
            let logs = pipeline.model.predict_waiting(&data.validation.0, card.as_ref()).await.values;
            pipeline.log_target = Some(log.scale.scaled(&logs, actual));
        }
        if job.rows.is_some() {
            let scored = self.only_scored(job, &data, &pipeline, fit_secs, card.as_ref()).await;
            return JobResult { used: used(), ..scored };
        }
        let watch = Stopwatch::start();
        let validation = pipeline.predict_frame_waiting(&data.validation.0, card.as_ref()).await.values;
        let locked = pipeline.predict_frame_waiting(&data.locked, card.as_ref()).await.values;
        let predict_secs = watch.elapsed_secs() + data.transform_secs;
        let score = self.prepared.metric().score(data.validation.1.seen(), &validation);
        JobResult {
            id: job.id,
            outcome: Ok(FoldResult { validation, locked, score, pipeline: pipeline.encode(), summary }),
            fit_secs,
            predict_secs,
            predicted_rows: (data.validation.0.rows + data.locked.rows) as u64,
            used: used(),
            chosen: None,
        }
    }

    /// The result of a fit that only its score is wanted of.
    async fn only_scored(
        &self,
        job: &Job,
        data: &FoldData,
        pipeline: &Pipeline,
        fit_secs: f64,
        card: Option<&Card>,
    ) -> JobResult {
        let watch = Stopwatch::start();
        let predicted = pipeline.predict_frame_waiting(&data.validation.0, card).await.values;
        let score = self.prepared.metric().score(data.validation.1.seen(), &predicted);
        JobResult {
            id: job.id,
            outcome: Ok(FoldResult { score, ..FoldResult::default() }),
            fit_secs,
            predict_secs: watch.elapsed_secs(),
            predicted_rows: data.validation.0.rows as u64,
            used: None,
            chosen: None,
        }
    }

    /// The job's parameters, with the study's constraints in names of the features that the fold's recipe made.
    fn constrained<'a>(&self, job: &'a Job, data: &FoldData) -> Cow<'a, Params> {
        let constraints = &self.prepared.constraints;
        if constraints.is_empty() {
            return Cow::Borrowed(&job.params);
        }
        let mut params = job.params.clone();
        for (name, value) in constraints.as_params(|column| features_of(&data.recipe, column)).0 {
            // What the learner does not declare it has no value for.
            if let Some(place) = params.0.get_mut(&name) {
                *place = value;
            }
        }
        Cow::Owned(params)
    }

    /// The fold's frames, from the cache where an earlier trial used the same recipe.
    ///
    /// # Errors
    /// Why a step cannot be done to the fold.
    fn fold_data(&mut self, job: &Job, recipe: Recipe) -> Result<Arc<FoldData>, String> {
        let place = (job.stage, job.rows, job.fold);
        if let Some(cached) = self.cache.iter().find(|c| c.of.0 == place && c.of.1 == recipe) {
            return Ok(cached.of.2.clone());
        }
        let chained = match self.prepared.clone().chain.as_ref() {
            Some(chain) => Some(self.chained(chain, place, job)?),
            None => None,
        };
        let prepared = self.prepared.clone();
        let data = Arc::new(prepare_fold(&prepared, self.split(job), job, &recipe, chained.as_deref()));
        let bytes =
            frame_bytes(&data.training.0) + frame_bytes(&data.validation.0) + frame_bytes(&data.locked);
        self.cache.push(Cached { of: (place, recipe, data.clone()), bytes });
        let most = self.cache_bytes();
        forget_oldest(&mut self.cache, most);
        Ok(data)
    }

    /// The fold's tables after the chain, from the cache where an earlier trial made them: for other recipes.
    fn chained(&mut self, chain: &Chain, place: Place, job: &Job) -> Result<Arc<Chained>, String> {
        if let Some(cached) = self.chained.iter().find(|c| c.of.0 == place) {
            return Ok(cached.of.1.clone());
        }
        let prepared = self.prepared.clone();
        let chained = Arc::new(fit_chain(&prepared, chain, self.split(job), job)?);
        let tables = [&chained.training, &chained.validation, &chained.locked];
        let bytes = tables.iter().flat_map(|t| &t.columns).map(Column::bytes).sum();
        self.chained.push(Cached { of: (place, chained.clone()), bytes });
        let most = self.cache_bytes();
        forget_oldest(&mut self.chained, most);
        Ok(chained)
    }

    /// Bytes that each cache may hold.
    fn cache_bytes(&self) -> u64 {
        let most = self.prepared.memory.cache;
        if self.prepared.chain.is_some() { most / 2 } else { most }
    }

    fn split(&mut self, job: &Job) -> &Split {
        let prepared = &self.prepared;
        match job.stage {
            Stage::Search => &prepared.split,
            Stage::Refit => self
                .refit
                .get_or_insert_with(|| prepared.split.refit(&prepared.target, job.folds, prepared.seed)),
        }
    }
}

/// Drops the oldest until the rest takes at most so many bytes; the newest stays.
fn forget_oldest<T>(cache: &mut Vec<Cached<T>>, most: u64) {
    while cache.len() > 1 && cache.iter().map(|c| c.bytes as u64).sum::<u64>() > most {
        cache.remove(0);
    }
}

/// The targets of a fold as logarithms.
struct Logs {
    scale: LogTarget,
    training: Target,
    validation: Target,
}

/// The logarithms where the job asks for them.
fn log_target(job: &Job, data: &FoldData) -> Result<Option<Logs>, String> {
    let asked = matches!(job.params.0.get(LOG_TARGET.name), Some(ParamValue::Bool(true)));
    let (Target::Values(training), Target::Values(validation), true) =
        (&data.training.1.target, &data.validation.1.target, asked)
    else {
        return Ok(None);
    };
    let (scale, logs) = LogTarget::of(training)
        .ok_or("the logarithm of the target cannot be learned: not every value is above 0")?;
    Ok(Some(Logs {
        training: Target::Values(logs),
        validation: Target::Values(scale.logs(validation)),
        scale,
    }))
}

/// Seed of what is fitted before the learner: it follows the fold and not the trial, so that trials share it.
fn fold_seed(prepared: &Prepared, job: &Job) -> Rng {
    Rng::for_stream(prepared.seed, &[0xF01D, job.stage as u64, u64::from(job.fold)])
}

/// Fits the chain on the fold's training rows, and does it to those that are predicted.
fn fit_chain(prepared: &Prepared, chain: &Chain, split: &Split, job: &Job) -> Result<Chained, String> {
    let reason = |d: Diagnostic| match d.node {
        Some(node) => format!("{} (node {node})", d.message),
        None => d.message,
    };
    let rows = training_rows(prepared, split, job);
    let mut seeds = fold_seed(prepared, job);
    seeds.next_u64();
    let (fitted, training) = chain
        .fit(&prepared.table.take(&rows), seeds.next_u64())
        .map_err(|found| found.into_iter().next().map_or(String::new(), reason))?;
    let watch = Stopwatch::start();
    let validation = fitted.apply(&prepared.table, Some(&split.validation(job.fold))).map_err(reason)?;
    let locked = fitted.apply(&prepared.table, Some(&split.locked())).map_err(reason)?;
    Ok(Chained { fitted: Arc::new(fitted), training, validation, locked, apply_secs: watch.elapsed_secs() })
}

fn prepare_fold(
    prepared: &Prepared,
    split: &Split,
    job: &Job,
    recipe: &Recipe,
    chained: Option<&Chained>,
) -> FoldData {
    let rows = training_rows(prepared, split, job);
    let answers = prepared.answers(&rows);
    let view = match &answers.target {
        Target::Classes { codes, classes } => TargetView::Classes { codes, classes: *classes },
        Target::Values(values) => TargetView::Values(values),
    };
    let seed = fold_seed(prepared, job).next_u64();
    let validating = split.validation(job.fold);
    let (recipe, training, validation, locked, secs) = match chained.zip(prepared.chain.as_ref()) {
        None => {
            let table = &prepared.table;
            let columns: Vec<usize> = (0..table.columns.len()).collect();
            let (recipe, training) = recipe.fit(table, &columns, &rows, view, seed);
            let watch = Stopwatch::start();
            let validation = recipe.transform(table, Some(&validating));
            let locked = recipe.transform(table, Some(&split.locked()));
            (recipe, training, validation, locked, watch.elapsed_secs())
        }
        Some((tables, chain)) => {
            let rows: Vec<u32> = (0..tables.training.rows as u32).collect();
            let columns = chain.features(&tables.training);
            let (recipe, training) = recipe.fit(&tables.training, &columns, &rows, view, seed);
            let watch = Stopwatch::start();
            let validation = recipe.transform(&tables.validation, None);
            let locked = recipe.transform(&tables.locked, None);
            (recipe, training, validation, locked, watch.elapsed_secs() + tables.apply_secs)
        }
    };
    FoldData {
        chain: chained.map(|c| c.fitted.clone()),
        transform_secs: secs,
        validation: (validation, prepared.answers(&validating)),
        locked,
        training: (training, answers),
        recipe,
    }
}

/// The fold's training rows, or as many of them as the job wants; ascending.
fn training_rows(prepared: &Prepared, split: &Split, job: &Job) -> Vec<u32> {
    let mut rows = split.training(job.fold);
    if let Some(wanted) = job.rows {
        Rng::for_stream(prepared.seed, &[0x611A, u64::from(job.fold)]).shuffle(&mut rows);
        rows.truncate(wanted as usize);
        rows.sort_unstable();
    }
    rows
}

fn frame_bytes(frame: &Frame) -> usize {
    frame
        .columns
        .iter()
        .map(|c| match &c.values {
            FeatureValues::Numeric(v) => v.len() * 4,
            FeatureValues::Categorical { codes, .. } => codes.len() * 4,
        })
        .sum()
}
