//! Any document plans and runs, the same way twice; examples of all kinds.

use super::*;
use proptest::prelude::*;

fn kinds() -> Vec<crate::kind::KindSpec> {
    // Studies take too long to be run hundreds of times.
    let quick = |k: &crate::kind::KindSpec| !k.id.starts_with("learner.") && k.id != "automl.search";
    catalogue().into_iter().filter(quick).collect()
}

fn any_value() -> impl Strategy<Value = Value> {
    prop_oneof![
        Just(json!(null)),
        Just(json!(true)),
        (-3i64..400).prop_map(|v| json!(v)),
        (-1e3..1e3f64).prop_map(|v| json!(v)),
        prop::sample::select(vec!["", "amount", "shop", "answer", "none", "amount > 1"])
            .prop_map(|v| json!(v)),
        prop::sample::subsequence(vec!["amount", "shop", "note", "zz"], 0..3).prop_map(|v| json!(v)),
        Just(json!([{"column": "amount", "name": "n", "function": "mean"}])),
    ]
}

/// A node by the number of its kind, with values for its first fields; wires by numbers of nodes and ports.
fn any_document() -> impl Strategy<Value = PipelineDocument> {
    let count = kinds().len();
    let node = (0..count, prop::collection::vec(any_value(), 0..5), any::<bool>());
    let wire = (0..7usize, 0..3usize, 0..7usize, 0..3usize);
    let parts = (prop::collection::vec(node, 1..7), prop::collection::vec(wire, 0..12));
    parts.prop_map(|(nodes, wires)| {
        let all = kinds();
        let mut document = document(&[("shop", "source.file", json!({"name": "shop.csv"}))], &[]);
        let mut specs = vec![all.iter().find(|k| k.id == "source.file").expect("a kind")];
        for (number, (kind, values, odd)) in nodes.iter().enumerate() {
            let spec = &all[*kind];
            let mut node = Node::new(&spec.id, 1);
            node.params = spec.fields.iter().map(|f| f.name.clone()).zip(values.iter().cloned()).collect();
            node.bypassed = *odd && number % 3 == 0;
            specs.push(spec);
            let id = NodeId(format!("n{number}"));
            document.apply(Edit::AddNode { id, node, place: None }).expect("free");
        }
        let id = |at: usize| if at == 0 { "shop".to_owned() } else { format!("n{}", at - 1) };
        for (from, output, to, input) in wires {
            let (Some(a), Some(b)) = (specs.get(from), specs.get(to)) else { continue };
            let port = |ports: &[crate::kind::PortSpec], at: usize| {
                ports.get(at % ports.len().max(1)).map(|p| p.name.clone())
            };
            let (Some(output), Some(input)) = (port(&a.outputs, output), port(&b.inputs, input)) else {
                continue;
            };
            let wire = Wire { from: PortRef::new(id(from), output), to: PortRef::new(id(to), input) };
            let _ = document.apply(Edit::Connect { wire });
        }
        document
    })
}

fn digests(plan: &PlanView) -> Vec<(String, NodeState, String, String)> {
    plan.nodes.iter().map(|(id, v)| (id.clone(), v.state, v.key.clone(), v.digest.clone())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(60))]
    #[test]
    fn any_document_plans_and_runs(document in any_document()) {
        let mut one = Desk::with_shop(Task::Binary);
        let mut other = Desk::with_shop(Task::Binary);
        let (a, b) = (one.run(&document), other.run(&document));
        prop_assert_eq!(digests(&a), digests(&b));
        // Once more: nothing is left to do but what failed.
        one.run(&document);
        if let Some((RunEnd::Done, ran, ..)) = one.ended {
            prop_assert_eq!(ran, 0);
        }
    }
}

#[test]
fn examples_of_all_kinds_run() {
    for spec in catalogue() {
        // A sample lies outside the core; networks take as long as all others together, and are declared as all others.
        let left_out = ["source.sample", "learner.mlp"];
        let Some(example) = spec.example.clone().filter(|_| !left_out.contains(&spec.id.as_str())) else {
            continue;
        };
        let mut desk = Desk::new();
        let mut nodes = vec![("it".to_owned(), spec.id.clone(), Value::Object(example.params.clone()))];
        let mut wires = Vec::new();
        for (number, (port, text)) in example.tables.iter().enumerate() {
            let name = format!("t{number}");
            desk.workspace.supply(&format!("file:{name}.csv"), supplied(text));
            nodes.push((name.clone(), "source.file".to_owned(), json!({"name": format!("{name}.csv")})));
            wires.push(format!("{name}.table it.{port}"));
        }
        let nodes: Vec<(&str, &str, Value)> =
            nodes.iter().map(|(id, kind, params)| (id.as_str(), kind.as_str(), params.clone())).collect();
        let wires: Vec<&str> = wires.iter().map(String::as_str).collect();
        let plan = desk.run(&document(&nodes, &wires));
        assert_eq!(plan.nodes["it"].state, NodeState::Done, "{}: {:?}", spec.id, plan.nodes["it"].findings);
        assert!(plan.nodes["it"].outputs.iter().all(|o| o.has_result), "{}", spec.id);
    }
}

#[test]
fn declarations_of_the_engine_are_whole() {
    let mut ids = std::collections::BTreeSet::new();
    for spec in catalogue() {
        assert!(ids.insert(spec.id.clone()), "{} twice", spec.id);
        assert!(
            spec.help.ends_with('.') && !spec.title.is_empty() && !spec.outputs.is_empty(),
            "{}",
            spec.id
        );
        let mut names = std::collections::BTreeSet::new();
        for field in &spec.fields {
            assert!(names.insert(field.name.clone()), "{}.{} twice", spec.id, field.name);
            assert!(field.help.ends_with('.'), "{}.{}: {}", spec.id, field.name, field.help);
        }
    }
}
