//! How quick a card is, and a thread of this machine's processor beside it.

use super::clock::Clock;
use super::device::{Device, Lost, Pipeline};
use crate::compute::gpu::lean::lean;
use crate::compute::kernels::boosting::{Booster, Column, Data, Fit, Objective, Sent};
use crate::compute::planner::{Costs, Measured, tree_cells, tree_launches};
use crate::numeric::Rng;
use crate::platform::Stopwatch;
use wgpu::BufferUsages;

const DATA: BufferUsages = BufferUsages::STORAGE.union(BufferUsages::COPY_SRC).union(BufferUsages::COPY_DST);
const UNIFORM: BufferUsages = BufferUsages::UNIFORM.union(BufferUsages::COPY_DST);
/// Rows and features of the trees, and their leaves: 2 million cells.
const ROWS: usize = 1 << 16;
const FEATURES: usize = 32;
const LEAVES: usize = 16;
/// Bytes that are sent to see how quickly they come.
const SENT: usize = 8 << 20;
/// Sides of the matrices: a large card is busy with large ones only, and a slow one takes long for them.
const SIDES: [usize; 3] = [256, 512, 1024];
/// What a tree's sums get of the speed of a bare loop, for the rows of a leaf lie apart and are gathered first: so that fits
/// of 50,000 to 1,000,000 rows on one thread took 0.85 to 1.5 times what is planned (`bench_gbt` beside `bench_gpu_card`).
const OF_A_LOOP: f64 = 0.3;
/// What training gets of the speed of bare products, here and there: there are activations, losses and the optimiser's step.
const OF_PRODUCTS: f64 = 0.45;
const PRODUCTS: &str = lean!(include_str!("products.wgsl"));
/// What takes so long, or so many times the way there and back, is long enough to be measured.
const LONG_SECS: f64 = 0.01;
const LONG_WAYS: f64 = 20.0;
/// Times that a kernel is sent at once at most.
const MOST_TIMES: usize = 1 << 10;

/// A card with what is known of it so far.
struct Bench<'d> {
    device: &'d Device,
    clock: Option<Clock>,
    answer_secs: f64,
    read: Vec<u8>,
}

/// A kernel with its buffers, and how many workgroups.
struct Kernel {
    pipeline: Pipeline,
    buffers: Vec<wgpu::Buffer>,
    groups: [u32; 3],
}

