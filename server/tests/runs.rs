//! Runs over the interface: what they give, and how they are steered.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Process, Project, Server, fit, run, sample, text, until, worker};
use serde_json::{Value, json};
use std::path::Path;

/// A server with a folder of its own.
struct Here {
    server: Server,
    project: Project,
    folder: tempfile::TempDir,
}

fn here(arguments: &[&str]) -> Here {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), arguments);
    let project = server.project();
    Here { server, project, folder }
}

#[test]
fn a_study_gives_the_model_that_the_command_gives() {
    let Here { folder: _folder, server, project } = here(&["--workers", "2"]);
    let id = project.begin(&server, &project.study(&server, 6));
    let head = project.events(&server, &id, 0, 2);
    let cut = head.last().map_or(0, |e| e.id);
    let tail = project.events(&server, &id, cut, usize::MAX);
    let all: Vec<_> = head.iter().chain(&tail).collect();
    assert!(all.windows(2).all(|w| w[0].id < w[1].id), "{all:?}");
    assert_eq!(all.last().map(|e| e.kind.as_str()), Some("ended"), "{all:?}");
    for kind in ["started", "finished"] {
        assert!(all.iter().any(|e| e.kind == kind), "no event {kind}: {all:?}");
    }
    // Of a board only the newest is kept, so one that comes late may miss some; the scores that it sees never fall.
    let sign = |b: &Value| if b["greater_is_better"] == true { 1.0 } else { -1.0 };
    let scores = all.iter().filter(|e| e.kind == "board").map(|e| &e.data["board"]);
    let scores: Vec<f64> = scores.filter_map(|b| Some(sign(b) * b["best_score"].as_f64()?)).collect();
    assert!(!scores.is_empty() && scores.windows(2).all(|w| w[0] <= w[1]), "{scores:?}");
    // Asked again from anywhere, the end is told, and after it nothing.
    assert_eq!(project.events(&server, &id, cut, usize::MAX).last(), all.last().copied());
    assert_eq!(project.events(&server, &id, all.last().map_or(0, |e| e.id), usize::MAX), []);

    let bytes = project.model(&server, &id);
    assert!(bytes == fit(6), "the server's model differs from the command's");
    let shown = project.show(&server, &id);
    assert_eq!(shown["best"].as_f64(), scores.last().copied());
    assert_eq!(shown["outcome"]["state"], "done", "{shown}");
    assert!(project.trials(&server, &id, "done") >= 6, "{shown}");
}

/// A card's trees are the processor's to the last bit, and the board says who grew them.
#[test]
fn trials_may_be_computed_on_a_graphics_card() {
    let Here { folder: _folder, server, project } = here(&["--workers", "1", "--backend", "gpu"]);
    let id = project.begin(&server, &project.study(&server, 4));
    let bytes = project.model(&server, &id);
    assert!(bytes == fit(4), "the card's model differs from the command's");
    let events = project.events(&server, &id, 0, usize::MAX);
    let board =
        events.iter().rfind(|e| e.kind == "finished").map_or(Value::Null, |e| e.data["board"].clone());
    let rows = board["rows"].as_array().cloned().unwrap_or_default();
    let why = |row: &Value| row["backend_reason"].as_str().unwrap_or_default().to_owned();
    assert!(rows.iter().any(|row| !why(row).is_empty()), "{board}");
    if rows.iter().any(|row| why(row).contains("no graphics card")) {
        println!("skipped: {rows:?}");
        return;
    }
    let on_card = |row: &Value| row["learner"] == "gbt" && row["backend"] == "gpu";
    assert!(rows.iter().any(on_card), "{rows:?}");

    // Without the wish nobody asks for one.
    let Here { folder: _other, server, project } = here(&["--workers", "1", "--backend", "cpu"]);
    let id = project.begin(&server, &project.study(&server, 2));
    project.ended(&server, &id);
    assert!(!format!("{:?}", project.events(&server, &id, 0, usize::MAX)).contains("\"gpu\""));
}

