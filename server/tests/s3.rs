//! Files in an object store that speaks as S3 does, a real one: moto, where it is found on the path or by
//! `TRELLIS_MOTO`.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::moto::{Moto, with_keys};
use common::{Project, Server, fit, run, text, trellis, until};
use object_store::ObjectStoreExt;
use serde_json::Value;
use std::io::{Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

const TRIALS: u32 = 8;
const TABLE: &[u8] = b"a,b\n1,2\n3,4\n";
/// Where the files lie.
const FILES: &str = "s3://files/of/trellis";
/// What says whose they are.
const OWNER: &str = "trellis-database";

impl Moto {
    /// Blobs that lie there, without their folder.
    fn keys(&self) -> Vec<String> {
        let listed = self.0.get("/files?list-type=2");
        assert_eq!(listed.status, 200, "{listed}");
        let body = String::from_utf8_lossy(&listed.body).into_owned();
        let keys = body.split("<Key>").skip(1).filter_map(|rest| rest.split("</Key>").next());
        let keys = keys.map(|key| key.strip_prefix("of/trellis/").unwrap_or(key).to_owned());
        keys.filter(|key| key != OWNER).collect()
    }

    /// Whether a blob of those bytes is there.
    fn has(&self, bytes: &[u8]) -> bool {
        self.keys().contains(&key(bytes))
    }

    /// Uploads that are not complete.
    fn half_sent(&self) -> usize {
        let listed = self.0.get("/files?uploads");
        assert_eq!(listed.status, 200, "{listed}");
        String::from_utf8_lossy(&listed.body).matches("<UploadId>").count()
    }
}

/// Under what a blob of those bytes lies.
fn key(bytes: &[u8]) -> String {
    let hash = blake3::hash(bytes).to_hex();
    format!("{}/{hash}", &hash[..2])
}

/// The way to an object store, which may break.
struct Way {
    address: String,
    /// Bytes that still go there until it breaks; below 0: it is broken.
    left: Arc<AtomicI64>,
    open: Arc<Mutex<Vec<TcpStream>>>,
}

impl Way {
    fn to(store: &Moto) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap_or_else(|e| panic!("{e}"));
        let address = listener.local_addr().unwrap_or_else(|e| panic!("{e}")).to_string();
        let way = Self { address, left: Arc::new(AtomicI64::new(i64::MAX)), open: Arc::default() };
        let (left, open, to) = (way.left.clone(), way.open.clone(), store.0.address.clone());
        std::thread::spawn(move || {
            for near in listener.incoming().flatten() {
                if left.load(Ordering::SeqCst) < 0 {
                    continue;
                }
                let Ok(far) = TcpStream::connect(&to) else { continue };
                let [Ok(near_again), Ok(far_again)] = [near.try_clone(), far.try_clone()] else { continue };
                let ends = [near.try_clone(), far.try_clone()];
                open.lock().unwrap_or_else(|e| panic!("{e}")).extend(ends.into_iter().flatten());
                let left = left.clone();
                std::thread::spawn(move || pass(near, far, Some(&left)));
                std::thread::spawn(move || pass(far_again, near_again, None));
            }
        });
        way
    }

    fn breaks(&self) {
        self.breaks_after(-1);
        self.open.lock().unwrap_or_else(|e| panic!("{e}")).drain(..).for_each(|end| {
            // It may have ended already.
            let _ = end.shutdown(Shutdown::Both);
        });
    }

    fn breaks_after(&self, bytes: i64) {
        self.left.store(bytes, Ordering::SeqCst);
    }

    fn mends(&self) {
        self.breaks_after(i64::MAX);
    }
}

/// Carries bytes until one end is gone, or there are no more to be carried.
fn pass(mut from: TcpStream, mut to: TcpStream, left: Option<&AtomicI64>) {
    let mut some = vec![0; 64 << 10];
    while let Ok(count @ 1..) = from.read(&mut some) {
        let spent = |left: &AtomicI64| left.fetch_sub(count as i64, Ordering::SeqCst) < count as i64;
        if left.is_some_and(spent) || to.write_all(&some[..count]).is_err() {
            break;
        }
    }
    for end in [from, to] {
        // It may have ended already.
        let _ = end.shutdown(Shutdown::Both);
    }
}

