//! Functions and operators that give numbers, or any type.

use super::vector::{Cell, Lane, Texts, Vector, length};
use crate::numeric::math;
use crate::table::number as reading;
use crate::table::{Decimal, TextValues};
use std::borrow::Cow;

/// What stays within numbers; infinite is missing, as the readers have it.
fn finite(x: f64) -> f64 {
    if x.is_finite() { x } else { f64::NAN }
}

fn each(args: &[Vector], f: impl Fn(f64) -> f64) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let a = a.numbers();
    Vector::Numbers(Lane::all((0..a.len()).map(|i| finite(f(a.at(i)))).collect()))
}

/// By row from two numbers.
pub(super) fn pairs(args: &[Vector], rows: usize, f: impl Fn(f64, f64) -> f64) -> Vector<'static> {
    let [x, y] = args else { return Vector::Missing };
    let (a, b) = (x.numbers(), y.numbers());
    let length = length(&[x, y], rows);
    Vector::Numbers(Lane::all((0..length).map(|i| finite(f(a.at(i), b.at(i)))).collect()))
}

/// For what the evaluation does itself.
pub(super) fn nothing(_: &[Vector], _: usize) -> Vector<'static> {
    Vector::Missing
}

pub(super) fn abs(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, f64::abs)
}

/// Minus 0 is 0.
pub(super) fn negative(args: &[Vector]) -> Vector<'static> {
    each(args, |x| 0.0 - x)
}

pub(super) fn floor(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, f64::floor)
}

pub(super) fn ceil(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, f64::ceil)
}

pub(super) fn sqrt(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, f64::sqrt)
}

pub(super) fn ln(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, math::ln)
}

pub(super) fn log10(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, math::log10)
}

pub(super) fn exp(args: &[Vector], _: usize) -> Vector<'static> {
    each(args, math::exp)
}

/// Remainder with the sign of the divisor, so that it counts round: -1 % 7 is 6.
pub(super) fn remainder(a: f64, b: f64) -> f64 {
    let rest = a % b;
    if rest != 0.0 && (rest < 0.0) != (b < 0.0) { rest + b } else { rest }
}

const TENS: [f64; 16] =
    [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];

fn rounded(x: f64, digits: f64) -> f64 {
    let digits = digits.trunc();
    if digits.is_nan() {
        return f64::NAN;
    }
    let ten = TENS[(digits.abs() as usize).min(TENS.len() - 1)];
    if digits < 0.0 {
        return (x / ten).round() * ten;
    }
    let large = x * ten;
    // From 2⁵³ on there are no fractions to round.
    if large.abs() < 9_007_199_254_740_992.0 { large.round() / ten } else { x }
}

pub(super) fn round(args: &[Vector], rows: usize) -> Vector<'static> {
    match args {
        [_] => each(args, f64::round),
        _ => pairs(args, rows, rounded),
    }
}

pub(super) fn clamp(args: &[Vector], rows: usize) -> Vector<'static> {
    let [x, low, high] = args else { return Vector::Missing };
    let length = length(&[x, low, high], rows);
    let (x, low, high) = (x.numbers(), low.numbers(), high.numbers());
    let at = |i| {
        let (x, low, high) = (x.at(i), low.at(i), high.at(i));
        if x.is_nan() || low.is_nan() || high.is_nan() {
            f64::NAN
        } else if x > high {
            high
        } else if x < low {
            low
        } else {
            x
        }
    };
    Vector::Numbers(Lane::all((0..length).map(at).collect()))
}

/// The first present value, or the one that `better` prefers of two present ones.
fn fold<T: Cell>(lanes: &[Lane<T>], length: usize, better: impl Fn(T, T) -> bool) -> Lane<'static, T> {
    let at = |i: usize| {
        lanes
            .iter()
            .map(|lane| lane.at(i))
            .filter(|x| !x.is_missing())
            .reduce(|best, x| if better(x, best) { x } else { best })
    };
    Lane::all((0..length).map(|i| at(i).unwrap_or(T::MISSING)).collect())
}

