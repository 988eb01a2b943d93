//! A table that memory does not hold: the model of all its rows, within the memory that was allowed, against the model
//! that is searched with the whole table in memory.
//!
//! `TRELLIS_ROWS=20000000 TRELLIS_MEMORY=1000` tries some 4 GB within 1 GB; `TRELLIS_BINARY` names the binary. What has
//! no room in this machine's memory either is not compared (`TRELLIS_ALONE=1`). The figures are printed.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::large::{auc, most_mb, write_table};
use common::{signal, times, trellis, until};
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Fits; the most megabytes that the process took, and what it said.
fn fit(data: &str, memory: &str, out: &str) -> (u64, String) {
    let fit = ["fit", data, "--target", "answer", "--learner", "gbt", "--max-trials", "2", "--seed", "7"];
    let mut command = trellis(&[&fit[..], &["--max-memory", memory, "--out", out]].concat());
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap_or_else(|e| panic!("the binary cannot be started: {e}"));
    let mut most = 0;
    while child.try_wait().unwrap_or_else(|e| panic!("{e}")).is_none() {
        most = most.max(most_mb(child.id()));
        std::thread::sleep(Duration::from_millis(20));
    }
    let done = child.wait_with_output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    (most, said)
}

#[test]
fn a_table_beyond_memory_is_learned_from_as_one_within() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let rows = u64::from(times("TRELLIS_ROWS", 140_000));
    let megabytes = u64::from(times("TRELLIS_MEMORY", 60));
    let (data, fresh) = (path("data.csv"), path("fresh.csv"));
    write_table(Path::new(&data), rows, 1);
    write_table(Path::new(&fresh), 50_000, 2);
    let bytes = std::fs::metadata(&data).unwrap_or_else(|e| panic!("{e}")).len();

    let begun = Instant::now();
    let (most, said) = fit(&data, &format!("{megabytes}MB"), &path("parts.trellis"));
    let beyond = auc(&path("parts.trellis"), &fresh);
    println!(
        "{rows} rows, {} MB, within {megabytes} MB: {} s, {most} MB at most, AUC {beyond:.4}",
        bytes / 1_000_000,
        begun.elapsed().as_secs()
    );
    println!("{said}");
    assert!(said.contains("learned from all of them"), "{said}");
    // Beside what was allowed there are the program, and what its threads need to stand.
    assert!(most < megabytes + 60, "{most} MB of {megabytes}");
    if times("TRELLIS_ALONE", 0) == 0 {
        let begun = Instant::now();
        let (most, said) = fit(&data, "64GB", &path("whole.trellis"));
        let whole = auc(&path("whole.trellis"), &fresh);
        println!("in memory: {} s, {most} MB at most, AUC {whole:.4}", begun.elapsed().as_secs());
        assert!(!said.contains("learned from all of them"), "{said}");
        assert!(beyond > whole - 0.005, "{beyond} and in memory {whole}");
    }
    // Nothing of the rows is left beside the models.
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap_or_else(|e| panic!("{e}")).flatten().collect();
    assert!(left.iter().all(|f| f.path().is_file()), "{left:?}");
}

#[test]
fn the_same_file_and_seed_give_the_same_model_within_the_same_memory() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let data = path("data.csv");
    write_table(Path::new(&data), 60_000, 3);
    let model = |name: &str| {
        fit(&data, "24MB", &path(name));
        std::fs::read(path(name)).unwrap_or_else(|e| panic!("{e}"))
    };
    assert!(model("one.trellis") == model("two.trellis"));
}

#[test]
fn an_interrupted_reading_leaves_the_model_of_the_search() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let (data, out) = (folder.path().join("data.csv"), folder.path().join("model.trellis"));
    write_table(&data, 60_000, 4);
    let (data, model) = (data.to_string_lossy().into_owned(), out.to_string_lossy().into_owned());
    let fit = ["fit", &data, "--target", "answer", "--learner", "gbt", "--max-trials", "2", "--seed", "7"];
    let mut command = trellis(&[&fit[..], &["--max-memory", "24MB", "--out", &model]].concat());
    let child =
        command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{e}"));
    // The model of the search is there before the rows are read.
    until("the model of the search", || std::fs::metadata(&out).ok().filter(|m| m.len() > 0));
    signal("INT", &child.id().to_string());
    let done = child.wait_with_output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success() && said.contains("the search's own model is kept"), "{said}");
    // The board and the verdict are told as ever.
    assert!(String::from_utf8_lossy(&done.stdout).contains("Gradient boosting"), "{said}");
    assert!(auc(&model, &data) > 0.6);
    let left: Vec<_> = std::fs::read_dir(folder.path()).unwrap_or_else(|e| panic!("{e}")).flatten().collect();
    assert!(left.iter().all(|f| f.path().is_file()), "{left:?}");
}
