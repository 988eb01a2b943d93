//! Disks that are full or refuse to be written: a clean answer, nothing half done, and all is well once there is room.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Project, Server, trellis};
use serde_json::json;
use std::path::{Path, PathBuf};
use std::process::Command;

fn table(rows: u32) -> Vec<u8> {
    let rows: String = (0..rows).map(|i| format!("{i},{}\n", i % 7)).collect();
    format!("a,b\n{rows}").into_bytes()
}

/// Names of blobs, and how many files are on their way.
fn blobs(folder: &Path) -> (Vec<String>, usize) {
    let below = |path: &Path| std::fs::read_dir(path).into_iter().flatten().flatten().collect::<Vec<_>>();
    let parts = below(&folder.join("blobs")).into_iter().filter(|p| p.file_name().len() == 2);
    let files = parts.flat_map(|part| below(&part.path()));
    let names = files.map(|file| file.file_name().to_string_lossy().into_owned()).collect();
    (names, below(&folder.join("blobs/passing")).len())
}

fn upload(server: &Server, project: &Project, bytes: &[u8]) -> common::Answer {
    server.ask("POST", &format!("{}/datasets?name=a.csv", project.0), &[], bytes)
}

/// A disk of a few megabytes, in memory.
struct Small(PathBuf);

impl Small {
    /// `None` where this user may not make one.
    fn make(at: &Path, megabytes: u32) -> Option<Self> {
        std::fs::create_dir_all(at).unwrap_or_else(|e| panic!("{e}"));
        let size = format!("size={megabytes}m");
        let done = Command::new("mount").args(["-t", "tmpfs", "-o", &size, "tmpfs"]).arg(at).output();
        done.is_ok_and(|d| d.status.success()).then(|| Self(at.to_owned()))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        // It goes with its namespace otherwise.
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

#[test]
fn a_full_disk_is_told_and_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let Some(disk) = Small::make(&folder.path().join("small"), 12) else {
        eprintln!("skipped: this user may not make a small disk");
        return;
    };
    let data = disk.0.join("data");
    let server = Server::start(&data, &["--workers", "0"]);
    let project = server.project();
    let small = table(1_000);
    assert_eq!(upload(&server, &project, &small).status, 201);
    let before = blobs(&data);
    // More than there is room for.
    let told = upload(&server, &project, &table(2_000_000)).problem(507);
    assert!(told["detail"].as_str().is_some_and(|d| d.contains("disk is full")), "{told}");
    assert_eq!(blobs(&data), before, "something was left");
    assert_eq!(server.get("/readyz").status, 200);

    // A backup to the same disk, while something else fills it.
    let filler = disk.0.join("filler");
    let fill = || {
        use std::io::Write;
        let mut file = std::fs::File::create(&filler).unwrap_or_else(|e| panic!("{e}"));
        // Until there is no room.
        while file.write_all(&[0; 4_096]).is_ok() {}
    };
    fill();
    let backup = disk.0.join("backup.zip");
    let (from, to) = (data.to_string_lossy(), backup.to_string_lossy());
    let arguments = ["backup", "--data-dir", &from, "--out", &to];
    let done = trellis(&arguments).output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stderr);
    assert!(
        done.status.code() == Some(1) && said.starts_with("error: ") && said.contains("\nhelp: "),
        "{said}"
    );
    assert!(!backup.exists());
    let names = || {
        let all = std::fs::read_dir(&disk.0).unwrap_or_else(|e| panic!("{e}")).flatten();
        let mut all: Vec<_> = all.map(|f| f.file_name().to_string_lossy().into_owned()).collect();
        all.sort();
        all
    };
    assert_eq!(names(), ["data", "filler"], "a half backup was left");

    // Writing to the database: nothing is half done, whatever is refused.
    fill();
    let mut refused = 0;
    // Whichever connection it was, it is of use again afterwards.
    for number in 0..400 {
        let answer = server.json("POST", "/api/v1/projects", &json!({ "name": format!("{number}") }));
        match answer.status {
            201 => {}
            507 | 503 => {
                refused += 1;
                answer.problem(answer.status);
            }
            _ => panic!("{answer}"),
        }
        if refused > 3 {
            break;
        }
    }
    assert!(refused > 3, "the disk was not full");
    assert_eq!(server.get(&format!("{}/datasets", project.0)).status, 200, "it can be read");
    std::fs::remove_file(&filler).unwrap_or_else(|e| panic!("{e}"));
    common::until("there is room again", || {
        let answer = server.json("POST", "/api/v1/projects", &json!({ "name": "again" }));
        (answer.status == 201).then_some(())
    });
    assert_eq!(upload(&server, &project, &table(2_000)).status, 201);
    common::run(&arguments);
    let there = folder.path().join("there");
    common::run(&["restore", &to, "--data-dir", &there.to_string_lossy()]);
    let server = Server::start(&there, &["--workers", "0"]);
    let datasets = server.get(&format!("{}/datasets", project.0)).ok();
    assert_eq!(datasets["items"].as_array().map(Vec::len), Some(2), "{datasets}");
}

