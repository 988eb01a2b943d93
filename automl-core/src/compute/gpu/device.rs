//! One device, from Vulkan, Metal or Direct3D 12, or from the browser.

use super::buffers::Pool;
#[cfg(not(target_arch = "wasm32"))]
use super::profile::{KernelTime, Profile, Timed};
use std::borrow::Cow;
use std::collections::BTreeMap;
use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll, Waker};

/// Why there is none.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NoDevice {
    #[error("this machine or browser offers no graphics card to compute on")]
    NoAdapter,
    #[error("the graphics card {name} cannot be used: {reason}")]
    Refused { name: String, reason: String },
    #[error("the graphics card {name} allows {what} only")]
    TooSmall { name: String, what: String },
}

/// The device went away, or has no memory left: what was on it is gone.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the graphics card was lost: {reason}")]
pub struct Lost {
    pub reason: String,
}

/// A kernel, ready to be sent.
#[derive(Clone)]
pub struct Pipeline {
    pub(super) pipeline: wgpu::ComputePipeline,
    /// Where its times are noted, where they are.
    #[cfg(not(target_arch = "wasm32"))]
    timed: Option<Timed>,
}

impl Pipeline {
    pub(crate) fn raw(&self) -> &wgpu::ComputePipeline {
        &self.pipeline
    }

    /// Adds it to a pass with its bindings, where uniforms of turns begin in them, and how many workgroups.
    pub(crate) fn send(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        bindings: &wgpu::BindGroup,
        turns: &[u32],
        groups: [u32; 3],
    ) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, bindings, turns);
        #[cfg(not(target_arch = "wasm32"))]
        if let Some(timed) = &self.timed {
            return timed.around(pass, |pass| pass.dispatch_workgroups(groups[0], groups[1], groups[2]));
        }
        pass.dispatch_workgroups(groups[0], groups[1], groups[2]);
    }
}

/// What is being read.
pub(crate) struct Pending {
    staging: wgpu::Buffer,
    bytes: u64,
    index: wgpu::SubmissionIndex,
    mapped: Mapped,
}

/// What is known of a failure, which comes when it wants.
type Failure = Arc<Mutex<Option<String>>>;

/// A device with its queue, kernels that were compiled, and memory that is used again.
pub struct Device {
    device: wgpu::Device,
    queue: wgpu::Queue,
    name: String,
    key: String,
    is_software: bool,
    failure: Failure,
    pipelines: Mutex<BTreeMap<(&'static str, &'static str), Pipeline>>,
    pool: Pool,
    #[cfg(not(target_arch = "wasm32"))]
    profile: Option<Arc<Profile>>,
}

