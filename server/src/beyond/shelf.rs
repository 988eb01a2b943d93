//! Rows that memory has no room for, in blocks of one file without a name: nobody else can open it, and it is gone with
//! the process, also one that is killed. Where a project's files are encrypted, so are the blocks, with a key that only
//! this process ever has.

use automl_core::learner::parts::Shelf;
use chacha20poly1305::aead::generic_array::GenericArray;
use chacha20poly1305::{AeadInPlace, KeyInit, XChaCha20Poly1305, XNonce};
use std::fs::File;
use std::io::{Error, Read, Result, Seek, SeekFrom, Write};
use std::path::Path;
use zeroize::Zeroizing;

/// Bytes of a block before it is encrypted.
const BLOCK: usize = 64 << 10;
/// Room for a block in the file.
const ROOM: u64 = BLOCK as u64 + 16;

/// A block of a place.
struct Block {
    /// Where it lies: so many blocks from the beginning.
    at: u64,
    /// Bytes, as they lie.
    bytes: usize,
    /// Which writing it was: no two are encrypted with the same nonce.
    written: u64,
}

#[derive(Default)]
struct Place {
    blocks: Vec<Block>,
    /// What makes no whole block yet.
    rest: Vec<u8>,
}

/// See the module.
pub struct Blocks {
    file: File,
    cipher: Option<XChaCha20Poly1305>,
    places: Vec<Place>,
    /// Blocks that hold nothing any more.
    free: Vec<u64>,
    /// How many there are.
    count: u64,
    written: u64,
}

impl Blocks {
    /// In a file in `folder`, encrypted or not.
    ///
    /// # Errors
    /// A folder that cannot be written to, a system without randomness.
    pub fn new(folder: &Path, is_sealed: bool) -> Result<Self> {
        let cipher = if is_sealed {
            let mut key = Zeroizing::new([0; 32]);
            getrandom::fill(&mut key[..]).map_err(|e| Error::other(e.to_string()))?;
            Some(XChaCha20Poly1305::new(GenericArray::from_slice(&key[..])))
        } else {
            None
        };
        let file = tempfile::tempfile_in(folder)?;
        Ok(Self { file, cipher, places: Vec::new(), free: Vec::new(), count: 0, written: 0 })
    }

    fn place(&mut self, place: usize) -> &mut Place {
        if self.places.len() <= place {
            self.places.resize_with(place + 1, Place::default);
        }
        &mut self.places[place]
    }

    fn nonce(written: u64) -> XNonce {
        let mut nonce = XNonce::default();
        nonce[..8].copy_from_slice(&written.to_le_bytes());
        nonce
    }

    /// Adds a block of at most [`BLOCK`] bytes to a place.
    fn add(&mut self, place: usize, mut bytes: Vec<u8>) -> Result<()> {
        self.written += 1;
        if let Some(cipher) = &self.cipher {
            let done = cipher.encrypt_in_place(&Self::nonce(self.written), b"", &mut bytes);
            done.map_err(|_| Error::other("rows cannot be encrypted"))?;
        }
        let at = self.free.pop().unwrap_or_else(|| {
            self.count += 1;
            self.count - 1
        });
        let block = Block { at, bytes: bytes.len(), written: self.written };
        self.place(place).blocks.push(block);
        self.file.seek(SeekFrom::Start(at * ROOM))?;
        self.file.write_all(&bytes)
    }

    /// Writes out whole blocks of what waits at a place, or `all`.
    fn write_out(&mut self, place: usize, all: bool) -> Result<()> {
        let rest = std::mem::take(&mut self.place(place).rest);
        let whole = if all { rest.len() } else { rest.len() / BLOCK * BLOCK };
        for block in rest[..whole].chunks(BLOCK) {
            self.add(place, block.to_vec())?;
        }
        self.place(place).rest = rest[whole..].to_vec();
        Ok(())
    }

    fn read(&mut self, place: usize, out: &mut Vec<u8>) -> Result<()> {
        // Most places are not added to again once they have been read.
        self.write_out(place, true)?;
        let mut bytes = Vec::with_capacity(ROOM as usize);
        for block in &self.places[place].blocks {
            bytes.resize(block.bytes, 0);
            self.file.seek(SeekFrom::Start(block.at * ROOM))?;
            self.file.read_exact(&mut bytes)?;
            if let Some(cipher) = &self.cipher {
                let done = cipher.decrypt_in_place(&Self::nonce(block.written), b"", &mut bytes);
                done.map_err(|_| Error::other("rows that were put aside are damaged"))?;
            }
            out.extend_from_slice(&bytes);
        }
        Ok(())
    }
}

