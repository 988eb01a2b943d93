//! Runs: what somebody wants done, who drives it, and how it ended.

use super::accounts::named;
use super::{Millis, PAGE, Result, Store, StoreError, change, new_id, now, on, transact};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// Where a run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum RunState {
    Queued,
    Running,
    Done,
    Failed,
    Cancelled,
}

/// What somebody asks of a run that has begun or waits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Wish {
    /// To go on.
    GoOn,
    Pause,
    /// To end now and keep the best so far.
    Stop,
    /// To end now without a result.
    Cancel,
}

named!(
    RunState,
    "state of a run",
    Queued = "queued",
    Running = "running",
    Done = "done",
    Failed = "failed",
    Cancelled = "cancelled",
);
named!(Wish, "wish", GoOn = "go_on", Pause = "pause", Stop = "stop", Cancel = "cancel");

/// A run. Whoever drives it holds a lease, and a fence that grows with every lease: what the driver before still
/// writes is refused.
#[derive(Debug, Clone, PartialEq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct Run {
    pub id: String,
    pub project: String,
    /// What is to be done, as JSON.
    #[serde(skip)]
    pub work: String,
    pub state: String,
    pub wish: String,
    /// Higher ones begin first.
    pub priority: i64,
    #[serde(skip)]
    pub fence: i64,
    #[serde(skip)]
    pub lease_until: Millis,
    /// The best score so far, higher is better; it never falls.
    pub best: Option<f64>,
    /// Seconds that it was driven, by whoever did, pauses aside.
    pub spent: f64,
    /// How it ended, as JSON; empty before.
    #[serde(skip)]
    pub outcome: String,
    pub author: String,
    pub created: Millis,
    pub started: Option<Millis>,
    pub ended: Option<Millis>,
    /// What it was begun by, as W3C Trace Context writes it; empty where nothing was traced.
    #[serde(skip)]
    pub trace: String,
}

/// What a run is made of.
#[derive(Debug, Clone)]
pub struct NewRun<'a> {
    pub project: &'a str,
    pub work: &'a str,
    pub priority: i64,
    pub author: &'a str,
}

impl From<NewRun<'_>> for Run {
    fn from(new: NewRun<'_>) -> Self {
        Self {
            id: new_id(),
            project: new.project.to_owned(),
            work: new.work.to_owned(),
            state: RunState::Queued.name().to_owned(),
            wish: Wish::GoOn.name().to_owned(),
            priority: new.priority,
            fence: 0,
            lease_until: 0,
            best: None,
            spent: 0.0,
            outcome: String::new(),
            author: new.author.to_owned(),
            created: now(),
            started: None,
            ended: None,
            trace: String::new(),
        }
    }
}

/// A file that a run gave.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct RunFile {
    pub name: String,
    #[serde(skip)]
    pub blob: String,
    pub bytes: i64,
}

impl Store {
    /// Adds a run, and keeps the answer to the request that it was asked with, both or neither: (actor, key, answer).
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the key is not the request's any more.
    pub async fn add_run(&self, run: &Run, answer: Option<(&str, &str, &str)>) -> Result<()> {
        transact!(self, tx => {
            sqlx::query("INSERT INTO run (id, project, work, state, wish, priority, fence, lease_until, outcome, author, \
                created, trace) VALUES ($1, $2, $3, $4, $5, $6, 0, 0, '', $7, $8, $9)")
                .bind(&run.id).bind(&run.project).bind(&run.work).bind(&run.state).bind(&run.wish).bind(run.priority)
                .bind(&run.author).bind(run.created).bind(&run.trace).execute(&mut *tx).await?;
            if let Some((actor, key, answer)) = answer {
                let kept = sqlx::query("UPDATE idempotency SET status = 200, body = $3 WHERE actor = $1 AND key = $2 AND \
                    status = 0")
                    .bind(actor).bind(key).bind(answer).execute(&mut *tx).await?.rows_affected();
                if kept == 0 {
                    return Err(StoreError::Conflict("this request was sent again meanwhile".to_owned()));
                }
            }
            Ok(())
        })
    }

    /// # Errors
    /// No such run.
    pub async fn run(&self, id: &str) -> Result<Run> {
        const SQL: &str = "SELECT id, project, work, state, wish, priority, fence, lease_until, best, spent, outcome, author, \
                           created, started, ended, trace FROM run WHERE id = $1";
        let found = on!(self, db => sqlx::query_as::<_, Run>(SQL).bind(id).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("run"))
    }

