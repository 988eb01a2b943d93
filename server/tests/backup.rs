//! Backups: written while a server works, and restored whole or not at all.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Project, Server, fit, path, refused, run, text, until};
use serde_json::{Value, json};
use std::path::{Path, PathBuf};

const TRIALS: u32 = 8;

/// A pipeline that says little.
pub const PIPELINE: &str =
    r#"{"format":"trellis.pipeline","version":1,"pipeline":{"title":"Loans","nodes":{},"wires":[]}}"#;

/// The files in a folder, by name.
fn names(folder: &Path) -> Vec<String> {
    let all = std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{e}")).flatten();
    let mut all: Vec<String> = all.map(|f| f.file_name().to_string_lossy().into_owned()).collect();
    all.sort();
    all
}

/// All files below a folder.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        if path.is_dir() { out.extend(below(&path)) } else { out.push(path) }
    }
    out
}

/// A project with a pipeline, a finished run, a model of it and a link to it: the run, the model, the link's path.
fn filled(server: &Server, project: &Project) -> (String, String, String) {
    let saved = server.ask(
        "PUT",
        &format!("{}/pipeline", project.0),
        &["Content-Type: application/json", "If-None-Match: *"],
        PIPELINE.as_bytes(),
    );
    assert_eq!(saved.status, 200, "{saved}");
    let id = project.begin(server, &project.study(server, TRIALS));
    project.model(server, &id);
    let files = server.get(&format!("{}/files", project.run(&id))).ok();
    let named = |f: &&Value| text(&f["name"]).ends_with(".trellis");
    let name =
        text(&files["items"].as_array().and_then(|all| all.iter().find(named)).expect("a model")["name"]);
    let path = format!("{}/models?name=loans&run={id}&file={name}", project.0);
    let made = server.ask("POST", &path, &[], &[]).ok();
    let model = text(&made["id"]);
    let link = json!({ "target": format!("model/{model}"), "rights": "predict", "title": "Loans" });
    let link = server.json("POST", &format!("{}/links", project.0), &link).ok();
    (id, model, text(&link["path"]))
}

#[test]
fn what_was_backed_up_while_it_worked_goes_on_elsewhere() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup.zip"));
    std::fs::create_dir(&data).unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(&data, &["--workers", "1"]);
    let project = server.project();
    let (done, model, link) = filled(&server, &project);
    let going = project.begin(&server, &project.study(&server, 2 * TRIALS));
    until("a trial", || (project.trials(&server, &going, "done") > 0).then_some(()));
    let said = run(&["backup", "--data-dir", &path(&data), "--out", &path(&backup)]);
    assert!(said.contains("wrote ") && said.contains(" files "), "{said}");
    let asked = ["", "/pipeline", "/datasets", "/models", "/members"].map(|p| format!("{}{p}", project.0));
    let before = asked.clone().map(|p| server.get(&p).ok());
    // What comes after the backup is not in it.
    let late = project.begin(&server, &project.study(&server, TRIALS));
    drop(server);

    let there = folder.path().join("there");
    let said = run(&["restore", &path(&backup), "--data-dir", &path(&there)]);
    assert!(said.starts_with("restored "), "{said}");
    let server = Server::start(&there, &["--workers", "1"]);
    assert_eq!(asked.map(|p| server.get(&p).ok()), before);
    assert!(project.model(&server, &done) == fit(TRIALS), "the model is another");
    let content = format!("{}/models/{model}/versions/1/content", project.0);
    assert!(server.get(&content).body == fit(TRIALS), "the model is another");
    assert_eq!(server.get(&link).status, 200);
    assert_eq!(server.get(&project.run(&late)).status, 404);
    // The run that was under way goes on, and comes to the same.
    assert!(project.model(&server, &going) == fit(2 * TRIALS), "the model is another");
    assert_eq!(server.get("/api/v1/audit").ok()["broken_at"], Value::Null);

    // Nothing is written over: not the backup, not the folder.
    let said = refused(&["backup", "--data-dir", &path(&there), "--out", &path(&backup)]);
    assert!(said.contains("is there already"), "{said}");
    let said = refused(&["restore", &path(&backup), "--data-dir", &path(&there)]);
    assert!(said.contains("is not empty"), "{said}");
    assert_eq!(names(folder.path()), ["backup.zip", "data", "there"], "nothing is left behind");
}

