//! The AutoML core of Trellis.
//!
//! The crate never does I/O, never touches a page, and never reads a clock or starts a thread by itself: time,
//! cancellation and threads come in through [`platform`]. It compiles unchanged for wasm32 and for native targets, and
//! gives the same bytes on both.
//!
//! Modules may only use the modules to their left:
//! `document` uses `diagnostic` alone, `kind` uses `node` and what lies left of it; for the others:
//! `platform, numeric, diagnostic <- table <- compute <- {metric, node} <- model <- learner <- {search, explain, calibrate} <- engine`.

pub mod calibrate;
pub mod compute;
pub mod diagnostic;
pub mod document;
pub mod engine;
pub mod explain;
pub mod kind;
pub mod learner;
pub mod metric;
pub mod model;
pub mod node;
pub mod numeric;
pub mod platform;
pub mod search;
pub mod table;
