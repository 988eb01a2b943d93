//! Tables with a target that can be learned: classes and numbers.

use super::generate::{Settings, rounded};
use crate::kind::build::{self, categories};
use crate::numeric::{Rng, math};
use crate::table::Column;

/// Streams of random numbers.
const CENTRES: u64 = 1;
const ROWS: u64 = 2;
/// How far classes lie from the middle, in standard deviations, along each informative feature.
const SEPARATION: f64 = 1.2;

/// Shape of a table of classes.
pub(super) struct Classes {
    pub classes: usize,
    pub informative: usize,
    pub redundant: usize,
    pub noise: usize,
    /// How many times more frequent each class is than the next.
    pub imbalance: f64,
}

/// Classes as clouds around vertices of a hypercube, after Guyon, "Design of experiments of the NIPS 2003 variable
/// selection benchmark" (2003): informative features, features that are sums of those, and features that are noise. The
/// noise level is the share of rows whose class is drawn at random.
pub(super) fn classes(settings: &Settings, shape: &Classes) -> Vec<Column> {
    let mut rng = Rng::for_stream(settings.seed, &[CENTRES]);
    let centres = centres(shape, &mut rng);
    let weights: Vec<Vec<f64>> = (0..shape.redundant)
        .map(|_| (0..shape.informative).map(|_| 2.0 * rng.uniform() - 1.0).collect())
        .collect();
    let mut shares = Vec::with_capacity(shape.classes);
    let mut share = 1.0;
    for _ in 0..shape.classes {
        shares.push(share);
        share /= shape.imbalance.max(1.0);
    }
    let total: f64 = shares.iter().sum();
    let draw = |rng: &mut Rng| {
        let mut at = rng.uniform() * total;
        shares
            .iter()
            .position(|s| {
                at -= s;
                at < 0.0
            })
            .unwrap_or(0)
    };
    let mut rng = Rng::for_stream(settings.seed, &[ROWS]);
    let width = shape.informative + shape.redundant + shape.noise;
    let mut features: Vec<Vec<f64>> = (0..width).map(|_| Vec::with_capacity(settings.rows)).collect();
    let mut codes = Vec::with_capacity(settings.rows);
    let mut point = vec![0.0; shape.informative];
    for _ in 0..settings.rows {
        let class = draw(&mut rng);
        for (x, centre) in point.iter_mut().zip(&centres[class]) {
            *x = centre + rng.normal();
        }
        let sums = weights.iter().map(|w| w.iter().zip(&point).map(|(w, x)| w * x).sum());
        let values: Vec<f64> = point.iter().copied().chain(sums).collect();
        for (j, feature) in features.iter_mut().enumerate() {
            feature.push(rounded(values.get(j).copied().unwrap_or_else(|| rng.normal())));
        }
        let is_noise = rng.uniform() < settings.noise;
        codes.push(if is_noise { rng.below(shape.classes) } else { class } as u32);
    }
    let name = |j: usize| {
        let (a, b) = (shape.informative, shape.informative + shape.redundant);
        match j {
            _ if j < a => format!("informative_{}", j + 1),
            _ if j < b => format!("redundant_{}", j - a + 1),
            _ => format!("noise_{}", j - b + 1),
        }
    };
    let mut columns: Vec<Column> =
        features.into_iter().enumerate().map(|(j, values)| build::numbers(&name(j), values)).collect();
    let levels: Vec<String> = (0..shape.classes).map(|c| format!("class {}", c + 1)).collect();
    columns.push(categories("class", codes, &levels));
    columns
}

/// A vertex for each class, different ones as far as there are.
fn centres(shape: &Classes, rng: &mut Rng) -> Vec<Vec<f64>> {
    let mut taken: Vec<Vec<bool>> = Vec::new();
    for _ in 0..shape.classes {
        let mut vertex = Vec::new();
        for _ in 0..100 {
            vertex = (0..shape.informative).map(|_| rng.below(2) == 1).collect();
            if !taken.contains(&vertex) {
                break;
            }
        }
        taken.push(vertex);
    }
    let scaled = |(class, vertex): (usize, &Vec<bool>)| {
        // A vertex that had to be taken twice is moved outwards.
        let times = 1 + taken[..class].iter().filter(|v| *v == vertex).count();
        vertex.iter().map(|&up| SEPARATION * times as f64 * if up { 1.0 } else { -1.0 }).collect()
    };
    taken.iter().enumerate().map(scaled).collect()
}

/// Friedman #1: y = 10 sin(π x₁ x₂) + 20 (x₃ − ½)² + 10 x₄ + 5 x₅ + ε with x uniform in [0, 1), of which five say
/// nothing (Friedman, "Multivariate adaptive regression splines", 1991). A noise level of 1 is noise as wide as y.
pub(super) fn numbers(settings: &Settings) -> Vec<Column> {
    /// Standard deviation of y without noise.
    const SD: f64 = 4.9;
    let mut rng = Rng::for_stream(settings.seed, &[ROWS]);
    let mut features: Vec<Vec<f64>> = (0..10).map(|_| Vec::with_capacity(settings.rows)).collect();
    let mut y = Vec::with_capacity(settings.rows);
    let mut x = [0.0; 10];
    for _ in 0..settings.rows {
        for (x, feature) in x.iter_mut().zip(&mut features) {
            *x = rounded(rng.uniform());
            feature.push(*x);
        }
        y.push(rounded(friedman_1(&x) + settings.noise * SD * rng.normal()));
    }
    let named = |(j, values): (usize, Vec<f64>)| build::numbers(&format!("x{}", j + 1), values);
    let mut columns: Vec<Column> = features.into_iter().enumerate().map(named).collect();
    columns.push(build::numbers("y", y));
    columns
}

pub(super) fn friedman_1(x: &[f64; 10]) -> f64 {
    10.0 * math::sin(std::f64::consts::PI * x[0] * x[1])
        + 20.0 * (x[2] - 0.5) * (x[2] - 0.5)
        + 10.0 * x[3]
        + 5.0 * x[4]
}
