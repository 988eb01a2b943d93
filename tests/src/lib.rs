//! What the house tests share.

use std::path::{Path, PathBuf};
use std::process::Command;

/// The workspace.
pub fn root() -> PathBuf {
    let here = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    here.parent().map_or(here.clone(), PathBuf::from)
}

/// A text file of the project: its path from the root, and its content.
pub struct Source {
    pub path: String,
    pub text: String,
}

/// Every text file under version control, those not yet added included.
pub fn sources() -> Vec<Source> {
    let listed = Command::new("git")
        .args(["ls-files", "--cached", "--others", "--exclude-standard"])
        .current_dir(root())
        .output();
    // Without git the test cannot know what belongs to the project, and must not pass.
    let listed = listed.unwrap_or_else(|e| panic!("git is needed to list the project's files: {e}"));
    let names = String::from_utf8_lossy(&listed.stdout).into_owned();
    let read = |name: &str| {
        let text = std::fs::read(root().join(Path::new(name))).ok()?;
        Some(Source { path: name.to_owned(), text: String::from_utf8(text).ok()? })
    };
    names.lines().filter_map(read).collect()
}

/// Fails with every finding, one a line.
pub fn report(rule: &str, findings: &[String]) {
    assert!(findings.is_empty(), "{rule}:\n{}", findings.join("\n"));
}
