//! A worker: claims trials of the ledger, has them computed, and brings what came of them.

use super::child::{Child, Means};
use super::tally::count;
use super::{IDLE, JobError, Jobs, lease, renew};
use crate::store::{Claim, EMBEDDED, StoreError, Trial, TrialState, new_id, now};
use crate::trace::{self, Kind, Span};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::time::{Duration, Instant};
use tokio::task::JoinSet;

/// A worker, as it tells of itself.
#[derive(Debug, Clone, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Worker {
    pub id: String,
    pub name: String,
    pub slots: u16,
}

/// A trial, as it travels.
#[derive(Debug, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Claimed {
    pub claim: Claim,
    /// In base64.
    pub payload: String,
    /// What its run was begun by, as W3C Trace Context writes it.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub trace: String,
}

/// How often a worker says that it is there.
const ANNOUNCE: Duration = Duration::from_secs(10);

/// How long it is tried to bring a result, at least.
const HAND_IN: Duration = Duration::from_secs(30);

/// Where trials come from: the store itself, or a server that is asked over the network.
pub trait Ledger: Clone + Send + Sync + 'static {
    /// What the names of its workers begin with.
    const MARK: &'static str;
    /// This worker is there.
    fn announce(&self, worker: &str, slots: u16) -> impl Future<Output = Result<(), JobError>> + Send;
    /// The next trial, charged to this worker.
    fn claim(&self, worker: &str) -> impl Future<Output = Result<Option<Trial>, JobError>> + Send;
    /// The data of a study.
    fn study(&self, trial: &Trial) -> impl Future<Output = Result<Bytes, JobError>> + Send;
    /// Keeps a claim.
    fn renew(&self, claim: &Claim) -> impl Future<Output = Result<(), JobError>> + Send;
    /// What came of it.
    fn complete(&self, claim: &Claim, result: Bytes) -> impl Future<Output = Result<(), JobError>> + Send;
    /// Its process broke down.
    fn fail(&self, claim: &Claim, error: &str) -> impl Future<Output = Result<(), JobError>> + Send;
    /// It is given back.
    fn release(&self, claim: &Claim) -> impl Future<Output = Result<(), JobError>> + Send;
    /// Waits for something to do; `false`: this worker ends.
    fn wait(&mut self) -> impl Future<Output = bool> + Send;
    /// Whether this worker ends: it claims nothing more.
    fn is_ending(&self) -> bool;
    /// Ready when this worker ends.
    fn ending(&self) -> impl Future<Output = ()> + Send;
}

impl Ledger for Jobs {
    const MARK: &'static str = EMBEDDED;

    async fn announce(&self, worker: &str, slots: u16) -> Result<(), JobError> {
        Ok(self.store.see_worker(worker, EMBEDDED, slots.into(), now()).await?)
    }

    async fn claim(&self, worker: &str) -> Result<Option<Trial>, JobError> {
        let claimed = self.store.claim_trial(worker, now(), lease()).await?;
        claimed.iter().for_each(|_| count(&self.tally.claimed));
        Ok(claimed)
    }

    async fn study(&self, trial: &Trial) -> Result<Bytes, JobError> {
        Ok(self.vault.of_run(&trial.run).await?.get(&trial.study).await?)
    }

    async fn renew(&self, claim: &Claim) -> Result<(), JobError> {
        Ok(self.store.renew_trial(claim, now() + lease()).await?)
    }

    async fn complete(&self, claim: &Claim, result: Bytes) -> Result<(), JobError> {
        let put = self.vault.of_run(&claim.run).await?.put(result).await?;
        self.store.complete_trial(claim, &put.hash, now()).await?;
        count(&self.tally.completed);
        self.tell();
        Ok(())
    }

