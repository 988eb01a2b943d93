//! Runs of the server on a table that their memory does not hold: the server never holds it, the model is the command
//! line's, and it is so too where the server or a child is killed on the way.
//!
//! `TRELLIS_ROWS=5200000 TRELLIS_MEMORY=300` tries a gigabyte within 300 MB; `TRELLIS_BINARY` names the binary. The figures
//! are printed.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use automl_core::engine::{Header, ModelArtifact};
use common::large::{auc, most_mb, write_parquet, write_table};
use common::{Project, Server, Told, path, run, times, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// Rows of the table in tests that only ask what becomes of it.
const ROWS: u64 = 90_000;
const MEMORY: &str = "30MB";
const TRIALS: u32 = 2;

/// A folder with a table, and a server whose runs may take little.
struct Here {
    folder: tempfile::TempDir,
    /// Name of the table.
    name: &'static str,
    arguments: Vec<String>,
    server: Server,
    project: Project,
    dataset: String,
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

impl Here {
    fn new(rows: u64, memory: &str, more: &[&str]) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        write_table(&folder.path().join("data.csv"), rows, 3);
        Self::within(folder, "data.csv", memory, more)
    }

    fn within(folder: tempfile::TempDir, name: &'static str, memory: &str, more: &[&str]) -> Self {
        let arguments = [&["--workers", "2", "--run-memory", memory], more].concat();
        let server = Server::start(&folder.path().join("kept"), &arguments);
        let project = server.project();
        let dataset = project.upload(&server, name, &read(&folder.path().join(name)));
        let arguments = arguments.into_iter().map(str::to_owned).collect();
        Self { folder, name, arguments, server, project, dataset }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn begin(&self) -> String {
        let request = json!({ "target": "answer", "learners": ["gbt"], "max_trials": TRIALS, "seed": 7 });
        let task = json!({ "kind": "study", "dataset": self.dataset, "request": request });
        self.project.begin(&self.server, &json!({ "task": task }))
    }

    /// What `trellis fit` makes of the same search.
    fn fit(&self, memory: &str) -> Vec<u8> {
        let (data, out) = (path(&self.at(self.name)), path(&self.at("fit.trellis")));
        let fit = ["fit", &data, "--target", "answer", "--learner", "gbt", "--seed", "7", "--quiet"];
        run(&[&fit[..], &["--max-trials", &TRIALS.to_string(), "--max-memory", memory, "--out", &out]]
            .concat());
        read(Path::new(&out))
    }

    /// Kills the server with all that belongs to it, and starts another.
    fn kill(&mut self) {
        self.server.process.kill();
        let arguments: Vec<&str> = self.arguments.iter().map(String::as_str).collect();
        self.server = Server::start(&self.at("kept"), &arguments);
    }

    /// Waits until a run tells something after another event.
    fn hear(&self, run: &str, mut after: i64, is: impl Fn(&Told) -> bool) -> Told {
        let begun = Instant::now();
        loop {
            let told = self.project.events(&self.server, run, after, 1);
            let told =
                told.first().unwrap_or_else(|| panic!("it ended: {}", self.project.show(&self.server, run)));
            if is(told) {
                return told.clone();
            }
            after = told.id;
            assert!(begun.elapsed() < common::LIMIT, "{told:?}");
        }
    }

    /// Waits until a run learns from all rows.
    fn learns(&self, run: &str, after: i64) -> Told {
        self.hear(run, after, |told| {
            told.kind == "beyond" && told.data.to_string().contains("learning from all")
        })
    }

    /// The process that reads the table for a run.
    fn child(&self) -> Option<u32> {
        let all = std::fs::read_dir("/proc").unwrap_or_else(|e| panic!("{e}")).flatten();
        let mut found = all.filter_map(|entry| {
            let id: u32 = entry.file_name().to_str()?.parse().ok()?;
            let stat = std::fs::read_to_string(entry.path().join("stat")).ok()?;
            let parent: u32 = stat.rsplit_once(") ")?.1.split(' ').nth(1)?.parse().ok()?;
            let line = std::fs::read(entry.path().join("cmdline")).ok()?;
            let is_it = line.split(|b| *b == 0).nth(1) == Some(b"beyond");
            (parent == self.server.process.0.id() && is_it).then_some(id)
        });
        found.next()
    }

    /// The model of a run that is done, and what is to be known of it.
    fn done(&self, run: &str) -> (Vec<u8>, Value) {
        let model = self.project.model(&self.server, run);
        let shown = self.project.show(&self.server, run);
        let told = shown["outcome"]["diagnostics"][0].clone();
        assert_eq!(told["code"], "data.beyond_memory", "{shown}");
        let finished = self.project.events(&self.server, run, 0, usize::MAX);
        let finished: Vec<_> = finished.iter().filter(|told| told.kind == "finished").collect();
        assert_eq!(finished.len(), 1);
        let told_too = finished[0].data["verdict"]["diagnostics"].as_array().cloned().unwrap_or_default();
        assert!(told_too.contains(&told), "the page shows it: {told_too:?}");
        (model, told)
    }
}

fn header(model: &[u8]) -> Header {
    ModelArtifact::from_bytes(model).unwrap_or_else(|d| panic!("{d:?}")).header().clone()
}

fn header_rows(model: &[u8]) -> u64 {
    header(model).rows
}

#[test]
fn a_run_learns_from_a_table_that_the_server_never_holds() {
    let rows = u64::from(times("TRELLIS_ROWS", 180_000));
    let memory = format!("{}MB", times("TRELLIS_MEMORY", 40));
    let here = Here::new(rows, &memory, &[]);
    let bytes = std::fs::metadata(here.at("data.csv")).map_or(0, |m| m.len());
    let (before, begun) = (most_mb(here.server.process.0.id()), Instant::now());
    let id = here.begin();
    let mut child = 0;
    let shown = loop {
        child = child.max(here.child().map_or(0, most_mb));
        let shown = here.project.show(&here.server, &id);
        if !shown["ended"].is_null() {
            break shown;
        }
        std::thread::sleep(Duration::from_millis(20));
    };
    let most = most_mb(here.server.process.0.id());
    println!(
        "{rows} rows, {} MB, within {memory}: {} s, the server took {before} MB before and {most} MB at most, its child {child} MB",
        bytes / 1_000_000,
        begun.elapsed().as_secs()
    );
    assert_eq!(shown["state"], "done", "{shown}");
    let (model, told) = here.done(&id);
    let said = told["message"].as_str().unwrap_or_default();
    println!("{said}");
    assert!(said.contains("1 of 1 models (Gradient boosting) then learned from all"), "{said}");
    assert_eq!(header_rows(&model), rows);
    assert!(most - before < bytes / 1_000_000, "{before} to {most} MB: it held the table");
    let allowed = u64::from(times("TRELLIS_MEMORY", 40)) + 60;
    assert!((1..allowed).contains(&child), "{child} MB of {allowed}");

    assert!(model == here.fit(&memory), "the command line's model is another");
    write_table(&here.at("fresh.csv"), 20_000, 2);
    std::fs::write(here.at("run.trellis"), &model).unwrap_or_else(|e| panic!("{e}"));
    let auc = auc(&path(&here.at("run.trellis")), &path(&here.at("fresh.csv")));
    println!("AUC {auc:.4} on fresh rows");
    assert!(auc > 0.75, "{auc}");
    assert_eq!(here.child(), None);
}

#[test]
fn a_killed_server_draws_the_same_rows_and_ends_with_the_same_model() {
    let mut here = Here::new(ROWS, MEMORY, &[]);
    let id = here.begin();
    // While rows are drawn, while it searches, and while it learns from all rows.
    until("a child", || here.child());
    here.kill();
    let drawn = here.hear(&id, 0, |told| told.kind == "drawn");
    until("a trial", || (here.project.trials(&here.server, &id, "done") > 0).then_some(()));
    let before = here.project.show(&here.server, &id);
    here.kill();
    let again = here.hear(&id, drawn.id, |told| told.kind == "drawn");
    assert_eq!(drawn.data, again.data);
    let trials = |shown: &Value| {
        shown["trials"].as_array().map_or(0, |t| t.iter().filter_map(|t| t[1].as_u64()).sum())
    };
    here.learns(&id, again.id);
    let searched: u64 = trials(&here.project.show(&here.server, &id));
    assert!(searched >= trials(&before));
    here.kill();
    let third = here.hear(&id, again.id, |told| told.kind == "drawn");
    here.learns(&id, third.id);
    assert_eq!(trials(&here.project.show(&here.server, &id)), searched, "trials were made again");
    let (model, _) = here.done(&id);
    assert_eq!(header_rows(&model), ROWS);
    assert!(model == here.fit(MEMORY), "an undisturbed search gives another model");
}

#[test]
fn what_stops_the_training_leaves_the_model_of_the_search() {
    let here = Here::new(ROWS, MEMORY, &[]);
    let id = here.begin();
    here.learns(&id, 0);
    // It can be had already.
    let files = here.project.run(&id) + "/files";
    let files = here.server.get(&files).ok();
    assert_eq!(files["items"][0]["name"], "data.trellis", "{files}");
    let asked = Instant::now();
    assert_eq!(here.project.wish(&here.server, &id, "stop").status, 200);
    let (model, told) = here.done(&id);
    assert!(asked.elapsed() < Duration::from_secs(10), "{:?}", asked.elapsed());
    let said = told["message"].as_str().unwrap_or_default();
    assert!(said.contains("was stopped, so the search's own model is kept"), "{said}");
    assert!(header_rows(&model) < ROWS / 2);
    assert_eq!(here.child(), None);

    // A child that is killed is no reason to lose what was found.
    let id = here.begin();
    here.learns(&id, 0);
    let child = until("a child", || here.child());
    common::signal("KILL", &child.to_string());
    let (model, told) = here.done(&id);
    let said = told["message"].as_str().unwrap_or_default();
    assert!(said.contains("broke off (it was killed), so the search's own model is kept"), "{said}");
    assert_eq!(told["severity"], "warning", "{told}");
    assert!(header_rows(&model) < ROWS / 2);

    let id = here.begin();
    here.learns(&id, 0);
    assert_eq!(here.project.wish(&here.server, &id, "cancel").status, 200);
    assert_eq!(here.project.ended(&here.server, &id)["state"], "cancelled");
    assert_eq!(here.child(), None);
}

/// All files in a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let listed = std::fs::read_dir(folder).into_iter().flatten().flatten();
    listed.flat_map(|e| if e.path().is_dir() { below(&e.path()) } else { vec![e.path()] }).collect()
}

#[test]
fn rows_of_an_encrypted_project_lie_nowhere_as_they_are() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    write_table(&folder.path().join("data.csv"), ROWS, 3);
    let key = path(&folder.path().join("key"));
    run(&["new-key", "--out", &key]);
    let here = Here::within(folder, "data.csv", MEMORY, &["--key-file", &key]);
    // Some rows as text, and their first numbers as memory holds them.
    let data = String::from_utf8_lossy(&read(&here.at("data.csv"))).into_owned();
    let lines = || data.lines().skip(1).step_by(ROWS as usize / 12);
    let mut marks: Vec<Vec<u8>> = lines().map(|line| line.as_bytes()[..40].to_vec()).collect();
    let numbers = lines().filter_map(|line| line.split(',').next()?.parse::<f64>().ok());
    marks.extend(numbers.map(|x| x.to_le_bytes().to_vec()));
    let finders: Vec<_> = marks.iter().map(memchr::memmem::Finder::new).collect();
    assert!(finders.iter().take(12).all(|f| f.find(data.as_bytes()).is_some()));
    let seen = |bytes: &[u8]| finders.iter().any(|f| f.find(bytes).is_some());
    let all_sealed = |when: &str| {
        let kept: Vec<_> =
            below(&here.at("kept")).into_iter().filter_map(|f| Some((std::fs::read(&f).ok()?, f))).collect();
        let size: usize = kept.iter().map(|(bytes, _)| bytes.len()).sum();
        assert!(size > data.len(), "{when}");
        for (bytes, file) in kept {
            assert!(!seen(&bytes), "{when}: {}", file.display());
        }
    };
    // It was looked into although it does not lie as it came.
    let shown = here.server.get(&format!("{}/datasets/{}", here.project.0, here.dataset)).ok();
    let fitted = here.fit(MEMORY);
    let fingerprint = header(&fitted).fingerprint;
    assert_eq!(
        (&shown["about"]["rows"], &shown["about"]["fingerprint"]),
        (&json!(ROWS), &json!(fingerprint))
    );
    let id = here.begin();
    here.learns(&id, 0);
    let child = until("a child", || here.child());
    all_sealed("while it learns");
    // What the child has open, which has no name.
    let mut nameless = 0;
    for file in std::fs::read_dir(format!("/proc/{child}/fd")).into_iter().flatten().flatten() {
        let target = std::fs::read_link(file.path()).unwrap_or_default();
        if target.to_string_lossy().contains("(deleted)") && target.starts_with(here.at("kept")) {
            nameless += 1;
            assert!(!seen(&std::fs::read(file.path()).unwrap_or_default()));
        }
    }
    let (model, _) = here.done(&id);
    all_sealed("in the end");
    assert_eq!((nameless, header_rows(&model)), (1, ROWS));
    assert!(model == fitted);
}

