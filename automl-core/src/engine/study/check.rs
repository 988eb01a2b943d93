//! The checking stage: the best are combined, the locked rows are opened, and columns are weighed on them.

use super::trial::{Trial, standard_deviation};
use super::{Step, Study};
use crate::calibrate::Decision;
use crate::compute::Used;
use crate::diagnostic::Diagnostic;
use crate::engine::answers::Answers;
use crate::engine::pipeline::Pipeline;
use crate::engine::protocol::{BoardRow, Coverage, Importance, TrialState};
use crate::explain::permutation::{Explained, importance_by, permutation_importance};
use crate::learner::Params;
use crate::model::Target;
use crate::node::Frame;
use crate::numeric::{Rng, sort_few_by};
use crate::platform::Stopwatch;
use crate::search::{Candidate, select_ensemble_by_bags};
use crate::table::Table;

/// Rows on which members are chosen.
const BLEND_ROWS: usize = 6_000;
/// Rows on which columns are weighed.
const WEIGH_ROWS: usize = 2_000;
const FEWEST_WEIGH_ROWS: usize = 60;
/// Shuffles a column.
const SHUFFLES: usize = 3;
/// Row predictions for weighing all columns.
const WEIGH_PREDICTIONS: usize = 200_000;
/// Share of the budget for weighing, planned and at most.
const WEIGH_SHARE: f64 = 0.04;
const MOST_WEIGH_SHARE: f64 = 0.1;
/// Longest work at a time, between two looks at messages.
const STEP_SECS: f64 = 0.08;

/// A member's first pipeline and the features of the rows on which columns are weighed.
struct Weighed {
    pipeline: Pipeline,
    frame: Frame,
    sources: Vec<usize>,
    share: f64,
}

impl Weighed {
    /// Predictions in the units of the target; probabilities as the model says them.
    fn told(&self) -> impl Fn(&Frame) -> Vec<f64> + '_ {
        |frame| self.pipeline.said(frame).values
    }
}

/// What was chosen and what the locked rows say of it.
pub(super) struct Check {
    /// (trial, share), the greatest share first.
    pub members: Vec<(usize, f64)>,
    pub decision: Decision,
    /// What the blend tells of the locked rows, rows × outputs.
    pub locked: Vec<f64>,
    /// The same as it was before any map of probabilities.
    pub plain: Vec<f64>,
    /// The baseline's.
    pub baseline: Vec<f64>,
    pub importance: Vec<Importance>,
    /// How intervals did on the locked rows.
    pub coverage: Option<Coverage>,
    weighed: Vec<Weighed>,
    /// The rows as they come in, where steps are done to them first.
    weigh_rows: Option<Table>,
    weigh_answers: Answers,
    next_column: usize,
    started: Option<f64>,
}

impl Check {
    /// What the members' first pipelines say of the rows as they come in, with a column's values in the order given.
    fn predicted(&self, column: usize, order: Option<&[u32]>) -> Option<Vec<f64>> {
        let mut rows = self.weigh_rows.clone()?;
        if let Some(order) = order {
            rows.columns[column] = rows.columns[column].take(order);
        }
        // They are of one fold, and so have one chain.
        let chained = self.weighed.first()?.pipeline.chain.as_ref()?.apply(&rows, None).ok()?;
        let mut total: Vec<f64> = Vec::new();
        for weighed in &self.weighed {
            let values = weighed.pipeline.predict_chained(&chained).values;
            total.resize(values.len(), 0.0);
            total.iter_mut().zip(values).for_each(|(t, v)| *t += weighed.share * v);
        }
        Some(total)
    }
}

