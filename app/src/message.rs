//! The first words of the messages between the page and its workers.

/// Worker → page: it is loaded.
pub const READY: &str = "ready";
/// Page → worker: be the conductor, with so many executors; then as for an executor.
pub const CONDUCT: &str = "conduct";
/// Page → worker: be an executor, which may compute on this (`auto`, `cpu`, `gpu`); with it, what was measured of graphics cards
/// on earlier visits (JSON).
pub const EXECUTE: &str = "execute";
/// Page → executor, conductor: from the next study or part of a pipeline on, compute on this.
pub const BACKEND: &str = "backend";
/// Executor, conductor → page: the graphics card that it found, or an empty name and why it has none; with it, what is known of cards for
/// the next visit, where that is more than before (JSON).
pub const CARD: &str = "card";
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
