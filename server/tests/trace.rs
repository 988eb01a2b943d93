//! Traces, as a collector gets them.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Project, Server, text, trellis, until};
use serde_json::Value;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::Command;
use std::sync::{Arc, Mutex};

const TRIALS: u32 = 4;
const TRACE: &str = "4bf92f3577b34da6a3ce929d0e0e4736";
const CALLER: &str = "00f067aa0ba902b7";

/// A span that a collector got, and whose it is.
#[derive(Debug, Clone)]
struct Got {
    service: String,
    span: Value,
}

impl Got {
    fn is(&self, name: &str) -> bool {
        self.span["name"] == name
    }

    fn id(&self) -> String {
        text(&self.span["spanId"])
    }

    fn trace(&self) -> String {
        text(&self.span["traceId"])
    }

    fn parent(&self) -> String {
        self.span["parentSpanId"].as_str().unwrap_or_default().to_owned()
    }

    /// What is said of it, as text.
    fn fact(&self, name: &str) -> String {
        let all = self.span["attributes"].as_array().into_iter().flatten();
        let value = all.clone().find(|a| a["key"] == name).map_or(&Value::Null, |a| &a["value"]);
        let value = value["stringValue"].as_str().or(value["intValue"].as_str());
        value.unwrap_or_default().to_owned()
    }
}

/// A collector of traces.
struct Collector {
    address: String,
    got: Arc<Mutex<Vec<Got>>>,
}

impl Collector {
    fn start() -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|e| panic!("{e}"));
        let address = listener.local_addr().unwrap_or_else(|e| panic!("{e}")).to_string();
        let got: Arc<Mutex<Vec<Got>>> = Arc::default();
        let taken = got.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let taken = taken.clone();
                std::thread::spawn(move || while take(&stream, &taken).is_some() {});
            }
        });
        Self { address, got }
    }

    fn all(&self) -> Vec<Got> {
        self.got.lock().unwrap_or_else(|e| panic!("{e}")).clone()
    }

    /// Waits for as many spans that are so.
    fn wait(&self, what: &str, count: usize, is_so: impl Fn(&Got) -> bool) -> Vec<Got> {
        until(what, || {
            let found: Vec<Got> = self.all().into_iter().filter(&is_so).collect();
            (found.len() >= count).then_some(found)
        })
    }
}

/// Takes one batch; `None` at the end.
fn take(mut stream: &TcpStream, got: &Mutex<Vec<Got>>) -> Option<()> {
    let mut lines = BufReader::new(stream);
    let (mut head, mut length) = (String::new(), 0);
    while !head.ends_with("\r\n\r\n") {
        let begun = head.len();
        if lines.read_line(&mut head).ok()? == 0 {
            return None;
        }
        let line = head[begun..].to_lowercase();
        length = line.strip_prefix("content-length: ").map_or(length, |n| n.trim().parse().unwrap_or(0));
    }
    assert!(head.starts_with("POST /v1/traces HTTP/1.1\r\n"), "{head}");
    assert!(head.to_lowercase().contains("content-type: application/json"), "{head}");
    assert!(head.to_lowercase().contains("x-key: of this collector"), "{head}");
    let mut body = vec![0; length];
    lines.read_exact(&mut body).ok()?;
    let batch: Value = serde_json::from_slice(&body).unwrap_or_else(|e| panic!("{e}"));
    let told = &batch["resourceSpans"][0];
    let service = text(&told["resource"]["attributes"][0]["value"]["stringValue"]);
    let spans = told["scopeSpans"][0]["spans"].as_array().cloned().unwrap_or_default();
    let spans = spans.into_iter().map(|span| Got { service: service.clone(), span });
    got.lock().unwrap_or_else(|e| panic!("{e}")).extend(spans);
    stream.write_all(b"HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}").ok()
}

fn traced(command: &mut Command, address: &str, service: &str) {
    command.env("OTEL_EXPORTER_OTLP_ENDPOINT", format!("http://{address}")).env("OTEL_SERVICE_NAME", service);
    command.env("OTEL_EXPORTER_OTLP_HEADERS", "x-key=of%20this%20collector");
    // A proxy of this machine's is not asked.
    command.env("NO_PROXY", "127.0.0.1");
}

/// A server that tells a collector at an address.
fn serving(folder: &Path, address: &str, service: &str, workers: &str) -> Server {
    let mut command = trellis(&["serve", "--port", "0", "--workers", workers, "--data-dir"]);
    command.arg(folder);
    traced(&mut command, address, service);
    command.stderr(std::fs::File::create(folder.join("log")).unwrap_or_else(|e| panic!("{e}")));
    Server::of(command)
}

/// Begins a run by a request with a header.
fn begin(server: &Server, project: &Project, trials: u32, header: &str) -> String {
    let run = project.study(server, trials);
    text(&server.json_with("POST", &format!("{}/runs", project.0), &[header], &run).ok()["id"])
}

