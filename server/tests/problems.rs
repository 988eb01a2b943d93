//! Whatever is refused under /api and /v2 is told as a problem, and nothing from there is left in a browser.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Server, text};
use serde_json::{Value, json};

fn here() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0"]);
    (folder, server)
}

const JSON: &str = "Content-Type: application/json";

#[test]
fn refusals_are_problems() {
    let (_folder, server) = here();
    let project = server.project().0;
    let large = format!("{{\"name\": \"{}\"}}", "x".repeat(1 << 20)).into_bytes();
    let (projects, runs) = ("/api/v1/projects", format!("{project}/runs"));
    let pipeline = format!("{project}/pipeline");
    type Case<'a> = (&'a str, &'a str, &'a [&'a str], &'a [u8], u16, &'a str);
    let cases: [Case; 26] = [
        ("GET", "/api", &[], b"", 404, "not-found"),
        ("GET", "/api/v1", &[], b"", 404, "not-found"),
        ("GET", "/api/v1/nothing", &[], b"", 404, "not-found"),
        ("POST", "/api/v2/projects", &[], b"", 404, "not-found"),
        ("GET", "/v2/nothing/else", &[], b"", 404, "not-found"),
        ("GET", "/api/v1/projects/", &[], b"", 404, "not-found"),
        ("GET", "/api/v1/projects/%00", &[], b"", 404, "not-found"),
        ("GET", "/api/v1/projects/%ff/pipeline", &[], b"", 404, "not-found"),
        ("GET", "/v2/models/%ff", &[], b"", 404, "not-found"),
        ("DELETE", projects, &[], b"", 405, "wrong-method"),
        ("PATCH", "/v2/models/x/infer", &[], b"", 405, "wrong-method"),
        ("OPTIONS", projects, &[], b"", 405, "wrong-method"),
        ("POST", projects, &[JSON], &large, 413, "too-large"),
        ("PUT", &pipeline, &[JSON, "If-None-Match: *"], &large, 413, "too-large"),
        ("POST", &runs, &[JSON], &large, 413, "too-large"),
        ("POST", projects, &[], b"{\"name\": \"a\"}", 415, "wrong-type"),
        ("POST", projects, &["Content-Type: text/plain"], b"{\"name\": \"a\"}", 415, "wrong-type"),
        ("POST", projects, &["Content-Type: multipart/form-data; boundary=x"], b"--x--", 415, "wrong-type"),
        ("PUT", &pipeline, &["Content-Type: text/html"], b"{}", 415, "wrong-type"),
        ("POST", projects, &[JSON], b"{\"name\": ", 400, "bad-request"),
        ("POST", projects, &[JSON], b"{\"name\": \"\xff\"}", 400, "bad-request"),
        ("POST", projects, &[JSON], b"{\"name\": \"a\"} and more", 400, "bad-request"),
        ("POST", projects, &[JSON], b"{\"name\": \"a\", \"admin\": true}", 400, "bad-request"),
        ("POST", projects, &[JSON], b" [\"a\"]", 400, "bad-request"),
        ("GET", "/api/v1/audit?before=x", &[], b"", 400, "bad-request"),
        ("GET", "/api/v1/projects?limit=1e9", &[], b"", 400, "bad-request"),
    ];
    for (method, path, headers, body, status, kind) in cases {
        let answer = server.ask(method, path, headers, body);
        let told = answer.problem(status);
        assert_eq!(told["type"], format!("/problems/{kind}"), "{method} {path}: {answer}");
        assert_eq!(answer.header("cache-control"), Some("no-store"), "{method} {path}");
        if status == 405 {
            assert!(answer.header("allow").is_some_and(|a| !a.is_empty()), "{answer}");
        }
    }
    let deep = format!("{{\"name\": {}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    server.ask("POST", projects, &[JSON], deep.as_bytes()).problem(400);
    let told = server
        .json("POST", &runs, &json!({ "task": { "kind": "study", "dataset": 3, "request": {} } }))
        .problem(400);
    assert!(text(&told["pointer"]).starts_with("/task"), "{told}");
    let wrong = server.ask("GET", projects, &["Authorization: Basic YTpi"], b"").problem(401);
    assert_eq!(wrong["type"], "/problems/sign-in");
    // Only what is there for programs says so to programs.
    let page = server.get("/nothing");
    assert_eq!((page.status, page.header("content-type")), (404, Some("text/html; charset=utf-8")));
}

#[test]
fn who_is_refused_in_the_middle_of_an_upload_reads_why() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0", "--person-data", "1MB"]);
    // More than lies between both sides, so that it cannot be sent unless somebody reads it.
    let large = vec![b'1'; 64 << 20];
    let path = format!("{}/datasets?name=a.csv", server.project().0);
    let told = server.ask("POST", &path, &["Content-Type: text/csv"], &large).problem(507);
    assert!(text(&told["detail"]).contains("1.0 MB"), "{told}");
}

#[test]
fn inference_takes_eight_megabytes() {
    let (_folder, server) = here();
    let project = server.project();
    let path = format!("{}/models?name=m", project.0);
    let id = text(&server.ask("POST", &path, &[], &common::fit(3)).ok()["id"]);
    let infer = format!("/v2/models/{id}/infer");
    let body = |bytes: usize| {
        let mut body = br#"{"inputs": ["#.to_vec();
        body.resize(bytes, b' ');
        body
    };
    server.ask("POST", &infer, &[], &body((8 << 20) + 1)).problem(413);
    // As much as may be is read, and is no JSON.
    server.ask("POST", &infer, &[], &body(8 << 20)).problem(400);
}

/// Every route that gives something, asked for what is there.
#[test]
fn nothing_is_left_in_a_browser() {
    let (_folder, server) = here();
    let project = server.project();
    let dataset = project.upload(&server, "a.csv", b"a,b\n1,2\n3,4\n");
    let document = json!({ "format": "trellis.pipeline", "version": 1, "pipeline": { "title": "", "nodes": {}, "wires": [] } });
    server.json_with("PUT", &format!("{}/pipeline", project.0), &["If-None-Match: *"], &document).ok();
    let model =
        text(&server.ask("POST", &format!("{}/models?name=m", project.0), &[], &common::fit(3)).ok()["id"]);
    let run = project.begin(&server, &project.study(&server, 3));
    assert_eq!(project.wish(&server, &run, "cancel").status, 200);
    project.ended(&server, &run);
    let id = project.0.rsplit('/').next().unwrap_or_default();
    let hash = blake3::hash(b"a,b\n1,2\n3,4\n").to_hex().to_string();
    let known = [("project", id), ("dataset", &dataset), ("model", &model), ("run", &run), ("hash", &hash)];
    let described = server.get("/api/v1/openapi.json").ok();
    let (mut asked, mut there) = (0, 0);
    for (path, methods) in described["paths"].as_object().unwrap_or_else(|| panic!("{described}")) {
        for method in ["get", "head"].iter().filter(|m| methods[**m] != Value::Null) {
            let mut path = path.clone();
            for (name, value) in known {
                path = path.replace(&format!("{{{name}}}"), value);
            }
            for name in ["version", "number", "other"] {
                path = path.replace(&format!("{{{name}}}"), "1");
            }
            let answer = server.ask(&method.to_uppercase(), &path, &[], &[]);
            assert_eq!(answer.header("cache-control"), Some("no-store"), "{path}: {answer}");
            (asked, there) = (asked + 1, there + usize::from(answer.status == 200));
        }
    }
    assert!(asked > 25 && there > asked - 5, "{there} of {asked} were there");
    for path in ["/sign-in", "/set-up", "/s/x"] {
        assert_eq!(server.get(path).header("cache-control"), Some("no-store"), "{path}");
    }
}