impl Study {
    /// Chooses the members and opens the locked rows.
    ///
    /// # Errors
    /// Where no trial has a score.
    pub(super) fn start_check(&mut self) -> Result<Check, Diagnostic> {
        let mut candidates = self.candidates();
        if self.request.settings.len() == 1 {
            // Who sets one model wants that one, whatever it is worth.
            candidates.retain(|&i| i == 1);
        }
        if candidates.is_empty() {
            return Err(self.nothing_trained());
        }
        let members = self.quick_members(&candidates);
        let decision = self.decide(&members);
        let locked_rows = self.prepared.split.locked();
        let answers = self.prepared.answers(&locked_rows);
        let outputs = answers.target.outputs();
        let mut locked = vec![0.0; locked_rows.len() * outputs];
        let metric = self.prepared.metric();
        for &(index, share) in &members {
            let alone = self.locked_prediction(index, locked.len());
            locked.iter_mut().zip(&alone).for_each(|(t, p)| *t += share * p);
            let trial = &mut self.trials[index];
            trial.weight = share;
            trial.locked_score = metric.score(answers.seen(), &alone);
        }
        let baseline = self.locked_prediction(0, locked.len());
        self.trials[0].locked_score = metric.score(answers.seen(), &baseline);
        let mut plain = locked.clone();
        Decision::default().tell(&mut plain, outputs);
        decision.tell(&mut locked, outputs);
        let score = decision.score(metric, answers.seen(), &locked);
        match members.as_slice() {
            [(index, _)] => self.trials[*index].locked_score = score,
            _ => self.blend = Some(self.blend_row(&members, score)),
        }
        let coverage = self.coverage(&members, &decision);
        self.compare(&members);
        let (weighed, weigh_rows, weigh_answers) = self.weighed(&members, &locked_rows);
        Ok(Check {
            members,
            decision,
            locked,
            plain,
            baseline,
            importance: Vec::new(),
            coverage,
            weighed,
            weigh_rows,
            weigh_answers,
            next_column: 0,
            started: None,
        })
    }

    /// Why there is no model: models without a score, models that could not be, or too little time.
    fn nothing_trained(&self) -> Diagnostic {
        let code = "study.nothing_trained";
        let is_unscored = |t: &Trial| t.folds_done() as usize == t.folds.len() && t.full_score().is_none();
        if self.trials.iter().any(is_unscored) {
            return self.nothing_scored(code);
        }
        let Some(failed) = self.trials.iter().find(|t| t.state == TrialState::Failed) else {
            let message = "The search ended before any model was trained.";
            return Diagnostic::error(code, message, "Give it more time, or fewer rows.");
        };
        Diagnostic::error(
            code,
            format!("No model could be trained. The first failure: {}.", failed.note),
            "Mend what it says, or choose other learners.",
        )
    }

    /// Models were trained, but some fold has no score.
    fn nothing_scored(&self, code: &str) -> Diagnostic {
        let metric = self.prepared.metric().title;
        let rows_of = |code: usize| match &self.prepared.target {
            Target::Classes { codes, .. } => codes.iter().filter(|&&c| c as usize == code).count(),
            Target::Values(_) => 0,
        };
        let counted = self.prepared.classes.iter().enumerate().map(|(code, class)| (rows_of(code), class));
        match counted.min_by_key(|(rows, _)| *rows) {
            Some((rows, class)) => Diagnostic::error(
                code,
                format!(
                    "{metric} compares classes, and {rows} {} of \"{class}\" {} too few to have some in each fold.",
                    if rows == 1 { "row" } else { "rows" },
                    if rows == 1 { "is" } else { "are" },
                ),
                format!(
                    "Add rows of \"{class}\", or choose a metric that each row has by itself, such as log loss."
                ),
            ),
            None => Diagnostic::error(
                code,
                format!("{metric} has no value on the rows of some fold."),
                "Give more rows, in which the answers differ, or choose another metric.",
            ),
        }
    }

