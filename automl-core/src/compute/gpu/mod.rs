//! The card: asking for it, memory on it, work sent to it.

mod buffers;
mod device;
mod measure;

pub use buffers::Pool;
pub(crate) use device::Pending;
pub use device::{Device, Lost, NoDevice, Pipeline};
pub use measure::measure;