impl Shelf for Blocks {
    fn append(&mut self, place: usize, bytes: &[u8]) -> std::result::Result<(), String> {
        let rest = &mut self.place(place).rest;
        rest.extend_from_slice(bytes);
        if rest.len() < BLOCK {
            return Ok(());
        }
        self.write_out(place, false).map_err(|e| e.to_string())
    }

    fn put(&mut self, place: usize, bytes: &[u8]) -> std::result::Result<(), String> {
        let old = std::mem::take(self.place(place));
        self.free.extend(old.blocks.iter().map(|block| block.at));
        bytes.chunks(BLOCK).try_for_each(|block| self.add(place, block.to_vec())).map_err(|e| e.to_string())
    }

    fn get(&mut self, place: usize, out: &mut Vec<u8>) -> std::result::Result<(), String> {
        out.clear();
        self.read(place, out).map_err(|e| e.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn told(bytes: usize, first: u8) -> Vec<u8> {
        (0..bytes).map(|i| first.wrapping_add((i % 251) as u8)).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        /// Each step: a place, how it is changed, and by how many bytes.
        #[test]
        fn what_is_put_comes_back(
            is_sealed in any::<bool>(),
            steps in prop::collection::vec((0..4_usize, 0..3_u8, 0..200_000_usize, any::<u8>()), 1..24),
        ) {
            let folder = tempfile::tempdir().expect("a folder");
            let mut shelf = Blocks::new(folder.path(), is_sealed).expect("a file");
            let mut same = vec![Vec::new(); 4];
            for (place, how, bytes, first) in steps {
                let bytes = told(bytes, first);
                match how {
                    0 => shelf.append(place, &bytes).expect("kept"),
                    1 => shelf.put(place, &bytes).expect("kept"),
                    _ => {
                        let mut out = vec![1, 2, 3];
                        shelf.get(place, &mut out).expect("read");
                        prop_assert!(out == same[place]);
                        continue;
                    }
                }
                if how == 1 {
                    same[place].clear();
                }
                same[place].extend(bytes);
            }
            for (place, bytes) in same.iter().enumerate() {
                let mut out = Vec::new();
                shelf.get(place, &mut out).expect("read");
                prop_assert!(out == *bytes);
            }
            prop_assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0, "it has no name");
        }
    }

    #[test]
    fn what_is_encrypted_is_not_seen_and_damage_is_told() {
        let folder = tempfile::tempdir().expect("a folder");
        for is_sealed in [false, true] {
            let mut shelf = Blocks::new(folder.path(), is_sealed).expect("a file");
            let marker = b"the rows of somebody".repeat(5_000);
            shelf.append(3, &marker).expect("kept");
            shelf.put(0, &marker).expect("kept");
            let mut out = Vec::new();
            shelf.get(3, &mut out).expect("read");
            assert_eq!(out, marker);
            let mut file = shelf.file.try_clone().expect("the same file");
            let mut lies = Vec::new();
            file.rewind().and_then(|()| file.read_to_end(&mut lies)).expect("read");
            assert!(lies.len() >= 2 * marker.len());
            let is_seen = lies.windows(20).any(|part| part == b"the rows of somebody");
            assert_eq!(is_seen, !is_sealed);
            file.rewind().and_then(|()| file.write_all(&[lies[0] ^ 1])).expect("written");
            let read = [3, 0].map(|place| shelf.get(place, &mut out).is_err());
            assert_eq!(read.contains(&true), is_sealed);
        }
    }

    #[test]
    fn places_that_are_put_again_take_no_more_room() {
        let folder = tempfile::tempdir().expect("a folder");
        let mut shelf = Blocks::new(folder.path(), true).expect("a file");
        for round in 0..20 {
            shelf.put(round % 2, &told(3 * BLOCK + 7, round as u8)).expect("kept");
        }
        assert!(shelf.count <= 8, "{}", shelf.count);
    }
}
