//! Running other programs.

use crate::places;
use std::process::{Command, Stdio};

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
    let shown = format!("{program} {}", arguments.join(" "));
    match command.status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(failure(format!("`{shown}` ended with {status}"), help)),
        Err(error) => Err(failure(format!("`{shown}` cannot be started: {error}"), help)),
    }
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
