//! Which learners a search may use.

use automl_core::engine::protocol::LearnerChoice;
use std::collections::BTreeMap;

/// What a person has ticked or unticked, by learner id; the rest is as usual.
pub type Changes = BTreeMap<String, bool>;

/// Whether a learner is ticked. One whose last bits may differ between machines is so only when chosen.
pub fn is_chosen(learner: &LearnerChoice, changes: &Changes, reproducible: bool) -> bool {
    let chosen = changes.get(&learner.id).copied().unwrap_or(learner.reproducible);
    chosen && (learner.reproducible || !reproducible)
}

/// The ids for a request: none where all are as usual.
///
/// # Errors
/// Nothing is ticked.
pub fn ids(
    all: &[LearnerChoice],
    changes: &Changes,
    reproducible: bool,
) -> Result<Vec<String>, &'static str> {
    let is = |l: &LearnerChoice| is_chosen(l, changes, reproducible);
    if all.iter().all(|l| is(l) == l.reproducible) {
        return Ok(Vec::new());
    }
    let chosen: Vec<String> = all.iter().filter(|l| is(l)).map(|l| l.id.clone()).collect();
    if chosen.is_empty() {
        return Err("No kind of model is chosen. Tick at least one under More settings.");
    }
    Ok(chosen)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<LearnerChoice> {
        let learner = |id: &str, reproducible| LearnerChoice {
            id: id.to_owned(),
            title: String::new(),
            help: String::new(),
            reproducible,
        };
        vec![learner("gbt", true), learner("logistic", true), learner("loose", false)]
    }

    fn check(ticked: &[(&str, bool)], reproducible: bool, expected: Option<&[&str]>) {
        let changes = ticked.iter().map(|(id, on)| ((*id).to_owned(), *on)).collect();
        let found = ids(&all(), &changes, reproducible);
        let expected = expected.map(|ids| ids.iter().map(|id| (*id).to_owned()).collect::<Vec<_>>());
        assert_eq!(found.ok(), expected, "{ticked:?}");
    }

    #[test]
    fn as_usual_means_all_that_are_the_same_everywhere() {
        check(&[], false, Some(&[]));
        check(&[], true, Some(&[]));
        // Unticked and ticked again.
        check(&[("gbt", true)], false, Some(&[]));
        check(&[("loose", false)], false, Some(&[]));
    }

    #[test]
    fn what_is_unticked_is_left_out() {
        check(&[("gbt", false)], false, Some(&["logistic"]));
        check(&[("gbt", false), ("logistic", false)], false, None);
        assert_eq!(ids(&[], &Changes::new(), false), Ok(Vec::new()));
    }

    #[test]
    fn what_may_differ_between_machines_is_used_only_when_chosen() {
        check(&[("loose", true)], false, Some(&["gbt", "logistic", "loose"]));
        check(&[("loose", true)], true, Some(&[]));
        check(&[("loose", true), ("gbt", false), ("logistic", false)], true, None);
    }
}
