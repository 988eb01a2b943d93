//! The best split of a leaf, read off its histogram.
//!
//! Gain of a split: score(left) + score(right) − score(leaf), where score = T(G)² / (H + λ), T shrinks towards 0 by
//! the l1 penalty, and G, H are the sums of gradients and hessians (Chen and Guestrin, "XGBoost", 2016, eq. 7).
//! Inside a scan, sums stay in integer units and two scores are compared by cross-multiplication, without dividing.
//!
//! Where steps are bounded, a side's score is what its bounded step w = -T(G) / (H + λ) gains, -2 (G w + l1 |w|) −
//! (H + λ) w², which without bounds is the same (ibid., eq. 5).
//!
//! Missing rows are tried on both sides. [`levels`] splits categories, for which what is missing is one more level.
//! [`shared`] adds up what one test gains in many leaves.

mod levels;
pub mod shared;

use super::constraint::Bounds;
use super::draw::Draws;
use super::packing::Scales;
use super::partition::Side;
use crate::numeric::rng;

/// A gain has to be more than rounding errors of this share of the leaf's score.
pub const RELATIVE_GAIN: f64 = 1e-9;

/// What a split must keep to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Rules {
    pub l1: f64,
    pub l2: f64,
    /// Fewest rows on either side; 1 or more.
    pub min_rows: i64,
    pub min_hessian: f64,
    pub min_gain: f64,
    /// Levels of fewer rows are not grouped, and the order of the levels is shrunk as by so many rows.
    pub cat_smooth: f64,
    /// Added to `l2` where levels are grouped.
    pub cat_l2: f64,
    /// Fewest rows that the levels between two tried groupings have.
    pub cat_group_rows: i64,
    /// One random cut a number, in place of the best.
    pub random_cuts: bool,
}

/// Which bins go left.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Test {
    /// Those up to this one.
    UpTo(u8),
    /// Those whose bit is set.
    In([u64; 4]),
}

/// A way to split a leaf.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Split {
    pub gain: f64,
    /// The feature, as a number in [`super::binning::Binned::features`].
    pub feature: u32,
    pub test: Test,
    pub missing_left: bool,
    /// The sums of the rows that go left.
    pub left: i64,
}

impl Split {
    /// Which bins go left, of a feature of `bin_count` bins.
    pub fn side(&self, bin_count: usize) -> Side {
        let mut side = [false; 256];
        match self.test {
            Test::UpTo(last) => side[..=usize::from(last)].fill(true),
            Test::In(set) => {
                for (bin, goes) in side.iter_mut().enumerate() {
                    *goes = set[bin / 64] >> (bin % 64) & 1 == 1;
                }
            }
        }
        if let Some(missing) = side.get_mut(bin_count - 1) {
            *missing = self.missing_left;
        }
        side
    }
}

/// A leaf whose split is sought.
#[derive(Clone, Copy)]
pub struct Search<'a> {
    rules: &'a Rules,
    scales: Scales,
    rows: i64,
    /// The rest is in integer units.
    gradient: f64,
    hessian: f64,
    l1: f64,
    l2: f64,
    cat_l2: f64,
    min_hessian: i64,
    /// The score that two children must have together.
    bar: f64,
    /// True gain of one integer unit.
    unit: f64,
    leaf_score: f64,
    /// Steps that children may take, in integer units, where they are bounded.
    bounds: Option<Bounds>,
    /// 1 where the left may not step higher than the right, -1 the other way round, else 0. For bounded steps only.
    pub direction: i8,
}

/// The best of a scan so far: the score as a fraction, and where it was.
#[derive(Clone, Copy)]
struct Best {
    numerator: f64,
    denominator: f64,
    place: usize,
    left: i64,
    found: bool,
}

/// A split of one feature, before the feature has a name.
struct Found {
    score: f64,
    test: Test,
    missing_left: bool,
    left: i64,
}

impl<'a> Search<'a> {
    /// The search in a leaf whose words sum to `total`.
    pub fn new(rules: &'a Rules, scales: Scales, total: i64) -> Self {
        let unit = scales.gradient * scales.gradient / scales.hessian;
        let sums = scales.layout.unpack(total);
        let hessian = if scales.layout.has_hessian() { sums.hessian } else { sums.count };
        let mut search = Self {
            rules,
            scales,
            rows: sums.count,
            gradient: sums.gradient as f64,
            hessian: hessian as f64,
            l1: rules.l1 / scales.gradient,
            l2: rules.l2 / scales.hessian,
            cat_l2: (rules.l2 + rules.cat_l2) / scales.hessian,
            min_hessian: ((rules.min_hessian / scales.hessian).ceil() as i64).max(1),
            bar: 0.0,
            unit,
            leaf_score: 0.0,
            bounds: None,
            direction: 0,
        };
        let shrunk = search.shrink(search.gradient);
        let weight = search.hessian + search.l2;
        search.leaf_score = if weight > 0.0 { shrunk * shrunk / weight } else { 0.0 };
        search.set_bar();
        search
    }

