//! Symmetric positive definite systems.

use crate::numeric::dot;

/// The factor L of `a` = L·Lᵀ, of n × n, row-major, in the lower half of `a`; what is above is left as it is.
/// `None` where `a` is not positive definite beyond rounding.
pub fn factor(mut a: Vec<f64>, n: usize) -> Option<Vec<f64>> {
    for i in 0..n {
        let (above, rest) = a.split_at_mut(i * n);
        let row = &mut rest[..n];
        for j in 0..i {
            let other = &above[j * n..j * n + j + 1];
            row[j] = (row[j] - dot(&row[..j], &other[..j])) / other[j];
        }
        let pivot = row[i] - dot(&row[..i], &row[..i]);
        if !(pivot > row[i] * 1e-15 && pivot.is_finite()) {
            return None;
        }
        row[i] = pivot.sqrt();
    }
    Some(a)
}

/// Solves L·z = b in place.
pub fn forward(l: &[f64], n: usize, b: &mut [f64]) {
    for i in 0..n {
        let row = &l[i * n..i * n + i + 1];
        b[i] = (b[i] - dot(&row[..i], &b[..i])) / row[i];
    }
}

/// Solves Lᵀ·x = z in place.
pub fn backward(l: &[f64], n: usize, z: &mut [f64]) {
    for i in (0..n).rev() {
        z[i] /= l[i * n + i];
        let x = z[i];
        for (z, l) in z[..i].iter_mut().zip(&l[i * n..i * n + i]) {
            *z -= l * x;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::Rng;

    #[test]
    fn solves_what_it_factors() {
        let mut rng = Rng::new(2);
        for n in [1, 2, 7, 20] {
            let b: Vec<f64> = (0..n * n).map(|_| rng.normal()).collect();
            let cell = |i: usize, j: usize| (0..n).map(|k| b[i * n + k] * b[j * n + k]).sum::<f64>();
            let a: Vec<f64> =
                (0..n * n).map(|p| cell(p / n, p % n) + f64::from(u8::from(p / n == p % n))).collect();
            let x: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
            let mut y: Vec<f64> = (0..n).map(|i| dot(&a[i * n..(i + 1) * n], &x)).collect();
            let l = factor(a, n).expect("positive definite");
            forward(&l, n, &mut y);
            backward(&l, n, &mut y);
            assert!(x.iter().zip(&y).all(|(x, y)| (x - y).abs() < 1e-9));
        }
        assert_eq!(factor(vec![1.0, 1.0, 1.0, 1.0], 2), None);
        assert_eq!(factor(vec![-1.0], 1), None);
    }
}
