//! The ledger of trials: what is to be computed, who computes it, and what came of it.
//!
//! An attempt is charged when a trial is claimed, so that one that kills its worker is counted too; at
//! [`POISON_AFTER`] it is poisoned and never claimed again. A claim has a lease and a fence: a worker that comes back
//! after its lease has expired bears an old fence, and what it brings is refused.

use super::accounts::named;
use super::{Millis, Result, Store, StoreError, change, now, on, transact};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What the names of a server's own workers begin with.
pub const EMBEDDED: &str = "embedded";

/// Attempts that a trial gets.
pub const POISON_AFTER: i64 = 3;

/// Where a trial stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum TrialState {
    Queued,
    Claimed,
    Done,
    Poisoned,
    Cancelled,
}

named!(
    TrialState,
    "state of a trial",
    Queued = "queued",
    Claimed = "claimed",
    Done = "done",
    Poisoned = "poisoned",
    Cancelled = "cancelled",
);

/// A job of a study of a run.
#[derive(Debug, Clone, PartialEq, sqlx::FromRow)]
pub struct Trial {
    pub run: String,
    /// Hash of the study's data.
    pub study: String,
    pub job: i64,
    pub payload: Vec<u8>,
    pub state: String,
    pub attempt: i64,
    pub fence: i64,
    pub lease_until: Millis,
    pub worker: String,
    /// Hash of what came of it; empty before.
    pub result: String,
    pub error: String,
    /// Seconds that its run had been driven when what came of it was heard.
    pub clock: Option<f64>,
    /// What its run was begun by; only a claim tells.
    #[sqlx(default)]
    pub trace: String,
}

/// A trial to be computed.
#[derive(Debug, Clone)]
pub struct NewTrial<'a> {
    pub run: &'a str,
    pub study: &'a str,
    pub job: i64,
    pub payload: &'a [u8],
}

/// What names a claim.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Claim {
    pub run: String,
    pub study: String,
    pub job: i64,
    pub fence: i64,
}

impl Trial {
    pub fn claim(&self) -> Claim {
        Claim { run: self.run.clone(), study: self.study.clone(), job: self.job, fence: self.fence }
    }
}

impl Claim {
    /// The trial of a claim that came over the network.
    pub fn into_trial(self, payload: Vec<u8>) -> Trial {
        Trial {
            run: self.run,
            study: self.study,
            job: self.job,
            payload,
            state: TrialState::Claimed.name().to_owned(),
            attempt: 1,
            fence: self.fence,
            lease_until: 0,
            worker: String::new(),
            result: String::new(),
            error: String::new(),
            clock: None,
            trace: String::new(),
        }
    }
}

/// A claim is void: the lease had expired, or nobody wants the trial any more.
fn stale() -> StoreError {
    StoreError::Conflict(
        "this claim is void: its lease has expired, or the trial is not wanted any more".to_owned(),
    )
}

impl Store {
    /// Lets go of what the last process with this database drove and computed itself; it is gone. Its leases need not
    /// be waited for then. Workers elsewhere keep their claims.
    ///
    /// # Errors
    /// The database's.
    pub async fn take_over(&self) -> Result<()> {
        transact!(self, tx => {
            sqlx::query("UPDATE run SET lease_until = 0 WHERE state = 'running'").execute(&mut *tx).await?;
            sqlx::query("UPDATE trial SET lease_until = 0 WHERE state = 'claimed' AND worker LIKE $1 || '%'")
                .bind(EMBEDDED).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM idempotency WHERE status = 0").execute(&mut *tx).await?;
            sqlx::query("DELETE FROM worker WHERE name = $1").bind(EMBEDDED).execute(&mut *tx).await?;
            Ok(())
        })
    }

    /// Puts a trial in line. One that is there already with the same payload stays as it is, done or not: a run that is
    /// driven again finds what was computed before. It comes when its run is to come now.
    ///
    /// # Errors
    /// The database's.
    pub async fn queue_trial(&self, new: &NewTrial<'_>) -> Result<Trial> {
        let at = now();
        transact!(self, tx => {
            sqlx::query("INSERT INTO trial (run, study, job, payload, state, priority, attempt, fence, lease_until, \
                worker, result, error, created) SELECT id, $2, $3, $4, 'queued', priority, 0, 0, 0, '', '', '', $5 FROM run WHERE id = $1 ON CONFLICT \
                (run, study, job) DO UPDATE SET payload = EXCLUDED.payload, state = 'queued', attempt = 0, fence = \
                trial.fence + 1, result = '', error = '', clock = NULL WHERE trial.payload <> EXCLUDED.payload OR trial.state = \
                'cancelled'")
                .bind(new.run).bind(new.study).bind(new.job).bind(new.payload).bind(at)
                .execute(&mut *tx).await?;
            Ok(sqlx::query_as::<_, Trial>("SELECT run, study, job, payload, state, attempt, fence, lease_until, worker, \
                result, error, clock FROM trial WHERE run = $1 AND study = $2 AND job = $3")
                .bind(new.run).bind(new.study).bind(new.job).fetch_one(&mut *tx).await?)
        })
    }

