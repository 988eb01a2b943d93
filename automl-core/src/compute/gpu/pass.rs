//! Kernels that are sent many times with the same buffers: bound once, and told by a small uniform whose turn it is.
//!
//! The uniforms of many turns lie in one buffer, so that a whole epoch is sent without a word from the processor in between.

use super::device::{Device, Pipeline};
use std::num::NonZeroU64;

/// What a kernel does with a binding. The first one is always the uniform of the turn.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    Read,
    Write,
}

/// Bytes from one turn's uniform to the next; every device takes multiples of this.
pub const TURN_STRIDE: u32 = 256;

/// A kernel with its buffers.
pub struct Bound {
    pipeline: Pipeline,
    group: wgpu::BindGroup,
}

fn entry(binding: u32, ty: wgpu::BufferBindingType, turns: bool) -> wgpu::BindGroupLayoutEntry {
    wgpu::BindGroupLayoutEntry {
        binding,
        visibility: wgpu::ShaderStages::COMPUTE,
        ty: wgpu::BindingType::Buffer { ty, has_dynamic_offset: turns, min_binding_size: None },
        count: None,
    }
}

impl Device {
    /// An entry of a kernel by its name, in parts that others share, compiled once. Its binding 0 is the uniform of the turn, and
    /// those from 1 on are storage with these ways of access.
    pub fn pipeline_in_turns(
        &self,
        (name, parts): (&'static str, &[&str]),
        entry_point: &'static str,
        access: &[Access],
    ) -> Pipeline {
        self.pipeline_laid_out(name, parts, entry_point, || {
            let mut entries = vec![entry(0, wgpu::BufferBindingType::Uniform, true)];
            entries.extend((1..).zip(access).map(|(binding, access)| {
                let read_only = *access == Access::Read;
                entry(binding, wgpu::BufferBindingType::Storage { read_only }, false)
            }));
            let (raw, _) = self.raw();
            let group = raw.create_bind_group_layout(&wgpu::BindGroupLayoutDescriptor {
                label: Some(name),
                entries: &entries,
            });
            Some(raw.create_pipeline_layout(&wgpu::PipelineLayoutDescriptor {
                label: Some(name),
                bind_group_layouts: &[Some(&group)],
                immediate_size: 0,
            }))
        })
    }

    /// Binds a kernel of [`Device::pipeline_in_turns`]: `turns` holds uniforms of `bytes` bytes, [`TURN_STRIDE`] apart.
    pub fn bind(
        &self,
        pipeline: &Pipeline,
        (turns, bytes): (&wgpu::Buffer, u64),
        buffers: &[&wgpu::Buffer],
    ) -> Bound {
        let turn = wgpu::BufferBinding { buffer: turns, offset: 0, size: NonZeroU64::new(bytes) };
        let mut entries =
            vec![wgpu::BindGroupEntry { binding: 0, resource: wgpu::BindingResource::Buffer(turn) }];
        entries.extend(
            (1..).zip(buffers).map(|(binding, buffer)| wgpu::BindGroupEntry {
                binding,
                resource: buffer.as_entire_binding(),
            }),
        );
        let group = self.raw().0.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        Bound { pipeline: pipeline.clone(), group }
    }
}

impl Bound {
    /// Adds the kernel to a pass: the turn of this number, and how many workgroups.
    pub fn send(&self, pass: &mut wgpu::ComputePass<'_>, turn: u32, groups: [u32; 3]) {
        self.pipeline.send(pass, &self.group, &[turn * TURN_STRIDE], groups);
    }
}
