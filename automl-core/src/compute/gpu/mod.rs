//! The card: asking for it, memory on it, work sent to it.

mod buffers;
mod clock;
mod device;
pub(super) mod lean;
mod measure;
mod pass;
#[cfg(not(target_arch = "wasm32"))]
mod profile;

pub use buffers::Pool;
pub(crate) use device::Pending;
pub use device::{Device, Lost, NoDevice, Pipeline};
pub use measure::measure;
pub use pass::{Access, Bound, TURN_STRIDE};
#[cfg(not(target_arch = "wasm32"))]
pub use profile::KernelTime;
