//! Servers and workers that are killed in the midst of their work: nothing that was promised is lost, and nothing is
//! done twice.
//!
//! The number of kills is set by `TRELLIS_KILLS`; the long form of these tests takes hundreds.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::cluster::Cluster;
use common::{Process, Project, Server, fit, text, times, until, worker};
use serde_json::json;
use std::path::Path;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

const TRIALS: u32 = 10;

/// What an undisturbed search gives.
fn undisturbed() -> &'static [u8] {
    static BYTES: OnceLock<Vec<u8>> = OnceLock::new();
    BYTES.get_or_init(|| fit(TRIALS))
}

/// Seconds of the slowest and of the median one.
fn figures(what: &str, mut secs: Vec<f64>) {
    secs.sort_by(f64::total_cmp);
    if let (Some(median), Some(most)) = (secs.get(secs.len() / 2), secs.last()) {
        eprintln!("{what}: {} times, median {median:.2} s, most {most:.2} s", secs.len());
    }
}

/// Kills a server again and again while it searches; each time another goes on with what lies there.
fn killed_servers(folder: &Path, arguments: &[&str]) {
    let kills = times("TRELLIS_KILLS", 5);
    let (mut ready, mut recovered, mut runs) = (Vec::new(), Vec::new(), Vec::new());
    let mut server = Server::start(folder, arguments);
    let project = server.project();
    let study = project.study(&server, TRIALS);
    let mut best = f64::NEG_INFINITY;
    runs.push(project.begin(&server, &study));
    for kill in 0..kills {
        let current = runs.last().cloned().unwrap_or_default();
        // Killed at another point each time: after a trial more, or so.
        let before = project.trials(&server, &current, "done");
        until("a trial", || {
            let over = !project.show(&server, &current)["ended"].is_null();
            (over || project.trials(&server, &current, "done") > before).then_some(())
        });
        std::thread::sleep(Duration::from_millis(u64::from(kill * 37 % 200)));
        server.process.kill();
        let at = Instant::now();
        server = Server::start(folder, arguments);
        until("ready", || (server.get("/readyz").status == 200).then_some(()));
        ready.push(at.elapsed().as_secs_f64());
        let shown = project.show(&server, &current);
        let score = shown["best"].as_f64().unwrap_or(f64::NEG_INFINITY);
        assert!(score >= best, "the best score fell: {best} to {score}");
        best = score;
        if shown["ended"].is_null() {
            let done = project.trials(&server, &current, "done");
            until("it goes on", || {
                let over = !project.show(&server, &current)["ended"].is_null();
                (over || project.trials(&server, &current, "done") > done).then_some(())
            });
            recovered.push(at.elapsed().as_secs_f64());
        } else {
            best = f64::NEG_INFINITY;
            runs.push(project.begin(&server, &study));
        }
    }
    for run in &runs {
        assert!(
            project.model(&server, run) == undisturbed(),
            "the model differs from that of an undisturbed search"
        );
        let shown = project.show(&server, run);
        assert_eq!(project.trials(&server, run, "poisoned"), 0, "{shown}");
        let events = project.events(&server, run, 0, usize::MAX);
        let ends = events.iter().filter(|e| e.kind == "ended").count();
        assert_eq!(ends, 1, "{events:?}");
    }
    let list = server.get(&format!("{}/runs", project.0)).ok();
    assert_eq!(list["items"].as_array().map(Vec::len), Some(runs.len()), "a run was lost or made twice");
    figures("ready again", ready);
    figures("a trial done after a kill", recovered);
}

#[test]
fn a_killed_server_goes_on_with_sqlite() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    killed_servers(folder.path(), &["--workers", "2"]);
}

#[test]
fn a_killed_server_goes_on_with_postgres() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let cluster = Cluster::start();
    killed_servers(folder.path(), &["--workers", "2", "--database", &cluster.database("kills")]);
}

/// A server that computes nothing itself, with a token for workers.
fn elsewhere() -> (tempfile::TempDir, Server, Project, String) {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let (project, token) = (server.project(), server.token("worker"));
    (folder, server, project, token)
}

