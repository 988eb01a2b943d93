//! The built binary as a server that is asked over a real connection, and what its runs come to.

// Each file of tests uses a part of this.
#![allow(dead_code)]

pub mod chance;
pub mod cluster;
pub mod large;
#[cfg(unix)]
pub mod moto;
pub mod team;
pub mod zip;

use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

/// How long anything may take at most, on a machine that has much else to do.
pub const LIMIT: Duration = Duration::from_secs(180);
/// Seconds of a lease in tests.
const LEASE: &str = "2";

/// The command; `TRELLIS_BINARY` names another binary than the one that was built for tests, such as one for figures.
pub fn trellis(arguments: &[&str]) -> Command {
    let binary = std::env::var_os("TRELLIS_BINARY").unwrap_or_else(|| env!("CARGO_BIN_EXE_trellis").into());
    let mut command = Command::new(binary);
    command.args(arguments).env("TRELLIS_LEASE", LEASE).process_group(0);
    command
}

/// Runs the command to its end: standard output.
pub fn run(arguments: &[&str]) -> String {
    let done = trellis(arguments).output().unwrap_or_else(|e| panic!("the binary cannot be started: {e}"));
    assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    String::from_utf8_lossy(&done.stdout).into_owned()
}

/// A path as an argument.
pub fn path(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A command that does not do what it is asked: what it says.
pub fn refused(arguments: &[&str]) -> String {
    let done = trellis(arguments).output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{arguments:?}: {said}");
    assert!(said.starts_with("error: ") && said.contains("\nhelp: "), "{said}");
    said
}

/// A sample's path.
pub fn sample(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../public/samples").join(name)
}

/// A number that an environment variable sets: long forms are for times when nobody waits.
pub fn times(variable: &str, usual: u32) -> u32 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// Asks until there is an answer.
pub fn until<T>(what: &str, mut ask: impl FnMut() -> Option<T>) -> T {
    let begun = Instant::now();
    loop {
        if let Some(found) = ask() {
            return found;
        }
        assert!(begun.elapsed() < LIMIT, "{what}: not within {LIMIT:?}");
        std::thread::sleep(Duration::from_millis(30));
    }
}

/// Sends a signal to a process, or where it begins with `-` to its group.
pub fn signal(name: &str, process: &str) {
    // It may have ended already.
    let _ = Command::new("kill").args([&format!("-{name}"), "--", process]).stderr(Stdio::null()).status();
}

/// An answer.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub head: String,
    /// As it was sent.
    pub raw_head: Vec<u8>,
    pub body: Vec<u8>,
}

impl Answer {
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or(Value::Null)
    }

    /// The JSON of an answer that all is well.
    #[track_caller]
    pub fn ok(&self) -> Value {
        assert!((200..300).contains(&self.status), "{self}");
        self.json()
    }

    /// A header of that name in lower case, its value in lower case too.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|l| l.strip_prefix(name)?.strip_prefix(": "))
    }

    /// The problem of an answer that says no.
    #[track_caller]
    pub fn problem(&self, status: u16) -> Value {
        let (mut told, kind) = (self.json(), self.header("content-type"));
        // It differs each time, and the header says it too.
        let id = told.as_object_mut().and_then(|told| told.remove("request_id"));
        assert_eq!(id.as_ref().and_then(Value::as_str), self.header("x-request-id"), "{self}");
        assert_eq!((self.status, kind), (status, Some("application/problem+json")), "{self}");
        assert_eq!(told["status"], status, "{self}");
        let has = |field: &str| told[field].as_str().is_some_and(|text| !text.is_empty());
        assert!(has("type") && has("title") && has("detail"), "{self}");
        told
    }
}

impl std::fmt::Display for Answer {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}\n{}", self.head, String::from_utf8_lossy(&self.body))
    }
}

/// A process that is killed with its group when it is let go.
pub struct Process(pub Child);

impl Process {
    pub fn start(mut command: Command) -> Self {
        Self(command.spawn().unwrap_or_else(|e| panic!("the binary cannot be started: {e}")))
    }

    pub fn signal(&self, name: &str) {
        signal(name, &self.0.id().to_string());
    }

    pub fn signal_group(&self, name: &str) {
        signal(name, &format!("-{}", self.0.id()));
    }

    /// Ends it as a power cut would, with all that belongs to it.
    pub fn kill(&mut self) {
        self.signal_group("KILL");
        let _ = self.0.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.signal_group("CONT");
        self.kill();
    }
}

pub struct Server {
    pub process: Process,
    pub address: String,
}

