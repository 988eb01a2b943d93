//! Projects as files: given whole, taken in whole or not at all.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::zip::{Files, unzip, zip};
use common::{Answer, Project, Server, fit, text};
use serde_json::{Value, json};
use std::path::Path;

const TABLE: &[u8] = b"a,b\n1,2\n3,4\n";

fn pipeline(title: &str) -> String {
    json!({ "format": "trellis.pipeline", "version": 1, "pipeline": { "title": title, "nodes": {}, "wires": [] } })
        .to_string()
}

fn save(server: &Server, project: &Project, title: &str, seen: &str) -> String {
    let headers = ["Content-Type: application/json", seen, "Trellis-Note: a note"];
    let path = format!("{}/pipeline", project.0);
    let saved = server.ask("PUT", &path, &headers, pipeline(title).as_bytes());
    assert_eq!(saved.status, 200, "{saved}");
    format!("If-Match: {}", saved.header("etag").unwrap_or_default())
}

fn import(server: &Server, bytes: &[u8]) -> Answer {
    server.ask("POST", "/api/v1/projects/import", &[], bytes)
}

fn items(server: &Server, project: &str, what: &str) -> Vec<Value> {
    server.get(&format!("{project}/{what}")).ok()["items"].as_array().cloned().unwrap_or_default()
}

/// Names of all files of blobs, and of those on their way.
fn blobs(folder: &Path) -> (Vec<String>, usize) {
    let mut all = Vec::new();
    let below = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().collect::<Vec<_>>();
    for part in below(&folder.join("blobs")) {
        all.extend(below(&part.path()).iter().map(|f| f.file_name().to_string_lossy().into_owned()));
    }
    all.retain(|name| name.len() == 64);
    all.sort();
    (all, below(&folder.join("blobs/passing")).len())
}

/// A server with a project of two versions, two data sets and a model of two versions with an alias.
fn filled(folder: &Path) -> (Server, Project) {
    let server = Server::start(folder, &["--workers", "0"]);
    let project = server.project();
    let seen = save(&server, &project, "one", "If-None-Match: *");
    save(&server, &project, "two", &seen);
    project.upload(&server, "a.csv", TABLE);
    let semicolons = format!("{}/datasets?name=b%2Fc.csv&options=%7B%22header%22%3Afalse%7D", project.0);
    server.ask("POST", &semicolons, &[], b"1;2\n3;4\n").ok();
    let mut model = Value::Null;
    for trials in [2, 3] {
        model = server.ask("POST", &format!("{}/models?name=loans", project.0), &[], &fit(trials)).ok();
    }
    assert_eq!(model["versions"].as_array().map(Vec::len), Some(2), "{model}");
    let alias = format!("{}/models/{}/aliases/champion", project.0, text(&model["id"]));
    server.json("PUT", &alias, &json!({ "version": 1 })).ok();
    (server, project)
}

/// What must be the same of a project that was taken in.
fn told(server: &Server, project: &str) -> Value {
    let pick = |of: &Value, fields: &[&str]| fields.iter().map(|f| of[f].clone()).collect::<Vec<_>>();
    let datasets = items(server, project, "datasets");
    let mut datasets: Vec<_> =
        datasets.iter().map(|d| pick(d, &["name", "blob", "bytes", "about", "created"])).collect();
    datasets.sort_by_key(|d| d[0].to_string());
    let versions = items(server, project, "versions");
    let versions: Vec<_> = versions.iter().map(|v| pick(v, &["number", "hash", "note", "created"])).collect();
    let models: Vec<_> = items(server, project, "models")
        .iter()
        .map(|m| {
            let shown = server.get(&format!("{project}/models/{}", text(&m["id"]))).ok();
            let files = shown["versions"].as_array().cloned().unwrap_or_default();
            let files: Vec<_> =
                files.iter().map(|v| pick(v, &["number", "blob", "bytes", "about", "created"])).collect();
            json!([m["name"], files, shown["aliases"]])
        })
        .collect();
    json!([datasets, versions, models, server.get(&format!("{project}/pipeline")).ok()])
}