/// A server whose files lie there; what nobody names is kept for a second.
fn serving(folder: &Path, way: &Way, workers: &str, grace: &str) -> Server {
    serving_with(folder, way, workers, grace, &[])
}

/// The same, with more arguments.
fn serving_with(folder: &Path, way: &Way, workers: &str, grace: &str, more: &[&str]) -> Server {
    let mut command =
        trellis(&["serve", "--port", "0", "--files", FILES, "--workers", workers, "--data-dir"]);
    command.arg(folder.join("data")).args(more).env("TRELLIS_GRACE", grace).env("TRELLIS_LOG", "info");
    with_keys(&mut command, &way.address);
    let log = std::fs::OpenOptions::new().create(true).append(true).open(folder.join("log"));
    command.stderr(log.unwrap_or_else(|e| panic!("{e}")));
    Server::of(command)
}

/// Larger than what goes in one part.
fn large() -> Vec<u8> {
    let mut out = b"a,b\n".to_vec();
    for row in 0..20_u32 << 10 {
        out.extend(format!("{row},{:0>1000}\n", row % 7).into_bytes());
    }
    out
}

fn content(server: &Server, project: &Project, dataset: &str) -> common::Answer {
    server.get(&format!("{}/datasets/{dataset}/content", project.0))
}

fn upload(server: &Server, project: &Project, bytes: &[u8]) -> common::Answer {
    let path = format!("{}/datasets?name=a.csv", project.0);
    server.ask("POST", &path, &["Content-Type: text/csv"], bytes)
}

