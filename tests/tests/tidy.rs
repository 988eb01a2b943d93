//! The house rules that a compiler does not keep.

use trellis_tests::{Source, report, sources};

/// Modules of the core, each with those that it may use.
const LAYERS: &[(&str, &[&str])] = &[
    ("platform", &[]),
    ("diagnostic", &[]),
    ("numeric", &[]),
    ("document", &["diagnostic"]),
    ("table", &["platform", "diagnostic", "numeric"]),
    ("compute", &["platform", "diagnostic", "numeric", "table"]),
    ("kind", &["platform", "diagnostic", "numeric", "table", "node"]),
    ("metric", &["platform", "diagnostic", "numeric", "table", "compute"]),
    ("node", &["platform", "diagnostic", "numeric", "table", "compute"]),
    ("model", &["platform", "diagnostic", "numeric", "table", "compute", "metric", "node"]),
    ("learner", &["platform", "diagnostic", "numeric", "table", "compute", "metric", "node", "model"]),
    (
        "search",
        &["platform", "diagnostic", "numeric", "table", "compute", "metric", "node", "model", "learner"],
    ),
    (
        "explain",
        &["platform", "diagnostic", "numeric", "table", "compute", "metric", "node", "model", "learner"],
    ),
    ("calibrate", &["platform", "diagnostic", "numeric", "metric"]),
    (
        "engine",
        &[
            "platform",
            "diagnostic",
            "numeric",
            "table",
            "compute",
            "metric",
            "node",
            "model",
            "learner",
            "search",
            "explain",
            "calibrate",
            "document",
            "kind",
        ],
    ),
];

const FILE_LINES: usize = 430;
const FUNCTION_LINES: usize = 80;

fn rust() -> impl Iterator<Item = Source> {
    sources().into_iter().filter(|s| s.path.ends_with(".rs"))
}

/// Lines with their numbers, up to the tests in the same file.
fn code(source: &Source) -> impl Iterator<Item = (usize, &str)> {
    let lines = source.text.lines().enumerate().map(|(i, l)| (i + 1, l));
    lines.take_while(|(_, l)| l.trim() != "mod tests {")
}

fn is_test(path: &str) -> bool {
    path.contains("/tests/")
        || path.ends_with("tests.rs")
        || path.contains("/examples/")
        || path.contains("testing")
}

#[test]
fn modules_use_only_what_lies_below() {
    let mut found = Vec::new();
    for source in rust() {
        let Some(rest) = source.path.strip_prefix("automl-core/src/") else { continue };
        let Some((module, _)) = rest.split_once('/') else { continue };
        if is_test(&source.path) {
            continue;
        }
        let allowed = LAYERS.iter().find(|(name, _)| *name == module);
        let Some((_, allowed)) = allowed else {
            found.push(format!("{}: module `{module}` is in no layer", source.path));
            continue;
        };
        for (line, text) in code(&source) {
            for used in text.split("crate::").skip(1) {
                let used: String = used.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
                let known = LAYERS.iter().any(|(name, _)| *name == used);
                if known && used != module && !allowed.contains(&used.as_str()) {
                    found.push(format!("{}:{line}: `{module}` may not use `{used}`", source.path));
                }
            }
        }
    }
    report("direction of use", &found);
}

#[test]
fn page_and_server_do_not_know_each_other() {
    let mut found = Vec::new();
    for source in sources().iter().filter(|s| s.path.ends_with("Cargo.toml")) {
        let refused: &[&str] = match source.path.as_str() {
            "app/Cargo.toml" => &["server", "xtask"],
            "server/Cargo.toml" => &["app", "leptos", "xtask"],
            "automl-core/Cargo.toml" => &["app", "server", "xtask", "leptos", "tokio"],
            _ => &[],
        };
        for (i, line) in source.text.lines().enumerate() {
            let name = line.split(['=', '.', ' ']).next().unwrap_or_default();
            if refused.contains(&name) && !line.starts_with("name") {
                found.push(format!("{}:{}: may not depend on {name}", source.path, i + 1));
            }
        }
    }
    report("dependencies between crates", &found);
}

