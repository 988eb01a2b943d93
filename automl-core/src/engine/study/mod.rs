//! The study: a state machine from a prepared table to a model.
//!
//! It is asked for jobs and told their results, and is told the time; it runs nothing itself. Its stages:
//! searching (folds of trials), checking (the best are combined, the locked rows are opened once), refitting (the
//! chosen models are trained again on all rows), done.

mod assess;
mod board;
mod check;
mod clock;
mod compare;
mod costs;
mod finish;
mod glimpse;
mod leave_out;
mod population;
mod quick;
mod refit;
mod search;
mod trial;

pub(super) use assess::{Unseen, are_scaled, conformal};

use super::artifact::ModelArtifact;
use super::job::{Job, JobResult, Stage};
use super::prepare::Prepared;
use super::protocol::{Board, EndReason, LeftOut, Phase, PlanInfo, StudyRequest, Verdict};
use crate::compute::Used;
use crate::diagnostic::Diagnostic;
use crate::learner::Params;
use crate::search::{Proposer, Setting};
use check::Check;
use clock::Clock;
use costs::Costs;
use population::Population;
use refit::Refit;
use std::collections::BTreeMap;
use std::sync::Arc;
use trial::Trial;

/// Whether a request asks for nothing that excludes something else that it asks for.
///
/// # Errors
/// What excludes what.
pub(super) fn check_request(request: &StudyRequest) -> Result<(), Diagnostic> {
    quick::check_limit(request)?;
    population::check(request)
}

/// What a study leaves.
#[derive(Debug)]
pub struct Outcome {
    pub artifact: ModelArtifact,
    pub verdict: Verdict,
    /// The board with clock readings.
    pub board: Board,
    /// How each model of the artifact was fitted, in its order; empty where the artifact came as a file.
    pub(in crate::engine) fitted: Vec<Fitted>,
}

/// How a model of the blend was fitted.
#[derive(Debug, Clone)]
pub(in crate::engine) struct Fitted {
    pub params: Params,
    pub seed: u64,
}

/// What a job is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Purpose {
    Fold,
    /// A fold on a part of its rows ([`glimpse`]).
    Glimpse,
    /// No trial ([`population`]).
    Population,
}

/// A job that was handed out.
#[derive(Debug, Clone)]
struct Running {
    /// Trial number while searching, member number while refitting.
    owner: usize,
    stage: Stage,
    purpose: Purpose,
    fold: u32,
}

enum Step {
    Searching,
    Checking(Box<Check>),
    Refitting(Box<Refit>),
    Finished(Option<Box<Result<Outcome, Diagnostic>>>),
}

/// One search, from its first trial to its model.
pub struct Study {
    prepared: Arc<Prepared>,
    request: StudyRequest,
    proposer: Proposer,
    left_out: Vec<LeftOut>,
    /// `None` where none was asked for.
    population: Option<Population>,
    workers: u32,
    clock: Clock,
    step: Step,
    trials: Vec<Trial>,
    running: BTreeMap<u64, Running>,
    next_id: u64,
    end_reason: Option<EndReason>,
    /// Nothing is left to propose.
    exhausted: bool,
    /// Trials passed over in a row for want of time.
    skipped: usize,
    /// Running jobs are no longer wanted.
    abort: bool,
    costs: Costs,
    /// (seconds, best score so far), one point a change.
    curve: Vec<(f64, f64)>,
    /// The blend's row of the board, once there is one.
    blend: Option<super::protocol::BoardRow>,
}

impl Study {
    /// `now`: the caller's clock; `spent_secs`: seconds of the budget that are gone already; `workers`: how many
    /// jobs are run side by side, which changes the time it takes and nothing else.
    pub fn new(
        prepared: Arc<Prepared>,
        request: StudyRequest,
        workers: u32,
        now: f64,
        spent_secs: f64,
    ) -> Self {
        let loads = prepared.loads(request.budget_secs);
        let (learners, left_out) = leave_out::searched(&prepared, &request);
        let proposer = if request.settings.is_empty() {
            Proposer::new(prepared.task(), &learners, request.reproducible, request.seed, loads)
                .aiming_at(prepared.metric(), &prepared.target)
        } else {
            let fits = |s: &&Setting| left_out.iter().all(|l| l.learner != s.learner);
            let settings: Vec<Setting> = request.settings.iter().filter(fits).cloned().collect();
            Proposer::of_settings(&settings, loads)
        };
        let proposer = proposer.holding(prepared.constraints.as_params(|column| vec![column.to_owned()]));
        let population = Population::of(&request, &proposer, loads.target_is_amounts());
        let budget = request.budget_secs.filter(|b| b.is_finite()).map(|b| b.max(0.1));
        Self {
            clock: Clock::new(now, spent_secs, budget),
            prepared,
            request,
            proposer,
            left_out,
            population,
            workers: workers.max(1),
            step: Step::Searching,
            trials: Vec::new(),
            running: BTreeMap::new(),
            next_id: 0,
            end_reason: None,
            exhausted: false,
            skipped: 0,
            abort: false,
            costs: Costs::new(loads),
            curve: Vec::new(),
            blend: None,
        }
    }

