//! Boosting, and LightGBM beside it where a Python has it: the same numbers, the same settings, the same run.

use crate::places;
use crate::shell::{Failure, command, failure, works};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

/// A table of the example, its rows, its columns, and how often: the best of so many counts.
const TABLES: [(&str, usize, usize, usize); 5] = [
    ("normal", 10_000, 20, 5),
    ("normal", 100_000, 50, 3),
    ("normal", 1_000_000, 28, 2),
    ("levels", 200_000, 60, 3),
    ("onehot", 200_000, 200, 2),
];
const THREADS: [usize; 2] = [1, 2];
const TREES: usize = 100;
const PEER: &str = "xtask/peers/lightgbm_gbt.py";

/// Measures every table with every number of threads, prints a table, and gives all figures.
///
/// # Errors
/// A program that fails, or a folder that cannot be written.
pub fn run(folder: &Path) -> Result<Value, Failure> {
    let ours = built()?;
    let python = python();
    if python.is_none() {
        println!("no Python with LightGBM: TRELLIS_PYTHON may name one");
    }
    println!(
        "{:>21} {:>7}  {:<16} {:>8} {:>6} {:>8} {:>8} {:>12}",
        "table", "threads", "", "fit", "ratio", "AUC", "memory", "prediction"
    );
    let mut figures = Vec::new();
    for (table, rows, columns, repeats) in TABLES {
        let prefix = folder.join(format!("gbt_{table}_{rows}x{columns}")).display().to_string();
        let size = [rows.to_string(), columns.to_string(), TREES.to_string()];
        if !Path::new(&format!("{prefix}.yt.u8")).exists() {
            let keys = [format!("table={table}"), format!("write={prefix}")];
            output(&ours, &[&size[..], &keys].concat())?;
        }
        for threads in THREADS {
            let keys = [format!("read={prefix}"), format!("threads={threads}"), format!("repeats={repeats}")];
            let mut both = vec![figures_of(&output(&ours, &[&size[..], &keys].concat())?)?];
            if let Some(python) = &python {
                let arguments = [PEER.into(), prefix.clone(), columns.to_string(), TREES.to_string()];
                let counts = [threads.to_string(), repeats.to_string()];
                both.push(figures_of(&output(python, &[&arguments[..], &counts].concat())?)?);
            }
            both.iter_mut().for_each(|line| line["table"] = table.into());
            let peer_secs = both.get(1).and_then(|peer| peer["fit_secs"].as_f64());
            both.iter().for_each(|line| println!("{}", row(line, peer_secs)));
            figures.extend(both);
        }
    }
    Ok(json!({ "bench": "gbt", "lines": figures }))
}

/// The example, built.
fn built() -> Result<PathBuf, Failure> {
    let arguments = ["build", "--release", "--quiet", "-p", "automl-core", "--example", "bench_gbt"];
    crate::shell::run("cargo", &arguments, "read its messages above")?;
    Ok(places::target().join("release/examples/bench_gbt"))
}

/// A Python that has LightGBM.
fn python() -> Option<PathBuf> {
    let python = std::env::var("TRELLIS_PYTHON").unwrap_or_else(|_| "python3".into());
    works(&python, &["-c", "import lightgbm"]).then(|| python.into())
}

fn output(program: &Path, arguments: &[String]) -> Result<String, Failure> {
    let program = program.display().to_string();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = command(&program, &words)
        .output()
        .map_err(|e| failure(format!("{program} cannot be started: {e}"), "check that it is installed"))?;
    if !done.status.success() {
        let told = String::from_utf8_lossy(&done.stderr).into_owned();
        return Err(failure(format!("{program} failed: {told}"), "read its message"));
    }
    Ok(String::from_utf8_lossy(&done.stdout).into_owned())
}

fn figures_of(text: &str) -> Result<Value, Failure> {
    let last = text.lines().last().unwrap_or_default();
    serde_json::from_str(last).map_err(|e| failure(format!("no figures in `{last}`: {e}"), "report this"))
}

/// One line of the table; `peer_secs` is how long the other library's fit took.
fn row(line: &Value, peer_secs: Option<f64>) -> String {
    let number = |name: &str| line[name].as_f64();
    let secs = number("fit_secs").unwrap_or(f64::NAN);
    let ratio = peer_secs.map_or(String::new(), |peer| format!("{:.2}", secs / peer));
    // What fitting took above what was held before.
    let memory = number("peak_mib").zip(number("held_mib"));
    let memory = memory.map_or(String::new(), |(peak, held)| format!("{:.0} MiB", peak - held));
    format!(
        "{:>21} {:>7}  {:<16} {:>6.3} s {:>6} {:>8.5} {:>8} {:>8.2} M/s",
        format!("{} {} × {}", line["table"].as_str().unwrap_or_default(), line["rows"], line["columns"]),
        line["threads"].to_string(),
        line["learner"].as_str().unwrap_or_default(),
        secs,
        ratio,
        number("auc").unwrap_or(f64::NAN),
        memory,
        number("predicted_rows_per_sec").unwrap_or(f64::NAN) / 1e6,
    )
}
