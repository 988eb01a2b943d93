//! The executor's end of a worker: messages in, answers out.

use super::{Executor, Job, JobFailure, JobResult, Prepared};
use crate::compute::Card;
use crate::platform::Cancel;
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// A message to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum ToWorker {
    /// The study's data; replaces what was there. Not answered.
    Prepare(Box<Prepared>),
    /// Answered by a [`JobResult`].
    Run(Job),
    /// The same of a population, whose settings are JSON text: values say their type only in a format that describes itself.
    Choose(Job, String),
}

impl ToWorker {
    /// What has a job run.
    pub fn run(mut job: Job) -> Self {
        if job.population.is_empty() {
            return Self::Run(job);
        }
        // Plain values under text keys always serialise.
        let settings = serde_json::to_string(&std::mem::take(&mut job.population)).unwrap_or_default();
        Self::Choose(job, settings)
    }

    /// What came as bytes.
    fn read(bytes: &[u8]) -> Result<Self, String> {
        postcard::from_bytes(bytes).map_err(|e| e.to_string())
    }
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain data into a growing vector cannot fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }
}

/// First bytes of messages with a job: their places among the variants.
const WITH_JOBS: [u8; 2] = [1, CHOOSE];
const CHOOSE: u8 = 2;

/// Id in the answer to a message that cannot be read.
const UNREADABLE: u64 = u64::MAX;

/// A worker: holds one study's data and runs its jobs, one at a time.
#[derive(Default)]
pub struct WorkerState {
    executor: Option<Executor>,
    card: Option<Card>,
}

impl WorkerState {
    /// The id of the job in a message; `None`: it is a study's data, or no message. For whoever carries messages and
    /// keeps jobs apart from data.
    pub fn job_in(message: &[u8]) -> Option<u64> {
        // Data may be large, so only a job is read whole.
        if !message.first().is_some_and(|first| WITH_JOBS.contains(first)) {
            return None;
        }
        match ToWorker::read(message) {
            Ok(ToWorker::Run(job) | ToWorker::Choose(job, _)) => Some(job.id),
            _ => None,
        }
    }

    /// Whether a message is a job that only a graphics card does, however small the table is.
    pub fn needs_card(message: &[u8]) -> bool {
        // As in [`WorkerState::job_in`].
        message.first() == Some(&CHOOSE) && matches!(ToWorker::read(message), Ok(ToWorker::Choose(..)))
    }

    /// The study's data in a message; `None`: it is a job, or no message.
    pub fn data_in(message: &[u8]) -> Option<Prepared> {
        match ToWorker::read(message) {
            Ok(ToWorker::Prepare(prepared)) => Some(*prepared),
            _ => None,
        }
    }

    /// Computes on this card from the next job on.
    pub fn use_card(&mut self, card: Option<Card>) {
        self.card.clone_from(&card);
        self.executor = self.executor.take().map(|executor| executor.on(card));
    }

    /// Rows and columns of the study's data, where there are some.
    pub fn size(&self) -> Option<(usize, usize)> {
        Some(self.executor.as_ref()?.prepared().size())
    }

    /// Takes a message of [`super::Session`] and gives the answer for [`super::Session::worker_message`], if there
    /// is one. Returns when the job is done.
    pub fn handle(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.take(bytes) {
            Ok((executor, job)) => Some(executor.run(&job, &Cancel::new()).to_bytes()),
            Err(answer) => answer.map(|result| result.to_bytes()),
        }
    }

    /// The same in a page, where a job may wait for a graphics card.
    pub async fn handle_waiting(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match self.take(bytes) {
            Ok((executor, job)) => Some(executor.run_waiting(&job, &Cancel::new()).await.to_bytes()),
            Err(answer) => answer.map(|result| result.to_bytes()),
        }
    }

    /// The job of a message and who runs it, or the answer where there is none to run.
    fn take(&mut self, bytes: &[u8]) -> Result<(&mut Executor, Job), Option<JobResult>> {
        let failed = |id, what: String| Err(Some(JobResult::failed(id, JobFailure::Failed(what))));
        let job = match ToWorker::read(bytes) {
            Ok(ToWorker::Prepare(prepared)) => {
                self.executor = Some(Executor::new(Arc::new(*prepared), 1).on(self.card.clone()));
                return Err(None);
            }
            Ok(ToWorker::Run(job)) => job,
            Ok(ToWorker::Choose(job, settings)) => match serde_json::from_str(&settings) {
                Ok(population) => Job { population, ..job },
                Err(e) => return failed(job.id, format!("its settings did not arrive whole: {e}")),
            },
            Err(e) => return failed(UNREADABLE, format!("its message did not arrive whole: {e}")),
        };
        match &mut self.executor {
            Some(executor) => Ok((executor, job)),
            None => failed(job.id, "the study's data did not arrive".to_owned()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::Stage;
    use crate::learner::Params;
    use crate::node::Recipe;

    #[test]
    fn jobs_are_told_from_data() {
        let job = Job {
            id: 7,
            stage: Stage::Search,
            fold: 0,
            folds: 5,
            rows: None,
            learner: "gbt".to_owned(),
            params: Params::default(),
            recipe: Recipe::Native(crate::node::NativeOptions::default()),
            seed: 1,
            deadline_secs: None,
            population: Vec::new(),
        };
        let population = Job { population: vec![Params::default(); 2], id: 8, ..job.clone() };
        let message = ToWorker::run(population).to_bytes();
        assert_eq!(WorkerState::job_in(&message), Some(8));
        assert!(WorkerState::needs_card(&message) && !WorkerState::needs_card(&message[..3]));
        let message = ToWorker::run(job).to_bytes();
        assert_eq!(WorkerState::job_in(&message), Some(7));
        assert!(!WorkerState::needs_card(&message));
        assert_eq!(WorkerState::job_in(&message[..3]), None);
        assert_eq!(WorkerState::job_in(&[0, 1, 2]), None);
        assert_eq!(WorkerState::job_in(&[]), None);
    }
}
