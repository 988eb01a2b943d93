//! Runs and trials: who drives what, and where it is computed.
//!
//! A run is driven by a [`conductor`], which holds the engine's session just as a tab does and writes what it tells into
//! the store. The session's jobs become trials of the ledger; [`worker`]s claim them and have them computed by a child
//! process each ([`executor`]), which a memory cap or a crash ends alone. All that a conductor knows follows from the
//! run's request and its trials' results, so a run whose server was killed is driven again from the start, and finds
//! what was computed.

pub mod child;
pub mod conductor;
pub mod executor;
pub mod remote;
pub mod sweep;
pub mod tally;
pub mod work;
pub mod worker;

use self::tally::Tally;
use crate::blobs::{BlobError, Vault};
use crate::store::{Millis, Store, StoreError};
use std::sync::{Arc, OnceLock};
use std::time::Duration;
use tokio::sync::watch;

/// Seconds that a claim lasts without a word, where `TRELLIS_LEASE` does not say otherwise.
const USUAL_LEASE: f64 = 15.0;

/// How long a claim lasts without a word. `TRELLIS_LEASE` sets it in seconds, from 0.5 to 3,600: shorter ones find
/// sooner who is gone, and take a slow one for gone.
pub fn lease() -> Millis {
    static LEASE: OnceLock<Millis> = OnceLock::new();
    *LEASE.get_or_init(|| {
        let set = std::env::var("TRELLIS_LEASE").ok().and_then(|text| text.trim().parse::<f64>().ok());
        let secs = set.filter(|secs| (0.5..=3_600.0).contains(secs)).unwrap_or(USUAL_LEASE);
        (1_000.0 * secs) as Millis
    })
}

/// How often a claim is kept.
pub fn renew() -> Duration {
    Duration::from_millis(lease() as u64 / 3)
}

/// How long since a worker was seen for it to count, in milliseconds.
pub const SEEN: Millis = 30_000;

/// How long nothing is looked at where nobody tells of anything: another process may have put something in line.
pub const IDLE: Duration = Duration::from_millis(500);

/// What conductors and workers share. Each has a copy of its own, so that none misses news while it looks elsewhere.
#[derive(Clone)]
pub struct Jobs {
    pub store: Store,
    pub vault: Vault,
    news: watch::Sender<()>,
    heard: watch::Receiver<()>,
    draining: watch::Sender<bool>,
    pub tally: Arc<Tally>,
}

/// Why a run or a trial cannot go on now.
#[derive(Debug, thiserror::Error)]
pub enum JobError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blob(#[from] BlobError),
    /// A server elsewhere cannot do what it is asked just now.
    #[error("{0}")]
    Server(String),
    /// A server elsewhere will not do what it is asked.
    #[error("{0}")]
    Refused(String),
}

impl JobError {
    /// Whether it may well go another time: a disk, a database, an object store or a server is away or fails.
    pub fn is_passing(&self) -> bool {
        match self {
            Self::Server(_) => true,
            Self::Refused(_) => false,
            Self::Blob(error) | Self::Store(StoreError::Blob(error)) => {
                !matches!(error, BlobError::Absent(_) | BlobError::Damaged(_) | BlobError::Erased(_))
            }
            Self::Store(error) => !matches!(error, StoreError::Conflict(_) | StoreError::Absent(_)),
        }
    }
}

impl Jobs {
    pub fn new(store: Store, vault: Vault) -> Self {
        let (news, heard) = watch::channel(());
        Self { store, vault, news, heard, draining: watch::Sender::new(false), tally: Arc::default() }
    }

    /// Nothing new is begun, and what is held is let go.
    pub fn drain(&self) {
        self.draining.send_replace(true);
        self.tell();
    }

    pub fn is_draining(&self) -> bool {
        *self.draining.borrow()
    }

    /// Ready when the server ends.
    pub async fn drained(&self) {
        // The sender lives as long as this.
        let _ = self.draining.subscribe().wait_for(|draining| *draining).await;
    }

    /// Says that a run or a trial was put in line, something came of one, or somebody wishes something.
    pub fn tell(&self) {
        self.news.send_replace(());
    }

    /// Waits for news that came since the last time, or a while.
    pub async fn wait(&mut self, most: Duration) {
        // Too late is as good as told.
        let _ = tokio::time::timeout(most, self.heard.changed()).await;
    }
}
