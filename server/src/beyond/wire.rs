//! What the server and the child that reads a large table say to each other.
//!
//! To the child go streams: pieces, each with its length before it as four bytes, little end first, up to one without
//! length. The first one is the [`Job`]; then come what the job needs and, each time that the child asks, all bytes of
//! the table or those at a place. From the child come messages: a byte that says what it is, its length in the same way, and its bytes.

use crate::look::Seen;
use automl_core::diagnostic::Diagnostic;
use automl_core::table::{Format, ReadOptions, ReadReport};
use serde::{Deserialize, Serialize};
use std::path::PathBuf;

/// The child asks for the table, from its beginning.
pub const PASS: u8 = b'p';
/// The child asks for the bytes at a place: where they begin and how many, eight bytes each, little end first. They come
/// as a stream of their own.
pub const RANGE: u8 = b'r';
/// How far it is: [`Told`] as JSON.
pub const TOLD: u8 = b't';
/// The next bytes of what it gives.
pub const PIECE: u8 = b'b';
/// What came of it: [`End`] as JSON.
pub const END: u8 = b'e';

/// Bytes of a piece or message at most, object stores' parts included.
pub const LARGEST: u32 = 64 << 20;
/// Bytes of a piece that the child gives.
pub const USUAL: usize = 1 << 20;

/// What a child is to do with a table.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Job {
    /// See what it holds, and say so as [`crate::look`] does.
    Look(Look),
    /// See what it holds, and give some of its rows as a table.
    Draw(Draw),
    /// Train the models of a search on all of its rows. What was found and the study's data come next.
    Train(Box<Train>),
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Look {
    pub format: Format,
    pub options: ReadOptions,
    /// Size of the table.
    pub bytes: u64,
    /// Bytes that columns may take at a time.
    pub most_held: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Draw {
    pub format: Format,
    pub options: ReadOptions,
    /// Size of the table.
    pub bytes: u64,
    /// Bytes of memory that may be used.
    pub limit: u64,
    pub seed: u64,
}

#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Train {
    pub limit: u64,
    pub seed: u64,
    pub drawn: Drawn,
    pub threads: usize,
    /// Seconds that training may take, reading aside.
    pub secs: Option<f64>,
    /// Where rows may lie.
    pub folder: PathBuf,
    /// They are encrypted there.
    pub is_sealed: bool,
}

/// What a table holds of which rows were drawn.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Drawn {
    pub format: Format,
    /// How it is read again: with the type of every column.
    pub options: ReadOptions,
    pub report: ReadReport,
    pub rows: u64,
    /// How many rows were to be drawn; about as many were.
    pub searched: u64,
    pub fingerprint: String,
}

/// How far a child is.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum Told {
    /// Another run's child is at work.
    Waiting,
    /// Bytes of the table in this pass, or of all places so far.
    Fed(u64),
    /// Rows that were read to learn from.
    Read(u64),
    /// A model, by its name, is in this round.
    Round(String, usize),
}

/// What came of it.
#[derive(Debug, Serialize, Deserialize)]
pub enum End {
    Looked(Seen),
    /// The rows come as pieces.
    Drawn(Box<Drawn>),
    /// The model comes as pieces.
    Trained(Diagnostic),
    Refused(Vec<Diagnostic>),
}
