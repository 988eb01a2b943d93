//! What one test gains in all leaves of a level together, as trees with a test a level want it (Prokhorenkova et al.,
//! "CatBoost: unbiased boosting with categorical features", 2018).
//!
//! A leaf in which the test would break a rule (fewest rows, least hessian, a feature's direction) stays whole and gains
//! nothing. Levels of a category have one order for the whole tree, that of G / (H + smoothing) over all of its rows,
//! so that cuts of them add up as cuts of numbers do.
//!
//! Shapes: a feature of `b` bins has 2 b gains, in integer units. Of a number: by how much a cut after each bin gains more
//! than one after the bin before, with what is missing on the right, and the same with what is missing on the left; most
//! bins are empty in a small leaf and add nothing. Of a category: what the cuts after each level of the order gain.

use super::{Search, Test};
use crate::numeric::rng;

/// How a feature is cut in every leaf of a tree.
#[derive(Debug, Clone, PartialEq)]
pub enum Cutting {
    /// After bins from `low` to `high`, the lowest and the highest that have rows. `missing`: whether some rows have no
    /// number.
    Numbers { low: u8, high: u8, missing: bool },
    /// After levels of this order whose mark is set; levels that it leaves out go right. `grouped`: as in
    /// [`super::levels`], where there are more than a few.
    Levels { order: Vec<(u8, bool)>, grouped: bool },
}

/// The best cut of a feature.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BestCut {
    pub gain: f64,
    pub test: Test,
    pub missing_left: bool,
}

impl Search<'_> {
    /// How a feature is cut whose bins' sums over the tree are `bins`, the missing bin last; `self` is the root's search.
    pub fn cutting(&self, bins: &[i64], categorical: bool) -> Cutting {
        if !categorical {
            let (&last, values) = bins.split_last().unwrap_or((&0, &[]));
            let low = values.iter().position(|&w| w != 0).unwrap_or(0);
            let high = values.iter().rposition(|&w| w != 0).unwrap_or(0);
            return Cutting::Numbers { low: low as u8, high: high as u8, missing: last != 0 };
        }
        let occupied: Vec<usize> = (0..bins.len()).filter(|&b| bins[b] != 0).collect();
        let grouped = occupied.len() > super::levels::ONE_AGAINST_REST;
        let least = if grouped { self.rules.cat_smooth } else { 0.0 };
        let levels = self.ordered(bins, &occupied, least);
        let (mut rows, mut in_group) = (0, 0);
        let order = levels.into_iter().map(|bin| {
            let count = self.scales.layout.count(bins[bin]);
            rows += count;
            in_group += count;
            let few = in_group.min(self.rows - rows) < self.rules.cat_group_rows;
            let cut = rows < self.rows && !(grouped && few);
            in_group = if cut { 0 } else { in_group };
            (bin as u8, cut)
        });
        Cutting::Levels { order: order.collect(), grouped }
    }

    /// The score of the leaf as it is, in integer units.
    pub fn score(&self) -> f64 {
        self.leaf_score
    }

    /// What the test that sends `left` left gains in this leaf, in integer units; `None` where it breaks a rule.
    pub fn gain(&self, left: i64, grouped: bool) -> Option<f64> {
        match (self.scales.layout.has_hessian(), self.bounds.is_some()) {
            (true, false) => self.gain_of::<true, false>(left, grouped),
            (false, false) => self.gain_of::<false, false>(left, grouped),
            (true, true) => self.gain_of::<true, true>(left, grouped),
            (false, true) => self.gain_of::<false, true>(left, grouped),
        }
    }

    /// Adds to the gains of a feature's cuts what they gain in this leaf, where its bins' sums are `bins`.
    pub fn add_gains(&self, cutting: &Cutting, bins: &[i64], gains: &mut [f64]) {
        match (self.scales.layout.has_hessian(), self.bounds.is_some()) {
            (true, false) => self.add::<true, false>(cutting, bins, gains),
            (false, false) => self.add::<false, false>(cutting, bins, gains),
            (true, true) => self.add::<true, true>(cutting, bins, gains),
            (false, true) => self.add::<false, true>(cutting, bins, gains),
        }
    }

    #[inline(always)]
    fn gain_of<const HESSIAN: bool, const BOUNDED: bool>(&self, left: i64, grouped: bool) -> Option<f64> {
        let sums = self.scales.layout.unpack(left);
        let (min_rows, min) = (self.rules.min_rows, self.min_hessian as f64);
        if sums.count < min_rows || self.rows - sums.count < min_rows {
            return None;
        }
        let left_hessian = (if HESSIAN { sums.hessian } else { sums.count }) as f64;
        let right_hessian = self.hessian - left_hessian;
        if HESSIAN && (left_hessian < min || right_hessian < min) {
            return None;
        }
        let l2 = if grouped { self.cat_l2 } else { self.l2 };
        let gradient = sums.gradient as f64;
        let (left_h, right_h) = (left_hessian + l2, right_hessian + l2);
        if BOUNDED && let Some(bounds) = self.bounds {
            let right = self.gradient - gradient;
            let (left_step, right_step) =
                (self.step(gradient, left_h, bounds), self.step(right, right_h, bounds));
            let score =
                self.score_at(gradient, left_h, left_step) + self.score_at(right, right_h, right_step);
            let kept = f64::from(self.direction) * (left_step - right_step) <= 0.0;
            return kept.then_some(score - self.leaf_score);
        }
        let (left_g, right_g) = (self.shrink(gradient), self.shrink(self.gradient - gradient));
        Some((left_g * left_g * right_h + right_g * right_g * left_h) / (left_h * right_h) - self.leaf_score)
    }

    fn add<const HESSIAN: bool, const BOUNDED: bool>(
        &self,
        cutting: &Cutting,
        bins: &[i64],
        gains: &mut [f64],
    ) {
        let (right, left) = gains.split_at_mut(bins.len());
        match cutting {
            Cutting::Numbers { missing: some_missing, .. } => {
                let Some((&missing, values)) = bins.split_last() else { return };
                self.add_cuts::<HESSIAN, BOUNDED>(values, 0, |bin, more| {
                    right[bin] += more;
                    if *some_missing && missing == 0 {
                        left[bin] += more;
                    }
                });
                if missing != 0 {
                    self.add_cuts::<HESSIAN, BOUNDED>(values, missing, |bin, more| left[bin] += more);
                }
            }
            Cutting::Levels { order, grouped } => {
                let gain = |sum| self.gain_of::<HESSIAN, BOUNDED>(sum, *grouped).unwrap_or(0.0);
                let (mut sum, mut of_sum) = (0, (0, 0.0));
                for (&(bin, cut), gains) in order.iter().zip(right) {
                    sum += bins[usize::from(bin)];
                    if cut {
                        if sum != of_sum.0 {
                            of_sum = (sum, gain(sum));
                        }
                        *gains += of_sum.1;
                    }
                }
            }
        }
    }

    /// Cuts from the lowest bin upwards; `start` is what goes left before the first. Calls `add(bin, more)` where a cut
    /// gains another amount than the one before.
    #[inline(always)]
    fn add_cuts<const HESSIAN: bool, const BOUNDED: bool>(
        &self,
        values: &[i64],
        start: i64,
        mut add: impl FnMut(usize, f64),
    ) {
        let gain = |sum| self.gain_of::<HESSIAN, BOUNDED>(sum, false).unwrap_or(0.0);
        let (mut sum, mut before) = (start, gain(start));
        if before != 0.0 {
            add(0, before);
        }
        for (bin, &word) in values.iter().enumerate() {
            if word != 0 {
                sum += word;
                let here = gain(sum);
                add(bin, here - before);
                before = here;
            }
        }
    }
}

