//! Who may do what: every route for everybody, and how people come in.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::team::{PASSWORD, Team, sign_in};
use common::{LIMIT, Process, sample, text, trellis};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::process::Stdio;

/// What each route takes to be allowed. A route that is not here fails the test.
const ROUTES: &[(&str, &str)] = &[
    (
        "public",
        "GET /api/v1/openapi.json, GET /api/v1/me, POST /api/v1/set-up, POST /api/v1/session, DELETE /api/v1/session",
    ),
    ("public", "GET /v2, GET /v2/health/live, GET /v2/health/ready"),
    ("self", "GET /api/v1/projects"),
    (
        "session",
        "PUT /api/v1/me/password, GET /api/v1/me/tokens, POST /api/v1/me/tokens, DELETE /api/v1/me/tokens/{token}",
    ),
    ("session", "GET /api/v1/me/export, DELETE /api/v1/me"),
    (
        "admin",
        "GET /api/v1/accounts, POST /api/v1/accounts, DELETE /api/v1/accounts/{account}, GET /api/v1/audit",
    ),
    ("create", "POST /api/v1/projects, POST /api/v1/projects/import"),
    ("watch", "GET /metrics"),
    ("see", "GET /api/v1/projects/{project}/export"),
    ("see", "GET /api/v1/projects/{project}, GET /api/v1/projects/{project}/pipeline"),
    ("see", "GET /api/v1/projects/{project}/versions, GET /api/v1/projects/{project}/versions/{number}"),
    ("see", "GET /api/v1/projects/{project}/versions/{number}/diff/{other}"),
    ("see", "GET /api/v1/projects/{project}/datasets, GET /api/v1/projects/{project}/datasets/{dataset}"),
    ("see", "HEAD /api/v1/projects/{project}/datasets/by-hash/{hash}"),
    ("see", "GET /api/v1/projects/{project}/datasets/{dataset}/content"),
    ("see", "GET /api/v1/projects/{project}/runs, GET /api/v1/projects/{project}/runs/{run}"),
    (
        "see",
        "GET /api/v1/projects/{project}/runs/{run}/events, GET /api/v1/projects/{project}/runs/{run}/files",
    ),
    ("see", "GET /api/v1/projects/{project}/runs/{run}/files/{name}"),
    ("see", "GET /api/v1/projects/{project}/models, GET /api/v1/projects/{project}/models/{model}"),
    ("see", "GET /api/v1/projects/{project}/models/{model}/versions/{version}/content"),
    ("see", "GET /api/v1/projects/{project}/members"),
    ("change", "PATCH /api/v1/projects/{project}, PUT /api/v1/projects/{project}/pipeline"),
    (
        "change",
        "POST /api/v1/projects/{project}/datasets, DELETE /api/v1/projects/{project}/datasets/{dataset}",
    ),
    ("change", "POST /api/v1/projects/{project}/runs, PATCH /api/v1/projects/{project}/runs/{run}"),
    ("change", "POST /api/v1/projects/{project}/models"),
    ("change", "PUT /api/v1/projects/{project}/models/{model}/aliases/{alias}"),
    ("change", "DELETE /api/v1/projects/{project}/models/{model}/aliases/{alias}"),
    ("own", "DELETE /api/v1/projects/{project}, DELETE /api/v1/projects/{project}/models/{model}"),
    (
        "own",
        "PUT /api/v1/projects/{project}/members/{account}, DELETE /api/v1/projects/{project}/members/{account}",
    ),
    ("own", "GET /api/v1/projects/{project}/links, POST /api/v1/projects/{project}/links"),
    ("own", "DELETE /api/v1/projects/{project}/links/{link}"),
    (
        "work",
        "POST /api/v1/trials/announce, POST /api/v1/trials/claim, POST /api/v1/trials/renew, POST /api/v1/trials/complete",
    ),
    (
        "work",
        "POST /api/v1/trials/fail, POST /api/v1/trials/release, GET /api/v1/trials/studies/{run}/{study}",
    ),
    // Whose project it is, is found by the model; the model here is nobody's.
    ("self", "GET /v2/models/{model}, GET /v2/models/{model}/ready, POST /v2/models/{model}/infer"),
    ("self", "GET /v2/models/{model}/versions/{version}, POST /v2/models/{model}/versions/{version}/infer"),
];

