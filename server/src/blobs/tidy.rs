//! What is needed to sweep blobs, and to keep them from being swept.

use super::{ABANDONED, BlobError, Blobs, Result, is_hash, place};
use crate::store::Millis;
use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use object_store::{ObjectStoreExt, PutMode, PutOptions};
use std::fs::{File, TryLockError};
use std::path::Path;
use std::time::UNIX_EPOCH;

/// The object that says whose blobs lie beside it.
const OWNER: &str = "trellis-database";

/// Milliseconds since 1970 at which a file was last written.
fn written(path: &Path) -> std::io::Result<Millis> {
    let at = std::fs::metadata(path)?.modified()?;
    // One from before 1970 counts as from then.
    Ok(at.duration_since(UNIX_EPOCH).map_or(0, |d| d.as_millis() as Millis))
}

impl Blobs {
    /// Deletes what an earlier process left half done, once it is old.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn sweep_passing(&self) -> Result<()> {
        for file in std::fs::read_dir(self.folder.join("passing"))? {
            let path = file?.path();
            let age = std::fs::metadata(&path).and_then(|m| m.modified()).map(|at| at.elapsed());
            // One that grows is being written, by this server or by another that shares the folder.
            if age.is_ok_and(|age| age.is_ok_and(|age| age > ABANDONED)) {
                match std::fs::remove_file(&path) {
                    // It was kept, or let go of, meanwhile.
                    Err(e) if e.kind() == std::io::ErrorKind::NotFound => {}
                    done => done?,
                }
            }
        }
        Ok(())
    }

    /// What is locked while blobs are copied, by backups together; by a sweep alone.
    fn lock(&self) -> std::io::Result<File> {
        File::open(self.folder.join("passing"))
    }

    /// Keeps sweeps away as long as what this gives is held.
    ///
    /// # Errors
    /// A folder that cannot be read.
    pub fn hold(&self) -> Result<File> {
        let file = self.lock()?;
        // A file system without locks lets all go on: a blob that is missing then is found by whoever copies it.
        let _ = file.lock_shared();
        Ok(file)
    }

    /// The right to sweep as long as what this gives is held; `None`: somebody copies blobs.
    ///
    /// # Errors
    /// As [`Blobs::hold`].
    pub fn hold_alone(&self) -> Result<Option<File>> {
        let file = self.lock()?;
        match file.try_lock() {
            Err(TryLockError::WouldBlock) => Ok(None),
            _ => Ok(Some(file)),
        }
    }

    /// Notes in an object store that the blobs there are a database's, whose sweep may delete what it does not name. False
    /// where they are another's.
    ///
    /// # Errors
    /// A store that fails.
    pub async fn claim(&self, database: &str) -> Result<bool> {
        let (Some(remote), at) = (&self.remote, object_store::path::Path::from(OWNER)) else {
            return Ok(true);
        };
        let create = PutOptions::from(PutMode::Create);
        let put = match remote.put_opts(&at, database.to_owned().into(), create).await {
            // A store that knows no such request overwrites; then the first of two that begin at once is noticed later.
            Err(object_store::Error::NotImplemented { .. }) if remote.head(&at).await.is_err() => {
                remote.put(&at, database.to_owned().into()).await
            }
            put => put,
        };
        match put {
            Ok(_) => Ok(true),
            Err(object_store::Error::AlreadyExists { .. } | object_store::Error::NotImplemented { .. }) => {
                Ok(remote.get(&at).await?.bytes().await? == database.as_bytes())
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes a blob's bytes, if they are there.
    ///
    /// # Errors
    /// A disk that fails.
    pub async fn delete(&self, hash: &str) -> Result<()> {
        // What is no hash is no file's name.
        if !is_hash(hash) {
            return Ok(());
        }
        let Some(remote) = &self.remote else {
            return match tokio::fs::remove_file(self.folder.join(place(hash))).await {
                Err(e) if e.kind() != std::io::ErrorKind::NotFound => Err(e.into()),
                _ => Ok(()),
            };
        };
        match remote.delete(&super::object(hash)).await {
            Err(object_store::Error::NotFound { .. }) => Ok(()),
            done => Ok(done?),
        }
    }

    /// Blobs whose bytes were written before a time.
    pub fn old(&self, before: Millis) -> BoxStream<'static, Result<String>> {
        if let Some(remote) = &self.remote {
            let named = |found: &object_store::ObjectMeta| found.location.filename().map(str::to_owned);
            let list = remote.list(None).map_err(BlobError::from);
            let old = list.try_filter_map(move |found| {
                let old = found.last_modified.timestamp_millis() < before;
                std::future::ready(Ok(named(&found).filter(|name| old && is_hash(name))))
            });
            return old.boxed();
        }
        let (sender, receiver) = tokio::sync::mpsc::channel(64);
        let folder = self.folder.clone();
        tokio::task::spawn_blocking(move || {
            if let Err(error) = walk(&folder, before, &sender) {
                // Whoever listened may be gone.
                let _ = sender.blocking_send(Err(error.into()));
            }
        });
        futures_util::stream::unfold(receiver, async |mut receiver| Some((receiver.recv().await?, receiver)))
            .boxed()
    }
}

/// Tells of the old blobs in a folder, until nobody listens.
fn walk(
    folder: &Path,
    before: Millis,
    told: &tokio::sync::mpsc::Sender<Result<String>>,
) -> std::io::Result<()> {
    for part in std::fs::read_dir(folder)? {
        let part = part?;
        if part.file_name().len() != 2 || !part.file_type()?.is_dir() {
            continue;
        }
        for file in std::fs::read_dir(part.path())? {
            let file = file?;
            let name = file.file_name().to_string_lossy().into_owned();
            // One that went meanwhile is not old.
            if is_hash(&name)
                && written(&file.path()).is_ok_and(|at| at < before)
                && told.blocking_send(Ok(name)).is_err()
            {
                return Ok(());
            }
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::Arc;

    #[tokio::test]
    async fn old_ones_are_found_and_go() {
        let folder = tempfile::tempdir().expect("a folder");
        let remote: Arc<dyn object_store::ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        let both = [
            Blobs::local(&folder.path().join("a")).expect("blobs"),
            Blobs::remote(&folder.path().join("b"), remote).expect("blobs"),
        ];
        for blobs in both {
            let put = super::super::Files::plain(blobs.clone()).put(&b"abc"[..]).await.expect("put");
            let later = crate::store::now() + 60_000;
            let old = |before| blobs.old(before).map(|found| found.expect("a hash")).collect::<Vec<_>>();
            assert_eq!((old(later).await, old(0).await), (vec![put.hash.clone()], vec![]));
            assert_eq!(blobs.stored(&put.hash).await.expect("its size"), 3);
            for _ in 0..2 {
                blobs.delete(&put.hash).await.expect("gone");
                assert!(matches!(blobs.stored(&put.hash).await, Err(BlobError::Absent(_))));
            }
            blobs.delete("../passing").await.expect("nothing to do");
            assert!(blobs.folder.join("passing").is_dir());
            let held = blobs.hold().expect("held");
            assert!(blobs.hold().is_ok() && blobs.hold_alone().expect("tried").is_none());
            drop(held);
            assert!(blobs.hold_alone().expect("tried").is_some());
        }
    }
}
