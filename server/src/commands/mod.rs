//! The commands, one a file.

pub mod assertion;
pub mod card;
pub mod check;
mod drive;
pub mod fit;
pub mod kinds;
pub mod leaderboard;
pub mod predict;
mod progress;
pub mod run;
pub mod score;
mod show;
mod timings;

use crate::failure::Failure;
use std::io::Write;

/// Prints a result on standard output.
///
/// # Errors
/// A closed or full output.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(crate::failure::because("cannot write to standard output", e, "check where it leads"))
        }
        _ => Ok(()),
    }
}

/// A result as JSON on standard output.
///
/// # Errors
/// As [`print`].
fn print_json(value: &impl serde::Serialize) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|e| crate::failure::because("cannot write JSON", e, "report this"))?;
    print(&format!("{text}\n"))
}
