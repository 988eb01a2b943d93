// needs: nets/nets.wgsl
// A step of AdamW for all layers of all networks: four rows of weights, the biases being the last, a workgroup; see `cpu.rs`.

@group(0) @binding(0) var<uniform> turn: Turn;
@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read_write> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> first: array<f32>;
@group(0) @binding(4) var<storage, read_write> second: array<f32>;
@group(0) @binding(5) var<storage, read> slopes: array<f32>;

const ROWS: u32 = 4u;
// Threads of a row.
const LANES: u32 = 64u;
const FIRST: f32 = 0.9;
const SECOND: f32 = 0.999;
const EPSILON: f32 = 1e-8;
const FACTORS_RATE: f32 = 4.0;
const LEAST_RATE: f32 = 0.01;

var<workgroup> sums: array<f32, 256>;

// The share of the rate at this step: it rises for a while, and falls in a line to the end.
fn rate_now(layer: Layer) -> f32 {
    let step = f32(turn.step);
    return layer.rate * min(step / layer.warm_up, 1.0) * max(1.0 - step / layer.steps, LEAST_RATE);
}

fn step_of(at: u32, weight: f32, slope: f32, size: f32) {
    let m = FIRST * first[at] + (1.0 - FIRST) * slope;
    let v = SECOND * second[at] + (1.0 - SECOND) * (slope * slope);
    first[at] = m;
    second[at] = v;
    weights[at] = weight - size * m / (sqrt(v * turn.second) + EPSILON);
}

@compute @workgroup_size(256)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let layer = layers[group.y];
    if group.x * ROWS > layer.inputs { return; }
    let row = group.x * ROWS + thread / LANES;
    let lane = thread % LANES;
    let has_factor = layer.factors != NONE && row < layer.inputs;
    let rate = rate_now(layer);
    let size = rate * turn.first;
    let kept = select(1.0 - rate * layer.decay, 1.0, row == layer.inputs);
    var factor = 1.0;
    if has_factor { factor = weights[layer.factors + row]; }
    // With v = f * w: dL/dw = f * dL/dv, and dL/df is the sum of w * dL/dv.
    var by_factor = 0.0;
    if row <= layer.inputs {
        for (var j = lane; j < layer.outputs; j += LANES) {
            let at = layer.weights + row * layer.outputs + j;
            let weight = weights[at];
            let slope = slopes[at];
            by_factor += weight * slope;
            step_of(at, weight * kept, slope * factor, size);
        }
    }
    if layer.factors == NONE { return; }
    sums[thread] = by_factor;
    for (var half = LANES / 2u; half > 0u; half >>= 1u) {
        workgroupBarrier();
        if lane < half { sums[thread] += sums[thread + half]; }
    }
    if lane == 0u && has_factor { step_of(layer.factors + row, factor, sums[thread], size * FACTORS_RATE); }
}
