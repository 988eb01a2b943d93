//! Debian's packages: what is installed, what can be had, and installing it.

use crate::setup::say;
use crate::shell::{Done, command, failure, finish, output, run};
use std::path::{Path, PathBuf};

/// The newer Rust that stable releases of Debian carry for their browsers.
const RUST: [&str; 5] = ["rustc-web", "cargo-web", "rust-web-src", "rust-web-clippy", "rustfmt-web"];
/// The oldest Rust that can build the workspace.
const OLDEST: &str = env!("CARGO_PKG_RUST_VERSION");

/// The version that is installed.
fn installed(package: &str) -> Option<String> {
    let told = output("dpkg-query", &["--show", "--showformat=${db:Status-Status} ${Version}", package])?;
    told.strip_prefix("installed ").map(str::to_owned)
}

/// The version that could be installed.
fn offered(package: &str) -> Option<String> {
    let told = output("apt-cache", &["show", "--no-all-versions", package])?;
    told.lines().find_map(|line| line.strip_prefix("Version: ")).map(str::to_owned)
}

/// The versions of all packages, one a line, or nothing where one is missing.
pub fn versions() -> Option<String> {
    let lines = RUST.iter().map(|package| Some(format!("{package} {}\n", installed(package)?)));
    lines.collect()
}

/// The first two numbers of a version: `1.96.0+dfsg1-1` is (1, 96).
fn release(version: &str) -> (u32, u32) {
    let mut numbers = version.split(|c: char| !c.is_ascii_digit()).map(|n| n.parse().unwrap_or(0));
    (numbers.next().unwrap_or(0), numbers.next().unwrap_or(0))
}

fn is_new_enough(version: &str) -> bool {
    release(version) >= release(OLDEST)
}

/// Whether all packages are there, of one release that is new enough.
fn is_complete() -> bool {
    let found: Vec<String> = RUST.iter().filter_map(|package| installed(package)).collect();
    let alike = found.windows(2).all(|pair| release(&pair[0]) == release(&pair[1]));
    found.len() == RUST.len() && alike && found.iter().all(|version| is_new_enough(version))
}

/// Debian's Rust with its source.
///
/// # Errors
/// Where Debian has none that is new enough, or it cannot be installed.
pub fn rust() -> Done {
    if is_complete() {
        return Ok(());
    }
    say(&format!("installing {} with apt-get", RUST.join(", ")));
    // Where the lists cannot be brought up to date, the old ones may do.
    let _ = run("apt-get", &["update", "-qq"], "");
    is_offered()?;
    install(&RUST)
}

fn is_offered() -> Done {
    let help = format!(
        "check that the security updates are among the sources of apt, and run `apt-get update`; Debian 12 has Rust 1.96 \
         there. Where Debian's own rustc is {OLDEST} or newer, `apt-get install libstd-rust-dev-wasm32` instead. Otherwise \
         install Rust with rustup"
    );
    for package in RUST {
        match offered(package) {
            None => return Err(failure(format!("apt-get knows no package {package}"), help)),
            Some(version) if !is_new_enough(&version) => {
                let what =
                    format!("apt-get has {package} {version} only, and Trellis needs {OLDEST} or newer");
                return Err(failure(what, help));
            }
            Some(_) => {}
        }
    }
    Ok(())
}

/// The linker for WebAssembly of this release of LLVM, for example `22`.
///
/// # Errors
/// Where it cannot be installed.
pub fn linker(llvm: &str) -> Result<PathBuf, crate::shell::Failure> {
    let program = PathBuf::from(format!("/usr/bin/wasm-ld-{llvm}"));
    if !program.exists() {
        let package = format!("lld-{llvm}");
        say(&format!("installing {package} with apt-get"));
        install(&[&package])?;
    }
    Ok(program)
}

/// Never takes a package away for another: a Rust that the user installed from Debian is theirs to remove.
fn install(packages: &[&str]) -> Done {
    let arguments = [&["install", "-y", "-qq", "--no-install-recommends", "--no-remove"], packages].concat();
    let help = format!(
        "as root, run `apt-get install {}`, then run this again; Debian's own rustc, cargo and rustup cannot stay beside \
         them and must be removed first",
        packages.join(" ")
    );
    let mut apt = command("apt-get", &arguments);
    apt.env("DEBIAN_FRONTEND", "noninteractive");
    finish(&mut apt, "apt-get", &arguments, &help)
}

/// Where Debian keeps the libraries of its Rust.
pub fn rustlib() -> &'static Path {
    Path::new("/usr/lib/rustlib")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn releases_are_read_from_versions() {
        assert_eq!(release("1.96.0+dfsg1-1~deb12u2"), (1, 96));
        assert_eq!(release("1.90"), (1, 90));
        assert_eq!(release("none"), (0, 0));
        assert!(is_new_enough("1.96.0+dfsg1-1~deb12u2") && !is_new_enough("1.85.0+dfsg3-1~deb12u3"));
    }
}
