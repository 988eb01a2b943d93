//! `cargo xtask bench`: speed and memory, as a table and as JSON under `target/bench/`.

use crate::places;
use crate::shell::{Done, command, failure};

/// Examples of the core that print one JSON object a line.
const BENCHES: [&str; 2] = ["bench_csv", "bench_gbt"];

/// Runs every benchmark.
///
/// # Errors
/// One that fails, or a folder that cannot be written.
pub fn run() -> Done {
    let folder = places::target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| {
        failure(format!("cannot make {}: {e}", folder.display()), "check who may write there")
    })?;
    for bench in BENCHES {
        let arguments = ["run", "--release", "--quiet", "-p", "automl-core", "--example", bench];
        let done = command("cargo", &arguments)
            .output()
            .map_err(|e| failure(format!("cargo cannot be started: {e}"), "install Rust"))?;
        eprint!("{}", String::from_utf8_lossy(&done.stderr));
        if !done.status.success() {
            return Err(failure(format!("{bench} failed"), "read its messages above"));
        }
        let text = String::from_utf8_lossy(&done.stdout);
        print!("── {bench}\n{text}");
        let lines: Vec<&str> = text.lines().collect();
        let json = serde_json::json!({ "bench": bench, "lines": lines });
        let path = folder.join(format!("{bench}.json"));
        std::fs::write(&path, format!("{json:#}\n"))
            .map_err(|e| failure(format!("cannot write {}: {e}", path.display()), "check the disk"))?;
    }
    Ok(())
}