/// A limit on the size of files makes writing fail at a certain byte, without any right of an admin.
#[test]
fn a_write_that_fails_leaves_nothing_half_done() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let data = folder.path().join("data");
    let mut command = Command::new("sh");
    let binary = env!("CARGO_BIN_EXE_trellis");
    // In half kilobytes. A signal that is ignored stays ignored, and the write gives an error.
    let script = "trap '' XFSZ; ulimit -f 16000; exec \"$0\" serve --port 0 --workers 0 --data-dir \"$1\"";
    command.args(["-c", script, binary]).arg(&data);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let server = Server::of(command);
    let project = server.project();
    assert_eq!(upload(&server, &project, &table(1_000)).status, 201);
    let before = blobs(&data);
    let large = table(3_000_000);
    assert!(large.len() > 20_000_000);
    upload(&server, &project, &large).problem(503);
    assert_eq!(blobs(&data), before, "something was left");
    assert_eq!(upload(&server, &project, &table(2_000)).status, 201, "it goes on");
}

/// A library that stands before the system's own, whose `fsync` fails while a file is there.
const FAILING_SYNC: &str = r#"
#include <errno.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <unistd.h>

static int sync_or_fail(long number, int file) {
    const char *fails = getenv("SYNC_FAILS_WHILE_THERE_IS");
    if (fails && access(fails, F_OK) == 0) {
        errno = EIO;
        return -1;
    }
    return (int)syscall(number, file);
}

int fsync(int file) { return sync_or_fail(SYS_fsync, file); }
int fdatasync(int file) { return sync_or_fail(SYS_fdatasync, file); }
"#;

/// Builds it. `None` where there is no compiler, or the system has another way to load libraries.
fn failing_sync(folder: &Path) -> Option<PathBuf> {
    let (source, library) = (folder.join("sync.c"), folder.join("sync.so"));
    std::fs::write(&source, FAILING_SYNC).unwrap_or_else(|e| panic!("{e}"));
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o"]).arg(&library).arg(&source).output();
    (cfg!(target_os = "linux") && built.is_ok_and(|built| built.status.success())).then_some(library)
}

/// What the disk does not promise to keep is not promised to anyone.
#[test]
fn a_sync_that_fails_promises_nothing() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let Some(library) = failing_sync(folder.path()) else {
        eprintln!("skipped: no library can be put before the system's");
        return;
    };
    let (data, fails) = (folder.path().join("data"), folder.path().join("fails"));
    let mut command =
        trellis(&["serve", "--port", "0", "--workers", "0", "--data-dir", &data.to_string_lossy()]);
    command.env("LD_PRELOAD", &library).env("SYNC_FAILS_WHILE_THERE_IS", &fails);
    std::os::unix::process::CommandExt::process_group(&mut command, 0);
    let mut server = Server::of(command);
    let project = server.project();
    assert_eq!(upload(&server, &project, &table(1_000)).status, 201);
    let before = blobs(&data);
    let projects = |server: &Server| server.get("/api/v1/projects").ok()["items"].as_array().map(Vec::len);
    let count = projects(&server);

    std::fs::write(&fails, "").unwrap_or_else(|e| panic!("{e}"));
    upload(&server, &project, &table(2_000)).problem(503);
    assert_eq!(blobs(&data), before, "something was left");
    for _ in 0..3 {
        server.json("POST", "/api/v1/projects", &json!({ "name": "lost" })).problem(503);
    }
    assert_eq!(projects(&server), count, "what was refused is there");

    std::fs::remove_file(&fails).unwrap_or_else(|e| panic!("{e}"));
    let kept = server.project();
    assert_eq!(upload(&server, &kept, &table(2_000)).status, 201, "it goes on");
    server.process.kill();
    let server = Server::start(&data, &["--workers", "0"]);
    assert_eq!(
        projects(&server),
        count.map(|n| n + 1),
        "after a crash there is what was promised, and no more"
    );
    assert_eq!(server.get(&format!("{}/datasets", kept.0)).ok()["items"].as_array().map(Vec::len), Some(1));
}
