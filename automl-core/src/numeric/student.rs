//! Student's t distribution.

use super::math;

/// Continued fraction: most terms, and the change that ends it.
const TERMS: usize = 500;
const SMALL: f64 = 1e-15;
const TINY: f64 = 1e-300;

/// Beyond so many degrees of freedom the normal distribution differs by less than one part in a million.
const NORMAL: f64 = 1e5;

/// How likely |T| is `t` or more, where T has Student's distribution with `df` > 0 degrees of freedom: the p value of a
/// two-sided t-test. NaN for NaN.
pub fn two_sided_p(t: f64, df: f64) -> f64 {
    if t.is_infinite() {
        return 0.0;
    }
    if df > NORMAL {
        return math::erfc(t.abs() * std::f64::consts::FRAC_1_SQRT_2);
    }
    // P(|T| > t) = I(df / (df + t²); df / 2, 1 / 2).
    incomplete_beta(df / (df + t * t), df / 2.0, 0.5)
}

/// The regularised incomplete beta function I(x; a, b), by its continued fraction (Numerical Recipes, 6.4) with Lentz's
/// method.
fn incomplete_beta(x: f64, a: f64, b: f64) -> f64 {
    if x.is_nan() || x <= 0.0 {
        return if x.is_nan() { x } else { 0.0 };
    }
    if x >= 1.0 {
        return 1.0;
    }
    // The fraction converges quickly on this side only.
    if x > (a + 1.0) / (a + b + 2.0) {
        return 1.0 - incomplete_beta(1.0 - x, b, a);
    }
    let gammas = math::lgamma(a + b) - math::lgamma(a) - math::lgamma(b);
    let front = math::exp(gammas + a * math::ln(x) + b * math::ln_1p(-x)) / a;
    let kept = |v: f64| if v.abs() < TINY { TINY } else { v };
    let (mut c, mut d) = (1.0, 1.0 / kept(1.0 - (a + b) * x / (a + 1.0)));
    let mut fraction = d;
    for m in 1..TERMS {
        let m = m as f64;
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        d = 1.0 / kept(1.0 + even * d);
        c = kept(1.0 + even / c);
        fraction *= d * c;
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        d = 1.0 / kept(1.0 + odd * d);
        c = kept(1.0 + odd / c);
        fraction *= d * c;
        if (d * c - 1.0).abs() < SMALL {
            break;
        }
    }
    front * fraction
}