#[test]
fn what_cannot_be_learned_from_in_parts_is_refused_before_it_is_held() {
    let here = Here::new(ROWS, MEMORY, &[]);
    let before = most_mb(here.server.process.0.id());
    let document = json!({ "format": "trellis.pipeline", "version": 1, "pipeline": { "title": "all", "nodes": {
        "in": { "kind": "source.file", "version": 1, "params": { "name": "data.csv" } } }, "wires": [] } });
    let task = json!({ "kind": "pipeline", "document": document, "data": { "data.csv": here.dataset } });
    let lines = "{\"x\": 1.5, \"answer\": \"yes\"}\n{\"x\": 2.5, \"answer\": \"no\"}\n".repeat(300_000);
    let lines = here.project.upload(&here.server, "rows.jsonl", lines.as_bytes());
    let request = json!({ "target": "answer", "max_trials": 2 });
    let other = json!({ "kind": "study", "dataset": lines, "request": request });
    for (task, named) in [(task, "this pipeline"), (other, "\"rows.jsonl\"")] {
        let id = here.project.begin(&here.server, &json!({ "task": task }));
        let shown = here.project.ended(&here.server, &id);
        let told = &shown["outcome"]["diagnostics"][0];
        assert_eq!((&shown["state"], &told["code"]), (&json!("failed"), &json!("run.too_large")), "{shown}");
        let said = format!("{} {}", told["message"], told["remedy"]).replace('\\', "");
        assert!(
            said.contains(named) && said.contains("30 MB of memory") && said.contains("--run-memory"),
            "{said}"
        );
    }
    // A question that cannot be answered is refused as it is of a small table.
    let request = json!({ "target": "nothing", "max_trials": 2 });
    let task = json!({ "kind": "study", "dataset": here.dataset, "request": request });
    let id = here.project.begin(&here.server, &json!({ "task": task }));
    let shown = here.project.ended(&here.server, &id);
    assert!(shown["state"] == "failed" && shown.to_string().contains("nothing"), "{shown}");
    // So are bytes that are not what was sent.
    let shown = here.server.get(&format!("{}/datasets/{}", here.project.0, here.dataset)).ok();
    let hash = common::text(&shown["blob"]);
    let file = here.at("kept").join("blobs").join(&hash[..2]).join(&hash);
    let mut bytes = read(&file);
    let last = bytes.len() - 3;
    bytes[last] ^= 1;
    let damage: [&dyn Fn() -> std::io::Result<()>; 2] =
        [&|| std::fs::write(&file, &bytes), &|| std::fs::remove_file(&file)];
    for damage in damage {
        damage().unwrap_or_else(|e| panic!("{e}"));
        let shown = here.project.ended(&here.server, &here.begin());
        let told = &shown["outcome"]["diagnostics"][0];
        assert_eq!((&shown["state"], &told["code"]), (&json!("failed"), &json!("run.no_data")), "{shown}");
    }
    let most = most_mb(here.server.process.0.id());
    assert!(most - before < 18, "{before} to {most} MB");
}

