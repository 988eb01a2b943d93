//! Gradients as integers, three numbers in one `i64`.
//!
//! A row's word holds, from the top: its gradient (signed), its hessian (not negative), and its weight as a count.
//! Sums of words are sums of the three side by side as long as none outgrows its field, and the scales are chosen
//! so that none can: Σ|gradient|, Σ hessian and Σ weight over all rows each fit. Differences of such sums are exact
//! too. With n rows, `64 − log₂ n` bits are left for gradient and hessian; the mean gradient of 100,000 rows spans
//! about 170 levels, and rounding adds some 10⁻⁵ of the gradients' own variance.
//!
//! Source: Shi, Ke, Chen, Zheng and Liu, "Quantized training of gradient boosting decision trees" (2022):
//! stochastic rounding keeps the sums unbiased, and leaf values are refitted with the true gradients.

use super::lanes::pair_sums;
use crate::numeric::{Rng, rng};
use crate::platform::each;

/// Sums are converted to `f64`, which holds integers of this many bits.
const MAX_GRADIENT_BITS: u32 = 52;

/// Numbers up to this, 2⁵¹, are rounded by [`floor_near`].
const NEAR: f64 = 2_251_799_813_685_248.0;

/// Rows whose words are made at a time.
const BLOCK: usize = if cfg!(test) { 16 } else { 1 << 12 };
/// Rows that are worth threads; few in tests, so that they have threads.
const WORTH_THREADS: usize = if cfg!(test) { 32 } else { 1 << 15 };

/// Where the three numbers are in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    count_bits: u32,
    hessian_bits: u32,
    /// Rows that are summed at most.
    most: u64,
}

/// The three sums in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unpacked {
    pub gradient: i64,
    pub hessian: i64,
    pub count: i64,
}

/// Gradients of one tree as integers.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Scales {
    pub layout: Layout,
    /// What one unit of the integer gradient is.
    pub gradient: f64,
    /// What one unit of the integer hessian is, or of the count where there is no hessian.
    pub hessian: f64,
}

impl Layout {
    /// For up to `most` rows.
    pub fn new(most: u64, with_hessian: bool) -> Self {
        let count_bits = (64 - most.leading_zeros()).clamp(1, 33);
        let hessian_bits = if with_hessian { (64 - count_bits) * 15 / 32 } else { 0 };
        Self { count_bits, hessian_bits, most }
    }

    pub fn has_hessian(self) -> bool {
        self.hessian_bits > 0
    }

    #[inline(always)]
    pub fn pack(self, gradient: i64, hessian: i64, count: i64) -> i64 {
        // Wrapping, because numbers too large for their fields are packed before they are found to be so.
        (gradient << (self.hessian_bits + self.count_bits))
            .wrapping_add(hessian << self.count_bits)
            .wrapping_add(count)
    }

    #[inline(always)]
    pub fn count(self, word: i64) -> i64 {
        word & ((1 << self.count_bits) - 1)
    }

    #[inline(always)]
    pub fn unpack(self, word: i64) -> Unpacked {
        Unpacked {
            gradient: word >> (self.hessian_bits + self.count_bits),
            hessian: (word >> self.count_bits) & ((1 << self.hessian_bits) - 1),
            count: self.count(word),
        }
    }

    /// Bits that count rows, and those of the hessian.
    #[cfg(feature = "gpu")]
    pub fn bits(self) -> (u32, u32) {
        (self.count_bits, self.hessian_bits)
    }

    /// What Σ|gradient| and Σ hessian may reach.
    pub fn limits(self) -> [f64; 2] {
        [self.gradient_limit(), self.hessian_limit()]
    }

    /// What these sums are made to be, before rounding.
    pub fn rooms(self) -> [f64; 2] {
        self.limits().map(|limit| room(self.most as f64, limit))
    }

