//! Attacks on what the server keeps, one a test: each must come to nothing. What is meant to wear it out is in
//! `floods.rs`, links and pages in `links.rs`, rights in `access.rs`.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::team::{PASSWORD, Team, setting_up};
use common::{Project, Server, fit, text};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;

struct Here {
    server: Server,
    project: Project,
    folder: tempfile::TempDir,
}

fn here(workers: &str) -> Here {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", workers]);
    let project = server.project();
    Here { server, project, folder }
}

const TABLE: &[u8] = b"a,b\n1,2\n3,4\n";
const FORM: &str = "Content-Type: application/x-www-form-urlencoded";

fn document(nodes: Value) -> Value {
    json!({ "format": "trellis.pipeline", "version": 1, "pipeline": { "title": "", "nodes": nodes, "wires": [] } })
}

/// Every file below a folder.
fn files(folder: &Path) -> Vec<String> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        if entry.path().is_dir() {
            all.extend(files(&entry.path()));
        } else {
            all.push(entry.path().to_string_lossy().into_owned());
        }
    }
    all.sort();
    all
}

#[test]
fn no_name_or_id_leads_out_of_its_place() {
    let here = here("0");
    std::fs::write(here.folder.path().join("secret.txt"), "root:secret").unwrap_or_else(|e| panic!("{e}"));
    let names = [
        "..",
        "../..",
        "../../secret.txt",
        "../../../../../../etc/passwd",
        "/etc/passwd",
        "//etc/passwd",
        "..\\..\\secret.txt",
        "C:\\windows\\win.ini",
        "....//....//etc/passwd",
        "secret.txt\u{0}.csv",
        "\u{0}",
        "file:///etc/passwd",
        "~/secret.txt",
        "\u{ff0e}\u{ff0e}/secret.txt",
        "..;/secret.txt",
    ];
    let encoded = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
    let described = here.server.get("/api/v1/openapi.json").ok();
    let id = here.project.0.rsplit('/').next().unwrap_or_default();
    let mut asked = 0;
    for (path, methods) in described["paths"].as_object().unwrap_or_else(|| panic!("{described}")) {
        for method in methods
            .as_object()
            .into_iter()
            .flat_map(|m| m.keys())
            .filter(|m| ["get", "head", "delete"].contains(&m.as_str()))
        {
            let path = path.replace("{project}", id);
            let Some((from, to)) = path.find('{').zip(path.find('}')) else { continue };
            for name in names {
                // As it is, encoded once, and encoded twice.
                let once = encoded(name);
                let spelt = [name.replace(['\u{0}', '\u{ff0e}'], "x"), once.clone(), encoded(&once)];
                for spelt in spelt {
                    let rest = path[to + 1..].replace(['{', '}'], "");
                    let path = format!("{}{spelt}{rest}", &path[..from]);
                    let answer = here.server.ask(&method.to_uppercase(), &path, &[], &[]);
                    let body = String::from_utf8_lossy(&answer.body).into_owned();
                    assert!((400..500).contains(&answer.status), "{method} {path}: {answer}");
                    assert!(!body.contains("root:") && !body.contains("SQLite"), "{method} {path}: {answer}");
                    asked += 1;
                }
            }
        }
    }
    assert!(asked > 500, "{asked}");

    // As a name it is a name: kept as it is, given back harmless, and put nowhere.
    let before = files(here.folder.path()).len();
    for name in names.iter().filter(|n| !n.contains('\u{0}')) {
        let path = format!("{}/datasets?name={}", here.project.0, encoded(&format!("{name}.csv")));
        let sent = here.server.ask("POST", &path, &[], TABLE);
        assert_eq!((sent.status, &sent.json()["name"]), (201, &json!(format!("{name}.csv"))));
        let path = format!("{}/datasets/{}/content", here.project.0, text(&sent.json()["id"]));
        let given = here.server.get(&path);
        let file = given.header("content-disposition").unwrap_or_default().to_owned();
        assert!(!file.contains('/') && !file.contains('\\') && file.matches('"').count() == 2, "{file}");
        assert!(given.body == TABLE);
    }
    assert_eq!(files(here.folder.path()).len(), before + 1, "there is one file, of the bytes that all share");
}

