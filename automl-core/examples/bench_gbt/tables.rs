//! The tables that are made.

use crate::command::Numbers;
use automl_core::numeric::{Rng, math};

/// Categories of the table `onehot`.
const CATEGORIES: usize = 20;

/// Row-major numbers, and their labels.
pub fn generated(table: &str, rows: usize, columns: usize) -> Result<Numbers, String> {
    match table {
        "normal" => Ok(normal(rows, columns)),
        "onehot" => Ok(one_hot(rows, columns)),
        "levels" => Ok(few_levels(rows, columns)),
        other => Err(format!("no table is called `{other}`")),
    }
}

/// One of `count` levels, the first ones more often.
fn skewed(count: usize, rng: &mut Rng) -> usize {
    let at = rng.uniform();
    ((at * at * count as f64) as usize).min(count - 1)
}

/// A label that hangs on effects of about 1, in one case in four on the product of two.
fn label_of(effects: &[f64], rng: &mut Rng) -> u8 {
    let pairs = effects.as_chunks::<2>().0.iter().step_by(2);
    let z = effects.iter().sum::<f64>() + pairs.map(|[a, b]| a * b).sum::<f64>();
    u8::from(z / (effects.len() as f64).sqrt() + rng.normal() > 0.0)
}

/// Categories of `columns / 20` levels, or one more, each level a column of 0 and 1.
fn one_hot(rows: usize, columns: usize) -> Numbers {
    let mut rng = Rng::new(1);
    let effects: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
    let (mut x, mut labels) = (vec![0.0; rows * columns], Vec::with_capacity(rows));
    let mut of_row = [0.0; CATEGORIES];
    for row in x.chunks_mut(columns) {
        for (category, effect) in of_row.iter_mut().enumerate() {
            let (first, end) = (category * columns / CATEGORIES, (category + 1) * columns / CATEGORIES);
            let column = first + skewed((end - first).max(1), &mut rng);
            row[column] = 1.0;
            *effect = effects[column];
        }
        labels.push(label_of(&of_row, &mut rng));
    }
    (x, labels)
}

/// Columns of 2 to 16 levels.
fn few_levels(rows: usize, columns: usize) -> Numbers {
    let mut rng = Rng::new(1);
    let levels: Vec<usize> = (0..columns).map(|_| 2 + rng.below(15)).collect();
    let slopes: Vec<f64> = (0..columns).map(|_| rng.normal()).collect();
    let (mut x, mut labels) = (Vec::with_capacity(rows * columns), Vec::with_capacity(rows));
    let mut of_row = vec![0.0; columns];
    for _ in 0..rows {
        for ((effect, &levels), slope) in of_row.iter_mut().zip(&levels).zip(&slopes) {
            let level = skewed(levels, &mut rng);
            x.push(level as f32);
            *effect = slope * (3.0 * level as f64 / (levels - 1) as f64 - 1.0);
        }
        labels.push(label_of(&of_row, &mut rng));
    }
    (x, labels)
}

/// Normal numbers, and labels that hang on the first seven columns, some of them in pairs.
fn normal(rows: usize, columns: usize) -> Numbers {
    let mut rng = Rng::new(1);
    let x: Vec<f32> = (0..rows * columns).map(|_| rng.normal() as f32).collect();
    let mut label = |row: &[f32]| {
        let at = |j: usize| f64::from(row[j % columns]);
        let z = math::sin(2.0 * at(0)) * at(1) + 0.5 * at(2) * at(3) + if at(4) > 0.3 { 0.7 } else { -0.4 }
            - 0.4 * at(5) * at(5)
            + 0.3 * at(6);
        u8::from(1.2 * z + rng.normal() > 0.0)
    };
    let labels = x.chunks(columns).map(&mut label).collect();
    (x, labels)
}
