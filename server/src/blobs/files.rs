//! The files of a project: the only way to put bytes, and to get them back. Whether they are sealed was decided where the
//! project was found, so nobody who uses them can forget it.

use super::key::ProjectKey;
use super::sealed::{Reader, Sealer, opened};
use super::{BlobError, Blobs, Put, Result, parts_of, place};
use bytes::Bytes;
use futures_util::stream::BoxStream;
use futures_util::{Stream, StreamExt};
use std::fs::File;
use std::io::{ErrorKind, Read, Seek};
use std::path::{Path, PathBuf};
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::io::AsyncWriteExt;

/// How much of an upload that failed is still taken in.
const RUN_OUT_BYTES: usize = 64 << 20;
const RUN_OUT_TIME: Duration = Duration::from_secs(5);

/// See the module. Cheap to clone; the key is forgotten with the last copy.
#[derive(Clone)]
pub struct Files {
    blobs: Blobs,
    key: Option<Arc<ProjectKey>>,
}

/// Bytes that came and are not kept yet; whoever lets go of them deletes them. They lie as they will.
#[derive(Debug)]
pub struct Received {
    passing: tempfile::TempPath,
    put: Put,
    key: Option<Arc<ProjectKey>>,
}

/// What is read from any place.
pub trait Input: Read + Seek + Send {}

impl<T: Read + Seek + Send> Input for T {}

/// Where something can be read from, as often as one likes.
pub trait Origin: std::fmt::Debug + Send + Sync {
    /// # Errors
    /// A disk that fails, or a file that is damaged.
    fn open(&self) -> std::io::Result<Box<dyn Input>>;
}

impl Origin for PathBuf {
    fn open(&self) -> std::io::Result<Box<dyn Input>> {
        Ok(Box::new(File::open(self)?))
    }
}

/// A blob that is read at any place, as long as this is held.
#[derive(Debug)]
pub struct Anywhere {
    pub origin: Arc<dyn Origin>,
    /// What was brought from an object store.
    _passing: Option<tempfile::TempPath>,
}

/// A file as it came, by the name of its bytes.
fn origin(lies: PathBuf, name: &str, key: Option<&Arc<ProjectKey>>) -> Arc<dyn Origin> {
    match key {
        None => Arc::new(lies),
        Some(key) => Arc::new(Sealed { lies, name: name.to_owned(), key: key.clone() }),
    }
}

/// A sealed file, by its name.
#[derive(Debug)]
struct Sealed {
    lies: PathBuf,
    name: String,
    key: Arc<ProjectKey>,
}

impl Origin for Sealed {
    fn open(&self) -> std::io::Result<Box<dyn Input>> {
        Ok(Box::new(Reader::open(File::open(&self.lies)?, &self.key, &self.name)?))
    }
}

impl Received {
    /// What names it.
    pub fn hash(&self) -> &str {
        &self.put.hash
    }

    pub fn bytes(&self) -> u64 {
        self.put.bytes
    }

    /// Where its bytes are read from as they came, as long as this is held.
    pub fn origin(&self) -> Arc<dyn Origin> {
        origin(self.passing.to_path_buf(), &self.put.hash, self.key.as_ref())
    }

    /// Its file, where that holds the bytes as they came.
    pub fn as_it_came(&self) -> Option<&Path> {
        self.key.is_none().then_some(&self.passing)
    }

    /// Its bytes as they came, in parts.
    ///
    /// # Errors
    /// A disk that fails.
    pub async fn parts(&self) -> std::io::Result<BoxStream<'static, std::io::Result<Bytes>>> {
        let parts = parts_of(tokio::fs::File::open(&self.passing).await?).boxed();
        Ok(match &self.key {
            None => parts,
            Some(key) => opened(key.clone(), &self.put.hash, parts),
        })
    }
}

impl Files {
    /// Those of a project without a key.
    pub(super) fn plain(blobs: Blobs) -> Self {
        Self { blobs, key: None }
    }

    pub(super) fn sealed(blobs: Blobs, key: ProjectKey) -> Self {
        Self { blobs, key: Some(Arc::new(key)) }
    }

