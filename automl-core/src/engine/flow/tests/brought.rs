//! Results that came with a document.

use super::*;
use crate::engine::Outcome;
use crate::engine::tests::request;

/// A table divided, a model, its judgement and its predictions.
fn judged() -> PipelineDocument {
    document(
        &[
            shop(),
            ("split", "table.split", json!({})),
            ("a", "learner.logistic", json!({"target": "answer"})),
            ("evaluate", "model.evaluate", json!({})),
            ("predict", "model.predict", json!({})),
        ],
        &[
            "shop.table split.table",
            "split.train a.table",
            "a.model evaluate.model",
            "split.test evaluate.table",
            "a.model predict.model",
            "split.test predict.table",
        ],
    )
}

fn shop() -> (&'static str, &'static str, Value) {
    ("shop", "source.file", json!({"name": "shop.csv"}))
}

/// The present results of these nodes, as a project holds them.
fn packed(desk: &Desk, nodes: &[&str]) -> Vec<(String, Vec<u8>)> {
    let one = |node: &&str| {
        let key = desk.workspace.present_key(node).expect("a key");
        let bytes = desk.workspace.cache_bytes(&key).expect("a result");
        (key, bytes)
    };
    nodes.iter().map(one).collect()
}

fn bring(desk: &mut Desk, results: &[(String, Vec<u8>)]) -> (u32, Vec<String>) {
    let parts: Vec<(String, &[u8])> = results.iter().map(|(k, b)| (k.clone(), b.as_slice())).collect();
    let (taken, refused) = desk.workspace.bring(&parts);
    (taken, refused.into_iter().map(|d| d.code).collect())
}

#[test]
fn models_that_were_brought_are_used_without_training() {
    let mut first = Desk::with_shop(Task::Binary);
    all_done(&first.run(&judged()));
    let results = packed(&first, &["a", "evaluate"]);
    let mut other = Desk::with_shop(Task::Binary);
    other.workspace.plan(&judged());
    assert_eq!(bring(&mut other, &results), (2, Vec::new()));
    let plan = other.workspace.plan_view();
    for (node, state) in
        [("a", NodeState::Done), ("evaluate", NodeState::Done), ("predict", NodeState::Ready)]
    {
        assert_eq!(plan.nodes[node].state, state, "{node}");
    }
    assert!(plan.nodes["a"].brought && plan.nodes["evaluate"].brought && !plan.nodes["predict"].brought);
    let plan = other.run(&judged());
    all_done(&plan);
    // The table, its parts and the predictions: no model.
    assert_eq!(other.ended, Some((RunEnd::Done, 3, 2, 0)));
    assert_eq!(plan.nodes["predict"].digest, first.workspace.plan_view().nodes["predict"].digest);
    assert!(
        plan.nodes["predict"].brought && !plan.nodes["split"].brought,
        "what is made of it is no more sure"
    );

    // Nothing of it is written down, and another document's results take its place.
    let kept = other.workspace.fresh_results();
    let key = |node: &str| other.workspace.present_key(node).expect("a key");
    assert!(kept.contains(&key("split")) && !kept.contains(&key("a")) && !kept.contains(&key("predict")));
    assert_eq!(bring(&mut other, &[]), (0, Vec::new()));
    let states = other.workspace.plan_view();
    assert_eq!(states.nodes["a"].state, NodeState::Ready);
    assert_eq!(states.nodes["split"].state, NodeState::Done);
}

#[test]
fn results_of_other_data_are_not_shown() {
    let mut first = Desk::with_shop(Task::Binary);
    all_done(&first.run(&judged()));
    let results = packed(&first, &["a", "evaluate"]);
    let mut other = Desk::new();
    other.workspace.supply("file:shop.csv", supplied("answer,amount\nyes,1\nno,2\n"));
    other.workspace.plan(&judged());
    assert_eq!(bring(&mut other, &results).0, 2);
    assert!(other.workspace.plan_view().nodes.values().all(|n| n.state != NodeState::Done));
}

#[test]
fn damaged_and_hostile_results_are_refused() {
    let mut first = Desk::with_shop(Task::Binary);
    all_done(&first.run(&judged()));
    let good = packed(&first, &["a", "split"]);
    let mut cut = good[0].clone();
    cut.1.truncate(20);
    let mut turned = good[0].clone();
    turned.1[60] ^= 1;
    let other_key = (good[1].0.clone(), good[0].1.clone());
    for wrong in [cut, turned, other_key, (good[0].0.clone(), Vec::new())] {
        let mut desk = Desk::with_shop(Task::Binary);
        desk.workspace.plan(&judged());
        assert_eq!(bring(&mut desk, &[wrong, good[1].clone()]), (1, vec!["result.damaged".to_owned()]));
        assert_eq!(desk.workspace.plan_view().nodes["split"].state, NodeState::Done);
    }

    // A result that is sound and of another kind than its node: the model's key with a table's bytes.
    let model = first.workspace.present_key("a").expect("a key");
    let forged = first.workspace.forged(&good[1].0, &model);
    let mut desk = Desk::with_shop(Task::Binary);
    desk.workspace.plan(&judged());
    bring(&mut desk, &[(model, forged)]);
    assert_eq!(desk.workspace.plan_view().nodes["a"].state, NodeState::Ready);
    all_done(&desk.run(&judged()));
}

#[test]
fn what_was_computed_here_stays() {
    let mut desk = Desk::with_shop(Task::Binary);
    all_done(&desk.run(&judged()));
    let results = packed(&desk, &["a"]);
    assert_eq!(bring(&mut desk, &results), (0, Vec::new()));
    assert!(!desk.workspace.plan_view().nodes["a"].brought);
}

#[test]
fn a_search_is_taken_over_where_it_is_the_same() {
    let asked = request(3);
    let drawn = from_request(&catalogue(), "shop.csv", &ReadOptions::default(), &asked);
    let mut first = Desk::with_shop(Task::Binary);
    all_done(&first.run(&drawn));
    let outcome = || -> Outcome {
        let model = first.workspace.model("search-1", "model").expect("a model");
        let artifact =
            crate::engine::ModelArtifact::from_bytes(&model.artifact.to_bytes()).expect("its bytes");
        Outcome { artifact, board: model.board.clone(), verdict: model.verdict.clone(), fitted: Vec::new() }
    };
    let digest = |desk: &Desk| desk.workspace.plan_view().nodes["search-1"].digest.clone();

    let mut other = Desk::with_shop(Task::Binary);
    other.workspace.plan(&drawn);
    other.workspace.adopt_search("search-1", outcome(), true).expect("the same search");
    assert_eq!(digest(&other), digest(&first));
    other.run(&drawn);
    assert_eq!(other.ended, Some((RunEnd::Done, 1, 1, 0)));

    let refused = |desk: &mut Desk, drawn: &PipelineDocument, said: &str| {
        desk.workspace.plan(drawn);
        let why = desk.workspace.adopt_search("search-1", outcome(), true).expect_err("another search");
        assert!(why.message.contains(said), "{}", why.message);
    };
    let longer = from_request(&catalogue(), "shop.csv", &ReadOptions::default(), &request(4));
    refused(&mut Desk::with_shop(Task::Binary), &longer, "cannot ask for exactly the same");
    let mut changed = Desk::new();
    changed.workspace.supply("file:shop.csv", supplied(&csv(Task::Binary).replacen('1', "2", 1)));
    refused(&mut changed, &drawn, "table is not read in the same way");
    refused(&mut Desk::new(), &drawn, "not ready to run");
}