fn locked<T>(mutex: &Mutex<T>) -> std::sync::MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Device {
    /// Asks for a device; `software`: one that computes on the processor may do, as tests want it.
    ///
    /// # Errors
    /// Where there is none that can be used.
    pub async fn request(software: bool) -> Result<Self, NoDevice> {
        Self::request_within(software, u64::MAX).await
    }

    /// The same, one binding of which has `binding` bytes at most, as on a device that offers no more.
    ///
    /// # Errors
    /// Where there is none that can be used.
    pub async fn request_within(software: bool, binding: u64) -> Result<Self, NoDevice> {
        Self::request_with(software, binding, wgpu::Features::TIMESTAMP_QUERY).await
    }

    /// The same, whose kernels are timed one by one where it has a clock for that ([`Device::kernel_times`]), which takes time
    /// itself.
    ///
    /// # Errors
    /// Where there is none that can be used.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn request_timed(software: bool) -> Result<Self, NoDevice> {
        let clock = wgpu::Features::TIMESTAMP_QUERY | wgpu::Features::TIMESTAMP_QUERY_INSIDE_PASSES;
        let mut device = Self::request_with(software, u64::MAX, clock).await?;
        device.profile = Profile::of(&device.device, &device.queue).map(Arc::new);
        Ok(device)
    }

    /// `clock`: what is asked for of the card's clock, where it is there.
    async fn request_with(software: bool, binding: u64, clock: wgpu::Features) -> Result<Self, NoDevice> {
        let instance = wgpu::Instance::new(wgpu::InstanceDescriptor::new_without_display_handle());
        let options = wgpu::RequestAdapterOptions {
            power_preference: wgpu::PowerPreference::HighPerformance,
            ..wgpu::RequestAdapterOptions::default()
        };
        let adapter = instance.request_adapter(&options).await.map_err(|_| NoDevice::NoAdapter)?;
        let info = adapter.get_info();
        let key = [&info.name, &info.driver, &info.driver_info].map(String::as_str).join(", ");
        let name = if info.name.is_empty() { "of this browser".to_owned() } else { info.name };
        let is_software = info.device_type == wgpu::DeviceType::Cpu;
        if is_software && !software {
            return Err(NoDevice::NoAdapter);
        }
        // Larger bindings than the default hold more rows; all else stays within what every device has.
        let offered = adapter.limits();
        let required_limits = wgpu::Limits {
            max_storage_buffer_binding_size: offered.max_storage_buffer_binding_size.min(binding),
            max_buffer_size: offered.max_buffer_size,
            ..wgpu::Limits::default()
        };
        let required_features = adapter.features() & clock;
        let wanted = wgpu::DeviceDescriptor {
            required_features,
            required_limits,
            ..wgpu::DeviceDescriptor::default()
        };
        let (device, queue) = adapter
            .request_device(&wanted)
            .await
            .map_err(|e| NoDevice::Refused { name: name.clone(), reason: e.to_string() })?;
        let failure = Failure::default();
        let heard = failure.clone();
        device.set_device_lost_callback(move |_, reason| *locked(&heard) = Some(reason));
        let heard = failure.clone();
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            locked(&heard).get_or_insert_with(|| error.to_string());
        }));
        Ok(Self {
            pool: Pool::default(),
            #[cfg(not(target_arch = "wasm32"))]
            profile: None,
            pipelines: Mutex::default(),
            device,
            queue,
            name,
            key,
            is_software,
            failure,
        })
    }

    /// What it is called.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Name and driver: what was measured of it holds for others of the same key.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Whether it is a program on the processor.
    pub fn is_software(&self) -> bool {
        self.is_software
    }

    pub fn limits(&self) -> wgpu::Limits {
        self.device.limits()
    }

    pub(crate) fn raw(&self) -> (&wgpu::Device, &wgpu::Queue) {
        (&self.device, &self.queue)
    }

    pub fn pool(&self) -> &Pool {
        &self.pool
    }

    /// Whether it is still there.
    ///
    /// # Errors
    /// A device that was lost, or that had no memory left.
    pub fn check(&self) -> Result<(), Lost> {
        locked(&self.failure).clone().map_or(Ok(()), |reason| Err(Lost { reason }))
    }

    /// An entry of a kernel by its name, compiled once.
    pub fn pipeline(&self, name: &'static str, source: &'static str, entry: &'static str) -> Pipeline {
        self.pipeline_laid_out(name, &[source], entry, || None)
    }

    /// The same of a kernel in parts, which kernels share: each is in the program once.
    pub fn pipeline_of(
        &self,
        name: &'static str,
        parts: &'static [&'static str],
        entry: &'static str,
    ) -> Pipeline {
        self.pipeline_laid_out(name, parts, entry, || None)
    }

    /// The same with bindings laid out so; as the kernel itself says where there is no layout.
    pub(super) fn pipeline_laid_out(
        &self,
        name: &'static str,
        parts: &[&str],
        entry: &'static str,
        layout: impl FnOnce() -> Option<wgpu::PipelineLayout>,
    ) -> Pipeline {
        let mut pipelines = locked(&self.pipelines);
        let pipeline = pipelines.entry((name, entry)).or_insert_with(|| {
            let layout = layout();
            let module = self.device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(name),
                source: wgpu::ShaderSource::Wgsl(Cow::Owned(parts.concat())),
            });
            let pipeline = self.device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(name),
                layout: layout.as_ref(),
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions::default(),
                cache: None,
            });
            Pipeline {
                pipeline,
                #[cfg(not(target_arch = "wasm32"))]
                timed: self.profile.as_ref().map(|profile| Timed::new(profile, [name, entry])),
            }
        });
        pipeline.clone()
    }

    /// Adds a kernel to a pass: its bindings in their order, and how many workgroups.
    pub fn dispatch(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        pipeline: &Pipeline,
        bindings: &[wgpu::BindingResource<'_>],
        groups: [u32; 3],
    ) {
        let used: Vec<u32> = (0..bindings.len() as u32).collect();
        self.dispatch_some(pass, pipeline, bindings, &used, groups);
    }

    /// The same of a kernel's entry that uses only these of the bindings.
    pub fn dispatch_some(
        &self,
        pass: &mut wgpu::ComputePass<'_>,
        pipeline: &Pipeline,
        bindings: &[wgpu::BindingResource<'_>],
        used: &[u32],
        groups: [u32; 3],
    ) {
        let entry =
            |&binding: &u32| wgpu::BindGroupEntry { binding, resource: bindings[binding as usize].clone() };
        let entries: Vec<wgpu::BindGroupEntry<'_>> = used.iter().map(entry).collect();
        let group = self.device.create_bind_group(&wgpu::BindGroupDescriptor {
            label: None,
            layout: &pipeline.pipeline.get_bind_group_layout(0),
            entries: &entries,
        });
        pipeline.send(pass, &group, &[], groups);
    }

    /// What kernels took since this was last asked, by the card's own clock: those that were sent first, as many as fit. None
    /// where they are not timed.
    ///
    /// # Errors
    /// A device that was lost.
    #[cfg(not(target_arch = "wasm32"))]
    pub async fn kernel_times(&self) -> Result<Vec<KernelTime>, Lost> {
        match &self.profile {
            Some(profile) => profile.times(self).await,
            None => Ok(Vec::new()),
        }
    }

    /// What work that was sent writes to `staging`, which is of the pool, once it is done.
    pub(crate) fn pending(&self, staging: wgpu::Buffer, bytes: u64, index: wgpu::SubmissionIndex) -> Pending {
        let mapped = Mapped::default();
        let told = mapped.0.clone();
        staging.map_async(wgpu::MapMode::Read, ..bytes, move |done| {
            let mut told = locked(&told);
            told.done = Some(done.is_ok());
            told.waker.take().into_iter().for_each(Waker::wake);
        });
        Pending { staging, bytes, index, mapped }
    }

    /// Waits for it, and writes it into `into`.
    ///
    /// # Errors
    /// A device that was lost.
    pub(crate) async fn finish(&self, pending: Pending, into: &mut Vec<u8>) -> Result<(), Lost> {
        let Pending { staging, bytes, index, mapped } = pending;
        self.wait(index)?;
        let is_there = mapped.await;
        self.check()?;
        let view = staging.get_mapped_range(..bytes).ok().filter(|_| is_there);
        let Some(view) = view else { return Err(Lost { reason: "its memory could not be read".to_owned() }) };
        into.clear();
        into.extend_from_slice(&view);
        drop(view);
        staging.unmap();
        self.pool.give(staging);
        Ok(())
    }

    /// The first bytes of a buffer, once all that was sent before is done.
    ///
    /// # Errors
    /// A device that was lost.
    pub async fn read(&self, buffer: &wgpu::Buffer, bytes: u64, into: &mut Vec<u8>) -> Result<(), Lost> {
        let staging =
            self.pool.take(&self.device, bytes, wgpu::BufferUsages::MAP_READ | wgpu::BufferUsages::COPY_DST);
        let mut encoder = self.device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        encoder.copy_buffer_to_buffer(buffer, 0, &staging, 0, bytes);
        let index = self.queue.submit([encoder.finish()]);
        self.finish(self.pending(staging, bytes, index), into).await
    }

    /// A browser tells when it is done; elsewhere that has to be waited for.
    #[cfg(not(target_arch = "wasm32"))]
    fn wait(&self, index: wgpu::SubmissionIndex) -> Result<(), Lost> {
        let waited = self.device.poll(wgpu::PollType::Wait { submission_index: Some(index), timeout: None });
        waited.map(drop).map_err(|e| Lost { reason: e.to_string() })
    }

    #[cfg(target_arch = "wasm32")]
    fn wait(&self, _index: wgpu::SubmissionIndex) -> Result<(), Lost> {
        Ok(())
    }
}

#[derive(Default)]
struct State {
    done: Option<bool>,
    waker: Option<Waker>,
}

/// Whether a buffer was mapped, once that is known.
#[derive(Default)]
struct Mapped(Arc<Mutex<State>>);

impl Future for Mapped {
    type Output = bool;

    fn poll(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<bool> {
        let mut state = locked(&self.0);
        match state.done {
            Some(done) => Poll::Ready(done),
            None => {
                state.waker = Some(context.waker().clone());
                Poll::Pending
            }
        }
    }
}