#[test]
fn a_run_is_told_from_its_request_to_its_trials() {
    let (folder, collector) = (tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")), Collector::start());
    let server = serving(folder.path(), &collector.address, "here", "1");
    let project = server.project();
    // One that is not to be traced, and then one that is.
    let off =
        begin(&server, &project, TRIALS, &format!("traceparent: 00-{}-{CALLER}-00", TRACE.replace('4', "5")));
    project.model(&server, &off);
    let run = begin(&server, &project, TRIALS, &format!("traceparent: 00-{TRACE}-{CALLER}-01"));
    project.model(&server, &run);
    assert_eq!(server.get("/healthz").status, 200);
    assert_eq!(server.get("/api/v1/projects/nothing").status, 404);

    let route = "/api/v1/projects/{project}/runs";
    let found = collector.wait("the run", 1, |s| s.is("run") && s.fact("trellis.run.id") == run);
    let [told] = &found[..] else { panic!("{found:?}") };
    assert_eq!((told.trace(), told.fact("trellis.run.state")), (TRACE.to_owned(), "done".to_owned()));
    assert_eq!(told.service, "here");
    let found = collector.wait("its request", 1, |s| s.trace() == TRACE && s.span["kind"] == 2);
    let [request] = &found[..] else { panic!("{found:?}") };
    assert_eq!(request.span["name"], format!("POST {route}"));
    assert_eq!((request.parent(), told.parent()), (CALLER.to_owned(), request.id()));
    let facts = ["http.request.method", "http.route", "http.response.status_code"].map(|n| request.fact(n));
    assert_eq!(facts, ["POST", route, "202"]);
    assert_eq!(request.fact("trellis.request.id").len(), 26);
    let trials = collector.wait("its trials", TRIALS as usize, |s| s.is("trial") && s.trace() == TRACE);
    let processes =
        collector.wait("their processes", trials.len(), |s| s.is("trial process") && s.trace() == TRACE);
    for trial in &trials {
        assert_eq!((trial.parent(), trial.fact("trellis.run.id")), (told.id(), run.clone()), "{trial:?}");
        assert_eq!(trial.fact("trellis.trial.outcome"), "done", "{trial:?}");
        assert!(processes.iter().any(|p| p.parent() == trial.id()), "{trial:?}");
        let time = |s: &Got, which: &str| text(&s.span[which]).parse::<u64>().unwrap_or_default();
        let (from, to) = ("startTimeUnixNano", "endTimeUnixNano");
        assert!(time(trial, from) <= time(trial, to) && time(told, from) <= time(trial, from), "{trial:?}");
    }

    // One that belongs to nothing is a trace of its own; what was not to be traced is not; probes are not.
    let missed = collector.wait("another", 1, |s| s.fact("http.response.status_code") == "404");
    assert_eq!(
        (missed[0].parent().as_str(), missed[0].span["name"].as_str()),
        ("", Some("GET /api/v1/projects/{project}"))
    );
    let all = collector.all();
    assert!(
        !all.iter().any(|s| s.fact("trellis.run.id") == off || s.fact("http.route") == "/healthz"),
        "{all:?}"
    );
    // Nothing of anybody's stands there.
    let all = format!("{all:?}");
    for name in ["recurrence", "back_within", "loans", "local", project.0.rsplit('/').next().unwrap_or("?")] {
        assert!(!all.contains(name), "{name}: {all}");
    }
    let numbers = String::from_utf8_lossy(&server.get("/metrics").body).into_owned();
    assert!(numbers.contains("trellis_spans_dropped_total 0"), "{numbers}");
}

#[test]
fn another_server_and_another_worker_go_on_in_the_same_trace() {
    let (folder, collector) = (tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")), Collector::start());
    let mut server = serving(folder.path(), &collector.address, "first", "0");
    let token = server.token("worker");
    let working = |server: &Server, service: &str| {
        let mut command =
            trellis(&["worker", "--slots", "1", "--server", &format!("http://{}", server.address)]);
        command.env("TRELLIS_TOKEN", &token).stderr(std::process::Stdio::null());
        traced(&mut command, &collector.address, service);
        common::Process::start(command)
    };
    let mut worker = working(&server, "worker");
    let project = server.project();
    let run = begin(&server, &project, 10 * TRIALS, &format!("traceparent: 00-{TRACE}-{CALLER}-01"));
    let done =
        |service: &'static str| move |s: &Got| s.is("trial") && s.service == service && s.trace() == TRACE;
    until("a trial", || (project.trials(&server, &run, "done") > 0).then_some(()));
    // It tells what it has done before it ends.
    worker.signal("TERM");
    assert!(worker.0.wait().is_ok_and(|status| status.success()));
    let before = collector.wait("a trial", 1, done("worker"));
    server.process.kill();
    drop(server);
    let server = serving(folder.path(), &collector.address, "second", "0");
    assert_eq!(project.show(&server, &run)["ended"], Value::Null);
    let _worker = working(&server, "another worker");
    project.model(&server, &run);
    let told = collector.wait("the run", 1, |s| s.is("run") && s.service == "second");
    let after = collector.wait("a trial", 1, done("another worker"));
    for trial in before.iter().chain(&after) {
        assert_eq!((trial.parent(), told[0].trace()), (told[0].id(), TRACE.to_owned()), "{trial:?}");
    }
    // What the worker asks the server for a trial belongs to it.
    let brought = collector.wait("a result", 1, |s| {
        s.service == "second" && s.is("POST /api/v1/trials/complete") && s.trace() == TRACE
    });
    let trials = collector.wait("its trial", 1, |s| s.id() == brought[0].parent());
    assert!(trials[0].is("trial"), "{trials:?}");
}

/// Spans that were dropped, as the server's numbers say.
fn dropped(server: &Server) -> Option<u64> {
    let numbers = String::from_utf8_lossy(&server.get("/metrics").body).into_owned();
    numbers.lines().find_map(|line| line.strip_prefix("trellis_spans_dropped_total ")?.parse().ok())
}

#[test]
fn a_collector_that_is_away_is_told_once_and_hinders_nothing() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let gone = TcpListener::bind(("127.0.0.1", 0)).and_then(|l| l.local_addr());
    let server = serving(folder.path(), &gone.unwrap_or_else(|e| panic!("{e}")).to_string(), "here", "1");
    let project = server.project();
    let run = project.begin(&server, &project.study(&server, TRIALS));
    project.model(&server, &run);
    // A few batches.
    for _ in 0..3 {
        let before = dropped(&server);
        assert_eq!(server.get("/api/v1/projects").status, 200);
        until("a batch that is dropped", || (dropped(&server) > before).then_some(()));
    }
    let log = std::fs::read_to_string(folder.path().join("log")).unwrap_or_else(|e| panic!("{e}"));
    assert_eq!(log.matches("traces cannot be sent").count(), 1, "{log}");
}

#[test]
fn a_collector_that_hangs_hinders_nothing() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    // It takes connections, by the system's hand, and never answers.
    let hangs = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|e| panic!("{e}"));
    let address = hangs.local_addr().unwrap_or_else(|e| panic!("{e}")).to_string();
    let mut server = serving(folder.path(), &address, "here", "1");
    let project = server.project();
    let run = project.begin(&server, &project.study(&server, TRIALS));
    project.model(&server, &run);
    until("spans that are dropped", || {
        assert_eq!(server.get("/api/v1/projects").status, 200);
        dropped(&server).filter(|count| *count > 0)
    });
    // Nor does it hold up the end.
    server.process.signal("TERM");
    let status = server.process.0.wait().unwrap_or_else(|e| panic!("{e}"));
    assert!(status.success(), "{status}");
}

