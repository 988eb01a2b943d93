//! Boosting, and LightGBM beside it where a Python has it: the same numbers, the same settings, the same run.

use super::{example, figures, printed};
use crate::shell::{Failure, works};
use serde_json::Value;
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
    let ours = example("bench_gbt")?;
    let python = python();
    if python.is_none() {
        println!("no Python with LightGBM: TRELLIS_PYTHON may name one");
    }
    println!(
        "{:>21} {:>7}  {:<16} {:>8} {:>6} {:>8} {:>8} {:>12}",
        "table", "threads", "", "fit", "ratio", "AUC", "memory", "prediction"
    );
    let mut lines = Vec::new();
    for (table, rows, columns, repeats) in TABLES {
        let prefix = numbers(&ours, folder, (table, rows, columns))?;
        for threads in THREADS {
            let keys = [format!("read={prefix}"), format!("threads={threads}"), format!("repeats={repeats}")];
            let size = [rows.to_string(), columns.to_string()];
            let mut both = figures(&ours, &[&size[..], &keys].concat(), |_| ())?;
            if let Some(python) = &python {
                let arguments = [PEER.into(), prefix.clone(), columns.to_string(), TREES.to_string()];
                let counts = [threads.to_string(), repeats.to_string()];
                both.extend(figures(python, &[&arguments[..], &counts].concat(), |_| ())?);
            }
            both.iter_mut().for_each(|line| line["table"] = table.into());
            let peer_secs = both.get(1).and_then(|peer| peer["fit_secs"].as_f64());
            both.iter().for_each(|line| println!("{}", row(line, peer_secs)));
            lines.extend(both);
        }
    }
    Ok(lines.into())
}

/// Where the numbers of a table of the example (its name, rows and columns) lie: they are made once and read by all.
///
/// # Errors
/// A program that fails, or a folder that cannot be written.
pub fn numbers(
    example: &Path,
    folder: &Path,
    (table, rows, columns): (&str, usize, usize),
) -> Result<String, Failure> {
    let prefix = folder.join(format!("gbt_{table}_{rows}x{columns}")).display().to_string();
    // What is written last.
    if !Path::new(&format!("{prefix}.yt.u8")).exists() {
        printed(
            example,
            &[rows.to_string(), columns.to_string(), format!("table={table}"), format!("write={prefix}")],
        )?;
    }
    Ok(prefix)
}

/// A Python that has LightGBM.
fn python() -> Option<PathBuf> {
    let python = std::env::var("TRELLIS_PYTHON").unwrap_or_else(|_| "python3".into());
    works(&python, &["-c", "import lightgbm"]).then(|| python.into())
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
