//! The document with its past: every change can be taken back, and is told in words.
//!
//! The past can be kept beside the document ([`History::kept`]) and comes back with it, or not at all: what is read is
//! tried out from its first step to its last, and anything that does not fit drops the past and never the document.

use super::zip::crc32;
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, PipelineDocument};
use serde::{Deserialize, Serialize};
use std::collections::BTreeSet;

/// Steps that can be taken back.
const MOST_STEPS: usize = 500;
/// Most steps, and bytes of them, that are kept for the next visit.
pub const KEPT_STEPS: usize = 200;
pub const KEPT_BYTES: usize = 1 << 20;
/// Most characters of a label.
const MOST_LABEL: usize = 300;
/// Version of what is kept.
const VERSION: u32 = 1;

/// A change that was made.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
struct Step {
    /// In a few words, for example `Move 3 nodes`.
    label: String,
    /// Changes in a row that bear the same key are one step: typing into one field.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    key: Option<String>,
    inverse: Edit,
}

/// What is kept of a history.
#[derive(Serialize, Deserialize)]
struct Kept<S> {
    version: u32,
    /// CRC-32 of the document that it belongs to, as canonical bytes.
    document: u32,
    past: Vec<S>,
    future: Vec<S>,
    #[serde(default)]
    is_shortened: bool,
}

/// What an edit sets, if it is one that only sets something: the last of several such is all that counts.
fn place_of(edit: &Edit) -> Option<String> {
    Some(match edit {
        Edit::Title { .. } => "title".to_owned(),
        Edit::RenameNode { id, .. } => format!("rename {id}"),
        Edit::Bypass { id, .. } => format!("bypass {id}"),
        Edit::SetParam { id, name, .. } => format!("param {id} {name}"),
        Edit::Move { id, .. } => format!("move {id}"),
        _ => return None,
    })
}

fn flat(edit: Edit, into: &mut Vec<Edit>) {
    match edit {
        Edit::All { edits } => edits.into_iter().for_each(|edit| flat(edit, into)),
        edit => into.push(edit),
    }
}

/// `first` and then `second` as one change: a field that was typed into is set back once, however long the text.
fn joined(first: Edit, second: Edit) -> Edit {
    let mut all = Vec::new();
    flat(first, &mut all);
    flat(second, &mut all);
    let places: Option<Vec<String>> = all.iter().map(place_of).collect();
    if let Some(places) = places {
        let mut met = BTreeSet::new();
        let last: Vec<bool> = places.iter().rev().map(|place| met.insert(place)).collect();
        let mut is_last = last.into_iter().rev();
        all.retain(|_| is_last.next().unwrap_or(true));
    }
    match all.pop() {
        Some(only) if all.is_empty() => only,
        last => {
            all.extend(last);
            Edit::All { edits: all }
        }
    }
}

/// A document and the way to it.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct History {
    document: PipelineDocument,
    past: Vec<Step>,
    /// What was taken back, the last first to be done again.
    future: Vec<Step>,
    /// Counts changes, so that a front can tell two states apart at once.
    revision: u64,
    /// Earlier steps were dropped.
    is_shortened: bool,
}

impl History {
    /// A document without a past.
    pub fn new(document: PipelineDocument) -> Self {
        Self { document, ..Self::default() }
    }

    pub fn document(&self) -> &PipelineDocument {
        &self.document
    }

    pub fn revision(&self) -> u64 {
        self.revision
    }

    /// Makes a change. `key`: see the module; changes without one stand by themselves.
    ///
    /// # Errors
    /// Why it cannot be made; nothing has changed then.
    pub fn apply(&mut self, label: &str, key: Option<&str>, edit: Edit) -> Result<(), Diagnostic> {
        let inverse = self.document.apply(edit)?;
        self.revision += 1;
        self.future.clear();
        match self.past.last_mut() {
            Some(last) if key.is_some() && last.key.as_deref() == key => {
                let earlier = std::mem::replace(&mut last.inverse, Edit::All { edits: Vec::new() });
                last.inverse = joined(inverse, earlier);
            }
            _ => self.past.push(Step { label: label.to_owned(), key: key.map(str::to_owned), inverse }),
        }
        if self.past.len() > MOST_STEPS {
            self.past.remove(0);
            self.is_shortened = true;
        }
        Ok(())
    }

    /// What comes next stands by itself, whatever its key.
    pub fn settle(&mut self) {
        if let Some(last) = self.past.last_mut() {
            last.key = None;
        }
    }

    /// Takes the last change back; gives its label.
    pub fn undo(&mut self) -> Option<String> {
        let step = self.past.pop()?;
        self.turn(step).map(|step| {
            let label = step.label.clone();
            self.future.push(step);
            label
        })
    }

    /// Makes the change again that was taken back last; gives its label.
    pub fn redo(&mut self) -> Option<String> {
        let step = self.future.pop()?;
        self.turn(step).map(|step| {
            let label = step.label.clone();
            self.past.push(step);
            label
        })
    }