/// What was uploaded is a download and nothing else, whatever its name and its bytes.
#[test]
fn nothing_that_was_uploaded_is_shown_as_a_page() {
    let here = here("0");
    let page = b"note,b\n<html><script>alert(1)</script></html>,2\n<svg onload=alert(2)>,3\n";
    for name in [
        "page.html",
        "picture.svg",
        "a.js",
        "a.pdf",
        "a.xhtml",
        "\"><script>.html",
        "a\r\nContent-Type: text/html",
    ] {
        let encoded: String = name.bytes().map(|b| format!("%{b:02x}")).collect();
        for kind in ["text/html", "image/svg+xml", "application/octet-stream"] {
            let path = format!("{}/datasets?name={encoded}", here.project.0);
            let sent = here.server.ask("POST", &path, &[&format!("Content-Type: {kind}")], page);
            if name.contains('\r') {
                sent.problem(422);
                continue;
            }
            let path = format!("{}/datasets/{}/content", here.project.0, text(&sent.ok()["id"]));
            for headers in [
                &["Accept: text/html"][..],
                &["Range: bytes=0-10"],
                &["Accept: image/svg+xml", "Accept-Encoding: gzip"],
            ] {
                let given = here.server.ask("GET", &path, headers, &[]);
                assert_eq!(given.header("content-type"), Some("application/octet-stream"), "{given}");
                assert!(
                    given.header("content-disposition").is_some_and(|d| d.starts_with("attachment")),
                    "{given}"
                );
                assert_eq!(given.header("x-content-type-options"), Some("nosniff"), "{given}");
                assert!(
                    given.header("content-security-policy").is_some_and(|p| p.contains("default-src 'none'")),
                    "{given}"
                );
            }
        }
    }
}

#[test]
fn pages_before_signing_in_show_names_as_text() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let (server, _token) = setting_up(folder.path());
    let hostile = "%22%3E%3Cscript%3Ealert(1)%3C/script%3E";
    let asked = [
        server.ask("POST", "/sign-in", &[FORM], format!("name={hostile}&password=x").as_bytes()),
        server.get(&format!("/set-up?token={hostile}")),
        server.ask(
            "POST",
            "/set-up",
            &[FORM],
            format!("token={hostile}&name={hostile}&password=x").as_bytes(),
        ),
    ];
    for answer in asked {
        let html = String::from_utf8_lossy(&answer.body).into_owned();
        assert!(html.contains("&quot;&gt;&lt;script&gt;") && !html.contains("<script"), "{answer}");
    }
}

