//! Matrix product in a fixed order: every cell of the result adds its terms one after the other, whatever the tiles
//! are, so that the result is the same on every target.

use std::ops::{Add, AddAssign, Mul};

/// `f32` or `f64`.
pub trait Real: Copy + Default + Add<Output = Self> + Mul<Output = Self> + AddAssign {}

impl Real for f32 {}
impl Real for f64 {}

/// Rows of a tile.
const TALL: usize = 4;

/// c += a · b, with a of m × k, b of k × n and c of m × n, all row-major.
pub fn gemm<T: Real>(a: &[T], b: &[T], c: &mut [T], (m, k, n): (usize, usize, usize)) {
    if k == 0 || n == 0 {
        return;
    }
    let mut row = 0;
    while row + TALL <= m {
        strip::<T, TALL>(&a[row * k..], b, &mut c[row * n..], k, n);
        row += TALL;
    }
    while row < m {
        strip::<T, 1>(&a[row * k..], b, &mut c[row * n..], k, n);
        row += 1;
    }
}

/// `M` rows of the product, as wide a tile at a time as the registers hold.
fn strip<T: Real, const M: usize>(a: &[T], b: &[T], c: &mut [T], k: usize, n: usize) {
    let mut column = 0;
    while column < n {
        let left = n - column;
        let (b, c) = (&b[column..], &mut c[column..]);
        column += match left {
            8.. if size_of::<T>() <= 4 => tile::<T, M, 8>(a, b, c, k, n),
            4.. => tile::<T, M, 4>(a, b, c, k, n),
            2.. => tile::<T, M, 2>(a, b, c, k, n),
            _ => tile::<T, M, 1>(a, b, c, k, n),
        };
    }
}

/// The product's tile of M × N cells at the start of `c`. Returns its width.
#[inline(always)]
fn tile<T: Real, const M: usize, const N: usize>(a: &[T], b: &[T], c: &mut [T], k: usize, n: usize) -> usize {
    let rows: [&[T]; M] = std::array::from_fn(|r| &a[r * k..(r + 1) * k]);
    let mut sums = [[T::default(); N]; M];
    for p in 0..k {
        let Some(right) = b[p * n..].first_chunk::<N>() else { break };
        for (sums, row) in sums.iter_mut().zip(&rows) {
            for (sum, &x) in sums.iter_mut().zip(right) {
                *sum += row[p] * x;
            }
        }
    }
    for (r, sums) in sums.iter().enumerate() {
        for (cell, &sum) in c[r * n..].iter_mut().zip(sums) {
            *cell += sum;
        }
    }
    N
}

/// The transpose of `a`, of m × n, row-major.
pub fn transpose<T: Real>(a: &[T], m: usize, n: usize, out: &mut Vec<T>) {
    out.clear();
    out.resize(m * n, T::default());
    for (i, row) in a.chunks_exact(n.max(1)).enumerate().take(m) {
        for (place, &x) in out[i..].iter_mut().step_by(m).zip(row) {
            *place = x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Rng;

    #[test]
    fn equals_the_sums_of_products_to_the_last_bit() {
        let mut rng = Rng::new(1);
        for (m, k, n) in [(1, 1, 1), (4, 3, 8), (5, 7, 15), (9, 16, 3), (2, 0, 5), (0, 2, 2), (6, 5, 31)] {
            let a: Vec<f32> = (0..m * k).map(|_| rng.normal() as f32).collect();
            let b: Vec<f32> = (0..k * n).map(|_| rng.normal() as f32).collect();
            let mut c = vec![1.0; m * n];
            gemm(&a, &b, &mut c, (m, k, n));
            for i in 0..m {
                for j in 0..n {
                    let sum = (0..k).fold(0.0f32, |s, p| s + a[i * k + p] * b[p * n + j]);
                    assert_eq!(c[i * n + j], 1.0 + sum, "{m} {k} {n}");
                }
            }
        }
        let mut t = Vec::new();
        transpose(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 2, 3, &mut t);
        assert_eq!(t, [1.0, 4.0, 2.0, 5.0, 3.0, 6.0]);
    }
}
