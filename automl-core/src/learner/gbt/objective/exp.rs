//! An exponential for inner loops.

/// eˣ to within some 10⁻¹⁵ of itself, in additions and multiplications only: the same bits on every target, and in
/// loops that the compiler can widen. x = n ln 2 + r, eʳ by its Taylor series.
#[inline(always)]
pub fn quick_exp(x: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0; // 1.5 · 2⁵²: adding it rounds to an integer
    const LN2_HIGH: f64 = 0.693_147_180_369_123_8;
    const LN2_LOW: f64 = 1.908_214_929_270_587_7e-10;
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + MAGIC;
    let n = shifted - MAGIC;
    let r = (x - n * LN2_HIGH) - n * LN2_LOW;
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
    // The lowest bits of `shifted` are those of n: a conversion of n itself is slow in WebAssembly.
    series * f64::from_bits(shifted.to_bits().wrapping_add(1023) << 52)
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
}
