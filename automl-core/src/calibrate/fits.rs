//! Fitting the maps: convex problems of one to three parameters, by Newton's method in a fixed order of rows.

use super::maps::{Calibration, ln, logit};
use crate::numeric::{math, sum};

/// Newton steps.
const STEPS: usize = 60;
/// A step this small ends the search.
const SMALL: f64 = 1e-12;
/// Added to the diagonal, so that equal probabilities do not make the system singular.
const RIDGE: f64 = 1e-9;

/// The inverse temperature that gives the least log loss of `probabilities` (rows × classes); `None` where there is none.
pub(super) fn temperature(codes: &[u32], probabilities: &[f64], classes: usize) -> Option<Calibration> {
    let logs: Vec<f64> = probabilities.iter().map(|&p| ln(p)).collect();
    let mut inverse: f64 = 1.0;
    let mut each = vec![0.0; classes];
    for _ in 0..STEPS {
        // Of the mean loss ln Σ exp(b · l) − b · l(y): E[l] − l(y), and the variance of l.
        let (mut slopes, mut bends) = (Vec::with_capacity(codes.len()), Vec::with_capacity(codes.len()));
        for (&code, row) in codes.iter().zip(logs.chunks(classes)) {
            each.iter_mut().zip(row).for_each(|(e, l)| *e = inverse * l);
            math::softmax(&mut each);
            let mean: f64 = each.iter().zip(row).map(|(p, l)| p * l).sum();
            let square: f64 = each.iter().zip(row).map(|(p, l)| p * l * l).sum();
            slopes.push(mean - row[code as usize]);
            bends.push((square - mean * mean).max(0.0));
        }
        let (slope, bend) = (sum(&slopes), sum(&bends));
        if bend <= 0.0 {
            return None;
        }
        let next = (inverse - slope / bend).clamp(inverse / 2.0, inverse * 2.0);
        let moved = (next - inverse).abs();
        inverse = next;
        if moved <= SMALL * inverse {
            break;
        }
    }
    (1e-3..=1e3).contains(&inverse).then_some(Calibration::Temperature { inverse })
}

/// Platt's targets: as if one more row of each class had been seen, so that the best map is never certain.
fn targets(codes: &[u32]) -> Vec<f64> {
    let second = codes.iter().filter(|c| **c == 1).count() as f64;
    let first = codes.len() as f64 - second;
    let (high, low) = ((second + 1.0) / (second + 2.0), 1.0 / (first + 2.0));
    codes.iter().map(|&c| if c == 1 { high } else { low }).collect()
}

/// Platt's map of the second class's probabilities `p`; `None` where it would turn the order around.
pub(super) fn platt(codes: &[u32], p: &[f64]) -> Option<Calibration> {
    let rows: Vec<[f64; 3]> = p.iter().map(|&p| [logit(p), 0.0, 1.0]).collect();
    let [slope, _, intercept] = logistic(&rows, &targets(codes), [true, false, true])?;
    (slope > 0.0).then_some(Calibration::Platt { slope, intercept })
}

/// The beta map of the second class's probabilities `p`. Where the best has a negative exponent, that side is left
/// out, as the authors do.
pub(super) fn beta(codes: &[u32], p: &[f64]) -> Option<Calibration> {
    let rows: Vec<[f64; 3]> = p.iter().map(|&p| [ln(p), -ln(1.0 - p), 1.0]).collect();
    let targets = targets(codes);
    let [mut a, mut b, mut c] = logistic(&rows, &targets, [true; 3])?;
    if a < 0.0 || b < 0.0 {
        [a, b, c] = logistic(&rows, &targets, [a >= 0.0, b >= 0.0, true])?;
    }
    (a >= 0.0 && b >= 0.0 && a + b > 0.0).then_some(Calibration::Beta { a, b, c })
}