const PIPELINE: &str = r#"{
  "format": "trellis.pipeline",
  "version": 1,
  "pipeline": {
    "title": "Which loans go bad?",
    "nodes": {
      "loans": { "kind": "source.file", "version": 1, "params": { "name": "fraud.csv" } },
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
fn a_pipeline_gives_what_the_command_gives() {
    let Here { folder, server, project } = here(&["--workers", "2"]);
    let document: Value = serde_json::from_str(PIPELINE).unwrap_or_default();
    let bytes = std::fs::read(sample("fraud.csv")).unwrap_or_else(|e| panic!("{e}"));
    let dataset = project.upload(&server, "fraud.csv", &bytes);

    let path = folder.path().join("loans.trellis.json");
    std::fs::write(&path, PIPELINE).unwrap_or_else(|e| panic!("{e}"));
    let out = folder.path().join("out");
    let data = sample("fraud.csv");
    let [path, out, data] =
        [&path, &out, &data].map(|p: &std::path::PathBuf| p.to_string_lossy().into_owned());
    let said: Value = serde_json::from_str(&run(&["run", &path, "--data", &data, "--out", &out, "--json"]))
        .unwrap_or_default();
    let nodes = said["plan"]["nodes"].as_object().cloned().unwrap_or_default();
    let wants = "file:fraud.csv";

    let work = json!({ "kind": "pipeline", "document": document, "data": { wants: dataset } });
    let id = project.begin(&server, &json!({ "task": work }));
    let told = project.events(&server, &id, 0, usize::MAX);
    let shown = project.show(&server, &id);
    assert_eq!(shown["state"], "done", "{shown}");
    assert_eq!(nodes.len(), 6, "{said}");
    for (node, view) in nodes {
        let last = told.iter().rfind(|e| e.kind == "node" && e.data["tell"]["node"] == *node);
        let server_view = last.map(|e| &e.data["tell"]["view"]).unwrap_or(&Value::Null);
        for field in ["state", "text", "digest"] {
            assert_eq!(server_view[field], view[field], "{field} of {node}: {told:?}");
        }
    }
    let files = server.get(&format!("{}/files", project.run(&id))).ok();
    let names: Vec<String> =
        files["items"].as_array().into_iter().flatten().map(|f| text(&f["name"])).collect();
    for name in ["loans.trellis", "report.html"] {
        assert!(names.iter().any(|n| n == name), "{names:?}");
        let bytes = server.get(&format!("{}/files/{name}", project.run(&id))).body;
        assert!(std::fs::read(Path::new(&out).join(name)).unwrap_or_default() == bytes, "{name} differs");
    }
}

#[test]
fn a_pipeline_that_is_stopped_keeps_what_was_done() {
    // Where nobody computes, tables are divided and nothing is trained.
    let Here { folder: _folder, server, project } = here(&["--workers", "0"]);
    let document: Value = serde_json::from_str(PIPELINE).unwrap_or_default();
    let bytes = std::fs::read(sample("fraud.csv")).unwrap_or_else(|e| panic!("{e}"));
    let dataset = project.upload(&server, "fraud.csv", &bytes);
    let work = json!({ "kind": "pipeline", "document": document, "data": { "file:fraud.csv": dataset } });
    let id = project.begin(&server, &json!({ "task": work }));
    until("a trial in line", || (project.trials(&server, &id, "queued") > 0).then_some(()));
    assert_eq!(project.wish(&server, &id, "stop").status, 200);
    let shown = project.ended(&server, &id);
    assert_eq!(shown["state"], "cancelled", "{shown}");
    let told = project.events(&server, &id, 0, usize::MAX);
    let split = told.iter().rfind(|e| e.kind == "node" && e.data["tell"]["node"] == "split");
    let key = split.map(|e| text(&e.data["tell"]["view"]["key"])).unwrap_or_default();
    let file = server.get(&format!("{}/files/result/{key}", project.run(&id)));
    assert_eq!((file.status, file.body.is_empty()), (200, false), "{key}");
}

#[test]
fn a_document_or_data_that_cannot_be_used_is_told() {
    let Here { folder: _folder, server, project } = here(&["--workers", "1"]);
    let study = project.study(&server, 4);
    let runs = format!("{}/runs", project.0);
    let mut wrong = study.clone();
    wrong["task"]["dataset"] = "nothing".into();
    assert_eq!(server.json("POST", &runs, &wrong).json()["pointer"], "/task/dataset");
    let mut endless = study.clone();
    endless["task"]["request"]["max_trials"] = Value::Null;
    assert_eq!(server.json("POST", &runs, &endless).status, 422);
    let mut population = study.clone();
    population["task"]["request"]["populations"] = true.into();
    let refused = server.json("POST", &runs, &population);
    assert_eq!((refused.status, &refused.json()["pointer"]), (422, &"/task/request/populations".into()));
    let search = json!({ "kind": "automl.search", "version": 1, "params": { "populations": true } });
    let mut document: Value = serde_json::from_str(PIPELINE).unwrap_or_default();
    document["pipeline"]["nodes"]["s"] = search;
    let refused =
        server.json("POST", &runs, &json!({ "task": { "kind": "pipeline", "document": document } }));
    let place = "/task/document/pipeline/nodes/s/params/populations";
    assert_eq!((refused.status, &refused.json()["pointer"]), (422, &place.into()));
    let mut early = study.clone();
    early["priority"] = 101.into();
    assert_eq!(server.json("POST", &runs, &early).json()["pointer"], "/priority");

    let mut untrue = study;
    untrue["task"]["request"]["target"] = "nobody".into();
    let id = project.begin(&server, &untrue);
    let shown = project.ended(&server, &id);
    assert_eq!(shown["state"], "failed", "{shown}");
    let told = &shown["outcome"]["diagnostics"][0];
    assert!(text(&told["message"]).contains("nobody") && !text(&told["remedy"]).is_empty(), "{shown}");
}

/// Trials of a search that does not end by itself while it is looked at.
const MANY: u32 = 400;

#[test]
fn runs_are_steered() {
    // Nothing is computed until a worker comes.
    let Here { folder: _folder, server, project } = here(&["--workers", "0"]);
    let study = project.study(&server, MANY);
    let ended = project.begin(&server, &study);
    let paused = project.begin(&server, &study);
    let stopped = project.begin(&server, &study);
    for id in [&ended, &paused, &stopped] {
        until("trials in line", || (project.trials(&server, id, "queued") > 0).then_some(()));
    }
    assert_eq!(project.wish(&server, &ended, "cancel").status, 200);
    let shown = project.ended(&server, &ended);
    assert_eq!(
        (&shown["state"], project.trials(&server, &ended, "queued")),
        (&json!("cancelled"), 0),
        "{shown}"
    );
    assert_eq!(project.wish(&server, &ended, "go_on").status, 409);

    assert_eq!(project.wish(&server, &paused, "pause").status, 200);
    assert_eq!(server.json("PATCH", &project.run(&stopped), &json!({ "priority": 9 })).status, 200);
    // Of those in line, the most urgent comes first.
    let me = json!({ "id": "0".repeat(26), "name": "by hand", "slots": 1 });
    let claimed = server.json("POST", "/api/v1/trials/claim", &me).ok();
    assert_eq!(claimed["claim"]["run"], stopped.as_str(), "{claimed}");
    assert_eq!(server.json("POST", "/api/v1/trials/release", &claimed["claim"]).status, 204);

    let token = server.token("worker");
    let _worker: Process = worker(&server, &token, &["--slots", "2"]);
    // Folds of other models may be done first.
    until("a model", || project.show(&server, &stopped)["best"].is_number().then_some(()));
    assert_eq!(project.wish(&server, &stopped, "stop").status, 200);
    assert!(project.model(&server, &stopped).starts_with(b"TRELLIS\n"));
    let done = project.trials(&server, &stopped, "done");
    assert!(done < u64::from(MANY), "it was not stopped: {done} trials");

    // What was in line when it paused is computed, and nothing after.
    until("nothing in line", || {
        let open = project.trials(&server, &paused, "queued") + project.trials(&server, &paused, "claimed");
        (open == 0).then_some(())
    });
    let before = project.trials(&server, &paused, "done");
    let other = project.begin(&server, &project.study(&server, 4));
    project.model(&server, &other);
    assert_eq!((project.trials(&server, &paused, "done"), before < u64::from(MANY)), (before, true));
    assert_eq!(project.show(&server, &paused)["state"], "running");
    assert_eq!(project.wish(&server, &paused, "go_on").status, 200);
    until("more trials", || (project.trials(&server, &paused, "done") > before).then_some(()));
    assert_eq!(project.wish(&server, &paused, "cancel").status, 200);
    assert_eq!(project.ended(&server, &paused)["state"], "cancelled");
}

/// What was deleted meanwhile is told, and not tried for ever.
#[test]
fn a_run_whose_data_are_gone_fails() {
    let Here { folder: _folder, server, project } = here(&["--workers", "0"]);
    let study = project.study(&server, 4);
    let first: Vec<String> = (0..4).map(|_| project.begin(&server, &study)).collect();
    for id in &first {
        until("trials in line", || (project.trials(&server, id, "queued") > 0).then_some(()));
    }
    // As many are driven as may be at once, so this one waits.
    let late = project.begin(&server, &study);
    let dataset = format!("{}/datasets/{}", project.0, text(&study["task"]["dataset"]));
    let deleted = server.ask("DELETE", &dataset, &[], &[]);
    assert_eq!(deleted.status, 204, "{deleted}");
    assert_eq!(project.wish(&server, &first[0], "cancel").status, 200);
    let shown = project.ended(&server, &late);
    assert_eq!(shown["outcome"]["diagnostics"][0]["code"], "run.no_data", "{shown}");
}

/// Those that pause keep nobody waiting.
#[test]
fn paused_runs_hold_up_no_others() {
    let Here { folder: _folder, server, project } = here(&["--workers", "1"]);
    let study = project.study(&server, 500);
    for _ in 0..5 {
        let id = project.begin(&server, &study);
        assert_eq!(project.wish(&server, &id, "pause").status, 200);
    }
    let id = project.begin(&server, &project.study(&server, 4));
    project.model(&server, &id);
}

#[test]
fn requests_are_done_once_and_open_runs_are_counted() {
    let Here { folder: _folder, server, project } = here(&["--workers", "0"]);
    let study = project.study(&server, 4);
    let runs = format!("{}/runs", project.0);
    let key = ["Idempotency-Key: one"];
    let first = server.json_with("POST", &runs, &key, &study);
    assert_eq!(first.status, 202, "{first}");
    let again = server.json_with("POST", &runs, &key, &study);
    assert_eq!((again.status, again.json()["id"].clone()), (202, first.json()["id"].clone()));
    let mut other = study.clone();
    other["priority"] = 1.into();
    assert_eq!(server.json_with("POST", &runs, &key, &other).status, 422);
    assert_eq!(server.get(&runs).ok()["items"].as_array().map(Vec::len), Some(1));

    // Whoever sends the same at the same time is not served twice.
    let at_once: Vec<u16> = std::thread::scope(|scope| {
        let send = || server.json_with("POST", &runs, &["Idempotency-Key: two"], &study).status;
        let all: Vec<_> = (0..8).map(|_| scope.spawn(send)).collect();
        all.into_iter().map(|t| t.join().unwrap_or(0)).collect()
    });
    assert!(at_once.iter().all(|s| [202, 409].contains(s)), "{at_once:?}");
    assert_eq!(server.get(&runs).ok()["items"].as_array().map(Vec::len), Some(2));

    let statuses: Vec<u16> = (2..33).map(|_| server.json("POST", &runs, &study).status).collect();
    assert_eq!(
        (statuses.iter().filter(|s| **s == 202).count(), statuses.last()),
        (30, Some(&429)),
        "{statuses:?}"
    );
    let id = text(&first.json()["id"]);
    assert_eq!(project.wish(&server, &id, "cancel").status, 200);
    project.ended(&server, &id);
    assert_eq!(server.json("POST", &runs, &study).status, 202, "one that has ended does not count");
}

/// Too little memory to compute anything: each trial has its three attempts, and the server lives.
#[test]
fn trials_that_break_down_are_given_up() {
    let Here { folder: _folder, server, project } = here(&["--workers", "1", "--trial-memory", "20MB"]);
    // More rows than fit into what the process has from its beginning, which no cap takes from it.
    let rows: String = (0..60_000).map(|i| format!("{},{},{}\n", i % 97, (i * 31) % 1009, i % 2)).collect();
    let dataset = project.upload(&server, "rows.csv", format!("a,b,y\n{rows}").as_bytes());
    let request = json!({ "target": "y", "max_trials": 4, "seed": 7, "reproducible": true });
    let id = project
        .begin(&server, &json!({ "task": { "kind": "study", "dataset": dataset, "request": request } }));
    let shown = project.ended(&server, &id);
    assert_eq!(shown["state"], "failed", "{shown}");
    assert!(project.trials(&server, &id, "poisoned") > 0, "{shown}");
    let told = &shown["outcome"]["diagnostics"][0];
    assert!(!text(&told["message"]).is_empty() && !text(&told["remedy"]).is_empty(), "{shown}");
    assert!(shown.to_string().contains("memory"), "it does not say why: {shown}");
    assert_eq!(server.get("/readyz").status, 200);
}

/// One trial that breaks down each time costs the run that trial and no more.
#[test]
fn a_run_goes_on_without_a_trial_that_breaks_down() {
    let Here { folder: _folder, server, project } = here(&["--workers", "0"]);
    let me = json!({ "id": "0".repeat(26), "name": "by hand", "slots": 2 });
    assert_eq!(server.json("POST", "/api/v1/trials/announce", &me).status, 204);
    let run = project.begin(&server, &project.study(&server, 6));
    let claim = || {
        let claimed = until("a trial", || {
            let answer = server.json("POST", "/api/v1/trials/claim", &me);
            (answer.status == 200).then(|| answer.json())
        });
        claimed["claim"].clone()
    };
    // The first is what all others are compared with; the second is a learner's.
    let (first, mut broken) = (claim(), claim());
    let job = broken["job"].clone();
    for attempt in 1..=3 {
        assert_eq!(broken["job"], job, "it comes again until it was tried three times");
        let mut told = broken.clone();
        told["error"] = "it took more memory than a trial may have".into();
        assert_eq!(server.json("POST", "/api/v1/trials/fail", &told).status, 204, "attempt {attempt}");
        if attempt < 3 {
            broken = claim();
        }
    }
    assert_eq!(project.trials(&server, &run, "poisoned"), 1);
    let renewed = server.json("POST", "/api/v1/trials/renew", &broken);
    assert_eq!(renewed.status, 409, "nobody computes it any more: {renewed}");
    assert_eq!(server.json("POST", "/api/v1/trials/release", &first).status, 204);

    let token = server.token("worker");
    let _worker: Process = worker(&server, &token, &["--slots", "2"]);
    let model = project.model(&server, &run);
    assert!(model.starts_with(b"TRELLIS\n"));
    let shown = project.show(&server, &run);
    assert_eq!((project.trials(&server, &run, "poisoned"), &shown["state"]), (1, &json!("done")), "{shown}");
    let told = project.events(&server, &run, 0, usize::MAX);
    let finished = told.iter().find(|e| e.kind == "finished").unwrap_or_else(|| panic!("{told:?}"));
    let trials = finished.data["board"]["rows"].as_array().cloned().unwrap_or_default();
    let failed: Vec<_> = trials.iter().filter(|t| t["state"] == "failed").collect();
    assert_eq!(failed.len(), 1, "{trials:?}");
    assert!(failed[0].to_string().contains("took more memory"), "it does not say why: {}", failed[0]);
    assert!(trials.iter().filter(|t| t["state"] == "done").count() >= 4, "{trials:?}");
}
