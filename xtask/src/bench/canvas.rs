//! The canvas of pipelines in a real browser: the time of frames while many nodes are panned, zoomed and dragged.

use super::figures;
use crate::shell::Failure;
use crate::{serve, setup};
use serde_json::Value;
use std::path::Path;

/// Nodes that are drawn.
const NODES: usize = 300;
const SCRIPT: &str = "xtask/in_browser/canvas.mjs";

/// # Errors
/// What cannot be installed or built, or a page that does not open.
pub fn run(_: &Path) -> Result<Value, Failure> {
    setup::for_browser()?;
    serve::build_page()?;
    serve::build_server()?;
    println!(
        "{:>10} {:>6} {:>7} {:>10} {:>8} {:>9} {:>8}",
        "what", "nodes", "frames", "median ms", "p95 ms", "worst ms", "dropped"
    );
    let arguments = [SCRIPT.into(), NODES.to_string()];
    let lines = figures(Path::new("node"), &arguments, |line| {
        let number = |name: &str| line[name].to_string();
        println!(
            "{:>10} {:>6} {:>7} {:>10} {:>8} {:>9} {:>8}",
            line["name"].as_str().unwrap_or_default(),
            number("nodes"),
            number("frames"),
            number("median_ms"),
            number("p95_ms"),
            number("worst_ms"),
            number("dropped")
        );
    })?;
    Ok(lines.into())
}
