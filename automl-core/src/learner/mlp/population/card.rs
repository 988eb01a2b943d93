//! A population in a card's memory, and what is sent to train it.
//!
//! Buffers of the table stay as long as the population; those of the networks are made anew when some of them leave. Every
//! kernel is bound once to its buffers; a turn (a small batch, or a block of rows to judge) is a uniform at its own offset.

use super::Failure;
use super::layout::Layout;
use crate::compute::gpu::{Bound, Device, Lost, Pipeline, TURN_STRIDE};
use crate::compute::kernels::inputs::Column;
use crate::compute::kernels::loss::DEGREES;
use crate::compute::kernels::nets::{JUDGED, Layer, TURN_BYTES, Turn, bytes};
use crate::compute::kernels::{adam, inputs, loss, product};
use crate::learner::FitError;
use crate::platform::Cancel;
use std::ops::Range;
use wgpu::{BufferUsages, CommandEncoder, CommandEncoderDescriptor, ComputePass, ComputePassDescriptor};

/// What most buffers are for.
const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);
/// Turns of a submission: between submissions a fit can be cancelled, and a browser can draw.
const TURNS: usize = 64;

/// What the rows of a table are on the card.
pub struct Held<'a> {
    /// Rows × features.
    pub cells: &'a [f32],
    pub truth: &'a [u32],
    pub columns: &'a [Column],
    /// Rows that are learned from and those that judge.
    pub order: usize,
    /// Blocks of [`JUDGED`] rows that judge.
    pub blocks: usize,
    /// Most turns of an epoch.
    pub turns: usize,
}

/// Buffers that go back to the device's pool in the end.
struct Buffers<'d> {
    device: &'d Device,
    taken: Vec<wgpu::Buffer>,
}

/// See the module.
pub struct Card<'d> {
    device: &'d Device,
    _table: Buffers<'d>,
    cells: wgpu::Buffer,
    truth: wgpu::Buffer,
    columns: wgpu::Buffer,
    order: wgpu::Buffer,
    turns: wgpu::Buffer,
    blocks: usize,
    nets: Nets<'d>,
    read: Vec<u8>,
}

/// Networks, and kernels bound to them.
struct Nets<'d> {
    layout: Layout,
    _held: Buffers<'d>,
    weights: wgpu::Buffer,
    first: wgpu::Buffer,
    second: wgpu::Buffer,
    /// Weights at their best.
    best: wgpu::Buffer,
    losses: wgpu::Buffer,
    load: Bound,
    /// Of layers in the order of sending: [`Layout::forwards`], [`Layout::backwards`].
    forward: Vec<Bound>,
    back: Vec<Bound>,
    slope: Bound,
    judge: Bound,
    by_weights: Bound,
    adam: Bound,
}

impl<'d> Buffers<'d> {
    fn new(device: &'d Device) -> Self {
        Self { device, taken: Vec::new() }
    }

    /// A buffer of at least so many words; what is in it is anything.
    fn take(
        &mut self,
        what: &'static str,
        words: usize,
        usage: BufferUsages,
    ) -> Result<wgpu::Buffer, Failure> {
        let limits = self.device.limits();
        let most = limits.max_storage_buffer_binding_size.min(limits.max_buffer_size);
        let bytes = (words as u64).max(16) * 4;
        // Buffers of the pool are as large as the next power of two.
        if bytes.next_power_of_two() > most {
            return Err(Failure::TooLarge { what, bytes, most });
        }
        let buffer = self.device.pool().take(self.device.raw().0, bytes, usage);
        self.taken.push(buffer.clone());
        Ok(buffer)
    }

    fn filled(&mut self, what: &'static str, data: &[u8]) -> Result<wgpu::Buffer, Failure> {
        let buffer = self.take(what, data.len() / 4, DATA)?;
        self.device.raw().1.write_buffer(&buffer, 0, data);
        Ok(buffer)
    }
}

impl Drop for Buffers<'_> {
    fn drop(&mut self) {
        self.taken.drain(..).for_each(|buffer| self.device.pool().give(buffer));
    }
}

impl<'d> Card<'d> {
    /// Sends a table, and networks with these first weights.
    ///
    /// # Errors
    /// A card that was lost, or does not hold them.
    pub fn new(device: &'d Device, held: &Held<'_>, layout: Layout, start: &[f32]) -> Result<Self, Failure> {
        let mut table = Buffers::new(device);
        let cells = table.take("rows", held.cells.len(), DATA)?;
        let cell_bytes: Vec<u8> = held.cells.iter().flat_map(|x| x.to_le_bytes()).collect();
        device.raw().1.write_buffer(&cells, 0, &cell_bytes);
        let truth = table.filled("answers", &bytes(held.truth.iter().map(|&t| [t])))?;
        let columns = table.filled("pieces", &bytes(held.columns.iter().map(Column::words)))?;
        let order = table.take("rows", held.order, DATA)?;
        let turns = table.take("turns", held.turns * TURN_STRIDE as usize / 4, UNIFORM)?;
        let shared = [&columns, &order, &cells, &truth, &turns];
        let nets = Nets::new(device, layout, shared, held.blocks)?;
        let (_, queue) = device.raw();
        let start: Vec<u8> = start.iter().flat_map(|x| x.to_le_bytes()).collect();
        queue.write_buffer(&nets.weights, 0, &start);
        queue.write_buffer(&nets.best, 0, &start);
        let mut encoder = device.raw().0.create_command_encoder(&CommandEncoderDescriptor::default());
        encoder.clear_buffer(&nets.first, 0, None);
        encoder.clear_buffer(&nets.second, 0, None);
        queue.submit([encoder.finish()]);
        device.check()?;
        let blocks = held.blocks;
        Ok(Self {
            device,
            _table: table,
            cells,
            truth,
            columns,
            order,
            turns,
            blocks,
            nets,
            read: Vec::new(),
        })
    }

