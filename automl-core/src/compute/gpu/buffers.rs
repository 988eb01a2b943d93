//! Memory on the device that is used again: to make a buffer takes longer than most kernels do.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};

/// Bytes that lie free at most; what is more is let go.
const MOST_FREE: u64 = 256 << 20;
/// Buffers are as large as a power of two, at least this.
const LEAST: u64 = 256;

#[derive(Default)]
struct Free {
    buffers: BTreeMap<(u32, u64), Vec<wgpu::Buffer>>,
    bytes: u64,
}

/// Buffers that nobody uses just now, by what they are for and their sizes.
#[derive(Default)]
pub struct Pool(Mutex<Free>);

impl Pool {
    /// A buffer of at least so many bytes; what is in it is anything.
    pub fn take(&self, device: &wgpu::Device, bytes: u64, usage: wgpu::BufferUsages) -> wgpu::Buffer {
        let size = bytes.max(LEAST).next_power_of_two();
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(buffer) = free.buffers.get_mut(&(usage.bits(), size)).and_then(Vec::pop) {
            free.bytes -= size;
            return buffer;
        }
        device.create_buffer(&wgpu::BufferDescriptor { label: None, size, usage, mapped_at_creation: false })
    }

    /// Takes a buffer back.
    pub fn give(&self, buffer: wgpu::Buffer) {
        let mut free = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let size = buffer.size();
        if free.bytes + size <= MOST_FREE {
            free.bytes += size;
            free.buffers.entry((buffer.usage().bits(), size)).or_default().push(buffer);
        }
    }
}
