//! What the server keeps, in SQLite (one machine, embedded) or PostgreSQL (shared).
//!
//! Both run the same statements: `$1` placeholders, integers of 64 bits, text, bytes and doubles are common ground, and
//! the two folders of migrations hold what differs. So there is one implementation, and one suite of tests runs on
//! both. Large things (tables, models, results of trials) lie in [`crate::blobs`]; here are their hashes.

mod accounts;
mod audit;
mod blobs;
mod bundle;
mod datasets;
mod events;
mod idempotency;
mod keys;
mod ledger;
mod links;
mod models;
mod person;
mod projects;
mod runs;
mod snapshot;
#[cfg(test)]
pub mod testing;
#[cfg(test)]
mod tests;

pub use accounts::{Account, ApiToken, Role, Scope};
pub use audit::AuditEntry;
pub use bundle::{Bundle, BundleDataset, BundleModel, BundleVersion};
pub use datasets::{Dataset, NewDataset};
pub use events::StoredEvent;
pub use keys::KeptKey;
pub use ledger::{Claim, EMBEDDED, NewTrial, Trial, TrialState};
pub use links::{Link, NewLink, Rights};
pub use models::{Model, ModelVersion, NewModelVersion};
pub use projects::{NewProject, Project, Version};
pub use runs::{NewRun, Run, RunFile, RunState, Wish};
pub use snapshot::{Copied, Snapshot};

use sqlx::Connection;
use sqlx::postgres::{PgConnectOptions, PgPoolOptions};
use sqlx::sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions, SqliteSynchronous};
use std::path::Path;
use std::str::FromStr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use tokio::sync::{Mutex, MutexGuard};

/// Milliseconds since 1970, UTC.
pub type Millis = i64;

/// Items that a page of a list holds at most.
pub const PAGE: i64 = 200;

/// Connections to a database at most.
const CONNECTIONS: u32 = 8;