    /// # Errors
    /// No such trial.
    pub async fn trial(&self, run: &str, study: &str, job: i64) -> Result<Trial> {
        const SQL: &str = "SELECT run, study, job, payload, state, attempt, fence, lease_until, worker, result, error, clock FROM \
                           trial WHERE run = $1 AND study = $2 AND job = $3";
        let found = on!(self, db => sqlx::query_as::<_, Trial>(SQL).bind(run).bind(study).bind(job)
            .fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("trial"))
    }

    /// Takes the next trial for a worker, and charges the attempt. Trials of a worker that is gone come first back into
    /// line, or are poisoned.
    ///
    /// # Errors
    /// The database's.
    pub async fn claim_trial(&self, worker: &str, at: Millis, lease: Millis) -> Result<Option<Trial>> {
        const SQLITE: &str = "UPDATE trial SET state = 'claimed', attempt = attempt + 1, fence = fence + 1, lease_until = \
                              $2, worker = $3 WHERE (run, study, job) = (SELECT run, study, job FROM trial WHERE (state = \
                              'queued' OR (state = 'claimed' AND lease_until < $1)) AND attempt < $4 ORDER BY priority \
                              DESC, created, job LIMIT 1) RETURNING run, study, job, payload, state, attempt, fence, \
                              lease_until, worker, result, error, clock, (SELECT trace FROM run WHERE run.id = trial.run) AS trace";
        const POSTGRES: &str = "UPDATE trial SET state = 'claimed', attempt = attempt + 1, fence = fence + 1, lease_until \
                                = $2, worker = $3 WHERE (run, study, job) = (SELECT run, study, job FROM trial WHERE \
                                (state = 'queued' OR (state = 'claimed' AND lease_until < $1)) AND attempt < $4 ORDER BY \
                                priority DESC, created, job LIMIT 1 FOR UPDATE SKIP LOCKED) RETURNING run, study, job, \
                                payload, state, attempt, fence, lease_until, worker, result, error, clock, (SELECT trace FROM run WHERE run.id = trial.run) AS trace";
        let sql = self.either(SQLITE, POSTGRES);
        transact!(self, tx => {
            sqlx::query("UPDATE trial SET state = 'poisoned', ended = $1, error = 'its worker was lost each time' WHERE \
                state = 'claimed' AND lease_until < $1 AND attempt >= $2")
                .bind(at).bind(POISON_AFTER).execute(&mut *tx).await?;
            Ok(sqlx::query_as::<_, Trial>(sql).bind(at).bind(at + lease).bind(worker).bind(POISON_AFTER)
                .fetch_optional(&mut *tx).await?)
        })
    }

    /// Keeps a claim.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where it is void.
    pub async fn renew_trial(&self, claim: &Claim, until: Millis) -> Result<()> {
        let kept = change!(
            self,
            "UPDATE trial SET lease_until = $5 WHERE run = $1 AND study = $2 AND job = $3 AND fence = $4 AND state = \
             'claimed'",
            &claim.run,
            &claim.study,
            claim.job,
            claim.fence,
            until,
        );
        if kept == 0 { Err(stale()) } else { Ok(()) }
    }

    /// Takes the result of a claim; `result` is the hash of a blob that was noted.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the claim is void; then nothing changes.
    pub async fn complete_trial(&self, claim: &Claim, result: &str, at: Millis) -> Result<()> {
        let done = change!(
            self,
            "UPDATE trial SET state = 'done', result = $5, ended = $6, error = '' WHERE run = $1 AND study = $2 AND job = \
             $3 AND fence = $4 AND state = 'claimed'",
            &claim.run,
            &claim.study,
            claim.job,
            claim.fence,
            result,
            at,
        );
        if done == 0 { Err(stale()) } else { Ok(()) }
    }

    /// Takes note of a run's clock when what came of a trial is heard, the first time.
    ///
    /// # Errors
    /// The database's.
    pub async fn time_trial(&self, run: &str, study: &str, job: i64, clock: f64) -> Result<()> {
        change!(
            self,
            "UPDATE trial SET clock = $4 WHERE run = $1 AND study = $2 AND job = $3 AND clock IS NULL",
            run,
            study,
            job,
            clock,
        );
        Ok(())
    }