#[test]
fn nothing_is_traced_unless_it_is_asked_for() {
    let (folder, collector) = (tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")), Collector::start());
    let mut command = trellis(&["serve", "--port", "0", "--workers", "0", "--data-dir"]);
    command.arg(folder.path()).env_remove("OTEL_EXPORTER_OTLP_ENDPOINT");
    command.env_remove("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT").env("OTEL_SERVICE_NAME", "here");
    let mut server = Server::of(command);
    assert_eq!(server.get("/api/v1/projects").status, 200);
    assert_eq!(dropped(&server), None);
    server.process.signal("TERM");
    assert!(server.process.0.wait().is_ok_and(|status| status.success()));
    assert!(collector.all().is_empty());
}

/// Whoever leaves before the answer is told of too, in the trace and in the numbers.
#[test]
fn a_request_that_is_left_is_told() {
    let (folder, collector) = (tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")), Collector::start());
    let server = serving(folder.path(), &collector.address, "here", "0");
    let me = r#"{"id":"00000000000000000000000001","name":"by hand","slots":1}"#;
    let mut asking = TcpStream::connect(&server.address).unwrap_or_else(|e| panic!("{e}"));
    // Without any trial it waits for one.
    let head = format!(
        "POST /api/v1/trials/claim HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: \
         application/json\r\nContent-Length: {}\r\n\r\n{me}",
        server.address,
        server.token("worker"),
        me.len()
    );
    asking.write_all(head.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
    std::thread::sleep(std::time::Duration::from_millis(300));
    drop(asking);
    let found = collector.wait("the request", 1, |s| s.fact("http.route") == "/api/v1/trials/claim");
    assert_eq!(found[0].fact("http.response.status_code"), "499", "{found:?}");
    let numbers = String::from_utf8_lossy(&server.get("/metrics").body).into_owned();
    let line = "trellis_requests_total{method=\"POST\",route=\"/api/v1/trials/claim\",class=\"4xx\"} 1";
    assert!(numbers.contains(line), "{numbers}");
}
