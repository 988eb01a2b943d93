//! The kernels of boosting with what they work on.

use super::memory::{Memory, Sizes};
use super::{GRADIENTS, GROW, Kernel, LEVELS, ROUTE, ROWS, SAMPLING, SEARCH, SUMS, SYMMETRIC, WORDS};
use crate::compute::gpu::Device;

/// A kernel with its bindings.
pub struct Step {
    pub pipeline: wgpu::ComputePipeline,
    pub bindings: wgpu::BindGroup,
}

impl Step {
    pub fn send(&self, pass: &mut wgpu::ComputePass<'_>, groups: [u32; 2]) {
        pass.set_pipeline(&self.pipeline);
        pass.set_bind_group(0, &self.bindings, &[]);
        pass.dispatch_workgroups(groups[0], groups[1], 1);
    }
}

/// Those that draw rows by their gradients.
pub struct Sampling {
    pub sum_pairs: Step,
    pub begin_bar: Step,
    pub write_norms: Step,
    pub sum_below: Step,
    pub lower_bar: Step,
    pub count_drawn: Step,
    pub list_drawn: Step,
}

/// Those that grow trees whose leaves of a level share a test.
pub struct Symmetric {
    pub level_gains: Step,
    pub choose_test: Step,
    pub level_lefts: Step,
    pub next_leaf: Step,
    pub subtract: Step,
}

/// All of them; the shaders say what they do.
pub struct Steps {
    pub gradients: Step,
    pub sampling: Option<Sampling>,
    pub symmetric: Option<Symmetric>,
    pub list: Step,
    pub begin: Step,
    pub sum_sizes: Step,
    pub units: Step,
    pub pack: Step,
    pub histogram: Step,
    pub search: Step,
    /// Where there are categories.
    pub levels: Option<Step>,
    pub choose: Step,
    pub count_left: Step,
    pub place: Step,
    pub sum_leaves: Step,
    pub value_leaves: Step,
    pub route: Step,
    pub route_others: Step,
}

/// `bindings`: buffers by their binding, those that the entry uses.
fn step<'b>(
    device: &Device,
    (name, parts): Kernel,
    entry: &'static str,
    bindings: &[(u32, &'b wgpu::Buffer)],
) -> Step {
    let pipeline = device.pipeline_of(name, parts, entry).raw().clone();
    let resource = |buffer: &'b wgpu::Buffer| buffer.as_entire_binding();
    let entries = bindings.iter().map(|&(binding, buffer)| (binding, resource(buffer)));
    let entries = entries.map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource });
    let bindings = device.raw().0.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.get_bind_group_layout(0),
        entries: &entries.collect::<Vec<_>>(),
    });
    Step { pipeline, bindings }
}

impl Sampling {
    fn new(device: &Device, m: &Memory) -> Self {
        let (fit, tree, state, pairs) = ((0, &m.uniform), (1, &m.tree), (2, &m.state), (3, &m.pairs));
        let (norms, partials, counts, bag) = ((4, &m.norms), (5, &m.partials), (6, &m.lefts), (7, &m.bag));
        let step = |entry, bindings: &[(u32, &wgpu::Buffer)]| step(device, SAMPLING, entry, bindings);
        Self {
            sum_pairs: step("sum_pairs", &[fit, pairs, partials]),
            begin_bar: step("begin_bar", &[fit, state, partials]),
            write_norms: step("write_norms", &[fit, state, pairs, norms]),
            sum_below: step("sum_below", &[fit, state, norms, partials]),
            lower_bar: step("lower_bar", &[fit, state, partials]),
            count_drawn: step("count_drawn", &[fit, tree, state, norms, counts]),
            list_drawn: step("list_drawn", &[fit, tree, state, pairs, norms, counts, bag]),
        }
    }
}

