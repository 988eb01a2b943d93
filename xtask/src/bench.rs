//! `cargo xtask bench`: speed and memory, as a table and as JSON under `target/bench/`.

mod gbt;

use crate::places;
use crate::shell::{Done, Failure, command, failure};
use serde_json::Value;
use std::path::Path;

/// Runs one benchmark (`csv` or `gbt`), or all of them.
///
/// # Errors
/// One that fails or is not known, or a folder that cannot be written.
pub fn run(only: Option<&str>) -> Done {
    let folder = places::target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| {
        failure(format!("cannot make {}: {e}", folder.display()), "check who may write there")
    })?;
    match only {
        None => {
            keep(&folder, "csv", &csv()?)?;
            keep(&folder, "gbt", &gbt::run(&folder)?)
        }
        Some("csv") => keep(&folder, "csv", &csv()?),
        Some("gbt") => keep(&folder, "gbt", &gbt::run(&folder)?),
        Some(other) => Err(failure(format!("no benchmark is called `{other}`"), "there are `csv` and `gbt`")),
    }
}

fn keep(folder: &Path, name: &str, figures: &Value) -> Done {
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, format!("{figures:#}\n"))
        .map_err(|e| failure(format!("cannot write {}: {e}", path.display()), "check the disk"))
}

fn csv() -> Result<Value, Failure> {
    let arguments = ["run", "--release", "--quiet", "-p", "automl-core", "--example", "bench_csv"];
    let done = command("cargo", &arguments)
        .output()
        .map_err(|e| failure(format!("cargo cannot be started: {e}"), "install Rust"))?;
    eprint!("{}", String::from_utf8_lossy(&done.stderr));
    if !done.status.success() {
        return Err(failure("bench_csv failed", "read its messages above"));
    }
    let text = String::from_utf8_lossy(&done.stdout);
    print!("{text}");
    let lines: Vec<&str> = text.lines().collect();
    Ok(serde_json::json!({ "bench": "csv", "lines": lines }))
}
