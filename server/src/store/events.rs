//! What a run tells, numbered, so that whoever was cut off asks from where it was.

use super::{Millis, Result, Store, StoreError, now, on, transact};

/// An event.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct StoredEvent {
    pub seq: i64,
    pub kind: String,
    /// JSON.
    pub data: String,
    pub created: Millis,
}

impl Store {
    /// Adds an event and takes note of the best score so far, both or neither; gives its number. `replaces`: an event
    /// tells the whole state, so earlier ones of its kind can go.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another drives the run now.
    pub async fn add_event(
        &self,
        (run, fence): (&str, i64),
        kind: &str,
        data: &str,
        replaces: bool,
        best: Option<f64>,
    ) -> Result<i64> {
        let at = now();
        transact!(self, tx => {
            let mine = sqlx::query("UPDATE run SET best = CASE WHEN $3 IS NULL THEN best WHEN best IS NULL OR best < $3 \
                THEN $3 ELSE best END WHERE id = $1 AND fence = $2 AND state = 'running'")
                .bind(run).bind(fence).bind(best).execute(&mut *tx).await?.rows_affected();
            if mine == 0 {
                return Err(StoreError::Conflict("another server drives this run".to_owned()));
            }
            let last: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM event WHERE run = $1")
                .bind(run).fetch_one(&mut *tx).await?;
            let seq = last.unwrap_or(0) + 1;
            if replaces {
                sqlx::query("DELETE FROM event WHERE run = $1 AND kind = $2").bind(run).bind(kind)
                    .execute(&mut *tx).await?;
            }
            sqlx::query("INSERT INTO event (run, seq, kind, data, created) VALUES ($1, $2, $3, $4, $5)")
                .bind(run).bind(seq).bind(kind).bind(data).bind(at).execute(&mut *tx).await?;
            Ok(seq)
        })
    }

    /// Events after a number, in order.
    ///
    /// # Errors
    /// The database's.
    pub async fn events_after(&self, run: &str, seq: i64, limit: i64) -> Result<Vec<StoredEvent>> {
        const SQL: &str =
            "SELECT seq, kind, data, created FROM event WHERE run = $1 AND seq > $2 ORDER BY seq LIMIT $3";
        Ok(on!(self, db => sqlx::query_as::<_, StoredEvent>(SQL).bind(run).bind(seq).bind(limit)
            .fetch_all(db).await?))
    }
}