    /// What Σ|gradient| may reach, one bit being the sign's.
    fn gradient_limit(self) -> f64 {
        let bits = (64 - self.hessian_bits - self.count_bits - 1).min(MAX_GRADIENT_BITS);
        ((1u64 << bits) - 1) as f64
    }

    fn hessian_limit(self) -> f64 {
        ((1u64 << self.hessian_bits) - 1) as f64
    }
}

/// What the sum of `n` numbers may be so that they, each rounded up at worst, stay below `limit`. Where the limit is too
/// small for that many roundings, half of it: the sum is then expected there.
fn room(n: f64, limit: f64) -> f64 {
    if limit > 2.0 * n { limit - n } else { limit / 2.0 }
}

/// Unit in which numbers of sum `total` have the sum `room`.
fn unit_for(total: f64, room: f64) -> f64 {
    if total > 0.0 { total / room } else { 1.0 }
}

/// Words of `rows`, written into `words` (one a row of the data; others are left as they are). `pairs` holds
/// gradient and hessian of each row; the hessian is 1 and not stored where `layout` has none. `rows` ascend, and are no more
/// than it is for.
pub fn quantise(
    pairs: &[[f32; 2]],
    rows: Option<&[u32]>,
    layout: Layout,
    rng: &mut Rng,
    words: &mut [i64],
    threads: usize,
) -> Scales {
    let n = rows.map_or(pairs.len(), <[u32]>::len);
    let size = |row: usize| [f64::from(pairs[row][0].abs()), f64::from(pairs[row][1])];
    let [sum_gradient, sum_hessian] = match rows {
        None => pair_sums(n, threads, size),
        Some(rows) => pair_sums(n, threads, |place| size(rows[place] as usize)),
    };
    let [gradient_room, hessian_room] = layout.rooms();
    let mut scales = Scales { layout, gradient: unit_for(sum_gradient, gradient_room), hessian: 1.0 };
    if layout.has_hessian() {
        scales.hessian = unit_for(sum_hessian, hessian_room);
    }
    let seed = rng.next_u64();
    loop {
        let mut parts: Vec<Part<'_>> = pairs
            .chunks(BLOCK)
            .zip(words.chunks_mut(BLOCK))
            .enumerate()
            .map(|(i, (pairs, words))| {
                let rows = rows.map(|rows| within(rows, i * BLOCK, (i + 1) * BLOCK));
                Part { pairs, words, rows, start: i * BLOCK, gradients: 0, hessians: 0 }
            })
            .collect();
        let threads = if n > WORTH_THREADS { threads } else { 1 };
        each(threads, &mut parts, |_, part| part.round(seed, scales));
        let gradients: u64 = parts.iter().map(|part| part.gradients).sum();
        let hessians: u64 = parts.iter().map(|part| part.hessians).sum();
        // Only where the limits are small against the rows can this happen; coarser units then end it.
        let gradient_fits = gradients as f64 <= layout.gradient_limit();
        let hessian_fits = !layout.has_hessian() || hessians as f64 <= layout.hessian_limit();
        if gradient_fits && hessian_fits {
            return scales;
        }
        scales.gradient *= if gradient_fits { 1.0 } else { 2.0 };
        scales.hessian *= if hessian_fits { 1.0 } else { 2.0 };
    }
}

/// Some of the rows whose words are made.
struct Part<'p> {
    pairs: &'p [[f32; 2]],
    words: &'p mut [i64],
    /// The rows' numbers, the first of which is `start`; all where it is `None`.
    rows: Option<&'p [u32]>,
    start: usize,
    /// Σ|g| and Σh of the integers.
    gradients: u64,
    hessians: u64,
}

