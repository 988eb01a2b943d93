//! How long each kernel takes by the card's own clock, for benchmarks.

use super::device::{Device, Lost};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use wgpu::BufferUsages;

/// Times that a set holds, two for each kernel that is sent.
const TIMES: u32 = wgpu::QUERY_SET_MAX_QUERIES;
/// Bytes of a time.
const BYTES: u64 = 8;

/// What an entry of a kernel took.
#[derive(Debug, Clone, PartialEq)]
pub struct KernelTime {
    pub kernel: &'static str,
    pub entry: &'static str,
    /// Seconds, each time that it was sent and timed.
    pub secs: Vec<f64>,
}

/// Times of the kernels that were sent first.
pub(super) struct Profile {
    times: wgpu::QuerySet,
    read: wgpu::Buffer,
    /// Seconds of a tick.
    tick: f64,
    /// Kernel and entry, in the order in which they were sent.
    sent: Mutex<Vec<[&'static str; 2]>>,
}

/// A kernel whose times are noted.
#[derive(Clone)]
pub(super) struct Timed {
    profile: Arc<Profile>,
    name: [&'static str; 2],
}

impl Timed {
    /// `name`: of the kernel and its entry.
    pub fn new(profile: &Arc<Profile>, name: [&'static str; 2]) -> Self {
        Self { profile: profile.clone(), name }
    }

    /// Has `send` timed, as long as there is room.
    pub fn around(&self, pass: &mut wgpu::ComputePass<'_>, send: impl FnOnce(&mut wgpu::ComputePass<'_>)) {
        let mut sent = self.profile.sent();
        let place = 2 * sent.len() as u32;
        if place + 2 > TIMES {
            return send(pass);
        }
        sent.push(self.name);
        pass.write_timestamp(&self.profile.times, place);
        send(pass);
        pass.write_timestamp(&self.profile.times, place + 1);
    }
}

impl Profile {
    /// `None` where the card has no clock for kernels one by one.
    pub fn of(device: &wgpu::Device, queue: &wgpu::Queue) -> Option<Self> {
        if !device.features().contains(wgpu::Features::TIMESTAMP_QUERY_INSIDE_PASSES) {
            return None;
        }
        let times = device.create_query_set(&wgpu::QuerySetDescriptor {
            label: None,
            ty: wgpu::QueryType::Timestamp,
            count: TIMES,
        });
        let read = device.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size: u64::from(TIMES) * BYTES,
            usage: BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC,
            mapped_at_creation: false,
        });
        let tick = f64::from(queue.get_timestamp_period()) * 1e-9;
        Some(Self { times, read, tick, sent: Mutex::default() })
    }

    fn sent(&self) -> MutexGuard<'_, Vec<[&'static str; 2]>> {
        self.sent.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What was noted, by kernel and entry; the next that are sent are noted anew.
    ///
    /// # Errors
    /// A device that was lost.
    pub async fn times(&self, device: &Device) -> Result<Vec<KernelTime>, Lost> {
        let sent = std::mem::take(&mut *self.sent());
        if sent.is_empty() {
            return Ok(Vec::new());
        }
        let (raw, queue) = device.raw();
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.resolve_query_set(&self.times, 0..2 * sent.len() as u32, &self.read, 0);
        queue.submit([encoder.finish()]);
        let mut bytes = Vec::new();
        device.read(&self.read, 2 * sent.len() as u64 * BYTES, &mut bytes).await?;
        let ticks = |at: &[u8]| at.first_chunk().copied().map_or(0, u64::from_le_bytes);
        let mut all: BTreeMap<[&str; 2], Vec<f64>> = BTreeMap::new();
        for (name, pair) in sent.into_iter().zip(bytes.chunks_exact(2 * BYTES as usize)) {
            let (begin, end) = pair.split_at(BYTES as usize);
            let secs = ticks(end).saturating_sub(ticks(begin)) as f64 * self.tick;
            all.entry(name).or_default().push(secs);
        }
        let time = |([kernel, entry], secs): ([_; 2], _)| KernelTime { kernel, entry, secs };
        Ok(all.into_iter().map(time).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::platform::ready;

    const SOURCE: &str = "@group(0) @binding(0) var<storage, read_write> cells: array<u32>;
        @compute @workgroup_size(64) fn main(@builtin(global_invocation_id) id: vec3u) { cells[id.x] += 1u; }";

    #[test]
    fn kernels_are_timed_one_by_one_and_those_beyond_the_set_are_sent_all_the_same() {
        let device = match ready(Device::request_timed(true)) {
            Ok(device) => device,
            Err(why) => return println!("skipped: {why}"),
        };
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST;
        let (raw, queue) = device.raw();
        let cells = device.pool().take(raw, 256, usage);
        queue.write_buffer(&cells, 0, &[0; 256]);
        let pipeline = device.pipeline("cells", SOURCE, "main");
        let send = |times: usize| {
            let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                for _ in 0..times {
                    device.dispatch(&mut pass, &pipeline, &[cells.as_entire_binding()], [1, 1, 1]);
                }
            }
            queue.submit([encoder.finish()]);
        };
        let times = || ready(device.kernel_times()).expect("a device that is there");
        assert_eq!(times(), []);
        let most = TIMES as usize / 2;
        for (sent, timed) in [(3, 3), (most + 5, most)] {
            send(sent);
            let told = times();
            if told.is_empty() {
                return println!("skipped: the card has no clock for single kernels");
            }
            assert_eq!(told.len(), 1);
            let KernelTime { kernel, entry, secs } = told[0].clone();
            assert_eq!((kernel, entry, secs.len()), ("cells", "main", timed));
            assert!(secs.iter().all(|secs| (0.0..60.0).contains(secs)), "{secs:?}");
        }
        let mut bytes = Vec::new();
        ready(device.read(&cells, 4, &mut bytes)).expect("a device that is there");
        assert_eq!(bytes, (most as u32 + 8).to_le_bytes());
    }
}
