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
    let mut panel = Vec::with_capacity(TALL * k);
    let mut row = 0;
    while row < m {
        let (a, c) = (&a[row * k..], &mut c[row * n..]);
        if row + TALL <= m {
            interleave::<T, TALL>(a, k, &mut panel);
            strip::<T, TALL>(&panel, b, c, n);
            row += TALL;
        } else {
            strip::<T, 1>(&a[..k], b, c, n);
            row += 1;
        }
    }
}

/// The first M rows of `a`, column after column.
fn interleave<T: Real, const M: usize>(a: &[T], k: usize, panel: &mut Vec<T>) {
    panel.clear();
    panel.resize(M * k, T::default());
    for (r, row) in a.chunks_exact(k).take(M).enumerate() {
        panel[r..].iter_mut().step_by(M).zip(row).for_each(|(place, &x)| *place = x);
    }
}

/// `M` rows of the product, as wide a tile at a time as the registers hold.
fn strip<T: Real, const M: usize>(panel: &[T], b: &[T], c: &mut [T], n: usize) {
    let mut column = 0;
    while column < n {
        let (b, c) = (&b[column..], &mut c[column..]);
        column += match n - column {
            8.. if size_of::<T>() <= 4 => tile::<T, M, 8>(panel, b, c, n),
            4.. => tile::<T, M, 4>(panel, b, c, n),
            2.. => tile::<T, M, 2>(panel, b, c, n),
            _ => tile::<T, M, 1>(panel, b, c, n),
        };
    }
}

/// The product's tile of M × N cells at the start of `c`. Returns its width. Written with fixed bounds so that the
/// sums stay in registers.
#[inline(always)]
fn tile<T: Real, const M: usize, const N: usize>(panel: &[T], b: &[T], c: &mut [T], n: usize) -> usize {
    let mut sums = [[T::default(); N]; M];
    let (columns, _) = panel.as_chunks::<M>();
    for (left, right) in columns.iter().zip(b.chunks(n)) {
        let Some(right) = right.first_chunk::<N>() else { break };
        for r in 0..M {
            for j in 0..N {
                sums[r][j] += left[r] * right[j];
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