#[test]
fn a_project_comes_back_as_it_was() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let (server, project) = filled(folder.path());
    let file = server.get(&format!("{}/export", project.0));
    assert_eq!((file.status, file.header("content-type")), (200, Some("application/zip")), "{}", file.head);
    let before = blobs(folder.path());
    let made = import(&server, &file.body).ok();
    let taken = format!("/api/v1/projects/{}", text(&made["id"]));
    assert_ne!(taken, project.0);
    assert_eq!(made["name"], "loans");
    assert_eq!(told(&server, &taken), told(&server, &project.0));
    assert_eq!(blobs(folder.path()), before, "the same bytes are kept once");
    let named = server.ask("POST", "/api/v1/projects/import?name=other", &[], &file.body).ok();
    assert_eq!(named["name"], "other");
    // Given again it is the same, as far as it names no one and no time of its own.
    let manifest = |bytes: &[u8]| {
        let all = unzip(bytes);
        let (_, text) = all.iter().find(|(name, _)| name == "manifest.json").expect("a manifest");
        let mut told: Value = serde_json::from_slice(text).expect("JSON");
        told["datasets"].as_array_mut().expect("a list").sort_by_key(|d| d["name"].to_string());
        told["datasets"].as_array_mut().expect("a list").iter_mut().for_each(|d| d["path"] = Value::Null);
        told
    };
    let again = server.get(&format!("{taken}/export"));
    assert_eq!(manifest(&again.body), manifest(&file.body));

    // The page finds what it knows: the newest pipeline, the tables, and whose they are.
    let all = unzip(&file.body);
    let named = |name: &str| &all.iter().find(|(n, _)| n == name).unwrap_or_else(|| panic!("no {name}")).1;
    assert!(String::from_utf8_lossy(named("pipeline.trellis.json")).contains("\"two\""));
    let reading: Vec<Value> = serde_json::from_slice(named("reading.json")).expect("JSON");
    assert_eq!((reading.len(), &reading[0]["source"]), (2, &json!("file:a.csv")), "{reading:?}");
    assert_eq!(named(&text(&reading[0]["path"])), TABLE);
    assert_eq!(text(&reading[1]["path"]), "data/1/b-c.csv");

    // Another server takes it too.
    let elsewhere = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let other = Server::start(elsewhere.path(), &["--workers", "0"]);
    let made = import(&other, &file.body).ok();
    let there = format!("/api/v1/projects/{}", text(&made["id"]));
    assert_eq!(told(&other, &there), told(&server, &project.0));
}

#[test]
fn what_the_page_saved_is_taken_in() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let reading = json!([
        { "path": "data/0/a.csv", "source": "file:a.csv", "name": "a.csv", "options": {} },
        { "path": "data/0/a.csv", "source": "file:a.csv#1", "name": "a.csv", "options": {} },
    ]);
    let files: Files = vec![
        ("pipeline.trellis.json".to_owned(), pipeline("Loans").into_bytes()),
        ("reading.json".to_owned(), reading.to_string().into_bytes()),
        ("data/0/a.csv".to_owned(), TABLE.to_vec()),
        ("models/learn-1.trellis".to_owned(), fit(2)),
        (format!("results/{}", "0f".repeat(32)), b"anything".to_vec()),
    ];
    let made = server.ask("POST", "/api/v1/projects/import?name=Loans", &[], &zip(&files)).ok();
    let project = format!("/api/v1/projects/{}", text(&made["id"]));
    assert_eq!(server.get(&format!("{project}/pipeline")).ok()["pipeline"]["title"], "Loans");
    let datasets = items(&server, &project, "datasets");
    assert_eq!((datasets.len(), &datasets[0]["about"]["rows"]), (1, &json!(2)), "{datasets:?}");
    assert_eq!(items(&server, &project, "models")[0]["name"], "learn-1");
}

