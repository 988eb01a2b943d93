//! What is kept and what goes: blobs that nobody names, budgets across restarts, and how much one person may have.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{LIMIT, Project, Server, text, trellis, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

const TABLE: &[u8] = b"a,b\n1,2\n3,4\n";

/// A server that keeps what nobody names for a second, and says so in a file.
fn tidy(folder: &Path, workers: &str) -> Server {
    let mut command = trellis(&["serve", "--port", "0", "--workers", workers, "--data-dir"]);
    command.arg(folder).env("TRELLIS_GRACE", "1").env("TRELLIS_LOG", "info");
    command.stderr(std::fs::File::create(folder.join("log")).unwrap_or_else(|e| panic!("{e}")));
    Server::of(command)
}

fn place(folder: &Path, hash: &str) -> PathBuf {
    folder.join("blobs").join(&hash[..2]).join(hash)
}

/// All blobs.
fn blobs(folder: &Path) -> Vec<String> {
    let below = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().collect::<Vec<_>>();
    let parts = below(&folder.join("blobs")).into_iter().filter(|p| p.file_name().len() == 2);
    let files = parts.flat_map(|part| below(&part.path()));
    files.map(|file| file.file_name().to_string_lossy().into_owned()).collect()
}

/// Sends the head of an upload and half of its bytes.
fn half_sent(server: &Server, project: &Project, bytes: &[u8]) -> TcpStream {
    let mut stream = TcpStream::connect(&server.address).unwrap_or_else(|e| panic!("{e}"));
    stream.set_read_timeout(Some(LIMIT)).unwrap_or_else(|e| panic!("{e}"));
    let head = format!(
        "POST {}/datasets?name=slow.csv HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        project.0,
        server.address,
        bytes.len(),
    );
    let half = bytes.len() / 2;
    let sent = stream.write_all(head.as_bytes()).and_then(|()| stream.write_all(&bytes[..half]));
    sent.unwrap_or_else(|e| panic!("{e}"));
    stream
}

fn table(rows: u32) -> Vec<u8> {
    let rows: String = (0..rows).map(|i| format!("{i},{}\n", i % 7)).collect();
    format!("a,b\n{rows}").into_bytes()
}

fn hash(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}

#[test]
fn only_what_nobody_names_is_swept() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let folder = folder.path();
    let server = tidy(folder, "1");
    let project = server.project();
    let kept = project.upload(&server, "kept.csv", TABLE);
    let (other, slow) = (table(50), table(60));
    let gone = project.upload(&server, "gone.csv", &other);
    let run = project.begin(&server, &project.study(&server, 4));
    let model = project.model(&server, &run);
    // Somebody sends a table while others are swept.
    let mut sending = half_sent(&server, &project, &slow);
    assert_eq!(server.ask("DELETE", &format!("{}/datasets/{gone}", project.0), &[], &[]).status, 204);
    // One that a server left behind before it had a row: old, and of its name.
    let stray = place(folder, &hash(b"stray"));
    std::fs::create_dir_all(stray.parent().expect("a folder")).unwrap_or_else(|e| panic!("{e}"));
    let file = std::fs::File::create(&stray).unwrap_or_else(|e| panic!("{e}"));
    file.set_modified(SystemTime::now() - Duration::from_secs(3_600)).unwrap_or_else(|e| panic!("{e}"));
    until("what nobody names goes", || {
        let all = blobs(folder);
        // Left are the table, the sample, and what the run gave: a model and a report.
        (all.len() == 4).then_some(())
    });
    assert!(!place(folder, &hash(&other)).exists() && !stray.exists());
    let content = server.get(&format!("{}/datasets/{kept}/content", project.0));
    assert_eq!((content.status, content.body.as_slice()), (200, TABLE));
    assert!(project.model(&server, &run) == model);
    let mut answer = String::new();
    let rest = sending.write_all(&slow[slow.len() / 2..]).and_then(|()| sending.read_to_string(&mut answer));
    rest.unwrap_or_else(|e| panic!("{e}"));
    assert!(answer.contains(" 201 "), "{answer}");
    assert!(place(folder, &hash(&slow)).exists());

    // While a backup copies blobs, nothing goes.
    let lock = std::fs::File::open(folder.join("blobs/passing"));
    let lock = lock.unwrap_or_else(|e| panic!("{e}"));
    lock.lock_shared().unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(server.ask("DELETE", &format!("{}/datasets/{kept}", project.0), &[], &[]).status, 204);
    let waits = || {
        let log = std::fs::read_to_string(folder.join("log")).unwrap_or_default();
        log.matches("a backup is being written").count()
    };
    let before = waits();
    until("sweeps that wait", || (waits() >= before + 3).then_some(()));
    assert!(place(folder, &hash(TABLE)).exists());
    drop(lock);
    until("it goes then", || (!place(folder, &hash(TABLE)).exists()).then_some(()));
}