fn extreme(args: &[Vector], rows: usize, sign: f64) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    let length = length(&all, rows);
    if args.iter().any(|a| matches!(a, Vector::Times(_))) {
        let lanes: Vec<Lane<i64>> = args.iter().map(Vector::times).collect();
        return Vector::Times(fold(&lanes, length, |x, best| if sign > 0.0 { x > best } else { x < best }));
    }
    let lanes: Vec<Lane<f64>> = args.iter().map(Vector::numbers).collect();
    Vector::Numbers(fold(&lanes, length, |x, best| if sign > 0.0 { x > best } else { x < best }))
}

pub(super) fn min(args: &[Vector], rows: usize) -> Vector<'static> {
    extreme(args, rows, -1.0)
}

pub(super) fn max(args: &[Vector], rows: usize) -> Vector<'static> {
    extreme(args, rows, 1.0)
}

pub(super) fn coalesce(args: &[Vector], rows: usize) -> Vector<'static> {
    let all: Vec<&Vector> = args.iter().collect();
    let length = length(&all, rows);
    let first = |i: usize| args.iter().position(|a| !a.is_missing(i)).unwrap_or(0);
    let chosen: Vec<usize> = (0..length).map(first).collect();
    choose(&all, &chosen)
}

/// In row `i` the value of the vector `chosen[i]`; missing where that is out of range.
pub(super) fn choose(vectors: &[&Vector], chosen: &[usize]) -> Vector<'static> {
    fn picked<T: Cell>(lanes: &[Lane<T>], chosen: &[usize]) -> Lane<'static, T> {
        let at = |(i, &c): (usize, &usize)| lanes.get(c).map_or(T::MISSING, |lane| lane.at(i));
        Lane::all(chosen.iter().enumerate().map(at).collect())
    }
    match vectors.iter().find(|v| !matches!(v, Vector::Missing)) {
        None => Vector::Missing,
        Some(Vector::Numbers(_)) => {
            Vector::Numbers(picked(&vectors.iter().map(|v| v.numbers()).collect::<Vec<_>>(), chosen))
        }
        Some(Vector::Truths(_)) => {
            Vector::Truths(picked(&vectors.iter().map(|v| v.truths()).collect::<Vec<_>>(), chosen))
        }
        Some(Vector::Times(_)) => {
            Vector::Times(picked(&vectors.iter().map(|v| v.times()).collect::<Vec<_>>(), chosen))
        }
        Some(_) => {
            let texts: Vec<Texts> = vectors.iter().map(|v| v.texts()).collect();
            let mut out = TextValues::default();
            for (i, &c) in chosen.iter().enumerate() {
                out.push(texts.get(c).and_then(|t| t.at(i)));
            }
            Vector::Texts(Texts::Plain(Cow::Owned(out)))
        }
    }
}

pub(super) fn number(args: &[Vector], _: usize) -> Vector<'static> {
    let [a] = args else { return Vector::Missing };
    let numbers = match a {
        Vector::Missing => return Vector::Missing,
        Vector::Numbers(v) => (0..v.len()).map(|i| v.at(i)).collect(),
        Vector::Truths(v) => {
            let at = |i| if v.at(i).is_missing() { f64::NAN } else { f64::from(v.at(i)) };
            (0..v.len()).map(at).collect()
        }
        Vector::Times(v) => {
            (0..v.len()).map(|i| if v.at(i).is_missing() { f64::NAN } else { v.at(i) as f64 }).collect()
        }
        Vector::Texts(v) => {
            let read = |text| reading::rich(text, Decimal::Point).map_or(f64::NAN, |n| finite(n.value));
            (0..v.len()).map(|i| v.at(i).map_or(f64::NAN, read)).collect()
        }
    };
    Vector::Numbers(Lane::all(numbers))
}
