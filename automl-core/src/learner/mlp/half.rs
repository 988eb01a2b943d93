//! Half precision (IEEE 754 binary16), in which fitted weights are kept: a relative error of at most 2⁻¹¹, far below what
//! training leaves to chance, at half the bytes.

/// The largest number of half precision.
const LARGEST: f32 = 65_504.0;
/// The smallest that is not subnormal, 2⁻¹⁴.
const NORMAL: f32 = 6.103_515_6e-5;
/// Subnormal numbers are multiples of 2⁻²⁴.
const SUBNORMALS: f32 = 16_777_216.0;
/// Bits of a fraction that single precision has more.
const SHIFT: u32 = 13;
/// Exponents start 112 higher in single precision.
const BIAS: u32 = 112 << 10;

/// The nearest number of half precision, ties to even; the largest where `x` is larger.
pub fn to_half(x: f32) -> u16 {
    let sign = (x.to_bits() >> 16) as u16 & 0x8000;
    let size = x.abs().min(LARGEST);
    if size < NORMAL {
        return sign | (size * SUBNORMALS).round_ties_even() as u16;
    }
    let bits = size.to_bits();
    let rounded = (bits + 0xFFF + ((bits >> SHIFT) & 1)) >> SHIFT;
    sign | (rounded - BIAS) as u16
}

/// Exact; infinite or not a number where the bits say so.
pub fn from_half(bits: u16) -> f32 {
    let size = u32::from(bits & 0x7FFF);
    let value = match size >> 10 {
        0 => size as f32 / SUBNORMALS,
        31 => f32::NAN,
        _ => f32::from_bits((size + BIAS) << SHIFT),
    };
    if bits & 0x8000 == 0 { value } else { -value }
}

#[cfg(test)]
mod tests {
    use super::{from_half, to_half};
    use proptest::prelude::*;

    #[test]
    fn every_half_comes_back() {
        for bits in 0..=u16::MAX {
            let x = from_half(bits);
            assert!(x.is_nan() && bits & 0x7C00 == 0x7C00 || to_half(x) == bits, "{bits:#x}");
        }
        for (x, bits) in [(1.0, 0x3C00), (-2.0, 0xC000), (65_504.0, 0x7BFF), (0.333_251_95, 0x3555)] {
            assert_eq!((to_half(x), from_half(bits)), (bits, x));
        }
        assert_eq!(to_half(1e9), 0x7BFF);
    }

    proptest! {
        #[test]
        fn the_nearest_is_taken(x in -70_000f32..70_000.0) {
            let bits = to_half(x);
            let off = |b: u16| (f64::from(from_half(b)) - f64::from(x).clamp(-65_504.0, 65_504.0)).abs();
            for other in [bits.wrapping_sub(1), bits.wrapping_add(1)] {
                prop_assert!(off(other).is_nan() || off(other) >= off(bits));
            }
        }
    }
}
