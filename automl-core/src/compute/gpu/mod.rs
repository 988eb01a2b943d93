//! The card: asking for it, memory on it, work sent to it.

mod buffers;
mod device;
mod pass;

pub use buffers::Pool;
pub use device::{Device, Lost, NoDevice, Pipeline};
pub use pass::{Access, Bound, TURN_STRIDE};
