//! Model files of whole searches: the page in a real browser against the command line with any number of threads.

use super::figures;
use crate::shell::{Failure, failure};
use crate::{places, serve, setup};
use serde_json::Value;
use std::path::Path;

/// Of longer tables a part is taken.
const ROWS: usize = 1_000;
/// More than the trials that a study looks back, so that proposals follow results.
const TRIALS: usize = 10;
const SCRIPT: &str = "xtask/in_browser/bits.mjs";

/// The page's samples.
///
/// # Errors
/// As [`run`].
pub fn of_samples(_: &Path) -> Result<Value, Failure> {
    run(&places::root().join("public/samples/samples.json"))
}

/// Every table that a manifest lists, each with its `name`, `file` and `target`.
///
/// # Errors
/// What cannot be installed or built, a search that fails, or files that differ.
pub fn run(manifest: &Path) -> Result<Value, Failure> {
    setup::for_browser()?;
    serve::build_page()?;
    serve::build_server()?;
    let manifest = manifest.canonicalize().map_err(|e| {
        failure(format!("cannot read {}: {e}", manifest.display()), "name a folder with data/manifest.json")
    })?;
    let arguments = [SCRIPT.into(), manifest.display().to_string(), ROWS.to_string(), TRIALS.to_string()];
    println!(
        "{:>20} {:>6} {:>10}  {:<16}  command line with 1, 2, 8 and 8 threads",
        "table", "rows", "bytes", "page"
    );
    let lines = figures(Path::new("node"), &arguments, |line| println!("{}", row(line)))?;
    let differ = lines.iter().filter(|line| line["differing"] != serde_json::json!([])).count();
    if differ > 0 {
        let help = "the same seed must give the same bytes; `cargo test -p automl-core --test same_bits` looks closer";
        let what = format!("{differ} of {} tables failed or have models of other bytes", lines.len());
        return Err(failure(what, help));
    }
    Ok(lines.into())
}

fn row(line: &Value) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    if line["failed"].is_string() {
        return format!("{:>20} FAILED: {}", text("name"), text("failed"));
    }
    let others = match line["differing"].as_array() {
        Some(threads) if !threads.is_empty() => format!("OTHER BYTES with {}", line["differing"]),
        _ => "the same bytes".to_owned(),
    };
    let (rows, bytes) = (line["rows"].to_string(), line["bytes"].to_string());
    format!("{:>20} {rows:>6} {bytes:>10}  {:<16}  {others}", text("name"), text("hash"))
}
