//! What a plan finds.

use super::*;

fn shop() -> (&'static str, &'static str, Value) {
    ("shop", "source.file", json!({"name": "shop.csv"}))
}

fn check(nodes: &[(&str, &str, Value)], wires: &[&str], expected: &[&str]) {
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.workspace.plan(&document(nodes, wires));
    assert_eq!(found(&plan), expected, "{nodes:?} {wires:?}");
}

#[test]
fn what_is_wrong_is_pointed_at() {
    let split = || ("split", "table.split", json!({}));
    let learner = |params| ("learn", "learner.logistic", params);
    check(&[shop(), split()], &["shop.table split.table"], &[]);
    check(&[split()], &[], &["split: port.empty@table"]);
    check(&[("x", "vendor.mystery", json!({"a": 1}))], &[], &["x: kind.unknown@"]);
    check(&[shop(), split()], &["shop.rows split.table"], &["split: wire.no_port@table"]);
    check(
        &[shop(), split()],
        &["shop.table split.tabel"],
        &["split: wire.no_port@tabel", "split: port.empty@table"],
    );
    check(
        &[shop(), learner(json!({})), split()],
        &["shop.table learn.table", "learn.model split.table"],
        &["learn: param.missing@target", "split: wire.type@table"],
    );
    let two = ("more", "source.paste", json!({"text": "a,b\n1,2\n"}));
    check(
        &[shop(), two, split()],
        &["shop.table split.table", "more.table split.table"],
        &["split: wire.too_many@table"],
    );
    check(
        &[split(), ("again", "table.split", json!({}))],
        &["split.train again.table", "again.train split.table"],
        &["again: wire.circle@", "split: wire.circle@"],
    );
    check(
        &[shop(), learner(json!({"target": "answr"}))],
        &["shop.table learn.table"],
        &["learn: param.no_column@target"],
    );
    check(
        &[shop(), ("ask", "target.question", json!({"target": "answer"})), learner(json!({"c": -1.0}))],
        &["shop.table learn.table", "shop.table ask.table", "ask.target learn.target"],
        &["learn: param.range@c"],
    );
}

#[test]
fn a_newer_version_is_kept_and_not_run() {
    let mut newer = document(&[shop(), ("split", "table.split", json!({}))], &["shop.table split.table"]);
    let mut node = newer.nodes()[&NodeId("split".to_owned())].clone();
    node.version = 9;
    let id = NodeId("later".to_owned());
    newer.apply(Edit::AddNode { id, node, place: None }).expect("free");
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.run(&newer);
    assert_eq!(found(&plan), ["later: kind.newer@"]);
    assert_eq!(plan.nodes["later"].state, NodeState::Unknown);
    assert_eq!(plan.nodes["split"].state, NodeState::Done);
}

#[test]
fn what_learns_before_training_is_fitted_in_folds() {
    let impute = ("impute", "prepare.impute", json!({}));
    let kind =
        |word: &str| catalogue().into_iter().map(|k| k.id).find(|id| id.ends_with(word)).expect("a kind");
    let impute_kind = kind("impute");
    let impute = (impute.0, impute_kind.as_str(), impute.2);
    let search = ("search", "automl.search", json!({"target": "answer", "max_trials": 2}));
    let drawn = document(
        &[shop(), impute.clone(), search.clone()],
        &["shop.table impute.table", "impute.table search.table"],
    );
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.workspace.plan(&drawn);
    assert_eq!((plan.in_folds.clone(), found(&plan)), (vec!["impute".to_owned()], vec![]));
    // A split between them: it has learned from the rows that judge.
    let early = document(
        &[shop(), impute, ("split", "table.split", json!({})), search],
        &["shop.table impute.table", "impute.table split.table", "split.train search.table"],
    );
    let plan = desk.workspace.plan(&early);
    assert!(plan.in_folds.is_empty());
    assert_eq!(found(&plan), ["search: flow.fitted_on_all_rows@table"]);
    let message = &plan.nodes["search"].findings[0].diagnostic;
    assert!(message.message.contains("Split") && message.remedy.contains("behind"), "{message:?}");
}

#[test]
fn a_switched_off_node_lets_its_input_through() {
    let mut drawn = document(
        &[shop(), ("split", "table.split", json!({})), ("out", "export.table", json!({}))],
        &["shop.table split.table", "split.test out.table"],
    );
    drawn.apply(Edit::Bypass { id: NodeId("split".to_owned()), bypassed: true }).expect("a node");
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.run(&drawn);
    assert_eq!(plan.nodes["out"].text, "300 rows × 4 columns");
    assert_eq!(plan.nodes["split"].state, NodeState::Bypassed);
    assert!(plan.nodes["split"].outputs[1].has_result);
}

