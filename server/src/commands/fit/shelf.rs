//! Rows that memory has no room for, in files that end with the program.

use automl_core::learner::parts::Shelf;
use std::fs::{File, OpenOptions};
use std::io::{ErrorKind, Read, Write};
use std::path::{Path, PathBuf};

/// Bytes of a place that are gathered before they are written: places are many, and rows come in small pieces.
const GATHERED: usize = 64 << 10;

/// A folder with a file for each place.
pub struct Folder {
    folder: tempfile::TempDir,
    /// What is not written yet, place by place.
    gathered: Vec<Vec<u8>>,
}

impl Folder {
    /// A new folder in `parent`.
    ///
    /// # Errors
    /// A folder that cannot be written to.
    pub fn new(parent: &Path) -> std::io::Result<Self> {
        let folder = tempfile::Builder::new().prefix(".trellis-rows-").tempdir_in(parent)?;
        Ok(Self { folder, gathered: Vec::new() })
    }

    fn file(&self, place: usize) -> PathBuf {
        self.folder.path().join(place.to_string())
    }

    fn write_out(&mut self, place: usize) -> std::io::Result<()> {
        let path = self.file(place);
        let Some(bytes) = self.gathered.get_mut(place).filter(|bytes| !bytes.is_empty()) else {
            return Ok(());
        };
        OpenOptions::new().create(true).append(true).open(path)?.write_all(bytes)?;
        // Most places are not added to again once they have been read.
        *bytes = Vec::new();
        Ok(())
    }
}

impl Shelf for Folder {
    fn append(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
        if self.gathered.len() <= place {
            self.gathered.resize(place + 1, Vec::new());
        }
        let gathered = &mut self.gathered[place];
        gathered.extend_from_slice(bytes);
        if gathered.len() < GATHERED {
            return Ok(());
        }
        self.write_out(place).map_err(|e| e.to_string())
    }

    fn put(&mut self, place: usize, bytes: &[u8]) -> Result<(), String> {
        if let Some(gathered) = self.gathered.get_mut(place) {
            gathered.clear();
        }
        std::fs::write(self.file(place), bytes).map_err(|e| e.to_string())
    }

    fn get(&mut self, place: usize, out: &mut Vec<u8>) -> Result<(), String> {
        self.write_out(place).map_err(|e| e.to_string())?;
        out.clear();
        match File::open(self.file(place)).and_then(|mut file| file.read_to_end(out)) {
            Ok(_) => Ok(()),
            Err(e) if e.kind() == ErrorKind::NotFound => Ok(()),
            Err(e) => Err(e.to_string()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_comes_back_and_nothing_stays() {
        let parent = tempfile::tempdir().expect("a folder");
        let mut shelf = Folder::new(parent.path()).expect("a folder");
        let (mut out, piece) = (vec![1, 2, 3], vec![7u8; GATHERED / 3]);
        shelf.get(5, &mut out).expect("nothing");
        assert!(out.is_empty());
        for _ in 0..5 {
            shelf.append(2, &piece).expect("kept");
        }
        shelf.append(0, b"few").expect("kept");
        shelf.get(2, &mut out).expect("read");
        assert_eq!(out, piece.repeat(5));
        shelf.append(2, b"more").expect("kept");
        shelf.get(2, &mut out).expect("read");
        assert_eq!(out.len(), 5 * piece.len() + 4);
        shelf.append(1, b"given up").expect("kept");
        for bytes in [b"one".as_slice(), b""] {
            shelf.put(1, bytes).expect("kept");
            shelf.get(1, &mut out).expect("read");
            assert_eq!(out, bytes);
        }
        drop(shelf);
        assert_eq!(std::fs::read_dir(parent.path()).expect("a folder").count(), 0);
    }
}