/// Ids of another project lead nowhere, by whatever road.
#[test]
fn ids_of_others_are_not_there() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let team = Team::gather(folder.path());
    let theirs = format!("/api/v1/projects/{}", team.project);
    let own = team.json("stranger", "POST", "/api/v1/projects", &json!({ "name": "mine" })).ok();
    let mine = format!("/api/v1/projects/{}", text(&own["id"]));
    let send =
        |actor: &str, path: &str, bytes: &[u8]| team.server.ask("POST", path, &[team.who(actor)], bytes).ok();
    let dataset = text(&send("owner", &format!("{theirs}/datasets?name=a.csv"), TABLE)["id"]);
    let model = text(&send("owner", &format!("{theirs}/models?name=m"), &fit(3))["id"]);
    let first = [team.who("owner"), "If-None-Match: *"];
    team.server.json_with("PUT", &format!("{theirs}/pipeline"), &first, &document(json!({}))).ok();
    let task = json!({ "task": { "kind": "study", "dataset": dataset, "request": { "target": "b", "max_trials": 2 } } });
    let run = text(&team.json("owner", "POST", &format!("{theirs}/runs"), &task).ok()["id"]);
    let link = json!({ "target": "version/1", "rights": "view", "title": "t" });
    let link = text(&team.json("owner", "POST", &format!("{theirs}/links"), &link).ok()["id"]);
    let token = text(&team.ask("owner", "GET", "/api/v1/me/tokens").ok()["items"][0]["id"]);

    let roads = [
        ("GET", format!("datasets/{dataset}")),
        ("GET", format!("datasets/{dataset}/content")),
        ("DELETE", format!("datasets/{dataset}")),
        ("GET", format!("models/{model}")),
        ("GET", format!("models/{model}/versions/1/content")),
        ("DELETE", format!("models/{model}")),
        ("PUT", format!("models/{model}/aliases/champion")),
        ("DELETE", format!("models/{model}/aliases/champion")),
        ("GET", format!("runs/{run}")),
        ("PATCH", format!("runs/{run}")),
        ("GET", format!("runs/{run}/events")),
        ("GET", format!("runs/{run}/files")),
        ("GET", format!("runs/{run}/files/model.trellis")),
        ("GET", "versions/1".to_owned()),
        ("GET", "versions/1/diff/1".to_owned()),
        ("DELETE", format!("links/{link}")),
    ];
    for (method, road) in &roads {
        let body =
            if road.ends_with("champion") { json!({ "version": 1 }) } else { json!({ "wish": "cancel" }) };
        for project in [&mine, &theirs] {
            team.json("stranger", method, &format!("{project}/{road}"), &body).problem(404);
        }
    }
    let asked = [
        ("runs", task.clone(), 404),
        (
            "runs",
            json!({ "task": { "kind": "pipeline", "document": document(json!({})), "data": { "file:a.csv": dataset } } }),
            404,
        ),
        ("links", json!({ "target": format!("model/{model}"), "rights": "predict", "title": "t" }), 404),
        ("links", json!({ "target": "version/1", "rights": "view", "title": "t" }), 404),
    ];
    for (road, body, status) in asked {
        team.json("stranger", "POST", &format!("{mine}/{road}"), &body).problem(status);
    }
    team.ask("stranger", "DELETE", &format!("/api/v1/me/tokens/{token}")).problem(404);
    let known = blake3::hash(TABLE).to_hex();
    let looked =
        team.server.ask("HEAD", &format!("{mine}/datasets/by-hash/{known}"), &[team.who("stranger")], &[]);
    assert_eq!(looked.status, 404);
    // All is as it was.
    for road in [format!("datasets/{dataset}/content"), format!("models/{model}"), "versions/1".to_owned()] {
        assert_eq!(team.ask("viewer", "GET", &format!("{theirs}/{road}")).status, 200, "{road}");
    }
    assert_eq!(team.ask("viewer", "GET", &format!("{theirs}/runs/{run}")).ok()["wish"], "go_on");
    let links = team.ask("owner", "GET", &format!("{theirs}/links")).ok();
    assert_eq!(links["items"][0]["revoked"], Value::Null, "{links}");
}

#[test]
fn links_cannot_be_counted_up() {
    let here = here("0");
    let pipeline = format!("{}/pipeline", here.project.0);
    here.server.json_with("PUT", &pipeline, &["If-None-Match: *"], &document(json!({}))).ok();
    let link = json!({ "target": "version/1", "rights": "view", "title": "t" });
    let made: Vec<String> = (0..100)
        .map(|_| text(&here.server.json("POST", &format!("{}/links", here.project.0), &link).ok()["path"]))
        .collect();
    // At no place do all bear the same character, nor one that follows from their order.
    for at in 3..made[0].len() - 1 {
        let seen: std::collections::BTreeSet<_> = made.iter().map(|p| p.as_bytes()[at]).collect();
        assert!(seen.len() > 20, "place {at}: {seen:?}");
    }
    let path = &made[0];
    let neighbours = [
        path[..path.len() - 1].to_owned(),
        format!("{path}A"),
        path.to_lowercase(),
        path.to_uppercase().replace("/S/", "/s/"),
        format!("{path}/"),
        format!("{path}%00"),
    ];
    assert_eq!(here.server.get(path).status, 200);
    for near in neighbours.iter().filter(|n| *n != path) {
        assert_eq!(here.server.get(near).status, 404, "{near}");
    }
    // What is listed opens nothing.
    let listed = here.server.get(&format!("{}/links", here.project.0)).ok();
    assert_eq!(here.server.get(&format!("/s/{}", text(&listed["items"][0]["id"]))).status, 404);
}

