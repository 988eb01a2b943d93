//! The engine: joins tables, nodes, learners and search, and is the only caller of `fit`.
//!
//! It executes nothing by itself: it hands out jobs and takes results, so that threads, Web Workers or worker
//! processes may run them.

pub mod protocol;
