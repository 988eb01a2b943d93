//! Models: kept in versions, pointed at by aliases, asked by the Open Inference Protocol.
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use common::team::Team;
use common::{Answer, Project, Server, fit, run, sample, text};
use serde_json::{Value, json};
use std::sync::OnceLock;

/// Two models of the same column.
fn made() -> &'static [Vec<u8>; 2] {
    static MODELS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    MODELS.get_or_init(|| [fit(3), fit(4)])
}

fn here() -> (tempfile::TempDir, Server, Project) {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let server = Server::start(folder.path(), &["--workers", "1"]);
    let project = server.project();
    (folder, server, project)
}

impl Project {
    fn models(&self) -> String {
        format!("{}/models", self.0)
    }

    fn add(&self, server: &Server, name: &str, bytes: &[u8]) -> Answer {
        server.ask("POST", &format!("{}?name={name}", self.models()), &[], bytes)
    }
}

#[test]
fn versions_stay_and_aliases_move() {
    let (_folder, server, project) = here();
    let [first, second] = made();
    assert!(first != second);
    let added = project.add(&server, "relapse", first);
    assert_eq!(added.status, 201, "{added}");
    let about = &added.json()["versions"][0]["about"];
    assert_eq!(about["target"], "back_within_two_years", "{about}");
    let path = format!("{}/{}", project.models(), text(&added.json()["id"]));
    let numbers = |shown: &Value| -> Vec<i64> {
        shown["versions"].as_array().into_iter().flatten().filter_map(|v| v["number"].as_i64()).collect()
    };
    assert_eq!(
        numbers(&project.add(&server, "relapse", first).json()),
        [1],
        "the same again is no new version"
    );
    assert_eq!(numbers(&project.add(&server, "relapse", second).json()), [2, 1]);
    assert_eq!(numbers(&project.add(&server, "other", first).json()), [1], "another name is another model");
    assert_eq!(server.get(&project.models()).ok()["items"].as_array().map(Vec::len), Some(2));

    let content = |version: &str| server.get(&format!("{path}/versions/{version}/content"));
    assert!(content("1").body == *first && content("2").body == *second, "versions do not change");
    content("@champion").problem(404);
    for (version, bytes) in [(1, first), (2, second), (1, first)] {
        let set =
            server.json("PUT", &format!("{path}/aliases/champion"), &json!({ "version": version })).ok();
        assert_eq!(set["aliases"], json!([["champion", version]]), "{set}");
        assert!(content("@champion").body == *bytes, "version {version}");
    }
    server.json("PUT", &format!("{path}/aliases/champion"), &json!({ "version": 9 })).problem(404);
    for name in ["a%20b", "%2e%2e", "@x", &"x".repeat(41)] {
        server.json("PUT", &format!("{path}/aliases/{name}"), &json!({ "version": 1 })).problem(422);
    }
    assert_eq!(
        server.get(&path).ok()["aliases"],
        json!([["champion", 1]]),
        "what was refused changes nothing"
    );
    assert_eq!(server.ask("DELETE", &format!("{path}/aliases/champion"), &[], &[]).status, 204);
    content("@champion").problem(404);
    for version in ["9", "0", "-1", "x", "@", "1.5", "99999999999999999999"] {
        content(version).problem(404);
    }
    assert_eq!(server.ask("DELETE", &path, &[], &[]).status, 204);
    server.get(&path).problem(404);
    content("1").problem(404);
}

#[test]
fn a_model_comes_from_a_run_of_its_project_alone() {
    let (_folder, server, project) = here();
    let run = project.begin(&server, &project.study(&server, 3));
    let bytes = project.model(&server, &run);
    let files = server.get(&format!("{}/files", project.run(&run))).ok();
    let names: Vec<String> =
        files["items"].as_array().into_iter().flatten().map(|f| text(&f["name"])).collect();
    let name = names.iter().find(|n| n.ends_with(".trellis")).unwrap_or_else(|| panic!("{names:?}"));
    let report = names.iter().find(|n| n.ends_with(".html")).unwrap_or_else(|| panic!("{names:?}"));
    let add = |project: &Project, query: &str| {
        server.ask("POST", &format!("{}?name=relapse&{query}", project.models()), &[], &[])
    };
    let added = add(&project, &format!("run={run}&file={name}"));
    assert_eq!(added.status, 201, "{added}");
    assert_eq!(added.json()["versions"][0]["run"], run.as_str());
    let path = format!("{}/{}/versions/1/content", project.models(), text(&added.json()["id"]));
    assert!(server.get(&path).body == bytes);
    add(&project, &format!("run={run}&file={report}")).problem(422);
    add(&project, &format!("run={run}&file=nothing")).problem(404);
    add(&project, &format!("run={run}")).problem(400);
    add(&server.project(), &format!("run={run}&file={name}")).problem(404);
}

