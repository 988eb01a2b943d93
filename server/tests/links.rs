//! Short links: what they open, for how long, and that those who have none learn nothing.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::team::Team;
use common::{Answer, Project, Server, change, fit, sample, text};
use serde_json::{Value, json};
use std::process::Command;
use std::sync::OnceLock;

fn here() -> (tempfile::TempDir, Server, Project) {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0"]);
    let project = server.project();
    (folder, server, project)
}

const HOSTILE: &str = "\"><img src=x onerror=alert(1)>'&<script>alert(2)</script>";

fn model() -> &'static [u8] {
    static MODEL: OnceLock<Vec<u8>> = OnceLock::new();
    MODEL.get_or_init(|| fit(3))
}

impl Project {
    fn links(&self) -> String {
        format!("{}/links", self.0)
    }

    /// Saves a pipeline, so that there is version 1.
    fn save(&self, server: &Server) {
        let document = json!({
            "format": "trellis.pipeline", "version": 1,
            "pipeline": { "title": "t", "nodes": { "split": { "kind": "table.split", "version": 1 } }, "wires": [] },
        });
        let saved =
            server.json_with("PUT", &format!("{}/pipeline", self.0), &["If-None-Match: *"], &document);
        assert_eq!(saved.status, 200, "{saved}");
    }

    fn model_id(&self, server: &Server) -> String {
        text(&server.ask("POST", &format!("{}/models?name=relapse", self.0), &[], model()).ok()["id"])
    }

    /// Makes a link: how it is listed, and its path.
    fn link(&self, server: &Server, link: &Value) -> (String, String) {
        let made = server.json("POST", &self.links(), link);
        assert_eq!(made.status, 201, "{made}");
        let path = text(&made.json()["path"]);
        assert_eq!(path.len(), "/s/".len() + 22, "128 bits: {path}");
        (text(&made.json()["id"]), path)
    }

    fn listed(&self, server: &Server, id: &str) -> Value {
        let all = server.get(&self.links()).ok();
        let found = all["items"].as_array().into_iter().flatten().find(|l| l["id"] == id).cloned();
        found.unwrap_or_else(|| panic!("{id} is not listed: {all}"))
    }
}

fn page(answer: &Answer) -> String {
    assert_eq!(
        (answer.status, answer.header("content-type")),
        (200, Some("text/html; charset=utf-8")),
        "{answer}"
    );
    for (name, value) in [
        ("referrer-policy", "no-referrer"),
        ("cache-control", "no-store"),
        ("x-content-type-options", "nosniff"),
    ] {
        assert_eq!(answer.header(name), Some(value), "{answer}");
    }
    String::from_utf8_lossy(&answer.body).into_owned()
}

#[test]
fn a_pipeline_is_seen_or_copied() {
    let (_folder, server, project) = here();
    project.save(&server);
    let link = |rights: &str| json!({ "target": "version/1", "rights": rights, "title": "Which loans" });
    let (id, path) = project.link(&server, &link("view"));
    let seen = page(&server.get(&path));
    assert!(seen.contains("/?embed=1#p=") && !seen.contains("Open a copy"), "{seen}");
    assert!(seen.contains("A pipeline of 1 node and 0 wires."), "{seen}");
    for card in ["property=\"og:title\" content=\"Which loans\"", "name=\"robots\" content=\"noindex\""] {
        assert!(seen.contains(card), "{card}: {seen}");
    }
    let (_, fork) = project.link(&server, &link("fork"));
    let copied = page(&server.get(&fork));
    assert!(copied.contains("href=\"/#p=") && copied.contains("Open a copy"), "{copied}");
    // Nothing is predicted by a link to a pipeline.
    assert_eq!(
        server.ask("POST", &path, &["Content-Type: application/x-www-form-urlencoded"], b"f0=1").status,
        404
    );
    // Only somebody who opens it counts.
    assert_eq!(project.listed(&server, &id)["opened"], 1);
    page(&server.get(&path));
    assert_eq!(project.listed(&server, &id)["opened"], 2);
    let shown = project.listed(&server, &id).to_string();
    let secret = path.trim_start_matches("/s/");
    assert!(!shown.contains(secret), "the secret is shown once: {shown}");
}

