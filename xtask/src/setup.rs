//! Installs what is missing. Every step is skipped at once where it is done already.

use crate::shell::{Done, command, failure, finish, output, run, works};
use crate::{places, wasm_target};
use std::path::{Path, PathBuf};

/// What runs in a browser.
pub const TARGET: &str = "wasm32-unknown-unknown";
/// The newest trunk that the stable toolchains from 1.90 on can build.
const TRUNK: &str = "0.21.14";
const BINARYEN: &str = "132";

/// What the page needs to be built.
///
/// # Errors
/// The step that failed, and what to do.
pub fn for_build() -> Done {
    wasm_target::set_up()?;
    let bindgen = locked_version("wasm-bindgen")?;
    cargo_tool("wasm-bindgen", "wasm-bindgen-cli", &bindgen, false)?;
    cargo_tool("trunk", "trunk", TRUNK, true)?;
    wasm_opt()
}

/// What is needed to build the page and to drive a browser.
///
/// # Errors
/// As [`for_build`].
pub fn for_browser() -> Done {
    for_build()?;
    browser()?;
    npm_packages("tests/e2e", "axe-core")
}

/// What the tests need besides.
///
/// # Errors
/// As [`for_build`].
pub fn for_tests() -> Done {
    packages()?;
    postgresql()?;
    software_card();
    for_browser()
}

/// A program that computes as a graphics card does, where there is no driver of any. Never fails: without it what is
/// tested on one is skipped.
fn software_card() {
    let folders = ["/usr/share/vulkan/icd.d", "/etc/vulkan/icd.d"];
    let mut drivers = folders.iter().flat_map(std::fs::read_dir).flatten().flatten();
    let is_driver = |e: std::fs::DirEntry| e.path().extension().is_some_and(|x| x == "json");
    if drivers.any(is_driver) || !works("apt-get", &["--version"]) {
        return;
    }
    say("installing a software graphics card with apt-get");
    let install = ["install", "-y", "-qq", "--no-install-recommends", "mesa-vulkan-drivers", "libvulkan1"];
    // Where the lists cannot be brought up to date, the old ones may do.
    let _ = run("apt-get", &["update", "-qq"], "");
    if run("apt-get", &install, "").is_err() {
        say("it could not be installed: what is tested on a graphics card is skipped");
    }
}

/// PostgreSQL's programs; the tests start a server of their own.
fn postgresql() -> Done {
    let listed = std::fs::read_dir("/usr/lib/postgresql").into_iter().flatten().flatten();
    if listed.map(|v| v.path().join("bin/initdb")).any(|p| p.exists()) || works("initdb", &["--version"]) {
        return Ok(());
    }
    let help = "install PostgreSQL 14 or newer, with initdb on the search path";
    if !works("apt-get", &["--version"]) {
        return Err(failure("PostgreSQL is not installed", help));
    }
    say("installing PostgreSQL with apt-get");
    // Where the lists cannot be brought up to date, the old ones may do.
    let _ = run("apt-get", &["update", "-qq"], "");
    run("apt-get", &["install", "-y", "-qq", "--no-install-recommends", "postgresql"], help)
}

/// Tells what set-up does.
pub fn say(what: &str) {
    eprintln!("set-up: {what}");
}

/// The version of a package in `Cargo.lock`.
fn locked_version(package: &str) -> Result<String, crate::shell::Failure> {
    let lock = std::fs::read_to_string(places::root().join("Cargo.lock")).unwrap_or_default();
    let named = format!("name = \"{package}\"");
    let mut lines = lock.lines().skip_while(|l| *l != named).skip(1);
    let version = lines.next().and_then(|l| l.strip_prefix("version = \"")?.strip_suffix('"'));
    version.map(str::to_owned).ok_or_else(|| {
        failure(format!("Cargo.lock does not name {package}"), "restore Cargo.lock from version control")
    })
}

/// The program that runs a test built for WebAssembly. It comes with wasm-bindgen, and only one of the very same
/// version understands the test; the one on the search path may be another.
pub fn wasm_test_runner() -> PathBuf {
    let name = "wasm-bindgen-test-runner";
    let version = locked_version("wasm-bindgen").unwrap_or_default();
    let ours = tool_folder("wasm-bindgen", &version).join("bin").join(name);
    if has_program(&ours) { ours } else { PathBuf::from(name) }
}

fn tool_folder(program: &str, version: &str) -> PathBuf {
    places::tools().join(format!("{program}-{version}"))
}

fn has_program(path: &Path) -> bool {
    path.exists() || path.with_extension("exe").exists()
}

