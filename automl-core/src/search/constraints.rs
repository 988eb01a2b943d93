//! What predictions must keep to, by columns of the table, and which learners can.

use crate::learner::{LearnerSpec, ParamValue, Params};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;

/// Parameters by which a learner declares that it keeps to directions, and to groups of features.
const MONOTONE: &str = "monotone";
const INTERACTIONS: &str = "interactions";

/// Where predictions may go when a number rises.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Direction {
    Up,
    Down,
}

/// Directions and groups, by names of columns.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Constraints {
    /// Columns with which predictions may only rise, or only fall.
    pub monotone: BTreeMap<String, Direction>,
    /// Columns that may act together; those that no group names are one more.
    pub interactions: Vec<Vec<String>>,
}

impl Constraints {
    pub fn is_empty(&self) -> bool {
        self.monotone.is_empty() && self.interactions.is_empty()
    }

    /// Whether a learner keeps to them: it declares the parameters, or it answers the same for every row. A weighted mean
    /// of models that do, and an increasing map of it, do so too.
    pub fn are_kept_by(&self, spec: &LearnerSpec) -> bool {
        let declares = |name: &str| spec.params.iter().any(|p| p.name == name);
        spec.params.is_empty()
            || (self.monotone.is_empty() || declares(MONOTONE))
                && (self.interactions.is_empty() || declares(INTERACTIONS))
    }

    /// As a learner's parameters, in names of features. `features_of`: the features that a column became; none where it
    /// has nothing to learn from, so that nothing can be wrong about it.
    pub fn as_params(&self, features_of: impl Fn(&str) -> Vec<String>) -> Params {
        let mut params = Params::default();
        if !self.monotone.is_empty() {
            let each = self.monotone.iter().flat_map(|(column, direction)| {
                let sign = if *direction == Direction::Up { "+1" } else { "-1" };
                features_of(column).into_iter().map(move |f| format!("{}:{sign}", quoted(&f)))
            });
            params = params.with(MONOTONE, ParamValue::Text(each.collect::<Vec<_>>().join(", ")));
        }
        if !self.interactions.is_empty() {
            let group = |columns: &Vec<String>| {
                let features = columns.iter().flat_map(|c| features_of(c)).map(|f| quoted(&f));
                format!("[{}]", features.collect::<Vec<_>>().join(", "))
            };
            let text = self.interactions.iter().map(group).collect::<Vec<_>>().join(" ");
            params = params.with(INTERACTIONS, ParamValue::Text(text));
        }
        params
    }
}

/// A name as the parameters take it: in double quotes where it has characters that mean something there.
fn quoted(name: &str) -> String {
    let plain = |c: char| c.is_alphanumeric() || c == '_' || c == '.' || c == '-';
    if !name.is_empty() && name.chars().all(plain) {
        name.to_owned()
    } else {
        format!("\"{}\"", name.replace('"', "\"\""))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::learner;

    #[test]
    fn columns_become_features_by_name() {
        let constraints = Constraints {
            monotone: [("age".to_owned(), Direction::Up), ("a, \"b\"".to_owned(), Direction::Down)].into(),
            interactions: vec![vec!["age".to_owned(), "town".to_owned()], vec!["gone".to_owned()]],
        };
        let features_of = |column: &str| match column {
            "town" => vec!["town 1".to_owned(), "town_2".to_owned()],
            "gone" => Vec::new(),
            other => vec![other.to_owned()],
        };
        let params = constraints.as_params(features_of);
        assert_eq!(params.text("monotone"), "\"a, \"\"b\"\"\":-1, age:+1");
        assert_eq!(params.text("interactions"), "[age, \"town 1\", town_2] []");
        assert_eq!(Constraints::default().as_params(features_of), Params::default());
    }

    #[test]
    fn who_declares_the_parameters_keeps_to_them() {
        let up = Constraints { monotone: [("x".to_owned(), Direction::Up)].into(), ..Constraints::default() };
        let kept = |id: &str, c: &Constraints| learner::find(id).is_some_and(|l| c.are_kept_by(l.spec()));
        assert!(kept("gbt", &up) && kept("baseline", &up) && !kept("logistic", &up));
        assert!(kept("logistic", &Constraints::default()));
    }
}
