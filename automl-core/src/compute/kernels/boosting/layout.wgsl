// needs: double/double.wgsl
// What the kernels of boosting share: numbers of a fit, of a tree, and the state of the tree that grows. `layout.rs` writes and
// reads the same.

const GROUP: u32 = 256u;
// Rows whose gradients are summed by one workgroup, lane by lane: see `tree::lanes`.
const CHUNK: u32 = 4096u;
const SUM_LANES: u32 = 64u;
const BINS: u32 = 256u;
// Features of a word of bins, and of one of half bytes, for features of so few bins.
const PACKED: u32 = 4u;
const NARROW_PACKED: u32 = 8u;
const NARROW_BINS: u32 = 16u;
const NONE: u32 = 0xffffffffu;

struct Fit {
    rows: u32,
    // Rows that a tree is grown on, or at most where these are drawn by their gradients.
    listed: u32,
    outputs: u32,
    objective: u32,
    count_bits: u32,
    hessian_bits: u32,
    max_leaves: u32,
    max_depth: u32,
    by_depth: u32,
    min_rows: u32,
    has_hessian: u32,
    weighted: u32,
    features: u32,
    // Whether one cut of a feature is tried, a random one.
    random_cuts: u32,
    // Fewest rows of a level that is grouped, and of the levels between two tried groupings.
    level_rows: u32,
    group_rows: u32,
    // Whether a round's rows are drawn by their gradients.
    by_gradients: u32,
    // Of a tree whose leaves of a level share a test, else 0.
    levels: u32,
    l1: Double,
    l2: Double,
    rate: Double,
    min_gain: Double,
    min_hessian: Double,
    // Largest step before the rate, and after it.
    max_delta: Double,
    most: Double,
    // Of the hessians of several classes.
    factor: Double,
    // What Σ|gradient| and Σ hessian may be in units of their own.
    gradient_room: Double,
    hessian_room: Double,
    // 1 and the least share of a leaf's score that a gain has to be.
    bar: Double,
    // Of groups of levels: the penalty in place of l2, and what their order is shrunk by.
    cat_l2: Double,
    cat_smooth: Double,
    // Of Tweedie's loss: the powers of its terms.
    first_power: Double,
    second_power: Double,
    // How many rows are to be drawn by their gradients.
    wanted: Double,
}

struct Tree {
    // Of the random numbers that gradients are rounded with.
    seed: Wide,
    output: u32,
    // How many features it may use.
    used: u32,
    // Of the random numbers that features of a split, and cuts, are drawn by.
    draws: Wide,
    // How many of its features a split may use.
    drawn: u32,
    unused: u32,
    // Of those that a round's rows are drawn by.
    rows_seed: Wide,
}

// Of the tree: what one unit of its whole numbers is, and rules in these units.
struct Units {
    gradient: Double,
    hessian: Double,
    per_gradient: Double,
    per_hessian: Double,
    l1: Double,
    l2: Double,
    // True gain of one unit.
    gain: Double,
    min_gain: Double,
    cat_l2: Double,
    cat_smooth: Double,
    min_hessian: u32,
    unused: u32,
}

// What the next kernels are to do.
struct Now {
    // Rows that are parted: where, how many, how many go left; none where there is no leaf to split any more.
    start: u32,
    count: u32,
    left: u32,
    // By which bins: the word of a row, and the bin's first bit in it.
    group: u32,
    shift: u32,
    // Rows that are summed: the smaller of the new leaves.
    sum_start: u32,
    sum_count: u32,
    unused: u32,
    // The bins that go left.
    side: array<u32, 8>,
    // Histograms of the smaller and of the larger leaf, the latter of which is still that of both.
    slots: vec2<u32>,
    // Their numbers, and which of them are searched.
    leaves: vec2<u32>,
    open: vec2<u32>,
}

struct State {
    units: Units,
    now: Now,
    leaves: u32,
    nodes: u32,
    // Rows that the tree is grown on.
    listed: u32,
    // Of rows that are drawn by their gradients: whether `bar` is found, from which on a row's norm is certain to be drawn, and
    // by how much hessians count in norms.
    done: u32,
    bar: Double,
    step: Double,
    // Where leaves of a level share a test: how many levels have one, or NONE where there is no more; the level's leaves, the
    // next of them to be split, and their test, in which `left` says whether rows miss the feature.
    level: u32,
    end: u32,
    next: u32,
    unused: u32,
    test: Found,
}

struct Leaf {
    // Where its rows lie, in one or the other half of `rows`.
    start: u32,
    count: u32,
    depth: u32,
    slot: u32,
    // Its split, where it has one.
    found: Found,
}

// A split: what it gains, of which feature, up to which bin where that is a number, whether missing rows go left, the sums of
// those that do, and all bins that go left, a bit a bin.
struct Found {
    gain: Double,
    left: Wide,
    feature: u32,
    last: u32,
    missing_left: u32,
    // 1 where there is one.
    there: u32,
    side: array<u32, 8>,
}

// A leaf that was split; the new leaf on the right has the number of nodes and leaves before it.
struct Node {
    found: Found,
    leaf: u32,
    unused: u32,
}

// A feature: its word of a row, the first bit there, the number of its bins, and whether they are levels.
struct Feature {
    group: u32,
    shift: u32,
    bins: u32,
    categorical: u32,
}

// Features whose bins and histograms lie in buffers of their own, where one binding does not hold all: the first of their words
// in a row, and how many words. Kernels that are sent for one leave alone what lies in others.
struct Tile {
    first: u32,
    groups: u32,
    // The first word of half bytes, of all tiles'.
    narrow: u32,
}

fn is_in(tile: Tile, group: u32) -> bool {
    return group - tile.first < tile.groups;
}

// Bits of a bin in a word.
fn width(tile: Tile, group: u32) -> u32 {
    return select(8u, 4u, group >= tile.narrow);
}

// Sums of a leaf's histogram that come before those of a word's features.
fn sums_before(tile: Tile, group: u32) -> u32 {
    let wide = min(group, tile.narrow);
    return wide * PACKED * BINS + (group - wide) * NARROW_PACKED * NARROW_BINS;
}

// Where a leaf's histogram of the tile begins.
fn histogram_of(tile: Tile, slot: u32) -> u32 {
    let first = sums_before(tile, tile.first);
    return slot * (sums_before(tile, tile.first + tile.groups) - first) - first;
}

// 64 random bits of a place: SplitMix64 (Steele, Lea and Flood, 2014), as in `numeric/rng.rs`.
fn of_place(seed: Wide, place: u32) -> Wide {
    var z = wide_sum(seed, wide_times(Wide(place + 1u, 0u), Wide(0x7f4a7c15u, 0x9e3779b9u)));
    z = wide_times(z ^ wide_right(z, 30u), Wide(0x1ce4e5b9u, 0xbf58476du));
    z = wide_times(z ^ wide_right(z, 27u), Wide(0x133111ebu, 0x94d049bbu));
    return z ^ wide_right(z, 31u);
}
