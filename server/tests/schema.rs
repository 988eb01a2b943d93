//! The interface is what its description says: asked by hand where all is well, and by schemathesis, where that is
//! found, with whatever it thinks of.
//!
//! `TRELLIS_SCHEMATHESIS` names the program (`pip install schemathesis`), and `TRELLIS_CASES=250` lets it try as many
//! requests an operation, which are over 10,000 in all.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Answer, Project, Server, text, times, trellis};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::path::Path;
use std::process::Command;

/// A server whose project has one of everything.
struct Here {
    server: Server,
    /// The description of the interface.
    described: Value,
    /// What stands in paths, by the names there.
    names: BTreeMap<&'static str, String>,
    /// Likewise, of a project that may be deleted.
    spare: BTreeMap<&'static str, String>,
    folder: tempfile::TempDir,
}

const DOCUMENT: &str =
    r#"{"format":"trellis.pipeline","version":1,"pipeline":{"title":"","nodes":{},"wires":[]}}"#;

/// Makes a project with one of everything: what stands in paths that lead there.
fn fill(server: &Server, trials: u32) -> BTreeMap<&'static str, String> {
    let project = server.project();
    let Project(path) = &project;
    let study = project.study(server, trials);
    let run = project.begin(server, &study);
    let model = project.model(server, &run);
    let dataset = server.get(&format!("{path}/datasets")).ok()["items"][0].clone();
    let files = server.get(&format!("{path}/runs/{run}/files")).ok();
    let model = text(&server.ask("POST", &format!("{path}/models?name=m"), &[], &model).ok()["id"]);
    server.json("PUT", &format!("{path}/models/{model}/aliases/champion"), &json!({ "version": 1 })).ok();
    let document = serde_json::from_str(DOCUMENT).unwrap_or_default();
    server.json_with("PUT", &format!("{path}/pipeline"), &["If-None-Match: *"], &document).ok();
    let link = json!({ "target": "version/1", "rights": "view", "title": "t" });
    let link = text(&server.json("POST", &format!("{path}/links"), &link).ok()["id"]);
    let me = text(&server.get("/api/v1/me").ok()["account"]["id"]);
    let one = || "1".to_owned();
    BTreeMap::from([
        ("project", path.rsplit('/').next().unwrap_or_default().to_owned()),
        ("dataset", text(&dataset["id"])),
        ("hash", text(&dataset["blob"])),
        ("name", text(&files["items"][0]["name"])),
        ("number", one()),
        ("other", one()),
        ("version", one()),
        ("alias", "champion".to_owned()),
        ("study", one()),
        ("account", me),
        ("run", run),
        ("model", model),
        ("link", link),
    ])
}

fn here() -> Here {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("{e}"));
    let log = std::fs::File::create(folder.path().join("log")).unwrap_or_else(|e| panic!("{e}"));
    let mut command = trellis(&["serve", "--port", "0", "--workers", "1", "--data-dir"]);
    command.arg(folder.path().join("data")).stderr(log);
    let server = Server::of(command);
    let described = server.get("/api/v1/openapi.json").ok();
    let (names, spare) = (fill(&server, 2), fill(&server, 1));
    Here { server, described, names, spare, folder }
}

/// What of a value is not as its schema says; of what schemas can say, what these do.
fn differs(described: &Value, schema: &Value, value: &Value) -> Option<String> {
    if let Some(reference) = schema["$ref"].as_str() {
        return differs(described, described.pointer(&reference[1..])?, value);
    }
    if let Some(any) = schema["anyOf"].as_array().or(schema["oneOf"].as_array()) {
        let found: Vec<_> = any.iter().map(|one| differs(described, one, value)).collect();
        return if found.iter().any(Option::is_none) { None } else { found.into_iter().flatten().next() };
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let is = |wanted: &Value| wanted == kind || wanted == "number" && kind == "integer";
    let right = match &schema["type"] {
        Value::Null => true,
        Value::Array(kinds) => kinds.iter().any(is),
        wanted => is(wanted),
    };
    if !right {
        return Some(format!("{value} is not of the type {}", schema["type"]));
    }
    let absent = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    if let (Value::Object(_), Some(absent)) = (value, absent.clone().find(|name| value.get(name).is_none())) {
        return Some(format!("{value} has no {absent}"));
    }
    let fields = value.as_object().into_iter().flatten();
    let mut fields =
        fields.filter_map(|(name, value)| differs(described, schema["properties"].get(name)?, value));
    let mut items = value
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|item| differs(described, schema.get("items")?, item));
    fields.next().or_else(|| items.next())
}

/// An answer is one of those that are described.
fn check(described: &Value, operation: &Value, what: &str, answer: &Answer) {
    let responses = &operation["responses"];
    let good = &responses[answer.status.to_string()];
    let told = if good.is_null() { &responses["default"] } else { good };
    assert!(good.is_object() || answer.status >= 400, "{what}: {} is not described", answer.status);
    let kind = answer.header("content-type").map(|k| k.split(';').next().unwrap_or_default());
    match (told["content"].as_object(), kind) {
        (None, None) => assert!(answer.body.is_empty(), "{what}: {answer}"),
        (Some(kinds), Some(kind)) => {
            assert!(kinds.contains_key(kind), "{what}: {kind} is not described");
            if kind.ends_with("json") && !answer.body.is_empty() {
                assert_eq!(differs(described, &kinds[kind]["schema"], &answer.json()), None, "{what}");
            }
        }
        (told, kind) => panic!("{what}: {kind:?}, not {told:?}"),
    }
}

