//! Projects, the versions of their pipelines, and lists in pages.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::{Answer, Project, Server, text};
use serde_json::{Value, json};
use std::collections::BTreeSet;

fn here() -> (tempfile::TempDir, Server) {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "0"]);
    (folder, server)
}

/// A pipeline with that title, whose split leaves that share.
fn pipeline(title: &str, share: f64) -> Value {
    json!({
        "format": "trellis.pipeline", "version": 1,
        "pipeline": {
            "title": title,
            "nodes": {
                "file": { "kind": "source.file", "version": 1, "params": { "name": "a.csv" } },
                "split": { "kind": "table.split", "version": 1, "params": { "share": share } },
            },
            "wires": [["file", "table", "split", "table"]],
        },
    })
}

impl Project {
    fn pipeline(&self) -> String {
        format!("{}/pipeline", self.0)
    }

    fn save(&self, server: &Server, condition: &str, document: &Value) -> Answer {
        server.json_with("PUT", &self.pipeline(), &[condition], document)
    }
}

fn tag(answer: &Answer) -> String {
    assert_eq!(answer.status, 200, "{answer}");
    let tag = answer.header("etag").unwrap_or_else(|| panic!("no ETag: {answer}")).to_owned();
    assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag} is not strong");
    tag
}

const FIRST: &str = "If-None-Match: *";

#[test]
fn projects_are_made_renamed_and_deleted() {
    let (_folder, server) = here();
    let made = server.json("POST", "/api/v1/projects", &json!({ "name": "  Löwen & <b>Zähne</b>  " }));
    assert_eq!(made.status, 201, "{made}");
    let path = format!("/api/v1/projects/{}", text(&made.json()["id"]));
    assert_eq!(server.get(&path).ok()["name"], "Löwen & <b>Zähne</b>", "names are kept as they are, trimmed");
    assert_eq!(server.get(&path).ok()["head"], 0);
    for (name, pointer) in [("", "/name"), ("  ", "/name"), ("a\u{0}b", "/name"), (&"x".repeat(201), "/name")]
    {
        let told = server.json("POST", "/api/v1/projects", &json!({ "name": name })).problem(422);
        assert_eq!(told["pointer"], pointer);
        assert_eq!(server.json("PATCH", &path, &json!({ "name": name })).status, 422);
    }
    let renamed = server.json("PATCH", &path, &json!({ "name": "teeth" })).ok();
    assert_eq!((&renamed["name"], &server.get(&path).ok()["name"]), (&json!("teeth"), &json!("teeth")));
    assert!(renamed["changed"].as_i64() >= renamed["created"].as_i64(), "{renamed}");

    let project = Project(path.clone());
    tag(&project.save(&server, FIRST, &pipeline("a", 0.2)));
    let dataset = project.upload(&server, "a.csv", b"a,b\n1,2\n3,4\n");
    assert_eq!(server.ask("DELETE", &path, &[], &[]).status, 204);
    for path in
        [&path, &project.pipeline(), &format!("{path}/datasets/{dataset}"), &format!("{path}/versions/1")]
    {
        server.get(path).problem(404);
    }
    server.ask("DELETE", &path, &[], &[]).problem(404);
    assert_eq!(server.get("/api/v1/projects").ok()["items"], json!([]));
}

#[test]
fn a_pipeline_is_saved_on_top_of_the_one_that_was_seen() {
    let (_folder, server) = here();
    let project = server.project();
    server.get(&project.pipeline()).problem(404);
    let unsaid = server.json("PUT", &project.pipeline(), &pipeline("a", 0.2)).problem(428);
    assert_eq!(unsaid["type"], "/problems/precondition-missing");
    project.save(&server, "If-Match: \"1-nothing\"", &pipeline("a", 0.2)).problem(412);
    let first = tag(&project.save(&server, FIRST, &pipeline("a", 0.2)));
    project.save(&server, FIRST, &pipeline("b", 0.2)).problem(412);

    let got = server.get(&project.pipeline());
    assert_eq!(tag(&got), first);
    assert_eq!(got.json()["pipeline"]["title"], "a");
    let known = server.ask("GET", &project.pipeline(), &[&format!("If-None-Match: {first}")], &[]);
    assert_eq!((known.status, known.body.len(), known.header("etag")), (304, 0, Some(first.as_str())));

    let second = tag(&project.save(&server, &format!("If-Match: {first}"), &pipeline("b", 0.2)));
    assert_ne!(first, second);
    project.save(&server, &format!("If-Match: {first}"), &pipeline("c", 0.2)).problem(412);
    // The same again is no new version, and one of several tags may be the right one.
    let again = project.save(&server, &format!("If-Match: {first}, {second}"), &pipeline("b", 0.2));
    assert_eq!(tag(&again), second);
    // Back to what it was is a version of its own.
    let third = tag(&project.save(&server, &format!("If-Match: {second}"), &pipeline("a", 0.2)));
    assert!(third != first && third.starts_with("\"3-"), "{third}");

    let broken = json!({ "format": "trellis.pipeline", "version": 1, "pipeline": { "nodes": 3 } });
    let told = project.save(&server, &format!("If-Match: {third}"), &broken).problem(422);
    assert!(told["diagnostics"][0]["remedy"].is_string(), "{told}");
    assert_eq!(tag(&server.get(&project.pipeline())), third, "what was refused changes nothing");
}

