//! Choosing a penalty by the rows that validate: models are fitted from the strongest penalty to the weakest, each from where
//! the last one ended, until the validation loss only grows (Friedman, Hastie and Tibshirani, 2010, section 2.5).

use super::unsuitable;
use crate::learner::{Fit, FitError};
use crate::model::Target;
use crate::node::Frame;

/// So many penalties in a row without a better loss end the path.
const PATIENCE: usize = 3;

/// The rows that validate, where there are some that a loss can be taken of.
pub fn validating<'a>(fit: &Fit<'a>) -> Option<(&'a Frame, &'a Target)> {
    let (frame, target) = fit.validation?;
    let same_kind = match (target, fit.target) {
        (Target::Values(v), Target::Values(_)) => v.iter().all(|y| y.is_finite()),
        (Target::Classes { codes, .. }, Target::Classes { classes, .. }) => {
            codes.iter().all(|&c| (c as usize) < *classes)
        }
        _ => false,
    };
    (same_kind && frame.rows > 0 && target.len() == frame.rows).then_some((frame, target))
}

/// `first`, and each after it `factor` times the one before.
pub fn geometric(first: f64, factor: f64, count: usize) -> impl Iterator<Item = f64> {
    std::iter::successors(Some(first), move |x| Some(x * factor)).take(count)
}

/// The penalty of the least loss, and what was fitted with it. `fit_at` gives a model and its validation loss.
///
/// # Errors
/// What `fit_at` gives, or where no loss is a number.
pub fn best<M>(
    penalties: impl Iterator<Item = f64>,
    mut fit_at: impl FnMut(f64) -> Result<(M, f64), FitError>,
) -> Result<(f64, M), FitError> {
    let mut best: Option<(f64, M)> = None;
    let (mut least, mut worse) = (f64::INFINITY, 0);
    for penalty in penalties {
        let (model, loss) = fit_at(penalty)?;
        if loss < least {
            (least, worse) = (loss, 0);
            best = Some((penalty, model));
        } else {
            worse += 1;
        }
        if worse == PATIENCE {
            break;
        }
    }
    best.ok_or_else(|| unsuitable("no penalty gives a model whose validation loss is a number"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_loss_is_found_and_what_is_beyond_is_not_fitted() {
        let losses = [5.0, 3.0, f64::NAN, 2.0, 4.0, 4.0, 4.0, 0.0];
        let mut fitted = 0;
        let found = best(geometric(1.0, 0.5, losses.len()), |penalty| {
            fitted += 1;
            Ok((fitted - 1, losses[crate::numeric::math::log2(1.0 / penalty).round() as usize]))
        });
        assert_eq!((found, fitted), (Ok((0.125, 3)), 7));
        assert!(best(geometric(1.0, 0.5, 3), |_| Ok(((), f64::NAN))).is_err());
    }
}
