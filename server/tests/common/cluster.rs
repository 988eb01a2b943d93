//! A PostgreSQL server for tests, those of the store inside the binary among them.

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// A PostgreSQL server of its own, in a folder that goes with it.
pub struct Cluster {
    folder: tempfile::TempDir,
    port: u16,
    server: std::process::Child,
}

/// A program of PostgreSQL's, as a user that it accepts: it refuses to run as root.
fn program(name: &str) -> Command {
    let listed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    let found = listed.map(|v| v.path().join("bin").join(name)).find(|p| p.is_file());
    let path = found.unwrap_or_else(|| name.into());
    if !is_root() {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--clear-groups", "--"]).arg(path);
    command
}

fn is_root() -> bool {
    let id = Command::new("id").arg("-u").output();
    id.is_ok_and(|o| o.stdout.starts_with(b"0\n"))
}

fn free_port() -> u16 {
    let bound = std::net::TcpListener::bind(("127.0.0.1", 0));
    bound.and_then(|l| l.local_addr()).map_or(54_329, |a| a.port())
}

fn done(mut command: Command, what: &str) {
    let output = command.output().unwrap_or_else(|e| panic!("{what}: {e}; PostgreSQL has to be installed"));
    assert!(output.status.success(), "{what}: {}", String::from_utf8_lossy(&output.stderr));
}

impl Cluster {
    /// Starts a server and waits until it answers.
    pub fn start() -> Self {
        let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no folder: {e}"));
        if is_root() {
            let mut chown = Command::new("chown");
            chown.arg("postgres").arg(folder.path());
            done(chown, "chown");
        }
        let data = folder.path().join("data");
        let mut initdb = program("initdb");
        initdb.args(["--auth=trust", "--username=trellis", "--no-sync", "--encoding=UTF8", "-D"]).arg(&data);
        done(initdb, "initdb");
        let port = free_port();
        let mut server = program("postgres");
        server.arg("-D").arg(&data).arg("-k").arg(folder.path()).args(["-h", "127.0.0.1", "-p"]);
        server.arg(port.to_string()).args(["-c", "fsync=off"]).stdout(Stdio::null()).stderr(Stdio::null());
        let server = server.spawn().unwrap_or_else(|e| panic!("postgres: {e}"));
        let cluster = Self { folder, port, server };
        let until = Instant::now() + Duration::from_secs(60);
        while !cluster.sql("SELECT 1").status().is_ok_and(|s| s.success()) {
            assert!(Instant::now() < until, "postgres did not start");
            std::thread::sleep(Duration::from_millis(100));
        }
        cluster
    }

    fn sql(&self, sql: &str) -> Command {
        let mut psql = program("psql");
        psql.arg("-h").arg(self.folder.path()).args([
            "-p",
            &self.port.to_string(),
            "-U",
            "trellis",
            "-d",
            "postgres",
        ]);
        psql.args(["-c", sql]).stdout(Stdio::null()).stderr(Stdio::null());
        psql
    }

    /// The address of a new, empty database.
    pub fn database(&self, name: &str) -> String {
        done(self.sql(&format!("CREATE DATABASE {name}")), "create database");
        format!("postgres://trellis@127.0.0.1:{}/{name}", self.port)
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // A process that is gone already needs no ending. SIGQUIT ends at once and takes the children along.
        let _ = Command::new("kill").args(["-QUIT", &self.server.id().to_string()]).status();
        let _ = self.server.wait();
    }
}