    /// Greedy selection over out-of-fold predictions, the greatest share first.
    pub(super) fn choose_members(&self, candidates: &[usize]) -> Vec<(usize, f64)> {
        let split = &self.prepared.split;
        let rows: Vec<u32> = (0..split.folds()).flat_map(|f| split.validation(f)).collect();
        let step = rows.len().div_ceil(BLEND_ROWS).max(1);
        let answers = self.prepared.answers(&rows.iter().copied().step_by(step).collect::<Vec<u32>>());
        let outputs = answers.target.outputs();
        let predictions: Vec<Vec<f64>> = candidates
            .iter()
            .map(|&i| {
                let folds = self.trials[i].folds.iter().flatten();
                let whole: Vec<&[f64]> = folds.flat_map(|f| f.result.validation.chunks(outputs)).collect();
                whole.into_iter().step_by(step).flatten().copied().collect()
            })
            .collect();
        let offered: Vec<Candidate<'_>> = predictions.iter().map(|p| Candidate { predicted: p }).collect();
        let metric = self.prepared.metric();
        let mut rng = Rng::for_stream(self.request.seed, &[0xE5E]);
        let chosen = select_ensemble_by_bags(metric, answers.seen(), &offered, &mut rng).map(|e| e.members);
        let mut members: Vec<(usize, f64)> =
            chosen.unwrap_or(vec![(0, 1.0)]).into_iter().map(|(i, w)| (candidates[i], w)).collect();
        sort_few_by(&mut members, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
        members
    }

    /// The mean of a trial's folds on the locked rows; `length` numbers.
    fn locked_prediction(&self, index: usize, length: usize) -> Vec<f64> {
        let mut total = vec![0.0; length];
        let folds: Vec<_> = self.trials[index].folds.iter().flatten().collect();
        for fold in &folds {
            total.iter_mut().zip(&fold.result.locked).for_each(|(t, p)| *t += p);
        }
        let n = folds.len().max(1) as f64;
        total.iter_mut().for_each(|t| *t /= n);
        total
    }

    fn blend_row(&self, members: &[(usize, f64)], holdout: Option<f64>) -> BoardRow {
        let (split, metric) = (&self.prepared.split, self.prepared.metric());
        let mut scores = Vec::new();
        for fold in 0..split.folds() {
            let answers = self.prepared.answers(&split.validation(fold));
            let mut blend = vec![0.0; answers.target.len() * answers.target.outputs()];
            for &(index, share) in members {
                if let Some(Some(f)) = self.trials[index].folds.get(fold as usize) {
                    blend.iter_mut().zip(&f.result.validation).for_each(|(t, p)| *t += share * p);
                }
            }
            scores.extend(metric.score(answers.seen(), &blend));
        }
        let trials = || members.iter().map(|(i, _)| &self.trials[*i]);
        let on_card = trials().filter(|t| matches!(t.used(), Some(Used::Gpu { .. }))).count();
        BoardRow {
            trial: None,
            learner: "ensemble".to_owned(),
            title: format!("Ensemble of {}", members.len()),
            params: Params::default(),
            state: TrialState::Done,
            score: (!scores.is_empty()).then(|| crate::numeric::mean(&scores)),
            sd: standard_deviation(&scores),
            folds_done: scores.len() as u32,
            folds: split.folds(),
            holdout,
            fit_secs: trials().map(Trial::fit_secs).sum(),
            predict_us_per_row: trials().map(|t| self.model_us(t)).sum(),
            backend: if on_card > 0 { "gpu" } else { "cpu" }.to_owned(),
            backend_reason: match on_card {
                0 => String::new(),
                n => format!("graphics card: {n} of {} members", members.len()),
            },
            seed: self.request.seed,
            weight: 1.0,
            reproducible: self.is_reproducible(members),
            note: String::new(),
            p_vs_best: None,
            tied_with_best: None,
        }
    }

    /// The members' first pipelines, and features of a sample of the locked rows.
    fn weighed(&self, members: &[(usize, f64)], locked: &[u32]) -> (Vec<Weighed>, Option<Table>, Answers) {
        let prepared = &self.prepared;
        let columns = prepared.table.columns.len();
        let mut rows = (WEIGH_PREDICTIONS / (columns * SHUFFLES).max(1)).clamp(FEWEST_WEIGH_ROWS, WEIGH_ROWS);
        if let Some(budget) = self.clock.budget() {
            let us: f64 = members.iter().map(|(i, _)| self.trials[*i].predict_us_per_row()).sum();
            let affordable = WEIGH_SHARE * budget * 1e6 / (us.max(0.1) * (columns * SHUFFLES).max(1) as f64);
            rows = rows.min((affordable as usize).max(FEWEST_WEIGH_ROWS));
        }
        let step = locked.len().div_ceil(rows).max(1);
        let sample: Vec<u32> = locked.iter().copied().step_by(step).collect();
        let outputs = prepared.target.outputs();
        let chained = prepared.chain.is_some();
        let weighed = members
            .iter()
            .filter_map(|&(index, share)| {
                let fold = self.trials[index].folds.first()?.as_ref()?;
                let pipeline = Pipeline::decode(&fold.result.pipeline, outputs, chained).ok()?;
                if chained {
                    let frame = Frame { columns: Vec::new(), rows: 0 };
                    return Some(Weighed { pipeline, frame, sources: Vec::new(), share });
                }
                let frame = pipeline.recipe.transform(&prepared.table, Some(&sample));
                let inputs = pipeline.recipe.input_columns();
                let column_of = |s: usize| prepared.table.column_index(inputs.get(s)?);
                let sources = pipeline
                    .recipe
                    .output_sources()
                    .into_iter()
                    .map(|s| column_of(s).unwrap_or(usize::MAX))
                    .collect();
                Some(Weighed { pipeline, frame, sources, share })
            })
            .collect();
        (weighed, chained.then(|| prepared.table.take(&sample)), prepared.answers(&sample))
    }

    /// Weighs columns for a short while, then goes on to refitting.
    pub(super) fn check_step(&mut self, now: f64) {
        let watch = Stopwatch::start();
        while matches!(self.step, Step::Checking(_)) && watch.elapsed_secs() < STEP_SECS {
            self.weigh_next(now);
        }
    }

    /// Weighs one column, or goes on to refitting where all are.
    fn weigh_next(&mut self, now: f64) {
        let elapsed = self.clock.elapsed(now);
        let most = self.clock.budget().map(|b| MOST_WEIGH_SHARE * b);
        let Step::Checking(check) = &mut self.step else { return };
        let started = *check.started.get_or_insert(elapsed);
        let late = most.is_some_and(|m| elapsed - started > m);
        if late || check.next_column >= self.prepared.table.columns.len() || check.weighed.is_empty() {
            let ranked = |i: &Importance| -i.mean;
            sort_few_by(&mut check.importance, |a, b| ranked(a).total_cmp(&ranked(b)));
            self.start_refit(now);
            return;
        }
        let column = check.next_column;
        check.next_column += 1;
        let metric = self.prepared.metric();
        let seed = self.request.seed;
        if let Some(chain) = &self.prepared.chain {
            let name = self.prepared.table.columns[column].name.clone();
            let predicted = |order: Option<&[u32]>| check.predicted(column, order);
            let seen = check.weigh_answers.seen();
            if chain.reads(&name)
                && let Some((mean, sd)) = importance_by(&predicted, seen, metric, column, SHUFFLES, seed)
            {
                check.importance.push(Importance { column: name, mean, sd });
            }
            return;
        }
        let told: Vec<_> = check.weighed.iter().map(Weighed::told).collect();
        let models: Vec<Explained<'_>> = check
            .weighed
            .iter()
            .zip(&told)
            .map(|(w, predict)| Explained { predict, frame: &w.frame, sources: &w.sources, weight: w.share })
            .collect();
        let weight =
            permutation_importance(&models, check.weigh_answers.seen(), metric, column, SHUFFLES, seed);
        if let Some((mean, sd)) = weight {
            let column = self.prepared.table.columns[column].name.clone();
            check.importance.push(Importance { column, mean, sd });
        }
    }
}
