//! Answers to requests that may be sent twice.

use super::{Millis, Result, Store, change, now, on};

/// What was answered.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Kept {
    /// Hash of the request.
    pub request: Vec<u8>,
    /// 0: it is being answered.
    pub status: i64,
    pub body: String,
    pub created: Millis,
}

impl Store {
    /// Takes a key for a request, or gives what is kept under it.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_key(&self, actor: &str, key: &str, request: &[u8]) -> Result<Option<Kept>> {
        let taken = change!(
            self,
            "INSERT INTO idempotency (actor, key, request, status, body, created) VALUES ($1, $2, $3, 0, '', $4) ON \
             CONFLICT DO NOTHING",
            actor,
            key,
            request,
            now(),
        );
        if taken > 0 {
            return Ok(None);
        }
        const SQL: &str =
            "SELECT request, status, body, created FROM idempotency WHERE actor = $1 AND key = $2";
        Ok(on!(self, db => sqlx::query_as::<_, Kept>(SQL).bind(actor).bind(key).fetch_optional(db).await?))
    }

    /// Gives a key back whose request was begun before `before` and not answered: whoever did it is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn free_key(&self, actor: &str, key: &str, before: Millis) -> Result<()> {
        change!(
            self,
            "DELETE FROM idempotency WHERE actor = $1 AND key = $2 AND status = 0 AND created < $3",
            actor,
            key,
            before,
        );
        Ok(())
    }

    /// Keeps the answer for whoever asks again.
    ///
    /// # Errors
    /// The database's.
    pub async fn keep_answer(&self, actor: &str, key: &str, status: i64, body: &str) -> Result<()> {
        change!(
            self,
            "UPDATE idempotency SET status = $3, body = $4 WHERE actor = $1 AND key = $2",
            actor,
            key,
            status,
            body,
        );
        Ok(())
    }

    /// Gives a key back: the request failed, and may be tried again.
    ///
    /// # Errors
    /// The database's.
    pub async fn release_key(&self, actor: &str, key: &str) -> Result<()> {
        change!(self, "DELETE FROM idempotency WHERE actor = $1 AND key = $2", actor, key);
        Ok(())
    }

    /// Forgets keys that are older.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_keys(&self, before: Millis) -> Result<()> {
        change!(self, "DELETE FROM idempotency WHERE created < $1", before);
        Ok(())
    }
}