#[test]
fn what_is_no_model_is_refused() {
    let (folder, server, project) = here();
    let whole = &made()[0];
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 0x10;
    for bytes in [b"".as_slice(), b"a,b\n1,2\n", &whole[..whole.len() - 1], &whole[..9], &flipped] {
        let told = project.add(&server, "relapse", bytes).problem(422);
        assert!(!text(&told["diagnostics"][0]["remedy"]).is_empty(), "{told}");
    }
    assert_eq!(server.get(&project.models()).ok()["items"], json!([]));
    let kept = std::fs::read_dir(folder.path().join("blobs")).into_iter().flatten().flatten();
    let kept: Vec<_> =
        kept.map(|e| e.file_name()).filter(|name| name != "passing" && name != "sweep.lock").collect();
    assert!(kept.is_empty(), "{kept:?}");
}

/// The first rows of the sample, without what is predicted: names and texts by column.
fn rows(count: usize) -> Vec<(String, Vec<String>)> {
    let table = std::fs::read_to_string(sample("recurrence.csv")).unwrap_or_else(|e| panic!("{e}"));
    let mut lines = table.lines().map(|line| line.split(',').map(str::to_owned));
    let names: Vec<String> = lines.next().into_iter().flatten().collect();
    let lines: Vec<Vec<String>> = lines.take(count).map(Iterator::collect).collect();
    let inputs = names.len() - 1;
    let columns = names.into_iter().take(inputs).enumerate();
    columns.map(|(i, name)| (name, lines.iter().map(|line| line[i].clone()).collect())).collect()
}

fn tensors(count: usize) -> Vec<Value> {
    let tensor = |(name, data): (String, Vec<String>)| json!({ "name": name, "shape": [count], "datatype": "BYTES", "data": data });
    rows(count).into_iter().map(tensor).collect()
}

/// What `trellis predict` says of the same rows: probabilities row by row, and labels.
fn predicted(model: &[u8], count: usize) -> (Vec<f64>, Vec<String>) {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let write = |name: &str, bytes: &[u8]| {
        let path = folder.path().join(name);
        std::fs::write(&path, bytes).unwrap_or_else(|e| panic!("{e}"));
        path.to_string_lossy().into_owned()
    };
    let model = write("model.trellis", model);
    let columns = rows(count);
    let names: Vec<&str> = columns.iter().map(|(n, _)| n.as_str()).collect();
    let mut table = names.join(",");
    for row in 0..count {
        let values: Vec<&str> = columns.iter().map(|(_, c)| c[row].as_str()).collect();
        table.push_str(&format!("\n{}", values.join(",")));
    }
    let data = write("rows.csv", table.as_bytes());
    let out = run(&["predict", &model, &data, "--out", "-", "--labels", "--quiet"]);
    let lines: Vec<Vec<&str>> = out.lines().skip(1).map(|l| l.split(',').collect()).collect();
    assert_eq!(lines.len(), count, "{out}");
    let number = |text: &&str| text.parse().unwrap_or_else(|_| panic!("{text} in {out}"));
    let probabilities = lines.iter().flat_map(|l| l.iter().take(2).map(number)).collect();
    (probabilities, lines.iter().map(|l| l[2].to_owned()).collect())
}

