use super::super::testing::card;
use super::*;
use crate::numeric::Rng;
use crate::numeric::exp::quick_exp;

const RESULTS: usize = 11;
/// Within this, 2⁵¹, numbers are rounded down.
const LIMIT: f64 = 2_251_799_813_685_248.0;
/// Pairs that are tried.
const PAIRS: usize = 1 << 14;

/// A double of any sign whose exponent is within `spread` of `middle`, often with few digits, or one next to a whole number.
fn double(rng: &mut Rng, middle: i64, spread: usize) -> f64 {
    let exponent = (1023 + middle + rng.below(2 * spread + 1) as i64 - spread as i64) as u64;
    let digits = rng.next_u64() >> 12;
    let digits = match rng.below(4) {
        0 => digits & !((1 << rng.below(52)) - 1),
        1 => digits | ((1 << rng.below(52)) - 1),
        _ => digits,
    };
    f64::from_bits(rng.next_u64() & (1 << 63) | exponent << 52 | digits)
}

/// What is smaller than normal counts as 0.
fn flushed(x: f64) -> u64 {
    if x.is_subnormal() { x.to_bits() & (1 << 63) } else { x.to_bits() }
}

fn expected(a: f64, b: f64) -> [u64; RESULTS] {
    let single = a as f32;
    let whole = if a.abs() < LIMIT { a.floor() as i64 } else { 0 };
    [
        flushed(a + b),
        flushed(a - b),
        flushed(a * b),
        flushed(a / b),
        u64::from(a < b),
        u64::from(single.to_bits()),
        if single.is_infinite() { 0 } else { f64::from(single).to_bits() },
        (a.to_bits().cast_signed() as f64).to_bits(),
        whole.cast_unsigned(),
        quick_exp(a).to_bits(),
        if a.is_subnormal() { 0 } else { a.abs().sqrt().to_bits() },
    ]
}

#[test]
fn doubles_on_the_card_have_the_processors_bits() {
    let Some(card) = card() else { return };
    let mut rng = Rng::new(5);
    let mut pairs: Vec<(f64, f64)> = Vec::new();
    for place in 0..PAIRS {
        let (middle, spread) = [(0, 2), (0, 60), (20, 30), (-130, 25), (0, 1000)][place % 5];
        let a = double(&mut rng, middle, spread);
        let b = match rng.below(6) {
            0 => f64::from_bits(a.to_bits() ^ 1 ^ (rng.next_u64() & (1 << 63))),
            1 => 0.0,
            _ => double(&mut rng, middle, spread),
        };
        pairs.push(if place % 11 == 0 { (b, a) } else { (a, b) });
    }
    // Halves of singles' steps, and numbers that are too small for a normal single.
    pairs.extend((0..64).map(|i| (1.0 + f64::from(i) * (0.125 * f64::from(f32::EPSILON)), 1.0)));
    pairs.extend((0..64).map(|i| (f64::from(i) * 0.25 * f64::from(f32::from_bits(1)), -1.0)));
    let words = pairs.iter().flat_map(|&(a, b)| [a.to_bits(), b.to_bits()]);
    let words: Vec<u32> = words.flat_map(|bits| [bits as u32, (bits >> 32) as u32]).collect();
    let out = vec![0u8; pairs.len() * RESULTS * 8];
    let usage = wgpu::BufferUsages::STORAGE | wgpu::BufferUsages::COPY_SRC;
    let bindings = [card.numbers(&words), card.filled(&out, usage)];
    let groups = [(pairs.len() as u32).div_ceil(64), 1, 1];
    card.send(&card.device.pipeline("double", CHECK, "main"), &bindings, &[0, 1], groups);
    let read = card.read(&bindings[1], out.len());
    let results: Vec<u64> = read.as_chunks().0.iter().map(|bits| u64::from_le_bytes(*bits)).collect();
    for (&(a, b), results) in pairs.iter().zip(results.chunks(RESULTS)) {
        let mut expected = expected(a, b);
        let mut results: [u64; RESULTS] = std::array::from_fn(|i| results[i]);
        // Neither is asked for: a quotient by 0, infinite singles, whole numbers out of range.
        if b == 0.0 {
            (expected[3], results[3]) = (0, 0);
        }
        if (a as f32).is_infinite() {
            results[6] = 0;
        }
        if a.abs() >= LIMIT {
            results[8] = 0;
        }
        assert_eq!(results, expected, "{a:e} {b:e}");
    }
}
