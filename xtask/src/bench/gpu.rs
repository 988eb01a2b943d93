//! Trees, networks and predictions on a graphics card, beside the same on this machine's processor, and XGBoost where a Python
//! has it.

use super::{example_with, figures, gbt};
use crate::shell::{Failure, failure, works};
use serde_json::Value;
use std::path::{Path, PathBuf};

/// What is trained: on a real card, and on a program that computes as one, which is slow.
struct Sizes {
    trees: [&'static str; 3],
    networks: [&'static str; 3],
    /// Rows that are predicted, and rows that are learned from before.
    predictions: [&'static str; 2],
    /// Rows and networks on which kernels are timed one by one.
    kernels: [&'static str; 2],
    repeats: usize,
}

const REAL: Sizes = Sizes {
    trees: ["1000000", "28", "100"],
    networks: ["100000", "50", "64"],
    predictions: ["200000", "50000"],
    kernels: ["100000", "64"],
    repeats: 3,
};
const SOFTWARE: Sizes = Sizes {
    trees: ["50000", "28", "20"],
    networks: ["2000", "20", "8"],
    predictions: ["5000", "2000"],
    kernels: ["2000", "4"],
    repeats: 1,
};
const PEER: &str = "xtask/peers/xgboost_cuda.py";

/// Measures the card, then trees and networks on it; prints one table, and gives all figures.
///
/// # Errors
/// A program that fails, or a folder that cannot be written.
pub fn run(folder: &Path) -> Result<Value, Failure> {
    let mut lines = figures(&example_with("bench_gpu_card", Some("gpu"))?, &[], |_| ())?;
    let card =
        lines.first().cloned().ok_or_else(|| failure("the card's example told nothing", "report this"))?;
    let Some(adapter) = card["adapter"].as_str() else {
        let why = card["why_not"].as_str().unwrap_or_default();
        println!("no figures: {why}. A driver with Vulkan, or mesa's software one, is looked for.");
        return Ok(lines.into());
    };
    let is_software = card["is_software"].as_bool().unwrap_or(false);
    let what = if is_software { ", a program on the processor: its times say nothing of cards" } else { "" };
    println!("adapter: {adapter}{what}");
    let number = |name: &str| card[name].as_f64().unwrap_or(f64::NAN);
    println!(
        "asked for in {:.2} s, measured in {:.2} s: {}",
        number("ask_secs"),
        number("measure_secs"),
        card["costs"]
    );
    println!(
        "planned for 1,000,000 × 28, 100 trees: {:.2} s on one thread, {:.2} s on the card, {:.2} s of them on the way",
        number("planned_cpu_secs"),
        number("planned_card_secs"),
        number("planned_way_secs"),
    );
    let sizes = if is_software { SOFTWARE } else { REAL };
    println!("{:<30} {:<34} {:>7} {:>10} {:>7} {:>9}", "", "on", "threads", "fit", "times", "AUC/loss");
    lines.extend(trees(folder, &sizes)?);
    lines.extend(networks(&sizes)?);
    lines.extend(predictions(&sizes)?);
    lines.extend(kernels(&sizes)?);
    Ok(lines.into())
}

fn threads() -> usize {
    std::thread::available_parallelism().map_or(1, usize::from)
}

/// Prints figures of the same work under each other; the first is what the others are held against.
fn tell(what: &str, lines: &[Value]) {
    let first = lines.first().and_then(secs);
    for line in lines.iter().filter(|line| secs(line).is_some()) {
        println!("{}", row(what, line, first));
    }
}

fn trees(folder: &Path, sizes: &Sizes) -> Result<Vec<Value>, Failure> {
    let [rows, columns, trees] = sizes.trees;
    let number = |text: &str| text.parse().unwrap_or(0);
    // The same numbers for all of them, from the same files.
    let ours = example_with("bench_gbt", Some("gpu"))?;
    let prefix = gbt::numbers(&ours, folder, ("normal", number(rows), number(columns)))?;
    let threads = threads().to_string();
    let mut lines = Vec::new();
    for backend in ["gpu", "cpu"] {
        let keys = [
            rows.to_owned(),
            columns.to_owned(),
            format!("params={{\"trees\":{trees}}}"),
            format!("threads={threads}"),
            format!("repeats={}", sizes.repeats),
            format!("read={prefix}"),
            format!("backend={backend}"),
        ];
        lines.extend(figures(&ours, &keys, |_| ())?);
    }
    match python() {
        Some(python) => {
            let counts = [columns, trees, &threads, &sizes.repeats.to_string()].map(str::to_owned);
            let arguments = [&[PEER.to_owned(), prefix][..], &counts].concat();
            lines.extend(figures(&python, &arguments, |_| ())?);
        }
        None => println!("no Python with XGBoost: TRELLIS_PYTHON may name one"),
    }
    tell(&format!("{trees} trees, {rows} × {columns}"), &lines);
    Ok(lines)
}

fn networks(sizes: &Sizes) -> Result<Vec<Value>, Failure> {
    let [rows, columns, networks] = sizes.networks;
    let keys = [
        format!("rows={rows}"),
        format!("columns={columns}"),
        format!("networks={networks}"),
        format!("threads={}", threads()),
    ];
    let lines = figures(&example_with("bench_gpu_networks", Some("gpu"))?, &keys, |_| ())?;
    tell(&format!("{networks} networks, {rows} × {columns}"), &lines);
    Ok(lines)
}

fn predictions(sizes: &Sizes) -> Result<Vec<Value>, Failure> {
    let [rows, known] = sizes.predictions;
    let keys = [format!("rows={rows}"), format!("known={known}"), format!("repeats={}", sizes.repeats)];
    let lines = figures(&example_with("bench_gpu_predict", Some("gpu"))?, &keys, |_| ())?;
    for learner in lines.chunks(2) {
        tell(&format!("{rows} predicted, {known} known"), learner);
    }
    Ok(lines)
}

/// What each kernel takes by the card's own clock.
fn kernels(sizes: &Sizes) -> Result<Vec<Value>, Failure> {
    let [rows, networks] = sizes.kernels;
    let keys = [format!("rows={rows}"), format!("networks={networks}")];
    let lines = figures(&example_with("bench_gpu_kernels", Some("gpu"))?, &keys, |_| ())?;
    if lines.is_empty() {
        println!("the card has no clock for single kernels");
        return Ok(lines);
    }
    println!(
        "\n{:<20} {:<36} {:>6} {:>12} {:>7}",
        format!("{rows} rows"),
        "kernel",
        "sent",
        "median",
        "share"
    );
    for line in &lines {
        println!("{}", kernel_row(line, &lines));
    }
    Ok(lines)
}

/// One line of the kernels' table; `all`: the lines, of which those of the same work share its time.
fn kernel_row(line: &Value, all: &[Value]) -> String {
    let text = |name: &str| line[name].as_str().unwrap_or_default();
    let sent = |line: &Value| line["sent"].as_u64().unwrap_or(0);
    let each = |line: &Value| line["kernel_secs"].as_f64().unwrap_or(f64::NAN);
    let secs = |line: &Value| sent(line) as f64 * each(line);
    let whole: f64 = all.iter().filter(|other| other["what"] == line["what"]).map(secs).sum();
    format!(
        "{:<20} {:<36} {:>6} {:>9.1} µs {:>5.1} %",
        text("what"),
        format!("{}: {}", text("kernel"), text("entry")),
        sent(line),
        each(line) * 1e6,
        100.0 * secs(line) / whole,
    )
}

/// A Python that has XGBoost.
fn python() -> Option<PathBuf> {
    let python = std::env::var("TRELLIS_PYTHON").unwrap_or_else(|_| "python3".into());
    works(&python, &["-c", "import xgboost"]).then(|| python.into())
}

/// The shortest of a line's fits; `None` for a line that is about something else.
fn secs(line: &Value) -> Option<f64> {
    let all = line["secs"].as_array().into_iter().flatten().filter_map(Value::as_f64);
    line["fit_secs"].as_f64().or_else(|| all.min_by(f64::total_cmp))
}

/// One line of the table; `first` is how long the first of its kind took.
fn row(what: &str, line: &Value, first: Option<f64>) -> String {
    let secs = secs(line).unwrap_or(f64::NAN);
    let words = |names: &[&str]| {
        let named: Vec<&str> = names.iter().filter_map(|name| line[*name].as_str()).collect();
        named.join(", ")
    };
    let score = line["auc"].as_f64().or_else(|| line["mean_loss"].as_f64());
    format!(
        "{what:<30} {:<34} {:>7} {secs:>8.3} s {:>7} {:>9}",
        words(&["learner", "what", "backend", "adapter"]),
        line["threads"].as_u64().map_or(String::new(), |t| t.to_string()),
        first.map_or(String::new(), |first| format!("{:.2}", first / secs)),
        score.map_or(String::new(), |score| format!("{score:.5}")),
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn lines_of_all_kinds_are_rows() {
        let here =
            json!({"learner": "gbt", "backend": "cpu", "threads": 16, "fit_secs": 6.0, "auc": 0.81234567});
        let there = json!({"what": "card", "adapter": "A card", "secs": [2.0, 1.5], "mean_loss": 0.5});
        assert_eq!(
            (secs(&here), secs(&there), secs(&json!({"what": "ratio"}))),
            (Some(6.0), Some(1.5), None)
        );
        assert_eq!(
            row("x", &here, Some(6.0)).split_whitespace().collect::<Vec<_>>(),
            ["x", "gbt,", "cpu", "16", "6.000", "s", "1.00", "0.81235"]
        );
        let kernel =
            |secs: f64| json!({"what": "w", "kernel": "k", "entry": "e", "sent": 4, "kernel_secs": secs});
        let all = [kernel(1e-3), kernel(3e-3), json!({"what": "v", "kernel_secs": 9.0})];
        assert_eq!(
            kernel_row(&all[0], &all).split_whitespace().collect::<Vec<_>>(),
            ["w", "k:", "e", "4", "1000.0", "µs", "25.0", "%"]
        );
        assert_eq!(
            row("x", &there, Some(6.0)).split_whitespace().collect::<Vec<_>>(),
            ["x", "card,", "A", "card", "1.500", "s", "4.00", "0.50000"]
        );
    }
}
