//! Models: versions that do not change, and names that point at one of them (`@champion`).

use super::{Millis, PAGE, Result, Store, StoreError, change, new_id, now, on, transact};
use serde::Serialize;

/// A model with a name in a project.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct Model {
    pub id: String,
    pub project: String,
    pub name: String,
    pub created: Millis,
}

/// A model file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct ModelVersion {
    pub model: String,
    pub number: i64,
    pub blob: String,
    pub bytes: i64,
    /// The run that trained it.
    pub run: Option<String>,
    /// Task, target, metric, scores, inputs, as JSON.
    #[serde(skip)]
    pub about: String,
    pub author: String,
    pub created: Millis,
}

/// What a version is made of.
#[derive(Debug, Clone)]
pub struct NewModelVersion<'a> {
    pub project: &'a str,
    pub name: &'a str,
    pub blob: &'a str,
    pub bytes: i64,
    pub run: Option<&'a str>,
    pub about: &'a str,
    pub author: &'a str,
}

impl Store {
    /// The next version of the model of that name, which is made where there is none. The same bytes again, from the
    /// same run, make no new version.
    ///
    /// # Errors
    /// The blob was not noted; the database's.
    pub async fn add_model_version(&self, new: &NewModelVersion<'_>) -> Result<(Model, ModelVersion)> {
        let at = now();
        transact!(self, tx => {
            let fresh = new_id();
            sqlx::query("INSERT INTO model (id, project, name, created) VALUES ($1, $2, $3, $4) ON CONFLICT DO NOTHING")
                .bind(&fresh).bind(new.project).bind(new.name).bind(at).execute(&mut *tx).await?;
            // An update in place takes the row's lock, so that numbers are given one after the other.
            let model: Model = sqlx::query_as("UPDATE model SET name = name WHERE project = $1 AND name = $2 RETURNING \
                id, project, name, created")
                .bind(new.project).bind(new.name).fetch_one(&mut *tx).await?;
            let newest: Option<ModelVersion> = sqlx::query_as("SELECT model, number, blob, bytes, run, about, author, \
                created FROM model_version WHERE model = $1 ORDER BY number DESC LIMIT 1")
                .bind(&model.id).fetch_optional(&mut *tx).await?;
            if let Some(same) = newest.as_ref().filter(|v| v.blob == new.blob && v.run.as_deref() == new.run) {
                return Ok((model, same.clone()));
            }
            let version = ModelVersion {
                model: model.id.clone(),
                number: newest.map_or(0, |v| v.number) + 1,
                blob: new.blob.to_owned(),
                bytes: new.bytes,
                run: new.run.map(str::to_owned),
                about: new.about.to_owned(),
                author: new.author.to_owned(),
                created: at,
            };
            sqlx::query("INSERT INTO model_version (model, number, blob, bytes, run, about, author, created) VALUES ($1, \
                $2, $3, $4, $5, $6, $7, $8)")
                .bind(&version.model).bind(version.number).bind(&version.blob).bind(version.bytes)
                .bind(&version.run).bind(&version.about).bind(&version.author).bind(version.created)
                .execute(&mut *tx).await?;
            Ok((model, version))
        })
    }

    /// # Errors
    /// No such model.
    pub async fn model(&self, id: &str) -> Result<Model> {
        const SQL: &str = "SELECT id, project, name, created FROM model WHERE id = $1";
        let found = on!(self, db => sqlx::query_as::<_, Model>(SQL).bind(id).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("model"))
    }

    /// Newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn models(&self, project: &str, before: Option<&str>, limit: i64) -> Result<Vec<Model>> {
        const SQL: &str = "SELECT id, project, name, created FROM model WHERE project = $1 AND id < $2 ORDER BY id DESC \
                           LIMIT $3";
        let (before, limit) = (before.unwrap_or("~"), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, Model>(SQL).bind(project).bind(before).bind(limit)
            .fetch_all(db).await?))
    }

    /// # Errors
    /// No such version.
    pub async fn model_version(&self, model: &str, number: i64) -> Result<ModelVersion> {
        const SQL: &str = "SELECT model, number, blob, bytes, run, about, author, created FROM model_version WHERE model \
                           = $1 AND number = $2";
        let found = on!(self, db => sqlx::query_as::<_, ModelVersion>(SQL).bind(model).bind(number)
            .fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("version"))
    }

    /// Newest first, from below `before` on.
    ///
    /// # Errors
    /// The database's.
    pub async fn model_versions(
        &self,
        model: &str,
        before: Option<i64>,
        limit: i64,
    ) -> Result<Vec<ModelVersion>> {
        const SQL: &str = "SELECT model, number, blob, bytes, run, about, author, created FROM model_version WHERE model \
                           = $1 AND number < $2 ORDER BY number DESC LIMIT $3";
        let (before, limit) = (before.unwrap_or(i64::MAX), limit.clamp(1, PAGE));
        Ok(on!(self, db => sqlx::query_as::<_, ModelVersion>(SQL).bind(model).bind(before).bind(limit)
            .fetch_all(db).await?))
    }

    /// The version that an alias points at.
    ///
    /// # Errors
    /// No such alias.
    pub async fn aliased(&self, model: &str, alias: &str) -> Result<ModelVersion> {
        const SQL: &str = "SELECT number FROM model_alias WHERE model = $1 AND alias = $2";
        let number: Option<i64> =
            on!(self, db => sqlx::query_scalar(SQL).bind(model).bind(alias).fetch_optional(db).await?);
        self.model_version(model, number.ok_or(StoreError::Absent("alias"))?).await
    }

    /// All aliases of a model with the numbers that they point at.
    ///
    /// # Errors
    /// The database's.
    pub async fn aliases(&self, model: &str) -> Result<Vec<(String, i64)>> {
        const SQL: &str = "SELECT alias, number FROM model_alias WHERE model = $1 ORDER BY alias";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(model).fetch_all(db).await?))
    }

    /// Points an alias at a version, or takes it away.
    ///
    /// # Errors
    /// No such version.
    pub async fn set_alias(&self, model: &str, alias: &str, number: Option<i64>) -> Result<()> {
        let Some(number) = number else {
            let gone = change!(self, "DELETE FROM model_alias WHERE model = $1 AND alias = $2", model, alias);
            return if gone == 0 { Err(StoreError::Absent("alias")) } else { Ok(()) };
        };
        self.model_version(model, number).await?;
        change!(
            self,
            "INSERT INTO model_alias (model, alias, number) VALUES ($1, $2, $3) ON CONFLICT (model, alias) DO UPDATE SET \
             number = EXCLUDED.number",
            model,
            alias,
            number,
        );
        Ok(())
    }

    /// Deletes a model with all its versions.
    ///
    /// # Errors
    /// No such model.
    pub async fn delete_model(&self, id: &str) -> Result<()> {
        let gone = change!(self, "DELETE FROM model WHERE id = $1", id);
        if gone == 0 { Err(StoreError::Absent("model")) } else { Ok(()) }
    }
}
