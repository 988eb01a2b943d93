//! What a node is, before and after fitting.

use super::codes::LevelCodes;
use super::datetime::DateParts;
use super::number::{FittedFlag, FittedNumber};
use super::one_hot::FittedOneHot;
use super::scale::FittedScale;
use super::spline::FittedSpline;
use super::target_encode::CodesAndMeans;
use super::target_encode::TargetMeans;
use super::text::{FittedText, ScoredText};
use super::{FeatureValues, Input, TargetView};
use serde::{Deserialize, Serialize};

/// A node's configuration: it can be fitted on training rows.
pub trait Node {
    type Fitted: Fitted;

    /// Learns from the rows of `input`, whose target is `target`. `None` where they hold nothing to learn from:
    /// all missing, or all the same.
    fn fit(&self, input: &Input<'_>, target: TargetView<'_>, seed: u64) -> Option<Self::Fitted>;

    /// Fits, and gives the features of the training rows. They are those of [`Fitted::transform`] unless a
    /// row's own target would show through it.
    fn fit_transform(
        &self,
        input: &Input<'_>,
        target: TargetView<'_>,
        seed: u64,
    ) -> Option<(Self::Fitted, Vec<FeatureValues>)> {
        let fitted = self.fit(input, target, seed)?;
        let features = fitted.transform(input);
        Some((fitted, features))
    }
}

/// What a node has learnt. Plain data.
pub trait Fitted {
    /// The features of the rows of `input`, one entry an output.
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues>;

    /// Names of the outputs of the input column `input`, in the order of [`Fitted::transform`].
    fn output_names(&self, input: &str) -> Vec<String>;

    /// Whether the data, which may come from anywhere, is such as fitting gives.
    ///
    /// # Errors
    /// What is wrong with it.
    fn validate(&self) -> Result<(), String>;
}

/// Any fitted node.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub enum FittedNode {
    Number(FittedNumber),
    Flag(FittedFlag),
    Codes(LevelCodes),
    TargetMeans(TargetMeans),
    DateParts(DateParts),
    Text(FittedText),
    Scale(FittedScale),
    OneHot(FittedOneHot),
    // What came later stands behind, so that older files are read as they were written.
    Spline(FittedSpline),
    ScoredText(ScoredText),
    CodesAndMeans(CodesAndMeans),
}

impl FittedNode {
    fn inner(&self) -> &dyn Fitted {
        match self {
            Self::Number(n) => n,
            Self::Flag(n) => n,
            Self::Codes(n) => n,
            Self::TargetMeans(n) => n,
            Self::DateParts(n) => n,
            Self::Text(n) => n,
            Self::Scale(n) => n,
            Self::OneHot(n) => n,
            Self::Spline(n) => n,
            Self::ScoredText(n) => n,
            Self::CodesAndMeans(n) => n,
        }
    }
}

impl Fitted for FittedNode {
    fn transform(&self, input: &Input<'_>) -> Vec<FeatureValues> {
        self.inner().transform(input)
    }

    fn output_names(&self, input: &str) -> Vec<String> {
        self.inner().output_names(input)
    }

    fn validate(&self) -> Result<(), String> {
        self.inner().validate()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A file says which node follows by its number here: those of older files stay.
    #[test]
    fn nodes_keep_their_numbers() {
        let number = FittedNode::Number(FittedNumber {});
        assert_eq!(postcard::to_stdvec(&number).unwrap(), [0]);
        let error = serde_json::from_str::<FittedNode>("\"none\"").unwrap_err().to_string();
        let names = error.split('`').skip(3).step_by(2).take(8).collect::<Vec<_>>().join(" ");
        assert_eq!(names, "Number Flag Codes TargetMeans DateParts Text Scale OneHot");
    }
}
