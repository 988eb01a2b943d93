//! Quantiles of weighted values.

/// The `level`-quantile of finite `values`: the middle of all v that minimise Σ wᵢ · ρ(xᵢ − v), where ρ is the check
/// function (Koenker and Bassett, "Regression quantiles", 1978). Weights are 1 where there are none; a weight of n
/// counts as n values. 0 where there is no value, or no weight. Reorders `values`.
pub fn quantile(values: &mut [(f64, f64)], level: f64, weighted: bool) -> f64 {
    if weighted { of_weighted(values, level) } else { of_equal(values, level) }
}

/// The `level`-quantile of values that count alike.
pub fn quantile_of(values: &[f64], level: f64) -> f64 {
    of_equal(&mut values.iter().map(|&x| (x, 1.0)).collect::<Vec<_>>(), level)
}

/// The values at the place `level · n`, and the one after it where that is a whole number.
fn of_equal(values: &mut [(f64, f64)], level: f64) -> f64 {
    let n = values.len();
    if n == 0 {
        return 0.0;
    }
    let place = level.clamp(0.0, 1.0) * n as f64;
    let at = (place.ceil() as usize).clamp(1, n) - 1;
    let (_, &mut (low, _), above) = values.select_nth_unstable_by(at, |a, b| a.0.total_cmp(&b.0));
    if place > at as f64 && place < (at + 1) as f64 || above.is_empty() || place == 0.0 {
        return low;
    }
    middle(low, above.iter().fold(f64::INFINITY, |m, x| m.min(x.0)))
}

fn of_weighted(values: &mut [(f64, f64)], level: f64) -> f64 {
    values.sort_by(|a, b| a.0.total_cmp(&b.0));
    let total: f64 = values.iter().map(|x| x.1).sum();
    let place = level.clamp(0.0, 1.0) * total;
    let mut below = 0.0;
    let mut low = None;
    for &(x, weight) in values.iter().filter(|x| x.1 > 0.0) {
        if let Some(low) = low {
            return middle(low, x);
        }
        below += weight;
        if below > place {
            return x;
        }
        if below == place {
            low = Some(x);
        }
    }
    // Rounding may leave the last sum below the place.
    low.or_else(|| values.iter().rev().find(|x| x.1 > 0.0).map(|x| x.0)).unwrap_or(0.0)
}

/// Without overflow.
fn middle(a: f64, b: f64) -> f64 {
    if a == b { a } else { 0.5 * a + 0.5 * b }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Σ wᵢ · ρ(xᵢ − v).
    fn check(values: &[(f64, f64)], level: f64, v: f64) -> f64 {
        let rho = |r: f64| if r < 0.0 { (level - 1.0) * r } else { level * r };
        values.iter().map(|(x, w)| w * rho(x - v)).sum()
    }

    #[test]
    fn the_middle_of_the_minimisers() {
        assert_eq!(quantile_of(&[3.0, 1.0, 2.0], 0.5), 2.0);
        assert_eq!(quantile_of(&[4.0, 1.0, 2.0, 3.0], 0.5), 2.5);
        assert_eq!(quantile_of(&[4.0, 1.0, 2.0, 3.0], 0.25), 1.5);
        assert_eq!(quantile_of(&[4.0, 1.0, 2.0, 3.0], 0.3), 2.0);
        assert_eq!(quantile_of(&[4.0, 1.0], 0.0), 1.0);
        assert_eq!(quantile_of(&[4.0, 1.0], 1.0), 4.0);
        assert_eq!(quantile_of(&[f64::MAX, f64::MAX], 0.5), f64::MAX);
        assert_eq!(quantile_of(&[], 0.5), 0.0);
    }

    #[test]
    fn weights_count_as_so_many_values() {
        let mut rng = crate::numeric::Rng::new(1);
        for _ in 0..300 {
            let n = 1 + rng.below(9);
            let weighted: Vec<(f64, f64)> =
                (0..n).map(|_| (rng.below(6) as f64, rng.below(4) as f64)).collect();
            let repeated: Vec<f64> =
                weighted.iter().flat_map(|&(x, w)| std::iter::repeat_n(x, w as usize)).collect();
            for level in [0.1, 0.25, 0.5, 0.9] {
                let v = quantile(&mut weighted.clone(), level, true);
                assert_eq!(v, quantile_of(&repeated, level), "{weighted:?} {level}");
                let least =
                    weighted.iter().map(|x| check(&weighted, level, x.0)).fold(f64::INFINITY, f64::min);
                assert!(repeated.is_empty() || check(&weighted, level, v) <= least + 1e-12);
            }
        }
    }
}
