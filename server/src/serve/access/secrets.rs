//! Passwords and random secrets.

use argon2::password_hash::{PasswordHash, PasswordHasher, PasswordVerifier, SaltString};
use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use tokio::sync::Semaphore;

/// Passwords that are checked at once: each takes [`MEMORY_KB`].
static CHECKS: Semaphore = Semaphore::const_new(4);
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

/// A password as it is kept, in the PHC form; `None` where the system has no randomness.
pub async fn hashed_password(password: String) -> Option<String> {
    let _turn = CHECKS.acquire().await.ok()?;
    tokio::task::spawn_blocking(move || {
        let mut salt = [0; 16];
        getrandom::fill(&mut salt).ok()?;
        let salt = SaltString::encode_b64(&salt).ok()?;
        Some(argon().hash_password(password.as_bytes(), &salt).ok()?.to_string())
    })
    .await
    .ok()?
}

/// Whether a password is the one that is kept. Where nobody has that name (`None`) it takes as long.
pub async fn password_fits(password: String, kept: Option<String>) -> bool {
    const NOBODY: &str =
        "$argon2id$v=19$m=19456,t=2,p=1$AAAAAAAAAAAAAAAAAAAAAA$AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA";
    let Ok(_turn) = CHECKS.acquire().await else { return false };
    let checked = tokio::task::spawn_blocking(move || {
        let known = kept.is_some();
        let kept = kept.unwrap_or_else(|| NOBODY.to_owned());
        let Ok(hash) = PasswordHash::new(&kept) else { return false };
        argon().verify_password(password.as_bytes(), &hash).is_ok() && known
    });
    checked.await.unwrap_or(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn passwords_fit_themselves_alone() {
        let kept = hashed_password("correct horse".to_owned()).await.expect("a hash");
        assert!(kept.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{kept}");
        assert!(password_fits("correct horse".to_owned(), Some(kept.clone())).await);
        assert!(!password_fits("correct horsf".to_owned(), Some(kept)).await);
        assert!(!password_fits("x".to_owned(), None).await);
        assert!(!password_fits("x".to_owned(), Some("no hash".to_owned())).await);
        assert_ne!(secret().expect("bits"), secret().expect("bits"));
        assert_eq!((secret().expect("bits").len(), short_secret().expect("bits").len()), (43, 22));
    }
}
