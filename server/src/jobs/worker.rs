//! A worker: claims trials of the ledger, has them computed, and brings what came of them.

use super::child::Child;
use super::{IDLE, JobError, Jobs, LEASE, RENEW};
use crate::store::{Claim, StoreError, Trial, new_id, now};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::time::Duration;
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
    /// This worker is there.
    fn announce(&self, worker: &str, slots: u16) -> impl Future<Output = Result<(), JobError>> + Send;
    /// The next trial, charged to this worker.
    fn claim(&self, worker: &str) -> impl Future<Output = Result<Option<Trial>, JobError>> + Send;
    /// The data of a study.
    fn study(&self, trial: &Trial) -> impl Future<Output = Result<Bytes, JobError>> + Send;
    /// Keeps a claim.
    fn renew(&self, claim: &Claim) -> impl Future<Output = Result<(), JobError>> + Send;
    /// What came of it.
    fn complete(&self, claim: &Claim, result: Vec<u8>) -> impl Future<Output = Result<(), JobError>> + Send;
    /// Its process broke down.
    fn fail(&self, claim: &Claim, error: &str) -> impl Future<Output = Result<(), JobError>> + Send;
    /// It is given back.
    fn release(&self, claim: &Claim) -> impl Future<Output = Result<(), JobError>> + Send;
    /// Waits for something to do; `false`: this worker ends.
    fn wait(&mut self) -> impl Future<Output = bool> + Send;
    /// Ready when this worker ends.
    fn ending(&self) -> impl Future<Output = ()> + Send;
}

impl Ledger for Jobs {
    async fn announce(&self, worker: &str, slots: u16) -> Result<(), JobError> {
        Ok(self.store.see_worker(worker, "embedded", slots.into(), now()).await?)
    }

    async fn claim(&self, worker: &str) -> Result<Option<Trial>, JobError> {
        Ok(self.store.claim_trial(worker, now(), LEASE).await?)
    }

    async fn study(&self, trial: &Trial) -> Result<Bytes, JobError> {
        Ok(self.blobs.get(&trial.study).await?)
    }

    async fn renew(&self, claim: &Claim) -> Result<(), JobError> {
        Ok(self.store.renew_trial(claim, now() + LEASE).await?)
    }

    async fn complete(&self, claim: &Claim, result: Vec<u8>) -> Result<(), JobError> {
        let put = self.keep(result).await?;
        self.store.complete_trial(claim, &put.hash, now()).await?;
        self.tell();
        Ok(())
    }

    async fn fail(&self, claim: &Claim, error: &str) -> Result<(), JobError> {
        self.store.fail_trial(claim, error, now()).await?;
        self.tell();
        Ok(())
    }

    async fn release(&self, claim: &Claim) -> Result<(), JobError> {
        self.store.release_trial(claim).await?;
        self.tell();
        Ok(())
    }

    async fn wait(&mut self) -> bool {
        Jobs::wait(self, IDLE).await;
        !self.is_draining()
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
        all.spawn(slot(ledger.clone(), new_id(), max_memory_mb));
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
    loop {
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
    let mut child = match ready(ledger, trial, child, max_memory_mb).await {
        Ok(child) => child,
        Err(error) => {
            told(ledger.fail(&claim, &format!("its worker could not begin: {error}")).await);
            return None;
        }
    };
    let computed = {
        let computing = child.compute(&trial.payload);
        tokio::pin!(computing);
        let mut renewing = tokio::time::interval(RENEW);
        renewing.tick().await;
        loop {
            tokio::select! {
                result = &mut computing => break Some(result),
                () = ledger.ending() => {
                    told(ledger.release(&claim).await);
                    break None;
                }
                _ = renewing.tick() => match ledger.renew(&claim).await {
                    // Nobody wants it any more.
                    Err(JobError::Store(StoreError::Conflict(_))) => break None,
                    // The lease outlasts a while of this.
                    other => told(other),
                },
            }
        }
    };
    match computed {
        Some(Ok(result)) => {
            told(ledger.complete(&claim, result).await);
            Some(child)
        }
        Some(Err(_)) => {
            let how = child.end().await;
            told(ledger.fail(&claim, &how).await);
            None
        }
        None => {
            child.end().await;
            None
        }
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