/// Whether a program is there; where it is not, that is said.
fn started() -> Option<(Moto, Way, tempfile::TempDir)> {
    let Some(moto) = Moto::start() else {
        eprintln!("skipped: there is no moto_server on the path that listens, and TRELLIS_MOTO names none");
        return None;
    };
    let way = Way::to(&moto);
    Some((moto, way, tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"))))
}

#[test]
fn files_lie_in_an_object_store() {
    let Some((moto, way, folder)) = started() else { return };
    let server = serving(folder.path(), &way, "1", "3600");
    let project = server.project();
    let (small, large) = (project.upload(&server, "a.csv", TABLE), large());
    let one = project.upload(&server, "b.csv", &large);
    let again = project.upload(&server, "c.csv", &large);
    assert_ne!(one, again);
    let mut keys = [key(TABLE), key(&large)];
    keys.sort();
    assert_eq!(moto.keys(), keys, "the same bytes lie there once");
    assert_eq!(moto.half_sent(), 0);
    for (dataset, bytes) in [(&small, TABLE), (&one, &large), (&again, &large)] {
        let given = content(&server, &project, dataset);
        assert!(given.status == 200 && given.body == bytes, "{}", given.head);
    }
    let run = project.begin(&server, &project.study(&server, TRIALS));
    let model = project.model(&server, &run);
    assert!(model == fit(TRIALS), "the model is another");
    assert!(moto.has(&model));
    let local: Vec<_> =
        std::fs::read_dir(folder.path().join("data/blobs")).into_iter().flatten().flatten().collect();
    assert_eq!(local.len(), 1, "only the folder of what is on its way: {local:?}");

    // One that is killed and started again keeps all.
    drop(server);
    let server = serving(folder.path(), &way, "0", "1");
    assert!(content(&server, &project, &one).body == large);
    assert!(project.model(&server, &run) == model);

    // What nobody names goes: the large table only with the last that names it.
    let delete = |dataset: &str| {
        let path = format!("{}/datasets/{dataset}", project.0);
        assert_eq!(server.ask("DELETE", &path, &[], &[]).status, 204);
    };
    delete(&small);
    delete(&one);
    until("what nobody names goes", || (!moto.has(TABLE)).then_some(()));
    assert!(content(&server, &project, &again).body == large);
    delete(&again);
    until("what nobody names goes", || (!moto.has(&large)).then_some(()));
    // Left are the sample, the model and the report.
    until("what the run leaves behind goes", || (moto.keys().len() == 3).then_some(()));
    assert!(project.model(&server, &run) == model);
}

#[test]
fn encrypted_files_lie_in_an_object_store_too() {
    let Some((moto, way, folder)) = started() else { return };
    let key = folder.path().join("key").to_string_lossy().into_owned();
    run(&["new-key", "--out", &key]);
    let server = serving_with(folder.path(), &way, "1", "3600", &["--key-file", &key]);
    let (project, large) = (server.project(), large());
    // In parts, which chunks do not fit.
    let dataset = project.upload(&server, "a.csv", &large);
    assert!(content(&server, &project, &dataset).body == large);
    let keys = moto.keys();
    assert!(keys.len() == 1 && !moto.has(&large) && moto.half_sent() == 0, "{keys:?}");
    let object = moto.0.get(&format!("/files/of/trellis/{}", keys[0])).body;
    assert!(object.len() > large.len() && object.len() < large.len() + (1 << 20));
    let zeros = |bytes: &[u8]| bytes.windows(32).any(|part| part == [b'0'; 32]);
    assert!(zeros(&large) && !zeros(&object));
    let run = project.begin(&server, &project.study(&server, TRIALS));
    assert!(project.model(&server, &run) == fit(TRIALS), "the model is another");
    drop(server);
    let server = serving_with(folder.path(), &way, "0", "3600", &["--key-file", &key]);
    assert!(content(&server, &project, &dataset).body == large);
}

#[test]
fn a_store_that_is_away_loses_nothing() {
    let Some((moto, way, folder)) = started() else { return };
    let server = serving(folder.path(), &way, "0", "3600");
    let project = server.project();
    let kept = project.upload(&server, "a.csv", TABLE);
    let run = project.begin(&server, &project.study(&server, TRIALS));
    until("a trial", || (project.trials(&server, &run, "queued") > 0).then_some(()));

    // It breaks in the midst of an upload in parts.
    let large = large();
    let before = moto.keys();
    way.breaks_after(12 << 20);
    let told = upload(&server, &project, &large).problem(503);
    assert!(told["detail"].as_str().is_some_and(|d| d.contains("Try again")), "{told}");
    assert!(!moto.has(&large), "a half blob is there");
    way.breaks();
    let told = upload(&server, &project, b"a,b\n5,6\n").problem(503);
    assert!(!told.to_string().contains("secret"), "{told}");
    content(&server, &project, &kept).problem(503);
    // The rest of the server is answered.
    assert_eq!(server.get("/readyz").status, 200);
    let listed = server.get(&format!("{}/datasets", project.0)).ok();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(2), "{listed}");
    // Another does not begin, and says why.
    let elsewhere = folder.path().join("elsewhere");
    let said = refused(&way, &["serve", "--port", "0", "--files", FILES, "--data-dir", &shown(&elsewhere)]);
    assert!(said.contains("cannot be reached") && !said.contains("secret-of"), "{said}");
    // A worker claims a trial and cannot have its data, more often than a trial may fail.
    let token = server.token("worker");
    let _worker = common::worker(&server, &token, &["--slots", "1"]);
    until("trials that are given back", || (released(&server) > 3).then_some(()));

    way.mends();
    assert!(upload(&server, &project, &large).status == 201 && moto.has(&large));
    assert!(before.iter().all(|key| moto.keys().contains(key)));
    assert_eq!(content(&server, &project, &kept).body, TABLE);
    // No trial is charged with what was no fault of it.
    assert!(project.model(&server, &run) == fit(TRIALS), "the model is another");
    assert_eq!(project.trials(&server, &run, "poisoned"), 0);
}

/// Trials that were given back, as the server's numbers say.
fn released(server: &Server) -> u64 {
    let numbers = String::from_utf8_lossy(&server.get("/metrics").body).into_owned();
    let found = numbers.lines().find_map(|l| l.strip_prefix("trellis_trials_released_total ")?.parse().ok());
    found.unwrap_or(0)
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().into_owned()
}

/// A command that does not do what it is asked: what it says.
fn refused(way: &Way, arguments: &[&str]) -> String {
    let mut command = trellis(arguments);
    with_keys(&mut command, &way.address);
    let done = command.output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{arguments:?}: {said}");
    said
}

#[test]
fn a_bucket_that_is_not_there_is_said() {
    let Some((_moto, way, folder)) = started() else { return };
    let data = shown(folder.path());
    let serve = |files: &str| refused(&way, &["serve", "--port", "0", "--files", files, "--data-dir", &data]);
    assert!(serve("s3://none/of").contains("cannot be reached"));
    assert!(serve("memory:///").contains("cannot be used"));
    assert!(serve("nothing").contains("cannot be used"));
}

#[test]
fn files_of_another_database_are_left_alone() {
    let Some((moto, way, folder)) = started() else { return };
    let server = serving(folder.path(), &way, "0", "3600");
    let project = server.project();
    let dataset = project.upload(&server, "a.csv", TABLE);
    let others = shown(&folder.path().join("others"));
    let said = refused(&way, &["serve", "--port", "0", "--files", FILES, "--data-dir", &others]);
    assert!(said.contains("a server with another database") && said.contains(OWNER), "{said}");
    // The same database may come back.
    drop(server);
    let server = serving(folder.path(), &way, "0", "3600");
    assert_eq!(content(&server, &project, &dataset).body, TABLE);
    drop(server);
    // Whoever knows that the other is gone takes its place.
    let store = object_store::aws::AmazonS3Builder::new()
        .with_endpoint(format!("http://{}", moto.0.address))
        .with_allow_http(true)
        .with_region("us-east-1")
        .with_bucket_name("files")
        .with_access_key_id("somebody")
        .with_secret_access_key("secret-of-somebody");
    let store = store.build().unwrap_or_else(|e| panic!("{e}"));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let owner = format!("of/trellis/{OWNER}").into();
    let deleted = store.delete(&owner);
    runtime.unwrap_or_else(|e| panic!("{e}")).block_on(deleted).unwrap_or_else(|e| panic!("{e}"));
    drop(serving(&folder.path().join("others"), &way, "0", "3600"));
    let data = shown(&folder.path().join("data"));
    let said = refused(&way, &["serve", "--port", "0", "--files", FILES, "--data-dir", &data]);
    assert!(said.contains("a server with another database"), "{said}");
}

#[test]
fn backups_take_the_files_along() {
    let Some((moto, way, folder)) = started() else { return };
    let server = serving(folder.path(), &way, "0", "3600");
    let project = server.project();
    let large = large();
    let dataset = project.upload(&server, "a.csv", &large);
    let (data, backup) = (shown(&folder.path().join("data")), shown(&folder.path().join("backup.zip")));
    let done = |arguments: &[&str]| {
        let mut command = trellis(arguments);
        with_keys(&mut command, &way.address);
        let done = command.output().unwrap_or_else(|e| panic!("{e}"));
        assert!(done.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&done.stderr));
    };
    // Without a word of where they are there is no backup.
    let said = refused(&way, &["backup", "--data-dir", &data, "--out", &backup]);
    assert!(said.contains("--files"), "{said}");
    way.breaks();
    let said = refused(&way, &["backup", "--data-dir", &data, "--files", FILES, "--out", &backup]);
    assert!(said.contains("cannot be reached") && !Path::new(&backup).exists(), "{said}");
    way.mends();
    done(&["backup", "--data-dir", &data, "--files", FILES, "--out", &backup]);
    drop(server);

    // Into another folder of the bucket, and onto a disk.
    let (there, disk) = (shown(&folder.path().join("there")), shown(&folder.path().join("disk")));
    done(&["restore", &backup, "--data-dir", &there, "--files", "s3://files/another"]);
    assert!(moto.keys().contains(&format!("another/{}", key(&large))), "{:?}", moto.keys());
    run(&["restore", &backup, "--data-dir", &disk]);
    let on_disk = Server::start(Path::new(&disk), &["--workers", "0"]);
    let given = content(&on_disk, &project, &dataset);
    assert!(given.status == 200 && given.body == large, "{}", given.head);
    let list: Value = on_disk.get(&format!("{}/datasets", project.0)).ok();
    assert_eq!(text(&list["items"][0]["id"]), dataset);
}
