//! Numbers in pieces: beside itself a network may see how far a number has come through each of the pieces that
//! quantiles cut its range into, so that what it learns can bend at every one of them (piecewise-linear encoding;
//! Gorishniy, Rubachev and Babenko, 2022, section 3.2).
//!
//! Unlike theirs no piece reaches beyond the rows of training, where the number itself goes on; and pieces have mean 0,
//! and one number's together as much variance as the number.

use crate::learner::DecodeError;
use crate::learner::dense::damaged;
use crate::platform;
use serde::{Deserialize, Serialize};

/// Inputs further from the mean than this, in standard deviations, are taken as this far.
const FARTHEST: f32 = 10.0;
/// Pieces of all features together; where there were more, there are none.
const MOST_PIECES: usize = 1024;
/// Rows that a piece has at least.
const FEWEST_ROWS: usize = 5;
/// A piece in which rows vary less is not blown up further.
const LEAST_DEVIATION: f64 = 1e-3;

/// A piece: `from` up to where it begins, then rising to `to`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Ramp {
    start: f32,
    slope: f32,
    from: f32,
    to: f32,
}

/// The pieces of each feature, ascending; none where it has at most two values.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Pieces(Vec<Vec<Ramp>>);

fn input(x: f32) -> f32 {
    x.clamp(-FARTHEST, FARTHEST)
}

impl Ramp {
    /// The piece between two edges, for these values.
    fn of(start: f32, end: f32, values: &[f32], pieces: usize) -> Self {
        let slope = 1.0 / (f64::from(end) - f64::from(start));
        let part = |x: f32| ((f64::from(x) - f64::from(start)) * slope).clamp(0.0, 1.0);
        let count = values.len().max(1) as f64;
        let mean = values.iter().map(|&x| part(x)).sum::<f64>() / count;
        let square = |x: f32| (part(x) - mean) * (part(x) - mean);
        let deviation = (values.iter().map(|&x| square(x)).sum::<f64>() / count).sqrt();
        let factor = 1.0 / (deviation.max(LEAST_DEVIATION) * (pieces as f64).sqrt());
        let slope = (slope * factor).min(f64::from(f32::MAX)) as f32;
        Self { start, slope, from: (-mean * factor) as f32, to: ((1.0 - mean) * factor) as f32 }
    }

    fn at(&self, x: f32) -> f32 {
        // Not `clamp`, which panics where a file says that the end is below the start.
        (self.from + self.slope * (x - self.start)).max(self.from).min(self.to)
    }
}

impl Pieces {
    /// No pieces.
    pub fn none(features: usize) -> Self {
        Self(vec![Vec::new(); features])
    }

    /// Cuts each feature of rows × features, row-major, into up to `most` pieces of about as many rows.
    pub fn fit(cells: &[f32], features: usize, most: usize) -> Self {
        Self::fit_on(1, cells, features, most)
    }

    /// The same on up to `threads` threads.
    pub fn fit_on(threads: usize, cells: &[f32], features: usize, most: usize) -> Self {
        let rows = cells.len().checked_div(features).unwrap_or(0);
        let most = most.min(rows / FEWEST_ROWS);
        let cut = |j: usize| {
            let values: Vec<f32> = cells.iter().skip(j).step_by(features).map(|&x| input(x)).collect();
            let edges = edges(&values, most);
            let count = edges.len().saturating_sub(1);
            if count < 2 {
                return Vec::new();
            }
            edges.windows(2).map(|e| Ramp::of(e[0], e[1], &values, count)).collect()
        };
        let mut pieces = Self::none(features);
        platform::each(threads, &mut pieces.0, |feature, ramps| *ramps = cut(feature));
        if pieces.width() - features > MOST_PIECES { Self::none(features) } else { pieces }
    }

    pub fn features(&self) -> usize {
        self.0.len()
    }

    /// Of a feature: where each of its pieces begins, how it rises, and from where to where.
    #[cfg(feature = "gpu")]
    pub fn ramps(&self, feature: usize) -> impl Iterator<Item = [f32; 4]> {
        self.0[feature].iter().map(|r| [r.start, r.slope, r.from, r.to])
    }

    /// Inputs of a network that sees the pieces too.
    pub fn width(&self) -> usize {
        self.0.iter().map(|ramps| 1 + ramps.len()).sum()
    }

