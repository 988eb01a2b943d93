//! Drives runs: holds the engine's session of each, hands its jobs to the ledger, and writes down what it tells.

mod begin;
mod beyond;
mod clock;
mod telling;

pub use telling::event;

use self::begin::no_data;
use self::beyond::Beyond;
use self::clock::Clock;
use super::work::{Ended, Work};
use super::{IDLE, JobError, Jobs, SEEN, lease, renew};
use crate::blobs::{BlobError, Files};
use crate::store::{NewTrial, Run, RunFile, RunState, StoreError, Trial, TrialState, Wish, now};
use crate::trace::OfRun;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{Command, FlowCommand};
use automl_core::engine::{Output, Session, WorkerState};
use futures_util::FutureExt;
use std::collections::BTreeMap;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// Runs that one server drives at once, those that pause aside.
const AT_ONCE: usize = 4;
/// Runs that one server holds in memory at most.
const MOST_HELD: usize = 16;
/// Bytes of results of pipelines that are kept in memory for a run.
const CACHE_BYTES: u64 = 1 << 30;
/// Jobs of one run that may be in line at once: as far as a search looks ahead.
const MOST_SLOTS: i64 = 8;
/// How often what came of trials is looked for where nobody tells.
const LOOK: Duration = Duration::from_millis(50);
/// How often a board is written down.
const BOARD: Duration = Duration::from_millis(250);

/// What runs may take.
#[derive(Debug, Clone, Copy)]
pub struct Means {
    /// Bytes of memory of one run; `None`: no limit.
    pub memory: Option<u64>,
    /// Threads that train on all rows of a table that memory does not hold.
    pub threads: usize,
}

/// Drives runs until the server ends.
pub async fn conduct(mut jobs: Jobs, means: Means) {
    let mut driven = JoinSet::new();
    let pausing = Pausing::default();
    while !jobs.is_draining() {
        while driven.try_join_next().is_some() {}
        if driven.len() >= MOST_HELD || driven.len().saturating_sub(pausing.count()) >= AT_ONCE {
            jobs.wait(IDLE).await;
            continue;
        }
        match jobs.store.claim_run(now(), lease()).await {
            Ok(Some(run)) => {
                let (jobs, pausing) = (jobs.clone(), pausing.clone());
                let runtime = tokio::runtime::Handle::current();
                // A session computes for a while at a time, so it has a thread of its own.
                driven.spawn_blocking(move || runtime.block_on(guarded(jobs, run, means, pausing)));
            }
            Ok(None) => jobs.wait(IDLE).await,
            Err(error) => {
                tracing::warn!(%error, "no run can be claimed");
                tokio::time::sleep(IDLE).await;
            }
        }
    }
    while driven.join_next().await.is_some() {}
}

/// How many runs pause.
#[derive(Clone, Default)]
struct Pausing(Arc<AtomicUsize>);

impl Pausing {
    fn count(&self) -> usize {
        self.0.load(Ordering::SeqCst)
    }
}

/// Drives a run. One that breaks down is failed, so that it does not do so again for ever.
async fn guarded(jobs: Jobs, run: Run, means: Means, pausing: Pausing) {
    let (id, fence, of_run) = (run.id.clone(), run.fence, OfRun::from(&run));
    let driving = AssertUnwindSafe(drive(jobs.clone(), run, means, pausing));
    if driving.catch_unwind().await.is_ok() {
        return;
    }
    tracing::error!(run = id, "a run broke down");
    let told = Diagnostic::error(
        "run.broke_down",
        "The run broke down inside the engine.",
        "Report it with its data, or \
        try it with other settings.",
    );
    let ended = Ended { state: RunState::Failed, diagnostics: vec![told], files: Vec::new() };
    let outcome = serde_json::to_string(&ended).unwrap_or_default();
    if let Err(error) = jobs.store.end_run((&id, fence), RunState::Failed, &outcome, &[], now()).await {
        tracing::error!(%error, run = id, "the end of a run could not be written down");
    } else {
        of_run.ended(RunState::Failed);
    }
    jobs.tell();
}

