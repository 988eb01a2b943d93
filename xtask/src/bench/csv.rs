//! Reading of CSV.

use super::{example, printed};
use crate::shell::Failure;
use serde_json::Value;
use std::path::Path;

/// # Errors
/// Where it does not build or fails.
pub fn run(_: &Path) -> Result<Value, Failure> {
    let text = printed(&example("bench_csv")?, &[])?;
    print!("{text}");
    Ok(text.lines().collect())
}
