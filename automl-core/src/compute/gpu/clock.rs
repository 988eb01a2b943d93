//! The card's own clock, where it offers one: how long kernels took there, whatever the way there and back takes.

use super::device::{Device, Lost};
use wgpu::BufferUsages;

/// Bytes of the times at which a pass began and ended.
const BYTES: u64 = 16;

/// Notes when a pass begins and ends.
pub struct Clock {
    times: wgpu::QuerySet,
    read: wgpu::Buffer,
    /// Seconds of a tick.
    tick: f64,
}

impl Clock {
    /// `None` where the card offers none.
    pub fn of(device: &Device) -> Option<Self> {
        let (raw, queue) = device.raw();
        if !raw.features().contains(wgpu::Features::TIMESTAMP_QUERY) {
            return None;
        }
        let times = raw.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: 2,
        });
        let read = raw.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: BYTES,
            usage: BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        Some(Self { times, read, tick: f64::from(queue.get_timestamp_period()) * 1e-9 })
    }

    /// What a pass is begun with.
    pub fn of_pass(&self) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.times,
            beginning_of_pass_write_index: Some(0),
            end_of_pass_write_index: Some(1),
        }
    }

    /// Has the times ready to be read, after the pass.
    pub fn resolve(&self, encoder: &mut wgpu::CommandEncoder) {
        encoder.resolve_query_set(&self.times, 0..2, &self.read, 0);
    }

    /// Seconds of the pass that was sent last. `None` where the card does not say: some give no time at all, or one that goes back.
    ///
    /// # Errors
    /// A device that was lost.
    pub async fn secs(&self, device: &Device, bytes: &mut Vec<u8>) -> Result<Option<f64>, Lost> {
        device.read(&self.read, BYTES, bytes).await?;
        let [begin, end] = [0, 8].map(|at| {
            let ticks = bytes[at..].first_chunk().copied().unwrap_or_default();
            u64::from_le_bytes(ticks)
        });
        Ok(end.checked_sub(begin).filter(|&ticks| ticks > 0).map(|ticks| ticks as f64 * self.tick))
    }
}
