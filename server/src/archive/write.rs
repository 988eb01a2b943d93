//! Writing an archive.

use super::{CENTRAL, DESCRIPTOR, END, END64, END64_BYTES, Entry, LOCAL, LOCATOR, LONGEST_NAME, MANY, WIDE};
use bytes::Bytes;
use flate2::Crc;
use futures_util::{Stream, StreamExt};
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::pin::pin;
use tokio::io::AsyncWriteExt;

/// Names are UTF-8, and sums stand behind the bytes.
const FLAGS: u16 = 1 << 11 | 1 << 3;
/// The first of January 1980, as archives count: what is in one tells its own times.
const DATE: u16 = 0x21;
/// Bytes of the list of entries that are held in memory; more go to a passing file.
const LIST_IN_MEMORY: usize = 1 << 20;
/// Bytes that are handed on at once.
const PART: usize = 256 << 10;

/// Where an archive goes.
pub trait Sink: Send {
    /// # Errors
    /// A full disk, or nobody who takes it any more.
    fn put(&mut self, bytes: Bytes) -> impl Future<Output = Result<()>> + Send;
}

impl Sink for tokio::fs::File {
    async fn put(&mut self, bytes: Bytes) -> Result<()> {
        self.write_all(&bytes).await
    }
}

impl Sink for tokio::sync::mpsc::Sender<Result<Bytes>> {
    async fn put(&mut self, bytes: Bytes) -> Result<()> {
        self.send(Ok(bytes)).await.map_err(|_| Error::other("nobody takes the archive any more"))
    }
}

/// See the module.
pub struct Writer<S> {
    sink: S,
    at: u64,
    /// What stands at the end, one record an entry.
    list: tempfile::SpooledTempFile,
    count: u64,
}

/// Numbers, the little end first.
struct Record(Vec<u8>);

impl Record {
    fn new(mark: u32) -> Self {
        Self(mark.to_le_bytes().to_vec())
    }

    fn u16s(mut self, values: &[u16]) -> Self {
        values.iter().for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
        self
    }

    fn u32s(mut self, values: &[u32]) -> Self {
        values.iter().for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
        self
    }

    fn u64s(mut self, values: &[u64]) -> Self {
        values.iter().for_each(|v| self.0.extend_from_slice(&v.to_le_bytes()));
        self
    }

    fn text(mut self, text: &str) -> Self {
        self.0.extend_from_slice(text.as_bytes());
        self
    }
}

/// A number in 32 bits, or what says that it stands elsewhere.
fn narrow(value: u64) -> u32 {
    u32::try_from(value).unwrap_or(WIDE)
}

fn is_wide(value: u64) -> bool {
    value >= u64::from(WIDE)
}

/// What stands before an entry's bytes; what is not known yet is left open.
pub(super) fn head(name: &str) -> Vec<u8> {
    let fixed = Record::new(LOCAL).u16s(&[45, FLAGS, 0, 0, DATE]).u32s(&[0, 0, 0]);
    // Names are far shorter than 65,536 bytes.
    fixed.u16s(&[name.len() as u16, 0]).text(name).0
}

/// What stands behind them.
fn tail(entry: &Entry) -> Vec<u8> {
    let fixed = Record::new(DESCRIPTOR).u32s(&[entry.crc]);
    if is_wide(entry.size) {
        fixed.u64s(&[entry.size, entry.size]).0
    } else {
        fixed.u32s(&[narrow(entry.size), narrow(entry.size)]).0
    }
}

/// An entry in the list.
pub(super) fn listed(entry: &Entry) -> Vec<u8> {
    let mut wide = Vec::new();
    if is_wide(entry.size) {
        wide.extend([entry.size, entry.size]);
    }
    if is_wide(entry.offset) {
        wide.push(entry.offset);
    }
    let extra = if wide.is_empty() { 0 } else { 4 + 8 * wide.len() as u16 };
    let record = Record::new(CENTRAL)
        .u16s(&[45, 45, FLAGS, 0, 0, DATE])
        .u32s(&[entry.crc, narrow(entry.size), narrow(entry.size)])
        .u16s(&[entry.name.len() as u16, extra, 0, 0, 0])
        .u32s(&[0, narrow(entry.offset)])
        .text(&entry.name);
    if wide.is_empty() { record.0 } else { record.u16s(&[1, extra - 4]).u64s(&wide).0 }
}

