//! Short links with rights.

use super::accounts::named;
use super::{Millis, PAGE, Result, Store, StoreError, change, new_id, now, on};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// What a link lets whoever has it do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, schemars::JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum Rights {
    /// See a pipeline and its results.
    View,
    /// The same, and take a copy of the pipeline.
    Fork,
    /// Predict with a model.
    Predict,
}

named!(Rights, "right", View = "view", Fork = "fork", Predict = "predict");

/// A link. Its secret part is shown once and kept as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct Link {
    pub id: String,
    pub project: String,
    /// `version/NUMBER` or `model/ID`.
    pub target: String,
    pub rights: String,
    pub title: String,
    pub author: String,
    pub created: Millis,
    pub expires: Option<Millis>,
    pub revoked: Option<Millis>,
    /// How often it was opened.
    pub opened: i64,
}

/// What a link is made of.
#[derive(Debug, Clone)]
pub struct NewLink<'a> {
    pub token: &'a [u8],
    pub project: &'a str,
    pub target: &'a str,
    pub rights: Rights,
    pub title: &'a str,
    pub author: &'a str,
    pub expires: Option<Millis>,
}

impl Store {
    /// # Errors
    /// The database's.
    pub async fn add_link(&self, new: &NewLink<'_>) -> Result<Link> {
        let made = Link {
            id: new_id(),
            project: new.project.to_owned(),
            target: new.target.to_owned(),
            rights: new.rights.name().to_owned(),
            title: new.title.to_owned(),
            author: new.author.to_owned(),
            created: now(),
            expires: new.expires,
            revoked: None,
            opened: 0,
        };
        change!(
            self,
            "INSERT INTO link (id, token, project, target, rights, title, author, created, expires, opened) VALUES ($1, \
             $2, $3, $4, $5, $6, $7, $8, $9, 0)",
            &made.id,
            new.token,
            &made.project,
            &made.target,
            &made.rights,
            &made.title,
            &made.author,
            made.created,
            made.expires,
        );
        Ok(made)
    }

    /// Opens a link and counts it; unknown, revoked and expired ones are all the same. `count`: whether this is somebody
    /// opening it.
    ///
    /// # Errors
    /// No such link.
    pub async fn open_link(&self, token: &[u8], at: Millis, count: bool) -> Result<Link> {
        const SQL: &str = "SELECT id, project, target, rights, title, author, created, expires, revoked, opened FROM link \
                           WHERE token = $1 AND revoked IS NULL AND (expires IS NULL OR expires > $2)";
        let found =
            on!(self, db => sqlx::query_as::<_, Link>(SQL).bind(token).bind(at).fetch_optional(db).await?);
        let mut link = found.ok_or(StoreError::Absent("link"))?;
        if count {
            change!(self, "UPDATE link SET opened = opened + 1 WHERE id = $1", &link.id);
            link.opened += 1;
        }
        Ok(link)
    }

    /// Newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn links(&self, project: &str, before: Option<&str>, limit: i64) -> Result<Vec<Link>> {
        const SQL: &str = "SELECT id, project, target, rights, title, author, created, expires, revoked, opened FROM link \
                           WHERE project = $1 AND id < $2 ORDER BY id DESC LIMIT $3";
        let (before, limit) = (before.unwrap_or("~"), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, Link>(SQL).bind(project).bind(before).bind(limit)
            .fetch_all(db).await?))
    }

    /// # Errors
    /// No such link in that project.
    pub async fn revoke_link(&self, project: &str, id: &str, at: Millis) -> Result<()> {
        let changed = change!(
            self,
            "UPDATE link SET revoked = COALESCE(revoked, $3) WHERE project = $1 AND id = $2",
            project,
            id,
            at,
        );
        if changed == 0 { Err(StoreError::Absent("link")) } else { Ok(()) }
    }
}
