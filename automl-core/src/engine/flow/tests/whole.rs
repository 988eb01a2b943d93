//! Whole pipelines: training, judging, staleness, leakage, kept results.

use super::*;
use crate::engine::protocol::Look;

fn shop() -> (&'static str, &'static str, Value) {
    ("shop", "source.file", json!({"name": "shop.csv"}))
}

fn judged(alpha: f64) -> PipelineDocument {
    document(
        &[
            shop(),
            ("split", "table.split", json!({"share": 0.3})),
            ("ask", "target.question", json!({"target": "answer"})),
            ("a", "learner.logistic", json!({"c": alpha})),
            ("b", "learner.extra_trees", json!({"trees": 10})),
            ("both", "model.ensemble", json!({})),
            ("evaluate", "model.evaluate", json!({})),
            ("compare", "model.compare", json!({})),
            ("importance", "model.importance", json!({"repeats": 2})),
            ("dependence", "model.dependence", json!({"column": "shop"})),
            ("predict", "model.predict", json!({})),
            ("file", "export.model", json!({"name": "best"})),
        ],
        &[
            "shop.table split.table",
            "split.train ask.table",
            "split.train a.table",
            "split.train b.table",
            "ask.target a.target",
            "ask.target b.target",
            "a.model both.models",
            "b.model both.models",
            "both.model evaluate.model",
            "split.test evaluate.table",
            "a.scores compare.scores",
            "b.scores compare.scores",
            "both.model importance.model",
            "split.test importance.table",
            "both.model dependence.model",
            "split.test dependence.table",
            "both.model predict.model",
            "split.test predict.table",
            "both.model file.model",
        ],
    )
}

#[test]
fn models_are_trained_judged_explained_and_used() {
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.run(&judged(1.0));
    all_done(&plan);
    let scores = desk.workspace.scores("evaluate", "scores").expect("scores");
    assert_eq!((scores[0].rows, scores[0].metrics[0].id.as_str()), (90, "roc_auc"));
    assert!(scores[0].metrics[0].score.is_some_and(|s| s > 0.8), "{scores:?}");
    assert_eq!(scores[0].confusion.iter().sum::<u64>(), 90);
    let Look::Table { schema, of: 90, .. } = desk.workspace.look("predict", "table", 0, 5) else {
        panic!("a table")
    };
    let names: Vec<&str> = schema.iter().map(|c| c.0.as_str()).collect();
    assert_eq!(names[4..], ["prediction", "probability_no", "probability_yes"]);
    let Look::Table { rows, .. } = desk.workspace.look("importance", "table", 0, 5) else {
        panic!("a table")
    };
    assert!(rows[0][0].as_deref().is_some_and(|c| c == "amount" || c == "shop"), "{rows:?}");
    assert_eq!(desk.workspace.save("file", "model").expect("a model").0, "best.trellis");

    // One setting is that learner; what hangs on it alone is run again, and moving nothing.
    let mut moved = judged(1.0);
    let place = Some(crate::document::Place { x: 9.0, y: 9.0 });
    moved.apply(Edit::Move { id: NodeId("a".to_owned()), place }).expect("a node");
    moved.apply(Edit::RenameNode { id: NodeId("a".to_owned()), title: "Mine".to_owned() }).expect("a node");
    desk.run(&moved);
    assert_eq!(desk.ended, Some((RunEnd::Done, 0, 12, 0)));
    let plan = desk.workspace.plan(&judged(0.5));
    let stale: Vec<&str> =
        plan.nodes.iter().filter(|n| n.1.state == NodeState::Stale).map(|n| n.0.as_str()).collect();
    let hang_on_it = ["a", "both", "compare", "dependence", "evaluate", "file", "importance", "predict"];
    assert_eq!(stale, hang_on_it);
}

