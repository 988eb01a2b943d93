//! The first words of the messages between the page and its workers.

/// Worker → page: it is loaded.
pub const READY: &str = "ready";
/// Page → worker: be the conductor, with so many executors.
pub const CONDUCT: &str = "conduct";
/// Page → worker: be an executor.
pub const EXECUTE: &str = "execute";
/// Page → conductor: a command (JSON), with bytes or a file beside it.
pub const COMMAND: &str = "command";
/// Conductor → page: an event (JSON), with bytes beside it.
pub const EVENT: &str = "event";
/// Conductor → page → executor: bytes for a worker.
pub const JOB: &str = "job";
/// Executor → page → conductor: its answer.
pub const ANSWER: &str = "answer";
/// Conductor → page: end an executor and start a fresh one.
pub const RESET: &str = "reset";
/// Page → conductor: an executor broke down and was started afresh.
pub const LOST: &str = "lost";
