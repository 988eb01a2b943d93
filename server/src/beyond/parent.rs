//! The server's end: starts a child that reads a large table, feeds it, and hears what came of it.

use super::wire::{END, End, Job, LARGEST, PASS, PIECE, RANGE, TOLD, Told};
use crate::blobs::{Anywhere, BlobError, Files, Input, Received, why};
use crate::jobs::child::{describe, this_program};
use bytes::Bytes;
use futures_util::StreamExt;
use std::io::{Error, ErrorKind, Read, Seek, SeekFrom};
use std::ops::Range;
use std::pin::pin;
use std::process::Stdio;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::process::{ChildStdin, ChildStdout, Command};
use tokio::sync::{Semaphore, mpsc, watch};

/// Children that read at once: each takes what a run may take.
static TURNS: Semaphore = Semaphore::const_new(1);
/// What the program itself and its threads take beside what a run may take.
const PROGRAM_MB: u64 = 128;

/// What a child is given after its job.
pub enum Given<'a> {
    Bytes(Bytes),
    /// A blob of a project.
    Blob(&'a Files, &'a str),
}

/// Where the bytes of a table come from, as often as they are asked for.
pub enum Source<'a> {
    /// A blob of a project.
    Kept(&'a Files, &'a str),
    /// An upload that is not kept yet.
    Came(&'a Received),
}

/// What a child asks for.
enum Wanted {
    Pass,
    Range(Range<u64>),
}

/// A table that is read at any place.
struct Places {
    input: Box<dyn Input>,
    /// Where it lies, while it is read.
    _anywhere: Option<Anywhere>,
    /// Bytes that were read so far.
    read: u64,
}

impl Source<'_> {
    async fn places(&self) -> Result<Places, BlobError> {
        let (origin, _anywhere) = match self {
            Self::Came(received) => (received.origin(), None),
            Self::Kept(files, hash) => {
                let anywhere = files.anywhere(hash).await?;
                (anywhere.origin.clone(), Some(anywhere))
            }
        };
        Ok(Places { input: origin.open().map_err(|e| why(e, self.hash()))?, _anywhere, read: 0 })
    }

    fn hash(&self) -> &str {
        match self {
            Self::Kept(_, hash) => hash,
            Self::Came(received) => received.hash(),
        }
    }
}

impl Places {
    /// The bytes of a range; fewer where the table ends in it.
    async fn read(mut self, range: Range<u64>) -> std::io::Result<(Self, Vec<u8>)> {
        let read = tokio::task::spawn_blocking(move || {
            let mut bytes = Vec::new();
            self.input.seek(SeekFrom::Start(range.start))?;
            (&mut self.input).take(range.end.saturating_sub(range.start)).read_to_end(&mut bytes)?;
            self.read += bytes.len() as u64;
            Ok((self, bytes))
        });
        read.await.map_err(Error::other)?
    }
}

/// What a child works for.
pub struct Ask<'a> {
    pub job: Job,
    pub given: Vec<Given<'a>>,
    pub table: Source<'a>,
    /// Bytes of memory that it may take.
    pub limit: u64,
    /// Hears how far it is; only the newest counts.
    pub told: watch::Sender<Option<Told>>,
}

/// Why nothing came of it.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    /// The child ended before it said anything, in words.
    #[error("{0}")]
    Child(String),
    #[error(transparent)]
    Source(#[from] BlobError),
    #[error("no process can be started: {0}")]
    Start(Error),
}

/// Has a child do a job of a run, when it is its turn.
///
/// # Errors
/// See [`Broken`].
pub async fn ask_in_turn(asked: Ask<'_>) -> Result<(End, Vec<u8>), Broken> {
    if TURNS.available_permits() == 0 {
        asked.told.send_replace(Some(Told::Waiting));
    }
    // The semaphore is never closed.
    let _turn = TURNS.acquire().await;
    ask(asked).await
}

/// Has a child do a job: what came of it, and the bytes that it gave. A child that nobody waits for any more ends.
///
/// # Errors
/// See [`Broken`].
pub async fn ask(ask: Ask<'_>) -> Result<(End, Vec<u8>), Broken> {
    let megabytes = ask.limit / 1_000_000;
    let most = megabytes + megabytes / 10 + PROGRAM_MB;
    let mut command = Command::new(this_program().map_err(Broken::Start)?);
    command
        .args(["beyond", "--max-memory", &most.to_string()])
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .kill_on_drop(true);
    let mut process = command.spawn().map_err(Broken::Start)?;
    let gone = || Broken::Start(Error::other("the process has no pipes"));
    let input = process.stdin.take().ok_or_else(gone)?;
    let output = process.stdout.take().ok_or_else(gone)?;
    let (want, wanted) = mpsc::unbounded_channel();
    let fed = async {
        match feed(input, &ask, wanted).await {
            Err(Feeding::Source(error)) => error,
            // What a child says, or how it ended, is heard at the other pipe.
            Ok(()) | Err(Feeding::Child) => std::future::pending().await,
        }
    };
    let heard = hear(output, want, &ask.told);
    let heard = tokio::select! {
        biased;
        heard = heard => heard,
        error = fed => return Err(error.into()),
    };
    match heard {
        Ok(heard) => Ok(heard),
        Err(error) => {
            // Most likely it has ended already.
            let _ = process.start_kill();
            let how = match process.wait().await {
                Ok(status) if error.kind() == ErrorKind::UnexpectedEof => describe(status),
                _ => error.to_string(),
            };
            Err(Broken::Child(how))
        }
    }
}

