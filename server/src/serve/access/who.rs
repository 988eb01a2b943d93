//! Finds out who asks: by a token, by the cookie of a session, or because this machine has one user only.

use super::super::problem::Problem;
use super::super::state::Shared;
use super::{Actor, By};
use crate::store::{StoreError, now};
use axum::http::{HeaderMap, header};

/// The cookie of a session. The prefix keeps other paths and hosts from setting it.
pub const COOKIE: &str = "__Host-trellis";

/// A secret as it is kept: its hash alone. Secrets are 256 random bits, so a plain hash is enough.
pub fn hashed(secret: &str) -> [u8; 32] {
    *blake3::hash(secret.as_bytes()).as_bytes()
}

/// The value of the session's cookie.
pub fn cookie(headers: &HeaderMap) -> Option<&str> {
    let all = headers.get_all(header::COOKIE).iter().filter_map(|v| v.to_str().ok());
    all.flat_map(|v| v.split(';')).find_map(|pair| {
        let (name, value) = pair.trim().split_once('=')?;
        (name == COOKIE).then_some(value)
    })
}

/// See the module.
///
/// # Errors
/// A token that is unknown or has expired.
pub async fn who(shared: &Shared, headers: &HeaderMap) -> Result<Actor, Problem> {
    if let Some(value) = headers.get(header::AUTHORIZATION) {
        let token = value.to_str().ok().and_then(|v| v.strip_prefix("Bearer "));
        let token = token.ok_or_else(|| Problem::sign_in("Send the header Authorization: Bearer TOKEN."))?;
        let hash = hashed(token.trim());
        return shared.actors.get(&shared.store, hash, by_token(shared, &hash)).await;
    }
    if let Some(account) = shared.loopback() {
        return Ok(Actor::Somebody { account, by: By::Loopback });
    }
    let Some(cookie) = cookie(headers) else { return Ok(Actor::Nobody) };
    match shared.store.session_account(&hashed(cookie), now()).await {
        Ok(account) => Ok(Actor::Somebody { account, by: By::Session }),
        Err(StoreError::Absent(_)) => Ok(Actor::Nobody),
        Err(e) => Err(e.into()),
    }
}

async fn by_token(shared: &Shared, hash: &[u8]) -> Result<Actor, Problem> {
    match shared.store.use_token(hash, now()).await {
        Ok((account, token)) => Ok(Actor::Somebody { account, by: By::Token(token.scope.parse()?) }),
        Err(StoreError::Absent(_)) => Err(Problem::sign_in("This token is unknown, or has expired.")),
        Err(e) => Err(e.into()),
    }
}
