//! Pipelines: what a document means, and running it.
//!
//! A document is looked over ([`Workspace::plan`]) and run ([`Workspace::run`]) by a state machine without I/O: it does one
//! plain node at a time ([`Workspace::step`]) and hands out studies to whoever runs jobs. What learns and lies directly
//! before training is fitted inside each fold, whatever the drawing ([`chain`]). Results are kept by the content of all
//! that they depend on, so that titles and places never matter, and a change runs again only what depends on it.

mod batch;
mod brought;
mod cache;
mod catalogue;
mod chain;
mod check;
mod complete;
mod current;
mod graph;
mod html;
mod judge;
mod kinds;
mod look;
mod order;
mod plan;
mod request;
mod runner;
mod sketch;
mod stored;
mod supplied;
mod value;
mod view;
mod work;
mod workspace;

pub use batch::{Batch, Said};
pub use catalogue::catalogue;
pub use order::{order_of, rename_order, sources};
pub use request::from_request;
pub use runner::{RunRequest, Stepped, StudyToRun};
pub use supplied::{Supplied, SuppliedTable, read_options};
pub use value::TrainedModel;
pub use workspace::{TAB_CACHE_BYTES, Workspace};

#[cfg(test)]
mod tests;
