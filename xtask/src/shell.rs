//! Running other programs.

use crate::{debian_wasm, places};
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

/// What went wrong, and what to do.
pub struct Failure {
    pub what: String,
    pub help: String,
}

pub type Done = Result<(), Failure>;

pub fn failure(what: impl Into<String>, help: impl Into<String>) -> Failure {
    Failure { what: what.into(), help: help.into() }
}

/// A command in the workspace that finds the installed tools.
pub fn command(program: &str, arguments: &[&str]) -> Command {
    let mut command = Command::new(program);
    command.args(arguments).current_dir(places::root()).env("PATH", places::path());
    debian_wasm::prefer(&mut command);
    command
}

/// Runs a command whose output is shown as it comes.
///
/// # Errors
/// Where it cannot be started or fails.
pub fn run(program: &str, arguments: &[&str], help: &str) -> Done {
    finish(&mut command(program, arguments), program, arguments, help)
}

/// As [`run`], for a command that is set up already.
///
/// # Errors
/// As [`run`].
pub fn finish(command: &mut Command, program: &str, arguments: &[&str], help: &str) -> Done {
    judge(command.status().map(Some), program, arguments, help)
}

/// As [`finish`], for a command that may wait for an answer that never comes: it is stopped after `limit`.
///
/// # Errors
/// As [`run`], and where the time is over.
pub fn finish_within(
    limit: Duration,
    command: &mut Command,
    program: &str,
    arguments: &[&str],
    help: &str,
) -> Done {
    judge(command.spawn().and_then(|child| ended(child, limit)), program, arguments, help)
}

/// What to tell of a program that ended, or that was stopped since its time was over.
fn judge(end: std::io::Result<Option<ExitStatus>>, program: &str, arguments: &[&str], help: &str) -> Done {
    let shown = format!("{program} {}", arguments.join(" "));
    match end {
        Ok(Some(status)) if status.success() => Ok(()),
        Ok(Some(status)) => Err(failure(format!("`{shown}` ended with {status}"), help)),
        Ok(None) => Err(failure(format!("`{shown}` took too long and was stopped"), help)),
        Err(error) => Err(failure(format!("`{shown}` cannot be started: {error}"), help)),
    }
}

/// How a program ended, or nothing where it had to be stopped.
fn ended(mut child: Child, limit: Duration) -> std::io::Result<Option<ExitStatus>> {
    let started = Instant::now();
    while started.elapsed() < limit {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    child.kill()?;
    child.wait()?;
    Ok(None)
}

/// Whether a program is there and says that it is well.
pub fn works(program: &str, arguments: &[&str]) -> bool {
    let quiet = command(program, arguments).stdout(Stdio::null()).stderr(Stdio::null()).status();
    quiet.is_ok_and(|s| s.success())
}

/// What a program prints, or nothing where it fails.
pub fn output(program: &str, arguments: &[&str]) -> Option<String> {
    let done = command(program, arguments).stderr(Stdio::null()).output().ok()?;
    done.status.success().then(|| String::from_utf8_lossy(&done.stdout).into_owned())
}
