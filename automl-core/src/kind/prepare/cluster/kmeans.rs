//! k-means: centres drawn by k-means++ (Arthur and Vassilvitskii, 2007), moved by Lloyd's method, the best of several
//! draws; and the mean silhouette (Rousseeuw, 1987).

use crate::numeric::{Rng, sort_few_by_key, sum};
use std::ops::RangeInclusive;

/// Stream label of the draws.
const STREAM: u64 = 0x6B6D_6E73;
/// Draws of which the best is taken.
const DRAWS: u64 = 5;
const MOST_ROUNDS: usize = 100;
/// Rounds end once no centre moves further than this in the square, of columns with deviation 1.
const STILL: f64 = 1e-10;
/// Points at most whose silhouettes are reckoned, evenly spaced.
const SILHOUETTE_POINTS: usize = 1000;

/// Points × dimensions, point by point.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Points {
    values: Vec<f64>,
    width: usize,
    count: usize,
}

impl Points {
    /// `columns`: each with `count` numbers.
    pub(super) fn of_columns(columns: &[Vec<f64>], count: usize) -> Self {
        let width = columns.len();
        let mut values = vec![0.0; width * count];
        for (j, column) in columns.iter().enumerate() {
            column.iter().enumerate().for_each(|(i, &x)| values[i * width + j] = x);
        }
        Self { values, width, count }
    }

    pub(super) fn count(&self) -> usize {
        self.count
    }

    pub(super) fn into_values(self) -> Vec<f64> {
        self.values
    }

    fn point(&self, i: usize) -> &[f64] {
        &self.values[i * self.width..(i + 1) * self.width]
    }

    fn nearest(&self, point: &[f64]) -> (usize, f64) {
        let mut best = (0, f64::INFINITY);
        for k in 0..self.count {
            let distance = square(point, self.point(k));
            if distance < best.1 {
                best = (k, distance);
            }
        }
        best
    }
}

/// Squared distance.
fn square(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).map(|(x, y)| (x - y) * (x - y)).sum()
}

/// Centres, and which points belong to which.
struct Clustering {
    centres: Points,
    member_of: Vec<usize>,
    inertia: f64,
}

/// At most `k` centres, the one with most points first; one, at 0, where there are no points.
pub(super) fn fit(points: &Points, k: usize, seed: u64) -> Points {
    cluster(points, k, seed).centres
}

/// The centres of as many clusters as have the largest mean silhouette, of the fewer at equals.
pub(super) fn best_by_silhouette(points: &Points, range: RangeInclusive<usize>, seed: u64) -> Points {
    let mut best: Option<(f64, Points)> = None;
    for k in range {
        let clustering = cluster(points, k, seed);
        let silhouette = silhouette(points, &clustering.member_of, clustering.centres.count);
        let few = clustering.centres.count < k;
        if best.as_ref().is_none_or(|b| silhouette > b.0) {
            best = Some((silhouette, clustering.centres));
        }
        if few {
            break;
        }
    }
    best.map_or_else(|| fit(points, 1, seed), |b| b.1)
}

fn cluster(points: &Points, k: usize, seed: u64) -> Clustering {
    let mut best: Option<Clustering> = None;
    for draw in 0..DRAWS {
        let mut rng = Rng::for_stream(seed, &[STREAM, k as u64, draw]);
        let clustering = lloyd(points, draw_centres(points, k, &mut rng));
        if best.as_ref().is_none_or(|b| clustering.inertia < b.inertia) {
            best = Some(clustering);
        }
    }
    let empty = Points { values: vec![0.0; points.width], width: points.width, count: 1 };
    let best = best.unwrap_or(Clustering { centres: empty, member_of: Vec::new(), inertia: 0.0 });
    largest_first(best)
}

/// Each next centre is a point, by a chance that grows with the square of its distance to the nearest centre before.
fn draw_centres(points: &Points, k: usize, rng: &mut Rng) -> Points {
    let width = points.width;
    if points.count == 0 {
        return Points { values: vec![0.0; width], width, count: 1 };
    }
    let first = points.point(rng.below(points.count)).to_vec();
    let mut nearest: Vec<f64> = (0..points.count).map(|i| square(points.point(i), &first)).collect();
    let mut centres = Points { values: first, width, count: 1 };
    while centres.count < k {
        let total = sum(&nearest);
        if total <= 0.0 {
            // Every point has a centre.
            break;
        }
        let mut left = rng.uniform() * total;
        let drawn = nearest.iter().position(|d| {
            left -= d;
            left < 0.0
        });
        let last = || nearest.iter().rposition(|&d| d > 0.0).unwrap_or(0);
        let centre = points.point(drawn.unwrap_or_else(last)).to_vec();
        for (i, nearest) in nearest.iter_mut().enumerate() {
            *nearest = nearest.min(square(points.point(i), &centre));
        }
        centres.values.extend(centre);
        centres.count += 1;
    }
    centres
}