impl Bench<'_> {
    fn buffer(&self, bytes: usize, usage: BufferUsages) -> wgpu::Buffer {
        self.device.pool().take(self.device.raw().0, bytes as u64, usage)
    }

    fn filled(&self, bytes: &[u8], usage: BufferUsages) -> wgpu::Buffer {
        let buffer = self.buffer(bytes.len(), usage);
        self.device.raw().1.write_buffer(&buffer, 0, bytes);
        buffer
    }

    /// Seconds until a kernel that is sent so many times at once has been done and a few bytes are back; and what the card's own
    /// clock says of it, where there is one, without the way.
    async fn secs(&mut self, kernel: &Kernel, times: usize) -> Result<(f64, Option<f64>), Lost> {
        let (raw, queue) = self.device.raw();
        let watch = Stopwatch::start();
        let mut encoder = raw.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
        {
            let timestamp_writes = self.clock.as_ref().map(Clock::of_pass);
            let about = wgpu::ComputePassDescriptor { label: None, timestamp_writes };
            let mut pass = encoder.begin_compute_pass(&about);
            let bindings: Vec<_> = kernel.buffers.iter().map(wgpu::Buffer::as_entire_binding).collect();
            for _ in 0..times {
                self.device.dispatch(&mut pass, &kernel.pipeline, &bindings, kernel.groups);
            }
        }
        self.clock.iter().for_each(|clock| clock.resolve(&mut encoder));
        queue.submit([encoder.finish()]);
        // The last buffer is what is written.
        let written = kernel.buffers.len() - 1;
        self.device.read(&kernel.buffers[written], 256, &mut self.read).await?;
        let secs = watch.elapsed_secs();
        let own = match &self.clock {
            Some(clock) => clock.secs(self.device, &mut self.read).await?,
            None => None,
        };
        Ok((secs, own))
    }

    /// Seconds that a kernel takes among others, the way there and back left out.
    async fn secs_each(&mut self, kernel: &Kernel) -> Result<f64, Lost> {
        // Compiled, and its memory there.
        self.secs(kernel, 1).await?;
        let long = LONG_SECS.max(LONG_WAYS * self.answer_secs);
        let mut times = 1;
        loop {
            let (secs, own) = self.secs(kernel, times).await?;
            if secs >= long || times >= MOST_TIMES {
                let without_way = (secs - self.answer_secs).max(0.1 * secs);
                // A clock that says more than it took here is not one.
                return Ok(own.filter(|&own| own <= secs).unwrap_or(without_way) / times as f64);
            }
            times *= if secs < 0.1 * long { 8 } else { 2 };
        }
    }

    fn give(&self, kernel: Kernel) {
        kernel.buffers.into_iter().for_each(|buffer| self.device.pool().give(buffer));
    }

    /// A product of square matrices.
    fn product(&self, side: usize) -> Kernel {
        let bytes: Vec<u8> = (0..side * side).flat_map(|i| (i as f32 * 1e-6).to_le_bytes()).collect();
        let buffers = vec![
            self.filled(&[side as u32; 4].map(u32::to_le_bytes).concat(), UNIFORM),
            self.filled(&bytes, DATA),
            self.filled(&bytes, DATA),
            self.buffer(bytes.len(), DATA),
        ];
        let groups = (side / 64) as u32;
        Kernel {
            pipeline: self.device.pipeline("products", PRODUCTS, "main"),
            buffers,
            groups: [groups, groups, 1],
        }
    }

    /// Seconds that a tree on so many rows takes, among others.
    async fn tree_secs(&mut self, rows: usize, bins: &[u8]) -> Result<f64, Lost> {
        let column = |bins| Column { bins, bin_count: 256, categorical: false };
        let features: Vec<Column<'_>> = bins.chunks_exact(ROWS).map(|f| column(&f[..rows])).collect();
        let targets: Vec<u64> = bins[..rows].iter().map(|bin| u64::from(bin & 1)).collect();
        let scores = [vec![0.0; rows]];
        let data =
            Data { features: &features, targets: &targets, weights: None, scores: &scores, others: None };
        let booster = Booster::new(self.device, &data, &fit(rows as u32))?;
        let all: Vec<u32> = (0..FEATURES as u32).collect();
        let drawn = FEATURES as u32;
        let tree = |seed| {
            let (features, first, last) = (all.as_slice(), true, false);
            booster.tree(&Sent { output: 0, seed, draws: 0, rows_seed: 0, features, drawn, first, last })
        };
        booster.read(tree(1)?).await?;
        let long = LONG_SECS.max(LONG_WAYS * self.answer_secs);
        let mut times = 1;
        loop {
            let watch = Stopwatch::start();
            let mut last = None;
            for seed in 0..times {
                last = Some(tree(seed)?);
            }
            if let Some(last) = last {
                booster.read(last).await?;
            }
            let secs = watch.elapsed_secs();
            if secs >= long || times >= 64 {
                return Ok((secs - self.answer_secs).max(0.1 * secs) / times as f64);
            }
            times *= 2;
        }
    }

    /// Products that are added up in a second.
    async fn products(&mut self) -> Result<f64, Lost> {
        let mut speed = 0.0;
        for side in SIDES {
            let kernel = self.product(side);
            let secs = self.secs_each(&kernel).await?;
            self.give(kernel);
            speed = f64::max(speed, (side * side * side) as f64 / secs);
            if secs > LONG_SECS {
                break;
            }
        }
        Ok(speed)
    }
}

