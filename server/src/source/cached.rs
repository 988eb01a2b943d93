//! Blocks of a table that are fetched once where it is read here and there.

use bytes::Bytes;
use std::collections::VecDeque;
use std::io;
use std::ops::Range;
use std::sync::{Mutex, PoisonError};

/// Bytes that are fetched at a time.
const BLOCK: u64 = 1 << 20;
/// Blocks that are kept: about one for each column that is read at the same time.
const BLOCKS: usize = 64;

/// See the module.
pub struct Cached {
    size: u64,
    /// The blocks read last, by their numbers, the latest first.
    blocks: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Cached {
    /// Of a table of so many bytes.
    pub fn new(size: u64) -> Self {
        Self { size, blocks: Mutex::default() }
    }

    pub fn size(&self) -> u64 {
        self.size
    }

    /// Reads the bytes from `at` on that fill `into`. One block is fetched at a time.
    ///
    /// # Errors
    /// A place beyond the end; what `fetch` says.
    pub fn read_at(
        &self,
        at: u64,
        into: &mut [u8],
        fetch: impl Fn(Range<u64>) -> io::Result<Bytes>,
    ) -> io::Result<()> {
        let mut done = 0;
        while done < into.len() {
            let place = at + done as u64;
            let block = self.block(place / BLOCK, &fetch)?;
            let rest = block.get((place % BLOCK) as usize..).filter(|rest| !rest.is_empty());
            let rest = rest.ok_or(io::ErrorKind::UnexpectedEof)?;
            let count = rest.len().min(into.len() - done);
            into[done..done + count].copy_from_slice(&rest[..count]);
            done += count;
        }
        Ok(())
    }

    fn block(&self, number: u64, fetch: impl Fn(Range<u64>) -> io::Result<Bytes>) -> io::Result<Bytes> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = blocks.iter().position(|(of, _)| *of == number);
        let block = match known.and_then(|at| blocks.remove(at)) {
            Some((_, block)) => block,
            None if number * BLOCK >= self.size => return Err(io::ErrorKind::UnexpectedEof.into()),
            None => fetch(number * BLOCK..self.size.min((number + 1) * BLOCK))?,
        };
        blocks.push_front((number, block.clone()));
        blocks.truncate(BLOCKS);
        Ok(block)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::cell::Cell;

    #[test]
    fn blocks_are_fetched_once_and_joined() {
        let all: Vec<u8> = (0..BLOCK as usize * 2 + 77).map(|i| (i % 251) as u8).collect();
        let (cached, fetched) = (Cached::new(all.len() as u64), Cell::new(0));
        let fetch = |range: Range<u64>| {
            fetched.set(fetched.get() + 1);
            Ok(Bytes::copy_from_slice(&all[range.start as usize..range.end as usize]))
        };
        let read = |at: usize, length: usize| {
            let mut into = vec![0; length];
            cached.read_at(at as u64, &mut into, fetch).map(|()| into)
        };
        for (at, length) in [(0, 5), (BLOCK as usize - 3, 9), (BLOCK as usize * 2 + 70, 7), (100, 0)] {
            assert_eq!(read(at, length).expect("read"), all[at..at + length]);
        }
        assert_eq!(fetched.get(), 3);
        for (at, length) in [(all.len(), 1), (all.len() - 1, 2), (all.len() * 9, 1)] {
            assert_eq!(read(at, length).expect_err("beyond").kind(), io::ErrorKind::UnexpectedEof);
        }
    }
}
