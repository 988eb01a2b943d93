//! Documents: round trips, undo, hostile bytes.

use super::*;
use crate::numeric::Rng;
use proptest::prelude::*;
use serde_json::json;

const FIXTURE: &[u8] = include_bytes!("../../tests/fixtures/pipeline.v1.trellis.json");

fn fixture() -> PipelineDocument {
    PipelineDocument::from_json(FIXTURE).expect("the frozen file")
}

fn code(result: Result<PipelineDocument, Diagnostic>) -> String {
    result.expect_err("not a sound document").code
}

#[test]
fn a_file_of_version_1_is_read_and_nothing_of_it_is_lost() {
    let document = fixture();
    assert_eq!((document.nodes().len(), document.wires().len()), (4, 2));
    assert_eq!(document.title(), "Who will leave?");
    let again: serde_json::Value = serde_json::from_slice(&document.canonical()).expect("JSON");
    let file: serde_json::Value = serde_json::from_slice(FIXTURE).expect("JSON");
    assert_eq!(again, file);
    assert_eq!(document.nodes()[&NodeId("mystery-1".to_owned())].unknown["colour"], json!("blue"));
    assert_eq!(
        document.hash().to_string(),
        "ca22cec86f0bc42bf81f98d7e84ecdc61eff7e2b2260c8a4630a759d12b0f2f3"
    );
}

#[test]
fn the_order_and_the_spelling_of_a_file_do_not_matter_and_neither_does_its_layout() {
    let one = fixture();
    let mut value: serde_json::Value = serde_json::from_slice(FIXTURE).expect("JSON");
    value["pipeline"]["wires"].as_array_mut().expect("an array").reverse();
    value["pipeline"]["nodes"]["search-1"]["params"]["budget_secs"] = json!(10.0);
    let other = PipelineDocument::from_json(value.to_string().as_bytes()).expect("the same pipeline");
    assert_eq!(one.canonical(), other.canonical());
    let mut moved = one.clone();
    let place = Some(Place { x: 7.0, y: 8.0 });
    moved.apply(Edit::Move { id: NodeId("file-1".to_owned()), place }).expect("a node");
    assert_ne!(one.canonical(), moved.canonical());
    assert_eq!(one.hash(), moved.hash());
    moved.apply(Edit::Title { title: "Other".to_owned() }).expect("a title");
    assert_ne!(one.hash(), moved.hash());
    assert!(one.pretty().lines().count() > 40);
}

#[test]
fn what_cannot_be_read_says_why() {
    let with = |change: &dyn Fn(&mut serde_json::Value)| {
        let mut value: serde_json::Value = serde_json::from_slice(FIXTURE).expect("JSON");
        change(&mut value);
        code(PipelineDocument::from_json(value.to_string().as_bytes()))
    };
    assert_eq!(code(PipelineDocument::from_json(b"age,churn\n1,yes\n")), "document.not_json");
    assert_eq!(code(PipelineDocument::from_json(b"[]")), "document.not_a_pipeline");
    assert_eq!(code(PipelineDocument::from_json(&vec![b' '; 2 << 20])), "document.too_large");
    assert_eq!(with(&|v| v["version"] = json!(2)), "document.newer");
    assert_eq!(with(&|v| v["format"] = json!("other")), "document.not_a_pipeline");
    assert_eq!(with(&|v| v["pipeline"]["nodes"]["file-1"] = json!(3)), "document.damaged");
    assert_eq!(
        with(&|v| v["pipeline"]["nodes"]["a b"] = json!({"kind": "x", "version": 1})),
        "document.node_id"
    );
    assert_eq!(with(&|v| v["pipeline"]["nodes"]["file-1"]["kind"] = json!("")), "document.name");
    assert_eq!(
        with(&|v| v["pipeline"]["wires"] = json!([["file-1", "a", "gone", "b"]])),
        "document.wire_to_nothing"
    );
    assert_eq!(
        with(&|v| v["pipeline"]["wires"] = json!([["file-1", "a", "file-1", "b"]])),
        "document.wire_to_itself"
    );
    assert_eq!(with(&|v| v["layout"]["places"]["file-1"]["x"] = json!(1e300)), "document.place");
}

