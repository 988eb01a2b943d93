//! All that is kept of a person.

use super::{AuditEntry, Millis, PAGE, Result, Store, on};
use serde::Serialize;

/// Something that a person made.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Made {
    /// What it is: version, dataset, model, run or link.
    pub kind: String,
    pub project: String,
    /// Its id, or the number of a version.
    pub id: String,
    pub name: String,
    pub created: Millis,
}

/// A session, without its token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Session {
    pub created: Millis,
    pub expires: Millis,
}

/// A role in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow)]
pub struct Membership {
    pub project: String,
    pub name: String,
    pub role: String,
}

impl Store {
    /// # Errors
    /// The database's.
    pub async fn sessions(&self, account: &str) -> Result<Vec<Session>> {
        const SQL: &str = "SELECT created, expires FROM session WHERE account = $1 ORDER BY created";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(account).fetch_all(db).await?))
    }

    /// # Errors
    /// The database's.
    pub async fn memberships(&self, account: &str) -> Result<Vec<Membership>> {
        const SQL: &str = "SELECT m.project, p.name, m.role FROM member m JOIN project p ON p.id = m.project WHERE \
                           m.account = $1 ORDER BY m.project";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(account).fetch_all(db).await?))
    }

    /// What an account made, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn made_by(&self, account: &str) -> Result<Vec<Made>> {
        const SQL: &str = "SELECT 'version' AS kind, project, CAST(number AS TEXT) AS id, note AS name, created FROM \
                           version WHERE author = $1 UNION ALL SELECT 'dataset', project, id, name, created FROM dataset \
                           WHERE author = $1 UNION ALL SELECT 'model', m.project, m.id || '/' || CAST(v.number AS TEXT), \
                           m.name, v.created FROM model_version v JOIN model m ON m.id = v.model WHERE v.author = $1 UNION \
                           ALL SELECT 'run', project, id, '', created FROM run WHERE author = $1 UNION ALL SELECT 'link', \
                           project, id, title, created FROM link WHERE author = $1 ORDER BY created";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(account).fetch_all(db).await?))
    }

    /// What an account did, newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn done_by(&self, account: &str, before: i64) -> Result<Vec<AuditEntry>> {
        const SQL: &str = "SELECT seq, at, actor, action, resource, hash FROM audit WHERE actor = $1 AND seq < $2 ORDER \
                           BY seq DESC LIMIT $3";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(account).bind(before).bind(PAGE).fetch_all(db).await?))
    }
}
