//! Licences and known-bad versions of everything that is built in. Works offline, from what cargo has resolved;
//! advisories that are newer than the list beside this file are not known to it.

use serde_json::Value;
use std::process::Command;
use trellis_tests::{report, root};

const ALLOWED: [&str; 16] = [
    "MIT",
    "Apache-2.0",
    "BSD-2-Clause",
    "BSD-3-Clause",
    "ISC",
    "Zlib",
    "Unicode-3.0",
    "Unicode-DFS-2016",
    "CC0-1.0",
    "MPL-2.0",
    "Unlicense",
    "BSL-1.0",
    "0BSD",
    "MIT-0",
    "Apache-2.0 WITH LLVM-exception",
    "NCSA",
];

fn packages() -> Vec<Value> {
    let done = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--locked", "--offline"])
        .current_dir(root())
        .output()
        .unwrap_or_else(|e| panic!("cargo metadata cannot be started: {e}"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let metadata: Value = serde_json::from_slice(&done.stdout).unwrap_or_default();
    metadata["packages"].as_array().cloned().unwrap_or_default()
}

/// Whether a licence expression can be met by allowed licences: one side of each `OR`, both of each `AND`.
fn is_allowed(expression: &str) -> bool {
    let expression = expression.replace('/', " OR ");
    if let Some(inner) = expression.trim().strip_prefix('(')
        && let Some((group, rest)) = inner.split_once(')')
    {
        return match rest.trim().split_once(' ') {
            Some(("AND", other)) => is_allowed(group) && is_allowed(other),
            Some(("OR", other)) => is_allowed(group) || is_allowed(other),
            _ => is_allowed(group),
        };
    }
    if let Some((first, rest)) = expression.split_once(" AND ") {
        return is_allowed(first) && is_allowed(rest);
    }
    expression.split(" OR ").any(|l| ALLOWED.contains(&l.trim().trim_matches(['(', ')'])))
}

#[test]
fn expressions_are_read_rightly() {
    assert!(is_allowed("MIT OR GPL-3.0") && is_allowed("MIT/Apache-2.0"));
    assert!(is_allowed("(MIT OR Apache-2.0) AND Unicode-3.0"));
    assert!(
        !is_allowed("GPL-3.0")
            && !is_allowed("(MIT OR Apache-2.0) AND GPL-3.0")
            && !is_allowed("MIT AND AGPL-3.0")
    );
}

#[test]
fn every_licence_is_allowed() {
    let packages = packages();
    assert!(packages.len() > 50, "cargo told of {} packages only", packages.len());
    let found: Vec<String> = packages
        .iter()
        .filter(|p| !p["license"].as_str().is_some_and(is_allowed))
        .map(|p| format!("{} {}: {}", p["name"], p["version"], p["license"]))
        .collect();
    report("licences", &found);
}

#[test]
fn no_version_is_known_to_be_bad() {
    let list = include_str!("../advisories.txt");
    let bad: Vec<(&str, &str, &str)> = list
        .lines()
        .filter(|l| !l.starts_with('#') && !l.trim().is_empty())
        .filter_map(|l| {
            let mut parts = l.splitn(3, ' ');
            Some((parts.next()?, parts.next()?, parts.next()?))
        })
        .collect();
    assert!(!bad.is_empty());
    let numbers = |v: &str| -> Vec<u64> { v.split(['.', '-', '+']).map_while(|n| n.parse().ok()).collect() };
    let mut found = Vec::new();
    for package in packages() {
        let (name, version) =
            (package["name"].as_str().unwrap_or_default(), package["version"].as_str().unwrap_or_default());
        for (crate_name, fixed, why) in &bad {
            if name == *crate_name && numbers(version) < numbers(fixed) {
                found.push(format!("{name} {version}: {why}; fixed in {fixed}"));
            }
        }
    }
    report("advisories", &found);
}
