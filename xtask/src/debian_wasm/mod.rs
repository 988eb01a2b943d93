//! A toolchain for WebAssembly out of Debian's packages.
//!
//! Debian's compiler knows the target but comes without a standard library for it. Set-up builds that library once, from
//! Debian's source of the same version, into a sysroot in the user's cache folder. The sysroot's `bin` then goes in front
//! of the search path of what this program starts. Nothing that rustup keeps is changed, and nobody else's search path.

mod packages;
mod sysroot;

use crate::places;
use crate::setup::{move_into_place, say};
use crate::shell::{Done, failure, works};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

/// The sysroot, once set-up has chosen it.
static IN_USE: OnceLock<PathBuf> = OnceLock::new();

fn place() -> PathBuf {
    places::toolchains().join("debian-wasm")
}

/// Whether this is a system of Debian's kind.
pub fn is_debian() -> bool {
    works("apt-get", &["--version"]) && works("dpkg-query", &["--version"])
}

/// Whether the sysroot is there and of the version of the packages.
pub fn is_built() -> bool {
    let kept = std::fs::read_to_string(stamp(&place())).ok();
    kept.is_some() && kept == packages::versions()
}

fn stamp(sysroot: &Path) -> PathBuf {
    sysroot.join("versions")
}

/// Builds the sysroot where it is missing or old, and makes every later command use it.
///
/// # Errors
/// The step that failed, and what to do.
pub fn set_up() -> Done {
    if !is_debian() {
        let help = "use rustup on this system, and leave TRELLIS_WASM_ROUTE unset";
        return Err(failure("there is no apt-get with Debian's packages", help));
    }
    if !is_built() {
        packages::rust()?;
        build()?;
    }
    say(&format!("using Debian's Rust with the sysroot {}", place().display()));
    IN_USE.get_or_init(place);
    Ok(())
}

/// Builds beside the place and moves there, so that a sysroot that was broken off is never taken for whole.
fn build() -> Done {
    say("building the standard library for WebAssembly, once for this user; this takes a minute or two");
    let half = places::toolchains().join(".debian-wasm.part");
    let help = "check who may write there, and that the disk is not full";
    let told = |error| failure(format!("cannot prepare {}: {error}", half.display()), help);
    clear(&half).map_err(told)?;
    sysroot::build(&half)?;
    std::fs::write(stamp(&half), packages::versions().unwrap_or_default()).map_err(told)?;
    clear(&place()).map_err(told)?;
    move_into_place(&half, &place())
}

/// Removes a folder with all in it, if it is there.
fn clear(folder: &Path) -> std::io::Result<()> {
    if folder.exists() { std::fs::remove_dir_all(folder) } else { Ok(()) }
}

/// Lets a command use Debian's toolchain, if set-up has chosen it.
pub fn prefer(command: &mut Command) {
    if let Some(sysroot) = IN_USE.get() {
        lend(command, sysroot);
    }
}

/// Puts the sysroot's programs in front, and takes away what the `cargo` that started this program tells its children:
/// they would go on with its own toolchain.
fn lend(command: &mut Command, sysroot: &Path) {
    let mut path = sysroot.join("bin").into_os_string();
    path.push(":");
    path.push(places::path());
    command.env("PATH", path);
    for of_another in ["CARGO", "RUSTC", "RUSTDOC", "RUSTUP_TOOLCHAIN", "LD_LIBRARY_PATH"] {
        command.env_remove(of_another);
    }
}
