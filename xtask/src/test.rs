//! `cargo xtask test`: every test there is, counted.

use crate::shell::{Done, command, failure};
use crate::{serve, setup};
use std::io::{BufRead, BufReader};
use std::process::Stdio;
use std::time::Instant;

/// How many tests did what.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Count {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Count {
    fn of(done: &Done) -> Self {
        let failed = u64::from(done.is_err());
        Self { passed: 1 - failed, failed, skipped: 0 }
    }

    fn add(&mut self, other: Self) {
        self.passed += other.passed;
        self.failed += other.failed;
        self.skipped += other.skipped;
    }
}

/// Runs a program, shows what it prints, and counts the tests in it. A program that fails without a failed test
/// counts as one.
fn counted(program: &str, arguments: &[&str], count: fn(&str) -> Option<Count>) -> Count {
    let child = command(program, arguments).stdout(Stdio::piped()).spawn();
    let mut child = match child {
        Ok(child) => child,
        Err(error) => {
            eprintln!("error: `{program}` cannot be started: {error}");
            return Count { failed: 1, ..Count::default() };
        }
    };
    let mut total = Count::default();
    if let Some(out) = child.stdout.take() {
        for line in BufReader::new(out).lines().map_while(Result::ok) {
            println!("{line}");
            if let Some(found) = count(&line) {
                total.add(found);
            }
        }
    }
    if !child.wait().is_ok_and(|s| s.success()) && total.failed == 0 {
        total.failed = 1;
    }
    total
}

/// `test result: ok. 12 passed; 0 failed; 1 ignored; …`
fn in_cargo_test(line: &str) -> Option<Count> {
    let rest = line.trim().strip_prefix("test result: ")?;
    let number = |word: &str| {
        let before = rest.split(word).next()?;
        before.rsplit(|c: char| !c.is_ascii_digit()).find(|w| !w.is_empty())?.parse().ok()
    };
    Some(Count { passed: number(" passed")?, failed: number(" failed")?, skipped: number(" ignored")? })
}

/// `# pass 6`, `# fail 0`, `# cancelled 0`, `# skipped 0`
fn in_node_test(line: &str) -> Option<Count> {
    let (word, number) =
        line.trim().strip_prefix("# ").or_else(|| line.trim().strip_prefix("ℹ "))?.split_once(' ')?;
    let number = number.parse().ok()?;
    match word {
        "pass" => Some(Count { passed: number, ..Count::default() }),
        "fail" | "cancelled" => Some(Count { failed: number, ..Count::default() }),
        "skipped" | "todo" => Some(Count { skipped: number, ..Count::default() }),
        _ => None,
    }
}

fn check(program: &str, arguments: &[&str]) -> Count {
    Count::of(&crate::shell::run(program, arguments, "read the messages above"))
}

/// The tests of the core that have one body for native and for WebAssembly, in the latter, on Node.js.
fn in_wasm() -> Count {
    // Not by a variable: cargo would split a path at its spaces.
    let runner = format!("target.{}.runner = ['{}']", setup::TARGET, setup::wasm_test_runner().display());
    let tests = ["--package", "automl-core", "--target", setup::TARGET, "--test", "same_bits"];
    let arguments = [&["test", "--config", &runner], tests.as_slice()].concat();
    counted("cargo", &arguments, in_cargo_test)
}

type Step = (&'static str, fn() -> Count);

const STEPS: &[Step] = &[
    ("format", || check("cargo", &["fmt", "--all", "--check"])),
    ("lints", || {
        check(
            "cargo",
            &[
                "clippy",
                "--quiet",
                "--workspace",
                "--exclude",
                "app",
                "--all-targets",
                "--",
                "-D",
                "warnings",
            ],
        )
    }),
    ("lints of the page", || {
        let arguments = ["clippy", "--quiet", "-p", "app", "--target", setup::TARGET, "--", "-D", "warnings"];
        check("cargo", &arguments)
    }),
    // Before the tests: the server's ask for the page inside the binary.
    ("the page builds", || Count::of(&serve::build_page())),
    ("unit, property and house tests", || {
        let arguments = ["test", "--workspace", "--exclude", "app", "--no-fail-fast"];
        counted("cargo", &arguments, in_cargo_test)
    }),
    ("unit tests in WebAssembly", in_wasm),
    ("the page's own tests", || counted("cargo", &["test", "-p", "app", "--lib"], in_cargo_test)),
    ("the server builds", || Count::of(&serve::build_server())),
    ("in a real browser", || {
        let tests = ["--test", "--test-concurrency=1", "--test-reporter=tap", "tests/e2e/"];
        counted("node", &tests, in_node_test)
    }),
];

/// Runs every step, even after one has failed.
///
/// # Errors
/// Where a test failed.
pub fn run() -> Done {
    let mut count = Count::default();
    let mut failed = Vec::new();
    match setup::for_tests() {
        Ok(()) => {}
        Err(error) => {
            eprintln!("error: {}\nhelp: {}", error.what, error.help);
            count.failed += 1;
            failed.push("set-up");
        }
    }
    for (name, step) in STEPS {
        println!("── {name}");
        let started = Instant::now();
        let found = step();
        println!(
            "── {name}: {} passed, {} failed, {} skipped ({:.0} s)",
            found.passed,
            found.failed,
            found.skipped,
            started.elapsed().as_secs_f64()
        );
        if found.failed > 0 {
            failed.push(name);
        }
        count.add(found);
    }
    println!("{} passed, {} failed, {} skipped", count.passed, count.failed, count.skipped);
    if count.failed == 0 {
        Ok(())
    } else {
        Err(failure(format!("failed: {}", failed.join(", ")), "read the messages of that step above"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn results_are_counted() {
        let line = "test result: FAILED. 12 passed; 3 failed; 1 ignored; 0 measured; 0 filtered out; finished in 0.10s";
        assert_eq!(in_cargo_test(line), Some(Count { passed: 12, failed: 3, skipped: 1 }));
        let in_wasm = "test result: ok. 5 passed; 0 failed; 0 ignored; 0 filtered out; finished in 9.68s";
        assert_eq!(in_cargo_test(in_wasm), Some(Count { passed: 5, ..Count::default() }));
        assert_eq!(in_cargo_test("test a ... ok"), None);
        assert_eq!(in_node_test("# pass 6"), Some(Count { passed: 6, ..Count::default() }));
        assert_eq!(in_node_test("# cancelled 2"), Some(Count { failed: 2, ..Count::default() }));
        assert_eq!(in_node_test("# duration_ms 56.1"), None);
    }
}
