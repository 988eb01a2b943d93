//! Files that are read at any place, as the readers of their formats want them.

use bytes::Bytes;
use parquet::errors::ParquetError;
use parquet::file::reader::{ChunkReader, Length};
use std::io::{self, BufReader, Read, Seek, SeekFrom};
use std::sync::{Arc, Mutex, PoisonError};

/// Bytes that may be read at any place: a file, or an object in a store.
pub trait Ranges: Send + Sync {
    /// How many bytes there are.
    fn size(&self) -> u64;

    /// Reads the bytes from `at` on that fill `into`.
    ///
    /// # Errors
    /// A place beyond the end; a disk or a network that fails.
    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()>;
}

impl Ranges for Bytes {
    fn size(&self) -> u64 {
        self.len() as u64
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let from = usize::try_from(at).ok();
        let bytes = from.and_then(|from| self.get(from..from.checked_add(into.len())?));
        into.copy_from_slice(bytes.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }
}

/// A file under its readers. They take a disk or a network that fails for damage, so what failed is kept here.
#[derive(Clone)]
pub(super) struct Source {
    file: Arc<dyn Ranges>,
    size: u64,
    failed: Arc<Mutex<Option<io::Error>>>,
}

impl Source {
    pub(super) fn new(file: Arc<dyn Ranges>) -> Self {
        Self { size: file.size(), file, failed: Arc::default() }
    }

    pub(super) fn size(&self) -> u64 {
        self.size
    }

    /// From a place on.
    pub(super) fn from(&self, at: u64) -> BufReader<At> {
        BufReader::new(At { source: self.clone(), at })
    }

    /// What failed.
    pub(super) fn failure(&self) -> Option<io::Error> {
        self.failed.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.file.read_at(at, into).map_err(|error| {
            let told = io::Error::new(error.kind(), error.to_string());
            *self.failed.lock().unwrap_or_else(PoisonError::into_inner) = Some(error);
            told
        })
    }
}

impl Length for Source {
    fn len(&self) -> u64 {
        self.size
    }
}

impl ChunkReader for Source {
    type T = BufReader<At>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(self.from(start))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        // What a damaged file says of its parts must not decide how much memory is taken.
        if start.checked_add(length as u64).is_none_or(|end| end > self.size) {
            return Err(ParquetError::EOF("it ends before one of its parts".to_owned()));
        }
        let mut bytes = vec![0; length];
        self.read_at(start, &mut bytes)?;
        Ok(bytes.into())
    }
}

/// A place in a file, which goes on as it is read.
pub(super) struct At {
    source: Source,
    at: u64,
}

impl Read for At {
    fn read(&mut self, into: &mut [u8]) -> io::Result<usize> {
        let left = self.source.size.saturating_sub(self.at);
        let count = into.len().min(usize::try_from(left).unwrap_or(usize::MAX));
        self.source.read_at(self.at, &mut into[..count])?;
        self.at += count as u64;
        Ok(count)
    }
}

impl Seek for At {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        let place = match to {
            SeekFrom::Start(at) => Some(at),
            SeekFrom::End(by) => self.source.size.checked_add_signed(by),
            SeekFrom::Current(by) => self.at.checked_add_signed(by),
        };
        self.at = place.ok_or(io::ErrorKind::InvalidInput)?;
        Ok(self.at)
    }
}
