//! Thousands of files and requests that were sound before something was done to them: each is taken or refused with a
//! word, at once, and nothing breaks down.
//!
//! `TRELLIS_MALFORMED=10000` sends as many tables and as many of the rest, `TRELLIS_SEED` sends others,
//! `TRELLIS_FROM` begins at a later one, and `TRELLIS_BINARY` to another binary than the one that was built for tests.
#![cfg(target_os = "linux")]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use automl_core::document::PipelineDocument;
use common::chance::Chance;
use common::zip::{unzip, zip};
use common::{Answer, Project, Server, fit, sample, text, times, trellis};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

/// Numbers of those that are sent, of each sort: thousands where nobody waits.
fn rounds() -> std::ops::Range<usize> {
    let from = times("TRELLIS_FROM", 0) as usize;
    from..from + times("TRELLIS_MALFORMED", 150) as usize
}

/// Megabytes that the server may take, and a process that reads one file.
const MOST_MB: u64 = 256;
/// What took longer is kept, to be looked into.
const SLOW: Duration = Duration::from_secs(1);
const JSON: &str = "Content-Type: application/json";

struct Here {
    server: Server,
    project: Project,
    folder: tempfile::TempDir,
    /// How long the slowest answer took, and what it was to.
    slowest: (Duration, String),
    taken: usize,
    refused: usize,
}

impl Here {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
        let log = std::fs::File::create(folder.path().join("log")).unwrap_or_else(|e| panic!("{e}"));
        let mut command =
            trellis(&["serve", "--port", "0", "--workers", "0", "--trial-memory", "512MB", "--data-dir"]);
        command.arg(folder.path().join("data")).stderr(log);
        let server = Server::of(command);
        let project = server.project();
        Self { server, project, folder, slowest: (Duration::ZERO, String::new()), taken: 0, refused: 0 }
    }

    /// Notes how long something took.
    fn took(&mut self, begun: Instant, what: &str) {
        if begun.elapsed() > self.slowest.0 {
            self.slowest = (begun.elapsed(), what.to_owned());
        }
    }

    /// Sends something: it is taken, or refused in the form of a problem.
    fn send(&mut self, what: &str, method: &str, path: &str, headers: &[&str], body: &[u8]) -> Answer {
        let begun = Instant::now();
        let answer = self.server.try_ask(method, path, headers, body);
        self.took(begun, what);
        if begun.elapsed() > SLOW {
            println!("{what} took {:?}: {}", begun.elapsed(), self.keep(body));
        }
        let answer = answer.unwrap_or_else(|e| panic!("{what}: {e}: {}", self.keep(body)));
        if (200..300).contains(&answer.status) {
            self.taken += 1;
            return answer;
        }
        let told = (400..500).contains(&answer.status).then(|| answer.problem(answer.status));
        // So it is told of a process that broke down or took all memory, and none of these should.
        let broke = told.as_ref().is_none_or(|t| {
            let detail = t["detail"].as_str().unwrap_or_default();
            detail.contains("MB of memory") || detail.contains("takes too long")
        });
        assert!(!broke, "{what}: {answer}: {}\n{}", self.keep(body), self.log());
        self.refused += 1;
        answer
    }

    /// Keeps what broke something or took long, to be looked into.
    fn keep(&self, bytes: &[u8]) -> String {
        let path = std::env::temp_dir().join("trellis-malformed");
        let written = std::fs::write(&path, bytes);
        format!("what was sent lies in {} ({written:?})", path.display())
    }

    fn log(&self) -> String {
        std::fs::read_to_string(self.folder.path().join("log")).unwrap_or_default()
    }

    /// The most memory that the server ever took, in megabytes.
    fn most_mb(&self) -> u64 {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.server.process.0.id()));
        let status = status.unwrap_or_else(|e| panic!("the server is gone: {e}"));
        let most = status.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
        most.and_then(|kb| kb.parse::<u64>().ok()).unwrap_or_else(|| panic!("{status}")) / 1_000
    }

    /// The server lives, nothing in it broke down, and it took no more than it may. Prints what came of all.
    fn lives(&self, what: &str) {
        assert_eq!(self.server.get("/readyz").status, 200);
        let log = self.log();
        assert!(!log.contains("panicked"), "{log}");
        let (most, (slowest, of)) = (self.most_mb(), &self.slowest);
        println!(
            "{what}: {} taken, {} refused, 0 broke down; slowest {slowest:?} ({of}); server at most {most} MB",
            self.taken, self.refused
        );
        assert!(most < MOST_MB, "{most} MB");
        assert!(
            rounds().len() < 100 || self.taken > 0 && self.refused > 0,
            "all are of one sort, so they try little"
        );
    }
}

