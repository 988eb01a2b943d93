//! `cargo xtask`: sets this machine up, then builds, serves, tests or measures the whole product.
#![allow(
    clippy::disallowed_methods,
    reason = "the bans keep the core deterministic and portable; this is a tool beside it"
)]

mod bench;
mod debian_wasm;
mod places;
mod serve;
mod setup;
mod shell;
mod test;
mod wasm_target;

use std::process::ExitCode;

const HELP: &str = "cargo xtask COMMAND

  serve [--port 8080]   set up, build, and serve Trellis at http://127.0.0.1:8080
  test                  set up, then run every test there is
  bench                 measure everything below; tables, and JSON under target/bench/
  bench csv             reading of CSV: speed and memory
  bench gbt             boosting with one thread and two, beside LightGBM where a Python has it
  bench gpu             boosting and networks on a graphics card, beside the processor and XGBoost where a Python has it
  bench wasm            boosting in a real browser, beside this machine's own speed and YDF in the same page
  bench canvas          frames of the pipeline canvas in a real browser, with 300 nodes
  bench bits [DIR]      whole searches in a real browser and on the command line: the same bytes, over the samples or
                        the tables of DIR/data/manifest.json
  bench server          predictions a second and memory of a large upload; TRELLIS_SECONDS says how long [30],
                        TRELLIS_UPLOAD how many bytes [1000000000], TRELLIS_BINARY which binary [one that is built]
  setup                 set up and nothing else

Tools are kept in the user's cache folder (trellis/tools) and installed once.

LightGBM and XGBoost are looked for in `python3`, or the Python that TRELLIS_PYTHON names.

The standard library for WebAssembly comes from rustup. Where rustup is absent or its host does not answer, Debian's
packages are used, and a toolchain is made of them in the cache folder (trellis/toolchains).
  TRELLIS_WASM_ROUTE=auto     as told, which is what happens without it
  TRELLIS_WASM_ROUTE=rustup   rustup or nothing
  TRELLIS_WASM_ROUTE=debian   Debian's packages even where rustup has the target
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["serve"] => serve::run("8080"),
        ["serve", "--port", port] => serve::run(port),
        ["serve", port] if port.starts_with("--port=") => serve::run(&port["--port=".len()..]),
        ["test"] => test::run(),
        ["bench"] => bench::run(None),
        ["bench", "bits", tables] => bench::bits_of(tables),
        ["bench", only] => bench::run(Some(only)),
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
