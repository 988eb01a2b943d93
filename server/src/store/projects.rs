//! Projects and the versions of their pipelines.

use super::{Millis, PAGE, Result, Role, Store, StoreError, new_id, now, on, transact};
use serde::Serialize;

/// A project: a pipeline with its versions, data, models and runs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct Project {
    pub id: String,
    pub name: String,
    /// Number of its newest version; 0: none yet.
    pub head: i64,
    pub created: Millis,
    pub changed: Millis,
}

/// What a project is made as: its id, and the key of its files, wrapped, where they are sealed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewProject {
    pub id: String,
    pub wrapped: Option<Vec<u8>>,
}

impl NewProject {
    /// One whose files are not sealed.
    pub fn plain() -> Self {
        Self { id: new_id(), wrapped: None }
    }
}

/// Writes the rows that every new project has, in a transaction.
macro_rules! begin_project {
    ($tx:ident, $new:expr, $project:expr, $owner:expr) => {{
        let (new, project): (&NewProject, &Project) = ($new, $project);
        sqlx::query(
            "INSERT INTO project (id, name, head, created, changed, sealed) VALUES ($1, $2, $3, $4, $4, $5)",
        )
        .bind(&project.id)
        .bind(&project.name)
        .bind(project.head)
        .bind(project.created)
        .bind(i64::from(new.wrapped.is_some()))
        .execute(&mut *$tx)
        .await?;
        if let Some(wrapped) = &new.wrapped {
            sqlx::query("INSERT INTO project_key (project, wrapped) VALUES ($1, $2)")
                .bind(&project.id)
                .bind(wrapped.as_slice())
                .execute(&mut *$tx)
                .await?;
        }
        sqlx::query("INSERT INTO member (project, account, role) VALUES ($1, $2, $3)")
            .bind(&project.id)
            .bind($owner)
            .bind(Role::Owner.name())
            .execute(&mut *$tx)
            .await?;
    }};
}

pub(in crate::store) use begin_project;

/// A saved pipeline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct Version {
    pub number: i64,
    /// Content hash of the document.
    pub hash: String,
    /// Canonical JSON.
    #[serde(skip)]
    pub document: String,
    pub note: String,
    pub author: String,
    pub created: Millis,
}

impl Store {
    /// A new project of an account.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_project(&self, new: &NewProject, name: &str, owner: &str) -> Result<Project> {
        let at = now();
        let project =
            Project { id: new.id.clone(), name: name.to_owned(), head: 0, created: at, changed: at };
        transact!(self, tx => {
            begin_project!(tx, new, &project, owner);
            Ok(())
        })?;
        Ok(project)
    }

    /// # Errors
    /// No such project.
    pub async fn project(&self, id: &str) -> Result<Project> {
        const SQL: &str = "SELECT id, name, head, created, changed FROM project WHERE id = $1";
        let found = on!(self, db => sqlx::query_as::<_, Project>(SQL).bind(id).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("project"))
    }

    /// The projects of an account, newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn projects(&self, account: &str, before: Option<&str>, limit: i64) -> Result<Vec<Project>> {
        const SQL: &str = "SELECT p.id, p.name, p.head, p.created, p.changed FROM project p JOIN member m ON m.project = \
                           p.id WHERE m.account = $1 AND p.id < $2 ORDER BY p.id DESC LIMIT $3";
        let (before, limit) = (before.unwrap_or("~"), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, Project>(SQL).bind(account).bind(before).bind(limit)
            .fetch_all(db).await?))
    }

    /// # Errors
    /// No such project.
    pub async fn rename_project(&self, id: &str, name: &str) -> Result<()> {
        let changed =
            super::change!(self, "UPDATE project SET name = $2, changed = $3 WHERE id = $1", id, name, now());
        if changed == 0 { Err(StoreError::Absent("project")) } else { Ok(()) }
    }

    /// Deletes a project with all that it holds; blobs that nothing else names go with the next sweep. Its key goes at
    /// once, so that those of them that are sealed cannot be read from now on.
    ///
    /// # Errors
    /// No such project.
    pub async fn delete_project(&self, id: &str) -> Result<()> {
        let changed = super::change!(self, "DELETE FROM project WHERE id = $1", id);
        if changed == 0 {
            return Err(StoreError::Absent("project"));
        }
        self.settle().await;
        Ok(())
    }

    /// Saves a pipeline as the next version, where the newest one is still the one that the caller saw (0: there is none
    /// yet). The same pipeline again makes no new version.
    ///
    /// # Errors
    /// [`StoreError::Conflict`] where somebody else saved meanwhile.
    pub async fn save_version(&self, project: &str, seen: i64, version: &Version) -> Result<Version> {
        let at = now();
        let fresh = Version { created: at, ..version.clone() };
        transact!(self, tx => {
            // Takes the row's lock first, so that of two who save at once one sees what the other did.
            let touched = sqlx::query("UPDATE project SET changed = $2 WHERE id = $1")
                .bind(project).bind(at).execute(&mut *tx).await?.rows_affected();
            if touched == 0 {
                return Err(StoreError::Absent("project"));
            }
            let newest: Option<Version> = sqlx::query_as("SELECT number, hash, document, note, author, created FROM \
                version WHERE project = $1 ORDER BY number DESC LIMIT 1")
                .bind(project).fetch_optional(&mut *tx).await?;
            if newest.as_ref().map_or(0, |v| v.number) != seen {
                return Err(StoreError::Conflict("somebody else saved this project meanwhile".to_owned()));
            }
            if let Some(same) = newest.as_ref().filter(|v| v.document == fresh.document) {
                return Ok(same.clone());
            }
            let number = newest.map_or(0, |v| v.number) + 1;
            sqlx::query("INSERT INTO version (project, number, hash, document, note, author, created) VALUES ($1, $2, $3, \
                $4, $5, $6, $7)")
                .bind(project).bind(number).bind(&fresh.hash).bind(&fresh.document).bind(&fresh.note)
                .bind(&fresh.author).bind(at).execute(&mut *tx).await?;
            sqlx::query("UPDATE project SET head = $2 WHERE id = $1")
                .bind(project).bind(number).execute(&mut *tx).await?;
            Ok(Version { number, ..fresh.clone() })
        })
    }

    /// # Errors
    /// No such version.
    pub async fn version(&self, project: &str, number: i64) -> Result<Version> {
        const SQL: &str = "SELECT number, hash, document, note, author, created FROM version WHERE project = $1 AND \
                           number = $2";
        let found = on!(self, db => sqlx::query_as::<_, Version>(SQL).bind(project).bind(number)
            .fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("version"))
    }

    /// Versions, newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn versions(&self, project: &str, before: Option<i64>, limit: i64) -> Result<Vec<Version>> {
        const SQL: &str = "SELECT number, hash, document, note, author, created FROM version WHERE project = $1 AND \
                           number < $2 ORDER BY number DESC LIMIT $3";
        let (before, limit) = (before.unwrap_or(i64::MAX), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, Version>(SQL).bind(project).bind(before).bind(limit)
            .fetch_all(db).await?))
    }
}
