//! The one source of randomness: xoshiro256++ (Blackman and Vigna, 2021), seeded through SplitMix64 and split
//! by stream labels, so that what one trial draws never depends on what another did.

use rand_core::{RngCore, SeedableRng};
use rand_xoshiro::Xoshiro256PlusPlus;

/// A seeded generator.
#[derive(Debug, Clone)]
pub struct Rng(Xoshiro256PlusPlus);

impl Rng {
    pub fn new(seed: u64) -> Self {
        Self(Xoshiro256PlusPlus::seed_from_u64(seed))
    }

    /// A generator for the stream named by `labels` (for example trial, fold, purpose).
    pub fn for_stream(seed: u64, labels: &[u64]) -> Self {
        let mut state = seed ^ 0x9E37_79B9_7F4A_7C15;
        for &label in labels {
            state = splitmix(state.wrapping_add(label.wrapping_mul(0xD134_2543_DE82_EF95)).wrapping_add(1));
        }
        Self::new(state)
    }

    pub fn next_u64(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Uniform in [0, 1), with 53 random bits.
    pub fn uniform(&mut self) -> f64 {
        uniform(self.next_u64())
    }

    /// Uniform in 0..n, as [`below`]. Returns 0 when `n` is 0.
    pub fn below(&mut self, n: usize) -> usize {
        below(self.next_u64(), n)
    }

    /// Standard normal by the polar method.
    pub fn normal(&mut self) -> f64 {
        loop {
            let (u, v) = (2.0 * self.uniform() - 1.0, 2.0 * self.uniform() - 1.0);
            let s = u * u + v * v;
            if s > 0.0 && s < 1.0 {
                return u * (-2.0 * super::math::ln(s) / s).sqrt();
            }
        }
    }

    /// Fisher-Yates shuffle.
    pub fn shuffle<T>(&mut self, items: &mut [T]) {
        for i in (1..items.len()).rev() {
            items.swap(i, self.below(i + 1));
        }
    }
}

/// Uniform in [0, 1), of 64 random bits 53 of which decide.
pub fn uniform(bits: u64) -> f64 {
    (bits >> 11) as f64 * (1.0 / 9_007_199_254_740_992.0)
}

/// Uniform in 0..n of 64 random bits, by multiply-shift (Lemire, 2019, without the rejection step: the bias is below n/2⁶⁴).
/// Returns 0 when `n` is 0.
pub fn below(bits: u64, n: usize) -> usize {
    ((u128::from(bits) * n as u128) >> 64) as usize
}

/// 64 random bits of a place, whoever draws for others: the number at `place` of SplitMix64's sequence from `seed` (Steele,
/// Lea and Flood, 2014). No two places of a seed have the same.
#[inline(always)]
pub fn of_place(seed: u64, place: u64) -> u64 {
    splitmix(seed.wrapping_add(place.wrapping_add(1).wrapping_mul(0x9E37_79B9_7F4A_7C15)))
}

#[inline(always)]
fn splitmix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_differ_and_repeat() {
        let draw = |labels: &[u64]| Rng::for_stream(7, labels).next_u64();
        assert_eq!(draw(&[1, 2]), draw(&[1, 2]));
        assert_ne!(draw(&[1, 2]), draw(&[2, 1]));
        assert_ne!(draw(&[1]), draw(&[1, 0]));
    }

    #[test]
    fn below_stays_in_range_and_normal_has_unit_variance() {
        let mut rng = Rng::new(1);
        assert!((0..1000).all(|_| rng.below(7) < 7));
        let draws: Vec<f64> = (0..20_000).map(|_| rng.normal()).collect();
        let mean = super::super::mean(&draws);
        let var = draws.iter().map(|d| (d - mean) * (d - mean)).sum::<f64>() / draws.len() as f64;
        assert!(mean.abs() < 0.03 && (var - 1.0).abs() < 0.05);
    }
}