#[test]
fn answers_are_as_they_are_described() {
    let here = here();
    let paths = here.described["paths"].as_object().unwrap_or_else(|| panic!("{}", here.described));
    let mut fine = 0;
    for (path, operations) in paths {
        let filled = here
            .names
            .iter()
            .fold(path.clone(), |path, (name, value)| path.replace(&format!("{{{name}}}"), value));
        for method in ["get", "head"] {
            let operation = &operations[method];
            if operation.is_null() {
                continue;
            }
            let what = format!("{method} {filled}");
            assert!(!filled.contains('{'), "{what}: nothing stands for a name");
            let answer = here.server.ask(&method.to_uppercase(), &filled, &[], &[]);
            check(&here.described, operation, &what, &answer);
            fine += u32::from(answer.status == 200);
            // What is not there, and what is known.
            let (begin, _) = path.split_once('{').unwrap_or((path, ""));
            if begin != path {
                let absent = path.split('/').map(|p| if p.starts_with('{') { "absent" } else { p });
                let absent = absent.collect::<Vec<_>>().join("/");
                check(
                    &here.described,
                    operation,
                    &absent,
                    &here.server.ask(&method.to_uppercase(), &absent, &[], &[]),
                );
            }
            if let Some(tag) = answer.header("etag") {
                let known = here.server.ask("GET", &filled, &[&format!("If-None-Match: {tag}")], &[]);
                assert_eq!(known.status, 304, "{what}");
                check(&here.described, operation, &what, &known);
            }
        }
    }
    assert!(fine > 25, "{fine} were found");
    // What is there already, and what there is none of.
    let again = std::fs::read(common::sample("recurrence.csv")).unwrap_or_else(|e| panic!("{e}"));
    let upload = format!("/api/v1/projects/{}/datasets?name=recurrence.csv", here.names["project"]);
    let answer = here.server.ask("POST", &upload, &[], &again);
    assert_eq!(answer.status, 200, "{answer}");
    check(&here.described, &paths["/api/v1/projects/{project}/datasets"]["post"], &upload, &answer);
    let worker = json!({ "id": "0".repeat(26), "name": "a", "slots": 1 });
    let answer = here.server.json("POST", "/api/v1/trials/claim", &worker);
    assert_eq!(answer.status, 204, "{answer}");
    check(&here.described, &paths["/api/v1/trials/claim"]["post"], "claim", &answer);
}

/// Settings of schemathesis: how often it asks, and what stands in paths.
fn settings(here: &Here, cases: u32) -> String {
    let lines = |names: &BTreeMap<&str, String>| {
        names.iter().map(|(name, value)| format!("\"path.{name}\" = {value:?}\n")).collect::<String>()
    };
    // To claim a trial is to wait for one.
    let few = cases.min(10);
    format!(
        "[generation]\nmax-examples = {cases}\n[parameters]\n{}\n\
         [[operations]]\ninclude-path = \"/api/v1/trials/claim\"\n[operations.generation]\nmax-examples = {few}\n\
         [[operations]]\ninclude-method = \"DELETE\"\n[operations.parameters]\n{}",
        lines(&here.names),
        lines(&here.spare)
    )
}

fn schemathesis() -> Option<String> {
    let program = std::env::var("TRELLIS_SCHEMATHESIS").unwrap_or_else(|_| "schemathesis".into());
    let found = Command::new(&program).arg("--version").output();
    found.is_ok_and(|done| done.status.success()).then_some(program)
}

fn write(path: &Path, text: &str) {
    std::fs::write(path, text).unwrap_or_else(|e| panic!("{}: {e}", path.display()));
}

#[test]
fn schemathesis_finds_nothing() {
    let Some(program) = schemathesis() else {
        eprintln!("skipped: there is no schemathesis; TRELLIS_SCHEMATHESIS may name it");
        return;
    };
    let mut here = here();
    // It would think of tokens, which are refused. Here is one user only, who may do all.
    for operation in here.described["paths"].as_object_mut().into_iter().flat_map(|p| p.values_mut()) {
        for operation in operation.as_object_mut().into_iter().flat_map(|o| o.values_mut()) {
            operation.as_object_mut().map(|o| o.remove("security"));
        }
    }
    let at = |name: &str| here.folder.path().join(name).to_string_lossy().into_owned();
    write(Path::new(&at("openapi.json")), &here.described.to_string());
    write(Path::new(&at("settings.toml")), &settings(&here, times("TRELLIS_CASES", 4)));
    let (url, seed) = (format!("http://{}", here.server.address), times("TRELLIS_SEED", 1).to_string());
    let checks =
        "not_a_server_error,response_schema_conformance,status_code_conformance,content_type_conformance";
    let mut command = Command::new(program);
    command.args(["--config-file", &at("settings.toml"), "run", &at("openapi.json"), "--url", &url]);
    command.args(["--seed", &seed, "--checks", checks, "--continue-on-failure"]);
    command.args(["--phases", "coverage,fuzzing", "--workers", "1", "--request-timeout", "60", "--no-color"]);
    // The only user there is, who would be gone.
    command.args(["--exclude-path", "/api/v1/me", "--suppress-health-check", "all"]);
    let done = command.current_dir(here.folder.path()).output().unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&done.stdout).into_owned();
    println!("{said}");
    assert!(
        done.status.success(),
        "it found something, or broke down: {}",
        String::from_utf8_lossy(&done.stderr)
    );
    assert_eq!(here.server.get("/readyz").status, 200);
    let log = std::fs::read_to_string(at("log")).unwrap_or_default();
    assert!(!log.contains("panicked"), "{log}");
}
