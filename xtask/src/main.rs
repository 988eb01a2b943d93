//! `cargo xtask`: sets this machine up, then builds, serves, tests or measures the whole product.
#![allow(
    clippy::disallowed_methods,
    reason = "the bans keep the core deterministic and portable; this is a tool beside it"
)]

mod bench;
mod places;
mod serve;
mod setup;
mod shell;
mod test;

use std::process::ExitCode;

const HELP: &str = "cargo xtask COMMAND

  serve [--port 8080]   set up, build, and serve Trellis at http://127.0.0.1:8080
  test                  set up, then run every test there is
  bench                 measure speed and memory; a table, and JSON under target/bench/
  setup                 set up and nothing else

Tools are kept in the user's cache folder (trellis/tools) and installed once.
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve"] => serve::run("8080"),
        ["serve", "--port", port] => serve::run(port),
        ["serve", port] if port.starts_with("--port=") => serve::run(&port["--port=".len()..]),
        ["test"] => test::run(),
        ["bench"] => bench::run(),
        ["setup"] => setup::for_tests(),
        [] | ["help" | "--help" | "-h"] => {
            print!("{HELP}");
            return ExitCode::SUCCESS;
        }
        _ => {
            eprintln!("error: unknown command `{}`\nhelp: run `cargo xtask help`", arguments.join(" "));
            return ExitCode::from(2);
        }
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            eprintln!("error: {}\nhelp: {}", failure.what, failure.help);
            ExitCode::FAILURE
        }
    }
}
