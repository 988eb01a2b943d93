//! What every request needs.

use super::access::attempts::Attempts;
use super::api::Loaded;
use super::assets::Assets;
use super::problem::Problem;
use crate::blobs::Blobs;
use crate::jobs::Jobs;
use crate::store::{Account, Store};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, PoisonError, RwLock};

/// How much of what the server takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub json: usize,
    /// Bytes of a body of rows to predict.
    pub inference: usize,
    /// Bytes of a data set or model that is uploaded.
    pub upload: u64,
    /// Bytes that a project may take in all.
    pub project: u64,
    /// Runs of a project that may wait or be under way.
    pub runs: i64,
}

impl Default for Limits {
    fn default() -> Self {
        Self { json: 1 << 20, inference: 8 << 20, upload: 8 << 30, project: 64 << 30, runs: 32 }
    }
}

/// See the module.
pub struct Shared {
    pub assets: Assets,
    /// Names by which this server may be asked for; empty: any.
    pub hosts: Vec<String>,
    /// The Content-Security-Policy.
    pub policy: String,
    pub store: Store,
    pub blobs: Blobs,
    pub jobs: Jobs,
    pub limits: Limits,
    /// This machine's only user, on a server that listens on loopback and has no accounts.
    loopback: RwLock<Option<Account>>,
    /// Streams of events that are open.
    pub streams: Streams,
    /// Models in memory.
    pub loaded: Loaded,
    /// Tries at passwords.
    pub attempts: Attempts,
}

pub type State = axum::extract::State<Arc<Shared>>;

impl Shared {
    pub fn new(
        (assets, policy): (Assets, String),
        hosts: Vec<String>,
        (store, blobs): (Store, Blobs),
        loopback: Option<Account>,
    ) -> Self {
        let jobs = Jobs::new(store.clone(), blobs.clone());
        Self {
            assets,
            hosts,
            policy,
            store,
            blobs,
            jobs,
            limits: Limits::default(),
            loopback: RwLock::new(loopback),
            streams: Streams::default(),
            loaded: Loaded::default(),
            attempts: Attempts::new(10.0, 0.1),
        }
    }
}

impl Shared {
    /// This machine's only user, where nobody has to sign in.
    pub fn loopback(&self) -> Option<Account> {
        self.loopback.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// There is an admin now.
    pub fn end_loopback(&self) {
        *self.loopback.write().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

/// Streams of events stay open, so there may be only so many.
#[derive(Default)]
pub struct Streams(Arc<AtomicUsize>);

/// An open stream.
pub struct Stream(Arc<AtomicUsize>);

impl Streams {
    const MOST: usize = 256;

    /// # Errors
    /// Too many are open.
    pub fn enter(&self) -> Result<Stream, Problem> {
        let stream = Stream(self.0.clone());
        if self.0.fetch_add(1, Ordering::SeqCst) >= Self::MOST {
            return Err(Problem::too_many("Too many streams of events are open. Close some."));
        }
        Ok(stream)
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::SeqCst);
    }
}