#[test]
fn expressions_are_completed() {
    let drawn = document(
        &[shop(), ("filter", "table.filter", json!({"where": "amount > 1"}))],
        &["shop.table filter.table"],
    );
    let mut desk = Desk::with_shop(Task::Binary);
    let plan = desk.workspace.plan(&drawn);
    let kinds = catalogue();
    let fields = &kinds.iter().find(|k| k.id == "table.filter").expect("a kind").fields;
    let is_expression =
        |f: &&crate::kind::FieldSpec| matches!(f.kind, crate::kind::FieldKind::Expression { .. });
    let name = fields.iter().find(is_expression).map(|f| f.name.clone()).expect("an expression");
    let (all, finding) = desk.workspace.complete("filter", &name, "am", 2);
    assert!(
        all.iter().any(|s| s.insert == "amount" && s.replaces == (0, 2) && s.kind == "column"),
        "{all:?}"
    );
    assert!(finding.is_some_and(|f| f.param.as_deref() == Some(name.as_str())));
    assert_eq!(desk.workspace.complete("filter", "none", "am", 2), (Vec::new(), None));
    assert!(plan.nodes["filter"].outputs[0].schema.is_some(), "{:?}", plan.nodes["filter"]);
}

#[test]
fn a_model_is_not_judged_by_the_rows_that_trained_it_unwarned() {
    let nodes = || {
        [
            shop(),
            ("split", "table.split", json!({})),
            ("scale", "prepare.scale", json!({})),
            ("learn", "learner.logistic", json!({"target": "answer"})),
            ("judge", "model.evaluate", json!({})),
        ]
    };
    let judged_by = |table: &str, expected: &[&str]| {
        let wire = format!("{table} judge.table");
        let drawn = ["shop.table split.table", "split.train scale.table", "scale.table learn.table"];
        let wires = [drawn.as_slice(), &["learn.model judge.model", &wire]].concat();
        check(&nodes(), &wires, expected);
    };
    judged_by("split.test", &[]);
    for trained_on in ["split.train", "scale.table", "shop.table"] {
        judged_by(trained_on, &["judge: flow.rows_of_training@table"]);
    }
}

#[test]
fn what_is_wrong_with_a_wire_stands_at_the_wire() {
    let split = |id| (id, "table.split", json!({}));
    let check = |nodes: &[(&str, &str, Value)], wires: &[&str], bypassed: &[&str], expected: &[&str]| {
        let mut drawn = document(nodes, wires);
        for id in bypassed {
            drawn.apply(Edit::Bypass { id: NodeId((*id).to_owned()), bypassed: true }).expect("a node");
        }
        let mut desk = Desk::with_shop(Task::Binary);
        let plan = desk.workspace.plan(&drawn);
        let told = plan.findings.iter().map(|f| {
            let (from, to) = (&f.wire.from, &f.wire.to);
            assert!(
                !f.diagnostic.remedy.is_empty() && f.diagnostic.node.as_ref() == Some(&to.node.0),
                "{f:?}"
            );
            format!("{}.{} {}.{}: {}", from.node, from.port, to.node, to.port, f.diagnostic.code)
        });
        assert_eq!(told.collect::<Vec<_>>(), expected, "{wires:?}");
    };
    let learner = || ("learn", "learner.logistic", json!({"target": "answer"}));
    let more = || ("more", "source.paste", json!({"text": "a,b\n1,2\n"}));
    check(&[shop(), split("a")], &["shop.table a.table"], &[], &[]);
    let wrong = "shop.table learn.table";
    check(
        &[shop(), learner(), split("a")],
        &[wrong, "learn.model a.table"],
        &[],
        &["learn.model a.table: wire.type"],
    );
    check(&[shop(), split("a")], &["shop.rows a.table"], &[], &["shop.rows a.table: wire.no_port"]);
    check(&[shop(), split("a")], &["shop.table a.gone"], &[], &["shop.table a.gone: wire.no_port"]);
    check(
        &[shop(), more(), split("a")],
        &["shop.table a.table", "more.table a.table"],
        &[],
        &["more.table a.table: wire.too_many", "shop.table a.table: wire.too_many"],
    );
    // Of a circle, the wires along it and no others.
    check(
        &[split("a"), split("b"), split("c"), split("d")],
        &["a.train b.table", "b.train c.table", "c.train a.table", "c.test d.table"],
        &[],
        &["a.train b.table: wire.circle", "b.train c.table: wire.circle", "c.train a.table: wire.circle"],
    );
    check(
        &[more(), learner(), ("out", "export.model", json!({}))],
        &["more.table learn.table", "learn.model out.model"],
        &["learn"],
        &["learn.model out.model: wire.silent"],
    );
}

