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

use crate::numeric::Rng;
use crate::platform::each;

/// Sums are converted to `f64`, which holds integers of this many bits.
const MAX_GRADIENT_BITS: u32 = 52;

/// Rows whose words are made at a time.
const BLOCK: usize = if cfg!(test) { 16 } else { 1 << 12 };
/// Rows that are worth threads; few in tests, so that they have threads.
const WORTH_THREADS: usize = if cfg!(test) { 32 } else { 1 << 15 };

/// Where the three numbers are in a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Layout {
    count_bits: u32,
    hessian_bits: u32,
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
    /// For rows whose weights sum to `total_weight`.
    pub fn new(total_weight: u64, with_hessian: bool) -> Self {
        let count_bits = (64 - total_weight.leading_zeros()).clamp(1, 33);
        let hessian_bits = if with_hessian { (64 - count_bits) * 15 / 32 } else { 0 };
        Self { count_bits, hessian_bits }
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

    /// What Σ|gradient| may reach, one bit being the sign's.
    fn gradient_limit(self) -> f64 {
        let bits = (64 - self.hessian_bits - self.count_bits - 1).min(MAX_GRADIENT_BITS);
        ((1u64 << bits) - 1) as f64
    }

    fn hessian_limit(self) -> f64 {
        ((1u64 << self.hessian_bits) - 1) as f64
    }
}

/// Unit with which `n` numbers of sum `total`, each rounded up at worst, stay below `limit`. Where the limit is too
/// small for that many roundings, one that keeps the expected sum at half of it.
fn unit_for(total: f64, n: f64, limit: f64) -> f64 {
    let room = if limit > 2.0 * n { limit - n } else { limit / 2.0 };
    if total > 0.0 { total / room } else { 1.0 }
}

/// Words of `rows`, written into `words` (one a row of the data; others are left as they are). `pairs` holds
/// gradient and hessian of each row; the hessian is 1 and not stored where `with_hessian` is false. `rows` ascend.
pub fn quantise(
    pairs: &[[f32; 2]],
    rows: Option<&[u32]>,
    with_hessian: bool,
    rng: &mut Rng,
    words: &mut [i64],
    threads: usize,
) -> Scales {
    let n = rows.map_or(pairs.len(), <[u32]>::len);
    let layout = Layout::new(n as u64, with_hessian);
    let (sum_gradient, sum_hessian) = match rows {
        None => absolute_sums(pairs.iter()),
        Some(rows) => absolute_sums(rows.iter().map(|&r| &pairs[r as usize])),
    };
    let mut scales =
        Scales { layout, gradient: unit_for(sum_gradient, n as f64, layout.gradient_limit()), hessian: 1.0 };
    if with_hessian {
        scales.hessian = unit_for(sum_hessian, n as f64, layout.hessian_limit());
    }
    let seed = rng.next_u64();
    loop {
        let mut rng = Rng::new(seed);
        let mut parts: Vec<Part<'_>> = pairs
            .chunks(BLOCK)
            .zip(words.chunks_mut(BLOCK))
            .enumerate()
            .map(|(i, (pairs, words))| {
                let rows = rows.map(|rows| within(rows, i * BLOCK, (i + 1) * BLOCK));
                Part { pairs, words, rows, start: i * BLOCK, gradients: 0, hessians: 0 }
            })
            .collect();
        if threads > 1 && n > WORTH_THREADS {
            parts.iter_mut().for_each(|part| part.draw(&mut rng));
            each(threads, &mut parts, |_, part| part.round(scales));
        } else {
            for part in &mut parts {
                part.draw(&mut rng);
                part.round(scales);
            }
        }
        let gradients: u64 = parts.iter().map(|part| part.gradients).sum();
        let hessians: u64 = parts.iter().map(|part| part.hessians).sum();
        // Only where the limits are small against the rows can this happen; coarser units then end it.
        let gradient_fits = gradients as f64 <= layout.gradient_limit();
        let hessian_fits = !with_hessian || hessians as f64 <= layout.hessian_limit();
        if gradient_fits && hessian_fits {
            return scales;
        }
        scales.gradient *= if gradient_fits { 1.0 } else { 2.0 };
        scales.hessian *= if hessian_fits { 1.0 } else { 2.0 };
    }
}

/// Σ|g| and Σh in a fixed order.
fn absolute_sums<'a>(pairs: impl Iterator<Item = &'a [f32; 2]>) -> (f64, f64) {
    let (mut gradient, mut hessian) = ([0.0f64; 4], [0.0f64; 4]);
    for (i, &[g, h]) in pairs.enumerate() {
        gradient[i & 3] += f64::from(g.abs());
        hessian[i & 3] += f64::from(h);
    }
    let fold = |[a, b, c, d]: [f64; 4]| (a + b) + (c + d);
    (fold(gradient), fold(hessian))
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
    /// Puts a random number where each row's word will be: these are drawn in the order of the rows.
    fn draw(&mut self, rng: &mut Rng) {
        match self.rows {
            None => self.words.fill_with(|| rng.next_u64().cast_signed()),
            Some(rows) => {
                for &row in rows {
                    self.words[row as usize - self.start] = rng.next_u64().cast_signed();
                }
            }
        }
    }

    /// Rounds each number down or up with the probability that keeps its mean.
    fn round(&mut self, scales: Scales) {
        let rounding = Rounding::new(scales);
        let (mut gradients, mut hessians) = (0, 0);
        let mut round = |pair: &[f32; 2], word: &mut i64| {
            let (g, h) = rounding.round(*pair, word.cast_unsigned());
            gradients += g.unsigned_abs();
            hessians += h.unsigned_abs();
            *word = scales.layout.pack(g, h, 1);
        };
        match self.rows {
            None => self.pairs.iter().zip(self.words.iter_mut()).for_each(|(pair, word)| round(pair, word)),
            Some(rows) => {
                for &row in rows {
                    let place = row as usize - self.start;
                    round(&self.pairs[place], &mut self.words[place]);
                }
            }
        }
        (self.gradients, self.hessians) = (gradients, hessians);
    }
}

/// Factors from numbers to integers.
struct Rounding {
    per_gradient: f64,
    per_hessian: f64,
    with_hessian: bool,
}

impl Rounding {
    fn new(scales: Scales) -> Self {
        Self {
            per_gradient: 1.0 / scales.gradient,
            per_hessian: 1.0 / scales.hessian,
            with_hessian: scales.layout.has_hessian(),
        }
    }

    /// Gradient and hessian as integers, by 64 random bits.
    #[inline(always)]
    fn round(&self, [g, h]: [f32; 2], bits: u64) -> (i64, i64) {
        const UNIT: f64 = 1.0 / 4_294_967_296.0;
        let lift = (bits >> 32) as u32;
        let g = floor(f64::from(g) * self.per_gradient + f64::from(lift) * UNIT);
        let h = if self.with_hessian {
            (f64::from(h) * self.per_hessian + f64::from(bits as u32) * UNIT) as i64
        } else {
            0
        };
        (g, h)
    }
}

/// Those of ascending `rows` that are from `start` to before `end`.
pub fn within(rows: &[u32], start: usize, end: usize) -> &[u32] {
    let before = |bound: usize| rows.partition_point(|&row| (row as usize) < bound);
    &rows[before(start)..before(end)]
}

/// ⌊x⌋ for |x| below 2⁶², without a call where the target has no rounding instruction.
#[inline(always)]
fn floor(x: f64) -> i64 {
    let truncated = x as i64;
    truncated - i64::from(truncated as f64 > x)
}
