//! What the learners on dense frames share: matrices, classes that training has seen, bytes.

pub mod classes;
pub mod gemm;
pub mod linear;
pub mod matrix;
#[cfg(test)]
mod parts;
pub mod path;
#[cfg(test)]
pub mod testing;

use super::{DecodeError, Fit, FitError};
use crate::model::Target;
use serde::Serialize;
use serde::de::DeserializeOwned;

/// Scores and predictions stay within this, so that no arithmetic on them overflows.
const LARGEST: f64 = 1e300;

pub fn unsuitable(reason: impl Into<String>) -> FitError {
    FitError::Unsuitable { reason: reason.into() }
}

/// Whether a fit can begin.
///
/// # Errors
/// [`FitError`] when it is cancelled, or where there are no rows, or a target that is not finite or in its range.
pub fn check(fit: &Fit<'_>) -> Result<(), FitError> {
    go_on(fit)?;
    if fit.target.is_empty() || fit.target.len() != fit.frame.rows {
        return Err(unsuitable("there are no training rows"));
    }
    let sound = match fit.target {
        Target::Values(v) => v.iter().all(|y| y.is_finite()),
        Target::Classes { codes, classes } => codes.iter().all(|&c| (c as usize) < *classes),
    };
    if sound { Ok(()) } else { Err(unsuitable("the target has values that are out of its range")) }
}

/// # Errors
/// [`FitError::Cancelled`] when the fit is cancelled.
pub fn go_on(fit: &Fit<'_>) -> Result<(), FitError> {
    if fit.cancel.is_cancelled() { Err(FitError::Cancelled) } else { Ok(()) }
}

/// `x`, or the nearest number that is finite and leaves room; 0 for NaN. Only a damaged file, or a row far outside
/// anything seen, needs it.
pub fn bounded(x: f64) -> f64 {
    if x.is_nan() { 0.0 } else { x.clamp(-LARGEST, LARGEST) }
}

pub fn damaged(what: &str) -> DecodeError {
    DecodeError { reason: format!("the model is damaged: {what}") }
}

/// A model's fields as bytes.
pub fn pack<T: Serialize>(model: &T) -> Vec<u8> {
    // Serialising plain numbers into a growing vector cannot fail.
    postcard::to_allocvec(model).unwrap_or_default()
}

/// Takes back what [`pack`] gave, and nothing more.
///
/// # Errors
/// [`DecodeError`] where the bytes are cut short, too long or no such fields.
pub fn unpack<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, DecodeError> {
    let (model, rest): (T, &[u8]) = postcard::take_from_bytes(bytes).map_err(|e| damaged(&e.to_string()))?;
    if rest.is_empty() { Ok(model) } else { Err(damaged("there is more than a model")) }
}

/// # Errors
/// [`DecodeError`] unless there are `count` numbers, all of them finite.
pub fn finite(numbers: &[f64], count: Option<usize>) -> Result<(), DecodeError> {
    if count != Some(numbers.len()) {
        return Err(damaged("numbers are missing"));
    }
    if numbers.iter().all(|x| x.is_finite()) { Ok(()) } else { Err(damaged("a number is not finite")) }
}
