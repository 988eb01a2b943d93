//! The executor's end of a worker: messages in, answers out.

use super::{Executor, Job, JobFailure, JobResult, Prepared};
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
}

impl ToWorker {
    pub fn to_bytes(&self) -> Vec<u8> {
        // Serialising plain data into a growing vector cannot fail.
        postcard::to_allocvec(self).unwrap_or_default()
    }
}

/// Id in the answer to a message that cannot be read.
const UNREADABLE: u64 = u64::MAX;

/// A worker: holds one study's data and runs its jobs, one at a time.
#[derive(Default)]
pub struct WorkerState {
    executor: Option<Executor>,
}

impl WorkerState {
    /// Takes a message of [`super::Session`] and gives the answer for [`super::Session::worker_message`], if there
    /// is one. Returns when the job is done.
    pub fn handle(&mut self, bytes: &[u8]) -> Option<Vec<u8>> {
        match postcard::from_bytes(bytes) {
            Ok(ToWorker::Prepare(prepared)) => {
                self.executor = Some(Executor::new(Arc::new(*prepared), 1));
                None
            }
            Ok(ToWorker::Run(job)) => {
                let result = match &mut self.executor {
                    Some(executor) => executor.run(&job, &Cancel::new()),
                    None => JobResult::failed(
                        job.id,
                        JobFailure::Failed("the study's data did not arrive".to_owned()),
                    ),
                };
                Some(result.to_bytes())
            }
            Err(e) => {
                let what = format!("its message did not arrive whole: {e}");
                Some(JobResult::failed(UNREADABLE, JobFailure::Failed(what)).to_bytes())
            }
        }
    }
}
