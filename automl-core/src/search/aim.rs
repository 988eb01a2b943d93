//! Settings that only some metrics reward, and which a search for others leaves alone.

use super::propose::Proposal;
use crate::learner::{ParamValue, Params};
use crate::metric::MetricSpec;
use crate::model::Target;
use crate::numeric::Rng;
use std::collections::BTreeMap;

/// A class with less than this share of an even one is rare.
const RARE: f64 = 0.8;
/// Share of later proposals whose setting is drawn anew.
const DRAWN: f64 = 0.25;

/// A parameter that proposals set by turns, and its two values; none for most metrics.
///
/// For the mean and the median absolute error it is the loss of boosting, squared or absolute: the first predicts a mean
/// where the metric asks for a median, but learns more from each row (fits alone, eight tables of up to 1,500 rows: the
/// mean absolute error between −21 and +3 %, better on six). For the balanced accuracy, and F1 where its class is rare, it
/// is whether rows of rare classes weigh more (the balanced accuracy better on eight tables of eight, for boosting by 0.004
/// to 0.13); not for the log loss or areas, which that distorts or leaves as they are, nor for Matthews' correlation, which
/// it changed for the better as often as for the worse.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Aim(Option<Choice>);

/// A parameter and its two values.
type Choice = (&'static str, [&'static str; 2]);

const CLASS_WEIGHT: Option<Choice> = Some(("class_weight", ["balanced", "none"]));

impl Aim {
    pub fn of(metric: &MetricSpec, target: &Target) -> Self {
        Self(match metric.id {
            "mae" | "median_absolute_error" => Some(("loss", ["absolute", "auto"])),
            "balanced_accuracy" if has_rare_class(target, 0) => CLASS_WEIGHT,
            // Of two classes it is that of the second: the first may be as rare as it likes.
            "f1" if has_rare_class(target, usize::from(target.outputs() == 2)) => CLASS_WEIGHT,
            _ => None,
        })
    }

    /// Proposals of each learner that has the parameter at its usual value take the two by turns.
    pub fn alternate(self, proposals: &mut [Proposal]) {
        let Some((name, values)) = self.0 else { return };
        let mut turns: BTreeMap<String, usize> = BTreeMap::new();
        for proposal in proposals {
            if proposal.params.text(name) != values[1] {
                continue;
            }
            let turn = turns.entry(proposal.learner.clone()).or_default();
            let value = values[*turn % 2];
            *turn += 1;
            proposal.params =
                std::mem::take(&mut proposal.params).with(name, ParamValue::Text(value.to_owned()));
        }
    }

    /// The parameters, now and then with the setting drawn anew. Nothing is drawn where there is none.
    pub fn varied(self, params: Params, rng: &mut Rng) -> Params {
        let Some((name, values)) = self.0 else { return params };
        let is_one = values.contains(&params.text(name));
        if !is_one || rng.uniform() >= DRAWN {
            return params;
        }
        params.with(name, ParamValue::Text(values[rng.below(2)].to_owned()))
    }
}

/// Whether one of the classes from `first` on is rare.
fn has_rare_class(target: &Target, first: usize) -> bool {
    let Target::Classes { codes, classes } = target else { return false };
    let mut counts = vec![0usize; *classes];
    codes.iter().for_each(|&c| counts[c as usize] += 1);
    let even = codes.len() as f64 / *classes as f64;
    counts.iter().skip(first).any(|&n| (n as f64) < RARE * even)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric;
    use crate::model::Task;
    use crate::search::portfolio;

    fn check(task: Task, id: &str, target: &Target, name: &str, expected: &[(&str, &str, bool)]) {
        let metric = metric::find(id).expect("a metric of the list");
        let mut proposals = portfolio(task, &[], false, false);
        let plain = proposals.clone();
        Aim::of(metric, target).alternate(&mut proposals);
        for &(learner, value, is_there) in expected {
            let any = proposals.iter().any(|p| p.learner == learner && p.params.text(name) == value);
            assert_eq!(any, is_there, "{id}: {learner} {name}={value}");
        }
        let others = proposals.iter().zip(&plain).filter(|(a, _)| expected.iter().all(|e| e.0 != a.learner));
        assert!(others.into_iter().all(|(a, b)| a == b));
    }

    #[test]
    fn metrics_get_what_they_reward_and_others_nothing() {
        let numbers = Target::Values(vec![1.0, 2.0]);
        let rare = Target::Classes { codes: (0..100).map(|i| u32::from(i % 10 == 0)).collect(), classes: 2 };
        let even = Target::Classes { codes: (0..100).map(|i| i % 2).collect(), classes: 2 };
        for id in ["mae", "median_absolute_error"] {
            check(
                Task::Regression,
                id,
                &numbers,
                "loss",
                &[("gbt", "absolute", true), ("gbt", "auto", true)],
            );
        }
        check(Task::Regression, "rmse", &numbers, "loss", &[("gbt", "absolute", false)]);
        let first_rare =
            Target::Classes { codes: (0..100).map(|i| u32::from(i % 10 != 0)).collect(), classes: 2 };
        let balanced = [
            ("gbt", "balanced", true),
            ("gbt", "none", true),
            ("logistic", "balanced", true),
            ("kernel", "balanced", true),
        ];
        check(Task::Binary, "balanced_accuracy", &rare, "class_weight", &balanced);
        check(Task::Binary, "f1", &rare, "class_weight", &balanced);
        for (id, target) in [("roc_auc", &rare), ("mcc", &rare), ("f1", &even), ("f1", &first_rare)] {
            check(Task::Binary, id, target, "class_weight", &[("gbt", "balanced", false)]);
        }
    }

    #[test]
    fn later_proposals_change_it_now_and_then() {
        let metric = metric::find("mae").expect("a metric of the list");
        let aim = Aim::of(metric, &Target::Values(vec![1.0, 2.0]));
        let mut rng = Rng::new(1);
        let params = Params::default().with("loss", ParamValue::Text("auto".to_owned()));
        let changed = (0..400).filter(|_| aim.varied(params.clone(), &mut rng) != params).count();
        assert!((25..80).contains(&changed), "{changed}");
        // What is asked for beside the two stays.
        let poisson = Params::default().with("loss", ParamValue::Text("poisson".to_owned()));
        assert!((0..50).all(|_| aim.varied(poisson.clone(), &mut rng) == poisson));
    }
}
