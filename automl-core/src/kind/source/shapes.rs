//! Tables that show a shape: clusters, moons, a series in time.

use super::generate::{Settings, rounded};
use crate::kind::build::{categories, numbers};
use crate::numeric::{Rng, math};
use crate::table::{Column, ColumnType, Values};

/// Streams of random numbers.
const CENTRES: u64 = 1;
const ROWS: u64 = 2;
const MS_A_DAY: i64 = 86_400_000;
/// 2020-01-01.
const FIRST_DAY: i64 = 18_262;

/// Round clouds with centres uniform in [−10, 10); a noise level of 1 makes clouds ten wide.
pub(super) fn clusters(settings: &Settings, clusters: usize, features: usize) -> Vec<Column> {
    let mut rng = Rng::for_stream(settings.seed, &[CENTRES]);
    let centres: Vec<Vec<f64>> =
        (0..clusters).map(|_| (0..features).map(|_| 20.0 * rng.uniform() - 10.0).collect()).collect();
    let mut rng = Rng::for_stream(settings.seed, &[ROWS]);
    let mut values: Vec<Vec<f64>> = (0..features).map(|_| Vec::with_capacity(settings.rows)).collect();
    let mut codes = Vec::with_capacity(settings.rows);
    for _ in 0..settings.rows {
        let cluster = rng.below(clusters);
        for (x, centre) in values.iter_mut().zip(&centres[cluster]) {
            x.push(rounded(centre + 10.0 * settings.noise * rng.normal()));
        }
        codes.push(cluster as u32);
    }
    let mut columns: Vec<Column> =
        values.into_iter().enumerate().map(|(j, v)| numbers(&format!("x{}", j + 1), v)).collect();
    let levels: Vec<String> = (0..clusters).map(|c| format!("cluster {}", c + 1)).collect();
    columns.push(categories("cluster", codes, &levels));
    columns
}

/// Two half circles that reach into one another; the noise level is the standard deviation around them.
pub(super) fn moons(settings: &Settings) -> Vec<Column> {
    let mut rng = Rng::for_stream(settings.seed, &[ROWS]);
    let mut values = [Vec::with_capacity(settings.rows), Vec::with_capacity(settings.rows)];
    let mut codes = Vec::with_capacity(settings.rows);
    for _ in 0..settings.rows {
        let lower = rng.below(2) == 1;
        let t = std::f64::consts::PI * rng.uniform();
        let (x, y) = (math::cos(t), math::sin(t));
        let (x, y) = if lower { (1.0 - x, 0.5 - y) } else { (x, y) };
        values[0].push(rounded(x + settings.noise * rng.normal()));
        values[1].push(rounded(y + settings.noise * rng.normal()));
        codes.push(u32::from(lower));
    }
    let [x, y] = values;
    let levels = ["upper".to_owned(), "lower".to_owned()];
    vec![numbers("x1", x), numbers("x2", y), categories("moon", codes, &levels)]
}

/// Shape of a series.
pub(super) struct Series {
    /// Growth a year.
    pub trend: f64,
    /// Height of the yearly and of the weekly wave.
    pub yearly: f64,
    pub weekly: f64,
}

/// A value a day from 2020-01-01 on: 100 + trend + waves + noise. A noise level of 1 is noise of standard deviation 20.
pub(super) fn series(settings: &Settings, shape: &Series) -> Vec<Column> {
    let mut rng = Rng::for_stream(settings.seed, &[ROWS]);
    let turn = |days: f64, period: f64| math::sin(2.0 * std::f64::consts::PI * (days % period) / period);
    let mut values = Vec::with_capacity(settings.rows);
    for day in 0..settings.rows {
        let day = day as f64;
        let waves = shape.yearly * turn(day, 365.25) + shape.weekly * turn(day, 7.0);
        let noise = 20.0 * settings.noise * rng.normal();
        values.push(rounded(100.0 + shape.trend * day / 365.25 + waves + noise));
    }
    let days = (0..settings.rows as i64).map(|day| (FIRST_DAY + day) * MS_A_DAY).collect();
    let day = Column {
        name: "day".to_owned(),
        ty: ColumnType::Datetime,
        values: Values::Time(days),
        spellings: Vec::new(),
    };
    vec![day, numbers("value", values)]
}
