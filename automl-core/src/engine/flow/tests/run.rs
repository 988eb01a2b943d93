//! Runs.

use super::*;
use crate::engine::protocol::StudyRequest;

fn shop() -> (&'static str, &'static str, Value) {
    ("shop", "source.file", json!({"name": "shop.csv"}))
}

#[test]
fn tables_are_operated_on() {
    let document = document(
        &[
            shop(),
            ("group", "table.group", json!({})),
            ("split", "table.split", json!({"share": 0.25})),
            ("out", "export.table", json!({"name": "train"})),
        ],
        &["shop.table split.table", "split.train out.table"],
    );
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.workspace.plan(&document);
    assert_eq!(plan.nodes["split"].state, NodeState::Ready, "{:?}", plan.nodes["split"]);
    assert_eq!(plan.nodes["out"].outputs[0].schema.as_ref().map(Vec::len), Some(4));
    let plan = desk.run(&document);
    assert_eq!(plan.nodes["out"].text, "225 rows × 4 columns");
    assert_eq!(desk.ended, Some((RunEnd::Done, 3, 0, 0)));
    let (name, bytes) = desk.workspace.save("out", "table").expect("a table");
    assert_eq!((name.as_str(), String::from_utf8_lossy(&bytes).lines().count()), ("train.csv", 226));
    desk.run(&document);
    assert_eq!(desk.ended, Some((RunEnd::Done, 0, 3, 0)));
}

#[test]
fn sources_are_seen_without_a_run() {
    let document = document(
        &[shop(), ("text", "source.paste", json!({"text": "a,b\n1,2\n"})), ("all", "table.sort", json!({}))],
        &["shop.table all.table"],
    );
    let mut desk = Desk::new();
    desk.workspace.plan(&document);
    assert!(matches!(desk.workspace.look("shop", "table", 0, 5), Look::Nothing));
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.workspace.plan(&document);
    let rows = |desk: &Desk, node: &str| match desk.workspace.look(node, "table", 0, 5) {
        Look::Table { of, rows, .. } => Some((of, rows.len())),
        _ => None,
    };
    assert_eq!((rows(&desk, "shop"), rows(&desk, "text")), (Some((300, 5)), Some((1, 1))));
    assert_eq!(rows(&desk, "all"), None, "only sources are");
    assert_eq!(
        (plan.nodes["shop"].state, plan.nodes["shop"].text.as_str()),
        (NodeState::Ready, "300 rows × 4 columns")
    );
    assert!(desk.workspace.save("shop", "table").is_ok());
    // What is looked at is not kept as if it had been run.
    desk.run(&document);
    assert_eq!(desk.ended.map(|e| e.1), Some(2));
}

#[test]
fn the_first_pages_search_gives_the_same_model() {
    let request = crate::engine::tests::request(4);
    let document = from_request(&catalogue(), "shop.csv", &ReadOptions::default(), &request);
    let mut desk = Desk::with_shop(Task::Binary);
    all_done(&desk.run(&document));
    let (table, next) = table(&csv(Task::Binary));
    let prepared = crate::engine::prepare(&table, next, &request).expect("a table");
    let outcome = run_study(&Arc::new(prepared), &request, 1).expect("a model");
    let model = desk.workspace.model("search-1", "model").expect("a model");
    assert!(model.artifact.to_bytes() == outcome.artifact.to_bytes());
    let _ = states(&desk.workspace.plan_view());
    let _ = found(&desk.workspace.plan_view());
}

#[test]
fn a_population_that_is_asked_for_reaches_the_search() {
    let learners = ["naive_bayes", "mlp"].map(str::to_owned).to_vec();
    let request = StudyRequest { populations: true, learners, ..crate::engine::tests::request(3) };
    let drawn =
        |request: &StudyRequest| from_request(&catalogue(), "shop.csv", &ReadOptions::default(), request);
    let mut desk = Desk::with_shop(Task::Binary);
    all_done(&desk.run(&drawn(&request)));
    let model = desk.workspace.model("search-1", "model").expect("a model");
    let header = model.artifact.header();
    assert!(header.request.populations && header.board.population.is_some(), "{:?}", header.request);
    // What it does not go with is told at its own place.
    let plan = desk.run(&drawn(&StudyRequest { reproducible: true, ..request }));
    assert_eq!(found(&plan), ["search-1: populations.not_reproducible@populations"]);
}
