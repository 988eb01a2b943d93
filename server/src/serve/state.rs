//! What every request needs.

use super::access::Actor;
use super::access::attempts::Attempts;
use super::access::known::Known;
use super::api::{Loaded, Sought};
use super::assets::Assets;
use super::problem::Problem;
use super::watch::Watched;
use crate::blobs::Vault;
use crate::jobs::Jobs;
use crate::store::{Account, ModelVersion, Store};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError, RwLock};

/// How much of what the server takes.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Bytes of a JSON body.
    pub json: usize,
    /// Bytes of a body of rows to predict.
    pub inference: usize,
    /// Bytes of a data set that is uploaded.
    pub upload: u64,
    /// Bytes of a model, which is read whole.
    pub model: u64,
    /// Megabytes of memory that reading an upload may take; `None`: half of what there is.
    pub look_mb: Option<u64>,
    /// Bytes that a project may take in all.
    pub project: u64,
    /// Runs of a project that may wait or be under way.
    pub runs: i64,
    /// Bytes that what one person has sent may take in all.
    pub person: u64,
    /// Runs of one person that may wait or be under way.
    pub person_runs: i64,
}

impl Limits {
    /// As a command line says.
    pub fn of(args: &crate::args::ServeArgs) -> Self {
        let usual = Self::default();
        Self {
            project: args.project_data.map_or(usual.project, |megabytes| megabytes.saturating_mul(1_000_000)),
            person: args.person_data.map_or(usual.person, |megabytes| megabytes.saturating_mul(1_000_000)),
            person_runs: args.person_runs.map_or(usual.person_runs, i64::from),
            look_mb: args.trial_memory,
            ..usual
        }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            json: 1 << 20,
            inference: 8 << 20,
            upload: 8 << 30,
            model: 512 << 20,
            look_mb: None,
            project: 64 << 30,
            runs: 32,
            person: 256 << 30,
            person_runs: 64,
        }
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
    pub vault: Vault,
    pub jobs: Jobs,
    pub limits: Limits,
    /// This machine's only user, on a server that listens on loopback and has no accounts.
    loopback: RwLock<Option<Account>>,
    /// Numbers of requests.
    pub watched: Watched,
    /// Streams of events that are open.
    pub streams: Streams,
    /// Models in memory.
    pub loaded: Loaded,
    /// Who has which token, by its hash.
    pub actors: Known<[u8; 32], Actor>,
    /// Versions that actors may predict with.
    pub found: Known<Sought, ModelVersion>,
    /// Tries at passwords.
    pub attempts: Attempts,
}

pub type State = axum::extract::State<Arc<Shared>>;

impl Shared {
    pub fn new(
        (assets, policy): (Assets, String),
        hosts: Vec<String>,
        (store, vault): (Store, Vault),
        loopback: Option<Account>,
        limits: Limits,
    ) -> Self {
        let jobs = Jobs::new(store.clone(), vault.clone());
        Self {
            assets,
            hosts,
            policy,
            store,
            vault,
            jobs,
            limits,
            loopback: RwLock::new(loopback),
            watched: Watched::default(),
            streams: Streams::default(),
            loaded: Loaded::default(),
            actors: Known::default(),
            found: Known::default(),
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

/// Streams of events stay open, so there may be only so many, and only so many of each account.
#[derive(Default)]
pub struct Streams(Arc<Mutex<BTreeMap<String, usize>>>);

/// An open stream.
pub struct Stream {
    all: Arc<Mutex<BTreeMap<String, usize>>>,
    account: String,
}

impl Streams {
    const MOST: usize = 256;
    const MOST_EACH: usize = 32;

    /// How many are open.
    pub fn count(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).values().sum()
    }

    /// # Errors
    /// Too many are open.
    pub fn enter(&self, account: &str) -> Result<Stream, Problem> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let of_all: usize = all.values().sum();
        let mine = all.get(account).copied().unwrap_or(0);
        if mine >= Self::MOST_EACH {
            return Err(Problem::too_many("Too many streams of events are open. Close some."));
        }
        if of_all >= Self::MOST {
            return Err(Problem::too_many("Too many people follow runs on this server. Try again later."));
        }
        all.insert(account.to_owned(), mine + 1);
        Ok(Stream { all: self.0.clone(), account: account.to_owned() })
    }
}

impl Drop for Stream {
    fn drop(&mut self) {
        let mut all = self.all.lock().unwrap_or_else(PoisonError::into_inner);
        let left = all.get(&self.account).map_or(0, |n| n.saturating_sub(1));
        if left == 0 {
            all.remove(&self.account);
        } else {
            all.insert(self.account.clone(), left);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nobody_takes_all_streams() {
        let streams = Streams::default();
        let enter = |who: &str| streams.enter(who);
        let mut mine: Vec<_> =
            (0..Streams::MOST_EACH).map(|_| enter("a").unwrap_or_else(|p| panic!("{p:?}"))).collect();
        assert!(enter("a").is_err());
        mine.pop();
        mine.extend(enter("a"));
        let names: Vec<String> = (1..Streams::MOST / Streams::MOST_EACH).map(|n| n.to_string()).collect();
        let others = names.iter().flat_map(|n| (0..Streams::MOST_EACH).filter_map(|_| enter(n).ok()));
        let others: Vec<_> = others.collect();
        assert_eq!(mine.len() + others.len(), Streams::MOST);
        assert!(enter("late").is_err(), "all are taken");
        drop(others);
        assert!(enter("late").is_ok());
        drop(mine);
        assert!(streams.0.lock().is_ok_and(|all| all.is_empty()), "nothing is kept of who has left");
    }
}
