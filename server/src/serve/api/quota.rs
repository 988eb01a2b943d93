//! How much one person may have on the server, in all projects together.

use super::super::problem::Problem;
use super::super::state::Shared;
use crate::blobs::BlobError;

/// What a person may still upload.
#[derive(Debug, Clone, Copy)]
pub struct Room {
    /// What is left to the person.
    left: u64,
    /// What is allowed for other reasons.
    most: u64,
    all: u64,
}

fn full(all: u64) -> Problem {
    Problem::full(format!(
        "Your data sets and models may take {} in all on this server, and this one does not fit. Delete some, in any \
         project, or ask whoever runs the server for more.",
        size(all)
    ))
}

fn size(bytes: u64) -> String {
    if bytes >= 1_000_000_000 {
        format!("{:.1} GB", bytes as f64 / 1e9)
    } else {
        format!("{:.1} MB", bytes as f64 / 1e6)
    }
}

/// # Errors
/// Nothing is left.
pub async fn room(shared: &Shared, account: &str, most: u64) -> Result<Room, Problem> {
    let all = shared.limits.person;
    let left = all.saturating_sub(shared.store.account_bytes(account).await? as u64);
    if left == 0 { Err(full(all)) } else { Ok(Room { left, most, all }) }
}

impl Room {
    /// Bytes that an upload may have.
    pub fn bytes(&self) -> u64 {
        self.left.min(self.most)
    }

    /// What to say where something does not fit.
    pub fn full(&self) -> Problem {
        full(self.all)
    }

    /// An upload that was too large, told by what there was too little of.
    pub fn told(&self, error: BlobError) -> Problem {
        match error {
            BlobError::TooLarge(limit) if limit == self.left && self.left < self.most => self.full(),
            error => error.into(),
        }
    }
}

/// # Errors
/// As many runs of a person are open as may be.
pub async fn may_run(shared: &Shared, account: &str) -> Result<(), Problem> {
    let most = shared.limits.person_runs;
    if shared.store.open_runs_of(account).await? < most {
        return Ok(());
    }
    Err(Problem::too_many(format!(
        "{most} of your runs wait or are under way, as many as one person may have on this server. Wait for one, or cancel \
         one."
    )))
}
