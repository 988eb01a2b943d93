//! Quantiles by selection.

/// The `q`-quantiles of `values` (no NaN), linear between order statistics at q·(n − 1), as NumPy's default.
/// Reorders `values`; 0 where there are none. `qs` in 0..=1.
pub(crate) fn quantiles<const N: usize>(values: &mut [f64], qs: [f64; N]) -> [f64; N] {
    qs.map(|q| quantile(values, q))
}

fn quantile(values: &mut [f64], q: f64) -> f64 {
    let Some(last) = values.len().checked_sub(1) else { return 0.0 };
    let at = q.clamp(0.0, 1.0) * last as f64;
    let below = (at.floor() as usize).min(last);
    let (_, low, above) = values.select_nth_unstable_by(below, f64::total_cmp);
    let low = *low;
    let high = above.iter().copied().min_by(f64::total_cmp).unwrap_or(low);
    let part = at - below as f64;
    // An exact order statistic keeps its bits, whatever its neighbour.
    if part == 0.0 { low } else { low + (high - low) * part }
}
