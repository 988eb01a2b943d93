//! Large things by the BLAKE3 hash of their bytes: written once, never changed, so what is named is what was meant.
//!
//! Bytes are streamed into a file of a passing name, hashed on the way, brought to the disk, noted in the database, and
//! then renamed. So no half blob is ever visible, and none lies there without a row. Elsewhere than on this machine's
//! disk they lie behind [`object_store`].

#[cfg(test)]
mod faults;
pub mod remote;
mod tidy;

use crate::store::Store;
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use object_store::ObjectStore;
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

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
    /// BLAKE3 in hexadecimal digits.
    pub hash: String,
    pub bytes: u64,
}

/// Bytes that came and are not kept yet; whoever lets go of them deletes them.
#[derive(Debug)]
pub struct Received {
    passing: tempfile::TempPath,
    put: Put,
}

impl Received {
    /// Where they lie meanwhile.
    pub fn path(&self) -> &Path {
        &self.passing
    }

    pub fn hash(&self) -> &str {
        &self.put.hash
    }

    pub fn bytes(&self) -> u64 {
        self.put.bytes
    }
}

/// How long nothing comes to a file on its way until it is taken for left behind.
const ABANDONED: Duration = Duration::from_secs(3_600);

/// How much of an upload that failed is still taken in.
const RUN_OUT_BYTES: usize = 64 << 20;
const RUN_OUT_TIME: Duration = Duration::from_secs(5);

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

    /// Takes what a stream gives, up to `limit` bytes, and does not keep it yet: there is no such blob until
    /// [`Blobs::keep`].
    ///
    /// # Errors
    /// A stream that breaks off or is too long, a disk that is full: then nothing is left.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        stream: impl Stream<Item = std::result::Result<Bytes, E>>,
        limit: u64,
    ) -> Result<Received> {
        let passing = tempfile::Builder::new().tempfile_in(self.folder.join("passing"))?.into_temp_path();
        let mut file = tokio::fs::OpenOptions::new().write(true).open(&passing).await?;
        let mut stream = pin!(stream);
        match write(&mut stream, limit, &mut file).await {
            Ok(put) => Ok(Received { passing, put }),
            Err(error) => {
                // What was written so far makes room for others at once.
                drop((file, passing));
                run_out(&mut stream).await;
                Err(error)
            }
        }
    }

    /// Keeps what was received.
    ///
    /// # Errors
    /// A disk that fails.
    pub async fn keep(&self, received: Received) -> Result<Put> {
        let Received { passing, put } = received;
        if let Some(store) = &self.noted_in {
            let noted = store.note_blob(&put.hash, put.bytes as i64).await;
            noted.map_err(|e| BlobError::Unnoted(Box::new(e)))?;
        }
        if let Some(remote) = &self.remote {
            remote::send(remote, &object(&put.hash), &passing, put.bytes).await?;
            return Ok(put);
        }
        tokio::fs::OpenOptions::new().write(true).open(&passing).await?.sync_all().await?;
        let target = self.folder.join(place(&put.hash));
        // The place is always inside the folder.
        let parent = target.parent().unwrap_or(&self.folder).to_owned();
        tokio::fs::create_dir_all(&parent).await?;
        passing.persist(&target).map_err(|e| e.error)?;
        tokio::fs::File::open(&parent).await?.sync_all().await?;
        Ok(put)
    }

    /// Receives and keeps.
    ///
    /// # Errors
    /// As [`Blobs::receive`].
    pub async fn put_stream<E: std::fmt::Display>(
        &self,
        stream: impl Stream<Item = std::result::Result<Bytes, E>>,
        limit: u64,
    ) -> Result<Put> {
        let received = self.receive(stream, limit).await?;
        self.keep(received).await
    }

    /// Keeps bytes.
    ///
    /// # Errors
    /// As [`Blobs::put_stream`].
    pub async fn put(&self, bytes: impl Into<Bytes>) -> Result<Put> {
        let bytes = bytes.into();
        let limit = bytes.len() as u64;
        let once = futures_util::stream::once(async move { Ok::<_, std::convert::Infallible>(bytes) });
        self.put_stream(once, limit).await
    }

    /// The bytes of a blob, checked against its name.
    ///
    /// # Errors
    /// One that there is not, or that was damaged.
    pub async fn get(&self, hash: &str) -> Result<Bytes> {
        if !is_hash(hash) {
            return Err(BlobError::Absent(hash.to_owned()));
        }
        let bytes: Bytes = match &self.remote {
            Some(remote) => {
                let size = remote::size(remote, &object(hash), hash).await?;
                let mut parts = remote::stream(remote.clone(), object(hash), size);
                let mut all = Vec::with_capacity(size as usize);
                while let Some(part) = parts.next().await {
                    all.extend_from_slice(&part?);
                }
                all.into()
            }
            None => tokio::fs::read(self.folder.join(place(hash))).await.map_err(|e| absent(e, hash))?.into(),
        };
        if blake3::hash(&bytes).to_hex().as_str() != hash {
            return Err(BlobError::Damaged(hash.to_owned()));
        }
        Ok(bytes)
    }

    /// How many bytes a blob has.
    ///
    /// # Errors
    /// One that there is not.
    pub async fn size(&self, hash: &str) -> Result<u64> {
        if !is_hash(hash) {
            return Err(BlobError::Absent(hash.to_owned()));
        }
        let Some(remote) = &self.remote else {
            let found = tokio::fs::metadata(self.folder.join(place(hash))).await;
            return found.map(|m| m.len()).map_err(|e| absent(e, hash));
        };
        remote::size(remote, &object(hash), hash).await
    }

    /// The bytes of a blob in parts, not checked.
    ///
    /// # Errors
    /// One that there is not.
    pub async fn stream(
        &self,
        hash: &str,
    ) -> Result<futures_util::stream::BoxStream<'static, std::io::Result<Bytes>>> {
        if !is_hash(hash) {
            return Err(BlobError::Absent(hash.to_owned()));
        }
        if let Some(remote) = &self.remote {
            let size = remote::size(remote, &object(hash), hash).await?;
            let parts = remote::stream(remote.clone(), object(hash), size);
            return Ok(parts.map(|part| part.map_err(std::io::Error::other)).boxed());
        }
        let file = tokio::fs::File::open(self.folder.join(place(hash))).await.map_err(|e| absent(e, hash))?;
        Ok(tokio_util::io::ReaderStream::with_capacity(file, 256 << 10).boxed())
    }
}