#[test]
fn killed_workers_lose_nothing() {
    let (_folder, server, project, token) = elsewhere();
    let kills = times("TRELLIS_KILLS", 3);
    let study = project.study(&server, TRIALS);
    let mut again = Vec::new();
    let (mut left, mut runs) = (kills, Vec::new());
    while left > 0 || runs.is_empty() {
        let run = project.begin(&server, &study);
        let mut best = f64::NEG_INFINITY;
        while left > 0 {
            let mut worker: Process = worker(&server, &token, &["--slots", "1"]);
            let done = project.trials(&server, &run, "done");
            let over = until("a trial", || {
                let over = !project.show(&server, &run)["ended"].is_null();
                let (more, claimed) = (
                    project.trials(&server, &run, "done") > done,
                    project.trials(&server, &run, "claimed") > 0,
                );
                (over || more && claimed).then_some(over)
            });
            if over {
                break;
            }
            worker.kill();
            left -= 1;
            let score = project.show(&server, &run)["best"].as_f64().unwrap_or(f64::NEG_INFINITY);
            assert!(score >= best, "the best score fell: {best} to {score}");
            best = score;
            let (at, held) = (Instant::now(), project.trials(&server, &run, "claimed"));
            if held > 0 {
                let _next: Process = common::worker(&server, &token, &["--slots", "1"]);
                let done = project.trials(&server, &run, "done");
                until("the trial is claimed again", || {
                    let over = !project.show(&server, &run)["ended"].is_null();
                    (over || project.trials(&server, &run, "done") > done + held).then_some(())
                });
                again.push(at.elapsed().as_secs_f64());
            }
        }
        runs.push(run);
    }
    let _last: Process = worker(&server, &token, &["--slots", "2"]);
    for run in runs {
        assert!(project.model(&server, &run) == undisturbed(), "the model differs");
        assert_eq!(project.trials(&server, &run, "poisoned"), 0);
    }
    figures("the trial of a killed worker and one more done by another", again);
}

#[test]
fn a_token_for_workers_does_nothing_else() {
    let (_folder, server, project, token) = elsewhere();
    let bearer = format!("Authorization: Bearer {token}");
    assert_eq!(server.ask("GET", &format!("{}/runs", project.0), &[&bearer], &[]).status, 403);
    let reader = format!("Authorization: Bearer {}", server.token("read"));
    let me = json!({ "id": "0".repeat(26), "name": "by hand", "slots": 1 });
    assert_eq!(server.json_with("POST", "/api/v1/trials/claim", &[&reader], &me).status, 403);
    let embedded = json!({ "id": "embedded", "name": "by hand", "slots": 1 });
    assert_eq!(server.json_with("POST", "/api/v1/trials/claim", &[&bearer], &embedded).status, 422);
}

