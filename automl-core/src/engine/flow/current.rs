//! The node that is being run: a part after the other, each of which is predicted here or by whoever has a graphics card.

use super::batch::{Batch, Place, Said};
use super::plan::Plan;
use super::runner::Stepped;
use super::work::{Begun, RunResult, Work, begin};
use super::workspace::Workspace;
use crate::diagnostic::Diagnostic;
use crate::document::NodeId;
use crate::engine::protocol::FlowEvent;
use crate::kind::Finding;
use crate::platform::{Stopwatch, ready};

/// A node that is being run.
pub(super) struct Current {
    pub node: NodeId,
    /// `None`: not begun.
    pub work: Option<Box<dyn Work>>,
    /// The ticket of the batch that somebody else predicts.
    pub away: Option<u64>,
    pub secs: f64,
}

impl Current {
    pub fn new(node: NodeId) -> Self {
        Self { node, work: None, away: None, secs: 0.0 }
    }
}

impl Workspace {
    pub(super) fn work_on(&mut self, mut current: Current, now: f64) -> Stepped {
        let Some(plan) = self.run.as_ref().map(|run| run.plan.clone()) else { return Stepped::default() };
        let Some(planned) = plan.nodes.get(&current.node) else { return Stepped::default() };
        let watch = Stopwatch::start();
        let result = match &mut current.work {
            None if planned.training.is_some() => return self.begin_study(&current.node, planned, now),
            None => match begin(planned, &self.values(&plan, planned), &self.supplied) {
                Begun::Done(result) => Some(result),
                Begun::Long(work) => {
                    current.work = Some(work);
                    None
                }
            },
            Some(work) => match work.batch(Place::Here) {
                // Without a card nothing has to be waited for.
                Some(batch) => took(work.as_mut(), ready(batch.predict(None))),
                None => Some(work.finish()),
            },
        };
        current.secs += watch.elapsed_secs();
        Stepped { events: vec![self.went_on(&plan, current, result)], study: None }
    }

    /// A node's work is a part further, or has its result.
    fn went_on(&mut self, plan: &Plan, current: Current, result: Option<RunResult>) -> FlowEvent {
        let id = current.node.clone();
        match result {
            Some(result) => self.done(plan, &id, result, current.secs),
            None => {
                if let Some(run) = &mut self.run {
                    run.current = Some(current);
                }
            }
        }
        self.node_event(plan, &id)
    }

    /// Rows that a model is to predict next, for whoever has a graphics card or may come by one: nothing else is done until
    /// the answer goes to [`Workspace::predicted`]. `None`: there are none, or too few for a card; [`Workspace::step`] does it.
    pub fn batch(&mut self) -> Option<Batch> {
        let current = self.run.as_mut()?.current.as_mut().filter(|c| c.away.is_none())?;
        let batch = current.work.as_mut()?.batch(Place::Card)?;
        if !batch.is_large() {
            return None;
        }
        self.tickets += 1;
        current.away = Some(self.tickets);
        Some(Batch { ticket: self.tickets, ..batch })
    }

    /// Takes what came of [`Batch::predict`], after so many seconds. An answer for a run that has ended is passed over.
    pub fn predicted(
        &mut self,
        batch: &Batch,
        said: Result<Said, Diagnostic>,
        secs: f64,
    ) -> Option<FlowEvent> {
        let run = self.run.as_mut()?;
        let mut current = run.current.take_if(|c| c.away == Some(batch.ticket))?;
        let plan = run.plan.clone();
        current.away = None;
        current.secs += secs;
        let result = took(current.work.as_mut()?.as_mut(), said);
        Some(self.went_on(&plan, current, result))
    }
}

/// Gives work an answer; what comes of it where it cannot go on.
fn took(work: &mut dyn Work, said: Result<Said, Diagnostic>) -> Option<RunResult> {
    let said = said.map_err(|diagnostic| vec![Finding::at_port("table", diagnostic)]);
    said.and_then(|said| work.take(said)).err().map(Err)
}