impl Part<'_> {
    /// Rounds each number down or up with the probability that keeps its mean.
    fn round(&mut self, seed: u64, scales: Scales) {
        let layout = scales.layout;
        match (layout.has_hessian(), layout.gradient_limit() < NEAR) {
            (true, true) => self.round_as::<true, true>(seed, scales),
            (true, false) => self.round_as::<true, false>(seed, scales),
            (false, true) => self.round_as::<false, true>(seed, scales),
            (false, false) => self.round_as::<false, false>(seed, scales),
        }
    }

    /// `HESSIAN`: whether rows have one. `NEAR_ZERO`: whether gradients are below [`NEAR`].
    fn round_as<const HESSIAN: bool, const NEAR_ZERO: bool>(&mut self, seed: u64, scales: Scales) {
        let (per_gradient, per_hessian) = (1.0 / scales.gradient, 1.0 / scales.hessian);
        let (mut gradients, mut hessians) = (0, 0);
        let start = self.start;
        let mut round = |place: usize, &[g, h]: &[f32; 2], word: &mut i64| {
            let bits = rng::of_place(seed, (start + place) as u64);
            let g = f64::from(g) * per_gradient + share(bits >> 32);
            let g = if NEAR_ZERO { floor_near(g) } else { floor(g) };
            let h = if HESSIAN {
                floor_near(f64::from(h) * per_hessian + share(bits & u64::from(u32::MAX)))
            } else {
                0
            };
            gradients += g.unsigned_abs();
            hessians += h.unsigned_abs();
            *word = scales.layout.pack(g, h, 1);
        };
        match self.rows {
            None => {
                let both = self.pairs.iter().zip(self.words.iter_mut()).enumerate();
                both.for_each(|(place, (pair, word))| round(place, pair, word));
            }
            Some(rows) => {
                for &row in rows {
                    let place = row as usize - self.start;
                    round(place, &self.pairs[place], &mut self.words[place]);
                }
            }
        }
        (self.gradients, self.hessians) = (gradients, hessians);
    }
}

/// Those of ascending `rows` that are from `start` to before `end`.
pub fn within(rows: &[u32], start: usize, end: usize) -> &[u32] {
    let before = |bound: usize| rows.partition_point(|&row| (row as usize) < bound);
    &rows[before(start)..before(end)]
}

/// 32 bits as a share of 2³². As the lowest bits of a float that is 2⁵²: conversions would be one at a time.
#[inline(always)]
fn share(bits: u64) -> f64 {
    const MAGIC: f64 = 4_503_599_627_370_496.0; // 2⁵²
    (f64::from_bits(bits | MAGIC.to_bits()) - MAGIC) * (1.0 / 4_294_967_296.0)
}

/// ⌊x⌋ for |x| below 2⁶², without a call where the target has no rounding instruction.
#[inline(always)]
fn floor(x: f64) -> i64 {
    let truncated = x as i64;
    truncated - i64::from(truncated as f64 > x)
}

/// ⌊x⌋ for |x| below [`NEAR`], for several at once where the target can; 0 for others and what is no number.
#[inline(always)]
fn floor_near(x: f64) -> i64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer, the lowest bits of the sum
    let x = if x.abs() < NEAR { x } else { 0.0 };
    let shifted = x + MAGIC;
    let nearest = shifted.to_bits().wrapping_sub(MAGIC.to_bits()).cast_signed();
    nearest - i64::from(shifted - MAGIC > x)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_rounded_for_several_at_once_is_rounded_down() {
        let mut rng = Rng::new(1);
        let near = (-50..=50).map(|i| f64::from(i) * 0.25);
        let far =
            (0..2000).map(|i| rng.normal() * f64::from(1u32 << (i % 31)) * 1e5).filter(|x| x.abs() < NEAR);
        for x in near.chain(far).chain([-0.0, 1.0 - NEAR, NEAR - 0.5, -1e-300]) {
            assert_eq!(floor_near(x), floor(x), "{x}");
        }
        for x in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY, NEAR] {
            assert_eq!(floor_near(x), 0);
        }
        for bits in [0, 1, u32::MAX, 1 << 31] {
            assert_eq!(share(bits.into()).to_bits(), (f64::from(bits) / 4_294_967_296.0).to_bits());
        }
    }
}