#[test]
fn links_bring_the_document_back_and_bad_ones_say_why() {
    let document = fixture();
    let link = document.to_link();
    assert!(
        link.len() < HINT_CHARS && link.chars().all(|c| c.is_ascii_alphanumeric() || c == '-' || c == '_')
    );
    assert_eq!(PipelineDocument::from_link(&link).expect("its own link"), document);
    assert_eq!(code(PipelineDocument::from_link("")), "link.damaged");
    assert_eq!(code(PipelineDocument::from_link(&link[..link.len() - 9])), "link.damaged");
    assert_eq!(code(PipelineDocument::from_link(&format!("2{}", &link[1..]))), "link.newer");
    // A small link that unfolds to more than a pipeline may take.
    let bomb = miniz_oxide::deflate::compress_to_vec(&vec![b' '; 50 << 20], 10);
    let bomb =
        format!("1{}", base64::Engine::encode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, bomb));
    assert_eq!(code(PipelineDocument::from_link(&bomb)), "link.damaged");
}

#[test]
fn ten_thousand_mutated_documents_and_links_are_read_or_refused() {
    let (document, link) = (fixture().canonical(), fixture().to_link());
    let mut rng = Rng::new(9);
    let mut read = 0;
    for _ in 0..10_000 {
        let mut bytes = if rng.below(2) == 0 { document.clone() } else { FIXTURE.to_vec() };
        for _ in 0..=rng.below(4) {
            let at = rng.below(bytes.len());
            match rng.below(4) {
                0 => bytes[at] = rng.below(256) as u8,
                1 => drop(bytes.remove(at)),
                2 => bytes.insert(at, b"{}[]\",:0-9e.\\u"[rng.below(14)]),
                _ => {
                    let from = rng.below(bytes.len());
                    let part = bytes[from..(from + rng.below(40)).min(bytes.len())].to_vec();
                    bytes.splice(at..at, part);
                }
            }
        }
        if let Ok(document) = PipelineDocument::from_json(&bytes) {
            let again = PipelineDocument::from_json(&document.canonical()).expect("what was read is sound");
            assert_eq!(again, document);
            read += 1;
        }
        let mut text = link.clone().into_bytes();
        let at = rng.below(text.len());
        text[at] = b"AZaz09-_%=+ "[rng.below(12)];
        text.truncate(text.len() - rng.below(3));
        let _ = PipelineDocument::from_link(&String::from_utf8_lossy(&text));
    }
    assert!(read > 500, "{read} of the mutated were read: the others test little");
}

/// An edit of a document with few names, so that edits meet.
fn any_edit() -> impl Strategy<Value = Edit> {
    let id = || (0..6u8).prop_map(|i| NodeId(format!("n{i}")));
    let place = || prop::option::of((-1e3..1e3f64, -1e3..1e3f64).prop_map(|(x, y)| Place { x, y }));
    let wire = || {
        (0..6u8, 0..2u8, 0..6u8).prop_map(|(a, port, b)| Wire {
            from: PortRef::new(format!("n{a}"), "out"),
            to: PortRef::new(format!("n{b}"), format!("in{port}")),
        })
    };
    let group = || {
        prop::option::of(
            (".{0,6}", prop::collection::btree_set(id(), 0..3))
                .prop_map(|(title, nodes)| Group { title, nodes }),
        )
    };
    let one = prop_oneof![
        ".{0,12}".prop_map(|title| Edit::Title { title }),
        (id(), place()).prop_map(|(id, place)| Edit::AddNode {
            id,
            node: Node::new("table.filter", 1),
            place
        }),
        id().prop_map(|id| Edit::RemoveNode { id }),
        (id(), ".{0,8}").prop_map(|(id, title)| Edit::RenameNode { id, title }),
        (id(), any::<bool>()).prop_map(|(id, bypassed)| Edit::Bypass { id, bypassed }),
        (id(), prop::option::of(-5i64..5)).prop_map(|(id, v)| Edit::SetParam {
            id,
            name: "k".to_owned(),
            value: v.map(Into::into)
        }),
        wire().prop_map(|wire| Edit::Connect { wire }),
        wire().prop_map(|wire| Edit::Disconnect { wire }),
        (id(), place()).prop_map(|(id, place)| Edit::Move { id, place }),
        ("[a-c]", group()).prop_map(|(name, group)| Edit::Group { name, group }),
    ];
    let one = one.boxed();
    prop_oneof![9 => one.clone(), 1 => prop::collection::vec(one, 0..4).prop_map(|edits| Edit::All { edits })]
}

