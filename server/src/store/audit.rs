//! What was done by whom. Entries are only ever added; each holds the hash of the one before and its own, so that one
//! that is changed or taken out breaks the chain. They name accounts by id, so erasing a person leaves the chain whole.

use super::{Millis, PAGE, Result, Store, now, on, transact};
use serde::Serialize;

/// An entry.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct AuditEntry {
    pub seq: i64,
    pub at: Millis,
    pub actor: String,
    pub action: String,
    pub resource: String,
    #[serde(skip)]
    pub hash: Vec<u8>,
}

/// BLAKE3 of the hash before and of this entry's fields, each with its length before it.
fn link(before: &[u8], seq: i64, at: Millis, fields: [&str; 3]) -> Vec<u8> {
    let mut hasher = blake3::Hasher::new();
    hasher.update(before).update(&seq.to_le_bytes()).update(&at.to_le_bytes());
    for field in fields {
        hasher.update(&(field.len() as u64).to_le_bytes()).update(field.as_bytes());
    }
    hasher.finalize().as_bytes().to_vec()
}

impl Store {
    /// Adds an entry.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit(&self, actor: &str, action: &str, resource: &str) -> Result<()> {
        // Two who add at once may take the same number; the second tries again.
        for _ in 0..16 {
            let added = transact!(self, tx => {
                let last: Option<(i64, Vec<u8>)> = sqlx::query_as("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1")
                    .fetch_optional(&mut *tx).await?;
                let (seq, before) = last.map_or((1, Vec::new()), |(seq, hash)| (seq + 1, hash));
                let at = now();
                let hash = link(&before, seq, at, [actor, action, resource]);
                let added = sqlx::query("INSERT INTO audit (seq, at, actor, action, resource, hash) VALUES ($1, $2, $3, \
                    $4, $5, $6) ON CONFLICT DO NOTHING")
                    .bind(seq).bind(at).bind(actor).bind(action).bind(resource).bind(hash)
                    .execute(&mut *tx).await?.rows_affected();
                Ok(added > 0)
            })?;
            if added {
                return Ok(());
            }
        }
        Err(super::StoreError::Conflict("the audit list is busy".to_owned()))
    }

    /// Entries, newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit_entries(&self, before: Option<i64>, limit: i64) -> Result<Vec<AuditEntry>> {
        const SQL: &str = "SELECT seq, at, actor, action, resource, hash FROM audit WHERE seq < $1 ORDER BY seq DESC \
                           LIMIT $2";
        let (before, limit) = (before.unwrap_or(i64::MAX), limit.clamp(1, PAGE));
        Ok(
            on!(self, db => sqlx::query_as::<_, AuditEntry>(SQL).bind(before).bind(limit).fetch_all(db).await?),
        )
    }

    /// The first entry that does not follow from the one before, if any.
    ///
    /// # Errors
    /// The database's.
    pub async fn audit_break(&self) -> Result<Option<i64>> {
        let (mut before, mut last) = (Vec::new(), 0);
        loop {
            const SQL: &str = "SELECT seq, at, actor, action, resource, hash FROM audit WHERE seq > $1 ORDER BY seq LIMIT \
                               1000";
            let some = on!(self, db => sqlx::query_as::<_, AuditEntry>(SQL).bind(last).fetch_all(db).await?);
            if some.is_empty() {
                return Ok(None);
            }
            for entry in some {
                let fields = [&entry.actor, &entry.action, &entry.resource].map(String::as_str);
                if entry.seq != last + 1 || entry.hash != link(&before, entry.seq, entry.at, fields) {
                    return Ok(Some(entry.seq));
                }
                (before, last) = (entry.hash, entry.seq);
            }
        }
    }
}