    /// Applies a step's inverse and gives the step that turns it back.
    fn turn(&mut self, step: Step) -> Option<Step> {
        // An inverse can always be applied to the state that it was made for.
        let inverse = self.document.apply(step.inverse).ok()?;
        self.revision += 1;
        Some(Step { label: step.label, key: None, inverse })
    }

    /// Labels of all steps, the first first, and how many of them are done.
    pub fn steps(&self) -> (Vec<&str>, usize) {
        let labels = self.past.iter().chain(self.future.iter().rev()).map(|s| s.label.as_str());
        (labels.collect(), self.past.len())
    }

    /// Whether the first steps are no longer known.
    pub fn is_shortened(&self) -> bool {
        self.is_shortened
    }

    /// The steps as text, for [`History::with_kept`]: the last ones, up to [`KEPT_STEPS`] and [`KEPT_BYTES`].
    pub fn kept(&self) -> String {
        let mut room = KEPT_BYTES;
        let mut last = |steps: &[Step], most: usize| {
            let mut out = Vec::new();
            for step in steps.iter().rev().take(most) {
                // Plain data with text keys always serialises.
                let value = serde_json::to_value(step).unwrap_or_default();
                let size = value.to_string().len();
                if size > room {
                    break;
                }
                room -= size;
                out.push(value);
            }
            out.reverse();
            out
        };
        let past = last(&self.past, KEPT_STEPS);
        let future = last(&self.future, KEPT_STEPS - past.len());
        let is_shortened = self.is_shortened || past.len() < self.past.len();
        let document = crc32(0, &self.document.canonical());
        let kept = Kept { version: VERSION, document, past, future, is_shortened };
        serde_json::to_string(&kept).unwrap_or_default()
    }

    /// A document with the past that [`History::kept`] gave for it. `None`: it is damaged, of another version, or of
    /// another document.
    pub fn with_kept(document: PipelineDocument, kept: &str) -> Option<Self> {
        if kept.len() > 2 * KEPT_BYTES {
            return None;
        }
        let kept: Kept<Step> = serde_json::from_str(kept).ok()?;
        let (done, all) = (kept.past.len(), kept.past.len() + kept.future.len());
        let is_sound = |step: &Step| step.label.chars().count() <= MOST_LABEL;
        if kept.version != VERSION
            || kept.document != crc32(0, &document.canonical())
            || all > KEPT_STEPS
            || !kept.past.iter().chain(&kept.future).all(is_sound)
        {
            return None;
        }
        let is_shortened = kept.is_shortened;
        let history = Self { document, past: kept.past, future: kept.future, revision: 0, is_shortened };
        // Every step is tried, there and back.
        let mut tried = history.clone();
        let mut reaches = |to: usize| {
            tried.go_to(to);
            tried.past.len() == to && tried.past.len() + tried.future.len() == all
        };
        let is_whole = reaches(0) && reaches(all) && reaches(done);
        (is_whole && tried.document == history.document).then_some(history)
    }

