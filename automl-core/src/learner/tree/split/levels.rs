//! Splits of a category's levels: after Fisher ("On grouping for maximum homogeneity", 1958) as in Ke et al.
//! ("LightGBM", 2017), levels in the order of G / (H + smoothing), and the best cut of that order, from either end; with
//! few levels, one level against the rest. What is missing is one more level.

use super::{Best, Found, Search, Test};

/// With this many levels in a leaf or fewer, one level is split from the others.
pub(super) const ONE_AGAINST_REST: usize = 4;
/// Most levels on the listed side of a categorical split.
const MAX_LISTED_LEVELS: usize = 32;

impl Search<'_> {
    pub(super) fn best_grouping(&self, bins: &[i64]) -> Option<Found> {
        let occupied: Vec<usize> = (0..bins.len()).filter(|&b| bins[b] != 0).collect();
        if occupied.len() < 2 {
            return None;
        }
        let (best, listed) = if occupied.len() <= ONE_AGAINST_REST {
            self.best_single(bins, &occupied)
        } else {
            self.best_prefix(bins, &occupied)
        };
        if !best.found {
            return None;
        }
        let mut set = [0u64; 4];
        for bin in listed {
            set[bin / 64] |= 1 << (bin % 64);
        }
        let last = bins.len() - 1;
        let missing_left = set[last / 64] >> (last % 64) & 1 == 1;
        let score = best.numerator / best.denominator;
        Some(Found { score, test: Test::In(set), missing_left, left: best.left })
    }

    fn best_single(&self, bins: &[i64], occupied: &[usize]) -> (Best, Vec<usize>) {
        let mut best = self.no_best();
        for &bin in occupied {
            let rows = self.scales.layout.count(bins[bin]);
            if rows >= self.rules.min_rows && self.rows - rows >= self.rules.min_rows {
                self.consider_one(bins[bin], bin, self.l2, &mut best);
            }
        }
        (best, vec![best.place])
    }

    fn best_prefix(&self, bins: &[i64], occupied: &[usize]) -> (Best, Vec<usize>) {
        let up = self.ordered(bins, occupied, self.rules.cat_smooth);
        let most = MAX_LISTED_LEVELS.min(up.len().div_ceil(2));
        let down: Vec<usize> = up.iter().rev().copied().collect();
        let mut best = self.no_best();
        let mut listed = Vec::new();
        for order in [up, down] {
            let before = (best.left, best.place, best.found);
            self.scan_levels(bins, &order[..most.min(order.len())], &mut best);
            if (best.left, best.place, best.found) != before {
                listed = order[..=best.place].to_vec();
            }
        }
        (best, listed)
    }

    /// The levels of at least so many rows, in the order of G / (H + smoothing).
    pub(super) fn ordered(&self, bins: &[i64], occupied: &[usize], least_rows: f64) -> Vec<usize> {
        let layout = self.scales.layout;
        let smooth = self.rules.cat_smooth / self.scales.hessian;
        let mut levels: Vec<(f64, usize)> = occupied
            .iter()
            .filter(|&&b| layout.count(bins[b]) as f64 >= least_rows)
            .map(|&b| {
                let sums = layout.unpack(bins[b]);
                let hessian = if layout.has_hessian() { sums.hessian } else { sums.count };
                (sums.gradient as f64 / (hessian as f64 + smooth).max(f64::MIN_POSITIVE), b)
            })
            .collect();
        levels.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        levels.into_iter().map(|l| l.1).collect()
    }

    fn scan_levels(&self, bins: &[i64], order: &[usize], best: &mut Best) {
        let layout = self.scales.layout;
        let mut left = 0;
        let mut in_group = 0;
        for (place, &bin) in order.iter().enumerate() {
            left += bins[bin];
            in_group += layout.count(bins[bin]);
            let rows = layout.count(left);
            let right = self.rows - rows;
            if right < self.rules.min_rows || right < self.rules.cat_group_rows {
                break;
            }
            if rows < self.rules.min_rows || in_group < self.rules.cat_group_rows {
                continue;
            }
            in_group = 0;
            self.consider_one(left, place, self.cat_l2, best);
        }
    }
}
