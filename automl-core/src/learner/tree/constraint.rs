//! What trees may not do: go against a feature's direction, or bring features together that are kept apart.
//!
//! Directions are kept by bounds (as in Chen and Guestrin's XGBoost and in LightGBM's basic method): a split on a feature
//! whose predictions may only rise has no greater step on its left, and everything below is bounded by the middle of
//! the two steps, from above on the left and from below on the right.

/// The steps that a leaf may take.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bounds {
    pub low: f64,
    pub high: f64,
}

/// Constraints on the trees of one fit, feature by feature as in [`super::binning::Binned::features`]; empty where there
/// are none.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Constraints {
    /// 1 where predictions may not fall as the feature grows, -1 where they may not rise, else 0.
    pub monotone: Vec<i8>,
    /// The groups that each feature is in, a bit a group. A branch stays inside one group.
    pub groups: Vec<u64>,
}

impl Bounds {
    pub const FREE: Self = Self { low: f64::NEG_INFINITY, high: f64::INFINITY };

    pub fn clamp(self, step: f64) -> f64 {
        step.max(self.low).min(self.high)
    }

    /// The bounds on the left and on the right of a split on a feature of this direction, whose sides would take these
    /// steps.
    pub fn parted(self, direction: i8, left: f64, right: f64) -> (Self, Self) {
        let middle = 0.5 * left + 0.5 * right;
        match direction {
            1 => (Self { high: middle, ..self }, Self { low: middle, ..self }),
            -1 => (Self { low: middle, ..self }, Self { high: middle, ..self }),
            _ => (self, self),
        }
    }
}

impl Constraints {
    pub fn is_monotone(&self) -> bool {
        !self.monotone.is_empty()
    }

    pub fn direction(&self, feature: u32) -> i8 {
        self.monotone.get(feature as usize).copied().unwrap_or(0)
    }

    /// Whether a leaf below features that share these groups may split on `feature`.
    pub fn allows(&self, groups: u64, feature: u32) -> bool {
        self.below(groups, feature) != 0
    }

    /// The groups that are shared once `feature` is split on.
    pub fn below(&self, groups: u64, feature: u32) -> u64 {
        groups & self.groups.get(feature as usize).copied().unwrap_or(u64::MAX)
    }
}