#[test]
fn a_model_predicts_for_whoever_has_the_link() {
    let (_folder, server, project) = here();
    let id = project.model_id(&server);
    let link = json!({ "target": format!("model/{id}"), "rights": "predict", "title": "Will it come back?" });
    let (listed, path) = project.link(&server, &link);
    let form = page(&server.get(&path));
    assert!(form.contains(" method=\"post\">") && form.contains("name=\"f0\""), "{form}");
    let table = std::fs::read_to_string(sample("recurrence.csv")).unwrap_or_else(|e| panic!("{e}"));
    let row: Vec<&str> = table.lines().nth(1).unwrap_or_default().split(',').collect();
    let fields: Vec<String> =
        row.iter().take(10).enumerate().map(|(i, v)| format!("f{i}={}", v.replace(' ', "+"))).collect();
    let send = |body: &str| {
        server.ask("POST", &path, &["Content-Type: application/x-www-form-urlencoded"], body.as_bytes())
    };
    let answered = page(&send(&fields.join("&")));
    assert!(
        answered.contains("class=\"answer\"") && answered.contains("back_within_two_years"),
        "{answered}"
    );
    assert!(
        answered.contains("<strong>no</strong>") || answered.contains("<strong>yes</strong>"),
        "{answered}"
    );
    // What was filled in stands there again, as text.
    let echoed = page(&send(&format!("f2={}", encoded(HOSTILE))));
    assert!(!echoed.contains("<img") && !echoed.contains("<script"), "{echoed}");
    // Fields that the model does not have, and none at all, are no fault.
    page(&send("f99=1&g=2"));
    page(&send(""));
    assert_eq!(project.listed(&server, &listed)["opened"], 1, "an answer is no opening");
    // It follows the champion, and ends with the model.
    assert_eq!(server.ask("DELETE", &format!("{}/models/{id}", project.0), &[], &[]).status, 204);
    assert_eq!(server.get(&path).status, 404);
}

fn encoded(text: &str) -> String {
    text.bytes().map(|b| format!("%{b:02X}")).collect()
}

/// Titles and columns that are markup stay text.
#[test]
fn pages_show_hostile_names_as_text() {
    let (folder, server, project) = here();
    project.save(&server);
    let (_, view) =
        project.link(&server, &json!({ "target": "version/1", "rights": "view", "title": HOSTILE }));
    // A model whose column, levels and target are markup.
    let mut table = "\"<b onload=x>col'&\",\"\"\"><script>alert(3)</script>\",number\n".to_owned();
    for row in 0..80 {
        let level = ["<i>one</i>", "\"\"two\"\"><svg/onload=y>"][row % 2];
        let class = ["<u>yes</u>", "no"][(row / 2) % 2];
        table.push_str(&format!("\"{level}\",\"{class}\",{}\n", row % 7));
    }
    let (data, out) = (folder.path().join("hostile.csv"), folder.path().join("hostile.trellis"));
    std::fs::write(&data, table).unwrap_or_else(|e| panic!("{e}"));
    let done = Command::new(env!("CARGO_BIN_EXE_trellis"))
        .arg("fit")
        .args([&data, std::path::Path::new("--out"), &out])
        .args([
            "--target",
            "\"><script>alert(3)</script>",
            "--max-trials",
            "2",
            "--learner",
            "logistic",
            "--quiet",
        ])
        .output();
    let done = done.unwrap_or_else(|e| panic!("{e}"));
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let bytes = std::fs::read(&out).unwrap_or_else(|e| panic!("{e}"));
    let added = server.ask("POST", &format!("{}/models?name=hostile", project.0), &[], &bytes).ok();
    let link =
        json!({ "target": format!("model/{}", text(&added["id"])), "rights": "predict", "title": HOSTILE });
    let (_, predict) = project.link(&server, &link);

    let body = format!("f0={}", encoded("<i>one</i>"));
    let answered =
        server.ask("POST", &predict, &["Content-Type: application/x-www-form-urlencoded"], body.as_bytes());
    for answer in [server.get(&view), server.get(&predict), answered] {
        let html = page(&answer);
        for tag in ["<img", "<script", "<svg/", "<i>", "<u>", "<b onload"] {
            assert!(!html.contains(tag), "{tag}: {html}");
        }
        assert!(html.contains("&lt;script&gt;"), "{html}");
        // All that is within quotes ends where it should: no attribute but those that the server writes.
        assert!(!html.contains("onerror=alert(1)>\"") && !html.contains("\"><img"), "{html}");
        let policy = answer.header("content-security-policy").unwrap_or_default();
        assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe-inline"), "{policy}");
    }
}