impl Server {
    /// With data in `folder`; what else it is told lies in `arguments`.
    pub fn start(folder: &Path, arguments: &[&str]) -> Self {
        let folder = folder.to_string_lossy();
        let mut command = trellis(&["serve", "--port", "0", "--data-dir", &folder]);
        command.args(arguments);
        Self::of(command)
    }

    /// What a command that serves starts.
    pub fn of(mut command: Command) -> Self {
        command.stdout(Stdio::piped());
        let mut process = Process::start(command);
        let mut line = String::new();
        if let Some(out) = process.0.stdout.take() {
            // An error leaves the line empty, which is found below.
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let address = line.trim().strip_prefix("listening on http://").unwrap_or_default().to_owned();
        assert!(!address.is_empty(), "the server said {line:?}");
        Self { process, address }
    }

    /// Sends a request and gives the connection.
    fn send(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> std::io::Result<TcpStream> {
        let mut stream = TcpStream::connect(&self.address)?;
        stream.set_read_timeout(Some(LIMIT))?;
        // HTTP 1.0: the answer ends with the connection, and is not cut into parts.
        let mut request = format!("{method} {path} HTTP/1.0\r\nHost: {}\r\n", self.address);
        headers.iter().for_each(|h| request.push_str(&format!("{h}\r\n")));
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        stream.write_all(request.as_bytes())?;
        stream.write_all(body)?;
        Ok(stream)
    }

    /// An answer, unless the server cannot be reached.
    pub fn try_ask(
        &self,
        method: &str,
        path: &str,
        headers: &[&str],
        body: &[u8],
    ) -> std::io::Result<Answer> {
        let mut stream = self.send(method, path, headers, body)?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer)?;
        let end = answer.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(answer.len());
        let head = String::from_utf8_lossy(&answer[..end]).to_lowercase();
        let status = head.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0);
        let raw_head = answer[..end].to_vec();
        Ok(Answer { status, head, raw_head, body: answer.get(end + 4..).unwrap_or_default().to_vec() })
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        self.try_ask(method, path, headers, body).unwrap_or_else(|e| panic!("{method} {path}: {e}"))
    }

    pub fn get(&self, path: &str) -> Answer {
        self.ask("GET", path, &[], &[])
    }

    /// Sends JSON.
    pub fn json(&self, method: &str, path: &str, body: &Value) -> Answer {
        self.json_with(method, path, &[], body)
    }

    pub fn json_with(&self, method: &str, path: &str, headers: &[&str], body: &Value) -> Answer {
        let headers = [&["Content-Type: application/json"], headers].concat();
        self.ask(method, path, &headers, body.to_string().as_bytes())
    }

    /// Makes a project.
    pub fn project(&self) -> Project {
        let made = self.json("POST", "/api/v1/projects", &json!({ "name": "loans" })).ok();
        Project(format!("/api/v1/projects/{}", text(&made["id"])))
    }

    /// Makes a token and gives it.
    pub fn token(&self, scope: &str) -> String {
        let made =
            self.json("POST", "/api/v1/me/tokens", &json!({ "name": "a worker", "scope": scope })).ok();
        text(&made["token"])
    }
}

pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}

/// Path of a project in the interface.
pub struct Project(pub String);

/// An event of a run.
#[derive(Debug, Clone, PartialEq)]
pub struct Told {
    pub id: i64,
    pub kind: String,
    pub data: Value,
}

impl Project {
    pub fn upload(&self, server: &Server, name: &str, bytes: &[u8]) -> String {
        let path = format!("{}/datasets?name={name}", self.0);
        text(&server.ask("POST", &path, &["Content-Type: text/csv"], bytes).ok()["id"])
    }

    /// A search of a few trials in a sample, as [`fit`] does it.
    pub fn study(&self, server: &Server, trials: u32) -> Value {
        let bytes = std::fs::read(sample(SAMPLE)).unwrap_or_else(|e| panic!("{e}"));
        let dataset = self.upload(server, SAMPLE, &bytes);
        let request = json!({ "target": TARGET, "max_trials": trials, "seed": 7, "reproducible": true, "learners": LEARNERS });
        json!({ "task": { "kind": "study", "dataset": dataset, "request": request } })
    }

    /// Begins a run: its id.
    pub fn begin(&self, server: &Server, run: &Value) -> String {
        text(&server.json("POST", &format!("{}/runs", self.0), run).ok()["id"])
    }

    pub fn run(&self, run: &str) -> String {
        format!("{}/runs/{run}", self.0)
    }

    pub fn show(&self, server: &Server, run: &str) -> Value {
        server.get(&self.run(run)).ok()
    }