/// Drives a run to its end, or until another does.
async fn drive(jobs: Jobs, run: Run, means: Means, pausing: Pausing) {
    let (id, fence, of_run) = (run.id.clone(), run.fence, OfRun::from(&run));
    let ended = match Drive::begin(jobs.clone(), run, means, pausing).await {
        Ok(mut drive) => drive.drive_on().await,
        Err(Stop::Failed(diagnostics)) => Ok(Some((RunState::Failed, diagnostics, Vec::new()))),
        Err(Stop::Job(error)) => Err(error),
    };
    let done = match ended {
        Ok(Some((state, diagnostics, files))) => {
            let names = files.iter().map(|f: &RunFile| f.name.clone()).collect();
            let outcome =
                serde_json::to_string(&Ended { state, diagnostics, files: names }).unwrap_or_default();
            let written = jobs.store.end_run((&id, fence), state, &outcome, &files, now()).await;
            written.map(|()| of_run.ended(state)).map_err(JobError::from)
        }
        // The server ends; another one goes on at once.
        Ok(None) => jobs.store.release_run(&id, fence).await.map_err(JobError::from),
        Err(error) => Err(error),
    };
    match done {
        // Another drives it, or it was deleted.
        Ok(()) | Err(JobError::Store(StoreError::Conflict(_) | StoreError::Absent(_))) => {}
        Err(error) => {
            tracing::error!(%error, run = id, "a run broke off; it is driven again when its lease ends")
        }
    }
    jobs.tell();
}

/// Why a run does not begin.
enum Stop {
    Failed(Vec<Diagnostic>),
    Job(JobError),
}

impl<E: Into<JobError>> From<E> for Stop {
    fn from(error: E) -> Self {
        Self::Job(error.into())
    }
}

/// What a run came to.
type Outcome = (RunState, Vec<Diagnostic>, Vec<RunFile>);

/// A job that is in the ledger.
struct InLine {
    study: String,
    job: i64,
}

struct Drive {
    jobs: Jobs,
    means: Means,
    /// What is to be done where the table is too large for memory.
    beyond: Option<Box<Beyond>>,
    /// What is to be known of how it was done.
    remarks: Vec<Diagnostic>,
    /// Where the files of the run's project lie.
    place: Files,
    run: Run,
    session: Session,
    is_pipeline: bool,
    clock: Clock,
    /// What each of the session's workers has in line.
    slots: Vec<Option<InLine>>,
    /// What the data of the study that is under way are called.
    study: String,
    paused: bool,
    pausing: Pausing,
    /// The best score that whoever drove it before had told.
    resumed: Option<f64>,
    /// What was computed before is being gone through.
    replaying: bool,
    /// A board that is to be written down, with the best score, and when the last one was.
    board: Option<(String, Option<f64>)>,
    told: Instant,
    /// What nodes that run have told last, to be written down likewise.
    moving: BTreeMap<String, String>,
    files: Vec<RunFile>,
    /// Nodes of a pipeline that give files, each with its port.
    exports: Vec<(String, String)>,
    /// Why nodes of a pipeline failed.
    faults: Vec<Diagnostic>,
    ended: Option<(RunState, Vec<Diagnostic>)>,
}

impl Drive {
    async fn begin(jobs: Jobs, run: Run, means: Means, pausing: Pausing) -> Result<Self, Stop> {
        let slots = jobs.store.slots(now() - SEEN).await?.clamp(1, MOST_SLOTS);
        let work: Work = serde_json::from_str(&run.work).map_err(|_| StoreError::Damaged("run"))?;
        let place = match jobs.vault.of(&run.project).await {
            Err(StoreError::Blob(BlobError::Erased(_))) => {
                return Err(no_data("The key of this project was erased, so its data sets cannot be read."));
            }
            place => place?,
        };
        let mut drive = Self {
            jobs,
            means,
            place,
            beyond: None,
            remarks: Vec::new(),
            session: Session::within(slots as u32, CACHE_BYTES, means.memory),
            is_pipeline: matches!(work, Work::Pipeline { .. }),
            clock: Clock::begin(),
            slots: (0..slots).map(|_| None).collect(),
            study: String::new(),
            paused: false,
            pausing,
            resumed: run.best,
            replaying: run.fence > 1,
            run,
            board: None,
            told: Instant::now(),
            moving: BTreeMap::new(),
            files: Vec::new(),
            exports: Vec::new(),
            faults: Vec::new(),
            ended: None,
        };
        drive.start(work).await?;
        Ok(drive)
    }

    fn now(&self) -> f64 {
        self.clock.now()
    }

    /// `None`: the server ends before the run does.
    async fn drive_on(&mut self) -> Result<Option<Outcome>, JobError> {
        if let Some(over) = self.draw().await? {
            return Ok(over);
        }
        let mut renewed = None::<Instant>;
        loop {
            if self.jobs.is_draining() {
                return Ok(None);
            }
            if renewed.is_none_or(|at| at.elapsed() >= renew().min(IDLE)) {
                renewed = Some(Instant::now());
                let mine = (self.run.id.as_str(), self.run.fence);
                let wish = self.jobs.store.renew_run(mine, self.now(), now() + lease()).await?;
                self.heed(wish).await?;
            }
            self.hear().await?;
            let outputs = self.session.tick(self.now());
            self.carry(outputs).await?;
            self.tell_board(false).await?;
            if !self.learn_from_all().await? {
                return Ok(None);
            }
            if let Some((state, diagnostics)) = self.ended.take() {
                self.tell_board(true).await?;
                // What a pipeline had done when it was stopped, or when a node failed, is worth as much as before.
                if state == RunState::Done || self.is_pipeline {
                    self.keep_results(state == RunState::Done).await?;
                }
                return Ok(Some((state, diagnostics, std::mem::take(&mut self.files))));
            }
            if !self.session.has_work() {
                self.jobs.wait(LOOK).await;
            }
        }
    }