/// Who is refused how, in the order of [`Team::actors`]: 401, 403, 404, or 0 where the request goes through to what it is
/// about.
fn refused(takes: &str) -> [u16; 10] {
    // nobody, no member, viewer, editor, owner, admin, and the owner's tokens read, predict, write, worker
    match takes {
        "public" => [0; 10],
        "self" => [401, 0, 0, 0, 0, 0, 0, 0, 0, 403],
        "session" => [401, 0, 0, 0, 0, 0, 403, 403, 403, 403],
        "create" => [401, 0, 0, 0, 0, 0, 403, 403, 0, 403],
        "admin" => [401, 403, 403, 403, 403, 0, 403, 403, 403, 403],
        "watch" => [401, 403, 403, 403, 403, 0, 403, 403, 403, 403],
        "see" => [401, 404, 0, 0, 0, 404, 0, 0, 0, 403],
        "change" => [401, 404, 403, 0, 0, 404, 403, 403, 0, 403],
        "own" => [401, 404, 403, 403, 0, 404, 403, 403, 403, 403],
        "work" => [401, 403, 403, 403, 403, 403, 403, 403, 403, 0],
        other => panic!("{other}"),
    }
}

#[test]
fn every_route_is_decided_for_everybody() {
    let folder = tempfile::tempdir().expect("a folder");
    let team = Team::gather(folder.path());
    let takes: BTreeMap<&str, &str> =
        ROUTES.iter().flat_map(|(takes, routes)| routes.split(", ").map(move |r| (r, *takes))).collect();
    let described = team.server.get("/api/v1/openapi.json").ok();
    let mut seen = 0;
    for (path, methods) in described["paths"].as_object().expect("paths") {
        for method in methods.as_object().expect("methods").keys() {
            let route = format!("{} {path}", method.to_uppercase());
            let takes =
                takes.get(route.as_str()).unwrap_or_else(|| panic!("{route} is in no row of this test"));
            seen += 1;
            // What is named is not there, apart from the project, so that nothing is changed by those who may.
            let mut concrete = path.replace("{project}", &team.project);
            while let Some((start, end)) = concrete.find('{').zip(concrete.find('}')) {
                concrete.replace_range(start..=end, "1");
            }
            for ((actor, _), expected) in team.actors.iter().zip(refused(takes)) {
                // Going through, these would end the test: the account, the project, the session.
                let ends =
                    ["DELETE /api/v1/me", "DELETE /api/v1/projects/{project}", "DELETE /api/v1/session"];
                if expected == 0 && (ends.contains(&route.as_str()) || route.ends_with("/trials/claim")) {
                    continue;
                }
                let answer = team.ask(actor, &method.to_uppercase(), &concrete);
                let what = answer.json();
                let told = (answer.status, what["type"].as_str().unwrap_or_default().to_owned());
                match expected {
                    // A sign-in that fails is 401 too; it is told of the name, not of the caller.
                    0 => assert!(
                        told.0 != 403 && (told.0 != 401 || route == "POST /api/v1/session"),
                        "{actor} {route}: {answer}"
                    ),
                    // An answer to HEAD has no body.
                    404 if method == "head" => assert_eq!(told.0, 404, "{actor} {route}: {answer}"),
                    404 => {
                        assert_eq!(what["detail"], "There is no such project.", "{actor} {route}: {answer}")
                    }
                    status => assert_eq!(told.0, status, "{actor} {route}: {answer}"),
                }
                assert!(told.0 < 500, "{actor} {route}: {answer}");
            }
        }
    }
    assert_eq!(seen, takes.len(), "rows of this test that are no routes");
}

#[test]
fn people_come_in_by_their_password_alone() {
    let folder = tempfile::tempdir().expect("a folder");
    let team = Team::gather(folder.path());
    let tried = |name: &str, password: &str| {
        let body = json!({ "name": name, "password": password });
        team.server.json("POST", "/api/v1/session", &body)
    };
    let (wrong, unknown) = (tried("owner", "not the password"), tried("somebody", "not the password"));
    assert_eq!(wrong.problem(401), unknown.problem(401), "a name is not told from a password");
    // A password is not guessed by trying.
    let statuses: Vec<u16> = (0..12).map(|_| tried("viewer", "not the password").status).collect();
    assert!(statuses.contains(&429), "{statuses:?}");

    // Signing out ends the session itself, not the cookie alone.
    assert_eq!(team.ask("owner", "GET", "/api/v1/projects").status, 200);
    assert_eq!(team.ask("owner", "DELETE", "/api/v1/session").status, 204);
    assert_eq!(team.ask("owner", "GET", "/api/v1/projects").status, 401);
    let bad = team.server.ask("GET", "/api/v1/me", &["Authorization: Bearer trellis_nothing"], &[]);
    assert_eq!(bad.status, 401);

    // The list of what was done is whole, and names accounts by their ids.
    let audit = team.ask("admin", "GET", "/api/v1/audit").ok();
    assert_eq!(audit["broken_at"], Value::Null);
    let actions: Vec<&str> =
        audit["items"].as_array().into_iter().flatten().filter_map(|e| e["action"].as_str()).collect();
    for action in ["set-up", "session.begin", "account.add", "project.create", "member.set", "token.add"] {
        assert!(actions.contains(&action), "{action}: {actions:?}");
    }
}

