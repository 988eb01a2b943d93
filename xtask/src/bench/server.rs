//! The server: how many rows it predicts, how soon, and what memory an upload takes.
//!
//! What asks is on this machine too, and takes part of its time. Requests of a steady rate have a time at which they
//! are due, from which their answers are timed: a server that falls behind is not waited for.

use crate::shell::{Failure, failure};
use crate::{places, serve};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const SAMPLE: &str = "public/samples/churn.csv";
const TARGET: &str = "churn";
/// Requests a second, and connections that send them.
const RATE: u64 = 2_000;
const CONNECTIONS: u64 = 16;
/// Bytes of an upload.
const UPLOAD: u64 = 1_000_000_000;
/// Megabytes that reading an upload may take: more than it should, so that what it takes is seen.
const READING_MB: u32 = 4_096;

/// Says what went wrong; all of it is of the machine.
fn broke(what: &str, error: impl std::fmt::Display) -> Failure {
    failure(format!("{what}: {error}"), "read the server's messages above")
}

/// A server with its data in a folder that is made anew.
struct Served {
    child: Child,
    address: String,
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Served {
    fn start(program: &Path, folder: &Path) -> Result<Self, Failure> {
        // It may not be there.
        let _ = std::fs::remove_dir_all(folder);
        let reading = format!("{READING_MB}MB");
        let mut command = Command::new(program);
        command.args(["serve", "--port", "0", "--workers", "0", "--trial-memory", &reading, "--data-dir"]);
        let child = command.arg(folder).stdout(Stdio::piped()).spawn();
        let mut child = child.map_err(|e| broke("the server cannot be started", e))?;
        let mut line = String::new();
        if let Some(out) = child.stdout.take() {
            // What cannot be read is no address, which is found below.
            let _ = BufReader::new(out).read_line(&mut line);
        }
        let address = line.trim().trim_start_matches("listening on http://").to_owned();
        let served = Self { child, address };
        if served.address.is_empty() { Err(broke("the server does not listen", line)) } else { Ok(served) }
    }

    /// The most memory that the server ever took, in megabytes; zero where the system does not say.
    fn most_mb(&self) -> u64 {
        high_water(self.child.id())
    }

    /// Seconds that the server's threads have computed so far; zero where the system does not say.
    fn computed(&self) -> f64 {
        /// Of Linux, on every machine that it is built for.
        const TICKS_A_SECOND: f64 = 100.0;
        let stat = std::fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name before may hold anything.
        let fields = stat.rsplit(')').next().unwrap_or_default().split_whitespace();
        let ticks: f64 = fields.skip(11).take(2).filter_map(|n| n.parse::<f64>().ok()).sum();
        ticks / TICKS_A_SECOND
    }

    fn post(&self, path: &str, bytes: &[u8]) -> Result<Value, Failure> {
        let mut connection = Connection::open(&self.address)?;
        let answer = connection.ask(&request(&self.address, path, bytes.len() as u64), bytes)?;
        serde_json::from_slice(&answer).map_err(|e| broke(path, e))
    }

    fn project(&self) -> Result<String, Failure> {
        let made = self.post("/api/v1/projects", br#"{"name":"bench"}"#)?;
        Ok(format!("/api/v1/projects/{}", made["id"].as_str().unwrap_or_default()))
    }
}

fn high_water(process: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let most = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    most.and_then(|kb| kb.parse::<u64>().ok()).unwrap_or(0) * 1_024 / 1_000_000
}

fn request(host: &str, path: &str, length: u64) -> Vec<u8> {
    format!(
        "POST {path} HTTP/1.1\r\nHost: {host}\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n\r\n"
    )
    .into_bytes()
}

/// A connection that is kept for many requests.
struct Connection {
    stream: TcpStream,
    read: Vec<u8>,
}

impl Connection {
    fn open(address: &str) -> Result<Self, Failure> {
        let stream = TcpStream::connect(address).map_err(|e| broke("no connection", e))?;
        stream.set_nodelay(true).map_err(|e| broke("no connection", e))?;
        Ok(Self { stream, read: Vec::new() })
    }

    /// The body of an answer that all is well.
    fn ask(&mut self, head: &[u8], body: &[u8]) -> Result<Vec<u8>, Failure> {
        let sent = self.stream.write_all(&[head, body].concat());
        sent.map_err(|e| broke("a request broke off", e))?;
        self.answer()
    }

    fn answer(&mut self) -> Result<Vec<u8>, Failure> {
        self.read.clear();
        let mut part = [0; 16_384];
        let mut whole = None;
        while whole.is_none_or(|whole| self.read.len() < whole) {
            match self.stream.read(&mut part).map_err(|e| broke("an answer broke off", e))? {
                0 => return Err(broke("an answer broke off", String::from_utf8_lossy(&self.read))),
                n => self.read.extend_from_slice(&part[..n]),
            }
            whole = whole.or_else(|| length(&self.read));
        }
        let head = self.read.windows(4).position(|w| w == b"\r\n\r\n").unwrap_or(0) + 4;
        if !self.read.starts_with(b"HTTP/1.1 2") {
            return Err(broke("it was refused", String::from_utf8_lossy(&self.read)));
        }
        Ok(self.read.split_off(head.min(self.read.len())))
    }
}

/// Bytes of a whole answer, once its head is there.
fn length(read: &[u8]) -> Option<usize> {
    let head = read.windows(4).position(|w| w == b"\r\n\r\n")? + 4;
    let text = std::str::from_utf8(&read[..head]).ok()?.to_ascii_lowercase();
    let body = text.lines().find_map(|l| l.strip_prefix("content-length: ")?.trim().parse::<usize>().ok())?;
    Some(head + body)
}

/// Each connection sends its part of the requests of a rate for so long; without a rate, one after the other. Gives how
/// long answers took, in seconds, and how many failed.
fn load(address: &str, bytes: &[u8], rate: Option<u64>, secs: u64) -> (Vec<f64>, u64) {
    let begun = Instant::now();
    let end = begun + Duration::from_secs(secs);
    let one = |first: u64| {
        let (mut times, mut failed) = (Vec::new(), 0);
        let mut connection = Connection::open(address).ok();
        for number in 0.. {
            let due = rate.map_or_else(Instant::now, |rate| {
                begun + Duration::from_nanos((first + number * CONNECTIONS) * 1_000_000_000 / rate)
            });
            if due >= end {
                break;
            }
            std::thread::sleep(due.saturating_duration_since(Instant::now()));
            match connection.as_mut().map(|c| c.ask(bytes, &[])) {
                Some(Ok(_)) => times.push(due.elapsed().as_secs_f64()),
                _ => {
                    failed += 1;
                    connection = Connection::open(address).ok();
                }
            }
        }
        (times, failed)
    };
    let parts: Vec<_> = std::thread::scope(|scope| {
        let all: Vec<_> = (0..CONNECTIONS).map(|first| scope.spawn(move || one(first))).collect();
        all.into_iter().filter_map(|thread| thread.join().ok()).collect()
    });
    let failed = parts.iter().map(|(_, failed)| failed).sum();
    (parts.into_iter().flat_map(|(times, _)| times).collect(), failed)
}

/// Figures of a load, printed as a line. What the server computed for a request does not depend on what else runs.
fn told(name: &str, secs: u64, served: &Served, load: impl Fn() -> (Vec<f64>, u64)) -> Value {
    let before = served.computed();
    let (mut times, failed) = load();
    let each = 1e6 * (served.computed() - before) / times.len().max(1) as f64;
    times.sort_by(f64::total_cmp);
    let at = |share: f64| {
        let last = times.len().saturating_sub(1);
        1e3 * times.get((share * last as f64).round() as usize).copied().unwrap_or(f64::NAN)
    };
    let rate = times.len() as f64 / secs as f64;
    println!(
        "{name:>24} {rate:>9.0} {failed:>7} {:>8.2} {:>8.2} {:>8.2} {:>8.2} {each:>7.0} {:>5}",
        at(0.5),
        at(0.99),
        at(0.999),
        at(1.0),
        served.most_mb()
    );
    json!({
        "name": name, "seconds": secs, "per_second": rate, "failed": failed, "p50_ms": at(0.5), "p99_ms": at(0.99),
        "p999_ms": at(0.999), "max_ms": at(1.0), "server_us_each": each, "server_mb": served.most_mb(),
    })
}

/// A request for one row of the sample.
fn one_row() -> Result<Value, Failure> {
    let path = places::root().join(SAMPLE);
    let text = std::fs::read_to_string(&path).map_err(|e| broke("the sample cannot be read", e))?;
    let mut lines = text.lines();
    let (names, row) = (lines.next().unwrap_or_default(), lines.next().unwrap_or_default());
    let inputs = names
        .split(',')
        .zip(row.split(','))
        .filter(|(name, _)| *name != TARGET)
        .map(|(name, value)| json!({ "name": name, "shape": [1], "datatype": "BYTES", "data": [value] }));
    Ok(json!({ "inputs": inputs.collect::<Vec<_>>() }))
}

/// One row a request: at a steady rate, and as many as it takes.
fn predictions(program: &Path, folder: &Path, secs: u64) -> Result<Vec<Value>, Failure> {
    let (sample, model) = (places::root().join(SAMPLE), folder.join("model.trellis"));
    let (sample, out) = (sample.display().to_string(), model.display().to_string());
    let arguments =
        ["fit", &sample, "--target", TARGET, "--max-trials", "2", "--seed", "7", "--learner", "gbt"];
    let mut fit = Command::new(program);
    let fitted = fit.args(arguments).args(["--quiet", "--out", &out]).stdout(Stdio::null()).status();
    if !fitted.is_ok_and(|status| status.success()) {
        return Err(broke("no model can be made", "fit failed"));
    }
    let bytes = std::fs::read(&model).map_err(|e| broke("the model cannot be read", e))?;
    let served = Served::start(program, &folder.join("server"))?;
    let made = served.post(&format!("{}/models?name=m", served.project()?), &bytes)?;
    let path = format!("/v2/models/{}/infer", made["id"].as_str().unwrap_or_default());
    let row = one_row()?.to_string();
    let mut bytes = request(&served.address, &path, row.len() as u64);
    bytes.extend_from_slice(row.as_bytes());
    // The first brings the model into memory.
    Connection::open(&served.address)?.ask(&bytes, &[])?;
    println!(
        "{:>24} {:>9} {:>7} {:>8} {:>8} {:>8} {:>8} {:>7} {:>5}",
        "one row a request", "a second", "failed", "p50 ms", "p99 ms", "p99.9 ms", "max ms", "µs each", "MB"
    );
    let steady = told("2,000 a second", secs, &served, || load(&served.address, &bytes, Some(RATE), secs));
    let most = secs.min(20);
    let peak = told("one after the other", most, &served, || load(&served.address, &bytes, None, most));
    Ok(vec![steady, peak])
}

/// Sends a table that is made as it is sent. Gives the answer, and the most memory of any process that read it.
fn send(served: &Served, bytes: u64) -> Result<(Value, u64), Failure> {
    let head = "id,amount,place,when\n";
    let row = |number: u64| {
        let cents = number.wrapping_mul(2_654_435_761) % 1_000_000;
        format!(
            "{number:010},{:06}.{:02},place {:03},2026-01-{:02}\n",
            cents / 100,
            cents % 100,
            cents % 500,
            1 + number % 28
        )
    };
    let rows = bytes / row(0).len() as u64;
    let length = head.len() as u64 + rows * row(0).len() as u64;
    let path = format!("{}/datasets?name=large.csv", served.project()?);
    let mut connection = Connection::open(&served.address)?;
    let mut part = request(&served.address, &path, length);
    part.extend_from_slice(head.as_bytes());
    for number in 0..rows {
        part.extend_from_slice(row(number).as_bytes());
        if part.len() > 1 << 20 || number + 1 == rows {
            connection.stream.write_all(&part).map_err(|e| broke("the upload broke off", e))?;
            part.clear();
        }
    }
    let server = served.child.id();
    let (done, mut most) = (std::sync::atomic::AtomicBool::new(false), 0);
    let answer = std::thread::scope(|scope| {
        let watching = scope.spawn(|| {
            let mut most = 0;
            while !done.load(std::sync::atomic::Ordering::Relaxed) {
                most = most.max(children(server).into_iter().map(high_water).max().unwrap_or(0));
                std::thread::sleep(Duration::from_millis(10));
            }
            most
        });
        let answer = connection.answer();
        done.store(true, std::sync::atomic::Ordering::Relaxed);
        most = watching.join().unwrap_or(0);
        answer
    })?;
    Ok((serde_json::from_slice(&answer).map_err(|e| broke("the answer", e))?, most))
}

/// Processes that a process has started.
fn children(of: u32) -> Vec<u32> {
    let tasks = std::fs::read_dir(format!("/proc/{of}/task")).into_iter().flatten().flatten();
    let lists = tasks.filter_map(|task| std::fs::read_to_string(task.path().join("children")).ok());
    lists
        .flat_map(|list| list.split_whitespace().filter_map(|id| id.parse().ok()).collect::<Vec<_>>())
        .collect()
}

fn upload(program: &Path, folder: &Path, bytes: u64) -> Result<Value, Failure> {
    let served = Served::start(program, &folder.join("server"))?;
    let begun = Instant::now();
    let (answer, reading) = send(&served, bytes)?;
    let (secs, server, rows) =
        (begun.elapsed().as_secs_f64(), served.most_mb(), answer["about"]["rows"].clone());
    println!(
        "upload of {} MB, {rows} rows: {secs:.1} s; at most {server} MB in the server, {reading} MB in what reads it",
        bytes / 1_000_000
    );
    Ok(
        json!({ "name": "upload", "bytes": bytes, "seconds": secs, "server_mb": server, "reading_mb": reading, "rows": rows }),
    )
}

/// A number that an environment variable sets.
fn set(variable: &str, usual: u64) -> u64 {
    std::env::var(variable).ok().and_then(|text| text.parse().ok()).unwrap_or(usual)
}

/// The binary: one that is named, or one that is built.
fn program() -> Result<PathBuf, Failure> {
    match std::env::var_os("TRELLIS_BINARY") {
        Some(named) => Ok(named.into()),
        None => serve::build_server().map(|()| places::target().join("release/trellis")),
    }
}

/// Measures all of it, prints it, and gives all figures.
///
/// # Errors
/// A server that does not build, does not start, or refuses what it should take.
pub fn run(folder: &Path) -> Result<Value, Failure> {
    let program = program()?;
    let mut lines = predictions(&program, folder, set("TRELLIS_SECONDS", 30))?;
    lines.push(upload(&program, folder, set("TRELLIS_UPLOAD", UPLOAD))?);
    // A gigabyte is not kept.
    let _ = std::fs::remove_dir_all(folder.join("server"));
    Ok(lines.into())
}