proptest! {
    #[test]
    fn undoing_brings_back_the_same_bytes(edits in prop::collection::vec(any_edit(), 1..60)) {
        let mut document = PipelineDocument::default();
        let mut undo = Vec::new();
        for edit in edits {
            let before = document.canonical();
            match document.apply(edit) {
                Ok(inverse) => undo.push((inverse, before)),
                Err(_) => prop_assert_eq!(document.canonical(), before),
            }
            prop_assert_eq!(&PipelineDocument::from_json(&document.canonical()).expect("sound"), &document);
        }
        let last = document.clone();
        let mut redo = Vec::new();
        for (inverse, before) in undo.into_iter().rev() {
            redo.push(document.apply(inverse).expect("an inverse can be done"));
            prop_assert_eq!(document.canonical(), before);
        }
        for edit in redo.into_iter().rev() {
            document.apply(edit).expect("what was undone can be done again");
        }
        prop_assert_eq!(document, last);
    }
}

/// What a row of edits makes; those that cannot be made are passed over.
fn made(edits: Vec<Edit>) -> PipelineDocument {
    let mut document = PipelineDocument::default();
    for edit in edits {
        // A refused edit changes nothing.
        let _ = document.apply(edit);
    }
    document
}

proptest! {
    #[test]
    fn any_document_becomes_any_other_in_one_step_and_back(
        shared in prop::collection::vec(any_edit(), 0..20),
        one in prop::collection::vec(any_edit(), 0..20),
        other in prop::collection::vec(any_edit(), 0..20),
    ) {
        let (from, to) = (made([shared.clone(), one].concat()), made([shared, other].concat()));
        let mut document = from.clone();
        let inverse = document.apply(from.edit_to(&to)).expect("the change can be made");
        prop_assert_eq!(document.canonical(), to.canonical());
        let difference = document.difference(&to);
        prop_assert!(difference.added.is_empty() && difference.removed.is_empty() && difference.changed.is_empty());
        prop_assert!(difference.wires_added.is_empty() && difference.wires_removed.is_empty());
        prop_assert!(!difference.is_retitled && !difference.is_drawn_otherwise);
        let differs = from.difference(&to);
        let is_same = differs.added.is_empty() && differs.removed.is_empty() && differs.changed.is_empty()
            && differs.wires_added.is_empty() && differs.wires_removed.is_empty();
        prop_assert_eq!(is_same, (from.nodes(), from.wires()) == (to.nodes(), to.wires()));
        document.apply(inverse).expect("an inverse can be done");
        prop_assert_eq!(document.canonical(), from.canonical());
    }
}

