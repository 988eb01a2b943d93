//! Which map, if any: the one that cross-validation on out-of-fold predictions finds clearly better.

use super::fits;
use super::maps::Calibration;
use crate::numeric::{math, mean, sum};

/// Rows that maps are fitted and compared on, and probabilities of them.
const MOST_ROWS: usize = 10_000;
const MOST_CELLS: usize = 100_000;
/// Fewer rows, or fewer of one of two classes, say too little.
const FEWEST_ROWS: usize = 200;
const FEWEST_A_CLASS: usize = 20;
/// Isotonic regression has as many parameters as the rows let it.
const FEWEST_ROWS_ISOTONIC: usize = 2_000;
const PARTS: usize = 5;
/// A map must lower the log loss by so many standard errors of the difference, row by row, and by this share of it.
const LEAST_ERRORS: f64 = 2.0;
const LEAST_GAIN: f64 = 0.005;
/// What a sure mistake costs at most.
const FLOOR: f64 = 1e-15;

type Fitter = fn(&[u32], &[f64], usize) -> Option<Calibration>;

fn second(probabilities: &[f64]) -> Vec<f64> {
    probabilities.iter().skip(1).step_by(2).copied().collect()
}

/// From the simplest on: (least rows, whether for two classes only, how it is fitted).
const METHODS: [(usize, bool, Fitter); 4] = [
    (FEWEST_ROWS, false, fits::temperature),
    (FEWEST_ROWS, true, |codes, p, _| fits::platt(codes, &second(p))),
    (FEWEST_ROWS, true, |codes, p, _| fits::beta(codes, &second(p))),
    (FEWEST_ROWS_ISOTONIC, true, |codes, p, _| fits::isotonic(codes, &second(p))),
];

/// The map of `probabilities` (rows × classes, out of fold). A later, richer map is taken only where five-fold
/// cross-validation finds its log loss clearly lower than that of what was chosen before it, beginning with none.
pub fn choose(codes: &[u32], probabilities: &[f64], classes: usize) -> Calibration {
    let most = MOST_ROWS.min(MOST_CELLS / classes.max(1)).max(FEWEST_ROWS);
    let step = codes.len().div_ceil(most).max(1);
    let codes: Vec<u32> = codes.iter().copied().step_by(step).collect();
    let p: Vec<f64> = probabilities.chunks(classes.max(1)).step_by(step).flatten().copied().collect();
    let mut counts = vec![0usize; classes];
    // Rows of each class take turns, so that every part has its share.
    let parts: Vec<usize> = codes
        .iter()
        .map(|&code| {
            counts[code as usize] += 1;
            (counts[code as usize] - 1) % PARTS
        })
        .collect();
    let rare = classes == 2 && counts.iter().any(|&n| n < FEWEST_A_CLASS);
    if codes.len() < FEWEST_ROWS || rare {
        return Calibration::None;
    }
    let mut chosen = Calibration::None;
    let mut losses = row_losses(&codes, &p, classes);
    for (least, two, fit) in METHODS {
        if codes.len() < least || two && classes != 2 {
            continue;
        }
        let Some(tried) = validated(&codes, &p, classes, &parts, fit) else { continue };
        if is_clearly_lower(&tried, &losses)
            && let Some(map) = fit(&codes, &p, classes)
        {
            chosen = map;
            losses = tried;
        }
    }
    chosen
}

/// −ln of the probability of the class that came, one a row.
fn row_losses(codes: &[u32], probabilities: &[f64], classes: usize) -> Vec<f64> {
    let rows = codes.iter().zip(probabilities.chunks(classes));
    rows.map(|(&code, p)| -math::ln(p[code as usize].max(FLOOR))).collect()
}

/// Losses of the rows of each part under the map of the other parts; `None` where one cannot be fitted.
fn validated(codes: &[u32], p: &[f64], classes: usize, parts: &[usize], fit: Fitter) -> Option<Vec<f64>> {
    let mut mapped = p.to_vec();
    for part in 0..PARTS {
        let others: Vec<usize> = (0..codes.len()).filter(|&i| parts[i] != part).collect();
        let other_codes: Vec<u32> = others.iter().map(|&i| codes[i]).collect();
        let other_p: Vec<f64> =
            others.iter().flat_map(|&i| p[i * classes..(i + 1) * classes].iter().copied()).collect();
        let map = fit(&other_codes, &other_p, classes)?;
        for i in (0..codes.len()).filter(|&i| parts[i] == part) {
            map.apply(&mut mapped[i * classes..(i + 1) * classes], classes);
        }
    }
    Some(row_losses(codes, &mapped, classes))
}

/// Whether losses of rows are lower than `before` by so much that it is hardly chance.
pub(super) fn is_clearly_lower(losses: &[f64], before: &[f64]) -> bool {
    let gains: Vec<f64> = before.iter().zip(losses).map(|(b, l)| b - l).collect();
    let gain = mean(&gains);
    let squares: Vec<f64> = gains.iter().map(|g| (g - gain) * (g - gain)).collect();
    let n = gains.len() as f64;
    let error = (sum(&squares) / (n * (n - 1.0).max(1.0))).sqrt();
    gain > LEAST_ERRORS * error && gain > LEAST_GAIN * mean(before)
}
