// needs: double/double.wgsl, boosting/layout.wgsl
// Adds to scores what the leaf of each row says: the splits of the tree are gone through in the order in which they were made.
//
// Where features lie in several tiles, 32 splits are gone through at a time: for each tile it is noted which of those on its
// features send a row left, then the row is led on by all of them.

@group(0) @binding(0) var<uniform> tile: Tile;
@group(0) @binding(1) var<uniform> sent: Sent;
@group(0) @binding(2) var<storage, read> state: State;
@group(0) @binding(3) var<storage, read> nodes: array<Node>;
@group(0) @binding(4) var<storage, read> features: array<Feature>;
// Of the tile.
@group(0) @binding(5) var<storage, read> bins: array<u32>;
// Singles, one a leaf.
@group(0) @binding(6) var<storage, read> values: array<u32>;
@group(0) @binding(7) var<storage, read_write> scores: array<Double>;
@group(0) @binding(8) var<storage, read_write> ways: array<Way>;

struct Sent {
    rows: u32,
    output: u32,
}

// Of a row on its way: a bit a split, whether it sends the row left; the leaf so far in the lower half of `place`, the next
// split in the upper one. All 0 before the first.
struct Way {
    lefts: u32,
    place: u32,
}

const AT_ONCE: u32 = 32u;
const ARRIVED: u32 = 0xffffu;

fn sends_left(node: u32, row: u32) -> bool {
    let feature = features[nodes[node].found.feature];
    let bin = extractBits(bins[(feature.group - tile.first) * sent.rows + row], feature.shift, width(tile, feature.group));
    return extractBits(nodes[node].found.side[bin >> 5u], bin & 31u, 1u) == 1u;
}

fn add(row: u32, leaf: u32) {
    let at = sent.output * sent.rows + row;
    scores[at] = sum(scores[at], from_single(values[leaf]));
}

@compute @workgroup_size(GROUP)
fn route(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var row = id.x; row < sent.rows; row += groups.x * GROUP) {
        var leaf = 0u;
        for (var i = 0u; i < state.nodes; i++) {
            if nodes[i].leaf == leaf && !sends_left(i, row) { leaf = i + 1u; }
        }
        add(row, leaf);
    }
}

@compute @workgroup_size(GROUP)
fn look(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var row = id.x; row < sent.rows; row += groups.x * GROUP) {
        let first = ways[row].place >> 16u;
        var lefts = ways[row].lefts;
        for (var i = first; i < min(first + AT_ONCE, state.nodes); i++) {
            if is_in(tile, features[nodes[i].found.feature].group) && sends_left(i, row) { lefts |= 1u << (i - first); }
        }
        ways[row].lefts = lefts;
    }
}

@compute @workgroup_size(GROUP)
fn lead(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var row = id.x; row < sent.rows; row += groups.x * GROUP) {
        let way = ways[row];
        let first = way.place >> 16u;
        if first == ARRIVED { continue; }
        var leaf = way.place & 0xffffu;
        for (var i = first; i < min(first + AT_ONCE, state.nodes); i++) {
            if nodes[i].leaf == leaf && extractBits(way.lefts, i - first, 1u) == 0u { leaf = i + 1u; }
        }
        var next = first + AT_ONCE;
        if next >= state.nodes {
            add(row, leaf);
            next = ARRIVED;
        }
        ways[row] = Way(0u, leaf | (next << 16u));
    }
}