    fn set_bar(&mut self) {
        self.bar = self.leaf_score * (1.0 + RELATIVE_GAIN) + self.rules.min_gain.max(0.0) / self.unit;
    }

    /// What one unit of a step is in integer units.
    fn per_step(&self) -> f64 {
        self.scales.hessian / self.scales.gradient
    }

    /// The search where steps are bounded.
    pub fn within(mut self, bounds: Bounds) -> Self {
        let per_step = self.per_step();
        let bounds = Bounds { low: bounds.low * per_step, high: bounds.high * per_step };
        self.bounds = Some(bounds);
        let weight = self.hessian + self.l2;
        self.leaf_score = self.score_at(self.gradient, weight, self.step(self.gradient, weight, bounds));
        self.set_bar();
        self
    }

    /// The bounds on the left and on the right of a split on a feature of this direction.
    pub fn parted(&self, split: &Split, direction: i8) -> (Bounds, Bounds) {
        let (Some(bounds), per_step) = (self.bounds, self.per_step()) else {
            return (Bounds::FREE, Bounds::FREE);
        };
        let (gradient, hessian) = self.sums(split.left);
        let left = self.step(gradient, hessian + self.l2, bounds);
        let right = self.step(self.gradient - gradient, self.hessian - hessian + self.l2, bounds);
        let (left, right) = bounds.parted(direction, left, right);
        let outward = |b: Bounds| Bounds { low: b.low / per_step, high: b.high / per_step };
        (outward(left), outward(right))
    }

    /// Gradient and hessian of a word, in integer units.
    fn sums(&self, word: i64) -> (f64, f64) {
        let sums = self.scales.layout.unpack(word);
        let hessian = if self.scales.layout.has_hessian() { sums.hessian } else { sums.count };
        (sums.gradient as f64, hessian as f64)
    }

    /// The step with which these sums gain most inside the bounds; `weight` has the penalty in it.
    fn step(&self, gradient: f64, weight: f64, bounds: Bounds) -> f64 {
        bounds.clamp(if weight > 0.0 { -self.shrink(gradient) / weight } else { 0.0 })
    }

    /// What a step gains.
    fn score_at(&self, gradient: f64, weight: f64, step: f64) -> f64 {
        -2.0 * (gradient * step + self.l1 * step.abs()) - weight * step * step
    }

    /// The best split on one feature, whose bins' sums are `bins`, the missing bin last.
    pub fn best(&self, bins: &[i64], categorical: bool, feature: u32, draws: Draws) -> Option<Split> {
        let (&missing, values) = bins.split_last()?;
        let found = if categorical {
            self.best_grouping(bins)
        } else if self.rules.random_cuts {
            self.random_cut(values, missing, draws.of_cut(feature))
        } else {
            match (self.scales.layout.has_hessian(), self.bounds.is_some()) {
                (true, false) => self.best_cut::<true, false>(values, missing),
                (false, false) => self.best_cut::<false, false>(values, missing),
                (true, true) => self.best_cut::<true, true>(values, missing),
                (false, true) => self.best_cut::<false, true>(values, missing),
            }
        }?;
        let gain = (found.score - self.leaf_score) * self.unit;
        let mut missing_left = found.missing_left;
        if self.scales.layout.count(missing) == 0 {
            // Nothing is known of missing rows here: they go where most rows go.
            let left = self.scales.layout.count(found.left);
            missing_left = 2 * left >= self.rows;
        }
        Some(Split { gain, feature, test: found.test, missing_left, left: found.left })
    }

    #[inline(always)]
    fn shrink(&self, gradient: f64) -> f64 {
        if self.l1 == 0.0 {
            gradient
        } else {
            let size = (gradient.abs() - self.l1).max(0.0);
            if gradient < 0.0 { -size } else { size }
        }
    }

    fn no_best(&self) -> Best {
        Best { numerator: self.bar, denominator: 1.0, place: 0, left: 0, found: false }
    }

