//! Batches of rows that somebody else predicts.

use super::*;
use crate::compute::Card;
use crate::diagnostic::Diagnostic;
use crate::engine::protocol::Look;
use crate::platform::ready;
use std::collections::BTreeSet;

/// Everything that asks a model about rows, with enough of them for a card.
fn asking() -> PipelineDocument {
    document(
        &[
            ("shop", "source.file", json!({"name": "shop.csv"})),
            ("split", "table.split", json!({"share": 0.99})),
            ("ask", "target.question", json!({"target": "answer"})),
            ("a", "learner.extra_trees", json!({"trees": 10})),
            ("evaluate", "model.evaluate", json!({})),
            ("importance", "model.importance", json!({"repeats": 100, "rows": 700})),
            ("dependence", "model.dependence", json!({"column": "amount", "points": 200})),
            ("predict", "model.predict", json!({"interval": 0.9})),
        ],
        &[
            "shop.table split.table",
            "split.train ask.table",
            "split.train a.table",
            "ask.target a.target",
            "a.model evaluate.model",
            "split.test evaluate.table",
            "a.model importance.model",
            "split.test importance.table",
            "a.model dependence.model",
            "split.test dependence.table",
            "a.model predict.model",
            "split.test predict.table",
        ],
    )
}

/// The shop, over and over.
fn desk() -> Desk {
    let text = csv(Task::Multiclass);
    let (head, rows) = text.split_once('\n').expect("a head");
    let mut desk = Desk::new();
    desk.workspace.supply("file:shop.csv", supplied(&format!("{head}\n{}", rows.repeat(200))));
    desk
}

/// Goes on until rows are to be predicted; `None`: the run has ended first.
fn next_batch(desk: &mut Desk) -> Option<Batch> {
    while desk.workspace.is_running() {
        if let Some(batch) = desk.workspace.batch() {
            return Some(batch);
        }
        let stepped = desk.workspace.step(true, 0.0);
        desk.hear(stepped.events);
        if let Some(study) = stepped.study {
            let outcome = run_study(&Arc::new(study.prepared), &study.request, 2);
            let events = desk.workspace.trained(outcome, 0.0);
            desk.hear(events);
        }
    }
    None
}

#[cfg(feature = "gpu")]
fn card() -> Option<Card> {
    let device = crate::compute::kernels::testing::card()?.device.clone();
    Some(Card::always(device))
}

#[cfg(not(feature = "gpu"))]
fn card() -> Option<Card> {
    None
}

fn under_way(desk: &Desk) -> String {
    let running = desk.workspace.plan_view().nodes.into_iter().find(|(_, v)| v.state == NodeState::Running);
    running.expect("a node").0
}

#[test]
fn what_others_predict_is_what_would_have_been_predicted_here() {
    let (mut here, mut there) = (desk(), desk());
    all_done(&here.run(&asking()));
    let card = card();
    let begun = there.workspace.run(&asking(), &RunRequest::default(), 0.0);
    there.hear(begun);
    let mut asked = BTreeSet::new();
    while let Some(batch) = next_batch(&mut there) {
        assert!(batch.is_large());
        asked.insert(under_way(&there));
        let said = ready(batch.predict(card.as_ref()));
        let event = there.workspace.predicted(&batch, said, 1.0).expect("an answer for this run");
        there.hear(vec![event]);
    }
    let nodes = ["dependence", "evaluate", "importance", "predict"];
    assert_eq!(asked.iter().map(String::as_str).collect::<Vec<_>>(), nodes);
    all_done(&there.workspace.plan_view());
    let scores = |desk: &Desk| desk.workspace.scores("evaluate", "scores").expect("scores").to_vec();
    assert_eq!(format!("{:?}", scores(&here)), format!("{:?}", scores(&there)));
    for node in &nodes[..] {
        let port = if *node == "evaluate" { "report" } else { "table" };
        let look = |desk: &Desk| desk.workspace.look(node, port, 0, 70_000);
        assert!(matches!(look(&here), Look::Table { .. } | Look::Report { .. }), "{node}");
        assert!(look(&here) == look(&there), "{node} differs");
    }
}

#[test]
fn nothing_else_is_done_meanwhile_and_late_answers_are_passed_over() {
    let mut desk = desk();
    let begun = desk.workspace.run(&asking(), &RunRequest::default(), 0.0);
    desk.hear(begun);
    let late = next_batch(&mut desk).expect("rows");
    assert!(!desk.workspace.has_work(true) && desk.workspace.batch().is_none());
    assert!(desk.workspace.step(true, 0.0).events.is_empty());
    let stopped = desk.workspace.stop(1.0);
    desk.hear(stopped);
    assert!(desk.workspace.predicted(&late, ready(late.predict(None)), 1.0).is_none());

    // The next run asks again, and what is said of it ends a node.
    let begun = desk.workspace.run(&asking(), &RunRequest::default(), 2.0);
    desk.hear(begun);
    let batch = next_batch(&mut desk).expect("rows");
    assert!(desk.workspace.predicted(&late, ready(late.predict(None)), 1.0).is_none());
    let node = under_way(&desk);
    let why = || Diagnostic::error("step.late", "A step cannot be done.", "Mend it.");
    assert!(desk.workspace.predicted(&batch, Err(why()), 1.0).is_some());
    let plan = desk.workspace.plan_view();
    assert_eq!(plan.nodes[&node].state, NodeState::Failed);
    assert!(found(&plan).contains(&format!("{node}: step.late@table")), "{:?}", found(&plan));
}
