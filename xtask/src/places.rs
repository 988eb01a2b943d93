//! Where things are.

use std::ffi::OsString;
use std::path::PathBuf;

/// The workspace.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// Where cargo builds.
pub fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}

/// What is kept for this project outside any checkout.
fn cache() -> PathBuf {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
    let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE")).unwrap_or_default();
    cache.unwrap_or_else(|| PathBuf::from(home()).join(".cache")).join("trellis")
}

/// Tools that are installed for this project.
pub fn tools() -> PathBuf {
    cache().join("tools")
}

/// Compilers that are installed for this project. Apart from the tools, all of which are on the search path.
pub fn toolchains() -> PathBuf {
    cache().join("toolchains")
}

/// The search path with the installed tools in front.
pub fn path() -> OsString {
    let mut folders = Vec::new();
    if let Ok(entries) = std::fs::read_dir(tools()) {
        for entry in entries.flatten() {
            folders.push(entry.path().join("bin"));
            folders.push(entry.path().join("node_modules/.bin"));
        }
    }
    folders.sort();
    let old = std::env::var_os("PATH").unwrap_or_default();
    folders.extend(std::env::split_paths(&old));
    std::env::join_paths(folders).unwrap_or(old)
}
