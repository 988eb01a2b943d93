//! Which blobs there are. Their bytes lie in [`crate::blobs`]; a row comes after them and goes before them.

use super::{Result, Store, change, now, on};

/// What names blobs: data sets, models, files of runs, what came of trials, and the data of studies under way.
pub(in crate::store) const NAMED: &str = "SELECT blob FROM dataset UNION SELECT blob FROM model_version UNION SELECT blob \
    FROM run_file UNION SELECT result FROM trial WHERE result <> '' UNION SELECT t.study FROM trial t JOIN run r ON r.id = \
    t.run WHERE r.state IN ('queued', 'running')";

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
}
