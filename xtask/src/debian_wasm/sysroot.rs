//! A sysroot: the folder where a compiler looks for libraries, and here its programs too.

use super::{lend, packages};
use crate::setup::TARGET;
use crate::shell::{Done, Failure, command, failure, finish, output, run};
use std::path::Path;
use std::process::Command;

/// The crate that the standard library is built for, and then built with.
const PROBE: &str = "trellis_probe";
const PROBE_MANIFEST: &str = "\
[package]
name = \"trellis_probe\"
version = \"0.0.0\"
edition = \"2024\"

[lib]
path = \"probe.rs\"

[workspace]
";
const PROBE_SOURCE: &str = "\
#[unsafe(no_mangle)]
pub extern \"C\" fn total(n: u32) -> u32 {
    (0..n).collect::<Vec<u32>>().iter().sum()
}
";

/// What Debian's compiler says about itself.
struct Compiler {
    host: String,
    /// The major version of its LLVM.
    llvm: String,
}

/// Builds a whole sysroot in `folder`, which is not there yet.
///
/// # Errors
/// The step that failed, and what to do.
pub fn build(folder: &Path) -> Done {
    let compiler = compiler()?;
    let linker = packages::linker(&compiler.llvm)?;
    let scratch = folder.join("build");
    write(&scratch.join("Cargo.toml"), PROBE_MANIFEST)?;
    write(&scratch.join("probe.rs"), PROBE_SOURCE)?;
    standard_library(folder, &scratch)?;
    link_libraries(folder, &compiler, &linker)?;
    programs(folder)?;
    prove(folder, &scratch)?;
    // Of no more use, and large.
    let _ = std::fs::remove_dir_all(scratch);
    Ok(())
}

fn compiler() -> Result<Compiler, Failure> {
    let told = output("/usr/bin/rustc", &["--version", "--verbose"]).unwrap_or_default();
    let value = |key: &str| told.lines().find_map(|line| line.strip_prefix(key)).map(str::trim);
    let llvm = value("LLVM version:").and_then(|version| version.split('.').next());
    match (value("host:"), llvm) {
        (Some(host), Some(llvm)) => Ok(Compiler { host: host.to_owned(), llvm: llvm.to_owned() }),
        _ => Err(failure(
            "/usr/bin/rustc does not say its version",
            "run `apt-get install --reinstall rustc-web`",
        )),
    }
}

fn write(path: &Path, text: &str) -> Done {
    let folder = path.parent().unwrap_or(path);
    let written = std::fs::create_dir_all(folder).and_then(|()| std::fs::write(path, text));
    written.map_err(|error| cannot_write(path, &error))
}

fn cannot_write(path: &Path, error: &std::io::Error) -> Failure {
    let help = "check who may write there, and that the disk is not full";
    failure(format!("cannot write {}: {error}", path.display()), help)
}

/// A `cargo` for the probe, told apart from the workspace and its flags.
fn cargo(program: &str, arguments: &[&str], scratch: &Path) -> Command {
    let mut cargo = command(program, arguments);
    cargo.current_dir(scratch).env_remove("RUSTFLAGS").env_remove("CARGO_ENCODED_RUSTFLAGS");
    cargo
}

/// Compiles Debian's source of the standard library, with what tests need, and keeps the libraries.
fn standard_library(folder: &Path, scratch: &Path) -> Done {
    let arguments = [
        "build",
        "--quiet",
        "--release",
        "--target",
        TARGET,
        "-Z",
        "build-std=std,panic_abort,proc_macro,test",
    ];
    let mut build = cargo("/usr/bin/cargo", &arguments, scratch);
    lend(&mut build, folder);
    // Stable compilers build the standard library for those who say that they know what they do.
    build
        .env("RUSTC", "/usr/bin/rustc")
        .env("RUSTC_BOOTSTRAP", "1")
        .env("CARGO_TARGET_DIR", scratch.join("std"));
    let help = "check the connection to the crate registry, which holds what the standard library leans on; where it is \
                there, run `apt-get install --reinstall rustc-web cargo-web rust-web-src`";
    finish(&mut build, "/usr/bin/cargo", &arguments, help)?;
    let from = scratch.join("std").join(TARGET).join("release/deps");
    let to = folder.join("lib/rustlib").join(TARGET).join("lib");
    keep_libraries(&from, &to).map_err(|error| cannot_write(&to, &error))
}

fn keep_libraries(from: &Path, to: &Path) -> std::io::Result<()> {
    std::fs::create_dir_all(to)?;
    for entry in std::fs::read_dir(from)? {
        let entry = entry?;
        let name = entry.file_name();
        let text = name.to_string_lossy();
        if text.ends_with(".rlib") && !text.starts_with(&format!("lib{PROBE}")) {
            std::fs::copy(entry.path(), to.join(&name))?;
        }
    }
    Ok(())
}

/// Debian's own libraries and source, and the linker under the name that the compiler looks for.
fn link_libraries(folder: &Path, compiler: &Compiler, linker: &Path) -> Done {
    let debians = packages::rustlib();
    let ours = folder.join("lib/rustlib");
    let of_host = ours.join(&compiler.host);
    link(&debians.join(&compiler.host).join("lib"), &of_host.join("lib"))?;
    link(&debians.join("src"), &ours.join("src"))?;
    link(linker, &of_host.join("bin/rust-lld"))
}

fn link(to: &Path, at: &Path) -> Done {
    let parent = at.parent().unwrap_or(at);
    std::fs::create_dir_all(parent).map_err(|error| cannot_write(parent, &error))?;
    let (to, at) = (to.to_string_lossy(), at.to_string_lossy());
    run("ln", &["-s", &to, &at], "check who may write there, and that the disk is not full")
}

/// Debian's programs, told where the sysroot is: by themselves they take the folder of their libraries, and clippy that
/// of its own program. The scripts know their folder by the name under which they are called, so it can be moved.
fn programs(folder: &Path) -> Done {
    let bin = folder.join("bin");
    for name in ["rustc", "rustdoc"] {
        script(&bin.join(name), &format!("exec /usr/bin/{name} --sysroot \"${{0%/bin/*}}\" \"$@\""))?;
    }
    script(&bin.join("cargo"), "SYSROOT=\"${0%/bin/*}\" exec /usr/bin/cargo \"$@\"")?;
    for name in ["cargo-clippy", "cargo-fmt", "rustfmt"] {
        link(&Path::new("/usr/bin").join(name), &bin.join(name))?;
    }
    Ok(())
}

fn script(path: &Path, body: &str) -> Done {
    write(path, &format!("#!/bin/sh\n{body}\n"))?;
    run("chmod", &["755", &path.to_string_lossy()], "check who may write there")
}

/// Builds and links the probe as any crate would be.
fn prove(folder: &Path, scratch: &Path) -> Done {
    let arguments = ["rustc", "--quiet", "--lib", "--target", TARGET, "--crate-type", "cdylib"];
    let mut build = cargo("cargo", &arguments, scratch);
    lend(&mut build, folder);
    build.env("CARGO_TARGET_DIR", scratch.join("proof"));
    let help = "read the errors above; where another Rust is in the way, install Rust with rustup instead";
    finish(&mut build, "cargo", &arguments, help)?;
    let made = scratch.join("proof").join(TARGET).join("debug").join(format!("{PROBE}.wasm"));
    if made.exists() { Ok(()) } else { Err(failure("Debian's toolchain made no WebAssembly", help)) }
}
