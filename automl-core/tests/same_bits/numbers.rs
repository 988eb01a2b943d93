//! Functions, draws and sums.

use crate::golden::{Hashes, bits, check, hash};
use automl_core::calibrate::{Conformal, Scale, best_threshold, choose};
use automl_core::metric::{self, paired};
use automl_core::numeric::{Rng, dot, math, mean, student, sum};
use wasm_bindgen_test::wasm_bindgen_test;

/// A function and its name.
type Named<T> = (&'static str, fn(T) -> T);

/// Ordinary, tiny, huge and odd numbers of both signs.
fn inputs() -> Vec<f64> {
    let mut rng = Rng::new(5);
    let mut all = vec![0.0, -0.0, 1.0, -1.0, f64::MIN_POSITIVE, 5e-324, f64::MAX, f64::INFINITY, f64::NAN];
    all.extend((0..2000).map(|_| 40.0 * (rng.uniform() - 0.5)));
    all.extend((0..1000).map(|_| rng.uniform()));
    // Exponents from 2⁻¹⁰⁰ to 2¹⁰⁰.
    let scaled = |rng: &mut Rng| rng.normal() * f64::from_bits((1023 - 100 + rng.below(200) as u64) << 52);
    all.extend((0..1000).map(|_| scaled(&mut rng)));
    all
}

fn of_double(f: fn(f64) -> f64, inputs: &[f64]) -> String {
    hash(&bits(inputs.iter().map(|&x| f(x))))
}

fn of_single(f: fn(f32) -> f32, inputs: &[f64]) -> String {
    hash(&bits(inputs.iter().map(|&x| f64::from(f(x as f32)))))
}

#[wasm_bindgen_test(unsupported = test)]
fn functions() {
    let inputs = inputs();
    let doubles: [Named<f64>; 15] = [
        ("atan", math::atan),
        ("cbrt", math::cbrt),
        ("cos", math::cos),
        ("erf", math::erf),
        ("exp", math::exp),
        ("expm1", math::expm1),
        ("lgamma", math::lgamma),
        ("ln", math::ln),
        ("ln_1p", math::ln_1p),
        ("log10", math::log10),
        ("log2", math::log2),
        ("sigmoid", math::sigmoid),
        ("sin", math::sin),
        ("sqrt", f64::sqrt),
        ("tanh", math::tanh),
    ];
    let singles: [Named<f32>; 3] = [("expf", math::expf), ("lnf", math::lnf), ("tanhf", math::tanhf)];
    let doubles = doubles.map(|(name, f)| (name.to_owned(), of_double(f, &inputs)));
    let singles = singles.map(|(name, f)| (name.to_owned(), of_single(f, &inputs)));
    let mut found: Hashes = doubles.into_iter().chain(singles).collect();
    let pairs = inputs.windows(2).map(|pair| math::pow(pair[0].abs(), pair[1]));
    found.insert("pow".to_owned(), hash(&bits(pairs)));
    check("function", &found);
}

#[wasm_bindgen_test(unsupported = test)]
fn draws_and_sums() {
    let mut rng = Rng::for_stream(7, &[1, 2, 3]);
    let normals: Vec<f64> = (0..3000).map(|_| rng.normal()).collect();
    let mut order: Vec<usize> = (0..500).collect();
    rng.shuffle(&mut order);
    let mut softmax: Vec<f64> = normals[..200].to_vec();
    softmax.chunks_mut(4).for_each(math::softmax);
    let reversed: Vec<f64> = normals.iter().rev().copied().collect();
    let totals = [sum(&normals), mean(&normals), dot(&normals, &reversed)];
    let found = [
        ("normals", bits(normals)),
        ("shuffle", bits(order.into_iter().map(|i| i as f64))),
        ("softmax", bits(softmax)),
        ("sums", bits(totals)),
    ];
    check("numeric", &found.map(|(name, bytes)| (name.to_owned(), hash(&bytes))).into());
}

/// Rows of two classes whose true log-odds are `wrong` of what is said.
fn said(rows: usize, wrong: fn(f64) -> f64) -> (Vec<u32>, Vec<f64>) {
    let mut rng = Rng::new(6);
    let each = (0..rows).map(|_| {
        let z = 1.5 * rng.normal();
        (u32::from(rng.uniform() < math::sigmoid(wrong(z))), [1.0 - math::sigmoid(z), math::sigmoid(z)])
    });
    let (codes, p): (Vec<u32>, Vec<[f64; 2]>) = each.unzip();
    (codes, p.concat())
}

#[wasm_bindgen_test(unsupported = test)]
fn promises() {
    let shapes: [Named<f64>; 4] = [
        ("too_sure", |z| 0.4 * z),
        ("shifted", |z| z - 1.5),
        ("lopsided", |z| if z < 0.0 { 3.0 * z } else { 0.3 * z }),
        ("stairs", |z| if z.abs() < 1.0 { 0.0 } else { 3.0 * z.signum() }),
    ];
    let mut found = Hashes::new();
    for (name, wrong) in shapes {
        let (codes, mut p) = said(3_000, wrong);
        let map = choose(&codes, &p, 2);
        map.apply(&mut p, 2);
        let second: Vec<f64> = p.iter().skip(1).step_by(2).copied().collect();
        let f1 = metric::find("f1").expect("a metric of the list");
        let threshold = best_threshold(f1, &codes, &second, None).unwrap_or(0.5);
        let told = format!("{map:?} {threshold:?}");
        found.insert(name.to_owned(), hash(&[told.as_bytes(), &bits(p)].concat()));
    }
    let mut rng = Rng::new(8);
    let draws: Vec<f64> = (0..400).map(|_| rng.normal().abs()).collect();
    let conformal = Conformal::new(draws.chunks(100).map(<[f64]>::to_vec).collect()).expect("finite");
    let rank = conformal.rank(0.9).expect("enough rows");
    let ends = (0..200).flat_map(|_| {
        let centres = [rng.normal(), rng.normal(), rng.normal(), rng.normal()];
        let (low, high) = conformal.interval(&centres, rank);
        [low, high]
    });
    found.insert("intervals".to_owned(), hash(&bits(ends)));
    // Errors that grow with the prediction.
    let predicted: Vec<f64> = draws.iter().map(|d| d + 0.3 * rng.normal()).collect();
    let errors: Vec<f64> = predicted.iter().map(|p| (0.1 + p.abs()) * rng.normal().abs()).collect();
    let scale = Scale::choose(&predicted, &errors).expect("a clear case");
    let by_fold = |values: &[f64]| values.chunks(100).map(<[f64]>::to_vec).collect::<Vec<_>>();
    let conformal = Conformal::scaled(&by_fold(&predicted), by_fold(&errors)).expect("finite");
    let rank = conformal.rank(0.9).expect("enough rows");
    let ends = (0..200).flat_map(|_| {
        let centres = [rng.normal(), rng.normal(), rng.normal(), rng.normal()];
        let (low, high) = conformal.interval(&centres, rank);
        [low, high, scale.of(centres[0])]
    });
    found.insert("scaled_intervals".to_owned(), hash(&bits(ends)));
    let test = paired::over_rows(&draws[..200], &draws[200..]).expect("rows");
    let tails = (0..300).map(|i| student::two_sided_p(f64::from(i) / 20.0, f64::from(1 + i % 40)));
    found.insert("p_values".to_owned(), hash(&bits(tails.chain([test.p]))));
    check("promise", &found);
}