#[test]
fn a_backup_that_is_broken_or_forged_changes_nothing() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let (data, backup) = (folder.path().join("data"), folder.path().join("backup.zip"));
    std::fs::create_dir(&data).unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(&data, &["--workers", "0"]);
    let project = server.project();
    let blob = project.upload(&server, "a.csv", b"a,b\n1,2\n3,4\n");
    assert!(!blob.is_empty());
    drop(server);
    run(&["backup", "--data-dir", &path(&data), "--out", &path(&backup)]);
    let sound = std::fs::read(&backup).unwrap_or_else(|e| panic!("{e}"));
    let (there, other) = (folder.path().join("there"), folder.path().join("other.zip"));
    let restore = |bytes: &[u8]| {
        std::fs::write(&other, bytes).unwrap_or_else(|e| panic!("{e}"));
        let said = refused(&["restore", &path(&other), "--data-dir", &path(&there)]);
        assert_eq!(names(folder.path()), ["backup.zip", "data", "other.zip"], "something was left: {said}");
        said
    };
    let length = sound.len();
    for cut in [0, 1, 30, length / 4, length / 2, length - 23, length - 1] {
        restore(&sound[..cut]);
    }
    // A byte is changed here and there: in heads, the manifest, the database, the blob and the list at the end.
    let find = |text: &[u8]| sound.windows(text.len()).position(|w| w == text).expect("it is in there");
    for at in
        [0, find(b"database_hash") + 20, find(b"SQLite format 3") + 5_000, find(b"1,2\n3,4"), length - 40]
    {
        let mut changed = sound.clone();
        changed[at] ^= 1;
        restore(&changed);
    }
    // A blob of the right length and sum whose bytes are not what its name says is found by its hash; here the names
    // are changed, in its head and in the list.
    let (one, two) = (find(b"blobs/"), sound.windows(6).rposition(|w| w == b"blobs/").expect("listed"));
    let mut renamed = sound.clone();
    for at in [one, two] {
        renamed[at + 6] = if sound[one + 6] == b'0' { b'1' } else { b'0' };
    }
    let said = restore(&renamed);
    assert!(said.contains("is not what its name says"), "{said}");
    assert!(restore(b"PK").contains("it is no archive"));

    // A folder whose files are damaged or gone gives no backup.
    let mut found = below(&data.join("blobs"));
    found.retain(|path| path.file_name().is_some_and(|name| name.len() == 64));
    let [file] = &found[..] else { panic!("{found:?}") };
    std::fs::write(file, b"a,b\n1,2\n3,5\n").unwrap_or_else(|e| panic!("{e}"));
    std::fs::remove_file(&other).unwrap_or_else(|e| panic!("{e}"));
    let arguments = ["backup", "--data-dir", &path(&data), "--out", &path(&other)];
    assert!(refused(&arguments).contains("its bytes have changed"));
    std::fs::remove_file(file).unwrap_or_else(|e| panic!("{e}"));
    assert!(refused(&arguments).contains("there is no blob"));
    assert_eq!(names(folder.path()), ["backup.zip", "data"]);
}

#[test]
fn what_cannot_be_backed_up_here_is_said() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let (data, out) = (path(folder.path()), path(&folder.path().join("b.zip")));
    let said = refused(&["backup", "--data-dir", &data, "--out", &out]);
    assert!(said.contains("there is no trellis.db"), "{said}");
    let said = refused(&["backup", "--data-dir", &data, "--database", "postgres://a@b/c", "--out", &out]);
    assert!(said.contains("pg_dump") && said.contains("blobs"), "{said}");
}
