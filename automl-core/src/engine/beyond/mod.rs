//! More rows than memory holds: the search sees some of them, and the models that it chose are then trained again on all.
//!
//! A source is read twice or more, always in the same order, and what a row is for follows from its number alone
//! ([`Deal`]): some are searched on; some only decide when to stop, and whether the new model is kept; some are seen by
//! nobody until the end and say how good the result is and how far intervals reach; all but these train. What is fitted
//! before a learner (steps, recipe) stays as the search fitted it. Learners that want all rows at once
//! ([`crate::learner::Learner::in_parts`]) keep the models of the search.

mod deal;
mod finalist;
mod found;
mod read;
#[cfg(test)]
mod tests;

pub use deal::Deal;
pub(in crate::engine) use found::found_bytes;

use super::artifact::Header;
use super::prepare::{Prepared, actual};
use super::study::{Outcome, Unseen, are_scaled, conformal};
use crate::diagnostic::Diagnostic;
use crate::learner::cluster::Cluster;
use crate::learner::parts::Shelf;
use crate::metric::{MetricSpec, Seen};
use crate::numeric::{count, number};
use crate::platform::{Cancel, Stopwatch};
use crate::table::Table;
use finalist::Finalist;
use read::{Held, Reading};

/// Rows of a source.
pub trait Rows {
    /// Hands over all rows, in their order, in tables of any size whose columns have the types that the model reads
    /// ([`Header::read`]).
    ///
    /// # Errors
    /// A source that cannot be read, and what `visit` says.
    fn each(&mut self, visit: &mut dyn FnMut(&Table) -> Result<(), Diagnostic>) -> Result<(), Diagnostic>;
}

/// How far it is.
#[derive(Debug, Clone, PartialEq)]
pub enum Told<'a> {
    /// So many rows were read.
    Read(u64),
    /// A model, by its name, is in this round.
    Round(&'a str, usize),
}

/// What the work may take, and who hears of it.
pub struct Means<'a> {
    pub deal: Deal,
    /// Bytes of memory for the rows of one part, as they are learned from.
    pub part_bytes: u64,
    pub threads: usize,
    /// Seconds that training may take, reading aside.
    pub secs: Option<f64>,
    /// Ends training: what there is by then is taken where it is better.
    pub cancel: &'a Cancel,
    /// Who holds the features of rows that are learned from, where it is not this machine.
    pub cluster: Option<&'a mut dyn Cluster>,
    /// [`crate::table::fingerprint`] of all rows.
    pub fingerprint: String,
    pub told: &'a mut dyn FnMut(Told<'_>),
}

/// What came of it, in words for the person; and the model.
pub struct Trained {
    pub outcome: Outcome,
    pub diagnostic: Diagnostic,
}

/// Trains the models of an outcome again on all rows of a source, as far as their learners can, and keeps what is
/// better on rows that neither has seen. `prepared`: of the search, whose rows are those that the deal says.
///
/// # Errors
/// A source or a shelf that fails; rows that have no weight where weights were asked for.
pub fn train_on_all(
    prepared: &Prepared,
    outcome: Outcome,
    rows: &mut dyn Rows,
    shelf: &mut dyn Shelf,
    means: &mut Means<'_>,
) -> Result<Trained, Diagnostic> {
    let mut finalists = Finalist::all(prepared, &outcome, means)?;
    let mut reading = Reading::new(prepared, &outcome.artifact, means.deal);
    let told = &mut *means.told;
    rows.each(&mut |table| {
        reading.take(table, &mut finalists, shelf)?;
        told(Told::Read(reading.rows_read()));
        Ok(())
    })?;
    let Held { stop, mut test, rows: all } = reading.end();
    let mut pipelines: Vec<_> = outcome.artifact.models().map(|_| None).collect();
    let (mut trained, mut left, could) = (Vec::new(), finalists.len(), !finalists.is_empty());
    let watch = Stopwatch::start();
    for finalist in finalists {
        let secs = means.secs.map(|secs| (secs - watch.elapsed_secs()).max(0.0) / left as f64);
        left -= 1;
        let (member, title) = (finalist.member, finalist.title);
        let cancel = secs.map_or_else(|| means.cancel.clone(), |secs| means.cancel.with_deadline_secs(secs));
        let told = &mut *means.told;
        let told = &mut |n| told(Told::Round(title, n));
        let cluster = means.cluster.as_mut().map(|cluster| &mut **cluster as &mut dyn Cluster);
        let found = finalist.fit(prepared, &stop, &mut test, (shelf, cluster), &cancel, told)?;
        if let Some(pipeline) = found {
            pipelines[member] = Some(pipeline);
            trained.push(title);
        }
    }
    let before = outcome.artifact.header().clone();
    let blend = test.blend(&outcome);
    let told = |values: Vec<f64>| {
        let mut values = values;
        before.decision.tell(&mut values, test.target.outputs());
        values
    };
    let (old, new) = (told(blend.old), told(blend.new));
    let metric = prepared.metric();
    let seen = || Seen { actual: actual(&test.target), weights: test.weights.as_deref() };
    let scores = [&old, &new].map(|values| before.decision.score(metric, seen(), values));
    let diagnostic = in_words(
        metric,
        (could, &trained),
        outcome.fitted.len(),
        (prepared.rows() as u64, all),
        (test.target.len(), scores),
    );
    let mut header = Header { rows: all, fingerprint: means.fingerprint.clone(), ..before };
    if !trained.is_empty() {
        let unseen = [Unseen { target: test.target, predicted: new }];
        header.conformal = conformal(&unseen, false, are_scaled(&unseen)).or(header.conformal);
    }
    header.verdict.diagnostics.push(diagnostic.clone());
    let verdict = header.verdict.clone();
    let artifact = outcome.artifact.replaced(header, pipelines).map_err(unusable)?;
    let outcome = Outcome { artifact, verdict, ..outcome };
    Ok(Trained { outcome, diagnostic })
}

fn unusable(what: String) -> Diagnostic {
    Diagnostic::error(
        "study.unusable_model",
        format!("The model that was trained on all rows cannot be used: {what}."),
        "Please report this, with the table if you can.",
    )
}

/// `could`: whether some model can learn from all rows; `(searched, all)`: rows; `(tested, [old, new])`: rows that nobody saw, and the scores on them.
fn in_words(
    metric: &MetricSpec,
    (could, trained): (bool, &[&str]),
    models: usize,
    (searched, all): (u64, u64),
    (tested, scores): (usize, [Option<f64>; 2]),
) -> Diagnostic {
    let searched = format!("The search saw {} of {} rows, drawn at random", count(searched), count(all));
    let message = match (trained, scores) {
        ([], _) if !could => {
            format!(
                "{searched}. No model that was chosen can learn from rows in parts, so the search's own is kept."
            )
        }
        ([], _) => {
            format!(
                "{searched}. Training on all of them gave no better model in the time that there was, so the search's own is kept."
            )
        }
        (_, [Some(old), Some(new)]) => format!(
            "{searched}; {} of {models} models ({}) then learned from all of them. On {} rows that no model saw, {} is {} in place of {}.",
            trained.len(),
            trained.join(", "),
            count(tested as u64),
            metric.title,
            number(new),
            number(old),
        ),
        _ => format!(
            "{searched}; {} of {models} models ({}) then learned from all of them.",
            trained.len(),
            trained.join(", "),
        ),
    };
    Diagnostic::info(
        "data.beyond_memory",
        message,
        "Allow more memory to search on more rows, or a larger budget to learn longer from all; other scores told here are the search's own.",
    )
}
