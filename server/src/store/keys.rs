//! Keys of projects, wrapped: without the server's key, which is not here, they open nothing.

use super::{Result, Store, StoreError, change, on};

/// The key of a project, as it is kept.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct KeptKey {
    pub project: String,
    /// Not 0: its files are sealed.
    pub sealed: i64,
    /// `None`: it has none, or none any more.
    pub wrapped: Option<Vec<u8>>,
}

impl Store {
    /// # Errors
    /// No such project.
    pub async fn project_key(&self, project: &str) -> Result<KeptKey> {
        const SQL: &str = "SELECT p.id AS project, p.sealed, k.wrapped FROM project p LEFT JOIN project_key k ON k.project = \
                           p.id WHERE p.id = $1";
        let found = on!(self, db => sqlx::query_as(SQL).bind(project).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("project"))
    }

    /// The key of a run's project.
    ///
    /// # Errors
    /// No such run.
    pub async fn run_key(&self, run: &str) -> Result<KeptKey> {
        const SQL: &str = "SELECT p.id AS project, p.sealed, k.wrapped FROM run r JOIN project p ON p.id = r.project LEFT \
                           JOIN project_key k ON k.project = p.id WHERE r.id = $1";
        let found = on!(self, db => sqlx::query_as(SQL).bind(run).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("run"))
    }

    /// Whether there are projects whose files are sealed.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_sealed(&self) -> Result<bool> {
        const SQL: &str = "SELECT COUNT(*) FROM project WHERE sealed <> 0";
        let found: i64 = on!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await?);
        Ok(found > 0)
    }

    /// What tells the server's key from others; `check` becomes it where there is none yet.
    ///
    /// # Errors
    /// The database's.
    pub async fn key_check(&self, check: &[u8]) -> Result<Vec<u8>> {
        change!(self, "INSERT INTO key_check (id, value) VALUES (1, $1) ON CONFLICT (id) DO NOTHING", check);
        const SQL: &str = "SELECT value FROM key_check WHERE id = 1";
        Ok(on!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await?))
    }

    /// What tells this database from all others.
    ///
    /// # Errors
    /// The database's.
    pub async fn database_name(&self) -> Result<String> {
        const NEW: &str = "INSERT INTO database_name (id, name) VALUES (1, $1) ON CONFLICT (id) DO NOTHING";
        change!(self, NEW, super::new_id());
        const SQL: &str = "SELECT name FROM database_name WHERE id = 1";
        Ok(on!(self, db => sqlx::query_scalar(SQL).fetch_one(db).await?))
    }

    /// Overwrites what the log of an embedded database still holds of what was deleted, as far as nobody reads it just
    /// now.
    pub(in crate::store) async fn settle(&self) {
        let _turn = self.turn().await;
        if let super::Pool::Sqlite(db) = &self.pool
            && let Err(error) = sqlx::query("PRAGMA wal_checkpoint(TRUNCATE)").execute(db).await
        {
            tracing::warn!(%error, "the log of the database cannot be emptied; it is with the next writing");
        }
    }
}
