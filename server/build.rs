//! Puts the built page into the binary.

use std::fmt::Write;
use std::path::{Path, PathBuf};

fn files(folder: &Path, out: &mut Vec<PathBuf>) {
    let Ok(entries) = std::fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        let path = entry.path();
        if path.is_dir() { files(&path, out) } else { out.push(path) }
    }
}

fn main() {
    let root = PathBuf::from(std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_default()).join("../app/dist");
    // A folder that is not there counts as changed each time it is looked for, so the one that it will be made in is
    // watched instead.
    let watched = if root.is_dir() { root.clone() } else { root.join("..") };
    println!("cargo::rerun-if-changed={}", watched.display());
    let mut found = Vec::new();
    files(&root, &mut found);
    found.sort();
    let mut code = "static FILES: &[(&str, &[u8])] = &[\n".to_owned();
    for path in &found {
        println!("cargo::rerun-if-changed={}", path.display());
        let Ok(name) = path.strip_prefix(&root) else { continue };
        let name = name.to_string_lossy().replace('\\', "/");
        let Ok(full) = path.canonicalize() else { continue };
        let _ =
            writeln!(code, "    ({:?}, include_bytes!({:?})),", format!("/{name}"), full.to_string_lossy());
    }
    code.push_str("];\n");
    let out = PathBuf::from(std::env::var_os("OUT_DIR").unwrap_or_default()).join("assets.rs");
    if let Err(error) = std::fs::write(&out, code) {
        println!("cargo::error=cannot write {}: {error}", out.display());
    }
}
