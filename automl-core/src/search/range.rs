//! Values of parameters as places in their soft ranges, from 0 to 1: how they are drawn, moved and held against each
//! other.

use crate::learner::{LearnerSpec, ParamKind, ParamSpec, ParamValue, Params, Scale};
use crate::numeric::{Rng, math};

/// A value drawn from the soft range; the default of what is not searched.
pub(super) fn drawn(spec: &ParamSpec, rng: &mut Rng) -> ParamValue {
    if spec.searched { at(spec, rng.uniform()) } else { spec.default_value() }
}

/// The value at `unit` in [0, 1] of the soft range.
fn at(spec: &ParamSpec, unit: f64) -> ParamValue {
    match spec.kind {
        ParamKind::Float { low, high, scale, .. } => ParamValue::Float(between(low, high, scale, unit)),
        ParamKind::Int { low, high, scale, .. } => {
            ParamValue::Int(between(low as f64, high as f64, scale, unit).round() as i64)
        }
        ParamKind::Bool { .. } => ParamValue::Bool(unit >= 0.5),
        ParamKind::Choice { options, .. } => {
            let i = ((unit * options.len() as f64) as usize).min(options.len().saturating_sub(1));
            ParamValue::Text(options.get(i).copied().unwrap_or("").to_owned())
        }
        ParamKind::Text => spec.default_value(),
    }
}

fn between(low: f64, high: f64, scale: Scale, unit: f64) -> f64 {
    match scale {
        Scale::Linear => low + (high - low) * unit,
        Scale::Log => math::exp(math::ln(low) + (math::ln(high) - math::ln(low)) * unit),
    }
}

/// Where a value lies in the soft range, in [0, 1].
fn unit_of(spec: &ParamSpec, value: &ParamValue) -> f64 {
    let place = |x: f64, low: f64, high: f64, scale: Scale| match scale {
        _ if high <= low => 0.5,
        Scale::Linear => (x - low) / (high - low),
        Scale::Log if x <= 0.0 => 0.0,
        Scale::Log => (math::ln(x) - math::ln(low)) / (math::ln(high) - math::ln(low)),
    };
    let unit = match (spec.kind, value) {
        (ParamKind::Float { low, high, scale, .. }, ParamValue::Float(x)) => place(*x, low, high, scale),
        (ParamKind::Int { low, high, scale, .. }, ParamValue::Int(x)) => {
            place(*x as f64, low as f64, high as f64, scale)
        }
        _ => 0.5,
    };
    unit.clamp(0.0, 1.0)
}

/// A value as a number: its place in the soft range, or which of the options it is.
pub(super) fn code_of(spec: &ParamSpec, value: Option<&ParamValue>) -> f64 {
    match (spec.kind, spec.admit(value)) {
        (ParamKind::Bool { .. }, ParamValue::Bool(b)) => f64::from(u8::from(b)),
        (ParamKind::Choice { options, .. }, ParamValue::Text(t)) => {
            options.iter().position(|o| *o == t).unwrap_or(0) as f64
        }
        (ParamKind::Text, _) => 0.0,
        (_, number) => unit_of(spec, &number),
    }
}

/// A child of `parent`: each searched parameter moves with probability ½, at least one does.
pub(super) fn moved(spec: &LearnerSpec, parent: &Params, step: f64, rng: &mut Rng) -> Params {
    let searched: Vec<&ParamSpec> = spec.params.iter().filter(|p| p.searched).collect();
    let forced = rng.below(searched.len());
    let mut child = parent.clone();
    for (i, param) in searched.iter().enumerate() {
        let moves = rng.uniform() < 0.5 || i == forced;
        let (jump, fresh) = (rng.normal(), rng.uniform());
        if !moves {
            continue;
        }
        let value = match param.kind {
            ParamKind::Bool { .. } | ParamKind::Choice { .. } => at(param, fresh),
            _ => {
                let unit = unit_of(param, &param.admit(parent.0.get(param.name))) + step * jump;
                // Reflected at the ends, so that they are not drawn more often than the rest.
                let unit = if unit < 0.0 {
                    -unit
                } else if unit > 1.0 {
                    2.0 - unit
                } else {
                    unit
                };
                at(param, unit.clamp(0.0, 1.0))
            }
        };
        child = child.with(param.name, value);
    }
    child
}