#[test]
fn the_first_admin_is_made_once() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let (server, token) = setting_up(folder.path());
    let body =
        |token: &str, n: usize| json!({ "token": token, "name": format!("admin{n}"), "password": PASSWORD });
    server.json("POST", "/api/v1/set-up", &body("A", 0)).problem(404);
    // Of those who come at once, one is made.
    let statuses: Vec<u16> = std::thread::scope(|scope| {
        let make = |n: usize| server.json("POST", "/api/v1/set-up", &body(&token, n)).status;
        let all: Vec<_> = (0..6).map(|n| scope.spawn(move || make(n))).collect();
        all.into_iter().map(|t| t.join().unwrap_or(0)).collect()
    });
    assert_eq!(statuses.iter().filter(|s| **s == 201).count(), 1, "{statuses:?}");
    assert!(statuses.iter().all(|s| [201, 404].contains(s)), "{statuses:?}");
    // By the page it is no more than by the interface, and guesses are counted.
    let form = format!("token={token}&name=late&password={}", PASSWORD.replace(' ', "+"));
    assert_eq!(server.ask("POST", "/set-up", &[FORM], form.as_bytes()).status, 404);
    let guesses: Vec<u16> =
        (0..12).map(|n| server.json("POST", "/api/v1/set-up", &body(&format!("{n}"), n)).status).collect();
    assert!(guesses.contains(&429) && !guesses.contains(&201), "{guesses:?}");
    // Whoever was this machine's only user is so no more.
    server.get("/api/v1/projects").problem(401);
    drop(server);
    let data = folder.path().to_string_lossy();
    let again = common::trellis(&["serve", "--port", "0", "--set-up", "--data-dir", &data]).output();
    let again = again.unwrap_or_else(|e| panic!("{e}"));
    let said = String::from_utf8_lossy(&again.stderr).into_owned();
    assert!(!again.status.success() && said.contains("there is an admin already"), "{said}");
}

/// Names are values and never part of a statement.
#[test]
fn names_are_not_read_as_sql() {
    let here = here("0");
    let names = [
        "'; DROP TABLE project; --",
        "\" OR \"1\"=\"1",
        "' OR '1'='1",
        "%",
        "_",
        "\\'; --",
        "$1",
        "a'||'b",
        "/**/",
    ];
    let encoded = |text: &str| text.bytes().map(|b| format!("%{b:02x}")).collect::<String>();
    for name in names {
        let made = here.server.json("POST", "/api/v1/projects", &json!({ "name": name })).ok();
        let path = format!("/api/v1/projects/{}", text(&made["id"]));
        assert_eq!(here.server.get(&path).ok()["name"], name);
        assert_eq!(
            here.server.json("PATCH", &path, &json!({ "name": format!("{name}x") })).ok()["name"],
            format!("{name}x")
        );
        let table = format!("\"{}\",b\n1,2\n3,4\n", name.replace('"', "\"\""));
        let sent = here
            .server
            .ask("POST", &format!("{path}/datasets?name={}", encoded(name)), &[], table.as_bytes())
            .ok();
        assert_eq!((&sent["name"], &sent["about"]["columns"][0][0]), (&json!(name), &json!(name)));
        let task = json!({ "task": { "kind": "study", "dataset": name, "request": { "target": name, "max_trials": 2 } } });
        here.server.json("POST", &format!("{path}/runs"), &task).problem(404);
        let keyed = here.server.json_with(
            "POST",
            &format!("{path}/runs"),
            &[&format!("Idempotency-Key: {name}")],
            &task,
        );
        keyed.problem(404);
        for road in ["datasets", "runs", "models", "links"] {
            let list = here.server.get(&format!("{path}/{road}?before={}", encoded(name))).ok();
            assert!(list["items"].as_array().is_some_and(|i| i.len() <= 1), "{list}");
            if road != "links" {
                here.server.get(&format!("{path}/{road}/{}", encoded(name))).problem(404);
            }
        }
        here.server.get(&format!("/api/v1/projects/{}", encoded(name))).problem(404);
        here.server.json("POST", "/api/v1/session", &json!({ "name": name, "password": name })).problem(401);
        here.server
            .ask("GET", "/api/v1/projects", &[&format!("Authorization: Bearer {name}")], &[])
            .problem(401);
    }
    let all = here.server.get("/api/v1/projects").ok();
    assert_eq!(all["items"].as_array().map(Vec::len), Some(names.len() + 1));
    assert_eq!(here.server.get("/api/v1/audit").ok()["broken_at"], Value::Null);
}