    #[cfg(test)]
    pub(super) fn blobs(&self) -> &Blobs {
        &self.blobs
    }

    /// Whether who has the disk without the key reads nothing.
    pub fn is_sealed(&self) -> bool {
        self.key.is_some()
    }

    /// What bytes of that BLAKE3 hash are called here.
    pub fn name_of(&self, hash: &blake3::Hash) -> String {
        match &self.key {
            None => hash.to_hex().to_string(),
            Some(key) => key.name(hash),
        }
    }

    /// A text as it is kept in the database; `what` it is, it is opened as.
    ///
    /// # Errors
    /// A system without randomness.
    pub fn hide(&self, what: &str, text: &str) -> Result<String> {
        Ok(match &self.key {
            None => text.to_owned(),
            Some(key) => key.seal_text(what, text)?,
        })
    }

    /// The text that was kept so.
    ///
    /// # Errors
    /// One that was kept as something else, or is damaged.
    pub fn show(&self, what: &str, kept: String) -> Result<String> {
        match &self.key {
            None => Ok(kept),
            Some(key) => key.open_text(what, &kept).ok_or_else(|| BlobError::Damaged(what.to_owned())),
        }
    }

    /// Takes what a stream gives, up to `limit` bytes, and does not keep it yet: there is no such blob until
    /// [`Files::keep`].
    ///
    /// # Errors
    /// A stream that breaks off or is too long, a disk that is full: then nothing is left.
    pub async fn receive<E: std::fmt::Display>(
        &self,
        stream: impl Stream<Item = std::result::Result<Bytes, E>>,
        limit: u64,
    ) -> Result<Received> {
        let passing = self.blobs.passing()?;
        let mut file = tokio::fs::OpenOptions::new().write(true).open(&passing).await?;
        let mut stream = pin!(stream);
        match self.write(&mut stream, limit, &mut file).await {
            Ok(put) => Ok(Received { passing, put, key: self.key.clone() }),
            Err(error) => {
                // What was written so far makes room for others at once.
                drop((file, passing));
                run_out(&mut stream).await;
                Err(error)
            }
        }
    }

    /// Writes what a stream gives as it is to lie.
    async fn write<E: std::fmt::Display>(
        &self,
        stream: &mut (impl Stream<Item = std::result::Result<Bytes, E>> + Unpin),
        limit: u64,
        file: &mut tokio::fs::File,
    ) -> Result<Put> {
        let mut sealer = match &self.key {
            None => None,
            Some(key) => {
                let (sealer, head) = Sealer::begin(key)?;
                file.write_all(&head).await?;
                Some(sealer)
            }
        };
        let (hash, bytes) = write(stream, limit, file, sealer.as_mut()).await?;
        let hash = self.name_of(&hash);
        if let Some(sealer) = sealer {
            file.write_all(&sealer.finish(&hash)?).await?;
        }
        file.flush().await?;
        Ok(Put { hash, bytes })
    }

    /// Keeps what was received here.
    ///
    /// # Errors
    /// A disk that fails.
    pub async fn keep(&self, received: Received) -> Result<Put> {
        let Received { passing, put, key } = received;
        self.blobs.keep(passing, &put, key.is_some()).await?;
        Ok(put)
    }

    /// Takes note that a blob is put, or named, just now, so that it is not swept.
    ///
    /// # Errors
    /// The database's.
    pub async fn note(&self, hash: &str, bytes: u64) -> Result<()> {
        let Some(store) = &self.blobs.noted_in else { return Ok(()) };
        let noted = store.note_blob(hash, bytes as i64, self.is_sealed()).await;
        noted.map(drop).map_err(|e| BlobError::Unnoted(Box::new(e)))
    }

