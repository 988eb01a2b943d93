//! Work that a graphics card can do, each kernel beside the code for the processor that does the same.
//!
//! A kernel is a folder with its shader and its twin for the processor, `cpu.rs`; those of boosting are one folder, whose twin is
//! `learner/gbt` itself. What is whole numbers, or doubles made of them, is equal to the last bit; what is not says how far it
//! may be off.
//!
//! What asks for a card holds a [`Card`], which is there in builds without one too: then it only says why there is none.

mod backend;
mod card;
#[cfg(feature = "gpu")]
pub mod gpu;
#[cfg(feature = "gpu")]
pub mod kernels;
pub mod planner;

pub use backend::{Backend, Used};
pub use card::{Card, Turn};
pub use planner::{Costs, Work, worth_asking};
