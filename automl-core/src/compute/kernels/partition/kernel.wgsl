// Parts the rows of a leaf, those that go left first, each side in the order that it had; see `cpu.rs`.
//
// In three steps: how many of each block go left; where each block's begin; each row to its place.

struct Params {
    // Where the leaf's rows begin in `rows`, and how many they are.
    start: u32,
    count: u32,
    // Blocks of `BLOCK` rows.
    blocks: u32,
    // The word of a row that holds the feature's bin, of `groups`, and the bin's first bit in it.
    group: u32,
    groups: u32,
    shift: u32,
    // How many go left.
    left: u32,
    unused: u32,
    // A bit a bin: set where it goes left.
    side: array<vec4<u32>, 2>,
}

@group(0) @binding(0) var<uniform> params: Params;
@group(0) @binding(1) var<storage, read> bins: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read_write> parted: array<u32>;
// How many rows of a block go left; then how many of those before it.
@group(0) @binding(4) var<storage, read_write> lefts: array<u32>;

const THREADS: u32 = 256u;
const BLOCK: u32 = 256u;

var<workgroup> scan: array<u32, 256>;

fn goes_left(at: u32) -> bool {
    let bin = extractBits(bins[rows[params.start + at] * params.groups + params.group], params.shift, 8u);
    return (params.side[bin >> 7u][(bin >> 5u) & 3u] >> (bin & 31u) & 1u) == 1u;
}

// Of the numbers of the threads, the sums up to each, itself included.
fn scanned(thread: u32, value: u32) -> u32 {
    scan[thread] = value;
    workgroupBarrier();
    for (var step = 1u; step < THREADS; step <<= 1u) {
        var before = 0u;
        if thread >= step { before = scan[thread - step]; }
        workgroupBarrier();
        scan[thread] += before;
        workgroupBarrier();
    }
    return scan[thread];
}

@compute @workgroup_size(THREADS)
fn count(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let at = group.x * BLOCK + thread;
    var left = 0u;
    if at < params.count && goes_left(at) { left = 1u; }
    let sum = scanned(thread, left);
    if thread == THREADS - 1u { lefts[group.x] = sum; }
}

@compute @workgroup_size(THREADS)
fn offset(@builtin(local_invocation_index) thread: u32) {
    var before = 0u;
    for (var first = 0u; first < params.blocks; first += THREADS) {
        let block = first + thread;
        var left = 0u;
        if block < params.blocks { left = lefts[block]; }
        let sum = scanned(thread, left);
        if block < params.blocks { lefts[block] = before + sum - left; }
        before += workgroupUniformLoad(&scan[THREADS - 1u]);
    }
}

@compute @workgroup_size(THREADS)
fn place(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let at = group.x * BLOCK + thread;
    let is_row = at < params.count;
    var left = 0u;
    if is_row && goes_left(at) { left = 1u; }
    let sum = scanned(thread, left);
    if !is_row { return; }
    let lefts_before = lefts[group.x] + sum - left;
    let to = select(params.left + at - lefts_before, lefts_before, left == 1u);
    parted[params.start + to] = rows[params.start + at];
}
