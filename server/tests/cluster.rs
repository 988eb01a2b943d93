//! Trees grown on executors: the same model whatever becomes of these, byte for byte; and what is said where they cannot be had.
//!
//! `TRELLIS_ROWS` sets the rows; `TRELLIS_BINARY` names the binary. The figures are printed.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use automl_core::numeric::{Rng, math};
use common::{Server, path, refused, times, trellis, until};
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{Read, Write as _};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::Instant;

/// Numbers of which some matter together, levels that matter, and cells that are empty.
fn write_table(path: &Path, rows: u32) {
    let mut rng = Rng::new(1);
    let mut text = String::from("a,b,c,d,e,f,g,h,i,j,k,l,place,kind,answer\n");
    for _ in 0..rows {
        let x: [f64; 12] = std::array::from_fn(|_| 2.0 * rng.uniform() - 1.0);
        let (place, kind) = (rng.below(40), rng.below(5));
        let signal = 2.0 * x[0] * x[1] + 1.5 * math::sin(5.0 * x[2]) - x[3] + x[4].abs() * x[5];
        let signal = signal + ((place * 7) % 11) as f64 / 6.0 + kind as f64 / 4.0 - 1.3;
        for (at, x) in x.iter().enumerate() {
            let done = if at == 6 && rng.below(20) == 0 { Ok(()) } else { write!(text, "{x:.12}") };
            done.and_then(|()| write!(text, ",")).unwrap_or_else(|e| panic!("{e}"));
        }
        let answer = if rng.uniform() < math::sigmoid(1.5 * signal) { "yes" } else { "no" };
        writeln!(text, "p{place},k{kind},{answer}").unwrap_or_else(|e| panic!("{e}"));
    }
    std::fs::write(path, text).unwrap_or_else(|e| panic!("{e}"));
}

/// A folder with a table, where the memory that is allowed is enough for one part of its rows and not for the table.
struct Ground {
    folder: tempfile::TempDir,
    data: String,
}

impl Ground {
    fn new(rows: u32) -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let data = folder.path().join("data.csv");
        write_table(&data, rows);
        Self { data: path(&data), folder }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The arguments of a fit.
    fn fit(&self, out: &str, more: &[&str]) -> Vec<String> {
        let usual = ["--target", "answer", "--learner", "gbt", "--max-trials", "2", "--seed", "7"];
        let memory = format!("{}MB", times("TRELLIS_ROWS", ROWS) / 2_500);
        let out = path(&self.file(out));
        let fit =
            [&["fit", &self.data], &usual[..], &["--max-memory", &memory, "--out", &out], more].concat();
        fit.into_iter().map(str::to_owned).collect()
    }

    /// Fits; the model, and what was said.
    fn model(&self, out: &str, more: &[&str]) -> (Vec<u8>, String) {
        let begun = Instant::now();
        let arguments = self.fit(out, more);
        let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
        let done = trellis(&arguments).output().unwrap_or_else(|e| panic!("{e}"));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        assert!(done.status.success(), "{said}");
        let notes: Vec<&str> = said.lines().filter(|l| l.contains("executors held")).collect();
        println!("{out}: {:.1} s; {}", begun.elapsed().as_secs_f64(), notes.join(" "));
        (std::fs::read(self.file(out)).unwrap_or_else(|e| panic!("{e}")), said)
    }
}

const ROWS: u32 = 60_000;

fn executor(more: &[&str]) -> Server {
    let mut command = trellis(&[&["executor", "--listen", "127.0.0.1:0"], more].concat());
    command.stderr(Stdio::null());
    Server::of(command)
}

fn url(executor: &Server) -> String {
    format!("http://{}", executor.address)
}

fn state(executor: &Server) -> Value {
    executor.get("/v1/state").ok()
}