/// Only the columns that are wanted are brought to the child, from any place of the file.
#[test]
fn a_packed_table_is_learned_from_in_parts_too() {
    const LITTLE: &str = "23MB";
    const MOST_WHOLE: u64 = 23_000_000 / 5 * 2;
    let mut fitted = None;
    for is_sealed in [false, true] {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        let [csv, packed, key] = ["data.csv", "data.parquet", "key"].map(|name| folder.path().join(name));
        write_table(&csv, ROWS, 3);
        write_parquet(&csv, &packed);
        let size = std::fs::metadata(&packed).map_or(0, |m| m.len());
        run(&["new-key", "--out", &path(&key)]);
        let key = path(&key);
        let more: &[&str] = if is_sealed { &["--key-file", &key] } else { &[] };
        let here = Here::within(folder, "data.parquet", LITTLE, more);
        let about = here.server.get(&format!("{}/datasets/{}", here.project.0, here.dataset)).ok();
        let held = about["about"]["held"].as_u64().unwrap_or(0);
        assert!(size < MOST_WHOLE && held > MOST_WHOLE, "{size} bytes, {held} in memory: {about}");
        let id = here.begin();
        let (model, told) = here.done(&id);
        assert_eq!(header_rows(&model), ROWS, "{told}");
        let fitted = fitted.get_or_insert_with(|| here.fit(LITTLE));
        assert!(model == *fitted, "the command line's model is another");
    }
}