    /// Sends an epoch: its order of rows, the first of which are to be learned from, and its turns.
    ///
    /// # Errors
    /// Cancelled, or a card that was lost.
    pub fn send(&self, order: &[u32], turns: &[Turn], cancel: &Cancel) -> Result<(), Failure> {
        let (raw, queue) = self.device.raw();
        queue.write_buffer(&self.order, 0, &bytes(order.iter().map(|&row| [row])));
        let mut uniforms = vec![0; turns.len() * TURN_STRIDE as usize];
        for (place, turn) in uniforms.chunks_exact_mut(TURN_STRIDE as usize).zip(turns) {
            place[..TURN_BYTES as usize].copy_from_slice(&bytes([turn.words()]));
        }
        queue.write_buffer(&self.turns, 0, &uniforms);
        let numbered: Vec<(u32, &Turn)> = (0..).zip(turns).collect();
        for some in numbered.chunks(TURNS) {
            if cancel.is_cancelled() {
                return Err(FitError::Cancelled.into());
            }
            let mut encoder = raw.create_command_encoder(&CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&ComputePassDescriptor::default());
                for &(place, turn) in some {
                    self.nets.send(&mut pass, place, turn);
                }
            }
            queue.submit([encoder.finish()]);
        }
        Ok(self.device.check()?)
    }

    /// Sums of losses of the rows that judge, models × degrees, once they are there.
    ///
    /// # Errors
    /// A card that was lost.
    pub async fn losses(&mut self) -> Result<Vec<[f64; DEGREES]>, Lost> {
        let models = self.nets.layout.models.len();
        let words = models * self.blocks * DEGREES;
        self.device.read(&self.nets.losses, words as u64 * 4, &mut self.read).await?;
        let mut sums = vec![[0.0; DEGREES]; models];
        let cells = self.read.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word));
        for (place, x) in cells.enumerate() {
            sums[place / DEGREES / self.blocks][place % DEGREES] += f64::from(x);
        }
        Ok(sums)
    }

    /// Keeps the weights of these models as their best.
    pub fn keep(&self, models: &[usize]) {
        let mut encoder = self.encoder();
        for &model in models {
            copy(
                &mut encoder,
                &self.nets.weights,
                self.nets.layout.of_model(model),
                &self.nets.best,
                self.nets.layout.of_model(model).start,
            );
        }
        self.device.raw().1.submit([encoder.finish()]);
    }

    /// The weights and factors that were the best of these models, model after model.
    ///
    /// # Errors
    /// A card that was lost.
    pub async fn best(&mut self, models: &[usize]) -> Result<Vec<f32>, Failure> {
        let ranges: Vec<Range<usize>> = models.iter().map(|&m| self.nets.layout.of_model(m)).collect();
        let words = ranges.iter().map(Range::len).sum();
        let mut buffers = Buffers::new(self.device);
        let all = buffers.take("weights", words, DATA)?;
        let mut encoder = self.encoder();
        let mut at = 0;
        for range in ranges {
            let length = range.len();
            copy(&mut encoder, &self.nets.best, range, &all, at);
            at += length;
        }
        self.device.raw().1.submit([encoder.finish()]);
        self.device.read(&all, words as u64 * 4, &mut self.read).await?;
        Ok(self.read.as_chunks().0.iter().map(|&word| f32::from_le_bytes(word)).collect())
    }

    /// Goes on with some of the models, whose layout is `layout`; `kept` are their places so far.
    ///
    /// # Errors
    /// A card that was lost, or has no memory for both while one moves into the other.
    pub fn compact(&mut self, layout: Layout, kept: &[usize]) -> Result<(), Failure> {
        let shared = [&self.columns, &self.order, &self.cells, &self.truth, &self.turns];
        let nets = Nets::new(self.device, layout, shared, self.blocks)?;
        let mut encoder = self.encoder();
        for (new, &old) in kept.iter().enumerate() {
            let (from, to) = (self.nets.layout.of_model(old), nets.layout.of_model(new).start);
            for (source, goal) in [
                (&self.nets.weights, &nets.weights),
                (&self.nets.first, &nets.first),
                (&self.nets.second, &nets.second),
                (&self.nets.best, &nets.best),
            ] {
                copy(&mut encoder, source, from.clone(), goal, to);
            }
        }
        self.device.raw().1.submit([encoder.finish()]);
        self.nets = nets;
        Ok(self.device.check()?)
    }

    /// Bytes of the card that the table and the networks take.
    #[cfg(test)]
    pub fn bytes(&self) -> u64 {
        let all = self._table.taken.iter().chain(&self.nets._held.taken);
        all.map(wgpu::Buffer::size).sum()
    }

    fn encoder(&self) -> CommandEncoder {
        self.device.raw().0.create_command_encoder(&CommandEncoderDescriptor::default())
    }
}

