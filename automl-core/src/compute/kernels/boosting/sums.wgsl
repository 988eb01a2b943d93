// needs: double/double.wgsl, boosting/layout.wgsl, boosting/lanes.wgsl
// Sums of gradients and hessians of each leaf's rows, in the fixed order of `tree::lanes`: a workgroup takes a chunk of a
// leaf, and each of its lanes every 64th row.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<uniform> tree: Tree;
@group(0) @binding(2) var<storage, read> state: State;
@group(0) @binding(3) var<storage, read> leaves: array<Leaf>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> pairs: array<vec2<u32>>;
// One a chunk, leaf by leaf.
@group(0) @binding(6) var<storage, read_write> partials: array<vec4<u32>>;
// Singles.
@group(0) @binding(7) var<storage, read_write> values: array<u32>;

fn chunks_of(leaf: u32) -> u32 {
    return (leaves[leaf].count + CHUNK - 1u) / CHUNK;
}

fn sum_chunk(group: u32, lane: u32, sign: u32) {
    var leaf = 0u;
    var chunk = group;
    while leaf < state.leaves && chunk >= chunks_of(leaf) {
        chunk -= chunks_of(leaf);
        leaf++;
    }
    if leaf == state.leaves { return; }
    let start = leaves[leaf].start;
    let end = min((chunk + 1u) * CHUNK, leaves[leaf].count);
    var total = vec4<u32>(0u);
    for (var at = chunk * CHUNK + lane; at < end; at += SUM_LANES) {
        let pair = pairs[tree.output * fit.rows + rows[start + at]];
        total = vec4<u32>(sum(total.xy, from_single(pair.x & ~sign)), sum(total.zw, from_single(pair.y)));
    }
    fold(lane, total);
    if lane == 0u { partials[group] = sums[0]; }
}

// Σ|gradient| and Σ hessian.
@compute @workgroup_size(SUM_LANES)
fn sum_sizes(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    sum_chunk(group.x, lane, SIGN);
}

@compute @workgroup_size(SUM_LANES)
fn sum_leaves(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    sum_chunk(group.x, lane, 0u);
}

// What a leaf adds to scores: `gbt/leaves.rs` to the bit.
fn value_of(gradient: Double, hessian: Double) -> u32 {
    let weight = sum(hessian, fit.l2);
    var step = Double(0u, 0u);
    if less(Double(0u, 0u), weight) {
        var size = difference(absolute(gradient), fit.l1);
        if size.y >= SIGN { size = Double(0u, 0u); }
        size = quotient(size, weight);
        let positive = less(Double(0u, 0u), gradient) && !is_zero(size);
        step = select(size, negated(size), positive);
        if !is_zero(fit.max_delta) { step = within(step, fit.max_delta); }
    }
    return to_single(within(product(step, fit.rate), fit.most));
}

fn within(a: Double, most: Double) -> Double {
    if less(most, absolute(a)) { return Double(most.x, most.y | (a.y & SIGN)); }
    return a;
}

// A workgroup a leaf.
@compute @workgroup_size(SUM_LANES)
fn value_leaves(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    if group.x >= state.leaves { return; }
    var first = 0u;
    for (var leaf = 0u; leaf < group.x; leaf++) { first += chunks_of(leaf); }
    var total = vec4<u32>(0u);
    for (var chunk = lane; chunk < chunks_of(group.x); chunk += SUM_LANES) {
        let more = partials[first + chunk];
        total = both(total, more);
    }
    fold(lane, total);
    if lane == 0u { values[group.x] = value_of(sums[0].xy, sums[0].zw); }
}