    /// Newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn runs(&self, project: &str, before: Option<&str>, limit: i64) -> Result<Vec<Run>> {
        const SQL: &str = "SELECT id, project, work, state, wish, priority, fence, lease_until, best, spent, outcome, author, \
                           created, started, ended, trace FROM run WHERE project = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let (before, limit) = (before.unwrap_or("~"), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, Run>(SQL).bind(project).bind(before).bind(limit)
            .fetch_all(db).await?))
    }

    /// Runs of a project that wait or are under way.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_runs(&self, project: &str) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM run WHERE project = $1 AND state IN ('queued', 'running')";
        Ok(on!(self, db => sqlx::query_scalar(SQL).bind(project).fetch_one(db).await?))
    }

    /// Runs of an account that wait or are under way, in all projects.
    ///
    /// # Errors
    /// The database's.
    pub async fn open_runs_of(&self, account: &str) -> Result<i64> {
        const SQL: &str = "SELECT COUNT(*) FROM run WHERE author = $1 AND state IN ('queued', 'running')";
        Ok(on!(self, db => sqlx::query_scalar(SQL).bind(account).fetch_one(db).await?))
    }

    /// Takes the next run to drive: one that waits, or one whose driver is gone.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_run(&self, at: Millis, lease: Millis) -> Result<Option<Run>> {
        const SQLITE: &str = "UPDATE run SET state = 'running', fence = fence + 1, lease_until = $2, started = \
                              COALESCE(started, $1) WHERE id = (SELECT id FROM run WHERE state = 'queued' OR (state = \
                              'running' AND lease_until < $1) ORDER BY priority DESC, created LIMIT 1) RETURNING id, \
                              project, work, state, wish, priority, fence, lease_until, best, spent, outcome, author, created, \
                              started, ended, trace";
        const POSTGRES: &str = "UPDATE run SET state = 'running', fence = fence + 1, lease_until = $2, started = \
                                COALESCE(started, $1) WHERE id = (SELECT id FROM run WHERE state = 'queued' OR (state = \
                                'running' AND lease_until < $1) ORDER BY priority DESC, created LIMIT 1 FOR UPDATE SKIP \
                                LOCKED) RETURNING id, project, work, state, wish, priority, fence, lease_until, best, spent, \
                                outcome, author, created, started, ended, trace";
        let sql = self.either(SQLITE, POSTGRES);
        transact!(self, tx => {
            Ok(sqlx::query_as::<_, Run>(sql).bind(at).bind(at + lease).fetch_optional(&mut *tx).await?)
        })
    }

    /// Keeps a run, and notes how long it was driven; gives what is wished of it.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another drives it now.
    pub async fn renew_run(&self, (id, fence): (&str, i64), spent: f64, until: Millis) -> Result<Wish> {
        const SQL: &str = "UPDATE run SET lease_until = $3, spent = CASE WHEN spent < $4 THEN $4 ELSE spent END WHERE id = \
                           $1 AND fence = $2 AND state = 'running' RETURNING wish";
        let wish: Option<String> = transact!(self, tx => {
            Ok(sqlx::query_scalar(SQL).bind(id).bind(fence).bind(until).bind(spent).fetch_optional(&mut *tx).await?)
        })?;
        wish.ok_or_else(|| StoreError::Conflict("another server drives this run".to_owned()))?.parse()
    }

    /// Lets go of a run that is to be driven by another, at once.
    ///
    /// # Errors
    /// The database's.
    pub async fn release_run(&self, id: &str, fence: i64) -> Result<()> {
        change!(
            self,
            "UPDATE run SET state = 'queued', lease_until = 0 WHERE id = $1 AND fence = $2 AND state = 'running'",
            id,
            fence,
        );
        Ok(())
    }

    /// Says what is wished of a run that has not ended. One that waits is cancelled at once.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it has ended.
    pub async fn wish(&self, id: &str, wish: Wish, at: Millis) -> Result<()> {
        transact!(self, tx => {
            let changed = sqlx::query("UPDATE run SET wish = $2 WHERE id = $1 AND state IN ('queued', 'running')")
                .bind(id).bind(wish.name()).execute(&mut *tx).await?.rows_affected();
            if changed == 0 {
                return Err(StoreError::Conflict("this run has ended".to_owned()));
            }
            if matches!(wish, Wish::Cancel | Wish::Stop) {
                sqlx::query("UPDATE run SET state = 'cancelled', ended = $2 WHERE id = $1 AND state = 'queued'")
                    .bind(id).bind(at).execute(&mut *tx).await?;
            }
            Ok(())
        })
    }

    /// Changes what begins first.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_priority(&self, id: &str, priority: i64) -> Result<()> {
        transact!(self, tx => {
            sqlx::query("UPDATE run SET priority = $2 WHERE id = $1").bind(id).bind(priority).execute(&mut *tx).await?;
            sqlx::query("UPDATE trial SET priority = $2 WHERE run = $1").bind(id).bind(priority)
                .execute(&mut *tx).await?;
            Ok(())
        })
    }

    /// Ends a run, with the files it gave and a last event, all or nothing. Its trials' bytes are let go.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another drives it now.
    pub async fn end_run(
        &self,
        (id, fence): (&str, i64),
        state: RunState,
        outcome: &str,
        files: &[RunFile],
        at: Millis,
    ) -> Result<()> {
        transact!(self, tx => {
            let ended = sqlx::query("UPDATE run SET state = $3, outcome = $4, ended = $5 WHERE id = $1 AND fence = $2 AND \
                state = 'running'")
                .bind(id).bind(fence).bind(state.name()).bind(outcome).bind(at)
                .execute(&mut *tx).await?.rows_affected();
            if ended == 0 {
                return Err(StoreError::Conflict("another server drives this run".to_owned()));
            }
            for file in files {
                sqlx::query("INSERT INTO run_file (run, name, blob, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT (run, name) \
                    DO UPDATE SET blob = EXCLUDED.blob, bytes = EXCLUDED.bytes")
                    .bind(id).bind(&file.name).bind(&file.blob).bind(file.bytes).execute(&mut *tx).await?;
            }
            sqlx::query("UPDATE trial SET state = 'cancelled', ended = $2 WHERE run = $1 AND state IN ('queued', \
                'claimed')").bind(id).bind(at).execute(&mut *tx).await?;
            sqlx::query("UPDATE trial SET payload = $2, result = '' WHERE run = $1")
                .bind(id).bind(&b""[..]).execute(&mut *tx).await?;
            let last: Option<i64> = sqlx::query_scalar("SELECT MAX(seq) FROM event WHERE run = $1")
                .bind(id).fetch_one(&mut *tx).await?;
            sqlx::query("INSERT INTO event (run, seq, kind, data, created) VALUES ($1, $2, 'ended', $3, $4)")
                .bind(id).bind(last.unwrap_or(0) + 1).bind(outcome).bind(at).execute(&mut *tx).await?;
            Ok(())
        })
    }

    /// Keeps a file of a run that goes on: it is there if the run comes to nothing more.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where another drives it now.
    pub async fn keep_run_file(&self, (id, fence): (&str, i64), file: &RunFile) -> Result<()> {
        transact!(self, tx => {
            let mine = sqlx::query("UPDATE run SET fence = fence WHERE id = $1 AND fence = $2 AND state = 'running'")
                .bind(id).bind(fence).execute(&mut *tx).await?.rows_affected();
            if mine == 0 {
                return Err(StoreError::Conflict("another server drives this run".to_owned()));
            }
            sqlx::query("INSERT INTO run_file (run, name, blob, bytes) VALUES ($1, $2, $3, $4) ON CONFLICT (run, name) \
                DO UPDATE SET blob = EXCLUDED.blob, bytes = EXCLUDED.bytes")
                .bind(id).bind(&file.name).bind(&file.blob).bind(file.bytes).execute(&mut *tx).await?;
            Ok(())
        })
    }

    /// The files that a run gave.
    ///
    /// # Errors
    /// The database's.
    pub async fn run_files(&self, run: &str) -> Result<Vec<RunFile>> {
        const SQL: &str = "SELECT name, blob, bytes FROM run_file WHERE run = $1 ORDER BY name";
        Ok(on!(self, db => sqlx::query_as::<_, RunFile>(SQL).bind(run).fetch_all(db).await?))
    }
}