#[test]
fn inference_gives_what_the_command_gives() {
    let (_folder, server, project) = here();
    let [first, second] = made();
    let id = text(&project.add(&server, "relapse", first).ok()["id"]);
    project.add(&server, "relapse", second).ok();
    let alias = format!("{}/{id}/aliases/champion", project.models());
    server.json("PUT", &alias, &json!({ "version": 1 })).ok();
    assert_eq!(server.get("/v2/health/ready").ok(), json!({ "ready": true }));
    assert_eq!(server.get(&format!("/v2/models/{id}/ready")).ok()["ready"], true);

    let described = server.get(&format!("/v2/models/{id}/versions/@champion")).ok();
    assert_eq!((&described["versions"], &described["platform"]), (&json!(["1"]), &json!("trellis")));
    let inputs: Vec<String> =
        described["inputs"].as_array().into_iter().flatten().map(|i| text(&i["name"])).collect();
    assert!(
        inputs.contains(&"age".to_owned()) && !inputs.contains(&"back_within_two_years".to_owned()),
        "{inputs:?}"
    );
    assert_eq!(described["outputs"][1]["shape"], json!([-1, 2]), "{described}");

    // A few rows are predicted at once, many by another thread.
    for count in [1, 7, 60] {
        for (path, number, bytes) in [
            ("", "2", second),
            ("/versions/1", "1", first),
            ("/versions/2", "2", second),
            ("/versions/@champion", "1", first),
        ] {
            let body = json!({ "id": "mine", "inputs": tensors(count) });
            let answer = server.json("POST", &format!("/v2/models/{id}{path}/infer"), &body).ok();
            assert_eq!((&answer["id"], &answer["model_version"]), (&json!("mine"), &json!(number)), "{path}");
            let (probabilities, labels) = predicted(bytes, count);
            let of = |n: usize| &answer["outputs"][n];
            assert_eq!((&of(0)["name"], &of(0)["data"]), (&json!("prediction"), &json!(labels)), "{path}");
            assert_eq!(
                (&of(1)["shape"], &of(1)["data"]),
                (&json!([count, 2]), &json!(probabilities)),
                "{path}"
            );
        }
    }
    // Numbers as numbers, columns as [rows, 1], nothing where nothing is known.
    let mut typed = tensors(2);
    let age = typed.iter().position(|t| t["name"] == "age").unwrap_or_default();
    let numbers: Vec<i64> = rows(2)[age].1.iter().filter_map(|a| a.parse().ok()).collect();
    typed[age] = json!({ "name": "age", "shape": [2, 1], "datatype": "INT64", "data": numbers });
    let answer = server.json("POST", &format!("/v2/models/{id}/infer"), &json!({ "inputs": typed })).ok();
    assert_eq!(answer["outputs"][1]["data"], json!(predicted(second, 2).0));
    typed[age]["data"] = json!([null, 50]);
    let missing = server.json("POST", &format!("/v2/models/{id}/infer"), &json!({ "inputs": typed })).ok();
    assert_ne!(missing["outputs"][1]["data"], answer["outputs"][1]["data"]);
}

#[test]
fn tensors_that_make_no_rows_are_told_with_a_pointer() {
    let (_folder, server, project) = here();
    let id = text(&project.add(&server, "relapse", &made()[0]).ok()["id"]);
    let path = format!("/v2/models/{id}/infer");
    let twisted = |twist: &dyn Fn(&mut Vec<Value>)| {
        let mut inputs = tensors(3);
        twist(&mut inputs);
        server.json("POST", &path, &json!({ "inputs": inputs }))
    };
    type Twist<'a> = &'a dyn Fn(&mut Vec<Value>);
    let cases: [(Twist, &str); 8] = [
        (&|i| i[1]["shape"] = json!([4]), "/inputs/1"),
        (&|i| i[1]["shape"] = json!([3, 2]), "/inputs/1"),
        (&|i| i[1]["shape"] = json!([]), "/inputs/1"),
        (&|i| i[2]["data"] = json!(["a", "b"]), "/inputs/2"),
        (
            &|i| i[2] = json!({ "name": "x", "shape": [2], "datatype": "BYTES", "data": ["a", "b"] }),
            "/inputs/2",
        ),
        (&|i| i[0]["datatype"] = json!("COMPLEX"), "/inputs/0"),
        (&|i| i[0]["data"] = json!([["a"], "b", "c"]), "/inputs/0"),
        (
            &|i| {
                let twice = i[0].clone();
                i.push(twice);
            },
            "/inputs/10",
        ),
    ];
    for (number, (twist, pointer)) in cases.iter().enumerate() {
        let told = twisted(twist).problem(422);
        assert_eq!(told["pointer"], *pointer, "case {number}: {told}");
    }
    let told = twisted(&|i| i[1]["shape"] = json!([-3])).problem(400);
    assert!(text(&told["pointer"]).starts_with("/inputs/1/shape"), "{told}");
    let told = server.ask("POST", &path, &[], b"{\"inputs\": [").problem(400);
    assert!(text(&told["detail"]).contains("JSON"), "{told}");
    // No column that the model knows is no row.
    let strange = json!({ "inputs": [{ "name": "x", "shape": [1], "datatype": "BYTES", "data": ["a"] }] });
    let told = server.json("POST", &path, &strange).problem(422);
    assert!(!text(&told["diagnostics"][0]["message"]).is_empty(), "{told}");
    for path in [
        "/v2/models/nothing/infer",
        &format!("/v2/models/{id}/versions/9/infer"),
        &format!("/v2/models/{id}/versions/x/infer"),
    ] {
        server.json("POST", path, &json!({ "inputs": tensors(1) })).problem(404);
    }
}

