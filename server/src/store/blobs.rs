//! Which blobs there are. Their bytes lie in [`crate::blobs`]. A row comes before them, so that what is on its way to its
//! place is known; whether they are there is certain once something names the blob.

use super::{Millis, Result, Store, StoreError, change, now, on, transact};
use crate::blobs::BlobError;
use std::future::Future;

/// What names blobs: data sets, models, files of runs, what came of trials, and the data of studies under way.
pub(in crate::store) const NAMED: &str = "SELECT blob FROM dataset UNION SELECT blob FROM model_version UNION SELECT blob \
    FROM run_file UNION SELECT result FROM trial WHERE result <> '' UNION SELECT t.study FROM trial t JOIN run r ON r.id = \
    t.run WHERE r.state IN ('queued', 'running')";
/// Blobs that are listed at once.
const SOME: i64 = 200;

impl Store {
    /// Takes note of a blob that is to be put; `is_sealed`: so it lies. Whether it was new.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_blob(&self, hash: &str, bytes: i64, is_sealed: bool) -> Result<bool> {
        let added = change!(
            self,
            "INSERT INTO blob (hash, bytes, created, sealed) VALUES ($1, $2, $3, $4) ON CONFLICT (hash) DO UPDATE SET \
             created = EXCLUDED.created",
            hash,
            bytes,
            now(),
            i64::from(is_sealed),
        );
        Ok(added > 0)
    }

    /// Whether there is a row of a blob.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_blob(&self, hash: &str) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM blob WHERE hash = $1";
        let found: i64 = on!(self, db => sqlx::query_scalar(SQL).bind(hash).fetch_one(db).await?);
        Ok(found > 0)
    }

    /// Some blobs that nothing names and that were last put before `before`, in order, after one.
    ///
    /// # Errors
    /// The database's.
    pub async fn unnamed_blobs(&self, after: &str, before: Millis) -> Result<Vec<String>> {
        let sql = format!(
            "SELECT hash FROM blob WHERE hash > $1 AND created < $2 AND hash NOT IN ({NAMED}) ORDER BY hash LIMIT $3"
        );
        Ok(on!(self, db => sqlx::query_scalar(sqlx::AssertSqlSafe(sql)).bind(after).bind(before).bind(SOME)
            .fetch_all(db).await?))
    }

    /// Lets go of a blob, if still nothing names it and nobody has put it again: its row, and its bytes by `delete`.
    /// Whoever puts it meanwhile waits for the end of this. Whether it went.
    ///
    /// # Errors
    /// The database's, or what `delete` gives; then the row stays.
    pub async fn sweep_blob(
        &self,
        hash: &str,
        before: Millis,
        delete: impl Future<Output = std::result::Result<(), BlobError>>,
    ) -> Result<bool> {
        let sql = format!("DELETE FROM blob WHERE hash = $1 AND created < $2 AND hash NOT IN ({NAMED})");
        let swept = transact!(self, tx => {
            let gone = sqlx::query(sqlx::AssertSqlSafe(sql)).bind(hash).bind(before).execute(&mut *tx).await?;
            if gone.rows_affected() == 0 {
                return Ok(false);
            }
            delete.await.map_err(StoreError::from)?;
            Ok(true)
        });
        match swept {
            // Somebody named it just now.
            Err(StoreError::Database(sqlx::Error::Database(e))) if e.is_foreign_key_violation() => Ok(false),
            swept => swept,
        }
    }

    /// Lets go of a blob's bytes that have no row. Whether they went.
    ///
    /// # Errors
    /// As [`Store::sweep_blob`].
    pub async fn sweep_stray(
        &self,
        hash: &str,
        delete: impl Future<Output = std::result::Result<(), BlobError>>,
    ) -> Result<bool> {
        transact!(self, tx => {
            // A row for the time being: whoever puts it waits.
            let mine = sqlx::query("INSERT INTO blob (hash, bytes, created) VALUES ($1, 0, 0) ON CONFLICT DO NOTHING")
                .bind(hash).execute(&mut *tx).await?.rows_affected();
            if mine == 0 {
                return Ok(false);
            }
            delete.await.map_err(StoreError::from)?;
            sqlx::query("DELETE FROM blob WHERE hash = $1").bind(hash).execute(&mut *tx).await?;
            Ok(true)
        })
    }

    /// Bytes that a project's data sets, models and runs take.
    ///
    /// # Errors
    /// The database's.
    pub async fn project_bytes(&self, project: &str) -> Result<i64> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(b.bytes), 0) AS BIGINT) FROM blob b WHERE b.hash IN (SELECT blob FROM \
                           dataset WHERE project = $1 UNION SELECT v.blob FROM model_version v JOIN model m ON m.id = \
                           v.model WHERE m.project = $1 UNION SELECT f.blob FROM run_file f JOIN run r ON r.id = f.run \
                           WHERE r.project = $1)";
        Ok(on!(self, db => sqlx::query_scalar(SQL).bind(project).fetch_one(db).await?))
    }

    /// Bytes of the data sets and models that an account has sent, each as often as it did. What runs gave is the project's.
    ///
    /// # Errors
    /// The database's.
    pub async fn account_bytes(&self, account: &str) -> Result<i64> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(bytes), 0) AS BIGINT) FROM (SELECT bytes FROM dataset WHERE author = \
                           $1 UNION ALL SELECT bytes FROM model_version WHERE author = $1 AND run IS NULL) AS sent";
        Ok(on!(self, db => sqlx::query_scalar(SQL).bind(account).fetch_one(db).await?))
    }
}