/// Each of several writers reads, changes and saves until it gets through: no change is lost.
#[test]
fn of_two_writers_one_wins_and_nothing_is_lost() {
    const WRITERS: usize = 6;
    let (_folder, server) = here();
    let project = server.project();
    tag(&project.save(&server, FIRST, &pipeline("", 0.2)));
    let seen = tag(&server.get(&project.pipeline()));
    let at_once: Vec<u16> = std::thread::scope(|scope| {
        let save = |n: usize| {
            project.save(&server, &format!("If-Match: {seen}"), &pipeline(&n.to_string(), 0.2)).status
        };
        let all: Vec<_> = (0..WRITERS).map(|n| scope.spawn(move || save(n))).collect();
        all.into_iter().map(|t| t.join().unwrap_or(0)).collect()
    });
    assert_eq!(at_once.iter().filter(|s| **s == 200).count(), 1, "{at_once:?}");
    assert_eq!(at_once.iter().filter(|s| **s == 412).count(), WRITERS - 1, "{at_once:?}");

    let write = |name: &str| loop {
        let got = server.get(&project.pipeline());
        let mut document = got.json();
        document["pipeline"]["nodes"][name] = json!({ "kind": "table.sort", "version": 1 });
        let saved = project.save(&server, &format!("If-Match: {}", tag(&got)), &document);
        match saved.status {
            200 => return,
            status => assert_eq!(status, 412, "{saved}"),
        }
    };
    std::thread::scope(|scope| {
        (0..WRITERS).for_each(|n| _ = scope.spawn(move || write(&format!("sort-{n}"))));
    });
    let nodes = server.get(&project.pipeline()).ok()["pipeline"]["nodes"].as_object().map(|n| n.len());
    assert_eq!(nodes, Some(2 + WRITERS));
    let versions = server.get(&format!("{}/versions", project.0)).ok();
    let numbers: Vec<i64> =
        versions["items"].as_array().into_iter().flatten().filter_map(|v| v["number"].as_i64()).collect();
    let expected: Vec<i64> = (1..=2 + WRITERS as i64).rev().collect();
    assert_eq!(numbers, expected);
}