    /// Takes `left` as the best where it is better. The sums' counts have been looked at.
    #[inline(always)]
    fn consider<const HESSIAN: bool, const BOUNDED: bool>(
        &self,
        left: i64,
        place: usize,
        l2: f64,
        best: &mut Best,
    ) {
        let sums = self.scales.layout.unpack(left);
        let left_hessian = if HESSIAN { sums.hessian } else { sums.count };
        let right_hessian = self.hessian - left_hessian as f64;
        let min = self.min_hessian;
        if HESSIAN && (left_hessian < min || right_hessian < min as f64) {
            return;
        }
        let gradient = sums.gradient as f64;
        let (left_g, right_g) = (self.shrink(gradient), self.shrink(self.gradient - gradient));
        let (left_h, right_h) = (left_hessian as f64 + l2, right_hessian + l2);
        if BOUNDED && let Some(bounds) = self.bounds {
            let sides = (gradient, left_h, self.gradient - gradient, right_h);
            self.consider_bounded(bounds, sides, (left, place), best);
            return;
        }
        let numerator = left_g * left_g * right_h + right_g * right_g * left_h;
        let denominator = left_h * right_h;
        if numerator * best.denominator > best.numerator * denominator {
            *best = Best { numerator, denominator, place, left, found: true };
        }
    }

    /// The same where steps are bounded: `sides` are the gradient and weight of the left and of the right.
    fn consider_bounded(
        &self,
        bounds: Bounds,
        (left_g, left_h, right_g, right_h): (f64, f64, f64, f64),
        (left, place): (i64, usize),
        best: &mut Best,
    ) {
        let (left_step, right_step) =
            (self.step(left_g, left_h, bounds), self.step(right_g, right_h, bounds));
        if f64::from(self.direction) * (left_step - right_step) > 0.0 {
            return;
        }
        let score = self.score_at(left_g, left_h, left_step) + self.score_at(right_g, right_h, right_step);
        // Without bounds, scores are fractions.
        if score * best.denominator > best.numerator {
            *best = Best { numerator: score, denominator: 1.0, place, left, found: true };
        }
    }

    /// [`Search::consider`] outside of loops.
    fn consider_one(&self, left: i64, place: usize, l2: f64, best: &mut Best) {
        if self.scales.layout.has_hessian() {
            self.consider::<true, true>(left, place, l2, best);
        } else {
            self.consider::<false, true>(left, place, l2, best);
        }
    }

    /// Cuts from the lowest bin upwards; `start` is what goes left before the first.
    #[inline(always)]
    fn scan<const HESSIAN: bool, const BOUNDED: bool>(&self, values: &[i64], start: i64, best: &mut Best) {
        let mut left = start;
        for (bin, &word) in values.iter().enumerate() {
            if word == 0 {
                continue;
            }
            left += word;
            let rows = self.scales.layout.count(left);
            if rows < self.rules.min_rows {
                continue;
            }
            if self.rows - rows < self.rules.min_rows {
                break;
            }
            self.consider::<HESSIAN, BOUNDED>(left, bin, self.l2, best);
        }
    }

    fn best_cut<const HESSIAN: bool, const BOUNDED: bool>(
        &self,
        values: &[i64],
        missing: i64,
    ) -> Option<Found> {
        let mut best = self.no_best();
        self.scan::<HESSIAN, BOUNDED>(values, 0, &mut best);
        let right = best;
        if missing != 0 {
            self.scan::<HESSIAN, BOUNDED>(values, missing, &mut best);
        }
        let missing_left = best.place != right.place || best.left != right.left;
        best.found.then_some(Found {
            score: best.numerator / best.denominator,
            test: Test::UpTo(best.place as u8),
            missing_left,
            left: best.left,
        })
    }

    /// One cut at random between the lowest and the highest occupied bin (Geurts, Ernst and Wehenkel, "Extremely
    /// randomized trees", 2006), on whichever side missing rows are better.
    fn random_cut(&self, values: &[i64], missing: i64, bits: u64) -> Option<Found> {
        let low = values.iter().position(|&w| w != 0)?;
        let high = values.iter().rposition(|&w| w != 0)?;
        if low == high && missing == 0 {
            return None;
        }
        let cut = low + rng::below(bits, high - low);
        let below: i64 = values[..=cut].iter().sum();
        let mut best = self.no_best();
        for (place, left) in [(0, below), (1, below + missing)] {
            let rows = self.scales.layout.count(left);
            if rows < self.rules.min_rows || self.rows - rows < self.rules.min_rows {
                continue;
            }
            self.consider_one(left, place, self.l2, &mut best);
        }
        best.found.then_some(Found {
            score: best.numerator / best.denominator,
            test: Test::UpTo(cut as u8),
            missing_left: best.place == 1,
            left: best.left,
        })
    }
}