/// Writes what a stream gives.
async fn write<E: std::fmt::Display>(
    stream: &mut (impl Stream<Item = std::result::Result<Bytes, E>> + Unpin),
    limit: u64,
    file: &mut tokio::fs::File,
) -> Result<Put> {
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_u64);
    while let Some(part) = stream.next().await {
        let part = part.map_err(|e| BlobError::BrokenOff(e.to_string()))?;
        bytes += part.len() as u64;
        if bytes > limit {
            return Err(BlobError::TooLarge(limit));
        }
        hasher.update(&part);
        file.write_all(&part).await?;
    }
    file.flush().await?;
    Ok(Put { hash: hasher.finalize().to_hex().to_string(), bytes })
}

/// Lets a stream run out that is of no use any more, for a while: a sender that is cut off in the midst of sending does not
/// see why.
async fn run_out<E>(stream: &mut (impl Stream<Item = std::result::Result<Bytes, E>> + Unpin)) {
    let mut bytes = 0;
    let rest = async {
        while let Some(Ok(part)) = stream.next().await {
            bytes += part.len();
            if bytes > RUN_OUT_BYTES {
                break;
            }
        }
    };
    // One that takes longer is cut off.
    let _ = tokio::time::timeout(RUN_OUT_TIME, rest).await;
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

    #[tokio::test]
    async fn bytes_come_back_and_half_ones_do_not() {
        let folder = tempfile::tempdir().expect("a folder");
        let remote: Arc<dyn ObjectStore> = Arc::new(object_store::memory::InMemory::new());
        let both = [
            Blobs::local(&folder.path().join("a")).expect("blobs"),
            Blobs::remote(&folder.path().join("b"), remote).expect("blobs"),
        ];
        for blobs in both {
            let put = blobs.put_stream(parts(&["ab", "", "c"]), 3).await.expect("put");
            assert_eq!((put.hash.as_str(), put.bytes), (blake3::hash(b"abc").to_hex().as_str(), 3));
            assert_eq!(&blobs.get(&put.hash).await.expect("get")[..], b"abc");
            // The same again is the same.
            assert_eq!(blobs.put(&b"abc"[..]).await.expect("put"), put);
            let read: Vec<_> = blobs.stream(&put.hash).await.expect("stream").collect().await;
            assert_eq!(read.into_iter().map(|p| p.expect("part")).collect::<Vec<_>>().concat(), b"abc");

            assert!(matches!(blobs.put_stream(parts(&["abc", "d"]), 3).await, Err(BlobError::TooLarge(3))));
            assert!(matches!(blobs.put_stream(parts(&["abx", "!"]), 9).await, Err(BlobError::BrokenOff(_))));
            let passing = std::fs::read_dir(blobs.folder.join("passing")).expect("folder").count();
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
        let blobs = Blobs::local(folder.path()).expect("blobs");
        let put = blobs.put(&b"abc"[..]).await.expect("put");
        std::fs::write(folder.path().join(place(&put.hash)), b"abd").expect("write");
        assert!(matches!(blobs.get(&put.hash).await, Err(BlobError::Damaged(_))));
    }
}