/// Work is taken from those who may give it: not from nobody, nor from a page elsewhere.
#[test]
fn nobody_else_submits_work() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let team = Team::gather(folder.path());
    let runs = format!("/api/v1/projects/{}/runs", team.project);
    let me = json!({ "id": "0".repeat(26), "name": "a", "slots": 1 });
    for (path, body) in
        [(runs.as_str(), json!({})), ("/api/v1/trials/claim", me.clone()), ("/api/v1/trials/announce", me)]
    {
        team.json("nobody", "POST", path, &body).problem(401);
    }
    // The person's own browser, led here by another page.
    for header in [
        "Sec-Fetch-Site: cross-site",
        "Sec-Fetch-Site: same-site",
        "Origin: https://elsewhere.example",
        "Origin: null",
    ] {
        let sent = team.server.json_with("POST", &runs, &[team.who("owner"), header], &json!({}));
        assert!(text(&sent.problem(403)["detail"]).contains("another site"));
    }
    drop(team);
    // On loopback there is no password, so the name that is asked must be this machine's.
    let here = here("0");
    let runs = format!("{}/runs", here.project.0);
    here.server.json_with("POST", &runs, &["Sec-Fetch-Site: cross-site"], &json!({})).problem(403);
    let port = here.server.address.rsplit(':').next().unwrap_or_default();
    for host in ["elsewhere.example", &format!("elsewhere.example:{port}"), "127.0.0.1.elsewhere.example"] {
        assert_eq!(asked_as(&here.server, host), 421, "{host}");
    }
    assert_eq!(asked_as(&here.server, &format!("localhost:{port}")), 200);
}

/// The status of a request that calls the server by a name.
fn asked_as(server: &Server, host: &str) -> u16 {
    use std::io::{Read, Write};
    let mut stream = std::net::TcpStream::connect(&server.address).unwrap_or_else(|e| panic!("{e}"));
    let request = format!("GET /api/v1/projects HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n");
    let mut answer = String::new();
    stream
        .write_all(request.as_bytes())
        .and_then(|()| stream.read_to_string(&mut answer))
        .unwrap_or_else(|e| panic!("{e}"));
    answer.split(' ').nth(1).and_then(|s| s.parse().ok()).unwrap_or(0)
}

/// How a run of a document ended, all that it told, and the names of its files.
fn ran(here: &Here, nodes: Value, wires: Value) -> (Value, String, Vec<String>) {
    let mut document = document(nodes);
    document["pipeline"]["wires"] = wires;
    let run =
        here.project.begin(&here.server, &json!({ "task": { "kind": "pipeline", "document": document } }));
    let shown = here.project.ended(&here.server, &run);
    let told = format!("{shown} {:?}", here.project.events(&here.server, &run, 0, usize::MAX));
    let files = here.server.get(&format!("{}/files", here.project.run(&run))).ok();
    let names = files["items"].as_array().into_iter().flatten().map(|f| text(&f["name"])).collect();
    (shown, told, names)
}

/// A document names data that are brought to it; it opens nothing itself.
#[test]
fn a_document_reads_no_file_of_the_server() {
    let here = here("1");
    let secret = here.folder.path().join("secret.csv");
    std::fs::write(&secret, "a,b\nhidden-value,2\n").unwrap_or_else(|e| panic!("{e}"));
    let secret = secret.to_string_lossy().into_owned();
    let database = here.folder.path().join("trellis.db").to_string_lossy().into_owned();
    for name in
        [secret.as_str(), &database, "/etc/passwd", "../secret.csv", "secret.csv", "/proc/self/environ"]
    {
        let (shown, told, files) = ran(
            &here,
            json!({ "file": { "kind": "source.file", "version": 1, "params": { "name": name } } }),
            json!([]),
        );
        assert_eq!(shown["state"], "failed", "{name}: {told}");
        assert!(
            !told.contains("hidden-value") && !told.contains("root:") && files.is_empty(),
            "{name}: {told}"
        );
    }
    let task = |data: Value| json!({ "task": { "kind": "pipeline", "document": document(json!({})), "data": data } });
    for data in [
        json!({ "file:a": secret }),
        json!({ "file:a": "postgres://localhost/x" }),
        json!({ "file:a": "sqlite:trellis.db" }),
    ] {
        here.server.json("POST", &format!("{}/runs", here.project.0), &task(data)).problem(404);
    }
    // What a document exports lies among its run's files and nowhere else, whatever it is called.
    let before = files(here.folder.path()).into_iter().filter(|f| !f.contains("/blobs/")).collect::<Vec<_>>();
    for name in ["../../evil", "/tmp/evil", "..\\evil", "C:evil"] {
        let nodes = json!({
            "table": { "kind": "source.paste", "version": 1, "params": { "text": "a,b\n1,2\n3,4\n" } },
            "out": { "kind": "export.table", "version": 1, "params": { "name": name } },
        });
        let (shown, told, names) = ran(&here, nodes, json!([["table", "table", "out", "table"]]));
        assert_eq!(shown["state"], "done", "{told}");
        let exported: Vec<_> = names.iter().filter(|n| n.contains("evil")).collect();
        assert!(exported.len() == 1 && !exported[0].contains(['/', '\\']), "{names:?}");
    }
    let after = files(here.folder.path()).into_iter().filter(|f| !f.contains("/blobs/")).collect::<Vec<_>>();
    assert_eq!(before, after);
}

