//! The standard library for WebAssembly: from rustup, or else out of Debian's packages.

use crate::debian_wasm;
use crate::setup::{TARGET, say};
use crate::shell::{Done, Failure, command, failure, finish_within, output, works};
use std::path::Path;
use std::time::Duration;

/// Which way to take; see `cargo xtask help`.
const ROUTE: &str = "TRELLIS_WASM_ROUTE";
/// Long enough for a slow line, as the target is 20 MB. Where nobody answers, rustup waits for longer.
const RUSTUP_WAITS: Duration = Duration::from_secs(150);

enum Route {
    /// Rustup's, and Debian's where that cannot be.
    Auto,
    Rustup,
    Debian,
}

/// Sees to it that every later `cargo` can build for WebAssembly.
///
/// # Errors
/// What failed, and what to do.
pub fn set_up() -> Done {
    match route()? {
        Route::Debian => debian_wasm::set_up(),
        Route::Auto | Route::Rustup if has_target() => Ok(()),
        Route::Rustup => by_rustup(),
        // Not to wait for rustup each time.
        Route::Auto if debian_wasm::is_built() => debian_wasm::set_up(),
        Route::Auto => by_rustup().or_else(instead),
    }
}

fn route() -> Result<Route, Failure> {
    let wanted = std::env::var(ROUTE).unwrap_or_default();
    match wanted.as_str() {
        "" | "auto" => Ok(Route::Auto),
        "rustup" => Ok(Route::Rustup),
        "debian" => Ok(Route::Debian),
        other => {
            Err(failure(format!("{ROUTE} is `{other}`"), "set it to auto, rustup or debian, or not at all"))
        }
    }
}

fn has_target() -> bool {
    let library = output("rustc", &["--print", "target-libdir", "--target", TARGET]);
    let has_core = |folder: &Path| {
        std::fs::read_dir(folder)
            .is_ok_and(|all| all.flatten().any(|f| f.file_name().to_string_lossy().starts_with("libcore-")))
    };
    library.is_some_and(|folder| has_core(Path::new(folder.trim())))
}

fn by_rustup() -> Done {
    let help = "install Rust with rustup, check the connection to its host, and run this again";
    if !works("rustup", &["--version"]) {
        return Err(failure(
            format!("this Rust has no standard library for {TARGET}, and there is no rustup"),
            help,
        ));
    }
    say(&format!("adding the target {TARGET} to the Rust toolchain"));
    let arguments = ["target", "add", TARGET];
    finish_within(RUSTUP_WAITS, &mut command("rustup", &arguments), "rustup", &arguments, help)
}

/// Debian's way after rustup's has failed.
fn instead(failed: Failure) -> Done {
    if !debian_wasm::is_debian() {
        return Err(failed);
    }
    say(&format!("{}; trying Debian's packages instead", failed.what));
    debian_wasm::set_up()
}
