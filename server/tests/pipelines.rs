//! Pipelines on the command line.

use std::path::Path;
use std::process::Command;

fn trellis(arguments: &[&str]) -> (i32, String, String) {
    let done = Command::new(env!("CARGO_BIN_EXE_trellis")).args(arguments).output();
    let done = done.unwrap_or_else(|e| panic!("the binary cannot be started: {e}"));
    let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
    (done.status.code().unwrap_or(-1), text(&done.stdout), text(&done.stderr))
}

/// A file, a split, a learner, an evaluation of the other rows, and two exports.
const PIPELINE: &str = r#"{
  "format": "trellis.pipeline",
  "version": 1,
  "pipeline": {
    "title": "Which loans go bad?",
    "nodes": {
      "loans": { "kind": "source.file", "version": 1, "params": { "name": "loans.csv" } },
      "split": { "kind": "table.split", "version": 1 },
      "learn": { "kind": "learner.logistic", "version": 1, "params": { "target": "outcome" } },
      "evaluate": { "kind": "model.evaluate", "version": 1 },
      "model": { "kind": "export.model", "version": 1, "params": { "name": "loans" } },
      "report": { "kind": "export.report", "version": 1 }
    },
    "wires": [
      ["loans", "table", "split", "table"], ["split", "train", "learn", "table"],
      ["learn", "model", "evaluate", "model"], ["split", "test", "evaluate", "table"],
      ["learn", "model", "model", "model"], ["evaluate", "report", "report", "report"]
    ]
  }
}"#;

#[test]
fn a_pipeline_is_run_asserted_and_exported() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let path = |name: &str| folder.path().join(name).to_string_lossy().into_owned();
    let pipeline = path("loans.trellis.json");
    std::fs::write(&pipeline, PIPELINE).unwrap_or_else(|e| panic!("{e}"));
    let data = Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/samples/fraud.csv");
    let data = data.to_string_lossy().into_owned();

    let (code, out, err) = trellis(&["run", &pipeline]);
    assert_eq!((code, out.as_str()), (1, ""), "{err}");
    assert!(
        err.contains("error: \"loans\" wants the file loans.csv") && err.contains("help: give it"),
        "{err}"
    );

    let (one, two) = (path("one"), path("two"));
    let named = format!("loans={data}");
    let (code, out, err) =
        trellis(&["run", &pipeline, "--data", &named, "--out", &one, "--assert", "auc>=0.6"]);
    assert_eq!(code, 0, "{err}");
    assert!(out.contains("evaluate") && out.contains("ROC AUC") && out.contains("wrote"), "{out}");
    let (code, _, err) =
        trellis(&["run", &pipeline, "--data", &data, "--out", &two, "--threads", "1", "--quiet"]);
    assert_eq!(code, 0, "{err}");
    let read = |folder: &str, name: &str| std::fs::read(Path::new(folder).join(name)).unwrap_or_default();
    assert!(read(&one, "loans.trellis").starts_with(b"TRELLIS\n"));
    assert!(read(&one, "loans.trellis") == read(&two, "loans.trellis"), "threads changed the model");
    assert!(read(&one, "report.html").starts_with(b"<!doctype html>"));

    let (code, _, err) =
        trellis(&["run", &pipeline, "--data", &named, "--assert", "evaluate:auc>=0.999", "--quiet"]);
    assert_eq!(code, 1);
    assert!(err.contains("error: evaluate: roc_auc is 0.") && err.contains(">= 0.999"), "{err}");
    let (code, _, err) = trellis(&["run", &pipeline, "--data", "nobody=x.csv"]);
    assert!(code == 1 && err.contains("no node \"nobody\""), "{err}");
}

#[test]
fn addresses_are_not_asked_and_faults_are_told() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let write = |name: &str, text: &str| {
        let path = folder.path().join(name);
        std::fs::write(&path, text).unwrap_or_else(|e| panic!("{e}"));
        path.to_string_lossy().into_owned()
    };
    let url = write(
        "url.json",
        r#"{"format":"trellis.pipeline","version":1,"pipeline":{"title":"","nodes":{"far":{"kind":"source.url","version":1,"params":{"url":"https://example.com/a.csv"}}},"wires":[]}}"#,
    );
    let (code, _, err) = trellis(&["run", &url]);
    assert!(code == 1 && err.contains("download it and give it with --data far=FILE"), "{err}");
    let bad = write(
        "bad.json",
        r#"{"format":"trellis.pipeline","version":1,"pipeline":{"title":"","nodes":{"split":{"kind":"table.split","version":1,"params":{"share":7}}},"wires":[]}}"#,
    );
    let (code, _, err) = trellis(&["run", &bad]);
    assert!(code == 1 && err.starts_with("error: split."), "{err}");
    let (code, _, err) = trellis(&["run", &write("none.json", "a,b\n1,2\n")]);
    assert!(code == 1 && err.contains("help: "), "{err}");
}

#[test]
fn kinds_are_documented() {
    let (code, out, _) = trellis(&["kinds"]);
    assert!(code == 0 && out.contains("automl.search") && out.contains("learner.gbt"), "{out}");
    let (code, out, _) = trellis(&["kinds", "learner.gbt"]);
    assert!(code == 0 && out.contains("max_leaves") && out.contains("required"), "{out}");
    let (code, out, _) = trellis(&["kinds", "--json"]);
    let kinds: serde_json::Value = serde_json::from_str(&out).unwrap_or_default();
    assert!(code == 0 && kinds.as_array().is_some_and(|k| k.len() > 30), "{out}");
    assert_eq!(trellis(&["kinds", "none"]).0, 1);
}