    /// How many of a run's trials are in a state.
    pub fn trials(&self, server: &Server, run: &str, state: &str) -> u64 {
        let shown = self.show(server, run);
        let trials = shown["trials"].as_array().cloned().unwrap_or_default();
        trials.iter().find(|t| t[0] == state).and_then(|t| t[1].as_u64()).unwrap_or(0)
    }

    /// Waits until a run has ended: how it is shown then.
    pub fn ended(&self, server: &Server, run: &str) -> Value {
        until("the end of a run", || Some(self.show(server, run)).filter(|run| !run["ended"].is_null()))
    }

    /// Waits until a run is done: the bytes of its model.
    pub fn model(&self, server: &Server, run: &str) -> Vec<u8> {
        let shown = self.ended(server, run);
        assert_eq!(shown["state"], "done", "{shown}");
        let files = server.get(&format!("{}/files", self.run(run))).ok();
        let names: Vec<String> =
            files["items"].as_array().into_iter().flatten().map(|f| text(&f["name"])).collect();
        let models: Vec<&String> = names.iter().filter(|n| n.ends_with(".trellis")).collect();
        assert_eq!(models.len(), 1, "{names:?}");
        let file = server.get(&format!("{}/files/{}", self.run(run), models[0]));
        assert_eq!(file.status, 200, "{file}");
        file.body
    }

    pub fn wish(&self, server: &Server, run: &str, wish: &str) -> Answer {
        server.json("PATCH", &self.run(run), &json!({ "wish": wish }))
    }

    /// What a run tells after an event, up to `most` events or its end.
    pub fn events(&self, server: &Server, run: &str, after: i64, most: usize) -> Vec<Told> {
        let path = format!("{}/events", self.run(run));
        let stream = server.send("GET", &path, &[&format!("Last-Event-ID: {after}")], &[]);
        let mut lines = BufReader::new(stream.unwrap_or_else(|e| panic!("{e}"))).lines();
        let mut all: Vec<Told> = Vec::new();
        let mut told = Told { id: 0, kind: String::new(), data: Value::Null };
        while all.len() < most {
            let Some(Ok(line)) = lines.next() else { break };
            match line.split_once(": ") {
                Some(("id", id)) => told.id = id.parse().unwrap_or_default(),
                Some(("event", kind)) => kind.clone_into(&mut told.kind),
                Some(("data", data)) => told.data = serde_json::from_str(data).unwrap_or(Value::Null),
                _ if line.is_empty() && told.id > 0 => {
                    all.push(told.clone());
                    told.id = 0;
                }
                _ => {}
            }
        }
        all
    }
}

/// Quick ones.
const LEARNERS: [&str; 2] = ["logistic", "gbt"];
const SAMPLE: &str = "recurrence.csv";
const TARGET: &str = "back_within_two_years";

/// The model that `trellis fit` makes of the same search as [`Project::study`].
pub fn fit(trials: u32) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let out = folder.path().join("model.trellis");
    let (data, trials) = (sample(SAMPLE), trials.to_string());
    let arguments = [
        "--max-trials",
        &trials,
        "--seed",
        "7",
        "--reproducible",
        "--quiet",
        "--learner",
        LEARNERS[0],
        "--learner",
        LEARNERS[1],
    ];
    let paths = ["fit", &data.to_string_lossy(), "--target", TARGET, "--out", &out.to_string_lossy()]
        .map(str::to_owned);
    let all: Vec<&str> = paths.iter().map(String::as_str).chain(arguments).collect();
    run(&all);
    std::fs::read(&out).unwrap_or_else(|e| panic!("{e}"))
}

/// Changes what a server keeps in a folder, behind its back.
pub fn change(folder: &Path, sql: &'static str) {
    let path = folder.join("trellis.db");
    let change = async {
        let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path).busy_timeout(LIMIT);
        let pool = sqlx::SqlitePool::connect_with(options).await?;
        let changed = sqlx::query(sql).execute(&pool).await?.rows_affected();
        pool.close().await;
        Ok::<_, sqlx::Error>(changed)
    };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let changed = runtime.unwrap_or_else(|e| panic!("{e}")).block_on(change);
    assert!(changed.as_ref().is_ok_and(|rows| *rows > 0), "{sql}: {changed:?}");
}

/// A worker elsewhere.
pub fn worker(server: &Server, token: &str, arguments: &[&str]) -> Process {
    let address = format!("http://{}", server.address);
    let mut command = trellis(&["worker", "--server", &address]);
    command.args(arguments).env("TRELLIS_TOKEN", token).stderr(Stdio::null());
    Process::start(command)
}