    /// Takes back, or makes again, until `done` steps are done.
    pub fn go_to(&mut self, done: usize) {
        while self.past.len() > done && self.undo().is_some() {}
        while self.past.len() < done && self.redo().is_some() {}
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_core::document::{Node, NodeId};
    use serde_json::json;

    fn add(id: &str) -> Edit {
        Edit::AddNode { id: NodeId(id.to_owned()), node: Node::new("table.sort", 1), place: None }
    }

    fn set(id: &str, value: i64) -> Edit {
        Edit::SetParam { id: NodeId(id.to_owned()), name: "n".to_owned(), value: Some(json!(value)) }
    }

    #[test]
    fn everything_can_be_taken_back_and_made_again() {
        let mut history = History::default();
        let mut states = vec![history.document().canonical()];
        for (label, edit) in [("Add a", add("a")), ("Add b", add("b")), ("Set n", set("a", 1))] {
            history.apply(label, None, edit).expect("a change that can be made");
            states.push(history.document().canonical());
        }
        assert_eq!(history.steps(), (vec!["Add a", "Add b", "Set n"], 3));
        for state in states.iter().rev().skip(1) {
            history.undo();
            assert_eq!(&history.document().canonical(), state);
        }
        assert_eq!(history.undo(), None);
        history.go_to(2);
        assert_eq!(history.document().canonical(), states[2]);
        assert_eq!(history.steps().1, 2);
        history.apply("Add c", None, add("c")).expect("a change that can be made");
        assert_eq!(history.steps(), (vec!["Add a", "Add b", "Add c"], 3));
    }

    #[test]
    fn typing_is_one_step() {
        let mut history = History::default();
        history.apply("Add a", None, add("a")).expect("a change that can be made");
        let before = history.document().canonical();
        for value in 1..5 {
            history.apply("Set n", Some("a.n"), set("a", value)).expect("a change that can be made");
        }
        let after = history.document().canonical();
        assert_eq!(history.steps().1, 2);
        history.undo();
        assert_eq!(history.document().canonical(), before);
        history.redo();
        assert_eq!(history.document().canonical(), after);
        history.apply("Set n", Some("a.n"), set("a", 9)).expect("a change that can be made");
        history.settle();
        history.apply("Set n", Some("a.n"), set("a", 10)).expect("a change that can be made");
        assert_eq!(history.steps().1, 4);
    }

    #[test]
    fn long_typing_is_taken_back_by_one_edit() {
        let mut history = History::default();
        history.apply("Add a", None, add("a")).expect("a change that can be made");
        for value in 0..400 {
            history.apply("Set n", Some("a.n"), set("a", value)).expect("a change that can be made");
        }
        assert_eq!(history.past[1].inverse, unset("a"));
        let both = |x: f64| {
            let place = Some(automl_core::document::Place { x, y: 0.0 });
            let moved = |id: &str| Edit::Move { id: NodeId(id.to_owned()), place };
            Edit::All { edits: vec![moved("a"), moved("b")] }
        };
        history.apply("Add b", None, add("b")).expect("a change that can be made");
        let before = history.document().canonical();
        for x in 1..50 {
            history.apply("Move", Some("move"), both(f64::from(x))).expect("a change that can be made");
        }
        let Edit::All { edits } = &history.past[3].inverse else { panic!("{:?}", history.past[3]) };
        assert_eq!(edits.len(), 2);
        history.undo();
        assert_eq!(history.document().canonical(), before);
    }

    fn unset(id: &str) -> Edit {
        Edit::SetParam { id: NodeId(id.to_owned()), name: "n".to_owned(), value: None }
    }

    /// Five steps, of which the last two were taken back.
    fn travelled() -> History {
        let mut history = History::default();
        for (label, edit) in [
            ("Add a", add("a")),
            ("Set n", set("a", 1)),
            ("Add b", add("b")),
            ("Set n", set("b", 2)),
            ("Add c", add("c")),
        ] {
            history.apply(label, None, edit).expect("a change that can be made");
        }
        history.go_to(3);
        history
    }

    #[test]
    fn what_is_kept_comes_back_with_its_document() {
        let history = travelled();
        let mut back =
            History::with_kept(history.document().clone(), &history.kept()).expect("its own history");
        assert_eq!(back.steps(), history.steps());
        assert_eq!((back.revision(), back.is_shortened()), (0, false));
        for done in [0, 5, 2] {
            back.go_to(done);
            let mut expected = history.clone();
            expected.go_to(done);
            assert_eq!(back.document().canonical(), expected.document().canonical(), "{done}");
        }
    }

    #[test]
    fn a_damaged_or_foreign_past_is_dropped() {
        let history = travelled();
        let (document, kept) = (history.document().clone(), history.kept());
        let check = |what: &str, text: &str| {
            assert!(History::with_kept(document.clone(), text).is_none(), "{what}");
        };
        check("nothing", "");
        check("cut", &kept[..kept.len() / 2]);
        check("newer", &kept.replacen("\"version\":1", "\"version\":2", 1));
        check("other edit", &kept.replacen("\"edit\":\"remove_node\"", "\"edit\":\"burn\"", 1));
        check("no such node", &kept.replacen("\"id\":\"a\"", "\"id\":\"zz\"", 1));
        check("long label", &kept.replacen("Add a", &"x".repeat(400), 1));
        check("too long", &format!("{kept}{}", " ".repeat(2 * KEPT_BYTES)));
        assert!(History::with_kept(PipelineDocument::default(), &kept).is_none(), "another document");
    }

    #[test]
    fn what_is_kept_is_bounded() {
        let mut history = History::default();
        history.apply("Add a", None, add("a")).expect("a change that can be made");
        for value in 0..300 {
            history.apply("Set n", None, set("a", value)).expect("a change that can be made");
        }
        let back = History::with_kept(history.document().clone(), &history.kept()).expect("its history");
        assert_eq!((back.steps().1, back.is_shortened()), (KEPT_STEPS, true));

        let text = "x".repeat(300_000);
        for value in 0..6 {
            let value = Some(json!(format!("{value}{text}")));
            let edit = Edit::SetParam { id: NodeId("a".to_owned()), name: "t".to_owned(), value };
            history.apply("Write", None, edit).expect("a change that can be made");
        }
        assert!(history.kept().len() < KEPT_BYTES + 1_000);
        let back = History::with_kept(history.document().clone(), &history.kept()).expect("its history");
        assert!(back.steps().1 >= 3 && back.is_shortened());
    }

    #[test]
    fn what_cannot_be_done_changes_nothing() {
        let mut history = History::default();
        assert!(history.apply("Set", None, set("none", 1)).is_err());
        assert_eq!((history.revision(), history.steps().1), (0, 0));
    }
}
