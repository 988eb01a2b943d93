//! Encrypted projects: who has the disk or a backup without the key reads nothing, and who has the key misses nothing.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::cluster::Cluster;
use common::{Project, Server, change, path, refused, run, sample, text, trellis, until, worker};
use serde_json::{Value, json};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

/// What stands in the table and nowhere else, and the column that it stands in.
const MARKER: &str = "Zq7marker";
const COLUMN: &str = "zq7_column";
const TRIALS: u32 = 4;
/// No file.
const NOWHERE: [PathBuf; 0] = [];

struct Here {
    folder: tempfile::TempDir,
    key: String,
}

impl Here {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        let key = path(&folder.path().join("key"));
        run(&["new-key", "--out", &key]);
        Self { folder, key }
    }

    fn at(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn data(&self) -> PathBuf {
        self.at("data")
    }

    fn start(&self, workers: &str) -> Server {
        Server::start(&self.data(), &["--key-file", &self.key, "--workers", workers])
    }

    /// What a server says that does not start.
    fn refused(&self, arguments: &[&str]) -> String {
        let data = path(&self.data());
        refused(&[&["serve", "--port", "0", "--data-dir", &data], arguments].concat())
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

/// The sample, with the marker in each row.
fn table() -> Vec<u8> {
    let sample = String::from_utf8_lossy(&read(&sample("recurrence.csv"))).into_owned();
    let lines = sample.lines().enumerate().map(|(i, line)| match i {
        0 => format!("{COLUMN},{line}\n"),
        _ => format!("{MARKER}{},{line}\n", i % 5),
    });
    lines.collect::<String>().into_bytes()
}

/// All files below a folder, in order.
fn below(folder: &Path) -> Vec<PathBuf> {
    let mut out = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap_or_else(|e| panic!("{e}")).flatten() {
        let path = entry.path();
        if path.is_dir() { out.extend(below(&path)) } else { out.push(path) }
    }
    out.sort();
    out
}

fn holds(bytes: &[u8], what: &[u8]) -> bool {
    bytes.windows(what.len()).any(|part| part == what)
}

/// Files below a folder that hold something.
fn holding(folder: &Path, what: &[u8]) -> Vec<PathBuf> {
    below(folder).into_iter().filter(|path| holds(&read(path), what)).collect()
}

/// The files of blobs below a data folder.
fn blobs(data: &Path) -> Vec<PathBuf> {
    below(&data.join("blobs"))
}

fn blob_of(data: &Path, name: &str) -> PathBuf {
    data.join("blobs").join(&name[..2]).join(name)
}

fn content(project: &Project, dataset: &str) -> String {
    format!("{}/datasets/{dataset}/content", project.0)
}

/// A search in the marked table.
fn study(server: &Server, project: &Project) -> (String, Value) {
    let dataset = project.upload(server, "patients.csv", &table());
    let request = json!({ "target": "back_within_two_years", "max_trials": TRIALS, "seed": 7, "reproducible": true,
        "learners": ["logistic", "gbt"] });
    let task = json!({ "task": { "kind": "study", "dataset": dataset, "request": request } });
    (dataset, task)
}

/// A finished run's file of the model, and a version of a model made of it: run, file, model, its bytes.
fn trained(server: &Server, project: &Project, task: &Value) -> (String, String, String, Vec<u8>) {
    let run = project.begin(server, task);
    let bytes = project.model(server, &run);
    let files = server.get(&format!("{}/files", project.run(&run))).ok();
    let named = |f: &&Value| text(&f["name"]).ends_with(".trellis");
    let file = files["items"].as_array().and_then(|all| all.iter().find(named)).map(|f| text(&f["name"]));
    let file = file.unwrap_or_else(|| panic!("{files}"));
    let made =
        server.ask("POST", &format!("{}/models?name=m&run={run}&file={file}", project.0), &[], &[]).ok();
    let file = format!("{}/files/{file}", project.run(&run));
    (run, file, text(&made["id"]), bytes)
}

/// What a model says of one patient.
fn predicted(server: &Server, model: &str) -> common::Answer {
    let of_sample = String::from_utf8_lossy(&table()).into_owned();
    let mut lines = of_sample.lines().map(|line| line.split(',').map(str::to_owned).collect::<Vec<_>>());
    let (names, values) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let tensor = |(name, value): (String, String)| json!({ "name": name, "shape": [1], "datatype": "BYTES", "data": [value] });
    let inputs: Vec<Value> = names.into_iter().zip(values).take(11).map(tensor).collect();
    server.json("POST", &format!("/v2/models/{model}/infer"), &json!({ "inputs": inputs }))
}

fn rows(folder: &Path, sql: &'static str) -> Vec<Vec<u8>> {
    let path = folder.join("trellis.db");
    let asked = async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(common::LIMIT);
        let pool = sqlx::SqlitePool::connect_with(options).await?;
        let found = sqlx::query_scalar(sql).fetch_all(&pool).await?;
        pool.close().await;
        Ok::<_, sqlx::Error>(found)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    runtime.unwrap_or_else(|e| panic!("{e}")).block_on(asked).unwrap_or_else(|e| panic!("{sql}: {e}"))
}

#[test]
fn what_lies_on_the_disk_tells_nothing() {
    let here = Here::new();
    let server = here.start("2");
    let project = server.project();
    let (dataset, task) = study(&server, &project);
    let (run, file, model, bytes) = trained(&server, &project, &task);
    let link = json!({ "target": format!("model/{model}"), "rights": "predict", "title": "Patients" });
    let link = text(&server.json("POST", &format!("{}/links", project.0), &link).ok()["path"]);
    let said = predicted(&server, &model).ok();
    assert_eq!(said["outputs"][0]["data"].as_array().map(Vec::len), Some(1), "{said}");

    let told = project.events(&server, &run, 0, usize::MAX);
    let levels = |told: &[common::Told]| {
        told.iter().any(|e| e.kind == "finished" && e.data.to_string().contains(MARKER))
    };
    assert!(levels(&told), "{told:?}");
    let all_is_there = |server: &Server| {
        assert_eq!(project.events(server, &run, 0, usize::MAX), told);
        assert!(server.get(&content(&project, &dataset)).body == table());
        assert!(server.get(&file).body == bytes);
        let version = server.get(&format!("{}/models/{model}/versions/1/content", project.0));
        assert!(version.body == bytes);
        assert_eq!(predicted(server, &model).ok()["outputs"], said["outputs"]);
        assert_eq!(server.get(&link).status, 200);
    };
    all_is_there(&server);
    // Before and after the database has settled.
    assert_eq!(holding(&here.data(), MARKER.as_bytes()), NOWHERE);
    drop(server);
    assert_eq!(holding(&here.data(), MARKER.as_bytes()), NOWHERE);
    let files = blobs(&here.data());
    assert!(files.len() >= 3, "{files:?}");
    for what in [COLUMN, "positive_nodes", "TRELLIS\n", "levamisole"] {
        assert_eq!(holding(&here.data().join("blobs"), what.as_bytes()), NOWHERE, "{what}");
    }
    // Names tell nothing either.
    for known in [table(), bytes.clone()] {
        let name = blake3::hash(&known).to_hex().to_string();
        assert!(!blob_of(&here.data(), &name).exists());
        let names = rows(&here.data(), "SELECT CAST(hash AS BLOB) FROM blob");
        assert!(names.len() >= 3 && !names.contains(&name.into_bytes()));
    }
    all_is_there(&here.start("0"));

    // The same without a key is seen, and is the same model.
    let open = here.at("open");
    let server = Server::start(&open, &["--workers", "2"]);
    let project = server.project();
    let (_, task) = study(&server, &project);
    assert!(trained(&server, &project, &task).3 == bytes, "the model is another");
    drop(server);
    assert!(!holding(&open.join("blobs"), MARKER.as_bytes()).is_empty());
    assert!(blob_of(&open, blake3::hash(&table()).to_hex().as_str()).exists());
}

#[test]
fn workers_elsewhere_compute_for_encrypted_projects() {
    let here = Here::new();
    let server = here.start("0");
    let token = server.token("worker");
    let _worker = worker(&server, &token, &["--slots", "2"]);
    let project = server.project();
    let (_, task) = study(&server, &project);
    let (run, ..) = trained(&server, &project, &task);
    assert!(project.trials(&server, &run, "done") >= 1);
    assert_eq!(project.trials(&server, &run, "poisoned"), 0);
    drop(server);
    assert_eq!(holding(&here.data(), MARKER.as_bytes()), NOWHERE);
}

#[test]
fn a_run_whose_server_was_killed_goes_on() {
    let here = Here::new();
    let mut server = here.start("1");
    let project = server.project();
    let (_, task) = study(&server, &project);
    let run = project.begin(&server, &task);
    until("a trial", || (project.trials(&server, &run, "done") > 0).then_some(()));
    server.process.kill();
    let server = here.start("1");
    let killed = project.model(&server, &run);
    let again = project.begin(&server, &task);
    assert!(project.model(&server, &again) == killed, "the model is another");
}

#[test]
fn each_project_has_files_of_its_own() {
    let here = Here::new();
    let server = here.start("0");
    let (one, other) = (server.project(), server.project());
    let [mine, theirs] = [&one, &other].map(|p| p.upload(&server, "a.csv", &table()));
    let blob = |project: &Project, dataset: &str| {
        text(&server.get(&format!("{}/datasets/{dataset}", project.0)).ok()["blob"])
    };
    let [a, b] = [blob(&one, &mine), blob(&other, &theirs)];
    assert_ne!(a, b);
    let [a, b] = [a, b].map(|name| read(&blob_of(&here.data(), &name)));
    assert!(a != b && a.len() == b.len());
    assert_eq!(blobs(&here.data()).len(), 2);

    // Within a project the same table is there once, and is found by the hash that whoever has it knows.
    let path = format!("{}/datasets?name=a.csv", one.0);
    let again = server.ask("POST", &path, &["Content-Type: text/csv"], &table());
    assert_eq!((again.status, text(&again.json()["id"])), (200, mine.clone()));
    let by_hash = |project: &Project, bytes: &[u8]| {
        let hash = blake3::hash(bytes).to_hex();
        server.ask("HEAD", &format!("{}/datasets/by-hash/{hash}", project.0), &[], &[])
    };
    for (project, dataset) in [(&one, &mine), (&other, &theirs)] {
        assert_eq!(by_hash(project, &table()).header("trellis-dataset"), Some(dataset.as_str()));
        assert_eq!(by_hash(project, b"other").status, 404);
    }
    assert_eq!(server.ask("HEAD", &format!("{}/datasets/by-hash/x", one.0), &[], &[]).status, 404);
    assert_eq!(blobs(&here.data()).len(), 2);
}

#[test]
fn an_export_is_plain_and_what_is_imported_is_not() {
    let here = Here::new();
    let server = here.start("0");
    let project = server.project();
    let dataset = project.upload(&server, "a.csv", &table());
    let export = server.get(&format!("{}/export", project.0));
    assert_eq!(export.status, 200, "{export}");
    assert!(holds(&export.body, MARKER.as_bytes()), "an export is whoever's it is given to");
    let import = |server: &Server, bytes: &[u8]| server.ask("POST", "/api/v1/projects/import", &[], bytes);
    let made = import(&server, &export.body);
    assert_eq!(made.status, 201, "{made}");
    let taken = Project(format!("/api/v1/projects/{}", text(&made.json()["id"])));
    let listed = server.get(&format!("{}/datasets", taken.0)).ok();
    let of_taken = &listed["items"][0];
    assert!(server.get(&content(&taken, &text(&of_taken["id"]))).body == table());
    let blob = server.get(&format!("{}/datasets/{dataset}", project.0)).ok();
    assert_ne!(of_taken["blob"], blob["blob"], "it has a key of its own");
    assert_eq!(holding(&here.data(), MARKER.as_bytes()), NOWHERE);
    assert_eq!(below(&here.data().join("blobs/passing")), NOWHERE);

    // Another server takes it in too, and what is not as the manifest says is refused.
    let plain = Server::start(&here.at("plain"), &["--workers", "0"]);
    assert_eq!(import(&plain, &export.body).status, 201);
    let mut forged = export.body.clone();
    let at = forged.windows(MARKER.len()).position(|part| part == MARKER.as_bytes()).unwrap_or_default();
    forged[at] ^= 1;
    import(&server, &forged).problem(422);
    assert_eq!(below(&here.data().join("blobs/passing")), NOWHERE);
}

#[test]
fn a_server_without_its_key_says_so_at_once() {
    let here = Here::new();
    let server = here.start("0");
    drop(server);
    // Nothing is encrypted yet, so nothing is missed.
    drop(Server::start(&here.data(), &["--workers", "0"]));
    let server = here.start("0");
    let project = server.project();
    let dataset = project.upload(&server, "a.csv", &table());
    drop(server);

    let said = here.refused(&[]);
    assert!(said.contains("encrypted") && said.contains("--key-file"), "{said}");
    let other = path(&here.at("other"));
    run(&["new-key", "--out", &other]);
    let said = here.refused(&["--key-file", &other]);
    assert!(said.contains("is not the key that this database was begun with"), "{said}");
    let said = here.refused(&["--key-file", &path(&here.at("absent"))]);
    assert!(said.contains("there is no key in") && said.contains("trellis new-key"), "{said}");
    std::fs::write(here.at("short"), "abc").unwrap_or_else(|e| panic!("{e}"));
    let private = |name: &str, mode| {
        let mode = std::fs::Permissions::from_mode(mode);
        std::fs::set_permissions(here.at(name), mode).unwrap_or_else(|e| panic!("{e}"));
    };
    private("short", 0o600);
    let said = here.refused(&["--key-file", &path(&here.at("short"))]);
    assert!(said.contains("64 hexadecimal digits"), "{said}");
    private("key", 0o644);
    let said = here.refused(&["--key-file", &here.key]);
    assert!(said.contains("mode 644") && said.contains("chmod 600"), "{said}");
    private("key", 0o600);
    let said = refused(&["new-key", "--out", &here.key]);
    assert!(said.contains("is there already"), "{said}");

    // Space around the digits is no other key.
    let digits = read(Path::new(&here.key)).to_ascii_uppercase();
    std::fs::write(&here.key, [b" ", &digits[..], b"\r\n"].concat()).unwrap_or_else(|e| panic!("{e}"));
    let server = here.start("0");
    assert!(server.get(&content(&project, &dataset)).body == table());
}

#[test]
fn projects_from_before_stay_as_they_were() {
    let here = Here::new();
    let server = Server::start(&here.data(), &["--workers", "0"]);
    let old = server.project();
    let dataset = old.upload(&server, "a.csv", &table());
    drop(server);
    let server = here.start("0");
    assert!(server.get(&content(&old, &dataset)).body == table());
    let late = old.upload(&server, "b.csv", b"a,b\n1,2\n");
    assert_eq!(server.get(&content(&old, &late)).body, b"a,b\n1,2\n");
    let new = server.project();
    let sealed = new.upload(&server, "a.csv", &table());
    assert!(server.get(&content(&new, &sealed)).body == table());
    assert_eq!(holding(&here.data().join("blobs"), MARKER.as_bytes()).len(), 1, "the old one alone");
}

#[test]
fn damage_is_told() {
    let here = Here::new();
    let server = here.start("1");
    let project = server.project();
    let (dataset, task) = study(&server, &project);
    let (_, file, model, _) = trained(&server, &project, &task);
    // What is in memory hides what is on the disk.
    drop(server);
    for path in blobs(&here.data()) {
        let mut bytes = read(&path);
        let at = bytes.len() / 2;
        bytes[at] ^= 4;
        std::fs::write(&path, bytes).unwrap_or_else(|e| panic!("{e}"));
    }
    let server = here.start("1");
    for asked in [content(&project, &dataset), file] {
        let told = server.get(&asked).problem(503);
        assert!(text(&told["detail"]).contains("damaged"), "{told}");
    }
    let told = predicted(&server, &model).problem(503);
    assert!(text(&told["detail"]).contains("damaged"), "{told}");
    let run = project.begin(&server, &task);
    let ended = project.ended(&server, &run);
    assert_eq!(ended["state"], "failed", "{ended}");
    assert!(ended.to_string().contains("lost or damaged"), "{ended}");
    // The same sent again mends it.
    assert_eq!(server.ask("DELETE", &format!("{}/datasets/{dataset}", project.0), &[], &[]).status, 204);
    let again = project.upload(&server, "patients.csv", &table());
    assert!(server.get(&content(&project, &again)).body == table());
}

#[test]
fn a_project_that_is_deleted_takes_its_key_along() {
    let here = Here::new();
    let server = here.start("0");
    let (project, other) = (server.project(), server.project());
    let dataset = project.upload(&server, "a.csv", &table());
    let theirs = other.upload(&server, "a.csv", &table());
    let id = project.0.rsplit('/').next().unwrap_or_default().to_owned();
    let keys = rows(&here.data(), "SELECT wrapped FROM project_key");
    assert_eq!(keys.len(), 2);
    let before = blobs(&here.data());
    assert_eq!(server.ask("DELETE", &project.0, &[], &[]).status, 204);
    server.get(&content(&project, &dataset)).problem(404);
    let left = rows(&here.data(), "SELECT wrapped FROM project_key");
    assert_eq!(left.len(), 1);
    assert_eq!(blobs(&here.data()), before, "the files are still there, and nobody can read them");
    // Neither the database nor its log holds the key any more.
    let gone = keys.iter().find(|key| **key != left[0]).unwrap_or_else(|| panic!("{keys:?}"));
    assert_eq!(holding(&here.data(), gone), NOWHERE);
    assert!(!holding(&here.data(), &left[0]).is_empty(), "the other one is found so");
    assert!(server.get(&content(&other, &theirs)).body == table());
    drop(server);
    assert_eq!(holding(&here.data(), gone), NOWHERE);
    assert!(!id.is_empty());
}

#[test]
fn what_nobody_names_is_swept() {
    let here = Here::new();
    let data = path(&here.data());
    let mut command = trellis(&["serve", "--port", "0", "--workers", "0", "--data-dir", &data]);
    command.args(["--key-file", &here.key]).env("TRELLIS_GRACE", "1");
    let server = Server::of(command);
    let (project, other) = (server.project(), server.project());
    let [_, theirs] = [&project, &other].map(|p| p.upload(&server, "a.csv", &table()));
    assert_eq!(blobs(&here.data()).len(), 2);
    assert_eq!(server.ask("DELETE", &project.0, &[], &[]).status, 204);
    until("what nobody names goes", || (blobs(&here.data()).len() == 1).then_some(()));
    assert!(server.get(&content(&other, &theirs)).body == table());
}

#[test]
fn servers_with_one_database_share_the_key() {
    let (here, cluster) = (Here::new(), Cluster::start());
    let database = cluster.database("vault");
    let shared = ["--database", &database, "--workers", "0", "--key-file", &here.key];
    let [one, other] = [(); 2].map(|()| Server::start(&here.data(), &shared));
    let project = one.project();
    let dataset = project.upload(&one, "a.csv", &table());
    assert!(other.get(&content(&project, &dataset)).body == table());
    assert_eq!(holding(&here.data(), MARKER.as_bytes()), NOWHERE);
    let said = here.refused(&["--database", &database]);
    assert!(said.contains("encrypted") && said.contains("--key-file"), "{said}");
    let foreign = path(&here.at("foreign"));
    run(&["new-key", "--out", &foreign]);
    let said = here.refused(&["--database", &database, "--key-file", &foreign]);
    assert!(said.contains("is not the key"), "{said}");
    assert_eq!(one.ask("DELETE", &project.0, &[], &[]).status, 204);
    other.get(&content(&project, &dataset)).problem(404);
}

#[test]
fn without_the_key_of_a_project_its_files_are_lost_and_nothing_is_written_plain() {
    let here = Here::new();
    let server = here.start("0");
    let project = server.project();
    let dataset = project.upload(&server, "a.csv", &table());
    drop(server);
    change(&here.data(), "DELETE FROM project_key");
    let server = here.start("0");
    let told = server.get(&content(&project, &dataset)).problem(404);
    assert!(text(&told["detail"]).contains("key of this project was erased"), "{told}");
    let path = format!("{}/datasets?name=b.csv", project.0);
    server.ask("POST", &path, &["Content-Type: text/csv"], b"a,b\n1,2\n").problem(404);
    assert_eq!(blobs(&here.data()).len(), 1);
    assert_eq!(server.get(&project.0).status, 200, "the rest of it is there");
}

#[test]
fn a_backup_tells_nothing_and_is_restored_with_the_key() {
    let here = Here::new();
    let server = here.start("1");
    let project = server.project();
    let (dataset, task) = study(&server, &project);
    let (_, file, model, bytes) = trained(&server, &project, &task);
    let (backup, data) = (path(&here.at("backup.zip")), path(&here.data()));
    let blob = text(&server.get(&format!("{}/datasets/{dataset}", project.0)).ok()["blob"]);
    // Neither takes the key.
    run(&["backup", "--data-dir", &data, "--out", &backup]);
    drop(server);
    for what in [MARKER, "levamisole"] {
        assert!(!holds(&read(Path::new(&backup)), what.as_bytes()), "{what}");
    }
    let there = path(&here.at("there"));
    let said = run(&["restore", &backup, "--data-dir", &there]);
    assert!(said.starts_with("restored ") && said.contains("--key-file"), "{said}");
    let said = refused(&["serve", "--port", "0", "--data-dir", &there]);
    assert!(said.contains("encrypted"), "{said}");
    let server = Server::start(Path::new(&there), &["--key-file", &here.key, "--workers", "0"]);
    assert!(server.get(&content(&project, &dataset)).body == table());
    assert!(server.get(&file).body == bytes);
    assert_eq!(predicted(&server, &model).status, 200);
    drop(server);

    // A file that is damaged is found without the key, by a backup and by a restore.
    let whole = read(Path::new(&backup));
    let blob = blob_of(&here.data(), &blob);
    let sealed = read(&blob);
    let mut damaged = sealed.clone();
    damaged[40] ^= 1;
    std::fs::write(&blob, &damaged).unwrap_or_else(|e| panic!("{e}"));
    let other = path(&here.at("other.zip"));
    let said = refused(&["backup", "--data-dir", &data, "--out", &other]);
    assert!(said.contains("its bytes have changed"), "{said}");
    std::fs::write(&blob, &sealed).unwrap_or_else(|e| panic!("{e}"));
    let at =
        whole.windows(60).position(|part| part == &sealed[..60]).unwrap_or_else(|| panic!("it is not there"));
    let forged = [&whole[..at + 40], &damaged[40..41], &whole[at + 41..]].concat();
    std::fs::write(&other, forged).unwrap_or_else(|e| panic!("{e}"));
    refused(&["restore", &other, "--data-dir", &path(&here.at("elsewhere"))]);
    assert!(!here.at("elsewhere").exists());
}