/// Nobody learns of models that they may not ask.
#[test]
fn a_model_that_may_not_be_asked_is_not_there() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let team = Team::gather(folder.path());
    let path = format!("/api/v1/projects/{}/models?name=relapse", team.project);
    let added = team.server.ask("POST", &path, &[team.who("editor")], &made()[0]);
    assert_eq!(added.status, 201, "{added}");
    let id = text(&added.json()["id"]);
    for actor in ["stranger", "admin", "read"] {
        for rest in ["", "/ready", "/versions/1"] {
            let known = team.ask(actor, "GET", &format!("/v2/models/{id}{rest}")).problem(404);
            let unknown = team.ask(actor, "GET", &format!("/v2/models/nothing{rest}")).problem(404);
            assert_eq!(known, unknown, "{actor} {rest}");
        }
        let asked = |id: &str| {
            team.json(actor, "POST", &format!("/v2/models/{id}/infer"), &json!({ "inputs": tensors(1) }))
        };
        assert_eq!(asked(&id).problem(404), asked("nothing").problem(404), "{actor}");
    }
    for actor in ["viewer", "editor", "owner", "predict", "write"] {
        let answer =
            team.json(actor, "POST", &format!("/v2/models/{id}/infer"), &json!({ "inputs": tensors(1) }));
        assert_eq!(answer.status, 200, "{actor}: {answer}");
    }
    team.ask("nobody", "GET", &format!("/v2/models/{id}")).problem(401);
    team.ask("worker", "GET", &format!("/v2/models/{id}")).problem(403);
}

/// A table whose columns tell nothing gives a model that looks at none of them, and guesses for every row.
#[test]
fn a_model_that_looks_at_nothing_predicts_every_row() {
    let (folder, server, project) = here();
    let (table, model) = (folder.path().join("same.csv"), folder.path().join("same.trellis"));
    let rows: String = (0..60).map(|n| format!("1,{}\n", ["no", "yes"][n % 2])).collect();
    std::fs::write(&table, format!("same,y\n{rows}")).unwrap_or_else(|e| panic!("{e}"));
    let (from, to) = (table.to_string_lossy(), model.to_string_lossy());
    run(&["fit", &from, "--target", "y", "--max-trials", "1", "--quiet", "--out", &to]);
    let bytes = std::fs::read(&model).unwrap_or_else(|e| panic!("{e}"));
    let id = text(&project.add(&server, "same", &bytes).ok()["id"]);
    for name in ["same", "else"] {
        let input = json!({ "name": name, "shape": [2], "datatype": "INT64", "data": [1, null] });
        let told = server.json("POST", &format!("/v2/models/{id}/infer"), &json!({ "inputs": [input] })).ok();
        assert_eq!(told["outputs"][0]["shape"], json!([2]), "{told}");
        assert_eq!(told["outputs"][1]["data"].as_array().map(Vec::len), Some(4), "{told}");
    }
}

/// Who may ask what is looked up once for many requests; what changes counts for the next one all the same.
#[test]
fn what_is_taken_away_is_gone_for_the_next_request() {
    let folder = tempfile::tempdir().unwrap_or_else(|e| panic!("no temporary folder: {e}"));
    let team = Team::gather(folder.path());
    let project = format!("/api/v1/projects/{}", team.project);
    let add = |bytes: &[u8]| {
        text(
            &team.server.ask("POST", &format!("{project}/models?name=m"), &[team.who("owner")], bytes).ok()["id"],
        )
    };
    let model = add(&made()[0]);
    let row = json!({ "inputs": tensors(1) });
    let asked = |who: &str, path: &str| {
        team.server.json_with("POST", &format!("/v2/models/{model}{path}/infer"), &[who], &row)
    };
    let version = |path: &str| text(&asked(team.who("viewer"), path).ok()["model_version"]);
    let point = |to: i64| {
        let alias = format!("{project}/models/{model}/aliases/champion");
        team.json("owner", "PUT", &alias, &json!({ "version": to })).ok();
    };
    point(1);
    assert_eq!((version(""), version("/versions/@champion")), ("1".to_owned(), "1".to_owned()));
    assert_eq!(add(&made()[1]), model);
    assert_eq!((version(""), version("/versions/@champion")), ("2".to_owned(), "1".to_owned()));
    for to in [2, 1, 2] {
        point(to);
        assert_eq!(version("/versions/@champion"), to.to_string());
    }
    for _ in 0..5 {
        let body = json!({ "name": "a", "scope": "predict", "days": 1 });
        let token = team.json("viewer", "POST", "/api/v1/me/tokens", &body).ok();
        let header = format!("Authorization: Bearer {}", text(&token["token"]));
        (0..3).for_each(|_| _ = asked(&header, "").ok());
        let path = format!("/api/v1/me/tokens/{}", text(&token["id"]));
        assert_eq!(team.ask("viewer", "DELETE", &path).status, 204);
        asked(&header, "").problem(401);
    }
    let me = text(&team.ask("viewer", "GET", "/api/v1/me").ok()["account"]["id"]);
    assert_eq!(team.ask("owner", "DELETE", &format!("{project}/members/{me}")).status, 204);
    asked(team.who("viewer"), "").problem(404);
    assert_eq!(team.ask("owner", "DELETE", &format!("{project}/models/{model}")).status, 204);
    asked(team.who("owner"), "").problem(404);
}
