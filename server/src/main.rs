//! `trellis`: the command line and the server.
#![allow(
    clippy::disallowed_methods,
    reason = "the bans keep the core deterministic and portable; here are the threads and the clock it is given"
)]

mod archive;
mod args;
mod beyond;
mod blobs;
mod commands;
mod executor;
mod failure;
mod jobs;
mod keep;
mod look;
mod memory;
mod reading;
mod serve;
mod source;
mod store;
mod trace;

use args::{Arguments, Command};
use clap::Parser;
use failure::Failure;
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    // The budget of a fit counts from here.
    let started = Instant::now();
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return failure::usage(&error),
    };
    let done = match arguments.command {
        Command::Fit(args) => commands::fit::run(&args, started),
        Command::Predict(args) => commands::predict::run(&args),
        Command::Score(args) => commands::score::run(&args),
        Command::Check(args) => commands::check::run(&args, started),
        Command::Run(args) => commands::run::run(&args, started),
        Command::Kinds(args) => commands::kinds::run(&args),
        Command::Leaderboard(args) => commands::leaderboard::run(&args),
        Command::Serve(args) => serve::run(&args),
        Command::Backup(args) => keep::backup(&args),
        Command::Restore(args) => keep::restore(&args),
        Command::NewKey(args) => blobs::new_key(&args),
        Command::Worker(args) => jobs::remote::run(&args),
        Command::Executor(args) => executor::run(&args),
        Command::Child(args) => jobs::executor::run(&args),
        Command::Look(args) => look::run(&args),
        Command::Beyond(args) => beyond::child::run(&args),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => failure.report(),
    }
}

/// What every command returns.
type Done = Result<(), Failure>;
