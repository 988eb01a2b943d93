//! Large things by the BLAKE3 hash of their bytes: written once, never changed, so what is named is what was meant.
//!
//! Bytes are streamed into a file of a passing name, hashed on the way, brought to the disk, noted in the database, and
//! then renamed. So no half blob is ever visible, and none lies there without a row. Elsewhere than on this machine's
//! disk they lie behind [`object_store`].
//!
//! Whose they are decides how they lie: a [`Vault`] gives the [`Files`] of a project, which are sealed with the project's
//! key where it has one, and nothing else puts or gives bytes. Then their name is not their hash but a keyed one of it.

#[cfg(test)]
mod faults;
mod files;
mod key;
pub mod remote;
mod sealed;
mod tidy;
mod vault;

pub use files::{Anywhere, Files, Input, Origin, Received, why};
pub use key::{NewKeyArgs, new_key};
pub use vault::Vault;

use crate::store::Store;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use object_store::ObjectStore;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Why bytes could not be kept or given.
#[derive(Debug, thiserror::Error)]
pub enum BlobError {
    /// More bytes than are allowed.
    #[error("more than {0} bytes")]
    TooLarge(u64),
    /// Whoever sent it broke off.
    #[error("the sender broke off: {0}")]
    BrokenOff(String),
    /// There is no such blob.
    #[error("there is no blob {0}")]
    Absent(String),
    /// What was read is not what was written.
    #[error("blob {0} is damaged")]
    Damaged(String),
    /// This server has no key, or another, for a project whose files are sealed.
    #[error("the files of project {0} are encrypted, and this server has not got the key for them")]
    Locked(String),
    /// The key of a project is gone for good.
    #[error("the files of project {0} are encrypted, and its key was erased")]
    Erased(String),
    #[error("a blob could not be noted: {0}")]
    Unnoted(Box<crate::store::StoreError>),
    #[error("the disk failed: {0}")]
    Disk(#[from] std::io::Error),
    #[error("the object store failed: {0}")]
    Remote(#[from] object_store::Error),
}

type Result<T> = std::result::Result<T, BlobError>;

/// A blob that was put.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Put {
    /// What names it: BLAKE3 in hexadecimal digits, keyed where it is sealed.
    pub hash: String,
    /// Before it was sealed.
    pub bytes: u64,
}

/// How long nothing comes to a file on its way until it is taken for left behind.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// See the module. Cheap to clone.
#[derive(Clone)]
pub struct Blobs {
    /// For files on their way, and for blobs themselves where `remote` is `None`.
    folder: PathBuf,
    remote: Option<Arc<dyn ObjectStore>>,
    /// Where it is noted what is put.
    noted_in: Option<Store>,
}

/// Whether a text is a hash, and so safe as the name of a file.
pub fn is_hash(text: &str) -> bool {
    text.len() == 64 && text.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'))
}

/// Under which path a blob lies; folders of 256 so that none gets too long.
fn place(hash: &str) -> String {
    format!("{}/{hash}", hash.get(..2).unwrap_or_default())
}

/// The same, in an object store.
fn object(hash: &str) -> object_store::path::Path {
    object_store::path::Path::from(place(hash))
}

impl Blobs {
    /// Blobs in a folder, which is made where it is absent. What an earlier process left half done
    /// is deleted once it is old.
    ///
    /// # Errors
    /// A folder that cannot be written.
    pub fn local(folder: &Path) -> Result<Self> {
        let passing = folder.join("passing");
        std::fs::create_dir_all(&passing)?;
        let blobs = Self { folder: folder.to_owned(), remote: None, noted_in: None };
        blobs.sweep_passing()?;
        Ok(blobs)
    }

    /// Blobs in an object store; `folder` is for files on their way.
    ///
    /// # Errors
    /// As [`Blobs::local`].
    pub fn remote(folder: &Path, store: Arc<dyn ObjectStore>) -> Result<Self> {
        Ok(Self { remote: Some(store), ..Self::local(folder)? })
    }

    /// Whether the object store can be reached, where there is one.
    ///
    /// # Errors
    /// One that cannot be.
    pub async fn reached(&self) -> Result<()> {
        let Some(remote) = &self.remote else { return Ok(()) };
        remote.list(None).next().await.transpose()?;
        Ok(())
    }

    /// The same, and what is put is noted in a database before it is in its place.
    #[must_use]
    pub fn noted_in(self, store: &Store) -> Self {
        Self { noted_in: Some(store.clone()), ..self }
    }

