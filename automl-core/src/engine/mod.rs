//! The engine: joins tables, nodes, learners and search, and is the only caller of `fit`.
//!
//! It executes nothing by itself: it hands out jobs and takes results, so that threads, Web Workers or worker
//! processes may run them.

mod answers;
mod artifact;
#[cfg(test)]
mod asked_tests;
#[cfg(test)]
mod backend_tests;
pub mod beyond;
mod chain;
mod constraints;
#[cfg(test)]
mod coverage_tests;
mod executor;
pub mod flow;
#[cfg(test)]
mod honest_tests;
mod job;
mod leakage;
mod memory;
mod pipeline;
#[cfg(test)]
mod population_tests;
mod prepare;
pub mod protocol;
mod report;
mod session;
mod settings;
#[cfg(test)]
mod settings_tests;
#[cfg(test)]
mod small_tests;
mod study;
mod target;
#[cfg(test)]
mod tests;
mod trust;
mod verdict;
mod worker;

pub use artifact::{Header, ModelArtifact, PredictOptions, Scored};
pub use executor::Executor;
pub use job::{FoldResult, Job, JobFailure, JobResult, Stage};
pub use leakage::{SharedRows, shared_rows, with_shuffled_answers};
pub use prepare::{Prepared, actual, prepare, prepare_within};
pub use session::{Output, Session};
pub use study::{Outcome, Study};
pub use target::target_info;
pub use worker::WorkerState;
