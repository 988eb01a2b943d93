//! What boosted trees are grown with.

use super::packing::Scales;
use super::split::Rules;

/// Which leaf is split next.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// The one whose split gains most.
    LeafWise,
    /// One of the shallowest, and of these the one whose split gains most.
    DepthWise,
    /// All of a level, by the same test.
    Symmetric,
}

/// How a tree grows, and how far.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Limits {
    pub policy: Policy,
    pub max_leaves: usize,
    /// Most splits above a leaf; 0 for no limit.
    pub max_depth: usize,
    /// Share of the tree's features that each leaf may split on.
    pub node_features: f64,
}

/// What one tree is grown with.
#[derive(Clone, Copy)]
pub(super) struct Plan<'p> {
    pub words: &'p [i64],
    pub scales: Scales,
    pub rules: &'p Rules,
    pub limits: &'p Limits,
    /// Of what is drawn leaf by leaf.
    pub seed: u64,
}

impl Plan<'_> {
    /// What one integer unit of a gain is.
    pub fn unit(&self) -> f64 {
        self.scales.gradient * self.scales.gradient / self.scales.hessian
    }

    pub fn count(&self, word: i64) -> i64 {
        self.scales.layout.count(word)
    }
}