/// The server asks no address that a document names: not its own, not one of its network, not one outside.
#[test]
fn a_document_makes_the_server_ask_nobody() {
    let here = here("1");
    let trap = TcpListener::bind("127.0.0.1:0").unwrap_or_else(|e| panic!("{e}"));
    trap.set_nonblocking(true).unwrap_or_else(|e| panic!("{e}"));
    let port = trap.local_addr().map_or(0, |a| a.port());
    let urls = [
        format!("http://127.0.0.1:{port}/table.csv"),
        format!("http://localhost:{port}/table.csv"),
        format!("http://[::ffff:127.0.0.1]:{port}/table.csv"),
        format!("http://0x7f000001:{port}/"),
        format!("http://{}/api/v1/me", here.server.address),
        "http://169.254.169.254/latest/meta-data/".to_owned(),
        "file:///etc/passwd".to_owned(),
        "gopher://127.0.0.1/".to_owned(),
    ];
    for url in urls {
        let nodes = json!({ "far": { "kind": "source.url", "version": 1, "params": { "url": url } } });
        let (shown, told, files) = ran(&here, nodes, json!([]));
        assert_eq!(shown["state"], "failed", "{url}: {told}");
        assert!(files.is_empty() && !told.contains("loopback") && !told.contains("root:"), "{url}: {told}");
    }
    let came = trap.accept().map(|(_, from)| from);
    assert!(came.as_ref().is_err_and(|e| e.kind() == std::io::ErrorKind::WouldBlock), "{came:?}");
}

/// A cell that a spreadsheet would compute is a text like others: it comes out as it went in, as a file to be saved. To
/// put a mark before it would make another table of it, which no longer predicts as the first.
#[test]
fn formulas_come_out_as_they_went_in() {
    let here = here("1");
    let table = "note,n\n=1+1,1\n+41 79,2\n-5,3\n@SUM(A1),4\n\"=HYPERLINK(\"\"http://x\"\")\",5\n";
    let sent = here
        .server
        .ask("POST", &format!("{}/datasets?name=a.csv", here.project.0), &[], table.as_bytes())
        .ok();
    let given = here.server.get(&format!("{}/datasets/{}/content", here.project.0, text(&sent["id"])));
    assert!(given.body == table.as_bytes());
    assert!(given.header("content-disposition").is_some_and(|d| d.starts_with("attachment")), "{given}");
    let nodes = json!({
        "table": { "kind": "source.paste", "version": 1, "params": { "text": table } },
        "out": { "kind": "export.table", "version": 1, "params": { "name": "out" } },
    });
    let (shown, told, names) = ran(&here, nodes, json!([["table", "table", "out", "table"]]));
    assert_eq!(shown["state"], "done", "{told}");
    let name = names.iter().find(|n| n.ends_with(".csv")).unwrap_or_else(|| panic!("{names:?}"));
    let path = format!("{}/files/{name}", here.project.run(&text(&shown["id"])));
    let exported = String::from_utf8_lossy(&here.server.get(&path).body).into_owned();
    assert!(exported.contains("\n=1+1,") && exported.contains("\n@SUM(A1),"), "{exported}");
}
