//! A table in an object store.

use super::Take;
use crate::blobs::{BlobError, remote};
use crate::failure::{Failure, because};
use automl_core::table::Ranges;
use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path as Place;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};
use std::collections::VecDeque;
use std::io;
use std::sync::{Arc, Mutex, PoisonError};
use tokio::runtime::Runtime;

/// Bytes that are fetched at a time where a file is read here and there.
const BLOCK: u64 = 1 << 20;
/// Blocks that are kept: about one for each column that is read at the same time.
const BLOCKS: usize = 64;

/// An object as it was when it was opened: one that is written anew meanwhile is refused by the store.
pub struct Object {
    pub address: String,
    runtime: Runtime,
    store: Arc<dyn ObjectStore>,
    place: Place,
    found: ObjectMeta,
    /// The blocks read last, by their numbers, the latest first.
    blocks: Mutex<VecDeque<(u64, Bytes)>>,
}

impl Object {
    /// # Errors
    /// An address that cannot be used; a store that does not answer; an object that there is not.
    pub fn open(address: &str) -> Result<Self, Failure> {
        let (folder, name) = address.rsplit_once('/').unwrap_or((address, ""));
        let opened = if name.is_empty() { Err("it names no file".to_owned()) } else { remote::open(folder) };
        let store = opened.map_err(|e| {
            because(
                format!("{address} cannot be read"),
                e,
                "name a bucket and a file, for example s3://BUCKET/FOLDER/table.csv",
            )
        })?;
        let runtime = super::runtime()?;
        let place = Place::from(name);
        let found = runtime.block_on(store.head(&place)).map_err(|e| failed(address, e))?;
        Ok(Self { address: address.to_owned(), runtime, store, place, found, blocks: Mutex::default() })
    }

    pub fn size(&self) -> u64 {
        self.found.size
    }

    pub fn failed(&self, error: &io::Error) -> Failure {
        unreadable(&self.address, error)
    }

    /// As [`super::Source::pass`].
    ///
    /// # Errors
    /// A store that fails; an object that changed.
    pub fn pass(&self, take: Take<'_>) -> Result<(), Failure> {
        self.runtime.block_on(async {
            let mut parts = remote::stream(self.store.clone(), self.place.clone(), self.found.clone());
            while let Some(part) = parts.next().await {
                let part = part.map_err(|error| match error {
                    BlobError::Remote(error) => failed(&self.address, error),
                    error => unreadable(&self.address, &error),
                })?;
                if take(&part).is_break() {
                    break;
                }
            }
            Ok(())
        })
    }

    fn block(&self, number: u64) -> io::Result<Bytes> {
        let mut blocks = self.blocks.lock().unwrap_or_else(PoisonError::into_inner);
        let known = blocks.iter().position(|(of, _)| *of == number);
        let block = match known.and_then(|at| blocks.remove(at)) {
            Some((_, block)) => block,
            None => {
                let range = number * BLOCK..self.size().min((number + 1) * BLOCK);
                let if_match = self.found.e_tag.clone();
                let how = GetOptions { range: Some(range.into()), if_match, ..GetOptions::default() };
                let asked = async { self.store.get_opts(&self.place, how).await?.bytes().await };
                self.runtime.block_on(asked).map_err(|error| match error {
                    object_store::Error::Precondition { .. } => io::Error::other(CHANGED),
                    error => io::Error::other(error),
                })?
            }
        };
        blocks.push_front((number, block.clone()));
        blocks.truncate(BLOCKS);
        Ok(block)
    }
}

const CHANGED: &str = "it was written anew while it was read";

impl Ranges for Object {
    fn size(&self) -> u64 {
        self.found.size
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        let mut done = 0;
        while done < into.len() {
            let place = at + done as u64;
            let block = self.block(place / BLOCK)?;
            let rest = block.get((place % BLOCK) as usize..).filter(|rest| !rest.is_empty());
            let rest = rest.ok_or(io::ErrorKind::UnexpectedEof)?;
            let count = rest.len().min(into.len() - done);
            into[done..done + count].copy_from_slice(&rest[..count]);
            done += count;
        }
        Ok(())
    }
}

fn failed(address: &str, error: object_store::Error) -> Failure {
    match error {
        object_store::Error::NotFound { .. } => {
            Failure::new(format!("there is no {address}"), "check bucket, folder and name")
        }
        object_store::Error::Precondition { .. } => unreadable(address, &CHANGED),
        error => unreadable(address, &error),
    }
}

fn unreadable(address: &str, error: &dyn std::fmt::Display) -> Failure {
    because(
        format!("{address} cannot be read"),
        error,
        "see that the store answers, and that the keys in AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY may read there",
    )
}