/// Weights of the least cross-entropy of `targets` (in [0, 1]) under sigmoid(w · row), over the features in `used`; the
/// others are 0. `None` where it does not settle.
fn logistic(rows: &[[f64; 3]], targets: &[f64], used: [bool; 3]) -> Option<[f64; 3]> {
    let loss = |w: &[f64; 3]| {
        let each: Vec<f64> = rows
            .iter()
            .zip(targets)
            .map(|(x, t)| {
                let z = w[0] * x[0] + w[1] * x[1] + w[2] * x[2];
                // ln(1 + eᶻ) − t · z, without overflow.
                z.max(0.0) + math::ln_1p(math::exp(-z.abs())) - t * z
            })
            .collect();
        sum(&each)
    };
    let mut w = [0.0; 3];
    let mut best = loss(&w);
    for _ in 0..STEPS {
        let step = newton_step(rows, targets, used, &w)?;
        let mut scale = 1.0;
        let next = loop {
            let next = [w[0] - scale * step[0], w[1] - scale * step[1], w[2] - scale * step[2]];
            let value = loss(&next);
            if value <= best {
                best = value;
                break next;
            }
            scale /= 2.0;
            if scale < 1e-9 {
                return w.iter().all(|v| v.is_finite()).then_some(w);
            }
        };
        let moved = (0..3).map(|j| (next[j] - w[j]).abs()).fold(0.0, f64::max);
        w = next;
        if moved < SMALL {
            break;
        }
    }
    w.iter().all(|v| v.is_finite()).then_some(w)
}

/// H⁻¹ g of the cross-entropy at `w`.
fn newton_step(rows: &[[f64; 3]], targets: &[f64], used: [bool; 3], w: &[f64; 3]) -> Option<[f64; 3]> {
    let mut gradient = [0.0; 3];
    let mut hessian = [[0.0; 3]; 3];
    for (x, t) in rows.iter().zip(targets) {
        let p = math::sigmoid(w[0] * x[0] + w[1] * x[1] + w[2] * x[2]);
        for i in 0..3 {
            gradient[i] += (p - t) * x[i];
            for j in 0..3 {
                hessian[i][j] += p * (1.0 - p) * x[i] * x[j];
            }
        }
    }
    for i in 0..3 {
        hessian[i][i] += RIDGE;
        if !used[i] {
            gradient[i] = 0.0;
            hessian[i] = [0.0; 3];
            hessian.iter_mut().for_each(|row| row[i] = 0.0);
            hessian[i][i] = 1.0;
        }
    }
    solved(hessian, gradient)
}

/// The solution of a symmetric positive definite 3 × 3 system, by elimination.
fn solved(mut m: [[f64; 3]; 3], mut y: [f64; 3]) -> Option<[f64; 3]> {
    for i in 0..3 {
        if m[i][i].is_nan() || m[i][i] <= 0.0 {
            return None;
        }
        for k in i + 1..3 {
            let share = m[k][i] / m[i][i];
            let above = m[i];
            m[k].iter_mut().zip(above).for_each(|(a, b)| *a -= share * b);
            y[k] -= share * y[i];
        }
    }
    for i in (0..3).rev() {
        for j in i + 1..3 {
            y[i] -= m[i][j] * y[j];
        }
        y[i] /= m[i][i];
    }
    Some(y)
}

/// Isotonic regression of the classes on the second class's probabilities `p`, by pooling adjacent violators (Ayer et al.,
/// 1955). Of each level only its two ends are kept, as scikit-learn does.
pub(super) fn isotonic(codes: &[u32], p: &[f64]) -> Option<Calibration> {
    let mut order: Vec<usize> = (0..p.len()).collect();
    order.sort_by(|&i, &j| p[i].total_cmp(&p[j]));
    // Blocks of (first p, last p, rows, rows of the second class); equal probabilities are one block from the start.
    let mut blocks: Vec<(f64, f64, u64, u64)> = Vec::new();
    for &i in &order {
        let seen = u64::from(codes[i] == 1);
        match blocks.last_mut() {
            Some(last) if last.0 == p[i] => *last = (p[i], p[i], last.2 + 1, last.3 + seen),
            _ => blocks.push((p[i], p[i], 1, seen)),
        }
    }
    let mut pooled: Vec<(f64, f64, u64, u64)> = Vec::new();
    for block in blocks {
        pooled.push(block);
        while let [.., a, b] = pooled.as_slice() {
            // Means compared as fractions of integers, so that nothing is rounded.
            if u128::from(a.3) * u128::from(b.2) < u128::from(b.3) * u128::from(a.2) {
                break;
            }
            let joined = (a.0, b.1, a.2 + b.2, a.3 + b.3);
            pooled.truncate(pooled.len() - 2);
            pooled.push(joined);
        }
    }
    let (mut at, mut to) = (Vec::new(), Vec::new());
    for (first, last, rows, seen) in pooled {
        let mean = seen as f64 / rows as f64;
        at.push(first);
        to.push(mean);
        if last > first {
            at.push(last);
            to.push(mean);
        }
    }
    (!at.is_empty()).then_some(Calibration::Isotonic { at, to })
}