#[test]
fn a_new_password_ends_the_other_sessions() {
    let folder = tempfile::tempdir().expect("a folder");
    let team = Team::gather(folder.path());
    let (mine, other) = (team.who("viewer").to_owned(), sign_in(&team.server, "viewer"));
    let projects = |who: &str| team.server.ask("GET", "/api/v1/projects", &[who], &[]).status;
    let change = |old: &str, password: &str| {
        let body = json!({ "old": old, "password": password });
        team.server.json_with("PUT", "/api/v1/me/password", &[&mine], &body)
    };
    change("not the password", "another long password").problem(403);
    change(PASSWORD, "short").problem(422);
    assert_eq!((projects(&mine), projects(&other)), (200, 200));
    assert_eq!(change(PASSWORD, "another long password").status, 204);
    assert_eq!((projects(&mine), projects(&other)), (200, 401));
    assert_eq!(projects(team.who("editor")), 200, "others stay");
    let body = json!({ "name": "viewer", "password": PASSWORD });
    team.server.json("POST", "/api/v1/session", &body).problem(401);
}

#[test]
fn members_are_added_by_their_sign_in_name() {
    let folder = tempfile::tempdir().expect("a folder");
    let team = Team::gather(folder.path());
    let members = format!("/api/v1/projects/{}/members", team.project);
    let set = |name: &str, role: &str| {
        team.json("owner", "PUT", &format!("{members}/{name}"), &json!({ "role": role }))
    };
    team.ask("stranger", "GET", &members).problem(404);
    assert_eq!(set("stranger", "editor").status, 204);
    let listed = team.ask("stranger", "GET", &members).ok();
    let found = listed["items"].as_array().into_iter().flatten().find(|m| m["name"] == "stranger");
    let account = found.map(|m| (text(&m["account"]), text(&m["role"]))).expect("a member");
    assert_eq!((account.0.len(), account.1.as_str()), (26, "editor"));
    // By its id it is the same one.
    assert_eq!(set(&account.0, "viewer").status, 204);
    assert_eq!(team.ask("owner", "GET", &members).ok()["items"].as_array().map(Vec::len), Some(4));
    let unknown: Vec<u16> = (0..12).map(|n| set(&format!("nobody{n}"), "viewer").status).collect();
    assert!(unknown[0] == 404 && unknown.contains(&429), "names are found out by trying: {unknown:?}");
    set("owner", "viewer").problem(409);
    // Whoever follows a run does so as a member.
    let table = std::fs::read(sample("recurrence.csv")).expect("the sample");
    let project = members.trim_end_matches("/members");
    let sent =
        team.server.ask("POST", &format!("{project}/datasets?name=a.csv"), &[team.who("owner")], &table);
    let request = json!({ "target": "back_within_two_years", "max_trials": 2 });
    let task = json!({ "kind": "study", "dataset": text(&sent.ok()["id"]), "request": request });
    let run = team.json("owner", "POST", &format!("{project}/runs"), &json!({ "task": task })).ok();
    let events = format!("{project}/runs/{}/events", text(&run["id"]));
    let (address, who) = (&team.server.address, team.who("stranger"));
    let mut stream = TcpStream::connect(address).expect("a connection");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    write!(stream, "GET {events} HTTP/1.0\r\nHost: {address}\r\n{who}\r\n\r\n").expect("it is sent");
    let mut begun = [0; 12];
    stream.read_exact(&mut begun).expect("it begins");
    assert_eq!(&begun, b"HTTP/1.0 200");
    assert_eq!(team.ask("owner", "DELETE", &format!("{members}/stranger")).status, 204);
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).expect("the stream ends with the role");
    let open = team.ask("owner", "GET", events.trim_end_matches("/events")).ok();
    assert_eq!(open["ended"], Value::Null, "the run itself goes on");
    team.ask("stranger", "GET", &members).problem(404);
}

#[test]
fn to_be_reached_from_elsewhere_takes_an_admin() {
    let folder = tempfile::tempdir().expect("a folder");
    let data = folder.path().to_string_lossy();
    let arguments = ["serve", "--host", "0.0.0.0", "--port", "0", "--data-dir", &data];
    let done = trellis(&arguments).output().expect("the binary");
    let told = String::from_utf8_lossy(&done.stderr);
    assert_eq!(done.status.code(), Some(1), "{told}");
    assert!(told.contains("nobody could sign in") && told.contains("--set-up"), "{told}");
    drop(Team::gather(folder.path()));
    let mut command = trellis(&arguments);
    command.stdout(Stdio::piped());
    let mut process = Process::start(command);
    let mut line = String::new();
    let out = process.0.stdout.take().expect("output");
    BufReader::new(out).read_line(&mut line).expect("a line");
    assert!(line.starts_with("listening on http://0.0.0.0:"), "{line}");
}
