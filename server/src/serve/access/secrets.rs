//! Passwords and random secrets.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use std::sync::LazyLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::{Semaphore, SemaphorePermit};

/// Turns to compute with passwords: each takes [`MEMORY_KB`] and a core for a while, so half the cores are left to others.
static TURNS: LazyLock<Semaphore> = LazyLock::new(|| {
    Semaphore::new(std::thread::available_parallelism().map_or(1, |n| (n.get() / 2).clamp(1, 4)))
});
/// Those who wait for a turn at most.
const MOST_WAITING: usize = 64;
static WAITING: AtomicUsize = AtomicUsize::new(0);
/// Argon2id as OWASP's password storage cheat sheet advises: 19 MiB, two passes, one lane.
const MEMORY_KB: u32 = 19 * 1024;
const PASSES: u32 = 2;

/// Characters of a password.
pub const SHORTEST: usize = 12;
pub const LONGEST: usize = 200;

/// 256 random bits, fit for an address or a header.
///
/// # Errors
/// A system without randomness.
pub fn secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes)?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

/// 128 random bits: the secret part of a link.
///
/// # Errors
/// As [`secret`].
pub fn short_secret() -> Result<String, getrandom::Error> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes)?;
    Ok(base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(bytes))
}

fn argon() -> Argon2<'static> {
    // These parameters lie within the bounds of the method.
    let params = Params::new(MEMORY_KB, PASSES, 1, None).unwrap_or_default();
    Argon2::new(Algorithm::Argon2id, Version::V0x13, params)
}

/// Why nothing was computed with a password.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum NoTurn {
    /// Too many wait already.
    Busy,
    /// The system has no randomness.
    NoRandomness,
}

/// Somebody who waits, as long as this is held.
struct Waiting;

impl Drop for Waiting {
    fn drop(&mut self) {
        WAITING.fetch_sub(1, Ordering::SeqCst);
    }
}

/// Waits for a turn.
async fn turn() -> Result<SemaphorePermit<'static>, NoTurn> {
    let before = WAITING.fetch_add(1, Ordering::SeqCst);
    let _waiting = Waiting;
    if before >= MOST_WAITING {
        return Err(NoTurn::Busy);
    }
    // The semaphore is never closed.
    TURNS.acquire().await.map_err(|_| NoTurn::Busy)
}

/// A password as it is kept, in the PHC form.
///
/// # Errors
/// Too many who wait, or a system without randomness.
pub async fn hashed_password(password: String) -> Result<String, NoTurn> {
    let turn = turn().await?;
    let hashed = tokio::task::spawn_blocking(move || {
        // Held to the end, also where nobody waits for it any more.
        let _turn = turn;
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let salt = SaltString::encode_b64(&salt).ok()?;
        Some(argon().hash_password(password.as_bytes(), &salt).ok()?.to_string())
    });
    hashed.await.ok().flatten().ok_or(NoTurn::NoRandomness)
}

/// Whether a password is the one that is kept. Where nobody has that name (`None`) it takes as long.
///
/// # Errors
/// Too many who wait.
pub async fn password_fits(password: String, kept: Option<String>) -> Result<bool, NoTurn> {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let turn = turn().await?;
    let checked = tokio::task::spawn_blocking(move || {
        let _turn = turn;
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        let Ok(hash) = PasswordHash::new(&kept) else { return false };
        argon().verify_password(password.as_bytes(), &hash).is_ok() && known
    });
    Ok(checked.await.unwrap_or(false))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test(flavor = "multi_thread")]
    async fn passwords_fit_themselves_alone_and_wait_for_a_turn() {
        let kept = hashed_password("correct horse".to_owned()).await.expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        let fits = async |password: &str, kept: Option<&str>| {
            password_fits(password.to_owned(), kept.map(str::to_owned)).await
        };
        assert_eq!(fits("correct horse", Some(&kept)).await, Ok(true));
        assert_eq!(fits("correct horsf", Some(&kept)).await, Ok(false));
        assert_eq!(fits("x", None).await, Ok(false));
        assert_eq!(fits("x", Some("no hash")).await, Ok(false));
        assert_ne!(secret().expect("bits"), secret().expect("bits"));
        assert_eq!((secret().expect("bits").len(), short_secret().expect("bits").len()), (43, 22));

        // Whoever comes while many wait is sent away.
        let all = (0..3 * MOST_WAITING).map(|_| tokio::spawn(password_fits("x".to_owned(), None)));
        let (mut busy, mut tried) = (0, 0);
        for one in all.collect::<Vec<_>>() {
            match one.await.expect("it does not break down") {
                Err(NoTurn::Busy) => busy += 1,
                Err(other) => panic!("{other:?}"),
                Ok(fits) => tried += usize::from(!fits),
            }
        }
        assert!(busy > 0 && tried > 0 && busy + tried == 3 * MOST_WAITING, "{busy} and {tried}");
        assert_eq!(WAITING.load(Ordering::SeqCst), 0);
    }
}
