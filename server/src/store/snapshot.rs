//! A copy of an embedded database at one point in time, in a file of its own.

use super::blobs::NAMED;
use super::{Result, StoreError};
use sqlx::sqlite::{SqliteConnectOptions, SqlitePool, SqlitePoolOptions};
use sqlx::{ConnectOptions, Connection};
use std::path::Path;
use std::time::Duration;

/// Blobs that are listed at once.
const SOME: i64 = 1_000;

/// A blob that goes with the copy.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Copied {
    pub hash: String,
    pub bytes: i64,
    /// Not 0: it lies sealed.
    pub sealed: i64,
}

impl Copied {
    pub fn is_sealed(&self) -> bool {
        self.sealed != 0
    }
}

/// See the module.
pub struct Snapshot(SqlitePool);

impl Snapshot {
    /// Copies the database of a folder, which a server may have open, and lets go in the copy of what names no blob.
    ///
    /// # Errors
    /// A database that cannot be read, a disk that is full.
    pub async fn take(folder: &Path, to: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("trellis.db"))
            .busy_timeout(Duration::from_secs(30));
        let mut from = options.connect().await?;
        let path = to.to_str().ok_or(StoreError::Damaged("path"))?;
        let copied = sqlx::query("VACUUM INTO $1").bind(path).execute(&mut from).await;
        from.close().await?;
        copied?;
        let copy = Self::open(to).await?;
        sqlx::query(sqlx::AssertSqlSafe(format!("DELETE FROM blob WHERE hash NOT IN ({NAMED})")))
            .execute(&copy.0)
            .await?;
        Ok(copy)
    }

    /// Opens a database that is nobody's, and is not trusted.
    ///
    /// # Errors
    /// A file that is no database.
    pub async fn open(path: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new().filename(path).pragma("trusted_schema", "OFF");
        Ok(Self(SqlitePoolOptions::new().max_connections(1).connect_with(options).await?))
    }

    /// What is wrong with it, if anything.
    ///
    /// # Errors
    /// A file that is no database.
    pub async fn unsound(&self) -> Result<Option<String>> {
        let found: String = sqlx::query_scalar("PRAGMA integrity_check(1)").fetch_one(&self.0).await?;
        if found != "ok" {
            return Ok(Some(found));
        }
        // What this program makes has none; they would do something of their own when rows are written.
        let strange: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM sqlite_master WHERE type IN ('trigger', 'view')")
                .fetch_one(&self.0)
                .await?;
        if strange > 0 {
            return Ok(Some("it holds programs of its own".to_owned()));
        }
        let broken: Option<(String,)> =
            sqlx::query_as("SELECT \"table\" FROM pragma_foreign_key_check LIMIT 1")
                .fetch_optional(&self.0)
                .await?;
        Ok(broken.map(|(table,)| format!("a {table} names what is not there")))
    }

    /// How many blobs there are, and their bytes.
    ///
    /// # Errors
    /// The database's.
    pub async fn totals(&self) -> Result<(u64, u64)> {
        let (count, bytes): (i64, i64) =
            sqlx::query_as("SELECT COUNT(*), COALESCE(SUM(bytes), 0) FROM blob").fetch_one(&self.0).await?;
        Ok((count as u64, bytes as u64))
    }

    /// Some blobs whose hashes come after one, in order.
    ///
    /// # Errors
    /// The database's.
    pub async fn blobs_after(&self, hash: &str) -> Result<Vec<Copied>> {
        let sql = format!("{} WHERE hash > $1 ORDER BY hash LIMIT $2", self.listing().await?);
        let listed = sqlx::query_as(sqlx::AssertSqlSafe(sql));
        Ok(listed.bind(hash).bind(SOME).fetch_all(&self.0).await?)
    }

    /// One blob, if it is known.
    ///
    /// # Errors
    /// The database's.
    pub async fn blob(&self, hash: &str) -> Result<Option<Copied>> {
        let sql = format!("{} WHERE hash = $1", self.listing().await?);
        Ok(sqlx::query_as(sqlx::AssertSqlSafe(sql)).bind(hash).fetch_optional(&self.0).await?)
    }

    /// How blobs are asked for: a database of an older program knows of none that is sealed.
    async fn listing(&self) -> Result<&'static str> {
        let knows: i64 =
            sqlx::query_scalar("SELECT COUNT(*) FROM pragma_table_info('blob') WHERE name = 'sealed'")
                .fetch_one(&self.0)
                .await?;
        Ok(if knows > 0 {
            "SELECT hash, bytes, sealed FROM blob"
        } else {
            "SELECT hash, bytes, 0 AS sealed FROM blob"
        })
    }

    /// Whether it holds keys of projects, which open with the server's alone.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_keys(&self) -> Result<bool> {
        let sql = "SELECT COUNT(*) FROM sqlite_master WHERE type = 'table' AND name = 'project_key'";
        let known: i64 = sqlx::query_scalar(sql).fetch_one(&self.0).await?;
        if known == 0 {
            return Ok(false);
        }
        let keys: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM project_key").fetch_one(&self.0).await?;
        Ok(keys > 0)
    }

    pub async fn close(&self) {
        self.0.close().await;
    }
}
