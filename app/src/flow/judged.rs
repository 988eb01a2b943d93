//! The rows that a model is judged on.

use super::connect::stream;
use super::scene::Side;
use automl_core::document::{NodeId, PipelineDocument, PortRef, Wire};
use automl_core::kind::{Group, KindSpec, PortType};

/// What divides rows, and its outputs.
const SPLIT: &str = "table.split";
const TRAINING: &str = "train";
const TEST: &str = "test";

/// The wire to a new node `judge` that looks at the model of `from`, by which it looks at rows that the model has not
/// seen: the test rows of the Split whose training rows lead to the model. `None`: it judges no model on a table, or
/// there is no such Split.
pub fn test_rows(
    document: &PipelineDocument,
    spec: &KindSpec,
    judge: &NodeId,
    from: &PortRef,
) -> Option<Wire> {
    let is_judge = spec.group == Group::Judge && spec.inputs.iter().any(|p| p.ty == PortType::Model);
    // What predicts is there for any rows.
    if !is_judge || spec.id == "model.predict" {
        return None;
    }
    let table = spec.inputs.iter().find(|p| p.ty == PortType::Table)?;
    let before = stream(document, &from.node, Side::Input);
    let is_split = |id: &NodeId| document.nodes().get(id).is_some_and(|n| n.kind == SPLIT);
    let trained_on =
        |w: &&Wire| w.from.port == TRAINING && is_split(&w.from.node) && before.contains(&w.to.node);
    let wire = document.wires().iter().find(trained_on)?;
    let rows = PortRef { node: wire.from.node.clone(), port: TEST.to_owned() };
    Some(Wire { from: rows, to: PortRef { node: judge.clone(), port: table.name.clone() } })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::flow::samples::{apply, id, wire};
    use automl_core::document::{Edit, Node};
    use automl_core::engine::flow::catalogue;

    #[test]
    fn models_are_judged_on_rows_they_have_not_seen() {
        let mut document = PipelineDocument::default();
        for (name, kind) in [
            ("data", "source.file"),
            ("split", SPLIT),
            ("impute", "prepare.impute"),
            ("search", "automl.search"),
            ("other", "automl.search"),
        ] {
            apply(&mut document, Edit::AddNode { id: id(name), node: Node::new(kind, 1), place: None });
        }
        for (from, to) in [
            (("data", "table"), ("split", "table")),
            (("split", TRAINING), ("impute", "table")),
            (("impute", "table"), ("search", "table")),
            (("data", "table"), ("other", "table")),
        ] {
            apply(&mut document, Edit::Connect { wire: wire(from, to) });
        }
        let kinds = catalogue();
        let check = |kind: &str, model: &str, expected: Option<Wire>| {
            let spec = kinds.iter().find(|k| k.id == kind).expect("a kind");
            let found = test_rows(&document, spec, &id("new"), &PortRef::new(model, "model"));
            assert_eq!(found, expected, "{kind} {model}");
        };
        let rows = || Some(wire(("split", TEST), ("new", "table")));
        check("model.evaluate", "search", rows());
        check("model.importance", "search", rows());
        check("model.evaluate", "other", None);
        check("model.predict", "search", None);
        check("model.compare", "search", None);
        let split = kinds.iter().find(|k| k.id == SPLIT).expect("a split");
        assert!([TRAINING, TEST].iter().all(|port| split.output(port).is_some()));
    }
}
