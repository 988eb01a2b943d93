//! The values of a tree's leaves.

use super::objective::{Goal, Link};
use super::params::Settings;
use crate::learner::tree::constraint::{Bounds, Constraints};
use crate::learner::tree::lanes::pair_sums;
use crate::learner::tree::shape::{Child, Grown};

use crate::platform::each;

/// Largest step of a leaf, before the learning rate, where a mean is e to its score and nothing else is asked for:
/// one tree multiplies a mean by at most e², about 7. The gradients' step is far too long where means are far too low.
const LOG_LINK_DELTA: f64 = 2.0;

/// What the leaves of one output's tree are valued by.
pub(super) struct Steps<'a> {
    pub settings: &'a Settings,
    pub goal: &'a Goal,
    /// Gradients and hessians of the rows.
    pub pairs: &'a [[f32; 2]],
    /// Scores of the rows before the tree.
    pub scores: &'a [f64],
    /// Threads that share out the leaves.
    pub threads: usize,
}

impl Steps<'_> {
    /// One value a leaf.
    pub fn values(&self, grown: &Grown<'_>, constraints: &Constraints) -> Vec<f32> {
        if constraints.is_monotone() {
            return self.bounded(grown, constraints);
        }
        let mut values = vec![0.0; grown.shape.leaves as usize];
        each(self.threads, &mut values, |leaf, value| *value = self.value(self.step(grown.leaf_rows(leaf))));
        values
    }

    /// One value a leaf, bounded on its way down by what the sides of the splits above would take: growth has only
    /// seen steps along quantised gradients, and leaves may take others.
    fn bounded(&self, grown: &Grown<'_>, constraints: &Constraints) -> Vec<f32> {
        let mut values = vec![0.0; grown.shape.leaves as usize];
        let mut open = vec![(grown.shape.root(), Bounds::FREE)];
        while let Some((child, bounds)) = open.pop() {
            match child {
                Child::Leaf(leaf) => {
                    values[leaf as usize] = self.value(bounds.clamp(self.step(grown.rows_below(child))));
                }
                Child::Node(node) => {
                    let branch = &grown.shape.branches[node as usize];
                    let step = |child| bounds.clamp(self.step(grown.rows_below(child)));
                    let (left, right) = match constraints.direction(branch.split.feature) {
                        0 => (bounds, bounds),
                        direction => bounds.parted(direction, step(branch.left), step(branch.right)),
                    };
                    open.extend([(branch.left, left), (branch.right, right)]);
                }
            }
        }
        values
    }

    /// What a step adds to a score.
    fn value(&self, step: f64) -> f32 {
        let step = step * self.settings.learning_rate;
        let most = self.goal.objective.link().most();
        step.clamp(-most, most) as f32
    }

    /// The step of a leaf with these rows, before the learning rate: by the true gradients, -T(G) / (H + l2), or the
    /// best constant of the residuals, which l2 shrinks in the same way, by H / (H + l2); l1, which is in the unit of
    /// the gradients, then only decides splits.
    fn step(&self, rows: &[u32]) -> f64 {
        let [gradient, hessian] =
            pair_sums(rows.len(), 1, |place| self.pairs[rows[place] as usize].map(f64::from));
        let rules = &self.settings.rules;
        let weight = hessian + rules.l2;
        if weight <= 0.0 {
            return 0.0;
        }
        let step = if self.goal.objective.refits() {
            self.goal.refit(rows, self.scores) * (hessian / weight)
        } else {
            let size = (gradient.abs() - rules.l1).max(0.0) / weight;
            if gradient > 0.0 && size > 0.0 { -size } else { size }
        };
        most_step(self.settings, self.goal).map_or(step, |most| step.clamp(-most, most))
    }
}

/// The largest step of a leaf, before the learning rate, where there is one.
pub(super) fn most_step(settings: &Settings, goal: &Goal) -> Option<f64> {
    match settings.max_delta {
        0.0 if goal.objective.link() == Link::Log => Some(LOG_LINK_DELTA),
        0.0 => None,
        given => Some(given),
    }
}