/// Why the store did not do what it was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// There is no such thing (any more).
    #[error("there is no such {0}")]
    Absent(&'static str),
    /// It is not as the caller believed: changed meanwhile, or the name is taken.
    #[error("{0}")]
    Conflict(String),
    /// What is stored makes no sense.
    #[error("the database holds a {0} that cannot be read")]
    Damaged(&'static str),
    #[error("the database failed: {0}")]
    Database(#[from] sqlx::Error),
    /// A blob's bytes, which are to go with its row.
    #[error("{0}")]
    Blob(#[from] crate::blobs::BlobError),
    #[error("the database cannot be brought up to date: {0}")]
    Migration(#[from] sqlx::migrate::MigrateError),
}

impl StoreError {
    /// Whether there is no room left on the database's disk.
    pub fn is_full(&self) -> bool {
        // SQLITE_FULL, and disk_full of PostgreSQL.
        const CODES: [&str; 2] = ["13", "53100"];
        matches!(self, Self::Database(sqlx::Error::Database(e)) if e.code().is_some_and(|c| CODES.contains(&c.as_ref())))
    }
}

pub type Result<T> = std::result::Result<T, StoreError>;

/// Which database.
#[derive(Clone)]
pub(in crate::store) enum Pool {
    Sqlite(sqlx::SqlitePool),
    Postgres(sqlx::PgPool),
}

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Store {
    pool: Pool,
    /// SQLite has one writer; waiting in line here beats being refused there.
    writer: Arc<Mutex<()>>,
    /// Counts what was written.
    written: Arc<AtomicU64>,
}

/// A turn to write.
pub(in crate::store) struct Turn<'a> {
    written: &'a AtomicU64,
    _writer: Option<MutexGuard<'a, ()>>,
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.written.fetch_add(1, Ordering::SeqCst);
    }
}

/// The same code for either database: `on!(store, db => sqlx::query("…").execute(db).await)`.
macro_rules! on {
    ($store:expr, $db:ident => $body:expr) => {
        match &$store.pool {
            $crate::store::Pool::Sqlite($db) => $body,
            $crate::store::Pool::Postgres($db) => $body,
        }
    };
}

/// The same code in a transaction of either database, committed where the body gives `Ok`.
/// `transact!(store, tx => { sqlx::query("…").execute(&mut *tx).await?; Ok(()) })`.
macro_rules! transact {
    ($store:expr, $tx:ident => $body:block) => {{
        let _turn = $store.turn().await;
        match &$store.pool {
            $crate::store::Pool::Sqlite(pool) => {
                let mut $tx = pool.begin_with("BEGIN IMMEDIATE").await?;
                let done: $crate::store::Result<_> = async { $body }.await;
                if done.is_ok() {
                    $tx.commit().await?;
                } else {
                    // Where this fails, the connection is not used again.
                    let _ = $tx.rollback().await;
                }
                done
            }
            $crate::store::Pool::Postgres(pool) => {
                let mut $tx = pool.begin().await?;
                let done: $crate::store::Result<_> = async { $body }.await;
                if done.is_ok() {
                    $tx.commit().await?;
                }
                done
            }
        }
    }};
}

/// One statement that changes something: the number of rows that it changed.
macro_rules! change {
    ($store:expr, $sql:expr $(, $value:expr)* $(,)?) => {{
        let _turn = $store.turn().await;
        $crate::store::on!($store, db => sqlx::query($sql)$(.bind($value))*.execute(db).await?.rows_affected())
    }};
}

use {change, on, transact};

impl Store {
    /// Opens `FOLDER/trellis.db`, or makes it.
    ///
    /// # Errors
    /// A file that is no database, or one of a newer version.
    pub async fn sqlite(folder: &Path) -> Result<Self> {
        let options = SqliteConnectOptions::new()
            .filename(folder.join("trellis.db"))
            .create_if_missing(true)
            .journal_mode(SqliteJournalMode::Wal)
            .synchronous(SqliteSynchronous::Full)
            .foreign_keys(true)
            .busy_timeout(Duration::from_secs(5))
            // What is deleted is overwritten: the key of a project that goes must not lie about in the file.
            .pragma("secure_delete", "ON");
        let pool = SqlitePoolOptions::new()
            .max_connections(CONNECTIONS)
            // On a full disk SQLite takes a transaction back itself; a connection that still believes itself in one would
            // refuse all that is written from then on.
            .before_acquire(|connection, _| Box::pin(async { Ok(!connection.is_in_transaction()) }))
            .connect_with(options)
            .await?;
        sqlx::migrate!("src/store/migrations/sqlite").run(&pool).await?;
        Ok(Self::of(Pool::Sqlite(pool)))
    }

    /// `address`: `postgres://USER@HOST/DATABASE`.
    ///
    /// # Errors
    /// A server that does not answer, or a database of a newer version.
    pub async fn postgres(address: &str) -> Result<Self> {
        let options = PgConnectOptions::from_str(address)?;
        let pool = PgPoolOptions::new()
            .max_connections(CONNECTIONS)
            .acquire_timeout(Duration::from_secs(10))
            .connect_with(options)
            .await?;
        sqlx::migrate!("src/store/migrations/postgres").run(&pool).await?;
        Ok(Self::of(Pool::Postgres(pool)))
    }

    fn of(pool: Pool) -> Self {
        Self { pool, writer: Arc::default(), written: Arc::default() }
    }

    /// The turn to write; it is waited for where there is one writer.
    pub(in crate::store) async fn turn(&self) -> Turn<'_> {
        let writer = match self.pool {
            Pool::Sqlite(_) => Some(self.writer.lock().await),
            Pool::Postgres(_) => None,
        };
        Turn { written: &self.written, _writer: writer }
    }

    /// A number that is another once something was written. `None` where others than this process write.
    pub fn mark(&self) -> Option<u64> {
        match self.pool {
            Pool::Sqlite(_) => Some(self.written.load(Ordering::SeqCst)),
            Pool::Postgres(_) => None,
        }
    }

    /// The text of a statement that the two do not share.
    pub(in crate::store) fn either(&self, sqlite: &'static str, postgres: &'static str) -> &'static str {
        match self.pool {
            Pool::Sqlite(_) => sqlite,
            Pool::Postgres(_) => postgres,
        }
    }

    /// Whether the database answers.
    ///
    /// # Errors
    /// Where it does not.
    pub async fn ping(&self) -> Result<()> {
        on!(self, db => sqlx::query("SELECT 1").execute(db).await.map(drop)?);
        Ok(())
    }

    /// Ends all connections, with what is under way done.
    pub async fn close(&self) {
        on!(self, db => db.close().await);
    }
}

/// Now, on this machine's clock.
pub fn now() -> Millis {
    // A clock before 1970 counts as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as Millis)
}

/// A new name for a thing: 26 characters, those made later sort later, and 80 bits of each are random.
pub fn new_id() -> String {
    ulid::Ulid::new().to_string().to_lowercase()
}

/// Whether a text could be an id.
pub fn is_id(text: &str) -> bool {
    text.len() == 26 && text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit())
}