/// Measures a card: a fraction of a second on a real one. A page calls it in a worker.
///
/// # Errors
/// A device that was lost.
pub async fn measure(device: &Device) -> Result<Costs, Lost> {
    let clock = Clock::of(device);
    let mut bench = Bench { device, clock, answer_secs: 0.0, read: Vec::new() };
    let mut rng = Rng::new(1);
    let bins: Vec<u8> = (0..ROWS * FEATURES).map(|_| rng.next_u64() as u8).collect();
    let words: Vec<i64> = (0..ROWS).map(|_| rng.next_u64() as i64 >> 32).collect();

    let small = bench.product(64);
    bench.secs(&small, 1).await?;
    let mut answer_secs = f64::INFINITY;
    for _ in 0..8 {
        answer_secs = answer_secs.min(bench.secs(&small, 1).await?.0);
    }
    bench.answer_secs = answer_secs;
    bench.give(small);
    let (few, many) = (bench.tree_secs(LEAVES * 16, &bins).await?, bench.tree_secs(ROWS, &bins).await?);
    let launch_secs = few / tree_launches(LEAVES as f64);
    let cells_secs = (many - few).max(0.1 * many);
    let (upload, download) = ways(&mut bench).await?;
    let card_products = bench.products().await?;
    device.check()?;
    Ok(Costs::from(Measured {
        answer_secs,
        launch_secs,
        upload,
        download,
        card_cells: tree_cells(ROWS as f64, FEATURES as f64, LEAVES as f64) / cells_secs,
        cpu_cells: OF_A_LOOP * cpu_cells(&bins, &words),
        card_products: OF_PRODUCTS * card_products,
        cpu_products: OF_PRODUCTS * cpu_products(),
    }))
}

/// Of trees that are grown to see how long it takes.
fn fit(rows: u32) -> Fit {
    Fit {
        rows,
        listed: rows,
        outputs: 1,
        objective: Objective::Logistic,
        count_bits: 17,
        hessian_bits: 22,
        max_leaves: LEAVES as u32,
        max_depth: 0,
        by_depth: false,
        levels: 0,
        min_rows: 1,
        weighted: false,
        random_cuts: false,
        level_rows: 0,
        group_rows: 0,
        bar_steps: 0,
        l1: 0.0,
        l2: 1.0,
        rate: 0.1,
        min_gain: 0.0,
        min_hessian: 0.0,
        max_delta: 0.0,
        most: 20.0,
        factor: 1.0,
        gradient_room: 1e7,
        hessian_room: 2e6,
        bar: 1.0,
        cat_l2: 1.0,
        cat_smooth: 0.0,
        powers: [0.0; 2],
        wanted: 0.0,
    }
}

/// Bytes a second there and back; the first time makes the memory ready.
async fn ways(bench: &mut Bench<'_>) -> Result<(f64, f64), Lost> {
    let (device, bytes) = (bench.device, vec![1; SENT]);
    let buffer = bench.buffer(SENT, DATA);
    let mut read = Vec::new();
    let (mut there, mut back) = (f64::INFINITY, f64::INFINITY);
    for _ in 0..3 {
        let watch = Stopwatch::start();
        device.raw().1.write_buffer(&buffer, 0, &bytes);
        device.read(&buffer, 256, &mut read).await?;
        there = there.min(watch.elapsed_secs());
        let watch = Stopwatch::start();
        device.read(&buffer, SENT as u64, &mut read).await?;
        back = back.min(watch.elapsed_secs());
    }
    device.pool().give(buffer);
    let speed = |secs: f64| SENT as f64 / (secs - bench.answer_secs).max(0.1 * secs);
    Ok((speed(there), speed(back)))
}

/// Cells that a thread sums in a second where they lie in order, eight features at a time as trees do.
fn cpu_cells(bins: &[u8], words: &[i64]) -> f64 {
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let watch = Stopwatch::start();
        let mut tables = [[0i64; 256]; 8];
        for part in bins.chunks_exact(words.len() * 8) {
            for (record, &word) in part.as_chunks::<8>().0.iter().zip(words) {
                for (table, &bin) in tables.iter_mut().zip(record) {
                    table[usize::from(bin)] = table[usize::from(bin)].wrapping_add(word);
                }
            }
        }
        std::hint::black_box(tables);
        best = best.min(watch.elapsed_secs());
    }
    bins.len() as f64 / best
}