fn stacked(order: Option<&[&str]>) -> PipelineDocument {
    let paste = |rows: &str| json!({"text": format!("a\n{rows}\n")});
    let params = order.map_or(json!({}), |order| json!({"order": order}));
    document(
        &[
            ("one", "source.paste", paste("1")),
            ("two", "source.paste", paste("2")),
            ("three", "source.paste", paste("3")),
            ("all", "table.union", params),
        ],
        &["one.table all.tables", "two.table all.tables", "three.table all.tables"],
    )
}

#[test]
fn tables_follow_each_other_in_the_order_that_is_asked_for() {
    let mut desk = Desk::new();
    let mut check = |order: Option<&[&str]>, expected: &str| {
        let drawn = stacked(order);
        all_done(&desk.run(&drawn));
        let crate::engine::protocol::Look::Table { rows, .. } = desk.workspace.look("all", "table", 0, 9)
        else {
            panic!("a table")
        };
        let cells: Vec<String> = rows.into_iter().flatten().flatten().collect();
        assert_eq!(cells.concat(), expected, "{order:?}");
        let input = PortRef::new("all", "tables");
        let ids: Vec<String> = sources(&drawn, &input).into_iter().map(|s| s.node.0).collect();
        assert_eq!(
            order_of(&sources(&drawn, &input)),
            json!(ids.iter().map(|id| format!("{id}.table")).collect::<Vec<_>>())
        );
        desk.workspace.plan_view().nodes["all"].key.clone()
    };
    let usual = check(None, "132");
    check(Some(&["two.table", "one.table", "three.table"]), "213");
    // What it does not name follows; what is gone does no harm.
    check(Some(&["two.table", "gone.table"]), "213");
    // An order that changes nothing is no other result, but another document.
    assert_eq!(check(Some(&["one.table"]), "132"), usual);
    assert_ne!(stacked(None).hash(), stacked(Some(&["one.table"])).hash());
}

#[test]
fn what_takes_several_wires_keeps_their_order() {
    for kind in catalogue() {
        let many = kind.inputs.iter().any(|p| p.many);
        let keeps = kind.field(crate::kind::ORDER).is_some_and(|f| f.kind == crate::kind::FieldKind::Hidden);
        assert_eq!(many, keeps, "{}", kind.id);
    }
}

#[test]
fn a_plan_knows_what_is_pinned() {
    let drawn = |rows: u32| {
        document(
            &[shop(), ("head", "table.head", json!({"rows": rows})), ("out", "export.table", json!({}))],
            &["shop.table head.table", "head.table out.table"],
        )
    };
    let mut desk = Desk::with_shop(Task::Binary);
    all_done(&desk.run(&drawn(5)));
    let states = |plan: &PlanView| (plan.nodes["head"].state, plan.nodes["out"].state);
    assert_eq!(states(&desk.workspace.plan(&drawn(6))), (NodeState::Stale, NodeState::Stale));
    let pins = |key: &str| Pins::from([("head".to_owned(), key.to_owned())]);
    desk.workspace.pin(&pins(""));
    assert_eq!(states(&desk.workspace.plan(&drawn(6))), (NodeState::Done, NodeState::Done));
    desk.workspace.pin(&Pins::new());
    assert_eq!(states(&desk.workspace.plan(&drawn(6))), (NodeState::Stale, NodeState::Stale));
    // By its key, a result is kept that is not the last one, or of which nothing but the key is remembered.
    let key = desk.workspace.plan(&drawn(5)).nodes["head"].key.clone();
    all_done(&desk.run(&drawn(6)));
    desk.workspace.last.clear();
    desk.workspace.pin(&pins("elsewhere"));
    desk.workspace.plan(&drawn(6));
    assert_eq!(desk.workspace.wanted_results(), ["elsewhere"]);
    desk.workspace.pin(&pins(&key));
    let plan = desk.workspace.plan(&drawn(6));
    assert_eq!(
        (states(&plan), plan.nodes["head"].key.as_str()),
        ((NodeState::Done, NodeState::Done), key.as_str())
    );
}