fn copy(
    encoder: &mut CommandEncoder,
    source: &wgpu::Buffer,
    range: Range<usize>,
    goal: &wgpu::Buffer,
    at: usize,
) {
    encoder.copy_buffer_to_buffer(
        source,
        range.start as u64 * 4,
        goal,
        at as u64 * 4,
        range.len() as u64 * 4,
    );
}

/// Fails where a dispatch would have more workgroups than any card takes.
fn fits(layout: &Layout) -> Result<(), Failure> {
    const MOST: usize = 65_535;
    let checked = [("inputs of a layer", layout.inputs() + 1), ("layers", layout.all.len())];
    for (what, count) in checked {
        if count > MOST {
            return Err(Failure::TooLarge { what, bytes: count as u64, most: MOST as u64 });
        }
    }
    Ok(())
}

impl<'d> Nets<'d> {
    fn new(
        device: &'d Device,
        layout: Layout,
        [columns, order, cells, truth, turns]: [&wgpu::Buffer; 5],
        blocks: usize,
    ) -> Result<Self, Failure> {
        fits(&layout)?;
        let mut buffers = Buffers::new(device);
        let mut take = |what, words| buffers.take(what, words, DATA);
        let [weights, first, second, best, by_weights] = [
            take("weights", layout.weights)?,
            take("weights", layout.weights)?,
            take("weights", layout.weights)?,
            take("weights", layout.weights)?,
            take("weights", layout.weights)?,
        ];
        let scratch = take("batches", layout.scratch)?;
        let losses = take("losses", layout.models.len() * blocks * DEGREES)?;
        let mut list = |layers: &[Layer]| buffers.filled("layers", &bytes(layers.iter().map(Layer::words)));
        let (last, all) = (list(&layout.last)?, list(&layout.all)?);
        let forwards = layout.forwards().map(&mut list).collect::<Result<Vec<_>, _>>()?;
        let backwards = layout.backwards().map(&mut list).collect::<Result<Vec<_>, _>>()?;
        let models = buffers.filled("models", &bytes(layout.models.iter().map(loss::Model::words)))?;
        let views = buffers.filled("views", &bytes(layout.views.iter().map(inputs::View::words)))?;
        let bind = |pipeline: &Pipeline, buffers: &[&wgpu::Buffer]| {
            device.bind(pipeline, (turns, TURN_BYTES), buffers)
        };
        let product = |entry, list: &wgpu::Buffer| {
            bind(&product::pipeline(device, entry), &[list, &weights, &scratch, &by_weights])
        };
        let judging =
            |entry| bind(&loss::pipeline(device, entry), &[&last, &models, order, truth, &scratch, &losses]);
        Ok(Self {
            load: bind(&inputs::pipeline(device), &[&views, columns, order, cells, &scratch]),
            forward: forwards.iter().map(|list| product("forward", list)).collect(),
            back: backwards.iter().map(|list| product("back", list)).collect(),
            slope: judging("slope"),
            judge: judging("judge"),
            adam: bind(&adam::pipeline(device), &[&all, &weights, &first, &second, &by_weights]),
            by_weights: product("by_weights", &all),
            layout,
            _held: buffers,
            weights,
            first,
            second,
            best,
            losses,
        })
    }

    /// One turn.
    fn send(&self, pass: &mut ComputePass<'_>, place: u32, turn: &Turn) {
        let (layout, rows) = (&self.layout, turn.rows as usize);
        self.load.send(pass, place, inputs::groups(&layout.views, rows));
        for (forward, layers) in self.forward.iter().zip(layout.forwards()) {
            forward.send(pass, place, product::forward_groups(layers, rows));
        }
        if turn.step == 0 {
            self.judge.send(pass, place, loss::judge_groups(layout.models.len(), rows));
            return;
        }
        self.slope.send(pass, place, loss::slope_groups(layout.last.len(), rows));
        for (back, layers) in
            self.back.iter().zip(layout.backwards()).filter(|(_, layers)| !layers.is_empty())
        {
            back.send(pass, place, product::back_groups(layers, rows));
        }
        self.by_weights.send(pass, place, product::by_weights_groups(&layout.all));
        self.adam.send(pass, place, adam::groups(&layout.all));
    }
}

/// Blocks of [`JUDGED`] rows.
pub fn blocks(rows: usize) -> usize {
    rows.div_ceil(JUDGED)
}
