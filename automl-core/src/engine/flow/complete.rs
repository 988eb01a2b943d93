//! What may stand at a place of an expression.

use super::workspace::Workspace;
use crate::engine::protocol::Suggestion;
use crate::kind::Finding;

impl Workspace {
    /// What may stand at byte `cursor` of `text`, the value of a parameter, and what is wrong with it.
    pub fn complete(
        &self,
        _node: &str,
        _param: &str,
        _text: &str,
        _cursor: u32,
    ) -> (Vec<Suggestion>, Option<Finding>) {
        (Vec::new(), None)
    }
}
