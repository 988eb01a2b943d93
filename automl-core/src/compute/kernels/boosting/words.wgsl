// needs: double/double.wgsl, boosting/layout.wgsl, boosting/lanes.wgsl
// The units of a tree's whole numbers, and the words of its rows: `tree/packing.rs` to the bit.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<uniform> tree: Tree;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read> partials: array<vec4<u32>>;
@group(0) @binding(4) var<storage, read> rows: array<u32>;
@group(0) @binding(5) var<storage, read> pairs: array<vec2<u32>>;
@group(0) @binding(6) var<storage, read_write> words: array<Wide>;
// Σ|gradient| and Σ hessian in units, lower and upper halves.
@group(0) @binding(7) var<storage, read_write> checks: array<atomic<u32>, 4>;

fn unit_for(total: Double, room: Double) -> Double {
    if less(Double(0u, 0u), total) { return quotient(total, room); }
    return ONE;
}

// Up to 2³² − 1, at least 1.
fn least_whole(a: Double) -> u32 {
    if !less(a, Double(0u, 0x41e00000u)) { return 0x7fffffffu; }
    let above = wide_negated(floor_of(negated(a)));
    return max(above.x, 1u);
}

@compute @workgroup_size(SUM_LANES)
fn units(@builtin(local_invocation_index) lane: u32) {
    let chunks = (state.listed + CHUNK - 1u) / CHUNK;
    var total = vec4<u32>(0u);
    for (var chunk = lane; chunk < chunks; chunk += SUM_LANES) {
        total = both(total, partials[chunk]);
    }
    fold(lane, total);
    if lane == 0u {
        var units: Units;
        units.gradient = unit_for(sums[0].xy, fit.gradient_room);
        units.hessian = ONE;
        if fit.has_hessian == 1u { units.hessian = unit_for(sums[0].zw, fit.hessian_room); }
        units.per_gradient = quotient(ONE, units.gradient);
        units.per_hessian = quotient(ONE, units.hessian);
        units.l1 = quotient(fit.l1, units.gradient);
        units.l2 = quotient(fit.l2, units.hessian);
        units.gain = quotient(product(units.gradient, units.gradient), units.hessian);
        units.min_gain = quotient(fit.min_gain, units.gain);
        units.cat_l2 = quotient(fit.cat_l2, units.hessian);
        units.cat_smooth = quotient(fit.cat_smooth, units.hessian);
        units.min_hessian = least_whole(quotient(fit.min_hessian, units.hessian));
        state.units = units;
    }
}

// 32 bits as a share of 2³².
fn share(bits: u32) -> Double {
    let whole = from_u32(bits);
    if bits == 0u { return whole; }
    return Double(whole.x, whole.y - (32u << 20u));
}

fn rounded_down(number: u32, per_unit: Double, bits: u32) -> Wide {
    return floor_of(sum(product(from_single(number), per_unit), share(bits)));
}

var<workgroup> gradients: array<atomic<u32>, 4>;

fn add_wide(low: u32, a: Wide) {
    let before = atomicAdd(&gradients[low], a.x);
    atomicAdd(&gradients[low + 1u], a.y + select(0u, 1u, before + a.x < before));
}

@compute @workgroup_size(GROUP)
fn pack(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    if thread < 4u { atomicStore(&gradients[thread], 0u); }
    workgroupBarrier();
    var total_gradient = Wide(0u, 0u);
    var total_hessian = Wide(0u, 0u);
    for (var at = group.x * GROUP + thread; at < state.listed; at += groups.x * GROUP) {
        let row = rows[at];
        let pair = pairs[tree.output * fit.rows + row];
        let bits = of_place(tree.seed, row);
        let gradient = rounded_down(pair.x, state.units.per_gradient, bits.y);
        var word = wide_sum(wide_left(gradient, fit.hessian_bits + fit.count_bits), Wide(1u, 0u));
        total_gradient = wide_sum(total_gradient, select(gradient, wide_negated(gradient), gradient.y >= SIGN));
        if fit.has_hessian == 1u {
            let hessian = rounded_down(pair.y, state.units.per_hessian, bits.x);
            word = wide_sum(word, wide_left(hessian, fit.count_bits));
            total_hessian = wide_sum(total_hessian, hessian);
        }
        words[row] = word;
    }
    add_wide(0u, total_gradient);
    add_wide(2u, total_hessian);
    workgroupBarrier();
    if thread < 4u && (thread & 1u) == 0u {
        let low = atomicLoad(&gradients[thread]);
        let before = atomicAdd(&checks[thread], low);
        atomicAdd(&checks[thread + 1u], atomicLoad(&gradients[thread + 1u]) + select(0u, 1u, before + low < before));
    }
}
