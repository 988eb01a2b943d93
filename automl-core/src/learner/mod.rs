//! Learners: each declares itself once (name, parameters, what it needs and can do) and fits models.
//!
//! A learner never sees a validation row except through [`Fit::validation`], which only decides when to stop and how
//! strong a penalty is.

pub mod baseline;
pub mod cluster;
mod dense;
pub mod discriminant;
pub mod elastic_net;
pub mod features;
pub mod forest;
pub mod gbt;
pub mod kernel;
pub mod knn;
pub mod logistic;
pub mod mlp;
pub mod naive_bayes;
mod param;
pub mod parts;
mod registry;
pub mod ridge;
pub mod svm;
mod tree;
mod weight;

#[cfg(test)]
mod golden;
#[cfg(test)]
mod tests;

pub use param::{LOG_TARGET, ParamKind, ParamSpec, ParamValue, Params, Scale};
pub use registry::{all, find};

use crate::compute::Card;
use crate::model::{Model, Target, Task};
use crate::node::Frame;
use crate::platform::Cancel;
use serde::{Deserialize, Serialize};
use std::pin::Pin;

/// The features that a learner takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum FeatureNeeds {
    /// Numbers with missing values, and categories as codes, as trees take them.
    Native,
    /// Finite numbers only: imputed, scaled to unit variance, categories one-hot or target-encoded.
    Dense,
}

/// Whether two machines give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reproducible {
    /// The same bits on every target.
    Everywhere,
    /// The same bits on targets of one kind only: a library's own arithmetic decides the last bits.
    PerTarget,
}

/// What a learner is, declared once: the board, the search space, the forms and the documentation follow it.
#[derive(Debug, Clone, Copy)]
pub struct LearnerSpec {
    /// Stable id, for example `gbt`. Written into artifacts.
    pub id: &'static str,
    /// Name for people, for example `Gradient boosting`.
    pub title: &'static str,
    /// One plain sentence for a newcomer.
    pub help: &'static str,
    pub tasks: &'static [Task],
    pub needs: FeatureNeeds,
    pub reproducible: Reproducible,
    /// Whether it honours [`Fit::weights`]; else it takes all rows alike.
    pub weights: bool,
    pub params: &'static [ParamSpec],
}

/// One request to fit.
pub struct Fit<'a> {
    /// Training rows × features.
    pub frame: &'a Frame,
    /// One value a training row.
    pub target: &'a Target,
    /// How much each training row counts, from 0 to 10⁹; all alike where there is none. A learner whose
    /// declaration does not say `weights` ignores them.
    pub weights: Option<&'a [f32]>,
    /// Rows that early stopping and the choice of a penalty may look at; never trained on.
    pub validation: Option<(&'a Frame, &'a Target)>,
    /// Every parameter of the learner's declaration has a value here.
    pub params: &'a Params,
    pub seed: u64,
    /// Threads that the fit may use; they never change a bit of the result.
    pub threads: usize,
    pub cancel: &'a Cancel,
    /// The graphics card, for learners that can compute on one; they note there what they used. What it computes to the
    /// last bit changes no bit of the result.
    pub card: Option<&'a Card>,
}

/// A fit that may wait.
pub type Fitting<'a> = Pin<Box<dyn Future<Output = Result<Box<dyn Model>, FitError>> + 'a>>;

/// Why a fit gave no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FitError {
    #[error("cancelled")]
    Cancelled,
    /// The data cannot be learned from by this learner, and why.
    #[error("{reason}")]
    Unsuitable { reason: String },
    /// Rows that were put aside cannot be had again.
    #[error("rows cannot be put aside: {reason}")]
    Shelf { reason: String },
    /// Executors that were to hold rows are gone, or have no room.
    #[error("{reason}")]
    Executors { reason: String },
}

impl From<std::convert::Infallible> for FitError {
    fn from(never: std::convert::Infallible) -> Self {
        match never {}
    }
}