    /// The next job to run; `None` where there is nothing to hand out now.
    pub fn next_job(&mut self, now: f64) -> Option<Job> {
        if self.clock.is_paused() {
            return None;
        }
        match self.step {
            Step::Searching => self.next_search_job(now),
            Step::Refitting(_) => self.next_refit_job(now),
            Step::Checking(_) | Step::Finished(_) => None,
        }
    }

    /// Takes a job's result. Results of jobs that are no longer wanted are passed over.
    pub fn job_done(&mut self, result: JobResult, now: f64) {
        let Some(running) = self.running.remove(&result.id) else { return };
        if running.purpose == Purpose::Population {
            self.population_done(result);
            return;
        }
        self.note_inexact(&running, &result);
        match running.stage {
            Stage::Search if running.purpose == Purpose::Glimpse => self.glimpse_done(running.owner, result),
            Stage::Search => self.search_job_done(&running, result, now),
            Stage::Refit => self.refit_job_done(&running, result),
        }
    }

    /// Marks the trial of a job that was computed on a graphics card whose last digits are its own.
    fn note_inexact(&mut self, running: &Running, result: &JobResult) {
        let trial = match &self.step {
            Step::Refitting(refit) => refit.members.get(running.owner).map(|m| m.trial),
            _ => Some(running.owner),
        };
        let trial = trial.and_then(|trial| self.trials.get_mut(trial));
        if let (Some(trial), false) = (trial, result.used.as_ref().is_none_or(Used::is_exact)) {
            trial.inexact = true;
        }
    }

    /// Moves on where it is time to: keeps the deadline, and does one step of the work between the stages. Call it
    /// often; it returns within a fraction of a second.
    pub fn tick(&mut self, now: f64) {
        match &self.step {
            Step::Searching => self.end_search_if_due(now),
            Step::Checking(_) => self.check_step(now),
            Step::Refitting(_) => self.end_refit_if_done(now),
            Step::Finished(_) => {}
        }
    }

    pub fn pause(&mut self, now: f64) {
        if matches!(self.step, Step::Searching) {
            self.clock.pause(now);
        }
    }

    pub fn resume(&mut self, now: f64) {
        self.clock.resume(now);
    }

    /// Ends the search now and keeps the best so far.
    pub fn stop(&mut self, now: f64) {
        self.clock.resume(now);
        match self.step {
            Step::Searching => self.end_search(EndReason::Stopped),
            Step::Refitting(_) => {
                self.drop_running();
                self.finish(now);
            }
            Step::Checking(_) | Step::Finished(_) => {}
        }
    }

    /// Running jobs are no longer wanted: whoever runs them should cancel them before it asks for the next.
    pub fn must_abort_running(&self) -> bool {
        self.abort
    }

    pub fn is_finished(&self) -> bool {
        matches!(self.step, Step::Finished(_))
    }

    /// What came out; given once.
    pub fn outcome(&mut self) -> Option<Result<Outcome, Diagnostic>> {
        match &mut self.step {
            Step::Finished(outcome) => outcome.take().map(|o| *o),
            _ => None,
        }
    }

    pub fn plan(&self) -> PlanInfo {
        let metric = self.prepared.metric();
        PlanInfo {
            task: self.prepared.task(),
            metric: metric.id.to_owned(),
            metric_title: metric.title.to_owned(),
            greater_is_better: metric.greater_is_better,
            validation: self.prepared.split.describe(),
            workers: self.workers,
        }
    }

    /// Whether a request's own settings are fitted, and nothing is searched.
    fn is_fixed(&self) -> bool {
        !self.request.settings.is_empty()
    }

    fn phase(&self) -> Phase {
        match self.step {
            Step::Searching if self.clock.is_paused() => Phase::Paused,
            Step::Searching => Phase::Searching,
            Step::Checking(_) => Phase::Checking,
            Step::Refitting(_) => Phase::Refitting,
            Step::Finished(_) => Phase::Done,
        }
    }

    fn hand_out(&mut self, running: Running) -> u64 {
        let id = self.next_id;
        self.next_id += 1;
        self.running.insert(id, running);
        // Whoever runs jobs looks before it asks for the next, so what was to be aborted has been.
        self.abort = false;
        id
    }

    fn drop_running(&mut self) {
        self.abort = !self.running.is_empty();
        self.running.clear();
    }
}