/// Products that a thread adds up in a second, a row of 64 at a time as networks do.
fn cpu_products() -> f64 {
    const WIDE: usize = 64;
    const ROUNDS: usize = 64;
    let weights = vec![[0.5f32; WIDE]; WIDE];
    let mut best = f64::INFINITY;
    for _ in 0..3 {
        let watch = Stopwatch::start();
        let mut inputs = [1e-3f32; WIDE];
        for _ in 0..ROUNDS {
            let mut sums = [0f32; WIDE];
            for (&input, line) in inputs.iter().zip(&weights) {
                sums.iter_mut().zip(line).for_each(|(sum, &weight)| *sum += input * weight);
            }
            inputs = std::hint::black_box(sums).map(|sum| sum * 0.03);
        }
        best = best.min(watch.elapsed_secs());
    }
    (WIDE * WIDE * ROUNDS) as f64 / best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compute::kernels::testing::card;
    use crate::platform::ready;

    #[test]
    fn a_card_is_measured_in_a_moment() {
        let Some(card) = card() else { return };
        let watch = Stopwatch::start();
        let costs = ready(measure(&card.device)).expect("the card is there");
        println!("{} after {:.2} s", costs.to_json(), watch.elapsed_secs());
        // No clock stood still, and nothing was taken for another: an answer takes longer than one kernel among many.
        for speed in [costs.upload, costs.download, costs.card_cells, costs.cpu_cells] {
            assert!((1e4..1e13).contains(&speed), "{costs:?}");
        }
        assert!(costs.card_products > 1e6 && costs.cpu_products > 1e6, "{costs:?}");
        assert!(costs.launch_secs > 1e-9 && costs.answer_secs < 1.0, "{costs:?}");
        assert_eq!(Costs::from_json(&costs.to_json()), Some(costs));
    }

    #[test]
    fn products_are_right() {
        let Some(card) = card() else { return };
        let clock = Clock::of(&card.device);
        let mut bench = Bench { device: &card.device, clock, answer_secs: 0.0, read: Vec::new() };
        let (side, mut rng) = (128, Rng::new(3));
        let mut cells = || (0..side * side).map(|_| rng.below(9) as f32 - 4.0).collect::<Vec<f32>>();
        let (first, second) = (cells(), cells());
        let bytes = |cells: &[f32]| cells.iter().flat_map(|c| c.to_le_bytes()).collect::<Vec<u8>>();
        let buffers = vec![
            bench.filled(&[side as u32; 4].map(u32::to_le_bytes).concat(), UNIFORM),
            bench.filled(&bytes(&first), DATA),
            bench.filled(&bytes(&second), DATA),
            bench.buffer(side * side * 4, DATA),
        ];
        let pipeline = card.device.pipeline("products", PRODUCTS, "main");
        let kernel = Kernel { pipeline, buffers, groups: [2, 2, 1] };
        let (secs, own) = ready(bench.secs(&kernel, 1)).expect("the card is there");
        // The card's time lies within that from sending to reading.
        assert!(own.is_none_or(|own| own > 0.0 && own <= secs), "{own:?} of {secs}");
        println!("{own:?} s of {secs} s");
        let read = card.read(&kernel.buffers[3], side * side * 4);
        let found: Vec<f32> = read.as_chunks().0.iter().map(|&c| f32::from_le_bytes(c)).collect();
        // Whole numbers this small are exact.
        let cell = |i: usize, j: usize| (0..side).map(|k| first[i * side + k] * second[k * side + j]).sum();
        let expected: Vec<f32> = (0..side * side).map(|at| cell(at / side, at % side)).collect();
        assert!(found == expected);
    }
}
