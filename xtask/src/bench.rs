//! `cargo xtask bench`: what the product is measured by. Each benchmark prints a table, and leaves all its figures as
//! JSON under `target/bench/`.

mod bits;
mod canvas;
mod csv;
mod gbt;
mod gpu;
mod server;
mod wasm;

use crate::places;
use crate::shell::{Done, Failure, command, failure};
use serde_json::Value;
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::Stdio;

/// A benchmark: keeps what it needs in the folder, and gives its figures.
type Bench = fn(&Path) -> Result<Value, Failure>;

const ALL: [(&str, Bench); 7] = [
    ("csv", csv::run),
    ("gbt", gbt::run),
    ("gpu", gpu::run),
    ("wasm", wasm::run),
    ("bits", bits::of_samples),
    ("canvas", canvas::run),
    ("server", server::run),
];

/// Runs one benchmark, or all of them.
///
/// # Errors
/// One that fails or is not known, or a folder that cannot be written.
pub fn run(only: Option<&str>) -> Done {
    let chosen: Vec<_> = ALL.into_iter().filter(|(name, _)| only.is_none_or(|only| only == *name)).collect();
    if chosen.is_empty() {
        let wanted = only.unwrap_or_default();
        return Err(failure(
            format!("no benchmark is called `{wanted}`"),
            "`cargo xtask help` lists those there are",
        ));
    }
    chosen.into_iter().try_for_each(|(name, bench)| keep(name, bench))
}

/// Runs `bits` on the tables of a folder.
///
/// # Errors
/// As [`run`].
pub fn bits_of(tables: &str) -> Done {
    keep("bits", |_| bits::run(&Path::new(tables).join("data/manifest.json")))
}

fn keep(name: &str, bench: impl Fn(&Path) -> Result<Value, Failure>) -> Done {
    let folder = places::target().join("bench");
    std::fs::create_dir_all(&folder).map_err(|e| {
        failure(format!("cannot make {}: {e}", folder.display()), "check who may write there")
    })?;
    let lines = bench(&folder)?;
    let figures = serde_json::json!({ "bench": name, "lines": lines });
    let path = folder.join(format!("{name}.json"));
    std::fs::write(&path, format!("{figures:#}\n"))
        .map_err(|e| failure(format!("cannot write {}: {e}", path.display()), "check the disk"))
}

/// An example of the core, built for this machine.
fn example(name: &str) -> Result<PathBuf, Failure> {
    example_with(name, None)
}

/// The same with a feature of the core.
fn example_with(name: &str, feature: Option<&str>) -> Result<PathBuf, Failure> {
    let mut arguments = vec!["build", "--release", "--quiet", "-p", "automl-core", "--example", name];
    arguments.extend(feature.into_iter().flat_map(|feature| ["--features", feature]));
    crate::shell::run("cargo", &arguments, "read its messages above")?;
    Ok(places::target().join("release/examples").join(name))
}

/// What a program prints; what it says besides is shown as it comes.
fn printed(program: &Path, arguments: &[String]) -> Result<String, Failure> {
    let mut text = String::new();
    lines(program, arguments, |line| {
        text.push_str(line);
        text.push('\n');
        Ok(())
    })?;
    Ok(text)
}

/// The figures that a program prints, one line of JSON each; `seen` is shown each as it comes.
fn figures(
    program: &Path,
    arguments: &[String],
    mut seen: impl FnMut(&Value),
) -> Result<Vec<Value>, Failure> {
    let mut all = Vec::new();
    lines(program, arguments, |line| {
        let value = serde_json::from_str(line)
            .map_err(|e| failure(format!("no figures in `{line}`: {e}"), "report this"))?;
        seen(&value);
        all.push(value);
        Ok(())
    })?;
    Ok(all)
}

/// Calls `each` with every line that a program prints, as it comes.
fn lines(program: &Path, arguments: &[String], mut each: impl FnMut(&str) -> Done) -> Done {
    let program = program.display().to_string();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut child = command(&program, &words)
        .stdout(Stdio::piped())
        .spawn()
        .map_err(|e| failure(format!("{program} cannot be started: {e}"), "check that it is installed"))?;
    if let Some(out) = child.stdout.take() {
        BufReader::new(out).lines().map_while(Result::ok).try_for_each(|line| each(&line))?;
    }
    if !child.wait().is_ok_and(|status| status.success()) {
        return Err(failure(format!("{program} failed"), "read its messages above"));
    }
    Ok(())
}