#[test]
fn a_server_that_is_killed_while_it_takes_a_file_leaves_none_that_counts() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let folder = folder.path();
    let mut server = tidy(folder, "0");
    let project = server.project();
    let bytes = table(100_000);
    let passing = || std::fs::read_dir(folder.join("blobs/passing")).map_or(0, Iterator::count);
    let sending = half_sent(&server, &project, &bytes);
    until("it is on its way", || (passing() == 1).then_some(()));
    server.process.kill();
    drop(sending);
    // The states in which one may be killed between a row and its bytes, whichever comes first.
    common::change(folder, "INSERT INTO blob (hash, bytes, created) VALUES ('aa00', 1, 0)");
    let stray = place(folder, &hash(&bytes));
    std::fs::create_dir_all(stray.parent().expect("a folder")).unwrap_or_else(|e| panic!("{e}"));
    std::fs::write(&stray, &bytes[..1_000]).unwrap_or_else(|e| panic!("{e}"));
    let age = SystemTime::now() - Duration::from_secs(7_200);
    for path in [
        stray.clone(),
        std::fs::read_dir(folder.join("blobs/passing"))
            .expect("a folder")
            .flatten()
            .next()
            .expect("one")
            .path(),
    ] {
        let file = std::fs::File::options().write(true).open(path).unwrap_or_else(|e| panic!("{e}"));
        file.set_modified(age).unwrap_or_else(|e| panic!("{e}"));
    }
    let server = tidy(folder, "0");
    assert_eq!(server.get(&format!("{}/datasets", project.0)).ok()["items"], json!([]));
    until("it is swept", || (blobs(folder).is_empty() && passing() == 0).then_some(()));
    // Sent again it is whole.
    let id = project.upload(&server, "slow.csv", &bytes);
    let content = server.get(&format!("{}/datasets/{id}/content", project.0));
    assert!(content.body == bytes, "other bytes came back");
}

#[test]
fn a_budget_goes_on_from_what_was_spent() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let mut server = Server::start(folder.path(), &["--workers", "1"]);
    let project = server.project();
    let mut study = project.study(&server, 1);
    study["task"]["request"]["max_trials"] = Value::Null;
    study["task"]["request"]["reproducible"] = json!(false);
    study["task"]["request"]["budget_secs"] = json!(12.0);
    let run = project.begin(&server, &study);
    let spent = |server: &Server| project.show(server, &run)["spent"].as_f64().unwrap_or(0.0);
    until("some of it is spent", || (spent(&server) > 4.0).then_some(()));
    let told = |server: &Server| {
        let shown = project.show(server, &run);
        shown["ended"].is_null().then(|| shown["spent"].as_f64().unwrap_or(0.0))
    };
    let before = told(&server).expect("it is under way");
    let seen = project.events(&server, &run, 0, 3).last().map_or(0, |e| e.id);
    server.process.kill();
    let server = Server::start(folder.path(), &["--workers", "1"]);
    let shown = project.ended(&server, &run);
    assert_eq!(shown["state"], "done", "{shown}");
    // The clock that its search is told never went back: all that it told after the restart is later than before.
    let all = project.events(&server, &run, seen, usize::MAX);
    let finished = all.iter().find(|e| e.kind == "finished").expect("it finished");
    let board = &finished.data["board"];
    let elapsed = board["elapsed_secs"].as_f64().unwrap_or(0.0);
    assert!(elapsed >= before, "{elapsed} after {before}: {board}");
    // All that was driven counts, so the second part had only what was left, and what ends a search.
    let all = shown["spent"].as_f64().unwrap_or(0.0);
    assert!(all >= before && (all - elapsed).abs() < 6.0, "{all} spent, {elapsed} told");
}