/// The files of an archive with one of them changed, or taken out.
fn changed(files: &Files, name: &str, change: impl Fn(&mut Value)) -> Vec<u8> {
    let mut files = files.clone();
    let (_, bytes) = files.iter_mut().find(|(n, _)| n == name).expect("it is in there");
    let mut told: Value = serde_json::from_slice(bytes).expect("JSON");
    change(&mut told);
    *bytes = told.to_string().into_bytes();
    zip(&files)
}

#[test]
fn a_file_that_is_broken_or_forged_leaves_nothing() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let (server, project) = filled(folder.path());
    let file = server.get(&format!("{}/export", project.0)).body;
    let files = unzip(&file);
    let elsewhere = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let other = Server::start(elsewhere.path(), &["--workers", "0"]);
    let refused = |what: &str, bytes: &[u8]| {
        let told = import(&other, bytes);
        assert!([400, 422].contains(&told.status), "{what}: {told}");
        let told = told.problem(told.status);
        assert_eq!(other.get("/api/v1/projects").ok()["items"], json!([]), "{what}");
        assert_eq!(blobs(elsewhere.path()), (Vec::new(), 0), "{what}: something was left");
        text(&told["detail"])
    };
    for cut in [0, 1, 50, file.len() / 2, file.len() - 1] {
        refused(&format!("cut at {cut}"), &file[..cut]);
    }
    let find = |text: &[u8]| file.windows(text.len()).position(|w| w == text).expect("it is in there");
    for at in
        [find(b"a,b\n1,2"), find(b"trellis.pipeline"), find(b"TRELLIS\n") + 200, find(b"trellis.project")]
    {
        let mut bytes = file.clone();
        bytes[at] ^= 1;
        refused(&format!("changed at {at}"), &bytes);
    }
    refused("no archive", b"a,b\n1,2\n");
    refused("nothing in it", &zip(&Vec::new()));

    type Change = fn(&mut Value);
    let changes: &[(&str, Change)] = &[
        ("another format", |m| m["format"] = json!("other")),
        ("a newer version", |m| m["version"] = json!(2)),
        ("no name", |m| m["name"] = json!("")),
        ("a name that cannot be shown", |m| m["name"] = json!("a\u{7}b")),
        ("another hash of a table", |m| m["datasets"][0]["hash"] = json!("0".repeat(64))),
        ("another hash of a pipeline", |m| m["versions"][0]["hash"] = json!("0".repeat(64))),
        ("another hash of a model", |m| m["models"][0]["versions"][1]["hash"] = json!("0".repeat(64))),
        ("a table that is not there", |m| m["datasets"][0]["path"] = json!("../../etc/passwd")),
        ("a table with a wrong name", |m| m["datasets"][0]["name"] = json!("a\nb")),
        ("options that are none", |m| m["datasets"][0]["options"] = json!({ "delimiter": "many" })),
        ("a model that is a table", |m| {
            m["models"][0]["versions"][0] = m["datasets"][0].clone();
        }),
        ("an alias of nothing", |m| m["models"][0]["aliases"] = json!([["champion", 3]])),
        ("an alias that is none", |m| m["models"][0]["aliases"] = json!([["a b", 1]])),
        ("an alias twice", |m| m["models"][0]["aliases"] = json!([["a", 1], ["a", 2]])),
        ("a file named twice", |m| {
            let mut twice = m["datasets"][0].clone();
            twice["name"] = "other.csv".into();
            m["datasets"].as_array_mut().expect("a list").push(twice);
        }),
        ("a model twice", |m| {
            let twice = m["models"][0].clone();
            m["models"].as_array_mut().expect("a list").push(twice);
        }),
        ("a model of no versions", |m| m["models"][0]["versions"] = json!([])),
    ];
    for (what, change) in changes {
        refused(what, &changed(&files, "manifest.json", change));
    }
    let mut twice = files.clone();
    twice.push(twice[0].clone());
    assert!(refused("a file twice", &zip(&twice)).contains("twice"));
    let mut leading = files.clone();
    leading.push(("../a".to_owned(), Vec::new()));
    assert!(refused("a name that leads elsewhere", &zip(&leading)).contains("leads elsewhere"));
    // As it was, it is taken in.
    assert_eq!(import(&other, &file).status, 201);
}
