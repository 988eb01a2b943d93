//! A whole project that comes from elsewhere, all or nothing.

use super::projects::begin_project;
use super::{Millis, NewProject, Project, Result, Role, Store, new_id, now, transact};

/// What is in it. Its blobs are in their place already.
#[derive(Debug, Clone, Default)]
pub struct Bundle {
    pub name: String,
    /// Oldest first.
    pub versions: Vec<BundleVersion>,
    pub datasets: Vec<BundleDataset>,
    pub models: Vec<BundleModel>,
}

#[derive(Debug, Clone)]
pub struct BundleVersion {
    pub hash: String,
    pub document: String,
    pub note: String,
    pub created: Millis,
}

#[derive(Debug, Clone)]
pub struct BundleDataset {
    pub name: String,
    pub blob: String,
    pub bytes: i64,
    pub options: String,
    pub about: String,
    pub created: Millis,
}

#[derive(Debug, Clone)]
pub struct BundleModel {
    pub name: String,
    /// Blob, bytes, what is known of it, when it was made; oldest first.
    pub versions: Vec<(String, i64, String, Millis)>,
    /// Names of versions by their number, from 1 on.
    pub aliases: Vec<(String, i64)>,
}

impl Store {
    /// Makes a project of an account with all that a bundle holds. Everything gets a new id, and is the account's.
    ///
    /// # Errors
    /// A blob that was not noted; the database's.
    pub async fn import_project(&self, new: &NewProject, bundle: &Bundle, owner: &str) -> Result<Project> {
        let at = now();
        let head = bundle.versions.len() as i64;
        let project =
            Project { id: new.id.clone(), name: bundle.name.clone(), head, created: at, changed: at };
        transact!(self, tx => {
            begin_project!(tx, new, &project, owner);
            for (version, number) in bundle.versions.iter().zip(1_i64..) {
                sqlx::query("INSERT INTO version (project, number, hash, document, note, author, created) VALUES ($1, $2, \
                    $3, $4, $5, $6, $7)")
                    .bind(&project.id).bind(number).bind(&version.hash).bind(&version.document).bind(&version.note)
                    .bind(owner).bind(version.created).execute(&mut *tx).await?;
            }
            for dataset in &bundle.datasets {
                sqlx::query("INSERT INTO dataset (id, project, name, blob, bytes, options, about, author, created) VALUES \
                    ($1, $2, $3, $4, $5, $6, $7, $8, $9)")
                    .bind(new_id()).bind(&project.id).bind(&dataset.name).bind(&dataset.blob).bind(dataset.bytes)
                    .bind(&dataset.options).bind(&dataset.about).bind(owner).bind(dataset.created)
                    .execute(&mut *tx).await?;
            }
            for model in &bundle.models {
                let id = new_id();
                sqlx::query("INSERT INTO model (id, project, name, created) VALUES ($1, $2, $3, $4)")
                    .bind(&id).bind(&project.id).bind(&model.name).bind(at).execute(&mut *tx).await?;
                for ((blob, bytes, about, created), number) in model.versions.iter().zip(1_i64..) {
                    sqlx::query("INSERT INTO model_version (model, number, blob, bytes, run, about, author, created) \
                        VALUES ($1, $2, $3, $4, NULL, $5, $6, $7)")
                        .bind(&id).bind(number).bind(blob).bind(bytes).bind(about).bind(owner).bind(created)
                        .execute(&mut *tx).await?;
                }
                for (alias, number) in &model.aliases {
                    sqlx::query("INSERT INTO model_alias (model, alias, number) VALUES ($1, $2, $3)")
                        .bind(&id).bind(alias).bind(number).execute(&mut *tx).await?;
                }
            }
            Ok(())
        })?;
        Ok(project)
    }
}