/// Why bytes are no model.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct DecodeError {
    pub reason: String,
}

/// The size of a fit.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Load {
    /// Training rows.
    pub rows: usize,
    /// Columns of the frame.
    pub features: usize,
    /// How many of them have few levels, sixteen or fewer.
    pub few_levels: usize,
    /// Numbers that the target takes a row: 1, or the number of classes.
    pub outputs: usize,
}

impl Load {
    /// Rows × features.
    pub fn cells(&self) -> f64 {
        self.rows as f64 * self.features as f64
    }

    /// Scores that a model of one score for two classes has a row.
    pub fn scores(&self) -> f64 {
        if self.outputs <= 2 { 1.0 } else { self.outputs as f64 }
    }
}

/// Something that fits models.
pub trait Learner: Sync {
    fn spec(&self) -> &'static LearnerSpec;

    /// Seconds that one fit and the prediction of a fold take on a core of about 3 GHz, within a factor of about
    /// three: a search that has not seen the learner yet plans with it, and later with what it measured.
    fn cost(&self, params: &Params, load: &Load) -> f64;

    /// Bytes that one fit takes beside its frame, the model among them, within a factor of about two: what does not fit
    /// into memory is not begun. As declared here for learners on bins or on a matrix; others say more.
    fn memory(&self, _params: &Params, load: &Load) -> f64 {
        /// A histogram has 255 bins of 16 bytes a feature; some 64 leaves wait with theirs.
        const HISTOGRAMS: f64 = 64.0 * 255.0 * 16.0;
        let scores = load.rows as f64 * load.outputs as f64;
        match self.spec().needs {
            // A byte a bin; scores, gradients and hessians, and their packed form.
            FeatureNeeds::Native => load.cells() + 28.0 * scores + HISTOGRAMS * load.features as f64,
            FeatureNeeds::Dense => 8.0 * load.cells() + 16.0 * scores,
        }
    }

    /// # Errors
    /// [`FitError`] when cancelled, or when the data does not suit the learner.
    fn fit(&self, fit: &Fit<'_>) -> Result<Box<dyn Model>, FitError>;

    /// The same, but waits for a graphics card instead of blocking: a page may not block, and there only this may be given
    /// one.
    fn fit_waiting<'a>(&'a self, fit: &'a Fit<'a>) -> Fitting<'a> {
        Box::pin(async move { self.fit(fit) })
    }

    /// Begins a fit on more rows than memory holds, which come a block at a time and lie in `parts` parts meanwhile;
    /// `None` where the learner wants all rows at once. `sample`: some of the rows, from which follows what must be
    /// known beforehand.
    ///
    /// # Errors
    /// [`FitError`] where the sample does not suit the learner.
    fn in_parts(
        &self,
        _sample: &Fit<'_>,
        _parts: usize,
    ) -> Result<Option<Box<dyn parts::InParts>>, FitError> {
        Ok(None)
    }

    /// The same where executors hold the features of the rows, of which there are up to `rows`.
    ///
    /// # Errors
    /// As [`Learner::in_parts`].
    fn on_executors(
        &self,
        _sample: &Fit<'_>,
        _rows: usize,
    ) -> Result<Option<Box<dyn parts::InParts>>, FitError> {
        Ok(None)
    }

    /// Bytes that a row of a part takes while it is learned from; `None` as for [`Learner::in_parts`]. Without features, what a row takes beside
    /// executors.
    fn bytes_a_row_in_parts(&self, _load: &Load) -> Option<f64> {
        None
    }

    /// Takes back what [`Model::encode`] gave. The bytes are untrusted: whatever they hold, the result is an
    /// error or a model that predicts without a panic on any frame of `features` columns.
    ///
    /// # Errors
    /// [`DecodeError`] where the bytes are no model of this learner.
    fn decode(&self, bytes: &[u8], features: usize) -> Result<Box<dyn Model>, DecodeError>;
}