/// What an archive ends with, where its list of `count` entries begins at `begin` and takes `length` bytes.
pub(super) fn end(count: u64, begin: u64, length: u64) -> Vec<u8> {
    let is_large = count >= u64::from(MANY) || is_wide(begin) || is_wide(length);
    let mut out = Vec::new();
    if is_large {
        let wide = Record::new(END64).u64s(&[END64_BYTES - 12]).u16s(&[45, 45]).u32s(&[0, 0]);
        out = wide.u64s(&[count, count, length, begin]).0;
        out.extend(Record::new(LOCATOR).u32s(&[0]).u64s(&[begin + length]).u32s(&[1]).0);
    }
    let count = u16::try_from(count).unwrap_or(MANY);
    let fixed = Record::new(END).u16s(&[0, 0, count, count]).u32s(&[narrow(length), narrow(begin)]);
    out.extend(fixed.u16s(&[0]).0);
    out
}

impl<S: Sink> Writer<S> {
    pub fn new(sink: S) -> Self {
        Self { sink, at: 0, list: tempfile::SpooledTempFile::new(LIST_IN_MEMORY), count: 0 }
    }

    async fn put(&mut self, bytes: impl Into<Bytes>) -> Result<()> {
        let bytes = bytes.into();
        self.at += bytes.len() as u64;
        self.sink.put(bytes).await
    }

    /// Adds an entry of what a stream gives; gives the BLAKE3 hash of its bytes, and their number.
    ///
    /// # Errors
    /// A stream that breaks off, a sink that takes no more.
    pub async fn add(
        &mut self,
        name: &str,
        stream: impl Stream<Item = Result<Bytes>> + Send,
    ) -> Result<(String, u64)> {
        if name.is_empty() || name.len() > LONGEST_NAME {
            return Err(Error::other("a name in an archive is too long"));
        }
        let offset = self.at;
        self.put(head(name)).await?;
        let (mut crc, mut hasher, mut size) = (Crc::new(), blake3::Hasher::new(), 0);
        let mut stream = pin!(stream);
        while let Some(part) = stream.next().await {
            let part = part?;
            crc.update(&part);
            hasher.update(&part);
            size += part.len() as u64;
            self.put(part).await?;
        }
        let (name, crc) = (name.to_owned(), crc.sum());
        let entry = Entry { name, crc, packed: size, size, is_deflated: false, offset };
        self.put(tail(&entry)).await?;
        self.list.write_all(&listed(&entry))?;
        self.count += 1;
        Ok((hasher.finalize().to_hex().to_string(), size))
    }

    /// Adds an entry of bytes that are at hand.
    ///
    /// # Errors
    /// As [`Writer::add`].
    pub async fn add_bytes(&mut self, name: &str, bytes: impl Into<Bytes>) -> Result<(String, u64)> {
        let bytes = bytes.into();
        self.add(name, futures_util::stream::once(async move { Ok(bytes) })).await
    }

    /// Writes the end; gives the sink back.
    ///
    /// # Errors
    /// A sink that takes no more.
    pub async fn finish(mut self) -> Result<S> {
        let begin = self.at;
        self.list.seek(SeekFrom::Start(0))?;
        loop {
            let mut part = vec![0; PART];
            let read = self.list.read(&mut part)?;
            if read == 0 {
                break;
            }
            part.truncate(read);
            self.put(part).await?;
        }
        let end = end(self.count, begin, self.at - begin);
        self.put(end).await?;
        Ok(self.sink)
    }
}
