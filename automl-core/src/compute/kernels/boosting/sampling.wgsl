// needs: double/double.wgsl, boosting/layout.wgsl, boosting/lanes.wgsl, boosting/blocks.wgsl
// Draws the rows of a round by their gradients: `gbt/sampling.rs` to the bit.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<uniform> tree: Tree;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read_write> pairs: array<vec2<u32>>;
@group(0) @binding(4) var<storage, read_write> norms: array<Double>;
// One a chunk.
@group(0) @binding(5) var<storage, read_write> partials: array<vec4<u32>>;
// How many rows of each block are drawn.
@group(0) @binding(6) var<storage, read_write> counts: array<u32>;
@group(0) @binding(7) var<storage, read_write> bag: array<u32>;

// Σ|gradient| and Σ hessian of each chunk's rows.
@compute @workgroup_size(SUM_LANES)
fn sum_pairs(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let end = min((group.x + 1u) * CHUNK, fit.rows);
    var total = vec4<u32>(0u);
    for (var row = group.x * CHUNK + lane; row < end; row += SUM_LANES) {
        var of_row = vec4<u32>(0u);
        for (var output = 0u; output < fit.outputs; output++) {
            let pair = pairs[output * fit.rows + row];
            of_row = both(of_row, vec4<u32>(from_single(pair.x & ~SIGN), from_single(pair.y)));
        }
        total = both(total, of_row);
    }
    fold(lane, total);
    if lane == 0u { partials[group.x] = sums[0]; }
}

fn fold_chunks(lane: u32) {
    var total = vec4<u32>(0u);
    for (var chunk = lane; chunk < (fit.rows + CHUNK - 1u) / CHUNK; chunk += SUM_LANES) {
        total = both(total, partials[chunk]);
    }
    fold(lane, total);
}

@compute @workgroup_size(SUM_LANES)
fn begin_bar(@builtin(local_invocation_index) lane: u32) {
    fold_chunks(lane);
    if lane != 0u { return; }
    state.step = Double(0u, 0u);
    if less(Double(0u, 0u), sums[0].zw) { state.step = quotient(sums[0].xy, sums[0].zw); }
    state.bar = Double(0u, 0x7ff00000u); // infinite
    state.done = 0u;
}

@compute @workgroup_size(GROUP)
fn write_norms(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let factor = product(state.step, state.step);
    for (var row = id.x; row < fit.rows; row += groups.x * GROUP) {
        var squares = vec4<u32>(0u);
        for (var output = 0u; output < fit.outputs; output++) {
            let pair = pairs[output * fit.rows + row];
            let g = from_single(pair.x);
            let h = from_single(pair.y);
            squares = both(squares, vec4<u32>(product(g, g), product(h, h)));
        }
        norms[row] = root(sum(squares.xy, product(factor, squares.zw)));
    }
}

// Of each chunk, the sum of the norms below the bar, and how many are not.
@compute @workgroup_size(SUM_LANES)
fn sum_below(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) lane: u32) {
    let end = select(min((group.x + 1u) * CHUNK, fit.rows), 0u, state.done == 1u);
    let bar = state.bar;
    var total = vec4<u32>(0u);
    for (var row = group.x * CHUNK + lane; row < end; row += SUM_LANES) {
        let norm = norms[row];
        if less(norm, bar) {
            total = vec4<u32>(sum(total.xy, norm), total.zw);
        } else {
            total = vec4<u32>(total.xy, sum(total.zw, ONE));
        }
    }
    fold(lane, total);
    if lane == 0u { partials[group.x] = sums[0]; }
}

@compute @workgroup_size(SUM_LANES)
fn lower_bar(@builtin(local_invocation_index) lane: u32) {
    fold_chunks(lane);
    if lane != 0u || state.done == 1u { return; }
    let left = difference(fit.wanted, sums[0].zw);
    state.done = 1u;
    if less(Double(0u, 0u), left) {
        let next = quotient(sums[0].xy, left);
        if less(Double(0u, 0u), next) && less(next, state.bar) {
            state.bar = next;
            state.done = 0u;
        }
    }
}

fn probability(row: u32) -> Double {
    let norm = norms[row];
    if less(norm, state.bar) { return quotient(norm, state.bar); }
    return ONE;
}

fn is_drawn(row: u32) -> bool {
    var uniform_bits = from_wide(wide_right(of_place(tree.rows_seed, row), 11u));
    if !is_zero(uniform_bits) { uniform_bits.y -= 53u << 20u; }
    return less(uniform_bits, probability(row));
}

@compute @workgroup_size(GROUP)
fn count_drawn(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let block = block_of(fit.rows, groups.x);
    let first = group.x * block;
    var drawn = 0u;
    for (var row = first + thread; row < min(first + block, fit.rows); row += GROUP) {
        if is_drawn(row) { drawn += 1u; }
    }
    let total = scanned(thread, drawn);
    if thread == GROUP - 1u { counts[group.x] = total; }
}

// Lists the drawn rows, and divides their pairs by their probabilities.
@compute @workgroup_size(GROUP)
fn list_drawn(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let block = block_of(fit.rows, groups.x);
    let first = group.x * block;
    var before = 0u;
    for (var other = thread; other < group.x; other += GROUP) { before += counts[other]; }
    _ = scanned(thread, before);
    before = workgroupUniformLoad(&scan[GROUP - 1u]);
    for (var turn = first; turn < min(first + block, fit.rows); turn += GROUP) {
        let row = turn + thread;
        let drawn = row < fit.rows && is_drawn(row);
        let place = before + scanned(thread, select(0u, 1u, drawn)) - 1u;
        if drawn {
            bag[place] = row;
            let by = probability(row);
            for (var output = 0u; output < fit.outputs; output++) {
                let at = output * fit.rows + row;
                let g = quotient(from_single(pairs[at].x), by);
                pairs[at] = vec2<u32>(to_single(g), to_single(quotient(from_single(pairs[at].y), by)));
            }
        }
        before += workgroupUniformLoad(&scan[GROUP - 1u]);
    }
    if group.x == groups.x - 1u && thread == 0u { state.listed = before; }
}
