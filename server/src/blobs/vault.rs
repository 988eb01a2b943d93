//! Which project's files are sealed, and with which key: the one place that decides.
//!
//! A server that is given a key gives each project that is made a key of its own, which is kept wrapped by the server's. What
//! a project was made as it stays: files of one without a key are not sealed later, since what was read from a disk once may
//! be read again.

use super::key::ServerKey;
use super::{BlobError, Blobs, Files};
use crate::failure::{Failure, because};
use crate::store::{KeptKey, NewProject, Store, StoreError};
use std::path::Path;
use std::sync::Arc;

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Vault {
    blobs: Blobs,
    store: Store,
    key: Option<Arc<ServerKey>>,
}

impl Vault {
    /// With the key in a file, if any is named.
    ///
    /// # Errors
    /// A file that holds no key, or another than this database's; none where projects need one.
    pub async fn open(blobs: Blobs, store: &Store, key: Option<&Path>) -> Result<Self, Failure> {
        let failed = |e| because("the database cannot be read", e, "check the disk");
        let key = match key {
            Some(path) => {
                let key = ServerKey::read(path)?;
                let known = store.key_check(&key.check()).await.map_err(failed)?;
                if known != key.check() {
                    return Err(Failure::new(
                        format!("{} is not the key that this database was begun with", path.display()),
                        "name the file that was named before, or a copy of it, with --key-file; another key reads nothing",
                    ));
                }
                Some(Arc::new(key))
            }
            None if store.has_sealed().await.map_err(failed)? => {
                return Err(Failure::new(
                    "files of projects in this database are encrypted, and no key is named",
                    "name the file with this server's key with --key-file",
                ));
            }
            None => None,
        };
        Ok(Self { blobs, store: store.clone(), key })
    }

    /// All files as they lie, whoever's they are: to sweep them.
    pub fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// The files of a project.
    ///
    /// # Errors
    /// No such project; a key that this server has not got, or that was erased.
    pub async fn of(&self, project: &str) -> Result<Files, StoreError> {
        self.opened(self.store.project_key(project).await?)
    }

    /// The files of a run's project.
    ///
    /// # Errors
    /// As [`Vault::of`].
    pub async fn of_run(&self, run: &str) -> Result<Files, StoreError> {
        self.opened(self.store.run_key(run).await?)
    }

    /// The files of a model's project.
    ///
    /// # Errors
    /// As [`Vault::of`].
    pub async fn of_model(&self, model: &str) -> Result<Files, StoreError> {
        self.of(&self.store.model(model).await?.project).await
    }

    fn opened(&self, kept: KeptKey) -> Result<Files, StoreError> {
        if kept.sealed == 0 {
            return Ok(Files::plain(self.blobs.clone()));
        }
        let Some(wrapped) = kept.wrapped else { return Err(BlobError::Erased(kept.project).into()) };
        match self.key.as_ref().and_then(|key| key.unwrap(&kept.project, &wrapped)) {
            Some(key) => Ok(Files::sealed(self.blobs.clone(), key)),
            None => Err(BlobError::Locked(kept.project).into()),
        }
    }

    /// What a project is to be made as, and its files.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn fresh(&self) -> Result<(NewProject, Files), BlobError> {
        let mut new = NewProject::plain();
        let Some(key) = &self.key else { return Ok((new, Files::plain(self.blobs.clone()))) };
        let (key, wrapped) = key.fresh(&new.id)?;
        new.wrapped = Some(wrapped);
        Ok((new, Files::sealed(self.blobs.clone(), key)))
    }
}
