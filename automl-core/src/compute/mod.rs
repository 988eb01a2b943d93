//! Work that a graphics card can do, each kernel beside the code for the processor that does the same.
//!
//! A kernel is a folder: `kernel.wgsl`, `cpu.rs`, which reads alike, and `gpu.rs`, which sends it. What is whole numbers is
//! equal to the last bit; what is not says how far it may be off.

pub mod gpu;
pub mod kernels;
