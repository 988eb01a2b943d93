//! Eigenvalues and eigenvectors of symmetric matrices: Householder's reduction to tridiagonal form, then the QL method
//! with implicit shifts (Golub and Van Loan, "Matrix Computations", 8.3).

use super::dot;
use super::few::sort_few_by;

/// Steps of the QL method for one eigenvalue, of which two or three are usual.
const MOST_STEPS: usize = 60;

/// Of an n × n matrix, by falling eigenvalue.
#[derive(Debug, Clone, PartialEq)]
pub struct Eigen {
    pub values: Vec<f64>,
    /// Vector `i`, of length 1, in `vectors[i * n..(i + 1) * n]`.
    pub vectors: Vec<f64>,
}

/// `a`: n × n, row-major, finite, of which the lower half is read.
pub fn symmetric_eigen(mut a: Vec<f64>, n: usize) -> Eigen {
    for i in 0..n {
        for j in 0..i {
            a[j * n + i] = a[i * n + j];
        }
    }
    let reflectors = tridiagonalise(&mut a, n);
    let mut vectors = accumulate(&reflectors, n);
    let mut diagonal: Vec<f64> = (0..n).map(|i| a[i * n + i]).collect();
    let mut beside: Vec<f64> = (0..n).map(|i| if i + 1 < n { a[(i + 1) * n + i] } else { 0.0 }).collect();
    for l in 0..n {
        for _ in 0..MOST_STEPS {
            let small =
                |m: &usize| beside[*m].abs() <= f64::EPSILON * (diagonal[*m].abs() + diagonal[*m + 1].abs());
            let m = (l..n - 1).find(small).unwrap_or(n - 1);
            if m == l {
                break;
            }
            ql_step(&mut diagonal, &mut beside, &mut vectors, l, m);
        }
    }
    let mut order: Vec<usize> = (0..n).collect();
    sort_few_by(&mut order, |&x, &y| diagonal[y].total_cmp(&diagonal[x]));
    Eigen {
        values: order.iter().map(|&i| diagonal[i]).collect(),
        vectors: order.iter().flat_map(|&i| vectors[i * n..(i + 1) * n].iter().copied()).collect(),
    }
}

/// Makes `a` tridiagonal by reflections I − 2·v·vᵀ, one a column: `v` begins below the diagonal.
fn tridiagonalise(a: &mut [f64], n: usize) -> Vec<Vec<f64>> {
    let mut reflectors = Vec::new();
    for k in 0..n.saturating_sub(2) {
        let from = k + 1;
        let mut v: Vec<f64> = (from..n).map(|i| a[i * n + k]).collect();
        let largest = v.iter().fold(0.0f64, |m, x| m.max(x.abs()));
        if largest > 0.0 {
            v.iter_mut().for_each(|x| *x /= largest);
            let length = dot(&v, &v).sqrt();
            let head = if v[0] > 0.0 { -length } else { length };
            v[0] -= head;
            let norm = dot(&v, &v).sqrt();
            v.iter_mut().for_each(|x| *x /= norm);
            a[from * n + k] = head * largest;
            (from + 1..n).for_each(|i| a[i * n + k] = 0.0);
            // A − 2·v·wᵀ − 2·w·vᵀ with w = A·v − (vᵀ·A·v)·v.
            let mut w: Vec<f64> = (from..n).map(|i| dot(&a[i * n + from..(i + 1) * n], &v)).collect();
            let part = dot(&v, &w);
            w.iter_mut().zip(&v).for_each(|(w, v)| *w -= part * v);
            for (i, (&vi, &wi)) in v.iter().zip(&w).enumerate() {
                let row = &mut a[(from + i) * n + from..(from + i + 1) * n];
                for ((cell, vj), wj) in row.iter_mut().zip(&v).zip(&w) {
                    *cell -= 2.0 * (vi * wj + wi * vj);
                }
            }
        } else {
            v.fill(0.0);
        }
        reflectors.push(v);
    }
    reflectors
}

