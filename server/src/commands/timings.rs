//! Clock readings of a search. They differ from run to run and the model must not, so they lie beside it, in
//! `MODEL.timings.json`.

use crate::failure::Failure;
use crate::reading;
use automl_core::engine::protocol::Board;
use serde::{Deserialize, Serialize};
use std::path::{Path, PathBuf};

/// The board with clock readings, and the model that it belongs to.
#[derive(Debug, Serialize, Deserialize)]
struct Timings {
    /// BLAKE3 of the model file.
    model_id: String,
    board: Board,
}

fn place(model: &Path) -> PathBuf {
    let mut name = model.as_os_str().to_owned();
    name.push(".timings.json");
    PathBuf::from(name)
}

/// # Errors
/// Where the file cannot be written.
pub fn write(model: &Path, bytes: &[u8], board: &Board) -> Result<(), Failure> {
    let timings = Timings { model_id: blake3::hash(bytes).to_hex().to_string(), board: board.clone() };
    let json = serde_json::to_vec(&timings)
        .map_err(|e| crate::failure::because("cannot write the timings", e, "report this"))?;
    reading::write(&place(model), &json)
}

/// The board with clock readings, where they lie beside the model and belong to it.
pub fn read(model: &Path, bytes: &[u8]) -> Option<Board> {
    let json = std::fs::read(place(model)).ok()?;
    let timings: Timings = serde_json::from_slice(&json).ok()?;
    (timings.model_id == blake3::hash(bytes).to_hex().as_str()).then_some(timings.board)
}
