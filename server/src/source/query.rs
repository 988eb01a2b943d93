//! A table that a database gives: what PostgreSQL's `COPY … TO STDOUT` tells as CSV.
//!
//! All passes are of one transaction that reads only, so that they see the same rows; their order is kept from changing
//! as far as the database can, and one that changes all the same is noticed.

use super::Take;
use crate::failure::{Failure, because};
use futures_util::TryStreamExt;
use sqlx::postgres::{PgConnectOptions, PgConnection};
use sqlx::{ConnectOptions, Connection, Executor};
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use tokio::runtime::Runtime;

/// Bytes that are gathered before they are handed on: a row comes by itself.
const GATHERED: usize = 256 << 10;

/// Rows in the same order every time: no workers that answer as they are ready, no scan that joins another's.
const BEGIN: &str = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY;
    SET LOCAL max_parallel_workers_per_gather = 0;
    SET LOCAL synchronize_seqscans = off;
    SET LOCAL DateStyle = 'ISO, YMD';
    SET LOCAL TimeZone = 'UTC';
    SET LOCAL client_encoding = 'UTF8'";

/// A question to a database.
pub struct Query {
    /// Without the password.
    pub name: String,
    copy: String,
    options: PgConnectOptions,
    runtime: Runtime,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// With a transaction that has begun.
    connection: Option<PgConnection>,
    /// Of all bytes of the first whole pass.
    hash: Option<blake3::Hash>,
}

impl Query {
    /// # Errors
    /// An address that cannot be used, a question that is missing, a database that does not answer.
    pub fn open(address: &str, query: Option<&str>) -> Result<Self, Failure> {
        let options = PgConnectOptions::from_str(address).map_err(|e| {
            because(
                "the address of the database cannot be used",
                e,
                "write it as postgres://USER@HOST:PORT/DATABASE",
            )
        })?;
        let name =
            format!("the database {}", options.get_database().unwrap_or_else(|| options.get_username()));
        let asked = query.map(|q| q.trim().trim_end_matches(';').trim()).filter(|q| !q.is_empty());
        let Some(asked) = asked else {
            return Err(Failure::new(
                format!("{name} holds more than one table"),
                "say what to ask it, for example --query \"SELECT * FROM sales\"",
            ));
        };
        let runtime = super::runtime()?;
        // A comment at its end must not take the bracket along.
        let copy = format!("COPY ({asked}\n) TO STDOUT WITH (FORMAT csv, HEADER true)");
        let options = options.application_name("trellis").disable_statement_logging();
        let query = Self { name, copy, options, runtime, state: Mutex::default() };
        let connection = query.runtime.block_on(query.connect())?;
        query.state().connection = Some(connection);
        Ok(query)
    }

    fn state(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    async fn connect(&self) -> Result<PgConnection, Failure> {
        let begun = async {
            let mut connection = PgConnection::connect_with(&self.options).await?;
            connection.execute(BEGIN).await?;
            Ok(connection)
        };
        begun.await.map_err(|error: sqlx::Error| {
            because(
                format!("{} does not answer", self.name),
                error,
                "check host, port, user and password; the password may also be in PGPASSWORD",
            )
        })
    }

    pub fn failed(&self, error: &dyn std::fmt::Display) -> Failure {
        because(format!("{} gave no table", self.name), error, "try the query in psql; it may only read")
    }

    /// As [`super::Source::pass`].
    ///
    /// # Errors
    /// A database that fails, or that gives other rows than the last time.
    pub fn pass(&self, take: Take<'_>) -> Result<(), Failure> {
        let mut state = self.state();
        let connection = state.connection.take();
        let (connection, hash) = self.runtime.block_on(async {
            let mut connection = match connection {
                Some(connection) => connection,
                None => self.connect().await?,
            };
            let hash = self.copy(&mut connection, take).await.map_err(|e| self.failed(&e))?;
            Ok::<_, Failure>((connection, hash))
        })?;
        // What was broken off leaves rows in the line: the next pass begins a new one.
        let Some(hash) = hash else { return Ok(()) };
        state.connection = Some(connection);
        if *state.hash.get_or_insert(hash) != hash {
            return Err(Failure::new(
                format!("{} gave other rows, or in another order, when it was asked again", self.name),
                "give the query an ORDER BY over columns that no two rows share, and leave out what is random",
            ));
        }
        Ok(())
    }

    /// The hash of all that came; `None` where `take` wanted no more.
    async fn copy(
        &self,
        connection: &mut PgConnection,
        take: Take<'_>,
    ) -> sqlx::Result<Option<blake3::Hash>> {
        let mut rows = connection.copy_out_raw(&self.copy).await?;
        let (mut hasher, mut gathered) = (blake3::Hasher::new(), Vec::with_capacity(2 * GATHERED));
        let mut hand_on = |bytes: &[u8]| {
            hasher.update(bytes);
            take(bytes)
        };
        while let Some(row) = rows.try_next().await? {
            gathered.extend_from_slice(&row);
            if gathered.len() >= GATHERED {
                if hand_on(&gathered) == ControlFlow::Break(()) {
                    return Ok(None);
                }
                gathered.clear();
            }
        }
        if !gathered.is_empty() && hand_on(&gathered) == ControlFlow::Break(()) {
            return Ok(None);
        }
        Ok(Some(hasher.finalize()))
    }
}
