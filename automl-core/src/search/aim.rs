//! Settings that only some metrics reward, and which a search for others leaves alone.

use super::propose::Proposal;
use crate::learner::{ParamValue, Params};
use crate::metric::MetricSpec;
use crate::model::Target;
use crate::numeric::Rng;

/// A class with less than this share of an even one is rare.
const RARE: f64 = 0.5;
/// Share of later proposals whose setting is drawn anew.
const DRAWN: f64 = 0.25;

/// A parameter that proposals set by turns, and its two values; none for most metrics.
///
/// For the mean and the median absolute error it is the loss of boosting, squared or absolute: the first predicts a mean
/// where the metric asks for a median, but learns more from each row. For metrics of labels in which a rare class counts
/// as much as others it is whether rows of rare classes weigh more; not for the log loss or areas, which that distorts or
/// leaves as they are.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Aim(Option<(&'static str, [&'static str; 2])>);

impl Aim {
    pub fn of(metric: &MetricSpec, target: &Target) -> Self {
        Self(match metric.id {
            "mae" | "median_absolute_error" => Some(("loss", ["absolute", "auto"])),
            "balanced_accuracy" | "f1" | "mcc" if has_rare_class(target) => {
                Some(("class_weight", ["balanced", "none"]))
            }
            _ => None,
        })
    }

    /// Proposals of each learner that has the parameter at its usual value take the two by turns.
    pub fn alternate(self, proposals: &mut [Proposal]) {
        let Some((name, values)) = self.0 else { return };
        let mut turns: Vec<(String, usize)> = Vec::new();
        for proposal in proposals {
            if proposal.params.text(name) != values[1] {
                continue;
            }
            let turn = match turns.iter_mut().find(|t| t.0 == proposal.learner) {
                Some(turn) => turn,
                None => turns.push_mut((proposal.learner.clone(), 0)),
            };
            let value = values[turn.1 % 2];
            turn.1 += 1;
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

fn has_rare_class(target: &Target) -> bool {
    let Target::Classes { codes, classes } = target else { return false };
    let mut counts = vec![0usize; *classes];
    codes.iter().for_each(|&c| counts[c as usize] += 1);
    let even = codes.len() as f64 / *classes as f64;
    counts.iter().any(|&n| (n as f64) < RARE * even)
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
        let balanced = [("gbt", "balanced", true), ("gbt", "none", true), ("logistic", "balanced", true)];
        check(Task::Binary, "balanced_accuracy", &rare, "class_weight", &balanced);
        check(Task::Binary, "f1", &rare, "class_weight", &balanced);
        for (id, target) in [("roc_auc", &rare), ("log_loss", &rare), ("f1", &even)] {
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
