//! Gradient boosting of histogram trees (Friedman, "Greedy function approximation: a gradient boosting machine",
//! 2001; Ke et al., "LightGBM", 2017), with native missing values and categories.
//!
//! [`objective`] gives gradients and hessians of the loss; [`sampling`] draws the rows of a round; [`constraints`]
//! reads what trees may not do; [`boost`] is the loop over rounds, which stops early; [`leaves`] gives trees their
//! values; [`model`] is what is returned; [`parts`] boosts on more rows
//! than memory holds, and [`spread`] on rows that executors hold, both on what [`begun`] takes from a sample. The same seed gives the same bytes on every target.

mod begun;
mod boost;
mod constraints;
mod leaves;
mod model;
mod objective;
#[cfg(feature = "gpu")]
mod on_card;
mod params;
mod parts;
mod sampling;
mod spread;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

use super::parts::InParts;
use super::{
    DecodeError, FeatureNeeds, Fit, FitError, Fitting, Learner, LearnerSpec, Load, Params, Reproducible,
};
use crate::model::{Model, Task};
use crate::platform::ready;

/// The learner `gbt`.
pub struct Gbt;

static SPEC: LearnerSpec = LearnerSpec {
    id: "gbt",
    title: "Gradient boosting",
    help: "Many small trees, each mending what the ones before it got wrong. The strongest learner on most tables.",
    tasks: &[Task::Binary, Task::Multiclass, Task::Regression],
    needs: FeatureNeeds::Native,
    reproducible: Reproducible::Everywhere,
    weights: true,
    params: params::PARAMS,
};

impl Learner for Gbt {
    fn spec(&self) -> &'static LearnerSpec {
        &SPEC
    }

    fn cost(&self, params: &Params, load: &Load) -> f64 {
        params::cost(params, load)
    }

    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError> {
        ready(self.fit_waiting(fit))
    }

    fn fit_waiting<'a>(&'a self, fit: &'a Fit<'a>) -> Fitting<'a> {
        Box::pin(async move { Ok(Box::new(boost::fit(fit).await?) as Box<dyn Model>) })
    }

    fn in_parts(&self, sample: &Fit<'_>, parts: usize) -> Result<Option<Box<dyn InParts>>, FitError> {
        Ok(Some(Box::new(parts::GbtInParts::new(sample, parts)?)))
    }

    fn on_executors(&self, sample: &Fit<'_>, rows: usize) -> Result<Option<Box<dyn InParts>>, FitError> {
        Ok(Some(Box::new(spread::GbtSpread::new(sample, rows)?)))
    }

    fn bytes_a_row_in_parts(&self, load: &Load) -> Option<f64> {
        Some(parts::bytes_a_row(load.features, load.outputs))
    }

    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError> {
        Ok(Box::new(model::GbtModel::decode(bytes, features)?))
    }
}