    async fn fail(&self, claim: &Claim, error: &str) -> Result<(), JobError> {
        let state = self.store.fail_trial(claim, error, now()).await?;
        count(if state == TrialState::Poisoned { &self.tally.poisoned } else { &self.tally.failed });
        self.tell();
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> Result<(), JobError> {
        self.store.release_trial(claim).await?;
        count(&self.tally.released);
        self.tell();
        Ok(())
    }

    async fn wait(&mut self) -> bool {
        Jobs::wait(self, IDLE).await;
        !self.is_draining()
    }

    fn is_ending(&self) -> bool {
        self.is_draining()
    }

    async fn ending(&self) {
        self.drained().await;
    }
}

/// Computes trials, `slots` at once, until the ledger says that it is over. One slot has the graphics card, so that nobody else
/// measures with it or waits for it.
pub async fn work<L: Ledger>(ledger: L, slots: u16, means: Means) {
    let mut all = JoinSet::new();
    let worker = new_id();
    if slots > 0 {
        told(ledger.announce(&worker, slots).await);
        all.spawn(announce(ledger.clone(), worker, slots));
    }
    for number in 0..slots {
        let means = if number == 0 { means } else { means.on_processor() };
        all.spawn(slot(ledger.clone(), format!("{}{}", L::MARK, new_id()), means));
    }
    while all.join_next().await.is_some() {}
}

async fn announce<L: Ledger>(ledger: L, worker: String, slots: u16) {
    loop {
        tokio::select! {
            () = tokio::time::sleep(ANNOUNCE) => told(ledger.announce(&worker, slots).await),
            () = ledger.ending() => return,
        }
    }
}

async fn slot<L: Ledger>(mut ledger: L, worker: String, mut means: Means) {
    let mut child: Option<Child> = None;
    // What was given back may be claimed at once, by another.
    while !ledger.is_ending() {
        match ledger.claim(&worker).await {
            Ok(Some(trial)) => {
                let outcome;
                (child, outcome) = compute(&ledger, &trial, child, means).await;
                if outcome == Outcome::Failed {
                    // It may have been the card's driver.
                    means = means.on_processor();
                }
            }
            Ok(None) => {
                if !ledger.wait().await {
                    return;
                }
            }
            Err(error) => {
                tracing::warn!(%error, "no trial can be claimed");
                tokio::time::sleep(IDLE).await;
                if !ledger.wait().await {
                    return;
                }
            }
        }
    }
}

/// Computes one trial; gives the child back where it is still good.
async fn compute<L: Ledger>(
    ledger: &L,
    trial: &Trial,
    child: Option<Child>,
    means: Means,
) -> (Option<Child>, Outcome) {
    let mut span = Span::begin("trial", Kind::Internal, trace::of_run(&trial.run, &trial.trace).as_ref());
    let doing = computed(ledger, trial, child, means);
    let (child, outcome) = trace::within(span.as_ref().map(Span::context), doing).await;
    if let Some(span) = &mut span {
        span.add("trellis.run.id", trial.run.as_str());
        span.add("trellis.trial.job", trial.job);
        span.add("trellis.trial.outcome", outcome.name());
    }
    span.into_iter().for_each(|span| span.end(outcome == Outcome::Failed));
    (child, outcome)
}

/// What became of a trial here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    Done,
    /// Its process broke down, or its data are gone.
    Failed,
    /// It was given back.
    Released,
    /// Nobody wants it any more.
    Unwanted,
}

impl Outcome {
    fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Failed => "failed",
            Self::Released => "released",
            Self::Unwanted => "unwanted",
        }
    }
}

async fn computed<L: Ledger>(
    ledger: &L,
    trial: &Trial,
    child: Option<Child>,
    means: Means,
) -> (Option<Child>, Outcome) {
    let claim = trial.claim();
    let attempted = tokio::select! {
        attempted = kept(ledger, &claim, attempt(ledger, trial, child, means)) => attempted,
        // A child that is let go ends.
        () = ledger.ending() => {
            told(ledger.release(&claim).await);
            return (None, Outcome::Released);
        }
    };
    match attempted {
        None => (None, Outcome::Unwanted),
        Some(Ok((child, result))) => (Some(child), hand_in(ledger, &claim, result.into()).await),
        Some(Err(Broken::Trial(how))) => {
            told(ledger.fail(&claim, &how).await);
            (None, Outcome::Failed)
        }
        Some(Err(Broken::Data(error))) => {
            // It is not the trial's fault, so it is not charged.
            tracing::warn!(%error, "the data of a trial cannot be had now");
            told(ledger.release(&claim).await);
            tokio::time::sleep(IDLE).await;
            (None, Outcome::Released)
        }
    }
}

