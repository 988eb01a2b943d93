//! A worker: claims trials of the ledger, has them computed, and brings what came of them.

use super::child::Child;
use super::tally::count;
use super::{IDLE, JobError, Jobs, lease, renew};
use crate::store::{Claim, EMBEDDED, StoreError, Trial, TrialState, new_id, now};
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
}

/// How often a worker says that it is there.
const ANNOUNCE: Duration = Duration::from_secs(10);

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
        Ok(self.blobs.get(&trial.study).await?)
    }

    async fn renew(&self, claim: &Claim) -> Result<(), JobError> {
        Ok(self.store.renew_trial(claim, now() + lease()).await?)
    }

    async fn complete(&self, claim: &Claim, result: Bytes) -> Result<(), JobError> {
        let put = self.keep(result).await?;
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

/// Computes trials, `slots` at once, until the ledger says that it is over.
pub async fn work<L: Ledger>(ledger: L, slots: u16, max_memory_mb: Option<u64>) {
    let mut all = JoinSet::new();
    let worker = new_id();
    if slots > 0 {
        told(ledger.announce(&worker, slots).await);
        all.spawn(announce(ledger.clone(), worker, slots));
    }
    for _ in 0..slots {
        all.spawn(slot(ledger.clone(), format!("{}{}", L::MARK, new_id()), max_memory_mb));
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

async fn slot<L: Ledger>(mut ledger: L, worker: String, max_memory_mb: Option<u64>) {
    let mut child: Option<Child> = None;
    // What was given back may be claimed at once, by another.
    while !ledger.is_ending() {
        match ledger.claim(&worker).await {
            Ok(Some(trial)) => child = compute(&ledger, &trial, child, max_memory_mb).await,
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
    max_memory_mb: Option<u64>,
) -> Option<Child> {
    let claim = trial.claim();
    let computed = {
        let computing = attempt(ledger, trial, child, max_memory_mb);
        tokio::pin!(computing);
        let mut renewing = tokio::time::interval(renew());
        renewing.tick().await;
        loop {
            tokio::select! {
                computed = &mut computing => break computed,
                // A child that is let go ends.
                () = ledger.ending() => {
                    told(ledger.release(&claim).await);
                    return None;
                }
                _ = renewing.tick() => match ledger.renew(&claim).await {
                    // Nobody wants it any more.
                    Err(JobError::Store(StoreError::Conflict(_))) => return None,
                    // The lease outlasts a while of this.
                    other => told(other),
                },
            }
        }
    };
    match computed {
        Ok((child, result)) => {
            hand_in(ledger, &claim, result.into()).await;
            Some(child)
        }
        Err(how) => {
            told(ledger.fail(&claim, &how).await);
            None
        }
    }
}

/// Brings a result, again where the server cannot be reached just now: it was dear to compute.
async fn hand_in<L: Ledger>(ledger: &L, claim: &Claim, result: Bytes) {
    let mut pause = Duration::from_millis(250);
    let until = Instant::now() + Duration::from_millis(lease() as u64);
    loop {
        match ledger.complete(claim, result.clone()).await {
            Err(JobError::Server(_)) if Instant::now() + pause < until => tokio::time::sleep(pause).await,
            other => return told(other),
        }
        pause *= 2;
    }
}

/// Has a trial computed; what broke down is told in words.
async fn attempt<L: Ledger>(
    ledger: &L,
    trial: &Trial,
    child: Option<Child>,
    max_memory_mb: Option<u64>,
) -> Result<(Child, Vec<u8>), String> {
    let begun = ready(ledger, trial, child, max_memory_mb).await;
    let mut child = begun.map_err(|e| format!("its worker could not begin: {e}"))?;
    match child.compute(&trial.payload).await {
        Ok(result) => Ok((child, result)),
        Err(_) => Err(child.end().await),
    }
}

/// A child that has the trial's study.
async fn ready<L: Ledger>(
    ledger: &L,
    trial: &Trial,
    child: Option<Child>,
    max_memory_mb: Option<u64>,
) -> Result<Child, String> {
    if let Some(child) = child {
        if child.study == trial.study {
            return Ok(child);
        }
        child.end().await;
    }
    let data = ledger.study(trial).await.map_err(|e| e.to_string())?;
    Child::start(&trial.study, &data, max_memory_mb).await.map_err(|e| e.to_string())
}

/// What cannot be told now is found by the lease.
fn told(done: Result<(), JobError>) {
    if let Err(error) = done {
        tracing::warn!(%error, "a trial's end could not be told");
    }
}