/// The product of the reflections, the last one first.
fn accumulate(reflectors: &[Vec<f64>], n: usize) -> Vec<f64> {
    let mut q = vec![0.0; n * n];
    (0..n).for_each(|i| q[i * n + i] = 1.0);
    for (k, v) in reflectors.iter().enumerate() {
        let rows = &mut q[(k + 1) * n..];
        let mut total = vec![0.0; n];
        for (row, v) in rows.chunks_exact(n).zip(v) {
            total.iter_mut().zip(row).for_each(|(t, x)| *t += v * x);
        }
        for (row, v) in rows.chunks_exact_mut(n).zip(v) {
            row.iter_mut().zip(&total).for_each(|(x, t)| *x -= 2.0 * v * t);
        }
    }
    q
}

/// √(a² + b²).
fn hypotenuse(a: f64, b: f64) -> f64 {
    let (large, small) = if a.abs() > b.abs() { (a.abs(), b.abs()) } else { (b.abs(), a.abs()) };
    if large == 0.0 {
        return 0.0;
    }
    let ratio = small / large;
    large * (1.0 + ratio * ratio).sqrt()
}

/// One implicit step on the block `l..=m`; `e[i]` stands between `d[i]` and `d[i + 1]`.
fn ql_step(d: &mut [f64], e: &mut [f64], vectors: &mut [f64], l: usize, m: usize) {
    let n = d.len();
    let slope = (d[l + 1] - d[l]) / (2.0 * e[l]);
    let root = hypotenuse(slope, 1.0);
    let mut g = d[m] - d[l] + e[l] / (slope + if slope >= 0.0 { root } else { -root });
    let (mut sine, mut cosine, mut p) = (1.0, 1.0, 0.0);
    for i in (l..m).rev() {
        let (f, b) = (sine * e[i], cosine * e[i]);
        let r = hypotenuse(f, g);
        e[i + 1] = r;
        if r == 0.0 {
            // The block falls in two: go on with its parts.
            d[i + 1] -= p;
            e[m] = 0.0;
            return;
        }
        (sine, cosine) = (f / r, g / r);
        g = d[i + 1] - p;
        let r = (d[i] - g) * sine + 2.0 * cosine * b;
        p = sine * r;
        d[i + 1] = g + p;
        g = cosine * r - b;
        let (upper, lower) = vectors[i * n..(i + 2) * n].split_at_mut(n);
        for (x, y) in upper.iter_mut().zip(lower) {
            (*x, *y) = (cosine * *x - sine * *y, sine * *x + cosine * *y);
        }
    }
    d[l] -= p;
    e[l] = g;
    e[m] = 0.0;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Rng;

    /// A·v = λ·v, the vectors orthonormal, the values falling.
    fn check(a: &[f64], n: usize) {
        let eigen = symmetric_eigen(a.to_vec(), n);
        let scale = a.iter().fold(1e-300f64, |m, x| m.max(x.abs()));
        assert!(eigen.values.windows(2).all(|w| w[0] >= w[1]));
        for i in 0..n {
            let v = &eigen.vectors[i * n..(i + 1) * n];
            for j in 0..n {
                let product = dot(&a[j * n..(j + 1) * n], v);
                assert!((product - eigen.values[i] * v[j]).abs() <= 1e-12 * scale * n as f64, "{a:?}");
                let other = dot(v, &eigen.vectors[j * n..(j + 1) * n]);
                assert!((other - f64::from(u8::from(i == j))).abs() < 1e-12, "{a:?}");
            }
        }
    }

    #[test]
    fn any_symmetric_matrix_is_taken_apart() {
        let mut rng = Rng::new(5);
        for n in [0, 1, 2, 3, 5, 20, 60] {
            for kind in 0..4 {
                let mut a = vec![0.0; n * n];
                for i in 0..n {
                    for j in 0..=i {
                        let x = match kind {
                            0 => rng.normal(),
                            1 => rng.below(2) as f64,
                            2 => f64::from(u8::from(i == j)),
                            _ => 1e80 * rng.normal(),
                        };
                        (a[i * n + j], a[j * n + i]) = (x, x);
                    }
                }
                check(&a, n);
            }
        }
        assert_eq!(symmetric_eigen(vec![2.0, 0.0, 0.0, 3.0], 2).values, [3.0, 2.0]);
    }
}