/// The same for a link that never was, was revoked, has expired, or whose target is gone.
#[test]
fn what_leads_nowhere_is_told_alike() {
    let (folder, server, project) = here();
    project.save(&server);
    let id = project.model_id(&server);
    let link =
        |days: Option<i64>| json!({ "target": "version/1", "rights": "view", "title": "t", "days": days });
    let (kept, revoked) = project.link(&server, &link(Some(1)));
    let shown = project.listed(&server, &kept);
    let lasts = shown["expires"].as_i64().zip(shown["created"].as_i64()).map(|(to, from)| to - from);
    assert!(lasts.is_some_and(|ms| (ms - 24 * 3_600_000).abs() < 10_000), "{shown}");
    page(&server.get(&revoked));
    assert_eq!(server.ask("DELETE", &format!("{}/{kept}", project.links()), &[], &[]).status, 204);
    assert!(project.listed(&server, &kept)["revoked"].is_i64());
    // Again changes nothing; another project's link is not there.
    assert_eq!(server.ask("DELETE", &format!("{}/{kept}", project.links()), &[], &[]).status, 204);
    server.ask("DELETE", &format!("{}/{kept}", server.project().links()), &[], &[]).problem(404);

    let (_, expired) = project.link(&server, &link(Some(1)));
    page(&server.get(&expired));
    // As if a day had gone by.
    change(folder.path(), "UPDATE link SET expires = created WHERE revoked IS NULL");
    let predict = json!({ "target": format!("model/{id}"), "rights": "predict", "title": "t" });
    let (_, targetless) = project.link(&server, &predict);
    assert_eq!(server.ask("DELETE", &format!("{}/models/{id}", project.0), &[], &[]).status, 204);
    let unknown = server.get(&format!("/s/{}", "A".repeat(22)));
    assert_eq!(unknown.status, 404);
    let same = |answer: &Answer| {
        // Each answer has its own time and id.
        let own = |line: &&str| line.starts_with("date: ") || line.starts_with("x-request-id: ");
        let head = |a: &Answer| a.head.lines().filter(|l| !own(l)).collect::<Vec<_>>().join("\n");
        assert_eq!((head(answer), &answer.body), (head(&unknown), &unknown.body));
    };
    same(&server.get(&revoked));
    same(&server.get(&expired));
    same(&server.get(&targetless));
    for token in ["x", "%00", "%ff", "..%2f..%2fetc%2fpasswd", "%27%20OR%201%3D1--", &"A".repeat(4_000)] {
        same(&server.get(&format!("/s/{token}")));
    }
    let form = ["Content-Type: application/x-www-form-urlencoded"];
    same(&server.ask("POST", &revoked, &form, b"f0=1"));
    same(&server.ask("POST", &format!("/s/{}", "A".repeat(22)), &form, b"f0=1"));
}

#[test]
fn links_are_made_of_what_there_is_by_owners() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let team = Team::gather(folder.path());
    let project = Project(format!("/api/v1/projects/{}", team.project));
    let make = |actor: &str, link: Value| team.json(actor, "POST", &project.links(), &link);
    let link = |target: &str, rights: &str| json!({ "target": target, "rights": rights, "title": "t" });
    let document = json!({ "format": "trellis.pipeline", "version": 1, "pipeline": { "title": "", "nodes": {}, "wires": [] } });
    let first = [team.who("editor"), "If-None-Match: *"];
    team.server.json_with("PUT", &format!("{}/pipeline", project.0), &first, &document).ok();
    for (target, rights, status) in [
        ("version/1", "predict", 422),
        ("model/x", "view", 422),
        ("model/x", "predict", 404),
        ("version/2", "view", 404),
        ("version/x", "view", 422),
        ("nothing", "view", 422),
        ("project/1", "view", 422),
        ("version/1", "own", 400),
    ] {
        make("owner", link(target, rights)).problem(status);
    }
    for days in [0, -1, 4_000, i64::MAX] {
        let mut link = link("version/1", "view");
        link["days"] = days.into();
        assert_eq!(make("owner", link).problem(422)["pointer"], "/days");
    }
    for actor in ["viewer", "editor", "write"] {
        make(actor, link("version/1", "view")).problem(403);
    }
    let made = make("owner", link("version/1", "view")).ok();
    // It needs no account, and gives no more than it says.
    page(&team.server.get(&text(&made["path"])));
    team.server.get(&format!("{}/pipeline", project.0)).problem(401);
}
