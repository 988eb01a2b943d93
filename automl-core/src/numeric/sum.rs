//! Sums in a fixed order: eight running lanes, then the lanes pairwise. The compiler can vectorise them, and
//! the result does not depend on how wide the machine's vectors are.

const LANES: usize = 8;

fn fold_lanes(lanes: [f64; LANES]) -> f64 {
    let [a, b, c, d, e, f, g, h] = lanes;
    ((a + b) + (c + d)) + ((e + f) + (g + h))
}

/// Sum of `x`.
pub fn sum(x: &[f64]) -> f64 {
    let mut lanes = [0.0; LANES];
    let chunks = x.chunks_exact(LANES);
    let tail = chunks.remainder();
    for chunk in chunks {
        for (lane, v) in lanes.iter_mut().zip(chunk) {
            *lane += v;
        }
    }
    for (lane, v) in lanes.iter_mut().zip(tail) {
        *lane += v;
    }
    fold_lanes(lanes)
}

/// Σ aᵢ·bᵢ over the shorter of the two.
pub fn dot(a: &[f64], b: &[f64]) -> f64 {
    let n = a.len().min(b.len());
    let (a, b) = (&a[..n], &b[..n]);
    let mut lanes = [0.0; LANES];
    let (ca, cb) = (a.chunks_exact(LANES), b.chunks_exact(LANES));
    let (ta, tb) = (ca.remainder(), cb.remainder());
    for (x, y) in ca.zip(cb) {
        for i in 0..LANES {
            lanes[i] += x[i] * y[i];
        }
    }
    for (lane, (x, y)) in lanes.iter_mut().zip(ta.iter().zip(tb)) {
        *lane += x * y;
    }
    fold_lanes(lanes)
}

/// Arithmetic mean; 0 for an empty slice.
pub fn mean(x: &[f64]) -> f64 {
    if x.is_empty() { 0.0 } else { sum(x) / x.len() as f64 }
}

/// Mean of `x` in which each counts as much as its weight; 0 where nothing has weight.
pub fn weighted_mean(x: &[f64], weights: Option<&[f64]>) -> f64 {
    let Some(weights) = weights else { return mean(x) };
    let total = sum(weights);
    if total > 0.0 { dot(x, weights) / total } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sums_and_dots() {
        let x: Vec<f64> = (1..=19).map(f64::from).collect();
        assert_eq!(sum(&x), 190.0);
        assert_eq!(dot(&x, &x), 2470.0);
        assert_eq!(mean(&x), 10.0);
        assert_eq!(mean(&[]), 0.0);
        assert_eq!(weighted_mean(&[1.0, 5.0], Some(&[3.0, 1.0])), 2.0);
        assert_eq!(weighted_mean(&[1.0, 5.0], None), 3.0);
        assert_eq!(weighted_mean(&[1.0, 5.0], Some(&[0.0, 0.0])), 0.0);
    }
}
