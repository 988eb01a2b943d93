//! `trellis backup` and `trellis restore`: all that a server keeps in its folder, in one file.
//!
//! The file is a zip archive: a manifest, a snapshot of the database, and the blobs that it names. A snapshot is one
//! point in time, and blobs never change, so a server may go on meanwhile; only the sweep of what nobody names waits.

mod backup;
mod restore;

pub use backup::backup;
pub use restore::restore;

use crate::failure::Failure;
use serde::{Deserialize, Serialize};
use std::fs::File;
use std::path::{Path, PathBuf};

#[derive(Debug, clap::Args)]
pub struct BackupArgs {
    /// Folder that the server keeps its data in [default: as for `trellis serve`]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where the server keeps files in place of the folder, as for `trellis serve`
    #[arg(long, value_name = "URL")]
    pub files: Option<String>,
    /// The server's PostgreSQL database; it is backed up with PostgreSQL's own tools, and this says how
    #[arg(long, value_name = "URL")]
    pub database: Option<String>,
    /// File for the backup. It holds all that the server knows, so keep it as safe as the folder; what is encrypted stays
    /// so, and the server's key is not in it
    #[arg(long, value_name = "FILE")]
    pub out: PathBuf,
}

#[derive(Debug, clap::Args)]
pub struct RestoreArgs {
    /// File that `trellis backup` wrote
    pub backup: PathBuf,
    /// Folder for the data, which is empty or not there [default: as for `trellis serve`]
    #[arg(long, value_name = "DIR")]
    pub data_dir: Option<PathBuf>,
    /// Where the server is to keep files in place of the folder, as for `trellis serve`
    #[arg(long, value_name = "URL")]
    pub files: Option<String>,
}

const MANIFEST: &str = "manifest.json";
const DATABASE: &str = "trellis.db";
const BLOBS: &str = "blobs/";
const FORMAT: &str = "trellis.backup";
const VERSION: u32 = 1;

/// What a backup says of itself.
#[derive(Debug, PartialEq, Serialize, Deserialize)]
struct Manifest {
    format: String,
    version: u32,
    /// The program that wrote it.
    trellis: String,
    /// Milliseconds since 1970.
    created: i64,
    database_bytes: u64,
    /// BLAKE3, hexadecimal.
    database_hash: String,
    blobs: u64,
    blob_bytes: u64,
}

/// A runtime for one command.
fn runtime() -> Result<tokio::runtime::Runtime, Failure> {
    let built = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    built.map_err(|e| crate::failure::because("cannot start", e, "check the limits of this machine"))
}

/// Brings the names in a folder to the disk.
fn settle(folder: &Path) -> std::io::Result<()> {
    // Elsewhere than on Unix folders cannot be opened, and need not be.
    if cfg!(unix) { File::open(folder)?.sync_all() } else { Ok(()) }
}

/// The folder that a path lies in.
fn parent(path: &Path) -> PathBuf {
    match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent.to_owned(),
        _ => PathBuf::from("."),
    }
}

fn megabytes(bytes: u64) -> String {
    format!("{:.1} MB", bytes as f64 / 1e6)
}
