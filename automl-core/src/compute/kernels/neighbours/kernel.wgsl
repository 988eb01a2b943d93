// Squared distances of asked rows to known rows, a tile of 64 x 64 a workgroup, and then the few known rows that can be among
// an asked row's nearest, a workgroup an asked row.
//
// Distances are here for sifting only: their last digits are a card's own. How far these may lie apart is in `slack` and
// `least`, so that whoever computes the few distances again finds all that are nearest among them; see `mod.rs`.

struct About {
    // Rows that are asked about, and known rows.
    asked: u32,
    rows: u32,
    features: u32,
    // Nearest ones that are sought: at most as many as there are rows.
    k: u32,
    // Places for the found ones of an asked row.
    room: u32,
    // What is added to the bits of the k-th smallest distance, and what these are at least.
    slack: u32,
    least: u32,
    unused: u32,
}

@group(0) @binding(0) var<uniform> about: About;
// Row-major.
@group(0) @binding(1) var<storage, read> asked: array<f32>;
@group(0) @binding(2) var<storage, read> cells: array<f32>;
// Bits of distances, asked rows x rows: of numbers that are not negative, larger ones have larger bits.
@group(0) @binding(3) var<storage, read_write> distances: array<u32>;
// Of each asked row how many were found, and which; more than there is room for are counted only.
@group(0) @binding(4) var<storage, read_write> found: array<u32>;

const GROUP: u32 = 256u;
const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
// Rows of the workgroup's memory, apart so that threads that write down a column do not meet in one bank.
const STRIDE: u32 = 65u;

// Features x rows.
var<workgroup> left: array<f32, 1040>;
var<workgroup> right: array<f32, 1040>;

fn four(at: u32, from_left: bool) -> vec4<f32> {
    if from_left { return vec4<f32>(left[at], left[at + 1u], left[at + 2u], left[at + 3u]); }
    return vec4<f32>(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
}

fn load(thread: u32, first_asked: u32, first_row: u32, first_feature: u32) {
    for (var i = 0u; i < 4u; i++) {
        let place = thread + i * GROUP;
        let row = place / DEPTH;
        let depth = place % DEPTH;
        let feature = first_feature + depth;
        var cell = vec2<f32>(0.0, 0.0);
        if feature < about.features {
            if first_asked + row < about.asked { cell.x = asked[(first_asked + row) * about.features + feature]; }
            if first_row + row < about.rows { cell.y = cells[(first_row + row) * about.features + feature]; }
        }
        left[depth * STRIDE + row] = cell.x;
        right[depth * STRIDE + row] = cell.y;
    }
}

fn store(row: u32, first: u32, sums: vec4<f32>) {
    if row >= about.asked { return; }
    let at = row * about.rows + first;
    if first < about.rows { distances[at] = bitcast<u32>(sums.x); }
    if first + 1u < about.rows { distances[at + 1u] = bitcast<u32>(sums.y); }
    if first + 2u < about.rows { distances[at + 2u] = bitcast<u32>(sums.z); }
    if first + 3u < about.rows { distances[at + 3u] = bitcast<u32>(sums.w); }
}

@compute @workgroup_size(GROUP)
fn measure(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let first_asked = group.y * TILE;
    let first_row = group.x * TILE;
    let down = 4u * (thread / 16u);
    let along = 4u * (thread % 16u);
    var a = vec4<f32>();
    var b = vec4<f32>();
    var c = vec4<f32>();
    var d = vec4<f32>();
    for (var feature = 0u; feature < about.features; feature += DEPTH) {
        load(thread, first_asked, first_row, feature);
        workgroupBarrier();
        for (var depth = 0u; depth < DEPTH; depth++) {
            let l = four(depth * STRIDE + down, true);
            let r = four(depth * STRIDE + along, false);
            a += (l.x - r) * (l.x - r);
            b += (l.y - r) * (l.y - r);
            c += (l.z - r) * (l.z - r);
            d += (l.w - r) * (l.w - r);
        }
        workgroupBarrier();
    }
    store(first_asked + down, first_row + along, a);
    store(first_asked + down + 1u, first_row + along, b);
    store(first_asked + down + 2u, first_row + along, c);
    store(first_asked + down + 3u, first_row + along, d);
}

// How many distances have each value of the byte that is looked at.
var<workgroup> counts: array<atomic<u32>, 256>;
// The byte of the k-th smallest, and the how many-th it is among those that have it.
var<workgroup> part: vec2<u32>;
var<workgroup> taken: atomic<u32>;

// The k-th smallest distance by its bytes, the highest first; then all that are not more than that by more than the slack.
@compute @workgroup_size(GROUP)
fn choose(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let at = group.x * about.rows;
    var known = 0u;
    var rank = about.k;
    for (var round = 0u; round < 4u; round++) {
        let shift = 24u - 8u * round;
        atomicStore(&counts[thread], 0u);
        workgroupBarrier();
        for (var row = thread; row < about.rows; row += GROUP) {
            let bits = distances[at + row];
            if round == 0u || (bits >> (shift + 8u)) == (known >> (shift + 8u)) {
                atomicAdd(&counts[(bits >> shift) & 255u], 1u);
            }
        }
        workgroupBarrier();
        if thread == 0u {
            var below = 0u;
            var byte = 0u;
            while byte < 255u && below + atomicLoad(&counts[byte]) < rank {
                below += atomicLoad(&counts[byte]);
                byte += 1u;
            }
            part = vec2<u32>(byte, rank - below);
        }
        let next = workgroupUniformLoad(&part);
        known |= next.x << shift;
        rank = next.y;
    }
    let bound = max(known, about.least) + about.slack;
    if thread == 0u { atomicStore(&taken, 0u); }
    workgroupBarrier();
    let to = group.x * (about.room + 1u);
    for (var row = thread; row < about.rows; row += GROUP) {
        if distances[at + row] <= bound {
            let place = atomicAdd(&taken, 1u);
            if place < about.room { found[to + 1u + place] = row; }
        }
    }
    workgroupBarrier();
    if thread == 0u { found[to] = atomicLoad(&taken); }
}