/// Does something while a claim is kept; `None`: nobody wants the trial any more.
async fn kept<L: Ledger, T>(ledger: &L, claim: &Claim, doing: impl Future<Output = T>) -> Option<T> {
    tokio::pin!(doing);
    let mut renewing = tokio::time::interval(renew());
    renewing.tick().await;
    loop {
        tokio::select! {
            // What is done counts, whatever else came meanwhile.
            biased;
            done = &mut doing => return Some(done),
            _ = renewing.tick() => match ledger.renew(claim).await {
                Err(JobError::Store(StoreError::Conflict(_))) => return None,
                // The lease outlasts a while of this.
                other => told(other),
            },
        }
    }
}

/// Brings a result, again where it cannot be kept just now: it was dear to compute. Then it is given back.
async fn hand_in<L: Ledger>(ledger: &L, claim: &Claim, result: Bytes) -> Outcome {
    let mut pause = Duration::from_millis(250);
    let until = Instant::now() + HAND_IN.max(Duration::from_millis(lease() as u64));
    let handing = async {
        loop {
            match ledger.complete(claim, result.clone()).await {
                Err(error) if error.is_passing() && Instant::now() + pause < until && !ledger.is_ending() => {
                    tracing::warn!(%error, "the result of a trial cannot be kept now");
                    tokio::time::sleep(pause).await;
                }
                other => return other,
            }
            pause *= 2;
        }
    };
    match kept(ledger, claim, handing).await {
        None => Outcome::Unwanted,
        Some(Ok(())) => Outcome::Done,
        Some(Err(error)) if error.is_passing() => {
            told(Err(error));
            told(ledger.release(claim).await);
            Outcome::Released
        }
        Some(Err(error)) => {
            told(Err(error));
            Outcome::Unwanted
        }
    }
}

/// Why a trial was not computed.
enum Broken {
    /// In words.
    Trial(String),
    /// Its data cannot be had now.
    Data(JobError),
}

/// Has a trial computed.
async fn attempt<L: Ledger>(
    ledger: &L,
    trial: &Trial,
    child: Option<Child>,
    means: Means,
) -> Result<(Child, Vec<u8>), Broken> {
    let mut child = ready(ledger, trial, child, means).await?;
    let span = Span::begin("trial process", Kind::Internal, trace::current().as_ref());
    let computed = child.compute(&trial.payload).await;
    span.into_iter().for_each(|span| span.end(computed.is_err()));
    match computed {
        Ok(result) => Ok((child, result)),
        Err(_) => Err(Broken::Trial(child.end().await)),
    }
}

/// A child that has the trial's study.
async fn ready<L: Ledger>(
    ledger: &L,
    trial: &Trial,
    child: Option<Child>,
    means: Means,
) -> Result<Child, Broken> {
    if let Some(child) = child {
        if child.study == trial.study {
            return Ok(child);
        }
        child.end().await;
    }
    let broken = |what: String| Broken::Trial(format!("its worker could not begin: {what}"));
    let data = match ledger.study(trial).await {
        Err(error) if error.is_passing() => return Err(Broken::Data(error)),
        data => data.map_err(|e| broken(e.to_string()))?,
    };
    Child::start(&trial.study, &data, means).await.map_err(|e| broken(e.to_string()))
}

/// What cannot be told now is found by the lease.
fn told(done: Result<(), JobError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "a trial's end could not be told");
    }
}
