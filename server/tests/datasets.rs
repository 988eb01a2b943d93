//! Data sets: sent, known again, given back, and refused without a trace.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Answer, Project, Server, sample, text, until};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::Path;

struct Here {
    server: Server,
    project: Project,
    folder: tempfile::TempDir,
}

fn here() -> Here {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let project = server.project();
    Here { server, project, folder }
}

impl Here {
    fn datasets(&self) -> String {
        format!("{}/datasets", self.project.0)
    }

    fn send(&self, query: &str, bytes: &[u8]) -> Answer {
        self.server.ask("POST", &format!("{}?{query}", self.datasets()), &[], bytes)
    }

    /// Files that lie in the folder of files, those on their way too.
    fn files(&self) -> usize {
        count(&self.folder.path().join("blobs"))
    }

    fn listed(&self) -> usize {
        self.server.get(&self.datasets()).ok()["items"].as_array().map_or(0, Vec::len)
    }
}

fn count(folder: &Path) -> usize {
    let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
    // By this a sweep and a backup know of each other.
    let entries = entries.filter(|e| e.file_name() != "sweep.lock");
    entries.map(|e| if e.path().is_dir() { count(&e.path()) } else { 1 }).sum()
}

fn fixture(name: &str) -> Vec<u8> {
    let path =
        Path::new(env!("CARGO_MANIFEST_DIR")).join("../automl-core/tests/fixtures/columnar").join(name);
    std::fs::read(&path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn columns(shown: &Value) -> Vec<(String, String)> {
    let columns = shown["about"]["columns"].as_array().cloned().unwrap_or_default();
    columns.iter().map(|c| (text(&c[0]), text(&c[1]))).collect()
}

const TABLE: &str =
    "city;visits;seen;open\nBern;1,5;2024-03-01;yes\nBasel;2,25;2024-03-02;no\nChur;3;2024-03-05;yes\n";

#[test]
fn a_table_is_read_as_in_a_tab_and_given_back_as_it_was() {
    let here = here();
    let sent = here.send("name=visits.csv", TABLE.as_bytes());
    assert_eq!(sent.status, 201, "{sent}");
    let shown = sent.json();
    let found = columns(&shown);
    let names: Vec<&str> = found.iter().map(|(n, _)| n.as_str()).collect();
    assert_eq!(names, ["city", "visits", "seen", "open"], "{shown}");
    assert_eq!(found[1].1, "numeric", "a comma is a decimal mark here: {shown}");
    assert_eq!(found[3].1, "boolean", "{shown}");
    assert_eq!((&shown["about"]["rows"], &shown["bytes"]), (&json!(3), &json!(TABLE.len())));
    assert_eq!(shown["blob"], blake3::hash(TABLE.as_bytes()).to_hex().as_str());

    let path = format!("{}/{}", here.datasets(), text(&shown["id"]));
    assert_eq!(here.server.get(&path).ok(), shown);
    let content = here.server.get(&format!("{path}/content"));
    assert!(content.body == TABLE.as_bytes(), "the bytes are not those that were sent");
    assert_eq!(content.header("content-type"), Some("application/octet-stream"));
    assert_eq!(content.header("content-disposition"), Some("attachment; filename=\"visits.csv\""));
    let tag = content.header("etag").unwrap_or_default().to_owned();
    let known = here.server.ask("GET", &format!("{path}/content"), &[&format!("If-None-Match: {tag}")], &[]);
    assert_eq!((known.status, known.body.len()), (304, 0));

    assert_eq!(here.server.ask("DELETE", &path, &[], &[]).status, 204);
    for path in [path.clone(), format!("{path}/content")] {
        here.server.get(&path).problem(404);
    }
    here.server.ask("DELETE", &path, &[], &[]).problem(404);
}

#[test]
fn a_parquet_file_is_a_table_too() {
    let here = here();
    for name in ["snappy.parquet", "zstd.parquet"] {
        let bytes = fixture(name);
        let sent = here.send(&format!("name={name}"), &bytes);
        assert_eq!(sent.status, 201, "{sent}");
        let shown = sent.json();
        assert!(shown["about"]["rows"].as_u64() > Some(0) && columns(&shown).len() > 1, "{shown}");
        let content = here.server.get(&format!("{}/{}/content", here.datasets(), text(&shown["id"])));
        assert!(content.body == bytes, "{name} came back changed");
    }
    // Both hold the same table, so they have the same fingerprint.
    let list = here.server.get(&here.datasets()).ok();
    assert_eq!(list["items"][0]["about"]["fingerprint"], list["items"][1]["about"]["fingerprint"], "{list}");
    assert_ne!(list["items"][0]["blob"], list["items"][1]["blob"]);
}

/// Parts of a size that the sender does not tell beforehand.
#[test]
fn a_table_is_taken_in_parts() {
    let here = here();
    let bytes = std::fs::read(sample("churn.csv")).unwrap_or_else(|e| panic!("{e}"));
    let mut stream = TcpStream::connect(&here.server.address).unwrap_or_else(|e| panic!("{e}"));
    let head = format!(
        "POST {}?name=churn.csv HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nTransfer-Encoding: chunked\r\n\r\n",
        here.datasets(),
        here.server.address
    );
    let mut request = head.into_bytes();
    for part in bytes.chunks(10_007) {
        request.extend_from_slice(format!("{:x}\r\n", part.len()).as_bytes());
        request.extend_from_slice(part);
        request.extend_from_slice(b"\r\n");
    }
    request.extend_from_slice(b"0\r\n\r\n");
    let mut answer = String::new();
    stream
        .write_all(&request)
        .and_then(|()| stream.read_to_string(&mut answer))
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(answer.starts_with("HTTP/1.1 201"), "{answer}");
    let shown = here.server.get(&here.datasets()).ok();
    let content = here.server.get(&format!("{}/{}/content", here.datasets(), text(&shown["items"][0]["id"])));
    assert!(content.body == bytes, "the parts are not put together as they were");
}

#[test]
fn the_same_bytes_are_kept_once() {
    let here = here();
    let first = here.send("name=a.csv", TABLE.as_bytes());
    let again = here.send("name=a.csv", TABLE.as_bytes());
    assert_eq!((first.status, again.status), (201, 200), "{again}");
    assert_eq!(first.json(), again.json());
    // Under another name, or read in another way, it is another data set of the same bytes.
    let renamed = here.send("name=b.csv", TABLE.as_bytes());
    let options = "%7B%22has_header%22%3Afalse%7D";
    let otherwise = here.send(&format!("name=b.csv&options={options}"), TABLE.as_bytes());
    assert_eq!((renamed.status, otherwise.status), (201, 201));
    assert_eq!(otherwise.json()["about"]["rows"], 4, "its first line is a row now: {otherwise}");
    assert_eq!((here.listed(), here.files()), (3, 1));

    let hash = blake3::hash(TABLE.as_bytes()).to_hex();
    let path = |hash: &str| format!("{}/by-hash/{hash}", here.datasets());
    let known = here.server.ask("HEAD", &path(&hash), &[], &[]);
    assert_eq!(known.status, 200, "{known}");
    assert_eq!(known.header("trellis-dataset"), otherwise.json()["id"].as_str());
    let read = here.server.ask("HEAD", &format!("{}?options={options}", path(&hash)), &[], &[]);
    assert_eq!(read.header("trellis-dataset"), otherwise.json()["id"].as_str());
    let plain = here.server.ask("HEAD", &format!("{}?options=%7B%7D", path(&hash)), &[], &[]);
    assert_eq!(plain.header("trellis-dataset"), renamed.json()["id"].as_str());
    for otherwise in ["options=%7B%22has_header%22%3Atrue%7D", "name=c.csv"] {
        let unread = here.server.ask("HEAD", &format!("{}?{otherwise}", path(&hash)), &[], &[]);
        assert_eq!(unread.status, 404, "it is not there as it would be read: {otherwise}");
    }
    for hash in ["0".repeat(64), "x".to_owned(), "..%2f..".to_owned()] {
        assert_eq!(here.server.ask("HEAD", &path(&hash), &[], &[]).status, 404, "{hash}");
    }
    let other = here.server.project();
    let elsewhere = here.server.ask("HEAD", &format!("{}/datasets/by-hash/{hash}", other.0), &[], &[]);
    assert_eq!(elsewhere.status, 404, "what another project holds is not told");

    // What one deletes, others still have.
    let path = format!("{}/{}", here.datasets(), text(&first.json()["id"]));
    assert_eq!(here.server.ask("DELETE", &path, &[], &[]).status, 204);
    let content = here.server.get(&format!("{}/{}/content", here.datasets(), text(&renamed.json()["id"])));
    assert!(content.body == TABLE.as_bytes());
}

#[test]
fn what_is_no_table_is_refused_without_a_trace() {
    let here = here();
    let png = b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR".as_slice();
    let half = &fixture("zstd.parquet")[..200];
    let cases: [(&str, &[u8]); 7] = [
        ("nothing.csv", b""),
        ("header.csv", b"a,b,c\n"),
        ("picture.csv", png),
        ("page.csv", b"<!doctype html><html><body>Not found</body></html>"),
        ("half.parquet", half),
        ("text.parquet", b"a,b\n1,2\n"),
        ("broken.json", b"{"),
    ];
    for (name, bytes) in cases {
        let told = here.send(&format!("name={name}"), bytes).problem(422);
        let diagnostic = &told["diagnostics"][0];
        assert!(
            !text(&diagnostic["message"]).is_empty() && !text(&diagnostic["remedy"]).is_empty(),
            "{name}: {told}"
        );
    }
    for query in [
        "",
        "name=",
        "name=%00",
        "name=a.csv&options=x",
        "name=a.csv&options=%7B%22delimiter%22%3A%22x%22%7D",
    ] {
        let answer = here.send(query, TABLE.as_bytes());
        answer.problem(if ["name=", "name=%00"].contains(&query) { 422 } else { 400 });
    }
    assert_eq!((here.listed(), here.files()), (0, 0));
}

#[test]
fn one_that_is_too_large_is_refused_before_it_is_sent() {
    let here = here();
    let limit = here.server.get("/api/v1/me").ok()["upload_limit"].as_u64().unwrap_or_default();
    let mut stream = TcpStream::connect(&here.server.address).unwrap_or_else(|e| panic!("{e}"));
    let head = format!(
        "POST {}?name=a.csv HTTP/1.1\r\nHost: {}\r\nConnection: close\r\nContent-Length: {}\r\n\r\n",
        here.datasets(),
        here.server.address,
        limit + 1
    );
    let mut answer = String::new();
    stream
        .write_all(head.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer))
        .unwrap_or_else(|e| panic!("{e}"));
    assert!(answer.starts_with("HTTP/1.1 413") && answer.contains("application/problem+json"), "{answer}");
    assert!(answer.contains("/problems/too-large") && answer.contains(" MB at most"), "{answer}");
}

#[test]
fn one_that_is_broken_off_leaves_nothing() {
    let here = here();
    let head = |bytes: usize| {
        format!(
            "POST {}?name=a.csv HTTP/1.1\r\nHost: {}\r\nContent-Length: {bytes}\r\n\r\n",
            here.datasets(),
            here.server.address
        )
    };
    let begin = || {
        let mut stream = TcpStream::connect(&here.server.address).unwrap_or_else(|e| panic!("{e}"));
        let sent = stream
            .write_all(head(2 * TABLE.len()).as_bytes())
            .and_then(|()| stream.write_all(TABLE.as_bytes()));
        sent.unwrap_or_else(|e| panic!("{e}"));
        until("it is on its way", || (here.files() == 1).then_some(()));
        stream
    };
    drop(begin());
    until("nothing is left", || (here.files() == 0).then_some(()));
    let mut stream = begin();
    let mut answer = String::new();
    let ended = stream.shutdown(Shutdown::Write).and_then(|()| stream.read_to_string(&mut answer));
    assert!(ended.is_err() || answer.is_empty() || answer.starts_with("HTTP/1.1 400"), "{answer}");
    until("nothing is left", || (here.files() == 0).then_some(()));
    assert_eq!(here.listed(), 0);
}
