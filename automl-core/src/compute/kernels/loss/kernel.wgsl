// needs: nets/nets.wgsl
// What answers cost: slopes to learn from, and losses to judge by; see `cpu.rs`.

// Networks whose mean is judged: so many from `net` on of the list of last layers.
struct Model {
    net: u32,
    nets: u32,
}

@group(0) @binding(0) var<uniform> turn: Turn;
// Last layers.
@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read> models: array<Model>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
// A row's class, or the bits of its number.
@group(0) @binding(4) var<storage, read> truth: array<u32>;
@group(0) @binding(5) var<storage, read_write> scratch: array<f32>;
// Models x blocks x degrees.
@group(0) @binding(6) var<storage, read_write> losses: array<f32>;

const DEGREES: u32 = 13u;
// The degree at which scores stay as they are.
const PLAIN: u32 = 4u;
const LOG_STEP: f32 = 0.12;
const JUDGED: u32 = 256u;

var<workgroup> sums: array<f32, 256>;

// The slopes of the mean loss of the rows by the answers of a network.
@compute @workgroup_size(64)
fn slope(@builtin(global_invocation_id) place: vec3<u32>) {
    let row = place.x;
    if row >= turn.rows { return; }
    let layer = layers[place.y];
    let answers = layer.out_at + row * layer.outputs;
    let out = layer.out_slopes + row * layer.outputs;
    let share = 1.0 / f32(turn.rows);
    let own = truth[order[turn.start + row]];
    if turn.classes == 0u {
        scratch[out] = (scratch[answers] - bitcast<f32>(own)) * share;
        return;
    }
    var most = scratch[answers];
    for (var c = 1u; c < layer.outputs; c++) { most = max(most, scratch[answers + c]); }
    var sum = 0.0;
    for (var c = 0u; c < layer.outputs; c++) { sum += exp(scratch[answers + c] - most); }
    for (var c = 0u; c < layer.outputs; c++) {
        let p = exp(scratch[answers + c] - most) / sum;
        scratch[out + c] = (p - select(0.0, 1.0, c == own)) * share;
    }
}

// The probability of a class, scores times `factor`.
fn probability(layer: Layer, row: u32, own: u32, factor: f32) -> f32 {
    let answers = layer.out_at + row * layer.outputs;
    var most = scratch[answers];
    for (var c = 1u; c < layer.outputs; c++) { most = max(most, scratch[answers + c]); }
    var sum = 0.0;
    for (var c = 0u; c < layer.outputs; c++) { sum += exp((scratch[answers + c] - most) * factor); }
    return exp((scratch[answers + own] - most) * factor) / sum;
}

// The loss of the mean answer of a model's networks for a row.
fn loss(model: Model, row: u32, factor: f32) -> f32 {
    let own = truth[order[turn.start + row]];
    var sum = 0.0;
    for (var n = model.net; n < model.net + model.nets; n++) {
        if turn.classes == 1u {
            sum += probability(layers[n], row, own, factor);
        } else {
            sum += scratch[layers[n].out_at + row];
        }
    }
    let mean = sum / f32(model.nets);
    if turn.classes == 1u { return -log(max(mean, 1e-15)); }
    let error = mean - bitcast<f32>(own);
    return 0.5 * error * error;
}

// Sums of the losses of a block of rows, at every temperature where answers are scores.
@compute @workgroup_size(JUDGED)
fn judge(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let model = models[group.y];
    let row = group.x * JUDGED + thread;
    let out = (group.y * turn.blocks + turn.block + group.x) * DEGREES;
    for (var degree = 0u; degree < DEGREES; degree++) {
        if turn.classes == 0u && degree != PLAIN { continue; }
        var own = 0.0;
        if row < turn.rows { own = loss(model, row, exp(LOG_STEP * (f32(PLAIN) - f32(degree)))); }
        sums[thread] = own;
        for (var half = JUDGED / 2u; half > 0u; half >>= 1u) {
            workgroupBarrier();
            if thread < half { sums[thread] += sums[thread + half]; }
        }
        if thread == 0u { losses[out + degree] = sums[0]; }
        workgroupBarrier();
    }
}