#[test]
fn results_outlast_a_workspace() {
    let drawn =
        document(&[shop(), ("a", "learner.logistic", json!({"target": "answer"}))], &["shop.table a.table"]);
    let mut desk = Desk::with_shop(Task::Binary);
    all_done(&desk.run(&drawn));
    let mut other = Desk::with_shop(Task::Binary);
    other.workspace.plan(&drawn);
    let wanted = other.workspace.wanted_results();
    assert_eq!(wanted.len(), 2);
    for key in &wanted {
        let mut bytes = desk.workspace.cache_bytes(key).expect("a result");
        other.workspace.take_cached(key, &bytes).expect("its own bytes");
        assert!(other.workspace.take_cached("another", &bytes).is_err());
        let middle = bytes.len() / 2;
        bytes[middle] ^= 1;
        assert!(other.workspace.take_cached(key, &bytes).is_err());
    }
    other.run(&drawn);
    assert_eq!(other.ended, Some((RunEnd::Done, 0, 2, 0)));
    let digest = |desk: &Desk| desk.workspace.plan_view().nodes["a"].digest.clone();
    assert_eq!(digest(&desk), digest(&other));
    // Afresh, it is run again and gives the same.
    let asked =
        RunRequest { nodes: vec!["a".to_owned()], afresh: vec!["a".to_owned()], ..RunRequest::default() };
    let before = digest(&other);
    other.run_asked(&drawn, &asked);
    assert_eq!((other.ended, digest(&other)), (Some((RunEnd::Done, 1, 1, 0)), before));
}

#[test]
fn a_failure_stops_what_needs_it_and_nothing_else() {
    let drawn = document(
        &[
            shop(),
            ("bad", "learner.logistic", json!({"target": "amount", "task": "multiclass"})),
            ("judge", "model.evaluate", json!({})),
            ("split", "table.split", json!({})),
        ],
        &[
            "shop.table bad.table",
            "bad.model judge.model",
            "shop.table judge.table",
            "shop.table split.table",
        ],
    );
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.run(&drawn);
    assert_eq!(desk.ended, Some((RunEnd::Done, 2, 0, 1)));
    let state = |id: &str| plan.nodes[id].state;
    assert_eq!(
        (state("bad"), state("judge"), state("split")),
        (NodeState::Failed, NodeState::Ready, NodeState::Done)
    );
    assert!(found(&plan).contains(&"bad: target.wrong_task@target".to_owned()), "{:?}", found(&plan));
    let nothing = desk.run(&document(&[("split", "table.split", json!({}))], &[]));
    assert_eq!(
        (nothing.nodes["split"].state, desk.ended),
        (NodeState::NotSet, Some((RunEnd::Refused, 0, 0, 0)))
    );
}

/// Rows whose answer is chance, with an id that target means learn by heart.
fn noise() -> String {
    let mut rng = crate::numeric::Rng::new(5);
    let mut out = "who,answer\n".to_owned();
    for i in 0..400 {
        out.push_str(&format!("p{},{}\n", i % 200, if rng.below(2) == 0 { "no" } else { "yes" }));
    }
    out
}

#[test]
fn target_means_before_training_do_not_leak() {
    let steps = catalogue().into_iter().map(|k| k.id).find(|id| id.ends_with(".encode")).expect("a kind");
    let drawn = document(
        &[
            ("noise", "source.file", json!({"name": "noise.csv"})),
            ("encode", &steps, json!({"columns": ["who"], "method": "target", "target": "answer"})),
            ("learn", "learner.logistic", json!({"target": "answer"})),
        ],
        &["noise.table encode.table", "encode.table learn.table"],
    );
    let mut desk = Desk::new();
    desk.workspace.supply("file:noise.csv", supplied(&noise()));
    let plan = desk.run(&drawn);
    assert_eq!(plan.in_folds, ["encode"]);
    assert_eq!(plan.nodes["learn"].state, NodeState::Done, "{:?}", plan.nodes["learn"].findings);
    let model = desk.workspace.model("learn", "model").expect("a model");
    let best = model.board.best_score.expect("a score");
    assert!((best - 0.5).abs() < 0.12, "{best} is better than chance");
}
