//! A setting: a learner, what differs from its usual parameters, and a recipe where it is not the usual one.

use super::portfolio::recipe_for;
use super::propose::Proposal;
use crate::learner::{self, LOG_TARGET, LearnerSpec, ParamValue, Params};
use crate::node::Recipe;
use serde::{Deserialize, Serialize};

/// Losses that are for amounts only.
const LOSSES_OF_AMOUNTS: [&str; 2] = ["poisson", "tweedie"];

/// What to fit, as files of settings hold it: `{"learner": "gbt", "params": {"max_leaves": 6}}`.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Setting {
    pub learner: String,
    #[serde(default)]
    pub params: Params,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recipe: Option<Recipe>,
}

impl Setting {
    /// The declaration of its learner; `None` where there is no such learner.
    pub fn spec(&self) -> Option<&'static LearnerSpec> {
        learner::find(&self.learner).map(learner::Learner::spec)
    }

    /// Whether it only makes sense for targets such as [`super::Loads::target_is_amounts`] says.
    pub fn is_for_amounts(&self) -> bool {
        self.params.bool(LOG_TARGET.name) || LOSSES_OF_AMOUNTS.contains(&self.params.text("loss"))
    }

    /// The setting as short as it can be said; settings that mean the same become equal.
    #[must_use]
    pub fn shortened(mut self) -> Self {
        let Some(spec) = self.spec() else { return self };
        let usual = Params::complete(spec.params, &Params::default());
        self.params = Params::complete(spec.params, &self.params);
        self.params.0.retain(|name, value| usual.0.get(name) != Some(value));
        self.recipe = self.recipe.filter(|r| *r != recipe_for(spec));
        self
    }

    /// The setting with every parameter and a recipe. `None` where there is no such learner.
    pub fn proposal(&self) -> Option<Proposal> {
        let spec = self.spec()?;
        Some(Proposal {
            learner: self.learner.clone(),
            params: Params::complete(spec.params, &self.params),
            recipe: self.recipe.clone().unwrap_or_else(|| recipe_for(spec)),
            portfolio: true,
        })
    }

    /// Parameters that are not the learner's, or have values out of range.
    pub fn faults(&self) -> Vec<String> {
        let Some(spec) = self.spec() else { return vec![format!("no learner {}", self.learner)] };
        let admitted = |name: &str, value: &ParamValue| {
            spec.params.iter().any(|p| p.name == name && p.admit(Some(value)) == *value)
        };
        let faulty = self.params.0.iter().filter(|(name, value)| !admitted(name, value));
        faulty.map(|(name, value)| format!("{}.{name} = {value:?}", self.learner)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn setting(text: &str) -> Setting {
        serde_json::from_str(text).expect("a setting")
    }

    #[test]
    fn what_means_the_same_is_said_the_same() {
        let short = setting(r#"{"learner":"gbt","params":{"max_leaves":6}}"#);
        let full = Setting {
            params: Params::complete(short.spec().expect("a learner of the list").params, &short.params),
            recipe: short.proposal().map(|p| p.recipe),
            learner: "gbt".to_owned(),
        };
        assert_ne!(short, full);
        assert_eq!(full.shortened(), short);
    }

    #[test]
    fn amounts_and_faults_are_seen() {
        assert!(setting(r#"{"learner":"gbt","params":{"loss":"poisson"}}"#).is_for_amounts());
        assert!(setting(r#"{"learner":"ridge","params":{"log_target":true}}"#).is_for_amounts());
        assert!(!setting(r#"{"learner":"gbt"}"#).is_for_amounts());
        let faults = setting(r#"{"learner":"gbt","params":{"max_leaves":1,"leaves":3}}"#).faults();
        assert_eq!(faults.len(), 2, "{faults:?}");
        assert_eq!(setting(r#"{"learner":"oracle"}"#).faults().len(), 1);
    }
}