/// Why a child is not fed any more.
enum Feeding {
    Source(BlobError),
    /// It takes nothing.
    Child,
}

impl From<BlobError> for Feeding {
    fn from(error: BlobError) -> Self {
        Self::Source(error)
    }
}

async fn piece(to: &mut ChildStdin, bytes: &[u8]) -> Result<(), Feeding> {
    for piece in bytes.chunks(LARGEST as usize) {
        let length = (piece.len() as u32).to_le_bytes();
        to.write_all(&length).await.map_err(|_| Feeding::Child)?;
        to.write_all(piece).await.map_err(|_| Feeding::Child)?;
    }
    Ok(())
}

async fn end(to: &mut ChildStdin) -> Result<(), Feeding> {
    to.write_all(&[0; 4]).await.map_err(|_| Feeding::Child)?;
    to.flush().await.map_err(|_| Feeding::Child)
}

/// A table's bytes, or another blob's. Those that are kept are checked against their name before their end is told.
async fn stream(to: &mut ChildStdin, source: &Source<'_>, told: impl Fn(u64)) -> Result<(), Feeding> {
    let hash = source.hash();
    let mut parts = match source {
        Source::Kept(files, hash) => files.stream(hash).await?,
        Source::Came(received) => received.parts().await.map_err(BlobError::Disk)?,
    };
    let (mut sum, mut bytes) = (blake3::Hasher::new(), 0);
    while let Some(part) = parts.next().await {
        let part = part.map_err(|e| why(e, hash))?;
        sum.update(&part);
        piece(to, &part).await?;
        bytes += part.len() as u64;
        told(bytes);
    }
    if let Source::Kept(files, hash) = source
        && files.name_of(&sum.finalize()) != *hash
    {
        return Err(BlobError::Damaged((*hash).to_owned()).into());
    }
    end(to).await
}

async fn feed(
    mut to: ChildStdin,
    ask: &Ask<'_>,
    mut wanted: mpsc::UnboundedReceiver<Wanted>,
) -> Result<(), Feeding> {
    piece(&mut to, &serde_json::to_vec(&ask.job).unwrap_or_default()).await?;
    end(&mut to).await?;
    for given in &ask.given {
        match given {
            Given::Bytes(bytes) => {
                piece(&mut to, bytes).await?;
                end(&mut to).await?;
            }
            Given::Blob(files, hash) => stream(&mut to, &Source::Kept(files, hash), |_| ()).await?,
        }
    }
    let told = |bytes| {
        if matches!(ask.job, Job::Draw(_)) {
            ask.told.send_replace(Some(Told::Fed(bytes)));
        }
    };
    let mut places = None;
    while let Some(wanted) = wanted.recv().await {
        let range = match wanted {
            Wanted::Pass => {
                stream(&mut to, &ask.table, told).await?;
                continue;
            }
            Wanted::Range(range) => range,
        };
        let all = match places.take() {
            Some(all) => all,
            None => ask.table.places().await?,
        };
        let (all, bytes) = all.read(range).await.map_err(|e| why(e, ask.table.hash()))?;
        piece(&mut to, &bytes).await?;
        end(&mut to).await?;
        told(all.read);
        places = Some(all);
    }
    Ok(())
}

/// A place that a child asks for: a message's worth at most.
fn range(bytes: &[u8]) -> std::io::Result<Range<u64>> {
    let ([from, length], []) = bytes.as_chunks::<8>() else {
        return Err(Error::new(ErrorKind::InvalidData, "a place is not two numbers"));
    };
    let (from, length) = (u64::from_le_bytes(*from), u64::from_le_bytes(*length).min(u64::from(LARGEST)));
    Ok(from..from.saturating_add(length))
}

async fn hear(
    output: ChildStdout,
    want: mpsc::UnboundedSender<Wanted>,
    told: &watch::Sender<Option<Told>>,
) -> std::io::Result<(End, Vec<u8>)> {
    let mut output = pin!(tokio::io::BufReader::new(output));
    let mut given = Vec::new();
    loop {
        let what = output.read_u8().await?;
        let length = output.read_u32_le().await?;
        if length > LARGEST {
            return Err(Error::new(ErrorKind::InvalidData, "a message is too long"));
        }
        let mut bytes = vec![0; length as usize];
        output.read_exact(&mut bytes).await?;
        match what {
            // Who feeds it has ended only where that is an error, which is heard by itself.
            PASS => _ = want.send(Wanted::Pass),
            RANGE => _ = want.send(Wanted::Range(range(&bytes)?)),
            TOLD => _ = told.send_replace(serde_json::from_slice(&bytes).ok()),
            PIECE => given.extend_from_slice(&bytes),
            END => return Ok((serde_json::from_slice(&bytes)?, given)),
            _ => return Err(Error::new(ErrorKind::InvalidData, "a message of another kind")),
        }
    }
}