#[test]
fn any_number_of_executors_gives_the_model_of_one_process_though_they_are_killed() {
    let ground = Ground::new(times("TRELLIS_ROWS", ROWS));
    let (here, said) = ground.model("here.trellis", &[]);
    assert!(said.contains("learned from all of them"), "{said}");

    let mut two = [executor(&[]), executor(&[])];
    let urls = two.iter().map(url).collect::<Vec<_>>().join(",");
    let (spread, said) = ground.model("two.trellis", &["--executors", &urls]);
    assert!(said.contains("2 of 2 executors held rows, and none was lost"), "{said}");
    assert!(spread == here, "two executors give another model than one process");
    let states: Vec<Value> = two.iter().map(state).collect();
    println!("{states:?}");
    for state in &states {
        assert!(state["sums"].as_u64() > Some(100) && state["fits"] == 0 && state["bytes"] == 0, "{state}");
    }

    let one = url(&two[0]);
    let (alone, said) = ground.model("one.trellis", &["--executors", &one]);
    assert!(said.contains("1 of 1 executors held rows"), "{said}");
    assert!(alone == here, "one executor gives another model");

    // The second is killed in the midst of growing.
    let before = state(&two[1])["sums"].as_u64().unwrap_or(0);
    let arguments = ground.fit("killed.trellis", &["--executors", &urls]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = trellis(&arguments);
    let begun = Instant::now();
    let fit = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{e}"));
    until("trees to grow on the second executor", || {
        (state(&two[1])["sums"].as_u64() > Some(before + 150)).then_some(())
    });
    assert!(state(&two[1])["shards"].as_u64() > Some(0));
    two[1].process.kill();
    let done = fit.wait_with_output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{said}");
    println!("one killed: {:.1} s; {said}", begun.elapsed().as_secs_f64());
    assert!(said.contains("2 of 2 executors held rows, and 1 did not answer at times"), "{said}");
    let killed = std::fs::read(ground.file("killed.trellis")).unwrap_or_else(|e| panic!("{e}"));
    assert!(killed == here, "a killed executor changed the model");
}

#[test]
fn where_all_are_killed_the_model_of_the_search_is_kept_and_it_is_said() {
    let ground = Ground::new(times("TRELLIS_ROWS", ROWS));
    let mut only = executor(&[]);
    let urls = url(&only);
    let arguments = ground.fit("left.trellis", &["--executors", &urls]);
    let arguments: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let mut command = trellis(&arguments);
    let fit = command.stdout(Stdio::null()).stderr(Stdio::piped()).spawn().unwrap_or_else(|e| panic!("{e}"));
    until("trees to grow", || (state(&only)["sums"].as_u64() > Some(50)).then_some(()));
    only.process.kill();
    let done = fit.wait_with_output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{said}");
    assert!(said.contains("no executor answers any more") && said.contains("left.trellis"), "{said}");
    let kept = path(&ground.file("left.trellis"));
    assert!(common::run(&["leaderboard", &kept]).contains("Gradient boosting"));
    // Nothing of the rows is left beside it.
    let left = std::fs::read_dir(ground.folder.path()).unwrap_or_else(|e| panic!("{e}")).flatten();
    assert!(left.into_iter().all(|f| f.path().is_file()));
}

#[test]
fn who_cannot_be_asked_is_said_before_anything_is_searched() {
    let ground = Ground::new(50);
    let token = |name: &str, text: &str| {
        std::fs::write(ground.file(name), text).unwrap_or_else(|e| panic!("{e}"));
        path(&ground.file(name))
    };
    let (right, wrong) = (token("right", "0123456789abcdef\n"), token("wrong", "0123456789abcdeX"));
    let guarded = executor(&["--token-file", &right]);
    let says = |more: &[&str], what: &str| {
        let arguments = ground.fit("none.trellis", more);
        let said = refused(&arguments.iter().map(String::as_str).collect::<Vec<_>>());
        assert!(said.contains(what), "{said}");
        assert!(!ground.file("none.trellis").exists());
    };
    let address = url(&guarded);
    says(&["--executors", &address], "does not take this token");
    says(&["--executors", &address, "--token-file", &wrong], "does not take this token");
    says(&["--executors", &address, "--token-file", &token("short", "short")], "holds no token");
    says(
        &["--executors", "http://127.0.0.1:9"],
        "no executor can be reached: http://127.0.0.1:9: connection refused",
    );
    says(&["--executors", "127.0.0.1:9"], "cannot be used");
    says(&["--executors", "ftp://127.0.0.1:9"], "begins with http");
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let server = Server::start(folder.path(), &[]);
    says(&["--executors", &url(&server)], "is no executor");
    let said = refused(&["executor", "--listen", "0.0.0.0:0"]);
    assert!(said.contains("--token-file"), "{said}");
    let mut open = trellis(&["executor", "--listen", "0.0.0.0:0", "--token-file", &right]);
    open.stderr(Stdio::null());
    let open = Server::of(open);
    assert_eq!(open.get("/v1/state").status, 401);
}

#[test]
fn garbage_is_refused_and_the_executor_lives_on() {
    const CONTENT: &str = "Content-Type: application/vnd.trellis.cluster";
    let it = executor(&["--max-memory", "50MB"]);
    let mut rng = Rng::new(3);
    for length in (0..200).chain([10_000, 1_000_000]) {
        let body: Vec<u8> = (0..length).map(|_| rng.below(256) as u8).collect();
        let answer = it.ask("POST", "/v1/ask", &[CONTENT], &body);
        assert!((400..500).contains(&answer.status), "{answer}");
    }
    // A message of this version about a fit that nobody has begun, and one that promises more than it holds.
    let unknown = [1, 0, 2, 1, 0, 0, 0, 1];
    assert!((400..500).contains(&it.ask("POST", "/v1/ask", &[CONTENT], &unknown).status));
    let huge = [1, 0, 0, 0, 0x80, 0x80, 0x80, 0x08, 1, 3, 0xff, 0xff, 0xff, 0xff, 0x0f];
    assert!((400..500).contains(&it.ask("POST", "/v1/ask", &[CONTENT], &huge).status));
    assert_eq!(it.ask("POST", "/v1/ask", &[], b"x").status, 415);
    assert_eq!(it.ask("GET", "/v1/ask", &[], &[]).status, 405);
    assert_eq!(it.get("/").status, 404);
    // A page elsewhere, by a name of its own.
    let mut page = TcpStream::connect(&it.address).unwrap_or_else(|e| panic!("{e}"));
    let mut answer = String::new();
    write!(page, "GET /v1/state HTTP/1.0\r\nHost: evil.example\r\n\r\n").unwrap_or_else(|e| panic!("{e}"));
    page.read_to_string(&mut answer).unwrap_or_else(|e| panic!("{e}"));
    assert!(answer.starts_with("HTTP/1.0 421"), "{answer}");
    assert_eq!(state(&it)["fits"], 0);
    let mut process = it.process;
    assert!(process.0.try_wait().is_ok_and(|ended| ended.is_none()));
}