fn read(path: &Path) -> Vec<u8> {
    std::fs::read(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../automl-core/tests/fixtures")
}

/// Tables of every form, the longer ones cut at a row.
fn tables() -> Vec<(&'static str, Vec<u8>)> {
    let mut all = Vec::new();
    for name in ["churn", "price", "demand", "arrival", "fraud", "recurrence"] {
        let mut bytes = read(&sample(&format!("{name}.csv")));
        if let Some(end) = bytes.iter().skip(30_000).position(|b| *b == b'\n') {
            bytes.truncate(30_001 + end);
        }
        all.push(("a.csv", bytes));
    }
    let files = std::fs::read_dir(fixtures().join("csv")).unwrap_or_else(|e| panic!("{e}"));
    let mut paths: Vec<_> = files.flatten().map(|f| f.path()).filter(|p| p.is_file()).collect();
    paths.sort();
    all.extend(paths.iter().map(|path| ("a.csv", read(path))));
    let rows = (0..200).map(|n| format!("{{\"a\":{n},\"b\":\"{n} ü\",\"c\":[{n},{{\"d\":null}}]}}\n"));
    all.push(("a.jsonl", rows.collect::<String>().into_bytes()));
    all
}

/// What a process that reads a file says of it, within the memory that it may take.
fn looked(what: &str, name: &str, bytes: &[u8]) -> (bool, String) {
    let most = MOST_MB.to_string();
    let mut command = trellis(&["look", "--what", what, "--name", name, "--max-memory", &most]);
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().unwrap_or_else(|e| panic!("{e}"));
    let mut input = child.stdin.take();
    std::thread::scope(|scope| {
        scope.spawn(move || {
            // It may have seen enough.
            let _ = input.take().map(|mut i| i.write_all(bytes));
        });
        let done = child.wait_with_output().unwrap_or_else(|e| panic!("{e}"));
        let said = String::from_utf8_lossy(&done.stderr).into_owned();
        let known = serde_json::from_slice::<Value>(&done.stdout).is_ok();
        (done.status.success() && known, format!("{}: {said}", done.status))
    })
}

/// A file that may be read more than once tells what it tells as a stream.
#[test]
fn a_file_and_a_stream_tell_the_same() {
    let told = |arguments: &[&str], input: Stdio| {
        let mut command = trellis(&["look", "--what", "table"]);
        let done = command.args(arguments).stdin(input).output().unwrap_or_else(|e| panic!("{e}"));
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
        serde_json::from_slice::<Value>(&done.stdout).unwrap_or_else(|e| panic!("{arguments:?}: {e}"))
    };
    let files = std::fs::read_dir(fixtures().join("csv")).unwrap_or_else(|e| panic!("{e}"));
    let mut paths: Vec<PathBuf> = files.flatten().map(|f| f.path()).filter(|p| p.is_file()).collect();
    paths.extend(["churn", "price", "arrival"].map(|name| sample(&format!("{name}.csv"))));
    for path in paths {
        let stream = std::fs::File::open(&path).unwrap_or_else(|e| panic!("{e}"));
        let of_stream = told(&[], stream.into());
        let file = told(&["--file", &path.to_string_lossy()], Stdio::null());
        assert_eq!(file, of_stream, "{}", path.display());
    }
}

#[test]
fn malformed_tables_are_read_or_refused() {
    let mut here = Here::new();
    let (tables, seed) = (tables(), u64::from(times("TRELLIS_SEED", 0)));
    for number in rounds() {
        let mut chance = Chance::new(seed << 32 | number as u64);
        let ((name, sound), (_, other)) = (chance.of(&tables).clone(), chance.of(&tables));
        let bytes = chance.wrong(&sound, other);
        let what = format!("table {number}");
        let begun = Instant::now();
        let (whole, told) = looked("table", name, &bytes);
        here.took(begun, &what);
        assert!(whole, "{what}: {told}: {}", here.keep(&bytes));
        let path = format!("{}/datasets?name={name}", here.project.0);
        here.send(&what, "POST", &path, &[], &bytes);
    }
    here.lives(&format!("{} tables", rounds().len()));
}

/// Sound things, and where the last version of the pipeline is.
struct Sound {
    document: Vec<u8>,
    model: Vec<u8>,
    /// A model's bytes before they are packed, up to the seal.
    members: Vec<u8>,
    bundle: Vec<u8>,
    /// Ids of a model and of a data set.
    id: String,
    dataset: String,
    condition: String,
    versions: usize,
}

impl Sound {
    fn of(here: &mut Here) -> Self {
        let document = read(&fixtures().join("pipeline.v1.trellis.json"));
        let model = fit(3);
        let header = 16 + u32::from_le_bytes([0, 1, 2, 3].map(|i| model[12 + i])) as usize;
        let mut members = [&model[..header], &[0]].concat();
        let mut packed = flate2::read::DeflateDecoder::new(&model[header + 1..model.len() - 32]);
        packed.read_to_end(&mut members).unwrap_or_else(|e| panic!("{e}"));
        let condition = "If-None-Match: *".to_owned();
        let mut sound = Self {
            document,
            model,
            members,
            bundle: Vec::new(),
            id: String::new(),
            dataset: String::new(),
            condition,
            versions: 0,
        };
        let body = sound.document.clone();
        assert_eq!(sound.save(here, "a sound document", &body).status, 200);
        let (project, models) = (here.project.0.clone(), format!("{}/models?name=m", here.project.0));
        sound.id = text(&here.server.ask("POST", &models, &[], &sound.model).ok()["id"]);
        sound.dataset = here.project.upload(&here.server, "a.csv", b"a,b\n1,2\n3,4\n");
        let bundle = here.server.get(&format!("{project}/export"));
        assert_eq!(bundle.status, 200, "{bundle}");
        sound.bundle = bundle.body;
        sound
    }

    /// Saves a document on top of the one before, and asks what has changed.
    fn save(&mut self, here: &mut Here, what: &str, body: &[u8]) -> Answer {
        let project = here.project.0.clone();
        let saved =
            here.send(what, "PUT", &format!("{project}/pipeline"), &[JSON, &self.condition.clone()], body);
        if let (200, Some(tag)) = (saved.status, saved.header("etag")) {
            self.condition = format!("If-Match: {tag}");
            self.versions = tag.trim_matches('"').split('-').next().and_then(|n| n.parse().ok()).unwrap_or(1);
            let diff = format!("{project}/versions/{}/diff/{}", self.versions.max(2) - 1, self.versions);
            here.send(what, "GET", &diff, &[], &[]);
        }
        saved
    }

    /// A model that was changed, and mostly sealed again: what lies behind the seal is to be tried.
    fn wrong_model(&self, chance: &mut Chance) -> Vec<u8> {
        let header = 16 + u32::from_le_bytes([0, 1, 2, 3].map(|i| self.model[12 + i])) as usize;
        let mut bytes = match chance.below(5) {
            0 => return chance.wrong(&self.model, &self.document),
            1 | 2 => {
                let sound = serde_json::from_slice(&self.model[16..header]).unwrap_or_default();
                let changed = chance.wrong_json(&sound);
                let length = (changed.len() as u32).to_le_bytes();
                [&self.model[..12], &length, &changed, &self.members[header..]].concat()
            }
            _ => chance.wrong(&self.members, &self.model),
        };
        let seal = blake3::hash(&bytes);
        bytes.extend_from_slice(seal.as_bytes());
        bytes
    }

    /// A project's file that is an archive still, mostly.
    fn wrong_bundle(&self, chance: &mut Chance) -> Vec<u8> {
        if chance.below(3) == 0 {
            return chance.wrong(&self.bundle, &self.document);
        }
        let mut files = unzip(&self.bundle);
        let at = chance.below(files.len());
        let (name, bytes) = &mut files[at];
        match (chance.below(5), serde_json::from_slice(bytes)) {
            (0, _) => *name = String::from_utf8_lossy(&chance.wrong(name.as_bytes(), b"../..")).into_owned(),
            (1 | 2, Ok(sound)) => *bytes = chance.wrong_json(&sound),
            _ => *bytes = chance.wrong(bytes, &self.document),
        }
        zip(&files)
    }

    fn infer(&self, here: &mut Here, what: &str, id: &str, body: &[u8]) {
        here.send(what, "POST", &format!("/v2/models/{id}/infer"), &[JSON], body);
    }

    /// Sends the next thing.
    fn next(&mut self, here: &mut Here, number: usize, chance: &mut Chance) {
        let project = here.project.0.clone();
        let column = |name: &str, data: Value| json!({ "name": name, "shape": [2], "datatype": "BYTES", "data": data });
        let rows = json!({ "id": "a", "inputs": [column("age", json!([50, "60"])), column("deg_malig", json!([null, 3]))] });
        let (sort, other) = (number % 7, self.document.clone());
        let document: Value = serde_json::from_slice(&other).unwrap_or_default();
        // As bytes, or as values.
        let changed = |chance: &mut Chance, sound: &Value| match chance.below(3) {
            0 => chance.wrong(sound.to_string().as_bytes(), &other),
            _ => chance.wrong_json(sound),
        };
        let what = ["document", "fragment", "model", "bundle", "run", "rows", "link"][sort];
        let what = format!("{what} {number}");
        match sort {
            0 => _ = self.save(here, &what, &changed(chance, &document)),
            1 => self.fragment(here, &what, chance),
            2 => {
                let bytes = self.wrong_model(chance);
                let kept = here.send(&what, "POST", &format!("{project}/models?name=n"), &[], &bytes);
                if kept.status == 201 {
                    self.infer(here, &what, &text(&kept.json()["id"]), rows.to_string().as_bytes());
                }
            }
            3 => {
                let bytes = self.wrong_bundle(chance);
                here.send(&what, "POST", "/api/v1/projects/import", &[], &bytes);
            }
            4 => {
                let request = json!({ "target": "b", "max_trials": 2, "seed": 7, "budget_secs": 5.5 });
                let study = json!({ "kind": "study", "dataset": self.dataset, "request": request });
                let tasks = [json!({ "kind": "pipeline", "document": document }), study];
                let body = json!({ "task": chance.of(&tasks), "priority": 1 });
                let bytes = changed(chance, &body);
                let begun = here.send(&what, "POST", &format!("{project}/runs"), &[JSON], &bytes);
                if begun.status == 202 {
                    let wish = json!({ "wish": "cancel" }).to_string();
                    let run = format!("{project}/runs/{}", text(&begun.json()["id"]));
                    here.send(&what, "PATCH", &run, &[JSON], wish.as_bytes());
                }
            }
            5 => self.infer(here, &what, &self.id, &changed(chance, &rows)),
            _ => {
                let body = json!({ "target": "version/1", "rights": "view", "title": "a title", "days": 3 });
                let bytes = changed(chance, &body);
                here.send(&what, "POST", &format!("{project}/links"), &[JSON], &bytes);
            }
        }
    }

    /// The fragment of a link is read by the page, with what this test is linked with too.
    fn fragment(&self, here: &mut Here, what: &str, chance: &mut Chance) {
        let sound = PipelineDocument::from_json(&self.document).unwrap_or_else(|e| panic!("{e:?}"));
        let link = if chance.below(2) == 0 {
            let bytes = chance.wrong(sound.to_link().as_bytes(), &self.document);
            String::from_utf8_lossy(&bytes).into_owned()
        } else {
            use base64::Engine;
            let mut packed = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
            let bytes = match serde_json::from_slice(&self.document) {
                Ok(document) if chance.below(2) == 0 => chance.wrong_json(&document),
                _ => chance.wrong(&self.document, &self.model),
            };
            let packed = packed.write_all(&bytes).and_then(|()| packed.finish());
            let packed = packed.unwrap_or_else(|e| panic!("{e}"));
            format!("1{}", base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(packed))
        };
        let begun = Instant::now();
        let read = std::panic::catch_unwind(|| PipelineDocument::from_link(&link));
        here.took(begun, what);
        match read {
            Ok(Ok(document)) => {
                here.taken += 1;
                assert!(
                    PipelineDocument::from_link(&document.to_link())
                        .is_ok_and(|d| d.hash() == document.hash())
                );
            }
            Ok(Err(diagnostic)) => {
                here.refused += 1;
                assert!(!diagnostic.message.is_empty() && !diagnostic.remedy.is_empty(), "{diagnostic:?}");
            }
            Err(_) => panic!("{what}: {}", here.keep(link.as_bytes())),
        }
    }
}

#[test]
fn malformed_requests_are_taken_or_refused() {
    let mut here = Here::new();
    let mut sound = Sound::of(&mut here);
    let seed = u64::from(times("TRELLIS_SEED", 0));
    for number in rounds() {
        let mut chance = Chance::new(seed << 32 | 1 << 31 | number as u64);
        sound.next(&mut here, number, &mut chance);
    }
    here.lives(&format!("{} documents, fragments, models, bundles, runs, rows and links", rounds().len()));
}