/// A tool that cargo builds, into a folder of its own version. It is built beside its place and moved there, so that
/// one that was broken off is never taken for whole.
fn cargo_tool(program: &str, package: &str, version: &str, locked: bool) -> Done {
    let place = tool_folder(program, version);
    if has_program(&place.join("bin").join(program)) {
        return Ok(());
    }
    let known = output(program, &["--version"]).unwrap_or_default();
    if known.split_whitespace().any(|word| word == version) {
        return Ok(());
    }
    say(&format!("building {package} {version}, once for this user; this takes some minutes"));
    let half = places::tools().join(format!(".{program}-{version}.part"));
    let root = half.to_string_lossy().into_owned();
    let mut arguments = vec!["install", package, "--version", version, "--root", &root];
    if locked {
        arguments.push("--locked");
    }
    let help = "check the connection to the crate registry and run this again; what is built already is kept";
    let mut install = command("cargo", &arguments);
    // Built apart: another checkout's target folder must not be locked for minutes.
    install.env("CARGO_TARGET_DIR", half.join("target")).env_remove("RUSTFLAGS");
    finish(&mut install, "cargo", &arguments, help)?;
    move_into_place(&half, &place)
}

/// Moves what was built beside its place.
///
/// # Errors
/// Where it cannot be moved.
pub fn move_into_place(half: &Path, place: &Path) -> Done {
    // Left over from cargo; without it the tool is whole all the same.
    let _ = std::fs::remove_dir_all(half.join("target"));
    std::fs::rename(half, place).map_err(|error| {
        failure(format!("cannot move a tool to {}: {error}", place.display()), "check who may write there")
    })
}

/// wasm-opt makes the page smaller; trunk looks for it when a release is built.
fn wasm_opt() -> Done {
    let place = places::tools().join(format!("binaryen-{BINARYEN}"));
    if place.join("node_modules/.bin/wasm-opt").exists() {
        return Ok(());
    }
    if output("wasm-opt", &["--version"]).unwrap_or_default().contains(&format!("version {BINARYEN}")) {
        return Ok(());
    }
    say(&format!("installing wasm-opt (binaryen {BINARYEN})"));
    let half = places::tools().join(format!(".binaryen-{BINARYEN}.part"));
    let prefix = half.to_string_lossy().into_owned();
    let package = format!("binaryen@{BINARYEN}.0.0");
    let arguments = ["install", "--silent", "--no-fund", "--no-audit", "--prefix", &prefix, &package];
    run("npm", &arguments, "install Node.js 20 or newer with npm, and check the connection to its registry")?;
    move_into_place(&half, &place)
}

/// A Chromium that is there, if any.
fn found_browser() -> Option<PathBuf> {
    let named = std::env::var_os("CHROMIUM").map(PathBuf::from);
    let usual = ["/usr/bin/chromium", "/usr/bin/chromium-browser", "/usr/bin/google-chrome"];
    named.into_iter().chain(usual.map(PathBuf::from)).find(|path| path.exists())
}

fn browser() -> Done {
    if found_browser().is_some() {
        return Ok(());
    }
    let help = "install Chromium or Chrome, and set CHROMIUM to its path where that is an unusual one";
    if works("apt-get", &["--version"]) {
        say("installing Chromium with apt-get");
        let updated = run("apt-get", &["update", "-qq"], help);
        updated.and_then(|()| {
            run("apt-get", &["install", "-y", "-qq", "--no-install-recommends", "chromium"], help)
        })?;
    }
    found_browser().map(drop).ok_or_else(|| failure("no Chromium was found", help))
}

/// Every package that `Cargo.lock` names. The builds fetch only those for this system and the browser, but the test
/// of licences reads all.
fn packages() -> Done {
    let help = "check the connection to the crate registry, and that Cargo.lock is as in version control";
    run("cargo", &["fetch", "--quiet", "--locked"], help)
}

/// The packages that the lock file in `folder` names, one of which is `package`.
///
/// # Errors
/// Where they cannot be installed.
pub fn npm_packages(folder: &str, package: &str) -> Done {
    let folder = places::root().join(folder);
    if folder.join("node_modules").join(package).join("package.json").exists() {
        return Ok(());
    }
    say(&format!("installing {package}"));
    let prefix = folder.to_string_lossy().into_owned();
    let arguments = ["ci", "--silent", "--no-fund", "--no-audit", "--prefix", &prefix];
    run("npm", &arguments, "install Node.js 20 or newer with npm, and check the connection to its registry")
}
