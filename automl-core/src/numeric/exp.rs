//! An exponential for inner loops.

/// Numbers whose exponentials are worked out at a time.
pub const BLOCK: usize = 64;

/// eˣ to within some 10⁻¹⁵ of itself, in additions and multiplications only: the same bits on every target, and in
/// loops that the compiler can widen. x = n ln 2 + r, eʳ by its Taylor series.
#[inline(always)]
pub fn quick_exp(x: f64) -> f64 {
    let (r, power) = reduced(x);
    series(r) * power
}

/// [`quick_exp`] of each, in place, to the same bits. Each pass has few enough constants for a processor's registers.
pub fn quick_exps(xs: &mut [f64; BLOCK]) {
    let mut powers = [0.0; BLOCK];
    for (x, power) in xs.iter_mut().zip(&mut powers) {
        (*x, *power) = reduced(*x);
    }
    for x in &mut *xs {
        *x = series(*x);
    }
    for (x, power) in xs.iter_mut().zip(&powers) {
        *x *= power;
    }
}

/// r and 2ⁿ.
#[inline(always)]
fn reduced(x: f64) -> (f64, f64) {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
    // The lowest bits of `shifted` are those of n: a conversion of n itself is slow in WebAssembly.
    (r, f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52))
}

/// eʳ for |r| up to ln 2 / 2.
#[inline(always)]
fn series(r: f64) -> f64 {
    let mut series = 1.0 / 479_001_600.0;
    for inverse in [
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
        1.0,
        1.0,
    ] {
        series = series * r + inverse;
    }
    series
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::numeric::math;

    #[test]
    fn quick_exp_is_exp() {
        for i in -70_000..=70_000 {
            let x = f64::from(i) * 0.01 + 0.001;
            let (quick, exact) = (quick_exp(x), math::exp(x.clamp(-700.0, 700.0)));
            assert!((quick - exact).abs() <= 2e-15 * exact, "{x}: {quick} {exact}");
        }
        assert!(quick_exp(-1e9) > 0.0 && quick_exp(1e9).is_finite());
    }

    #[test]
    fn many_at_once_have_the_same_bits() {
        let xs: [f64; BLOCK] = std::array::from_fn(|i| (i as f64 - 30.0) * 23.7);
        let mut all = xs;
        quick_exps(&mut all);
        assert_eq!(all.map(f64::to_bits), xs.map(|x| quick_exp(x).to_bits()));
    }
}