impl Cutting {
    /// The cut that gains most, the first of equals, or one by `random` bits. Of levels, what is missing is the last of
    /// `gains.len() / 2` bins.
    pub fn best(&self, gains: &[f64], random: Option<u64>) -> BestCut {
        let bins = gains.len() / 2;
        let mut best = BestCut { gain: 0.0, test: Test::UpTo(0), missing_left: false };
        match self {
            Self::Numbers { low, high, missing } => {
                let at = |bits| low + rng::below(bits, usize::from(high - low)) as u8;
                let places = random.map_or(*low..=*high, |bits| at(bits)..=at(bits));
                for (missing_left, gains) in [(false, &gains[..bins]), (true, &gains[bins..])] {
                    if missing_left && !missing {
                        break;
                    }
                    let mut gain = 0.0;
                    for (place, more) in (0..=*places.end()).zip(gains) {
                        gain += more;
                        if gain > best.gain && places.contains(&place) {
                            best = BestCut { gain, test: Test::UpTo(place), missing_left };
                        }
                    }
                }
            }
            Self::Levels { order, .. } => {
                let mut set = [0u64; 4];
                for (&(bin, cut), &gain) in order.iter().zip(gains) {
                    let bin = usize::from(bin);
                    set[bin / 64] |= 1 << (bin % 64);
                    if cut && gain > best.gain {
                        let last = bins - 1;
                        let missing_left = set[last / 64] >> (last % 64) & 1 == 1;
                        best = BestCut { gain, test: Test::In(set), missing_left };
                    }
                }
            }
        }
        best
    }
}