#[test]
fn versions_are_kept_and_compared() {
    let (_folder, server) = here();
    let project = server.project();
    let first = tag(&project.save(&server, FIRST, &pipeline("loans", 0.2)));
    let mut changed = pipeline("loans", 0.3);
    changed["pipeline"]["nodes"]["sort"] = json!({ "kind": "table.sort", "version": 1 });
    changed["pipeline"]["wires"] =
        json!([["file", "table", "sort", "table"], ["sort", "table", "split", "table"]]);
    let headers = [&format!("If-Match: {first}"), "Trellis-Note: a larger share"];
    let saved = server.json_with("PUT", &project.pipeline(), &headers, &changed);
    tag(&saved);
    let list = server.get(&format!("{}/versions", project.0)).ok();
    assert_eq!(list["items"][0]["note"], "a larger share", "{list}");
    let one = server.get(&format!("{}/versions/1", project.0));
    assert_eq!((tag(&one), &one.json()["pipeline"]["title"]), (first, &json!("loans")));

    let diff = server.get(&format!("{}/versions/1/diff/2", project.0)).ok();
    let nodes = |of: &str| -> Vec<String> {
        diff[of].as_array().into_iter().flatten().map(|n| text(&n["node"])).collect()
    };
    assert_eq!((nodes("nodes_added"), nodes("nodes_removed")), (vec!["sort".to_owned()], vec![]), "{diff}");
    let share = json!([{ "name": "share", "before": 0.2, "after": 0.3 }]);
    assert_eq!(
        (nodes("nodes_changed"), &diff["nodes_changed"][0]["params"]),
        (vec!["split".to_owned()], &share)
    );
    assert_eq!(diff["wires_removed"][0]["to"], json!({ "node": "split", "port": "table" }), "{diff}");
    assert_eq!(diff["wires_added"].as_array().map(Vec::len), Some(2));
    // The other way round, and from itself to itself.
    let back = server.get(&format!("{}/versions/2/diff/1", project.0)).ok();
    assert_eq!(
        (&back["nodes_removed"][0]["node"], back["nodes_added"].as_array().map(Vec::len)),
        (&json!("sort"), Some(0))
    );
    let same = server.get(&format!("{}/versions/2/diff/2", project.0)).ok();
    assert_eq!((same["nodes_changed"].clone(), same["wires_added"].clone()), (json!([]), json!([])));
    for path in [
        "versions/1/diff/9",
        "versions/x/diff/1",
        "versions/1/diff/1.5",
        "versions/9",
        "versions/-1",
        "versions/x",
    ] {
        server.get(&format!("{}/{path}", project.0)).problem(404);
    }
}

/// Reads a list page by page: its items' keys.
fn pages(server: &Server, path: &str, limit: usize, key: &str) -> Vec<String> {
    let (mut all, mut before) = (Vec::new(), String::new());
    loop {
        let page = server.get(&format!("{path}?limit={limit}{before}")).ok();
        let items = page["items"].as_array().cloned().unwrap_or_default();
        assert!(items.len() <= limit, "{page}");
        all.extend(items.iter().map(|i| i[key].as_str().map_or_else(|| i[key].to_string(), str::to_owned)));
        match page["next"].as_str() {
            Some(next) => before = format!("&before={next}"),
            None => return all,
        }
        assert!(all.len() < 100, "it does not end: {all:?}");
    }
}

#[test]
fn lists_come_in_pages() {
    let (_folder, server) = here();
    let project = server.project();
    let mut seen = format!("If-Match: {}", tag(&project.save(&server, FIRST, &pipeline("0", 0.2))));
    for n in 1..5 {
        server.json("POST", "/api/v1/projects", &json!({ "name": n.to_string() })).ok();
        project.upload(&server, &format!("{n}.csv"), format!("a,b\n{n},2\n").as_bytes());
        seen = format!("If-Match: {}", tag(&project.save(&server, &seen, &pipeline(&n.to_string(), 0.2))));
        let link = json!({ "target": "version/1", "rights": "view", "title": n.to_string() });
        server.json("POST", &format!("{}/links", project.0), &link).ok();
    }
    let below = |list: &str| format!("{}/{list}", project.0);
    let lists = [
        ("/api/v1/projects".to_owned(), "id", 5),
        (below("datasets"), "id", 4),
        (below("links"), "id", 4),
        (below("versions"), "number", 5),
    ];
    for (path, key, count) in lists {
        let whole = pages(&server, &path, 200, key);
        assert_eq!(whole.len(), count, "{path}");
        assert_eq!(whole.iter().collect::<BTreeSet<_>>().len(), count, "{path}");
        assert!(whole.windows(2).all(|w| w[0] > w[1]), "newest first: {whole:?}");
        for limit in 1..=count {
            assert_eq!(pages(&server, &path, limit, key), whole, "{path} by {limit}");
        }
        // What is asked out of bounds is brought within; what is no number is told.
        assert_eq!(server.get(&format!("{path}?limit=0")).ok()["items"].as_array().map(Vec::len), Some(1));
        assert_eq!(
            server.get(&format!("{path}?limit=99999")).ok()["items"].as_array().map(Vec::len),
            Some(count)
        );
        let told = server.get(&format!("{path}?limit=many")).problem(400);
        assert!(text(&told["detail"]).contains("limit"), "{told}");
    }
    assert_eq!(server.get(&format!("{}?before=x", below("versions"))).problem(400)["pointer"], "/before");
}