    /// Takes note that a claim's process broke down: the trial comes back into line, or is poisoned.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the claim is void.
    pub async fn fail_trial(&self, claim: &Claim, error: &str, at: Millis) -> Result<TrialState> {
        const SQL: &str = "UPDATE trial SET state = CASE WHEN attempt >= $5 THEN 'poisoned' ELSE 'queued' END, error = $6, \
                           ended = $7 WHERE run = $1 AND study = $2 AND job = $3 AND fence = $4 AND state = 'claimed' \
                           RETURNING state";
        let state: Option<String> = transact!(self, tx => {
            Ok(sqlx::query_scalar(SQL).bind(&claim.run).bind(&claim.study).bind(claim.job).bind(claim.fence)
                .bind(POISON_AFTER).bind(error).bind(at).fetch_optional(&mut *tx).await?)
        })?;
        state.ok_or_else(stale)?.parse()
    }

    /// Gives a claim back uncharged: the worker ends in good order.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where the claim is void.
    pub async fn release_trial(&self, claim: &Claim) -> Result<()> {
        let back = change!(
            self,
            "UPDATE trial SET state = 'queued', attempt = attempt - 1 WHERE run = $1 AND study = $2 AND job = $3 AND fence \
             = $4 AND state = 'claimed'",
            &claim.run,
            &claim.study,
            claim.job,
            claim.fence,
        );
        if back == 0 { Err(stale()) } else { Ok(()) }
    }

    /// A trial is not wanted any more, unless it has ended.
    ///
    /// # Errors
    /// The database's.
    pub async fn cancel_trial(&self, run: &str, study: &str, job: i64, at: Millis) -> Result<()> {
        change!(
            self,
            "UPDATE trial SET state = 'cancelled', ended = $4 WHERE run = $1 AND study = $2 AND job = $3 AND state IN \
             ('queued', 'claimed')",
            run,
            study,
            job,
            at,
        );
        Ok(())
    }

    /// Whether a study has trials that wait or are computed.
    ///
    /// # Errors
    /// The database's.
    pub async fn has_open_trials(&self, run: &str, study: &str) -> Result<bool> {
        const SQL: &str =
            "SELECT COUNT(*) FROM trial WHERE run = $1 AND study = $2 AND state IN ('queued', 'claimed')";
        let open: i64 = on!(self, db => sqlx::query_scalar(SQL).bind(run).bind(study).fetch_one(db).await?);
        Ok(open > 0)
    }

    /// Trials of a run by state.
    ///
    /// # Errors
    /// The database's.
    pub async fn trial_counts(&self, run: &str) -> Result<Vec<(String, i64)>> {
        const SQL: &str = "SELECT state, COUNT(*) FROM trial WHERE run = $1 GROUP BY state ORDER BY state";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(run).fetch_all(db).await?))
    }

    /// Runs and trials by state.
    ///
    /// # Errors
    /// The database's.
    pub async fn counts(&self) -> Result<(Vec<(String, i64)>, Vec<(String, i64)>)> {
        const RUNS: &str = "SELECT state, COUNT(*) FROM run GROUP BY state ORDER BY state";
        const TRIALS: &str = "SELECT state, COUNT(*) FROM trial GROUP BY state ORDER BY state";
        let runs = on!(self, db => sqlx::query_as(RUNS).fetch_all(db).await?);
        Ok((runs, on!(self, db => sqlx::query_as(TRIALS).fetch_all(db).await?)))
    }

    /// A worker is there.
    ///
    /// # Errors
    /// The database's.
    pub async fn see_worker(&self, id: &str, name: &str, slots: i64, at: Millis) -> Result<()> {
        change!(
            self,
            "INSERT INTO worker (id, name, slots, seen) VALUES ($1, $2, $3, $4) ON CONFLICT (id) DO UPDATE SET name = \
             EXCLUDED.name, slots = EXCLUDED.slots, seen = EXCLUDED.seen",
            id,
            name,
            slots,
            at,
        );
        Ok(())
    }

    /// How many trials can be computed at once by workers seen since `since`.
    ///
    /// # Errors
    /// The database's.
    pub async fn slots(&self, since: Millis) -> Result<i64> {
        const SQL: &str = "SELECT CAST(COALESCE(SUM(slots), 0) AS BIGINT) FROM worker WHERE seen >= $1";
        Ok(on!(self, db => sqlx::query_scalar(SQL).bind(since).fetch_one(db).await?))
    }
}
