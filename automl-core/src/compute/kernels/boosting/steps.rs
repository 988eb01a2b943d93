//! The kernels of boosting with what they work on.

use super::memory::{Memory, Sizes, Tile};
use super::{GRADIENTS, GROW, Kernel, LEVELS, ROUTE, ROWS, SAMPLING, SEARCH, SUMS, SYMMETRIC, WORDS};
use crate::compute::gpu::{Device, Pipeline};

/// A kernel with its bindings.
pub struct Step {
    pipeline: Pipeline,
    bindings: wgpu::BindGroup,
}

impl Step {
    pub fn send(&self, pass: &mut wgpu::ComputePass<'_>, groups: [u32; 2]) {
        self.pipeline.send(pass, &self.bindings, &[], [groups[0], groups[1], 1]);
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
    pub choose_test: Step,
    pub next_leaf: Step,
}

/// The same for one tile.
pub struct TiledSymmetric {
    pub level_gains: Step,
    pub level_lefts: Step,
    pub subtract: Step,
}

/// Those that see bins or histograms, for one tile.
pub struct Tiled {
    pub groups: u32,
    pub histogram: Step,
    pub search: Step,
    /// Where there are categories.
    pub levels: Option<Step>,
    pub symmetric: Option<TiledSymmetric>,
    pub count_left: Step,
    pub place: Step,
    /// For the rows that train, and for the others; where there are several tiles.
    pub looks: Option<[Step; 2]>,
}

/// Those that add to the scores of the rows that train, or of the others.
pub enum Route {
    /// Where there is one tile.
    Whole(Step),
    /// Where there are several, after each tile has looked at the rows.
    Lead(Step),
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
    pub choose: Step,
    pub sum_leaves: Step,
    pub value_leaves: Step,
    pub tiled: Vec<Tiled>,
    pub routes: [Route; 2],
}

/// `bindings`: buffers by their binding, those that the entry uses.
fn step<'b>(
    device: &Device,
    (name, parts): Kernel,
    entry: &'static str,
    bindings: &[(u32, &'b wgpu::Buffer)],
) -> Step {
    let pipeline = device.pipeline_of(name, parts, entry);
    let resource = |buffer: &'b wgpu::Buffer| buffer.as_entire_binding();
    let entries = bindings.iter().map(|&(binding, buffer)| (binding, resource(buffer)));
    let entries = entries.map(|(binding, resource)| wgpu::BindGroupEntry { binding, resource });
    let bindings = device.raw().0.create_bind_group(&wgpu::BindGroupDescriptor {
        label: None,
        layout: &pipeline.raw().get_bind_group_layout(0),
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
        let (state, leaves, found) = ((2, &m.state), (3, &m.leaf_list), (5, &m.found));
        let step = |entry, bindings: &[(u32, &wgpu::Buffer)]| step(device, GROW, entry, bindings);
        Self {
            choose_test: step("choose_test", &[(1, &m.tree), state, found]),
            next_leaf: step(
                "next_leaf",
                &[(0, &m.uniform), state, leaves, (4, &m.nodes), found, (6, &m.kinds)],
            ),
        }
    }
}

impl TiledSymmetric {
    fn new(device: &Device, m: &Memory, tile: &Tile) -> Self {
        let (fit, state, kinds, used) = ((0, &m.uniform), (1, &m.state), (2, &m.kinds), (3, &m.used));
        let (histograms, found, about) = ((4, &tile.histograms), (5, &m.found), (8, &tile.about));
        let (tree, list) = ((6, &m.tree), (7, &m.leaf_list));
        let step = |entry, bindings: &[(u32, &wgpu::Buffer)]| step(device, SYMMETRIC, entry, bindings);
        Self {
            level_gains: step(
                "level_gains",
                &[fit, state, kinds, used, histograms, found, tree, list, about],
            ),
            level_lefts: step("level_lefts", &[fit, state, kinds, histograms, found, list, about]),
            subtract: step("subtract", &[state, kinds, used, histograms, about]),
        }
    }
}

impl Tiled {
    fn new(device: &Device, m: &Memory, tile: &Tile, categories: bool, sizes: Sizes) -> Self {
        let step = |kernel, entry, bindings: &[(u32, &wgpu::Buffer)]| step(device, kernel, entry, bindings);
        let (fit, state, about) = ((0, &m.uniform), (1, &m.state), (8, &tile.about));
        let parted = [fit, state, (2, &tile.bins), (3, &m.list), (4, &m.lefts), about];
        let summed = [fit, state, (2, &tile.bins), (5, &m.words), (6, &tile.histograms), (7, &m.list), about];
        let features = [fit, state, (2, &m.kinds), (3, &m.used), (6, &m.tree), about];
        let sought = [&features[..], &[(4, &tile.histograms), (5, &m.found)]].concat();
        let look = |sent, bins, ways| {
            let looked = [(0, &tile.about), (1, sent), (2, &m.state), (3, &m.nodes), (4, &m.kinds)];
            step(ROUTE, "look", &[&looked[..], &[(5, bins), (8, ways)]].concat())
        };
        Self {
            groups: tile.groups,
            histogram: step(ROWS, "histogram", &summed),
            search: step(SEARCH, "search", &sought),
            levels: categories.then(|| step(LEVELS, "levels", &sought)),
            symmetric: (sizes.levels > 0).then(|| TiledSymmetric::new(device, m, tile)),
            count_left: step(ROWS, "count_left", &parted),
            place: step(ROWS, "place", &parted),
            looks: (m.tiles.len() > 1).then(|| {
                [look(&m.sent, &tile.bins, &m.ways[0]), look(&m.other_sent, &tile.other_bins, &m.ways[1])]
            }),
        }
    }
}

impl Route {
    /// `bins`: those of a tile.
    fn new(
        device: &Device,
        m: &Memory,
        [sent, scores, ways]: [&wgpu::Buffer; 3],
        bins: fn(&Tile) -> &wgpu::Buffer,
    ) -> Self {
        let added = [(1, sent), (2, &m.state), (3, &m.nodes), (6, &m.values), (7, scores)];
        let step =
            |entry, more: &[(u32, &wgpu::Buffer)]| step(device, ROUTE, entry, &[&added[..], more].concat());
        match &m.tiles[..] {
            [tile] => Self::Whole(step("route", &[(0, &tile.about), (4, &m.kinds), (5, bins(tile))])),
            _ => Self::Lead(step("lead", &[(8, ways)])),
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
        let valued = [(0, &m.uniform), (2, &m.state), (3, &m.leaf_list), (6, &m.partials), (7, &m.values)];
        let tiled = m.tiles.iter().map(|tile| Tiled::new(device, m, tile, categories, sizes));
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
            choose: step(GROW, "choose", &chosen),
            sum_leaves: step(SUMS, "sum_leaves", &summed),
            value_leaves: step(SUMS, "value_leaves", &valued),
            tiled: tiled.collect(),
            routes: [
                Route::new(device, m, [&m.sent, &m.scores, &m.ways[0]], |tile| &tile.bins),
                Route::new(device, m, [&m.other_sent, &m.other_scores, &m.ways[1]], |tile| &tile.other_bins),
            ],
        }
    }
}