    /// Receives and keeps.
    ///
    /// # Errors
    /// As [`Files::receive`].
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
    /// As [`Files::put_stream`].
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
        let (mut parts, mut all) = (self.stream(hash).await?, Vec::new());
        while let Some(part) = parts.next().await {
            all.extend_from_slice(&part.map_err(|e| why(e, hash))?);
        }
        if self.name_of(&blake3::hash(&all)) != hash {
            return Err(BlobError::Damaged(hash.to_owned()));
        }
        Ok(all.into())
    }

    /// The bytes of a blob in parts. Those that are not sealed are not checked; of the others the part that is damaged
    /// is an error, and what came before it was not.
    ///
    /// # Errors
    /// One that there is not.
    pub async fn stream(&self, hash: &str) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
        let raw = self.blobs.raw(hash).await?;
        Ok(match &self.key {
            None => raw,
            Some(key) => opened(key.clone(), hash, raw),
        })
    }

    /// A blob that is read at any place. One in an object store is brought here first, as it lies there; one that is not
    /// sealed is checked against its name now, the others as they are read.
    ///
    /// # Errors
    /// One that there is not, or that was damaged; a disk that fails.
    pub async fn anywhere(&self, hash: &str) -> Result<Anywhere> {
        let mut raw = self.blobs.raw(hash).await?;
        let passing = self.blobs.remote.is_some().then(|| self.blobs.passing()).transpose()?;
        let mut copy = match &passing {
            Some(passing) => Some(tokio::fs::OpenOptions::new().write(true).open(passing).await?),
            None => None,
        };
        let mut sum = blake3::Hasher::new();
        while copy.is_some() || self.key.is_none() {
            let Some(part) = raw.next().await else { break };
            let part = part.map_err(|e| why(e, hash))?;
            sum.update(&part);
            if let Some(copy) = &mut copy {
                copy.write_all(&part).await?;
            }
        }
        if let Some(copy) = &mut copy {
            copy.flush().await?;
        }
        if self.key.is_none() && self.name_of(&sum.finalize()) != hash {
            return Err(BlobError::Damaged(hash.to_owned()));
        }
        let lies = passing.as_ref().map_or_else(|| self.blobs.folder.join(place(hash)), |p| p.to_path_buf());
        Ok(Anywhere { origin: origin(lies, hash, self.key.as_ref()), _passing: passing })
    }

    /// The same as [`Files::stream`], where the first part is known to be well: what is small is sent whole or not at all.
    ///
    /// # Errors
    /// One that there is not, or whose first part is damaged.
    pub async fn begun(&self, hash: &str) -> Result<BoxStream<'static, std::io::Result<Bytes>>> {
        let mut parts = self.stream(hash).await?;
        let first = parts.next().await.transpose().map_err(|e| why(e, hash))?;
        Ok(futures_util::stream::iter(first.map(Ok)).chain(parts).boxed())
    }
}

/// Why a blob's bytes did not come.
pub fn why(error: std::io::Error, hash: &str) -> BlobError {
    if error.kind() == ErrorKind::InvalidData {
        return BlobError::Damaged(hash.to_owned());
    }
    // An object store's errors come wrapped.
    error.downcast::<BlobError>().unwrap_or_else(BlobError::Disk)
}

/// Writes what a stream gives, sealed or as it is: the hash of what it gave, and its length.
pub(super) async fn write<E: std::fmt::Display>(
    stream: &mut (impl Stream<Item = std::result::Result<Bytes, E>> + Unpin),
    limit: u64,
    file: &mut tokio::fs::File,
    mut sealer: Option<&mut Sealer>,
) -> Result<(blake3::Hash, u64)> {
    let (mut hasher, mut bytes) = (blake3::Hasher::new(), 0_u64);
    while let Some(part) = stream.next().await {
        let part = part.map_err(|e| BlobError::BrokenOff(e.to_string()))?;
        bytes += part.len() as u64;
        if bytes > limit {
            return Err(BlobError::TooLarge(limit));
        }
        hasher.update(&part);
        match &mut sealer {
            None => file.write_all(&part).await?,
            Some(sealer) => {
                let mut rest = &part[..];
                while !rest.is_empty() {
                    if let Some(chunk) = sealer.take(&mut rest)? {
                        file.write_all(&chunk).await?;
                    }
                }
            }
        }
    }
    file.flush().await?;
    Ok((hasher.finalize(), bytes))
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