#[test]
fn the_target_is_looked_at_in_one_place() {
    let home = ["automl-core/src/platform/", "automl-core/src/compute/gpu/device.rs"];
    let word = concat!("cfg(target", "_arch");
    let mut found = Vec::new();
    for source in rust().filter(|s| s.path.starts_with("automl-core/src/")) {
        if home.iter().any(|h| source.path.starts_with(h)) {
            continue;
        }
        found.extend(
            source
                .text
                .lines()
                .enumerate()
                .filter(|(_, l)| l.contains(word))
                .map(|(i, _)| format!("{}:{}", source.path, i + 1)),
        );
    }
    report("cfg of the target", &found);
}

#[test]
fn the_network_is_asked_in_one_place() {
    let words =
        ["fetch_with", "XmlHttpRequest", "WebSocket", "EventSource", "send_beacon", "gloo_net", "reqwest"];
    let mut found = Vec::new();
    for source in rust() {
        let in_app = source.path.starts_with("app/src/") && source.path != "app/src/client/network.rs";
        if !in_app && !source.path.starts_with("automl-core/src/") {
            continue;
        }
        for (i, line) in source.text.lines().enumerate() {
            found.extend(
                words.iter().filter(|w| line.contains(*w)).map(|w| format!("{}:{}: {w}", source.path, i + 1)),
            );
        }
    }
    // One request, so that what it counts is all that is sent.
    for source in rust().filter(|s| s.path == "app/src/client/network.rs") {
        let requests = code(&source).filter(|(_, l)| words.iter().any(|w| l.contains(w))).count();
        if requests != 1 {
            found.push(format!("{}: {requests} requests, where one counts what is sent", source.path));
        }
    }
    for source in sources().iter().filter(|s| s.path.starts_with("app/") || s.path.starts_with("public/")) {
        let markup = source.path.ends_with(".css") || source.path.ends_with(".html");
        for (i, line) in source.text.lines().enumerate().filter(|_| markup) {
            if line.contains("http://") || line.contains("https://") || line.contains("@import") {
                found.push(format!("{}:{}: loads from elsewhere", source.path, i + 1));
            }
        }
    }
    report("network", &found);
}

#[test]
fn files_and_functions_are_short() {
    let mut found = Vec::new();
    for source in rust().filter(|s| !is_test(&s.path)) {
        let lines: Vec<(usize, &str)> = code(&source).collect();
        if lines.len() > FILE_LINES {
            found.push(format!("{}: {} lines, at most {FILE_LINES}", source.path, lines.len()));
        }
        let mut start: Option<(usize, usize)> = None;
        for &(number, line) in &lines {
            let indent = line.len() - line.trim_start().len();
            let head = line.trim_start();
            let is_fn = [
                "fn ",
                "pub fn ",
                "pub(super) fn ",
                "pub(crate) fn ",
                "async fn ",
                "pub async fn ",
                "const fn ",
            ]
            .iter()
            .any(|p| head.starts_with(p));
            if is_fn && !head.ends_with(';') && start.is_none() {
                start = Some((number, indent));
            } else if let Some((from, at)) = start
                && line.starts_with(&" ".repeat(at))
                && head.starts_with('}')
                && indent == at
            {
                if number - from > FUNCTION_LINES {
                    found.push(format!(
                        "{}:{from}: a function of {} lines, at most {FUNCTION_LINES}",
                        source.path,
                        number - from
                    ));
                }
                start = None;
            }
        }
    }
    report("budgets", &found);
}

#[test]
fn nothing_is_left_to_do_and_nothing_tells_where_it_was_made() {
    let unfinished =
        [concat!("todo", "!("), concat!("unimplemented", "!("), concat!("FIX", "ME"), concat!("XX", "X")];
    let places =
        [concat!("/ro", "ot/"), concat!("/ho", "me/"), concat!("/wo", "rk/"), concat!("/Us", "ers/")];
    let hosts =
        [concat!("registry.npm", "js.org"), concat!("static.crates", ".io"), concat!("index.crates", ".io")];
    let mut found = Vec::new();
    for source in sources() {
        let data = source.path.ends_with(".csv")
            || source.path.starts_with("tests/golden/") && source.path.ends_with(".json");
        for (i, line) in source.text.lines().enumerate().filter(|_| !data) {
            let words = places.iter().chain(&hosts).filter(|w| line.contains(*w));
            found.extend(words.map(|w| format!("{}:{}: {w}", source.path, i + 1)));
            if source.path.ends_with(".rs") {
                let words = unfinished.iter().filter(|w| line.contains(*w));
                found.extend(words.map(|w| format!("{}:{}: {w}", source.path, i + 1)));
            }
        }
    }
    report("words", &found);
}
