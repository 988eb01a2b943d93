//! A table in an object store.

use super::{Cached, Take};
use crate::blobs::{BlobError, remote};
use crate::failure::{Failure, because};
use automl_core::table::Ranges;
use bytes::Bytes;
use futures_util::StreamExt;
use object_store::path::Path as Place;
use object_store::{GetOptions, ObjectMeta, ObjectStore, ObjectStoreExt};
use std::io;
use std::ops::Range;
use std::sync::Arc;
use tokio::runtime::Runtime;

/// An object as it was when it was opened: one that is written anew meanwhile is refused by the store.
pub struct Object {
    pub address: String,
    runtime: Runtime,
    store: Arc<dyn ObjectStore>,
    place: Place,
    found: ObjectMeta,
    blocks: Cached,
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
        let blocks = Cached::new(found.size);
        Ok(Self { address: address.to_owned(), runtime, store, place, found, blocks })
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

    fn fetch(&self, range: Range<u64>) -> io::Result<Bytes> {
        let if_match = self.found.e_tag.clone();
        let how = GetOptions { range: Some(range.into()), if_match, ..GetOptions::default() };
        let asked = async { self.store.get_opts(&self.place, how).await?.bytes().await };
        self.runtime.block_on(asked).map_err(|error| match error {
            object_store::Error::Precondition { .. } => io::Error::other(CHANGED),
            error => io::Error::other(error),
        })
    }
}

const CHANGED: &str = "it was written anew while it was read";

impl Ranges for Object {
    fn size(&self) -> u64 {
        self.found.size
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        self.blocks.read_at(at, into, |range| self.fetch(range))
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
