//! A card for tests: a real one, or a program that computes as one.

use crate::compute::gpu::{Device, Pipeline};
use crate::platform::ready;
use std::sync::{Arc, OnceLock};
use wgpu::BufferUsages;

/// A device, and short ways to it.
pub struct Card {
    pub device: Arc<Device>,
}

/// `None`, and a word about it, where there is none.
pub fn card() -> Option<&'static Card> {
    static CARD: OnceLock<Option<Card>> = OnceLock::new();
    let asked = CARD.get_or_init(|| match ready(Device::request(true)) {
        Ok(device) => Some(Card { device: Arc::new(device) }),
        Err(why) => {
            println!("skipped: {why}");
            None
        }
    });
    asked.as_ref()
}

impl Card {
    pub fn filled(&self, bytes: &[u8], usage: BufferUsages) -> wgpu::Buffer {
        let (raw, queue) = self.device.raw();
        let size = (bytes.len() as u64).max(4).next_multiple_of(16);
        let usage = usage | BufferUsages::COPY_DST;
        let buffer = raw.create_buffer(&wgpu::BufferDescriptor {
            label: None,
            size,
            usage,
            mapped_at_creation: false,
        });
        queue.write_buffer(&buffer, 0, bytes);
        buffer
    }

    pub fn numbers(&self, numbers: &[u32]) -> wgpu::Buffer {
        self.filled(&numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>(), BufferUsages::STORAGE)
    }

    pub fn uniform(&self, numbers: &[u32]) -> wgpu::Buffer {
        self.filled(&numbers.iter().flat_map(|n| n.to_le_bytes()).collect::<Vec<_>>(), BufferUsages::UNIFORM)
    }

    pub fn send(&self, pipeline: &Pipeline, buffers: &[wgpu::Buffer], used: &[u32], groups: [u32; 3]) {
        let (raw, queue) = self.device.raw();
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
            let bindings: Vec<_> = buffers.iter().map(wgpu::Buffer::as_entire_binding).collect();
            self.device.dispatch_some(&mut pass, pipeline, &bindings, used, groups);
        }
        queue.submit([encoder.finish()]);
    }

    pub fn read(&self, buffer: &wgpu::Buffer, bytes: usize) -> Vec<u8> {
        let mut read = Vec::new();
        ready(self.device.read(buffer, bytes as u64, &mut read)).expect("the card is there");
        read
    }
}