    /// Where files on their way lie, on this machine.
    pub fn passing_folder(&self) -> PathBuf {
        self.folder.join("passing")
    }

    /// A file for bytes on their way; whoever lets go of it deletes it.
    fn passing(&self) -> Result<tempfile::TempPath> {
        Ok(tempfile::Builder::new().tempfile_in(self.passing_folder())?.into_temp_path())
    }

    /// Brings a file on its way to its place. `is_sealed`: as it lies.
    async fn keep(&self, passing: tempfile::TempPath, put: &Put, is_sealed: bool) -> Result<()> {
        if let Some(store) = &self.noted_in {
            let noted = store.note_blob(&put.hash, put.bytes as i64, is_sealed).await;
            noted.map_err(|e| BlobError::Unnoted(Box::new(e)))?;
        }
        if let Some(remote) = &self.remote {
            let stored = stored_bytes(put.bytes, is_sealed);
            return remote::send(remote, &object(&put.hash), &passing, stored).await;
        }
        tokio::fs::OpenOptions::new().write(true).open(&passing).await?.sync_all().await?;
        let target = self.folder.join(place(&put.hash));
        // The place is always inside the folder.
        let parent = target.parent().unwrap_or(&self.folder).to_owned();
        tokio::fs::create_dir_all(&parent).await?;
        passing.persist(&target).map_err(|e| e.error)?;
        tokio::fs::File::open(&parent).await?.sync_all().await?;
        Ok(())
    }

    /// How many bytes a blob takes, as it lies.
    ///
    /// # Errors
    /// One that there is not.
    pub async fn stored(&self, hash: &str) -> Result<u64> {
        if !is_hash(hash) {
            return Err(BlobError::Absent(hash.to_owned()));
        }
        let Some(remote) = &self.remote else {
            let found = tokio::fs::metadata(self.folder.join(place(hash))).await;
            return found.map(|m| m.len()).map_err(|e| absent(e, hash));
        };
        Ok(remote::head(remote, &object(hash), hash).await?.size)
    }

    /// The bytes of a blob as they lie, in parts, not checked.
    async fn raw(&self, hash: &str) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
        if !is_hash(hash) {
            return Err(BlobError::Absent(hash.to_owned()));
        }
        if let Some(remote) = &self.remote {
            let found = remote::head(remote, &object(hash), hash).await?;
            let parts = remote::stream(remote.clone(), object(hash), found);
            return Ok(parts.map(|part| part.map_err(std::io::Error::other)).boxed());
        }
        let file = tokio::fs::File::open(self.folder.join(place(hash))).await.map_err(|e| absent(e, hash))?;
        Ok(parts_of(file).boxed())
    }

    /// A blob as it lies, for whoever copies all. A sealed one ends in an error where it is damaged; of others the hash
    /// is the name.
    ///
    /// # Errors
    /// One that there is not.
    pub async fn copied(
        &self,
        hash: &str,
        is_sealed: bool,
    ) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
        let raw = self.raw(hash).await?;
        Ok(if is_sealed { sealed::checked(hash, raw) } else { raw })
    }

    /// Lays down a blob that was copied, up to `limit` bytes; `sealed`: how many it holds, where it is sealed.
    ///
    /// # Errors
    /// One that is damaged, a disk that fails.
    pub async fn lay(
        &self,
        hash: &str,
        sealed: Option<u64>,
        limit: u64,
        copied: impl Stream<Item = std::io::Result<Bytes>> + Send + 'static,
    ) -> Result<()> {
        let passing = self.passing()?;
        let mut file = tokio::fs::OpenOptions::new().write(true).open(&passing).await?;
        let mut parts = if sealed.is_some() { sealed::checked(hash, copied) } else { copied.boxed() };
        let (found, stored) = files::write(&mut parts, limit, &mut file, None).await?;
        let is_whole = match sealed {
            Some(bytes) => sealed::sealed_bytes(bytes) == stored,
            None => found.to_hex().as_str() == hash,
        };
        if !is_whole {
            return Err(BlobError::Damaged(hash.to_owned()));
        }
        let put = Put { hash: hash.to_owned(), bytes: sealed.unwrap_or(stored) };
        self.keep(passing, &put, sealed.is_some()).await
    }
}

