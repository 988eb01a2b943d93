//! Growing a forest, tree by tree.

use super::model::{ForestModel, Kind};
use super::params::Settings;
use crate::learner::tree::binning::Binned;
use crate::learner::tree::center::Center;
use crate::learner::tree::deep::{Growth, grow};
use crate::learner::tree::draw::share_of;
use crate::learner::tree::flat::Builder;
use crate::learner::tree::impurity::{Classes, Scalar};
use crate::learner::{Fit, FitError, weight};
use crate::model::Target;
use crate::numeric::Rng;
use std::collections::BTreeMap;

/// Everything that the trees of a forest share.
struct Forest<'a> {
    fit: &'a Fit<'a>,
    settings: &'a Settings,
    data: Binned,
    growth: Growth,
    /// Sums of the rows' weights up to each row, where rows are drawn by weight.
    weights_up_to: Option<Vec<f64>>,
    /// How often each row was drawn for the tree at hand, and the rows that were.
    draws: Vec<u32>,
    rows: Vec<u32>,
    spare: Vec<u32>,
}

/// Fits a forest.
///
/// # Errors
/// [`FitError`] when cancelled, or where there are no rows or a target that is not finite.
pub(super) fn fit(fit: &Fit<'_>, settings: &Settings) -> Result<ForestModel, FitError> {
    let unsuitable = |reason: &str| FitError::Unsuitable { reason: reason.into() };
    if fit.target.is_empty() || fit.frame.rows != fit.target.len() {
        return Err(unsuitable("there are no training rows"));
    }
    let data = Binned::new(fit.frame, settings.max_bins, fit.seed);
    let growth = settings.growth(data.features.len(), fit.target);
    let rows = fit.frame.rows;
    // Without a draw there is nothing that weights could decide: such forests do not declare that they heed them.
    let weights = if settings.bootstrap.is_some() { weight::given(fit)? } else { None };
    let forest = Forest {
        fit,
        settings,
        data,
        growth,
        weights_up_to: weights.as_deref().map(running),
        draws: vec![1; rows],
        rows: Vec::new(),
        spare: vec![0; rows],
    };
    match fit.target {
        Target::Values(v) if v.iter().any(|y| !y.is_finite()) => {
            Err(unsuitable("the target has values that are not finite"))
        }
        Target::Values(v) => forest.of_values(v),
        Target::Classes { codes, classes } => {
            let mut prior = vec![0.0; (*classes).max(2)];
            for (row, &code) in codes.iter().enumerate() {
                prior[code as usize] += weights.as_ref().map_or(1.0, |w| w[row]);
            }
            let total = weights.as_ref().map_or(codes.len() as f64, |w| w.iter().sum());
            prior.iter_mut().for_each(|p| *p = (*p / total).min(1.0));
            if prior.len() == 2 { forest.of_two(codes, prior) } else { forest.of_classes(codes, prior) }
        }
    }
}

fn running(weights: &[f64]) -> Vec<f64> {
    let sums = weights.iter().scan(0.0, |sum, weight| {
        *sum += weight;
        Some(*sum)
    });
    sums.collect()
}