/// Edits among which many are refused, each for another reason.
fn any_doubtful_edit() -> impl Strategy<Value = Edit> {
    let id = || prop_oneof![4 => "n[0-5]", 1 => "(a b|)"].prop_map(NodeId);
    let name = || prop_oneof![4 => "[a-c]", 1 => Just(String::new())];
    let text = || prop_oneof![4 => ".{0,6}", 1 => Just("x".repeat(MOST_TEXT + 1))];
    let length = || prop_oneof![4 => -1e3..1e3f64, 1 => Just(1e300), 1 => Just(f64::NAN)];
    let place = || (length(), length()).prop_map(|(x, y)| Place { x, y });
    let port = || (id(), name()).prop_map(|(node, port)| PortRef { node, port });
    let node = (name(), text(), name()).prop_map(|(kind, title, param)| {
        let params = [(param, json!(1))].into_iter().collect();
        Node { title, params, ..Node::new(kind, 1) }
    });
    prop_oneof![
        text().prop_map(|title| Edit::Title { title }),
        (id(), node, prop::option::of(place())).prop_map(|(id, node, place)| Edit::AddNode {
            id,
            node,
            place
        }),
        id().prop_map(|id| Edit::RemoveNode { id }),
        (id(), text()).prop_map(|(id, title)| Edit::RenameNode { id, title }),
        (id(), name()).prop_map(|(id, name)| Edit::SetParam { id, name, value: Some(json!(2)) }),
        (port(), port()).prop_map(|(from, to)| Edit::Connect { wire: Wire { from, to } }),
        (id(), place()).prop_map(|(id, place)| Edit::Move { id, place: Some(place) }),
        (name(), text(), prop::collection::btree_set(id(), 0..3))
            .prop_map(|(name, title, nodes)| Edit::Group { name, group: Some(Group { title, nodes }) }),
        (name(), text(), place(), length()).prop_map(|(name, text, place, width)| Edit::Note {
            name,
            note: Some(Sticky { text, place, width, height: 40.0 })
        }),
    ]
}

proptest! {
    /// What only the touched is asked for is what the whole document would be asked for.
    #[test]
    fn edits_are_refused_as_by_a_check_of_everything(edits in prop::collection::vec(any_doubtful_edit(), 1..40)) {
        let mut document = PipelineDocument::default();
        for edit in edits {
            let mut whole = document.clone();
            let expected = whole.apply_one(edit.clone()).and_then(|_| whole.check());
            let found = document.apply(edit).map(drop);
            prop_assert_eq!(&found, &expected);
            prop_assert!(document.check().is_ok());
        }
    }
}

#[test]
fn a_change_of_many_nodes_is_made_or_left_as_a_whole() {
    let mut document = PipelineDocument::default();
    let id = |i: usize| NodeId(format!("n{i}"));
    let add = |i| Edit::AddNode { id: id(i), node: Node::new("table.filter", 1), place: None };
    document.apply(Edit::All { edits: (0..MOST_NODES).map(add).collect() }).expect("as many as there may be");
    let before = document.canonical();
    let moves = |last: f64| -> Vec<Edit> {
        let x = |i: usize| if i + 1 == MOST_NODES { last } else { i as f64 };
        let place = |i| Some(Place { x: x(i), y: 0.0 });
        (0..MOST_NODES).map(|i| Edit::Move { id: id(i), place: place(i) }).collect()
    };
    let refused = document.apply(Edit::All { edits: moves(1e300) }).expect_err("the last is too far");
    assert_eq!((refused.code.as_str(), document.canonical() == before), ("document.place", true));
    let inverse = document.apply(Edit::All { edits: moves(5.0) }).expect("all are near");
    document.apply(inverse).expect("an inverse can be done");
    assert_eq!(document.canonical(), before);
    assert_eq!(document.apply(add(MOST_NODES)).expect_err("one too many").code, "document.too_large");
}

#[test]
fn new_ids_are_free() {
    let mut document = fixture();
    assert_eq!(document.free_id("table.filter"), NodeId("filter-2".to_owned()));
    assert_eq!(document.free_id("vendor.weiß"), NodeId("wei-1".to_owned()));
    let id = document.free_id("");
    document.apply(Edit::AddNode { id: id.clone(), node: Node::new("x", 1), place: None }).expect("free");
    assert_ne!(document.free_id(""), id);
}
