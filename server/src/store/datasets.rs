//! Data sets of projects.

use super::{Millis, PAGE, Result, Store, StoreError, change, new_id, now, on};
use serde::Serialize;

/// A table that was uploaded. It does not change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct Dataset {
    pub id: String,
    pub project: String,
    pub name: String,
    /// Hash of its bytes, keyed where they are encrypted.
    pub blob: String,
    pub bytes: i64,
    /// How it is to be read, as JSON.
    #[serde(skip)]
    pub options: String,
    /// Rows, columns with types, fingerprint, as JSON.
    #[serde(skip)]
    pub about: String,
    pub author: String,
    pub created: Millis,
}

/// What a data set is made of.
#[derive(Debug, Clone)]
pub struct NewDataset<'a> {
    pub project: &'a str,
    pub name: &'a str,
    pub blob: &'a str,
    pub bytes: i64,
    pub options: &'a str,
    pub about: &'a str,
    pub author: &'a str,
}

impl Store {
    /// # Errors
    /// The blob was not noted; the database's.
    pub async fn add_dataset(&self, new: &NewDataset<'_>) -> Result<Dataset> {
        let made = Dataset {
            id: new_id(),
            project: new.project.to_owned(),
            name: new.name.to_owned(),
            blob: new.blob.to_owned(),
            bytes: new.bytes,
            options: new.options.to_owned(),
            about: new.about.to_owned(),
            author: new.author.to_owned(),
            created: now(),
        };
        change!(
            self,
            "INSERT INTO dataset (id, project, name, blob, bytes, options, about, author, created) VALUES ($1, $2, $3, \
             $4, $5, $6, $7, $8, $9)",
            &made.id,
            &made.project,
            &made.name,
            &made.blob,
            made.bytes,
            &made.options,
            &made.about,
            &made.author,
            made.created,
        );
        Ok(made)
    }

    /// # Errors
    /// No such data set in that project.
    pub async fn dataset(&self, project: &str, id: &str) -> Result<Dataset> {
        const SQL: &str = "SELECT id, project, name, blob, bytes, options, about, author, created FROM dataset WHERE \
                           project = $1 AND id = $2";
        let found = on!(self, db => sqlx::query_as::<_, Dataset>(SQL).bind(project).bind(id)
            .fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("data set"))
    }

    /// The newest data set of a project with these bytes that bears this name and is read so; `None`: whatever it is
    /// called, however it is read. The same bytes read in another way are another table.
    ///
    /// # Errors
    /// The database's.
    pub async fn dataset_read_as(
        &self,
        project: &str,
        blob: &str,
        name: Option<&str>,
        options: Option<&str>,
    ) -> Result<Option<Dataset>> {
        const SQL: &str = "SELECT id, project, name, blob, bytes, options, about, author, created FROM dataset WHERE \
                           project = $1 AND blob = $2 AND name = COALESCE($3, name) AND \
                           options = COALESCE($4, options) ORDER BY id DESC LIMIT 1";
        Ok(
            on!(self, db => sqlx::query_as::<_, Dataset>(SQL).bind(project).bind(blob).bind(name).bind(options)
            .fetch_optional(db).await?),
        )
    }

    /// Newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn datasets(&self, project: &str, before: Option<&str>, limit: i64) -> Result<Vec<Dataset>> {
        const SQL: &str = "SELECT id, project, name, blob, bytes, options, about, author, created FROM dataset WHERE \
                           project = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let (before, limit) = (before.unwrap_or("~"), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, Dataset>(SQL).bind(project).bind(before).bind(limit)
            .fetch_all(db).await?))
    }

    /// # Errors
    /// No such data set in that project.
    pub async fn delete_dataset(&self, project: &str, id: &str) -> Result<()> {
        let gone = change!(self, "DELETE FROM dataset WHERE project = $1 AND id = $2", project, id);
        if gone == 0 { Err(StoreError::Absent("data set")) } else { Ok(()) }
    }
}
