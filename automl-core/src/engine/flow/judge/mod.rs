//! Judging, explaining and using models.

mod compare;
mod curves;
mod dependence;
mod evaluate;
mod importance;
mod predict;
mod trained;

pub(super) use compare::compare;
pub(super) use dependence::dependence;
pub(super) use evaluate::evaluate;
pub(super) use importance::importance;
pub(super) use predict::predict;
pub(super) use trained::outputs;

use crate::diagnostic::Diagnostic;
use crate::engine::protocol::StudyRequest;
use crate::kind::{Axis, AxisScale, Bar, Finding};
use crate::learner::{self, ParamValue};
use crate::numeric::Rng;

/// Parameters that a model's name tells.
const NAMED_PARAMS: usize = 3;

fn at_port(port: &str) -> impl Fn(Diagnostic) -> Vec<Finding> + '_ {
    move |diagnostic| vec![Finding::at_port(port, diagnostic)]
}

/// What a model is called: by what it is, and never by its node's title, which changes no result.
pub(super) fn model_name(request: &StudyRequest) -> String {
    match request.settings.as_slice() {
        [] => "Search".to_owned(),
        [setting] => {
            let title = learner::find(&setting.learner).map_or(setting.learner.as_str(), |l| l.spec().title);
            let shown = |(name, value): (&String, &ParamValue)| match value {
                ParamValue::Bool(v) => format!("{name} {v}"),
                ParamValue::Int(v) => format!("{name} {v}"),
                ParamValue::Float(v) => format!("{name} {v}"),
                ParamValue::Text(v) => format!("{name} {v}"),
            };
            let params: Vec<String> = setting.params.0.iter().take(NAMED_PARAMS).map(shown).collect();
            if params.is_empty() { title.to_owned() } else { format!("{title} ({})", params.join(", ")) }
        }
        many => format!("Ensemble of {}", many.len()),
    }
}

fn axis(title: &str) -> Axis {
    Axis { title: title.to_owned(), scale: AxisScale::Linear }
}

fn categories(title: &str, names: Vec<String>) -> Axis {
    Axis { title: title.to_owned(), scale: AxisScale::Category { names } }
}

/// Bars at places 0, 1, 2 … of an axis of categories.
fn bars(values: impl Iterator<Item = f64>) -> Vec<Bar> {
    let bar = |(i, value): (usize, f64)| Bar { from: i as f64 - 0.4, to: i as f64 + 0.4, value };
    values.enumerate().map(bar).collect()
}

/// At most `most` of `0..rows`, ascending, drawn by the seed.
fn sample(rows: usize, most: usize, seed: u64) -> Vec<u32> {
    let mut all: Vec<u32> = (0..rows as u32).collect();
    if rows > most {
        Rng::for_stream(seed, &[0x5A]).shuffle(&mut all);
        all.truncate(most);
        all.sort_unstable();
    }
    all
}