/// How many bytes lie where a blob of so many is kept.
pub fn stored_bytes(bytes: u64, is_sealed: bool) -> u64 {
    if is_sealed { sealed::sealed_bytes(bytes) } else { bytes }
}

/// A file in parts.
fn parts_of(file: tokio::fs::File) -> tokio_util::io::ReaderStream<tokio::fs::File> {
    tokio_util::io::ReaderStream::with_capacity(file, 256 << 10)
}

fn absent(error: std::io::Error, hash: &str) -> BlobError {
    if error.kind() == std::io::ErrorKind::NotFound {
        BlobError::Absent(hash.to_owned())
    } else {
        error.into()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parts(all: &[&'static str]) -> impl Stream<Item = std::result::Result<Bytes, String>> + use<> {
        let all: Vec<_> = all
            .iter()
            .map(|p| if *p == "!" { Err("gone".to_owned()) } else { Ok(Bytes::from_static(p.as_bytes())) })
            .collect();
        futures_util::stream::iter(all)
    }

    /// Plain ones and sealed ones, on a disk and elsewhere.
    pub fn all_kinds(folder: &Path) -> [Files; 4] {
        let local = |name: &str| Blobs::local(&folder.join(name)).expect("blobs");
        let remote = |name: &str| {
            let remote: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
            Blobs::remote(&folder.join(name), remote).expect("blobs")
        };
        [
            Files::plain(local("a")),
            Files::plain(remote("b")),
            Files::sealed(local("c"), key::ProjectKey::of(&[1; 32])),
            Files::sealed(remote("d"), key::ProjectKey::of(&[2; 32])),
        ]
    }

    #[tokio::test]
    async fn bytes_come_back_and_half_ones_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        for blobs in all_kinds(folder.path()) {
            let put = blobs.put_stream(parts(&["ab", "", "c"]), 3).await.expect("put");
            let hash = blobs.name_of(&blake3::hash(b"abc"));
            assert_eq!((put.hash.as_str(), put.bytes), (hash.as_str(), 3));
            assert_eq!(hash == blake3::hash(b"abc").to_hex().as_str(), !blobs.is_sealed());
            assert_eq!(&blobs.get(&put.hash).await.expect("get")[..], b"abc");
            // The same again is the same.
            assert_eq!(blobs.put(&b"abc"[..]).await.expect("put"), put);
            let read: Vec<_> = blobs.stream(&put.hash).await.expect("stream").collect().await;
            assert_eq!(read.into_iter().map(|p| p.expect("part")).collect::<Vec<_>>().concat(), b"abc");

            assert!(matches!(blobs.put_stream(parts(&["abc", "d"]), 3).await, Err(BlobError::TooLarge(3))));
            assert!(matches!(blobs.put_stream(parts(&["abx", "!"]), 9).await, Err(BlobError::BrokenOff(_))));
            let passing = std::fs::read_dir(blobs.blobs().folder.join("passing")).expect("folder").count();
            assert_eq!(passing, 0, "what broke off leaves nothing");

            for name in [&"0".repeat(64), "../../etc/passwd", ""] {
                assert!(matches!(blobs.get(name).await, Err(BlobError::Absent(_))), "{name}");
                assert!(blobs.stream(name).await.is_err());
            }
        }
    }

    #[test]
    fn what_was_left_behind_goes() {
        let folder = tempfile::tempdir().expect("a folder");
        Blobs::local(folder.path()).expect("blobs");
        let path = |name: &str| folder.path().join("passing").join(name);
        for (name, age) in [("old", 2 * ABANDONED), ("new", Duration::ZERO)] {
            let file = std::fs::File::create(path(name)).expect("a file");
            file.set_modified(std::time::SystemTime::now() - age).expect("its time");
        }
        Blobs::local(folder.path()).expect("blobs");
        assert_eq!((path("old").exists(), path("new").exists()), (false, true));
    }

    #[tokio::test]
    async fn damage_is_found() {
        let folder = tempfile::tempdir().expect("a folder");
        for blobs in all_kinds(folder.path()) {
            let [put, other] = [b"abc", b"abd"].map(|bytes| blobs.put(&bytes[..]));
            let (put, other) = (put.await.expect("put"), other.await.expect("put"));
            if blobs.blobs().remote.is_some() {
                continue;
            }
            let path = |put: &Put| blobs.blobs().folder.join(place(&put.hash));
            // Another file of the same project is as wrong as any.
            std::fs::copy(path(&other), path(&put)).expect("copied");
            assert!(matches!(blobs.get(&put.hash).await, Err(BlobError::Damaged(_))));
            std::fs::write(path(&put), b"abd").expect("write");
            assert!(matches!(blobs.get(&put.hash).await, Err(BlobError::Damaged(_))));
            let opened = blobs.anywhere(&put.hash).await.map(|anywhere| anywhere.origin.open().is_ok());
            assert!(matches!(opened, Err(BlobError::Damaged(_)) | Ok(false)), "{opened:?}");
        }
    }

    #[tokio::test]
    async fn what_comes_is_read_before_it_is_kept() {
        use std::io::{Read, Seek, SeekFrom};
        let folder = tempfile::tempdir().expect("a folder");
        let bytes: Vec<u8> = (0..3_000_000_u32).flat_map(u32::to_le_bytes).collect();
        for blobs in all_kinds(folder.path()) {
            let once = futures_util::stream::iter([Ok::<_, String>(Bytes::from(bytes.clone()))]);
            let came = blobs.receive(once, bytes.len() as u64).await.expect("came");
            let mut input = came.origin().open().expect("opened");
            let mut found = vec![0; 70_000];
            input.seek(SeekFrom::End(-100_000)).expect("a place");
            input.read_exact(&mut found).expect("read");
            assert!(found == bytes[bytes.len() - 100_000..][..70_000]);
            let passing = std::fs::read_dir(blobs.blobs().folder.join("passing")).expect("folder").next();
            let lies = std::fs::read(passing.expect("a file").expect("a file").path()).expect("its bytes");
            let is_seen = lies.windows(400).any(|part| part == &bytes[40_000..40_400]);
            assert_eq!(is_seen, !blobs.is_sealed());
            let put = blobs.keep(came).await.expect("kept");
            assert!(blobs.get(&put.hash).await.expect("got") == bytes);
            // And when it is kept, wherever it lies.
            let anywhere = blobs.anywhere(&put.hash).await.expect("there");
            let mut input = anywhere.origin.open().expect("opened");
            input.seek(SeekFrom::Start(5_000_000)).expect("a place");
            input.read_exact(&mut found).expect("read");
            assert!(found == bytes[5_000_000..][..70_000]);
            drop((input, anywhere));
            let passing = std::fs::read_dir(blobs.blobs().folder.join("passing")).expect("folder").count();
            assert_eq!(passing, 0, "a copy was left");
            assert!(matches!(blobs.anywhere(&"0".repeat(64)).await, Err(BlobError::Absent(_))));
        }
    }

    /// What is sealed is copied without a key, and damage is found on the way.
    #[tokio::test]
    async fn sealed_ones_are_copied_as_they_lie() {
        let folder = tempfile::tempdir().expect("a folder");
        for blobs in all_kinds(folder.path()).into_iter().filter(Files::is_sealed) {
            let put = blobs.put(vec![7; 100_000]).await.expect("put");
            let from = blobs.blobs();
            let copy = async || {
                let parts: Vec<_> = from.copied(&put.hash, true).await.expect("there").collect().await;
                parts.into_iter().collect::<std::io::Result<Vec<_>>>()
            };
            let parts = copy().await.expect("whole");
            let there = tempfile::tempdir().expect("a folder");
            let to = Blobs::local(there.path()).expect("blobs");
            let lay = |name: String, bytes, parts: Vec<Bytes>| {
                let to = to.clone();
                let parts = futures_util::stream::iter(parts.into_iter().map(Ok));
                async move { to.lay(&name, Some(bytes), u64::MAX, parts).await }
            };
            let other = put.hash.replace(|c: char| c.is_ascii_digit(), "a");
            assert!(lay(other, put.bytes, parts.clone()).await.is_err(), "it is bound to its name");
            assert!(lay(put.hash.clone(), put.bytes + 1, parts.clone()).await.is_err());
            assert!(lay(put.hash.clone(), put.bytes, parts[..parts.len() - 1].to_vec()).await.is_err());
            assert!(matches!(to.stored(&put.hash).await, Err(BlobError::Absent(_))));
            lay(put.hash.clone(), put.bytes, parts).await.expect("laid");
            assert_eq!(to.stored(&put.hash).await.expect("there"), stored_bytes(put.bytes, true));
            if from.remote.is_none() {
                std::fs::write(from.folder.join(place(&put.hash)), b"other").expect("written");
                assert!(copy().await.is_err());
            }
        }
    }
}