impl Symmetric {
    fn new(device: &Device, m: &Memory) -> Self {
        let (fit, tree, leaves) = ((0, &m.uniform), (1, &m.tree), (3, &m.leaf_list));
        let (state, kinds, used) = ((1, &m.state), (2, &m.kinds), (3, &m.used));
        let (histograms, found, drawn) = ((4, &m.histograms), (5, &m.found), (6, &m.tree));
        let step = |entry, bindings: &[(u32, &wgpu::Buffer)]| step(device, SYMMETRIC, entry, bindings);
        let grow = |entry, bindings: &[(u32, &wgpu::Buffer)]| self::step(device, GROW, entry, bindings);
        let list = (7, &m.leaf_list);
        Self {
            level_gains: step("level_gains", &[fit, state, kinds, used, histograms, found, drawn, list]),
            choose_test: grow("choose_test", &[tree, (2, &m.state), (5, &m.found)]),
            level_lefts: step("level_lefts", &[fit, state, kinds, histograms, found, list]),
            next_leaf: grow("next_leaf", &[fit, (2, &m.state), leaves, (4, &m.nodes), found, (6, &m.kinds)]),
            subtract: step("subtract", &[fit, state, used, histograms]),
        }
    }
}

impl Steps {
    pub fn new(device: &Device, memory: &Memory, categories: bool, sizes: Sizes) -> Self {
        let m = memory;
        let step = |kernel, entry, bindings: &[(u32, &wgpu::Buffer)]| step(device, kernel, entry, bindings);
        let about = [(0, &m.uniform), (1, &m.tree), (2, &m.state), (3, &m.leaf_list)];
        let summed = [&about[..], &[(4, &m.list), (5, &m.pairs), (6, &m.partials)]].concat();
        let chosen = [&about[..], &[(4, &m.nodes), (5, &m.found), (6, &m.kinds)]].concat();
        let packed = [(4, &m.list), (5, &m.pairs), (6, &m.words), (7, &m.checks)];
        let parted = [(0, &m.uniform), (1, &m.state), (2, &m.bins), (3, &m.list), (4, &m.lefts)];
        let rows = [(0, &m.uniform), (1, &m.state), (2, &m.bins), (5, &m.words)];
        let about_features = [(0, &m.uniform), (1, &m.state), (2, &m.kinds), (3, &m.used), (6, &m.tree)];
        let sought = [&about_features[..], &[(4, &m.histograms), (5, &m.found)]].concat();
        let valued = [(0, &m.uniform), (2, &m.state), (3, &m.leaf_list), (6, &m.partials), (7, &m.values)];
        let routed = [(2, &m.state), (3, &m.nodes), (4, &m.kinds), (6, &m.values)];
        let route = |sent, bins, scores| {
            step(ROUTE, "route", &[&routed[..], &[(1, sent), (5, bins), (7, scores)]].concat())
        };
        let made = [(0, &m.uniform), (1, &m.scores), (2, &m.targets), (3, &m.weights), (4, &m.pairs)];
        Self {
            gradients: step(GRADIENTS, "gradients", &made),
            sampling: (sizes.bar_steps > 0).then(|| Sampling::new(device, memory)),
            symmetric: (sizes.levels > 0).then(|| Symmetric::new(device, memory)),
            list: step(GROW, "list", &[(0, &m.uniform), (7, &m.list)]),
            begin: step(GROW, "begin", &[(0, &m.uniform), (2, &m.state), (3, &m.leaf_list)]),
            sum_sizes: step(SUMS, "sum_sizes", &summed),
            units: step(WORDS, "units", &[(0, &m.uniform), (2, &m.state), (3, &m.partials)]),
            pack: step(WORDS, "pack", &[&about[..3], &packed].concat()),
            histogram: step(ROWS, "histogram", &[&rows[..], &[(6, &m.histograms), (7, &m.list)]].concat()),
            search: step(SEARCH, "search", &sought),
            levels: categories.then(|| step(LEVELS, "levels", &sought)),
            choose: step(GROW, "choose", &chosen),
            count_left: step(ROWS, "count_left", &parted),
            place: step(ROWS, "place", &parted),
            sum_leaves: step(SUMS, "sum_leaves", &summed),
            value_leaves: step(SUMS, "value_leaves", &valued),
            route: route(&m.sent, &m.bins, &m.scores),
            route_others: route(&m.other_sent, &m.other_bins, &m.other_scores),
        }
    }
}