/// Moves centres to the means of their points until they stay. A centre without points moves to the point farthest from
/// its own.
fn lloyd(points: &Points, mut centres: Points) -> Clustering {
    let width = points.width;
    let mut member_of = vec![0; points.count];
    for _ in 0..MOST_ROUNDS {
        let mut farthest = (0, -1.0);
        let mut sums = vec![0.0; centres.values.len()];
        let mut sizes = vec![0.0; centres.count];
        for (i, member) in member_of.iter_mut().enumerate() {
            let point = points.point(i);
            let (k, distance) = centres.nearest(point);
            *member = k;
            sizes[k] += 1.0;
            sums[k * width..(k + 1) * width].iter_mut().zip(point).for_each(|(s, x)| *s += x);
            if distance > farthest.1 {
                farthest = (i, distance);
            }
        }
        let mut moved = 0.0f64;
        for k in 0..centres.count {
            let new: Vec<f64> = if sizes[k] > 0.0 {
                sums[k * width..(k + 1) * width].iter().map(|s| s / sizes[k]).collect()
            } else if points.count > 0 {
                points.point(farthest.0).to_vec()
            } else {
                continue;
            };
            moved = moved.max(square(&new, centres.point(k)));
            centres.values[k * width..(k + 1) * width].copy_from_slice(&new);
        }
        if moved <= STILL {
            break;
        }
    }
    let nearest: Vec<(usize, f64)> = (0..points.count).map(|i| centres.nearest(points.point(i))).collect();
    let inertia = sum(&nearest.iter().map(|n| n.1).collect::<Vec<_>>());
    Clustering { centres, member_of: nearest.into_iter().map(|n| n.0).collect(), inertia }
}

fn largest_first(clustering: Clustering) -> Clustering {
    let Clustering { centres, member_of, inertia } = clustering;
    let mut sizes = vec![0usize; centres.count];
    member_of.iter().for_each(|&k| sizes[k] += 1);
    let mut order: Vec<usize> = (0..centres.count).collect();
    sort_few_by_key(&mut order, |&k| std::cmp::Reverse(sizes[k]));
    let mut place = vec![0; centres.count];
    order.iter().enumerate().for_each(|(at, &k)| place[k] = at);
    let values = order.iter().flat_map(|&k| centres.point(k).iter().copied()).collect();
    let member_of = member_of.into_iter().map(|k| place[k]).collect();
    Clustering { centres: Points { values, ..centres }, member_of, inertia }
}

/// Mean of (b − a) / max(a, b), where a is a point's mean distance to the others of its cluster and b that to the
/// nearest other cluster; 0 for a cluster of one point. Of points evenly spaced, where there are many.
pub(super) fn silhouette(points: &Points, member_of: &[usize], clusters: usize) -> f64 {
    let stride = points.count.div_ceil(SILHOUETTE_POINTS).max(1);
    let seen: Vec<usize> = (0..points.count).step_by(stride).collect();
    let mut sizes = vec![0.0; clusters];
    seen.iter().for_each(|&i| sizes[member_of[i]] += 1.0);
    let mut all = Vec::with_capacity(seen.len());
    for &i in &seen {
        let mut sums = vec![0.0; clusters];
        for &j in &seen {
            sums[member_of[j]] += square(points.point(i), points.point(j)).sqrt();
        }
        let own = member_of[i];
        let a = sums[own] / (sizes[own] - 1.0f64).max(1.0);
        let others = (0..clusters).filter(|&k| k != own && sizes[k] > 0.0);
        let b = others.map(|k| sums[k] / sizes[k]).fold(f64::INFINITY, f64::min);
        let alone = sizes[own] <= 1.0 || b.is_infinite() || a.max(b) <= 0.0;
        all.push(if alone { 0.0 } else { (b - a) / a.max(b) });
    }
    crate::numeric::mean(&all)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn points(values: &[f64]) -> Points {
        Points::of_columns(&[values.to_vec()], values.len())
    }

    #[test]
    fn centres_of_small_sets() {
        let check = |values: &[f64], k: usize, expected: &[f64]| {
            assert_eq!(fit(&points(values), k, 1).into_values(), expected, "{values:?} {k}");
        };
        check(&[], 3, &[0.0]);
        check(&[7.0], 3, &[7.0]);
        check(&[7.0; 5], 3, &[7.0]);
        check(&[0.0, 1.0, 0.5, 10.0, 11.0], 2, &[0.5, 10.5]);
        check(&[10.0, 11.0, 10.5, 0.0, 1.0], 2, &[10.5, 0.5]);
        // No more centres than there are different points.
        let mut found = fit(&points(&[1.0, 2.0, 2.0, 1.0]), 9, 1).into_values();
        found.sort_unstable_by(f64::total_cmp);
        assert_eq!(found, [1.0, 2.0]);
    }

    #[test]
    fn as_many_clusters_as_there_are() {
        let mut rng = Rng::new(4);
        for k in 2..6 {
            let values: Vec<f64> = (0..60 * k).map(|i| 30.0 * (i % k) as f64 + rng.normal()).collect();
            assert_eq!(best_by_silhouette(&points(&values), 2..=8, 3).count(), k);
        }
        assert_eq!(best_by_silhouette(&points(&[]), 2..=8, 3).count(), 1);
    }
}
