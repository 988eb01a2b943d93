//! The document with its past: every change can be taken back, and is told in words.

use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, PipelineDocument};

/// Steps that can be taken back.
const MOST_STEPS: usize = 500;

/// A change that was made.
#[derive(Debug, Clone, PartialEq)]
struct Step {
    /// In a few words, for example `Move 3 nodes`.
    label: String,
    /// Changes in a row that bear the same key are one step: typing into one field.
    key: Option<String>,
    inverse: Edit,
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
                last.inverse = Edit::All { edits: vec![inverse, earlier] };
            }
            _ => self.past.push(Step { label: label.to_owned(), key: key.map(str::to_owned), inverse }),
        }
        if self.past.len() > MOST_STEPS {
            self.past.remove(0);
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
    fn what_cannot_be_done_changes_nothing() {
        let mut history = History::default();
        assert!(history.apply("Set", None, set("none", 1)).is_err());
        assert_eq!((history.revision(), history.steps().1), (0, 0));
    }
}
