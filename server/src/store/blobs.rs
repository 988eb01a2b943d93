//! Which blobs there are. Their bytes lie in [`crate::blobs`]; a row comes after them and goes before them.

use super::{Millis, Result, Store, change, now, on, transact};

impl Store {
    /// Takes note of a blob that is whole and in its place. Whether it was new.
    ///
    /// # Errors
    /// The database's.
    pub async fn note_blob(&self, hash: &str, bytes: i64) -> Result<bool> {
        let added = change!(
            self,
            "INSERT INTO blob (hash, bytes, created) VALUES ($1, $2, $3) ON CONFLICT (hash) DO UPDATE SET created = \
             EXCLUDED.created",
            hash,
            bytes,
            now(),
        );
        Ok(added > 0)
    }

    /// Bytes of a blob that there is.
    ///
    /// # Errors
    /// The database's.
    pub async fn blob_bytes(&self, hash: &str) -> Result<Option<i64>> {
        Ok(on!(self, db => sqlx::query_scalar("SELECT bytes FROM blob WHERE hash = $1").bind(hash)
            .fetch_optional(db).await?))
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

    /// Forgets blobs that nothing names and that are older than `before`, and gives their hashes, for their bytes to be
    /// deleted.
    ///
    /// # Errors
    /// The database's.
    pub async fn sweep_blobs(&self, before: Millis) -> Result<Vec<String>> {
        const SQL: &str = "DELETE FROM blob WHERE created < $1 AND hash NOT IN (SELECT blob FROM dataset UNION SELECT \
                           blob FROM model_version UNION SELECT blob FROM run_file UNION SELECT study FROM trial UNION \
                           SELECT result FROM trial) RETURNING hash";
        transact!(self, tx => {
            Ok(sqlx::query_scalar(SQL).bind(before).fetch_all(&mut *tx).await?)
        })
    }
}