/// One that sleeps beyond its lease comes too late, and what it brings changes nothing.
#[test]
fn what_comes_after_its_lease_is_refused() {
    let (_folder, server, project, token) = elsewhere();
    let bearer = format!("Authorization: Bearer {token}");
    let study = project.study(&server, TRIALS);
    let stops = times("TRELLIS_KILLS", 3);
    let claim = |id: u32| {
        let me = json!({ "id": format!("{id:026}"), "name": "by hand", "slots": 1 });
        until("a trial", || {
            let answer = server.json_with("POST", "/api/v1/trials/claim", &[&bearer], &me);
            (answer.status == 200).then(|| answer.ok()["claim"].clone())
        })
    };
    let complete = |claim: &serde_json::Value| {
        let path = format!(
            "/api/v1/trials/complete?run={}&study={}&job={}&fence={}",
            text(&claim["run"]),
            text(&claim["study"]),
            claim["job"],
            claim["fence"]
        );
        server.ask("POST", &path, &[&bearer], b"anything")
    };
    // By hand first, so that it is certain who holds what. A trial has three attempts, so each time a run of its own.
    for _ in 1..stops {
        let run = project.begin(&server, &study);
        let slow = claim(1);
        let quick = until("the lease ends", || Some(claim(2)).filter(|next| next["job"] == slow["job"]));
        assert_eq!(complete(&slow).status, 409, "{slow} {quick}");
        assert_eq!(project.trials(&server, &run, "done"), 0);
        assert_eq!(project.wish(&server, &run, "cancel").status, 200);
        project.ended(&server, &run);
    }
    eprintln!("{} of {} late results by hand refused", stops - 1, stops - 1);
    let run = project.begin(&server, &study);
    let slow = claim(1);
    let quick = until("the lease ends", || {
        let next = claim(2);
        (next["job"] == slow["job"] && next["study"] == slow["study"]).then_some(next)
    });
    assert!(quick["fence"].as_i64() > slow["fence"].as_i64(), "{slow} {quick}");
    for path in ["renew", "release"] {
        let answer = server.json_with("POST", &format!("/api/v1/trials/{path}"), &[&bearer], &slow);
        assert_eq!(answer.status, 409, "{path}: {answer}");
    }
    assert_eq!(complete(&slow).status, 409);
    assert_eq!(project.trials(&server, &run, "done"), 0);
    let mut twisted = quick.clone();
    twisted["error"] = "by hand".into();
    assert_eq!(server.json_with("POST", "/api/v1/trials/release", &[&bearer], &quick).status, 204);
    assert_eq!(server.json_with("POST", "/api/v1/trials/fail", &[&bearer], &twisted).status, 409);

    // Then with processes that are stopped, each in the midst of a trial where it has one.
    let (mut left, mut runs) = (stops, vec![run]);
    while left > 0 {
        let run = runs.last().cloned().unwrap_or_default();
        let stopped: Process = worker(&server, &token, &["--slots", "1"]);
        let busy = until("it claims a trial", || {
            let over = !project.show(&server, &run)["ended"].is_null();
            (over || project.trials(&server, &run, "claimed") > 0).then_some(!over)
        });
        if !busy {
            runs.push(project.begin(&server, &study));
            continue;
        }
        left -= 1;
        stopped.signal("STOP");
        let done = project.trials(&server, &run, "done");
        let _other: Process = worker(&server, &token, &["--slots", "1"]);
        until("another takes its trial over", || {
            let over = !project.show(&server, &run)["ended"].is_null();
            (over || project.trials(&server, &run, "done") > done + 1).then_some(())
        });
        stopped.signal("CONT");
        // So that what it brings is brought before it goes.
        std::thread::sleep(Duration::from_millis(300));
    }
    let _last: Process = worker(&server, &token, &["--slots", "1"]);
    for run in &runs {
        assert!(project.model(&server, run) == undisturbed(), "the model differs");
        assert_eq!(project.trials(&server, run, "poisoned"), 0);
    }
    let told = String::from_utf8_lossy(&server.get("/metrics").body).into_owned();
    let refused: f64 = ["complete", "renew"]
        .iter()
        .map(|what| format!("route=\"/api/v1/trials/{what}\",class=\"4xx\"}} "))
        .filter_map(|label| told.lines().find_map(|l| l.split_once(&label)?.1.parse::<f64>().ok()))
        .sum();
    eprintln!(
        "{stops} workers stopped beyond their lease in {} runs; {refused} late words refused",
        runs.len()
    );
}

#[test]
fn a_server_that_is_ended_puts_its_work_down() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let mut server = Server::start(folder.path(), &["--workers", "2"]);
    let project = server.project();
    let run = project.begin(&server, &project.study(&server, TRIALS));
    until("a trial", || (project.trials(&server, &run, "done") > 0).then_some(()));
    // One that listens to events and one that says nothing do not hold up the end.
    let silent = std::net::TcpStream::connect(&server.address).unwrap_or_else(|e| panic!("{e}"));
    let at = Instant::now();
    std::thread::scope(|scope| {
        let listening = scope.spawn(|| project.events(&server, &run, 0, usize::MAX));
        server.process.signal("TERM");
        let refused = until("readyz says so", || {
            let ready =
                server.try_ask("GET", "/readyz", &[], &[]).unwrap_or_else(|e| panic!("it ended unsaid: {e}"));
            (ready.status == 503).then_some(ready)
        });
        assert!(refused.head.contains("application/problem+json"), "{refused}");
        let _ = listening.join();
    });
    let status = server.process.0.wait().unwrap_or_else(|e| panic!("{e}"));
    // Work that is not put down is waited for twenty seconds.
    assert!(status.success() && at.elapsed() < Duration::from_secs(18), "{status} after {:?}", at.elapsed());
    eprintln!("ended {:.2} s after SIGTERM", at.elapsed().as_secs_f64());
    drop(silent);

    let server = Server::start(folder.path(), &["--workers", "2"]);
    assert!(project.model(&server, &run) == undisturbed(), "the model differs");
    assert_eq!(project.trials(&server, &run, "poisoned"), 0);
}

#[test]
fn one_server_keeps_a_folder() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let _server = Server::start(folder.path(), &["--workers", "0"]);
    let path = folder.path().to_string_lossy();
    let second = common::trellis(&["serve", "--port", "0", "--data-dir", &path]).output();
    let second = second.unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&second.stderr);
    assert!(second.status.code() == Some(1) && said.contains("another server keeps its data"), "{said}");
}
