//! Requests that may be sent twice, and are done once: the header `Idempotency-Key`.

use super::super::problem::Problem;
use super::super::state::Shared;
use crate::store::{Millis, now};
use std::future::Future;

/// How long a request may be done; after that its server is gone, and it is done by whoever is asked again.
const LONGEST_TIME: Millis = 60_000;
/// Characters of a key at most.
const LONGEST: usize = 100;

/// Does what was not done under this key yet, or gives what was answered then. `request`: where and what, so that a key
/// is not taken for another request.
///
/// # Errors
/// A key that was used for another request, or whose request is being done; what `doing` gives.
pub async fn once(
    shared: &Shared,
    actor: &str,
    key: Option<&str>,
    request: (&str, &[u8]),
    doing: impl Future<Output = Result<String, Problem>>,
) -> Result<String, Problem> {
    let Some(key) = key else { return doing.await };
    if key.is_empty() || key.len() > LONGEST {
        return Err(Problem::bad_request(format!("Idempotency-Key has 1 to {LONGEST} characters.")));
    }
    let mut hasher = blake3::Hasher::new();
    hasher.update(&(request.0.len() as u64).to_le_bytes()).update(request.0.as_bytes()).update(request.1);
    let hash = *hasher.finalize().as_bytes();
    shared.store.free_key(actor, key, now() - LONGEST_TIME).await?;
    if let Some(kept) = shared.store.take_key(actor, key, &hash).await? {
        return if kept.request != hash {
            Err(Problem::unusable("This Idempotency-Key was used for another request. Send a new one."))
        } else if kept.status == 0 {
            Err(Problem::conflict("This request is being done."))
        } else {
            Ok(kept.body)
        };
    }
    let done = doing.await;
    match &done {
        Ok(text) => shared.store.keep_answer(actor, key, 200, text).await?,
        Err(_) => shared.store.release_key(actor, key).await?,
    }
    done
}