    /// Appends the `width` inputs of rows × features: the features as they are where `width` is their number, else each
    /// followed by its pieces.
    pub fn extend(&self, cells: &[f32], width: usize, out: &mut Vec<f32>) {
        if width == self.features() {
            out.extend(cells.iter().map(|&x| input(x)));
            return;
        }
        for row in cells.chunks_exact(self.features().max(1)) {
            for (&x, ramps) in row.iter().zip(&self.0) {
                let x = input(x);
                out.push(x);
                out.extend(ramps.iter().map(|ramp| ramp.at(x)));
            }
        }
    }

    /// # Errors
    /// [`DecodeError`] unless these are pieces of so many features.
    pub fn validate(&self, features: usize) -> Result<(), DecodeError> {
        let sound = |r: &Ramp| [r.start, r.slope, r.from, r.to].iter().all(|x| x.is_finite());
        if self.0.len() == features && self.0.iter().flatten().all(sound) {
            Ok(())
        } else {
            Err(damaged("pieces of numbers"))
        }
    }
}

/// Ascending edges of up to `most` pieces; none below three different values.
fn edges(values: &[f32], most: usize) -> Vec<f32> {
    let mut sorted = values.to_vec();
    sorted.sort_unstable_by(f32::total_cmp);
    let mut edges = sorted.clone();
    edges.dedup();
    if edges.len() > most + 1 {
        edges = (0..=most).map(|b| sorted[(sorted.len() - 1) * b / most.max(1)]).collect();
        edges.dedup();
    }
    edges
}

#[cfg(test)]
mod tests {
    use super::Pieces;

    fn inputs(pieces: &Pieces, cells: &[f32]) -> Vec<f32> {
        let mut out = Vec::new();
        pieces.extend(cells, pieces.width(), &mut out);
        out
    }

    #[test]
    fn a_number_walks_through_its_pieces() {
        // The second feature has two values, and so no pieces.
        let cells: Vec<f32> = (0..80).flat_map(|i| [(i as f32 - 39.5) / 20.0, (i % 2) as f32]).collect();
        let pieces = Pieces::fit(&cells, 2, 4);
        assert_eq!((pieces.features(), pieces.width()), (2, 6));
        let (low, middle, high) =
            (inputs(&pieces, &[-9.0, 1.0]), inputs(&pieces, &[0.0, 1.0]), inputs(&pieces, &[9.0, 1.0]));
        assert_eq!((low[0], middle[0], high[0]), (-9.0, 0.0, 9.0));
        assert_eq!((low[5], middle[5], high[5]), (1.0, 1.0, 1.0));
        // Below the middle two pieces are walked through, above it two are ahead.
        assert_eq!(middle[1], high[1]);
        assert_eq!(middle[4], low[4]);
        assert!((1..5).all(|k| low[k] < 0.0 && high[k] > 0.0), "{low:?} {high:?}");
        let all = inputs(&pieces, &cells);
        for k in 1..5 {
            let column: Vec<f64> = all.iter().skip(k).step_by(6).map(|&x| f64::from(x)).collect();
            let mean = column.iter().sum::<f64>() / 80.0;
            let variance = column.iter().map(|x| (x - mean) * (x - mean)).sum::<f64>() / 80.0;
            assert!(mean.abs() < 1e-6 && (variance - 0.25).abs() < 1e-5, "{k}: {mean} {variance}");
        }
    }

    #[test]
    fn few_rows_or_too_many_features_have_no_pieces() {
        assert_eq!(Pieces::fit(&[1.0, 2.0, 3.0, 4.0, 5.0, 6.0], 1, 8).width(), 1);
        assert_eq!(Pieces::fit(&[], 0, 8).width(), 0);
        assert_eq!(Pieces::fit(&[], 3, 8).width(), 3);
        let cells: Vec<f32> = (0..200 * 100).map(|i| ((i * 7919) % 10_007) as f32 / 5000.0).collect();
        assert_eq!(Pieces::fit(&cells, 200, 8).width(), 200);
        assert_eq!(Pieces::fit(&cells, 100, 8).width(), 900);
    }

    #[test]
    fn what_no_fit_gives_is_refused_or_harmless() {
        let pieces = Pieces::fit(&(0..40).map(|i| i as f32 / 10.0).collect::<Vec<_>>(), 1, 4);
        assert!(pieces.validate(1).is_ok() && pieces.validate(2).is_err());
        let mut odd = pieces.clone();
        odd.0[0][0].slope = f32::INFINITY;
        assert!(odd.validate(1).is_err());
        odd.0[0][0] = super::Ramp { start: -3e38, slope: 3e38, from: 1.0, to: -1.0 };
        assert!(odd.validate(1).is_ok() && inputs(&odd, &[2.0]).iter().all(|x| x.is_finite()));
    }
}
