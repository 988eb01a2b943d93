//! What can be watched: ids of requests, lines in the log, numbers.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::team::Team;
use common::{Server, text, trellis, until};
use serde_json::{Value, json};
use std::path::Path;

/// A server that logs objects into a file.
fn logging(folder: &Path, log: &Path) -> Server {
    let mut command = trellis(&["serve", "--port", "0", "--workers", "0", "--data-dir"]);
    command.arg(folder).env("TRELLIS_LOG", "info").env("TRELLIS_LOG_FORMAT", "json");
    command.stderr(std::fs::File::create(log).unwrap_or_else(|e| panic!("{e}")));
    Server::of(command)
}

#[test]
fn every_request_has_an_id_and_a_line() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let log = folder.path().join("log");
    let server = logging(folder.path(), &log);
    let asked = [
        ("/healthz", 200, "/healthz"),
        ("/api/v1/projects", 200, "/api/v1/projects"),
        ("/api/v1/projects/nothing", 404, "/api/v1/projects/{project}"),
        ("/s/a-secret-part", 404, "/s/{token}"),
        ("/no/such/file", 404, "files"),
    ];
    let mut ids = Vec::new();
    for (path, status, route) in asked {
        // An id from elsewhere is not taken.
        let answer = server.ask("GET", path, &["X-Request-Id: forged"], &[]);
        assert_eq!(answer.status, status, "{answer}");
        let id = answer.header("x-request-id").unwrap_or_default().to_owned();
        assert!(id.len() == 26 && !ids.contains(&id), "{answer}");
        if answer.header("content-type") == Some("application/problem+json") {
            assert_eq!(answer.json()["request_id"], json!(id), "{answer}");
        }
        let line = until("a line in the log", || {
            let all = std::fs::read_to_string(&log).unwrap_or_default();
            let mut lines = all.lines().filter_map(|l| serde_json::from_str::<Value>(l).ok());
            lines.find(|l| l["span"]["request_id"] == json!(id))
        });
        assert_eq!(
            (&line["status"], &line["route"], &line["method"]),
            (&json!(status), &json!(route), &json!("GET"))
        );
        ids.push(id);
    }
    let all = std::fs::read_to_string(&log).unwrap_or_default();
    assert!(!all.contains("secret") && !all.contains("forged"), "{all}");
    let wrong: Vec<&str> = all.lines().filter(|l| serde_json::from_str::<Value>(l).is_err()).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
}

/// The value of a number.
fn number(told: &str, name: &str) -> Option<f64> {
    told.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(' ')?.parse().ok())
}

#[test]
fn numbers_are_told() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(folder.path(), &["--workers", "1"]);
    let project = server.project();
    let run = project.begin(&server, &project.study(&server, 4));
    project.model(&server, &run);
    assert_eq!(server.get("/api/v1/projects/nothing").status, 404);
    let answer = server.get("/metrics");
    assert_eq!(answer.header("content-type"), Some("text/plain; version=0.0.4; charset=utf-8"), "{answer}");
    let told = String::from_utf8_lossy(&answer.body).into_owned();
    assert_eq!(number(&told, "trellis_runs{state=\"done\"}"), Some(1.0), "{told}");
    assert_eq!(number(&told, "trellis_worker_slots"), Some(1.0), "{told}");
    assert_eq!(number(&told, "trellis_event_streams"), Some(0.0), "{told}");
    let done = number(&told, "trellis_trials{state=\"done\"}");
    assert!(done.is_some_and(|n| n >= 4.0), "{told}");
    assert!(number(&told, "trellis_trials_claimed_total") >= done, "{told}");
    assert!(number(&told, "trellis_trials_completed_total") >= done, "{told}");
    let missed = "trellis_requests_total{method=\"GET\",route=\"/api/v1/projects/{project}\",class=\"4xx\"}";
    assert_eq!(number(&told, missed), Some(1.0), "{told}");
    let route = "method=\"POST\",route=\"/api/v1/projects\"";
    assert_eq!(number(&told, &format!("trellis_request_seconds_count{{{route}}}")), Some(1.0), "{told}");
    assert_eq!(
        number(&told, &format!("trellis_request_seconds_bucket{{{route},le=\"+Inf\"}}")),
        Some(1.0),
        "{told}"
    );
    // Nothing of anybody's stands there.
    assert!(!told.contains(&run) && !told.contains("nothing"), "{told}");
}

#[test]
fn numbers_are_the_admins() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let team = Team::gather(folder.path());
    let token = |actor: &str| {
        let body = json!({ "name": "prometheus", "scope": "read" });
        let made = team.json(actor, "POST", "/api/v1/me/tokens", &body).ok();
        format!("Authorization: Bearer {}", text(&made["token"]))
    };
    for (actor, status) in [("admin", 200), ("owner", 403)] {
        let answer = team.server.ask("GET", "/metrics", &[&token(actor)], &[]);
        assert_eq!(answer.status, status, "{actor}: {answer}");
    }
}

#[test]
fn a_person_gets_all_that_is_kept_of_them() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let team = Team::gather(folder.path());
    let path = format!("/api/v1/projects/{}/datasets?name=a.csv", team.project);
    let sent = team.server.ask("POST", &path, &[team.who("editor")], b"a,b\n1,2\n3,4\n").ok();
    let told = team.ask("editor", "GET", "/api/v1/me/export").ok();
    assert_eq!(told["account"]["name"], "editor");
    assert_eq!(told["projects"], json!([{ "project": team.project, "name": "churn", "role": "editor" }]));
    assert_eq!(
        (&told["made"][0]["kind"], &told["made"][0]["id"]),
        (&json!("dataset"), &sent["id"]),
        "{told}"
    );
    assert_eq!(told["sessions"].as_array().map(Vec::len), Some(1), "{told}");
    let done = told["done"].as_array().cloned().unwrap_or_default();
    assert!(done.iter().any(|d| d["action"] == "dataset.upload" && d["resource"] == sent["id"]), "{told}");
    assert!(!told.to_string().contains("argon2"), "{told}");
    let others = team.ask("viewer", "GET", "/api/v1/me/export").ok();
    assert_eq!(others["made"], json!([]));

    assert_eq!(team.ask("editor", "DELETE", "/api/v1/me").status, 204);
    assert_eq!(team.ask("editor", "GET", "/api/v1/me/export").status, 401);
    let accounts = team.ask("admin", "GET", "/api/v1/accounts").ok();
    assert!(!accounts.to_string().contains("editor"), "{accounts}");
    assert_eq!(
        team.ask("admin", "GET", "/api/v1/audit").ok()["broken_at"],
        Value::Null,
        "the list stays whole"
    );
}
