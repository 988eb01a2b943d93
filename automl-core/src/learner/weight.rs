//! How much training rows count.

use super::{Fit, FitError, ParamKind, ParamSpec};
use crate::model::Target;
use crate::numeric;

/// The parameter `class_weight`.
pub(super) const CLASS_WEIGHT: ParamSpec = ParamSpec {
    name: "class_weight",
    help: "balanced: rows of a rare class count more, so that all classes count alike. Probabilities then are those \
           of a table with equally many rows of each.",
    kind: ParamKind::Choice { default: "none", options: &["none", "balanced"] },
    searched: false,
};

/// Gradients of single precision that are multiplied by this stay finite.
const LARGEST: f32 = 1e9;

/// The weights that a fit asks for, one a row.
///
/// # Errors
/// [`FitError::Unsuitable`] where they are not one a row, from 0 to 10⁹ and not all 0.
pub(super) fn given(fit: &Fit<'_>) -> Result<Option<Vec<f64>>, FitError> {
    let Some(weights) = fit.weights else { return Ok(None) };
    let unsuitable = |reason: String| Err(FitError::Unsuitable { reason });
    if weights.len() != fit.target.len() {
        return unsuitable(format!("there are {} weights for {} rows", weights.len(), fit.target.len()));
    }
    if let Some(row) = weights.iter().position(|w| !(0.0..=LARGEST).contains(w)) {
        return unsuitable(format!(
            "the weight of training row {} is {}: it must be from 0 to 10⁹",
            row + 1,
            weights[row]
        ));
    }
    if weights.iter().all(|&w| w == 0.0) {
        return unsuitable("all weights are 0: no row would count".to_owned());
    }
    Ok(Some(weights.iter().map(|&w| f64::from(w)).collect()))
}

/// Weights of classes so that all count alike and the mean row counts as before, n / (k · nᶜ), where the parameter
/// `class_weight` says `balanced` (King and Zeng, "Logistic regression in rare events data", 2001). A class without
/// rows has 0.
pub(super) fn of_classes(fit: &Fit<'_>, weights: Option<&[f64]>) -> Option<Vec<f64>> {
    let Target::Classes { codes, classes } = fit.target else { return None };
    if fit.params.text("class_weight") != "balanced" {
        return None;
    }
    let mut totals = vec![0.0; *classes];
    for (row, &code) in codes.iter().enumerate() {
        if let Some(total) = totals.get_mut(code as usize) {
            *total += weights.map_or(1.0, |w| w[row]);
        }
    }
    let present = totals.iter().filter(|t| **t > 0.0).count() as f64;
    let total = numeric::sum(&totals);
    Some(totals.iter().map(|&t| if t > 0.0 { total / (present * t) } else { 0.0 }).collect())
}

/// The product of the rows' own weights and those of their classes, where there are any.
pub(super) fn product(rows: Option<Vec<f64>>, classes: Option<&[f64]>, target: &Target) -> Option<Vec<f64>> {
    let (Some(classes), Target::Classes { codes, .. }) = (classes, target) else { return rows };
    // Rows that stopping looks at may have a class that training has not.
    let of_class = |code: u32| classes.get(code as usize).copied().unwrap_or(0.0);
    Some(match rows {
        None => codes.iter().map(|&c| of_class(c)).collect(),
        Some(rows) => rows.iter().zip(codes).map(|(w, &c)| w * of_class(c)).collect(),
    })
}
