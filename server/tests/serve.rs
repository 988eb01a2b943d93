//! The server, asked over a real connection.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::{Child, Command, Stdio};

struct Server {
    child: Child,
    address: String,
    _folder: tempfile::TempDir,
}

impl Server {
    fn start() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
        let child = Command::new(env!("CARGO_BIN_EXE_trellis"))
            .args(["serve", "--port", "0", "--data-dir"])
            .arg(folder.path())
            .stdout(Stdio::piped())
            .spawn();
        let mut child = child.unwrap_or_else(|e| panic!("the binary cannot be started: {e}"));
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            // An error leaves the line empty, which is found below.
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_default().to_owned();
        assert!(!address.is_empty(), "the server said {line:?}");
        Self { child, address, _folder: folder }
    }

    /// (status line and headers in lower case, body)
    fn ask(&self, method: &str, path: &str, headers: &[&str]) -> (String, Vec<u8>) {
        let mut stream = TcpStream::connect(&self.address).unwrap_or_else(|e| panic!("cannot connect: {e}"));
        let mut request = format!("{method} {path} HTTP/1.1\r\nConnection: close\r\n");
        if !headers.iter().any(|h| h.starts_with("Host:")) {
            request.push_str(&format!("Host: {}\r\n", self.address));
        }
        headers.iter().for_each(|h| request.push_str(&format!("{h}\r\n")));
        request.push_str("\r\n");
        let mut answer = Vec::new();
        stream
            .write_all(request.as_bytes())
            .and_then(|()| stream.read_to_end(&mut answer))
            .unwrap_or_else(|e| panic!("{method} {path}: {e}"));
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        (head, answer.get(end + 4..).unwrap_or_default().to_vec())
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn header<'a>(head: &'a str, name: &str) -> Option<&'a str> {
    head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
}

#[test]
fn every_answer_is_guarded() {
    let server = Server::start();
    for path in ["/", "/healthz", "/nothing", "/api/v1/nothing"] {
        let (head, _) = server.ask("GET", path, &[]);
        assert!(
            header(&head, "content-security-policy").is_some_and(|p| p.contains("default-src 'none'")),
            "{head}"
        );
        assert_eq!(header(&head, "x-content-type-options"), Some("nosniff"));
        assert_eq!(header(&head, "cross-origin-opener-policy"), Some("same-origin"));
        assert_eq!(header(&head, "referrer-policy"), Some("no-referrer"));
    }
    assert!(server.ask("GET", "/healthz", &[]).0.starts_with("http/1.1 200"));
    assert!(server.ask("GET", "/readyz", &[]).0.starts_with("http/1.1 200"));
    let (head, _) = server.ask("GET", "/", &["Host: evil.example"]);
    assert!(head.starts_with("http/1.1 421"), "{head}");
}

#[test]
fn no_path_leads_out_and_problems_are_told() {
    let server = Server::start();
    for path in [
        "/../Cargo.toml",
        "/%2e%2e/Cargo.toml",
        "/..%2fCargo.toml",
        "//etc/passwd",
        "/.git/config",
        "/index.html/",
    ] {
        let (head, body) = server.ask("GET", path, &[]);
        assert!(head.starts_with("http/1.1 404"), "{path}: {head}");
        assert!(!String::from_utf8_lossy(&body).contains("[workspace]"));
    }
    let (head, body) = server.ask("GET", "/api/v1/nothing", &[]);
    assert!(
        head.starts_with("http/1.1 404") && header(&head, "content-type") == Some("application/problem+json"),
        "{head}"
    );
    assert!(String::from_utf8_lossy(&body).contains("\"status\":404"));
    let (head, _) = server.ask("POST", "/", &["Content-Length: 0"]);
    assert!(head.starts_with("http/1.1 405") && header(&head, "allow") == Some("get, head"), "{head}");
}

/// Needs the page in the binary; without it, the front page says how to get it there.
#[test]
fn files_are_packed_and_known_ones_are_not_sent_again() {
    let server = Server::start();
    let (head, body) = server.ask("GET", "/", &[]);
    if head.starts_with("http/1.1 503") {
        assert!(String::from_utf8_lossy(&body).contains("cargo xtask serve"));
        return;
    }
    assert_eq!(header(&head, "content-type"), Some("text/html; charset=utf-8"));
    assert_eq!(header(&head, "cache-control"), Some("no-cache"));
    let tag = header(&head, "etag").unwrap_or_default().to_owned();
    let (head, again) = server.ask("GET", "/", &[&format!("If-None-Match: {tag}")]);
    assert!(head.starts_with("http/1.1 304") && again.is_empty(), "{head}");
    let (head, nothing) = server.ask("HEAD", "/", &[]);
    assert!(head.starts_with("http/1.1 200") && nothing.is_empty(), "{head}");

    let (plain, csv) = server.ask("GET", "/samples/churn.csv", &[]);
    assert_eq!(header(&plain, "content-type"), Some("text/csv; charset=utf-8"));
    for coding in ["br", "gzip"] {
        let (head, packed) =
            server.ask("GET", "/samples/churn.csv", &[&format!("Accept-Encoding: {coding}")]);
        assert_eq!(header(&head, "content-encoding"), Some(coding));
        assert!(packed.len() < csv.len() / 2);
    }
    let page = String::from_utf8_lossy(&body).into_owned();
    let at = page.find("/page-").unwrap_or_default();
    let script: String = page[at..].chars().take_while(|c| *c != '\'' && *c != '"').collect();
    let (head, _) = server.ask("GET", &script, &[]);
    assert_eq!(
        header(&head, "cache-control"),
        Some("public, max-age=31536000, immutable"),
        "{script}: {head}"
    );
}

#[test]
fn a_taken_port_is_an_error() {
    let server = Server::start();
    let port = server.address.rsplit(':').next().unwrap_or_default();
    let done = Command::new(env!("CARGO_BIN_EXE_trellis")).args(["serve", "--port", port]).output();
    let done = done.unwrap_or_else(|e| panic!("the binary cannot be started: {e}"));
    let text = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{text}");
    assert!(text.starts_with("error: cannot listen on") && text.contains("\nhelp: "), "{text}");
}
