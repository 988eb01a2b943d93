//! Boosting in a real browser: against the same program on this machine with one thread, and against YDF in the same
//! page.
//!
//! YDF's JavaScript takes no settings, so that the second comparison is at YDF's own: up to 300 trees of up to 32
//! leaves, five splits from the root, and at least five rows in each; a tenth of the rows decides when to stop, thirty
//! trees after the best. Its splits are exact, ours between at most 255 bins. It takes its columns as JavaScript's
//! arrays, and copies them as part of its fit.

use super::gbt::numbers;
use super::{example, figures};
use crate::shell::{Done, Failure, run as shell};
use crate::{places, setup};
use serde_json::{Value, json};
use std::path::Path;

/// Rows, columns, how often, and how often YDF: of the seconds on the clock the best counts, of the processor's the
/// mean.
const SIZES: [(usize, usize, usize, usize); 3] =
    [(10_000, 20, 10, 3), (100_000, 50, 3, 1), (1_000_000, 28, 1, 0)];
const IN_BROWSER: &str = "xtask/in_browser";
const SETTINGS_OF_YDF: &str =
    r#"params={"trees":300,"max_depth":5,"max_leaves":32,"min_rows_leaf":5,"patience":30}"#;

/// Measures every size, prints a table, and gives all figures.
///
/// # Errors
/// What cannot be installed or built, or a program that fails.
pub fn run(folder: &Path) -> Result<Value, Failure> {
    setup::for_browser()?;
    setup::npm_packages(IN_BROWSER, "ydf-training")?;
    let native = example("bench_gbt")?;
    let package = folder.join("bench_gbt_wasm");
    build(&package)?;
    println!(
        "{:>14}  {:<22} {:>9} {:>9} {:>6} {:>8}  model",
        "table", "", "fit", "processor", "ratio", "AUC"
    );
    let mut lines = Vec::new();
    for (rows, columns, repeats, peer_repeats) in SIZES {
        let prefix = numbers(&native, folder, ("normal", rows, columns))?;
        let size = [rows.to_string(), columns.to_string()];
        let keys = [format!("read={prefix}"), format!("repeats={repeats}")];
        let mut found = figures(&native, &[&size[..], &keys].concat(), |_| ())?;
        let mut runs = vec![json!({ "keys": [], "repeats": repeats })];
        if peer_repeats > 0 {
            runs.push(json!({ "keys": [SETTINGS_OF_YDF, "validation=0.1"], "repeats": peer_repeats }));
            runs.push(json!({ "peer": "ydf-training", "repeats": peer_repeats }));
        }
        let script = [format!("{IN_BROWSER}/gbt.mjs"), package.display().to_string(), prefix];
        let runs: Vec<String> = runs.iter().map(Value::to_string).collect();
        let arguments = [&script[..], &size[1..], &runs].concat();
        found.extend(figures(Path::new("node"), &arguments, |_| ())?);
        told(&mut found, rows, columns);
        lines.extend(found);
    }
    Ok(lines.into())
}

/// Adds to each run's figures what they are compared with, and prints them.
fn told(found: &mut [Value], rows: usize, columns: usize) {
    const NAMES: [&str; 4] = ["native, one thread", "browser", "browser, as YDF is set", "YDF"];
    // The browser's run against the native one, and YDF's against ours at its settings.
    for i in [1, 3] {
        if i < found.len() {
            found[i]["ratio"] = (secs(&found[i]) / secs(&found[i - 1])).into();
        }
    }
    found[1]["same_model_as_native"] = (found[1]["model_hash"] == found[0]["model_hash"]).into();
    for (line, name) in found.iter_mut().zip(NAMES) {
        (line["program"], line["rows"], line["columns"]) = (name.into(), rows.into(), columns.into());
        let number = |name: &str| line[name].as_f64().unwrap_or(f64::NAN);
        println!(
            "{:>14}  {name:<22} {:>7.2} s {:>7.2} s {:>6} {:>8.5}  {}{}",
            format!("{rows} × {columns}"),
            number("fit_secs"),
            number("fit_cpu_secs"),
            line["ratio"].as_f64().map_or(String::new(), |ratio| format!("{ratio:.2}")),
            number("auc"),
            line["model"].as_str().unwrap_or_default(),
            match line["same_model_as_native"].as_bool() {
                Some(true) => ", the same bytes",
                Some(false) => ", OTHER BYTES",
                None => "",
            },
        );
    }
}

/// What a fit cost: the processor's seconds where they are known, since nothing else that runs is in them.
fn secs(line: &Value) -> f64 {
    line["fit_cpu_secs"].as_f64().or(line["fit_secs"].as_f64()).unwrap_or(f64::NAN)
}

/// The example for a browser, built as the page's programs are.
fn build(package: &Path) -> Done {
    let help = "read its messages above";
    let example = ["--package", "automl-core", "--example", "bench_gbt"];
    let profile = ["build", "--quiet", "--profile", "web", "--target", setup::TARGET];
    shell("cargo", &[profile.as_slice(), &example].concat(), help)?;
    let program = places::target().join(setup::TARGET).join("web/examples/bench_gbt.wasm");
    let (program, folder) = (program.display().to_string(), package.display().to_string());
    let arguments = ["--target", "no-modules", "--no-typescript", "--out-dir", &folder, &program];
    shell("wasm-bindgen", &arguments, help)?;
    let built = package.join("bench_gbt_bg.wasm").display().to_string();
    shell("wasm-opt", &["-O1", &built, "--output", &built], help)
}