#[test]
fn one_person_has_only_so_much() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let limits = ["--workers", "0", "--person-data", "1MB", "--person-runs", "2"];
    let server = Server::start(folder.path(), &limits);
    let (project, other) = (server.project(), server.project());
    let large = table(90_000);
    assert!((500_000..1_000_000).contains(&large.len()));
    let id = project.upload(&server, "a.csv", &large);
    let send =
        |project: &Project| server.ask("POST", &format!("{}/datasets?name=b.csv", project.0), &[], &large);
    let refused = send(&other);
    let detail = text(&refused.problem(507)["detail"]);
    assert!(detail.contains("1.0 MB") && detail.contains("Delete some"), "{detail}");
    // A model that is sent is looked at after its size.
    let model = server.ask("POST", &format!("{}/models?name=m", other.0), &[], &large);
    let detail = text(&model.problem(507)["detail"]);
    assert!(detail.contains("data sets and models"), "{detail}");
    assert_eq!(server.ask("DELETE", &format!("{}/datasets/{id}", project.0), &[], &[]).status, 204);
    assert_eq!(send(&other).status, 201);

    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(folder.path(), &limits);
    let (project, other) = (server.project(), server.project());
    let (study, elsewhere) = (project.study(&server, 3), other.study(&server, 3));
    let first = project.begin(&server, &study);
    other.begin(&server, &elsewhere);
    let refused = server.json("POST", &format!("{}/runs", project.0), &study);
    let detail = text(&refused.problem(429)["detail"]);
    assert!(detail.starts_with("2 of your runs") && detail.contains("cancel one"), "{detail}");
    assert_eq!(project.wish(&server, &first, "cancel").status, 200);
    project.ended(&server, &first);
    assert_eq!(server.json("POST", &format!("{}/runs", project.0), &study).status, 202);
}

#[test]
fn one_project_holds_only_so_much() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(folder.path(), &["--workers", "0", "--project-data", "1MB"]);
    let (project, other) = (server.project(), server.project());
    let large = table(90_000);
    let id = project.upload(&server, "a.csv", &large);
    let send = |project: &Project, what: &str, bytes: &[u8]| {
        server.ask("POST", &format!("{}/{what}", project.0), &[], bytes)
    };
    // More than is left, by a length that is told: nothing of it needs to be sent.
    let second = table(89_000);
    let mut asking = TcpStream::connect(&server.address).unwrap_or_else(|e| panic!("{e}"));
    asking.set_read_timeout(Some(LIMIT)).unwrap_or_else(|e| panic!("{e}"));
    let head = format!(
        "POST {}/datasets?name=b.csv HTTP/1.0\r\nHost: {}\r\nContent-Length: {}\r\n\r\n",
        project.0,
        server.address,
        second.len()
    );
    let mut answer = String::new();
    let asked = asking.write_all(head.as_bytes()).and_then(|()| asking.read_to_string(&mut answer));
    assert!(asked.is_ok() && answer.starts_with("HTTP/1.0 413"), "{asked:?} {answer}");
    assert_eq!(send(&project, "datasets?name=b.csv", b"a,b\n1,2\n").status, 201, "there is room for little");
    let rest = server.get(&format!("{}/datasets", project.0)).ok();
    assert_eq!(rest["items"].as_array().map(Vec::len), Some(2), "{rest}");
    assert_eq!(send(&other, "datasets?name=b.csv", &second).status, 201, "another project has its own");
    assert_eq!(server.ask("DELETE", &format!("{}/datasets/{id}", project.0), &[], &[]).status, 204);
    assert_eq!(send(&project, "datasets?name=b.csv", &second).status, 201);
}