    /// Does what somebody wishes of the run.
    async fn heed(&mut self, wish: Wish) -> Result<(), JobError> {
        let command = match wish {
            Wish::Cancel => {
                self.ended = Some((RunState::Cancelled, Vec::new()));
                return Ok(());
            }
            // The best so far is known only then.
            Wish::Stop if self.replaying => return Ok(()),
            Wish::Stop if self.is_pipeline => Command::Flow { ask: FlowCommand::Stop },
            Wish::Stop => Command::Stop,
            Wish::Pause if !self.paused => Command::Pause,
            Wish::GoOn if self.paused => Command::Resume,
            Wish::Pause | Wish::GoOn => return Ok(()),
        };
        self.pause(wish == Wish::Pause);
        let outputs = self.session.handle(command, None, self.now());
        self.carry(outputs).await
    }

    fn pause(&mut self, pause: bool) {
        match (self.paused, pause) {
            (false, true) => {
                self.clock.stop();
                self.pausing.0.fetch_add(1, Ordering::SeqCst);
            }
            (true, false) => {
                self.clock.go_on();
                self.pausing.0.fetch_sub(1, Ordering::SeqCst);
            }
            _ => {}
        }
        self.paused = pause;
    }

    /// Brings the session what came of its jobs.
    async fn hear(&mut self) -> Result<(), JobError> {
        let mut heard = false;
        for number in 0..self.slots.len() {
            let Some(line) = &self.slots[number] else { continue };
            let trial = self.jobs.store.trial(&self.run.id, &line.study, line.job).await?;
            let state = trial.state.parse()?;
            heard |= !matches!(state, TrialState::Queued | TrialState::Claimed);
            let outputs = match state {
                TrialState::Queued | TrialState::Claimed => continue,
                TrialState::Done => {
                    let result = self.place.get(&trial.result).await?;
                    self.keep_time(&trial).await?;
                    self.slots[number] = None;
                    self.session.worker_message(number as u32, &result, self.now())
                }
                TrialState::Poisoned | TrialState::Cancelled => {
                    self.slots[number] = None;
                    self.session.worker_lost(number as u32, &trial.error, self.now())
                }
            };
            self.carry(outputs).await?;
        }
        // What is in line now was not computed before.
        if self.replaying && !heard && self.slots.iter().any(Option::is_some) {
            self.replaying = false;
            self.clock.forward(self.run.spent);
        }
        Ok(())
    }

    /// What was heard before is heard at the same time of the run's clock again, so a budget is spent as it was then.
    async fn keep_time(&mut self, trial: &Trial) -> Result<(), JobError> {
        if let Some(clock) = trial.clock {
            self.clock.forward(clock);
            return Ok(());
        }
        Ok(self.jobs.store.time_trial(&trial.run, &trial.study, trial.job, self.now()).await?)
    }

    /// Carries what the session gives to where it belongs.
    async fn carry(&mut self, outputs: Vec<Output>) -> Result<(), JobError> {
        for output in outputs {
            match output {
                Output::Event(event, body) => self.tell(*event, body).await?,
                Output::ToWorker { worker, bytes } => self.hand_out(worker, bytes).await?,
                Output::ResetWorker { worker } => {
                    if let Some(line) = self.slots.get_mut(worker as usize).and_then(Option::take) {
                        self.jobs.store.cancel_trial(&self.run.id, &line.study, line.job, now()).await?;
                    }
                }
            }
        }
        Ok(())
    }

    /// A study's data are kept as a blob, its jobs come into line.
    async fn hand_out(&mut self, worker: u32, bytes: Vec<u8>) -> Result<(), JobError> {
        let Some(job) = WorkerState::job_in(&bytes) else {
            if self.study != self.place.name_of(&blake3::hash(&bytes)) {
                self.study = self.place.put(bytes).await?.hash;
            }
            return Ok(());
        };
        let new = NewTrial { run: &self.run.id, study: &self.study, job: job as i64, payload: &bytes };
        self.jobs.store.queue_trial(&new).await?;
        self.jobs.tell();
        if let Some(slot) = self.slots.get_mut(worker as usize) {
            *slot = Some(InLine { study: self.study.clone(), job: job as i64 });
        }
        Ok(())
    }
}

impl Drop for Drive {
    fn drop(&mut self) {
        self.pause(false);
    }
}
