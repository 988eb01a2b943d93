//! Forgets what is old: answers that are kept for whoever asks again, and blobs that nobody names.
//!
//! A blob has a row before its bytes are in their place, and the row says when it last was put. One that nothing names
//! goes once that is a while ago: longer than anybody takes from putting it to naming it. Row and bytes go together, in
//! one transaction, which whoever puts the same blob just then waits for. So what is put while a sweep is under way is
//! never swept, whichever servers share the database.

use super::{JobError, Jobs};
use crate::store::{Millis, StoreError, now};
use futures_util::StreamExt;
use std::sync::OnceLock;
use std::time::Duration;

/// How long a blob is kept that nothing names, in seconds, where `TRELLIS_GRACE` does not say otherwise.
const USUAL_GRACE: f64 = 24.0 * 3_600.0;
/// How often it is swept at least.
const OFTEN: Duration = Duration::from_secs(3_600);
/// How long an answer is kept for whoever asks again with its key, in milliseconds.
const KEPT: Millis = 24 * 3_600_000;

/// How long a blob is kept that nothing names. `TRELLIS_GRACE` sets it in seconds, from 1 to 30 days.
pub fn grace() -> Millis {
    static GRACE: OnceLock<Millis> = OnceLock::new();
    *GRACE.get_or_init(|| {
        let set = std::env::var("TRELLIS_GRACE").ok().and_then(|text| text.trim().parse::<f64>().ok());
        let secs = set.filter(|secs| (1.0..=30.0 * 86_400.0).contains(secs)).unwrap_or(USUAL_GRACE);
        (1_000.0 * secs) as Millis
    })
}

/// Sweeps, and again from time to time, until the server ends.
pub async fn sweep(jobs: Jobs) {
    let pause = OFTEN.min(Duration::from_millis(grace() as u64));
    while !jobs.is_draining() {
        if let Err(error) = jobs.store.sweep_keys(now() - KEPT).await {
            tracing::warn!(%error, "old answers cannot be forgotten");
        }
        match sweep_blobs(&jobs).await {
            Ok(0) => {}
            Ok(count) => tracing::info!(count, "blobs that nobody names are gone"),
            Err(error) => tracing::warn!(%error, "blobs that nobody names cannot be swept"),
        }
        tokio::select! {
            () = tokio::time::sleep(pause) => {}
            () = jobs.drained() => {}
        }
    }
}

/// Deletes blobs that nothing has named for a while: how many.
///
/// # Errors
/// A database or a disk that fails; what is left goes the next time.
async fn sweep_blobs(jobs: &Jobs) -> Result<u64, JobError> {
    jobs.vault.blobs().sweep_passing()?;
    let Some(_held) = jobs.vault.blobs().hold_alone()? else {
        tracing::info!("a backup is being written, so nothing is swept");
        return Ok(0);
    };
    // One that cannot be reached is found here, and not while the database is held for it.
    jobs.vault.blobs().reached().await?;
    let before = now() - grace();
    let (mut swept, mut after) = (0, String::new());
    loop {
        let some = jobs.store.unnamed_blobs(&after, before).await?;
        let Some(last) = some.last() else { break };
        after.clone_from(last);
        for hash in some {
            if jobs.is_draining() {
                return Ok(swept);
            }
            swept +=
                one(&hash, jobs.store.sweep_blob(&hash, before, jobs.vault.blobs().delete(&hash)).await)?;
        }
    }
    // What has no row at all was left by a server that ended between the two.
    let mut old = std::pin::pin!(jobs.vault.blobs().old(before));
    while let Some(hash) = old.next().await {
        let hash = hash?;
        if jobs.is_draining() {
            break;
        }
        if !jobs.store.has_blob(&hash).await? {
            swept += one(&hash, jobs.store.sweep_stray(&hash, jobs.vault.blobs().delete(&hash)).await)?;
        }
    }
    Ok(swept)
}

/// How many went. One whose bytes cannot be deleted from a disk does not keep the others.
///
/// # Errors
/// The database's, or those of an object store: it would keep the database waiting for each of the others too.
fn one(hash: &str, swept: Result<bool, StoreError>) -> Result<u64, StoreError> {
    match swept {
        Err(StoreError::Blob(error)) if !matches!(error, crate::blobs::BlobError::Remote(_)) => {
            tracing::warn!(%error, hash, "a blob that nobody names cannot be deleted");
            Ok(0)
        }
        swept => swept.map(u64::from),
    }
}