impl Forest<'_> {
    fn of_values(self, values: &[f64]) -> Result<ForestModel, FitError> {
        let center = Center::of(values);
        let centred: Vec<f64> = values.iter().map(|&v| center.apply(v)).collect();
        let largest = centred.iter().fold(0.0f64, |m, v| m.max(v.abs()));
        let per_unit = Scalar::new(centred.len() as u64).largest_value() / largest.max(f64::MIN_POSITIVE);
        let integer = |row: usize| (centred[row] * per_unit).round() as i64;
        let kind = Kind::Values { offset: center.offset, scale: center.scale };
        let means = |row: usize| centred[row];
        self.of_scalars(kind, (0.0, 0.0), integer, means)
    }

    fn of_two(self, codes: &[u32], prior: Vec<f64>) -> Result<ForestModel, FitError> {
        let second = |row: usize| codes[row] == 1;
        let integer = |row: usize| i64::from(second(row));
        let smoothing = if self.settings.smooths_leaves { (prior[1], 1.0) } else { (0.0, 0.0) };
        let kind = self.kind(prior);
        self.of_scalars(kind, smoothing, integer, |row| f64::from(u8::from(second(row))))
    }

    /// How leaves become probabilities.
    fn kind(&self, prior: Vec<f64>) -> Kind {
        if self.settings.smooths_leaves {
            Kind::Probabilities { classes: prior.len() as u32 }
        } else {
            Kind::Classes { prior }
        }
    }

    /// Trees with a mean a leaf; `integer` decides splits and `value` the means. `smoothing` is what every leaf has
    /// before its rows: a sum and a number of rows.
    fn of_scalars(
        mut self,
        kind: Kind,
        smoothing: (f64, f64),
        integer: impl Fn(usize) -> i64,
        value: impl Fn(usize) -> f64,
    ) -> Result<ForestModel, FitError> {
        let mut builder = Builder::new(self.data.columns, 1);
        let mut scalar = Scalar::new(self.draws.len() as u64);
        let integers: Vec<i64> = (0..self.draws.len()).map(integer).collect();
        for tree in 0..self.settings.trees {
            let mut rng = self.draw(tree)?;
            let word = |(&value, &draws): (&i64, &u32)| scalar.word(value, i64::from(draws));
            scalar.words = integers.iter().zip(&self.draws).map(word).collect();
            let draws = &self.draws;
            // Without smoothing, a leaf's mean is all that there is to say.
            let (more, more_rows) = smoothing;
            let mut first = None;
            let shape = grow(
                &self.data,
                &mut self.rows,
                &mut self.spare,
                &mut scalar,
                &self.growth,
                &mut rng,
                |_, rows| {
                    let (mut sum, mut weight) = (more, more_rows);
                    for &row in rows {
                        let draws = f64::from(draws[row as usize]);
                        sum += draws * value(row as usize);
                        weight += draws;
                    }
                    let place = builder.push_leaf(&[(sum / weight) as f32]);
                    first.get_or_insert(place);
                },
            );
            let first = first.unwrap_or(0);
            builder.push(&shape, &self.data, |leaf| first + leaf);
        }
        Ok(ForestModel { kind, trees: builder.finish(self.settings.trees) })
    }

    /// Trees with the shares of all classes in a leaf; equal shares are kept once.
    fn of_classes(mut self, codes: &[u32], prior: Vec<f64>) -> Result<ForestModel, FitError> {
        let mut builder = Builder::new(self.data.columns, prior.len());
        let mut classes = Classes::new(codes.to_vec(), prior.len());
        let mut places: BTreeMap<Vec<u32>, u32> = BTreeMap::new();
        let kind = self.kind(prior.clone());
        let more = if self.settings.smooths_leaves { 1.0 } else { 0.0 };
        for tree in 0..self.settings.trees {
            let mut rng = self.draw(tree)?;
            classes.weights.clone_from(&self.draws);
            let mut leaves = Vec::new();
            let shape = grow(
                &self.data,
                &mut self.rows,
                &mut self.spare,
                &mut classes,
                &self.growth,
                &mut rng,
                |classes, _| {
                    let total: u64 = classes.counts().iter().sum();
                    let share = |(&n, p): (&u64, &f64)| (n as f64 + more * p) / (total as f64 + more);
                    let shares: Vec<f32> =
                        classes.counts().iter().zip(&prior).map(|of| share(of) as f32).collect();
                    let key = shares.iter().map(|s| s.to_bits()).collect();
                    leaves.push(*places.entry(key).or_insert_with(|| builder.push_leaf(&shares)));
                },
            );
            builder.push(&shape, &self.data, |leaf| leaves[leaf as usize]);
        }
        Ok(ForestModel { kind, trees: builder.finish(self.settings.trees) })
    }

    /// Draws the rows of a tree.
    fn draw(&mut self, tree: usize) -> Result<Rng, FitError> {
        if self.fit.cancel.is_cancelled() {
            return Err(FitError::Cancelled);
        }
        let seed = if self.settings.draws { self.fit.seed } else { 0 };
        let mut rng = Rng::for_stream(seed, &[0xF0, tree as u64]);
        let count = self.draws.len();
        if let Some(share) = self.settings.bootstrap {
            self.draws.fill(0);
            for _ in 0..share_of(count, share) {
                let row = match &self.weights_up_to {
                    None => rng.below(count),
                    Some(sums) => {
                        let place = rng.uniform() * sums[count - 1];
                        sums.partition_point(|&sum| sum <= place).min(count - 1)
                    }
                };
                self.draws[row] += 1;
            }
        }
        self.rows.clear();
        self.rows.extend((0..count as u32).filter(|&r| self.draws[r as usize] > 0));
        Ok(rng)
    }
}
