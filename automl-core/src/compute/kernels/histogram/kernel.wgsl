// Sums of words over the rows of a leaf, a bin at a time; see `cpu.rs`, which reads alike.
//
// A workgroup sums a block of rows for four features into tables of its own, then adds these to the leaf's. A word is two
// halves; a carry out of the lower one is seen by whoever's addition made it, so the sum does not depend on the order.

struct Params {
    // Where the leaf's rows begin in `rows`, and how many they are.
    start: u32,
    count: u32,
    // Rows of a block.
    block: u32,
    // Fours of features.
    groups: u32,
}

@group(0) @binding(0) var<uniform> params: Params;
// Bins of four features a word: row × groups.
@group(0) @binding(1) var<storage, read> bins: array<u32>;
@group(0) @binding(2) var<storage, read> rows: array<u32>;
@group(0) @binding(3) var<storage, read> words: array<vec2<u32>>;
// Features × 256 × 2.
@group(0) @binding(4) var<storage, read_write> sums: array<atomic<u32>>;

const LANES: u32 = 4u;
const BINS: u32 = 256u;
const THREADS: u32 = 256u;

var<workgroup> low: array<atomic<u32>, 1024>;
var<workgroup> high: array<atomic<u32>, 1024>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    for (var i = thread; i < LANES * BINS; i += THREADS) {
        atomicStore(&low[i], 0u);
        atomicStore(&high[i], 0u);
    }
    workgroupBarrier();

    let first = group.x * params.block;
    let end = min(first + params.block, params.count);
    for (var at = first + thread; at < end; at += THREADS) {
        let row = rows[params.start + at];
        let word = words[row];
        let record = bins[row * params.groups + group.y];
        for (var lane = 0u; lane < LANES; lane++) {
            let bin = lane * BINS + extractBits(record, lane * 8u, 8u);
            let before = atomicAdd(&low[bin], word.x);
            let carry = select(0u, 1u, before + word.x < before);
            atomicAdd(&high[bin], word.y + carry);
        }
    }
    workgroupBarrier();

    let out = group.y * LANES * BINS;
    for (var i = thread; i < LANES * BINS; i += THREADS) {
        let word = vec2<u32>(atomicLoad(&low[i]), atomicLoad(&high[i]));
        if any(word != vec2<u32>(0u, 0u)) {
            let at = (out + i) * 2u;
            let before = atomicAdd(&sums[at], word.x);
            let carry = select(0u, 1u, before + word.x < before);
            atomicAdd(&sums[at + 1u], word.y + carry);
        }
    }
}
