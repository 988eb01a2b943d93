// needs: nets/nets.wgsl
// Products of matrices of many layers at once, a layer at each z, a tile of 64 x 64 cells a workgroup; see `cpu.rs`.
//
// A thread has 4 x 4 cells. Steps of 16 along the inner dimension lie in the workgroup's memory, while the next ones are on
// their way. Rows of it are 17 fours apart, so that threads that write down a column do not meet in one bank.

@group(0) @binding(0) var<uniform> turn: Turn;
@group(0) @binding(1) var<storage, read> layers: array<Layer>;
@group(0) @binding(2) var<storage, read> weights: array<f32>;
@group(0) @binding(3) var<storage, read_write> scratch: array<f32>;
@group(0) @binding(4) var<storage, read_write> slopes: array<f32>;

const TILE: u32 = 64u;
const DEPTH: u32 = 16u;
const STRIDE: u32 = 17u;

// Fours of rows of the left matrix, fours of columns of the right one: depth x 16.
var<workgroup> left: array<vec4<f32>, 272>;
var<workgroup> right: array<vec4<f32>, 272>;

// Four columns of each of four rows.
struct Cells {
    a: vec4<f32>,
    b: vec4<f32>,
    c: vec4<f32>,
    d: vec4<f32>,
}

fn deeper(cells: Cells, k: u32, row: u32, column: u32) -> Cells {
    let l = left[k * STRIDE + row];
    let r = right[k * STRIDE + column];
    return Cells(cells.a + l.x * r, cells.b + l.y * r, cells.c + l.z * r, cells.d + l.w * r);
}

// Written out, as loops cost more than what they do here.
fn through(start: Cells, row: u32, column: u32) -> Cells {
    var cells = deeper(start, 0u, row, column);
    cells = deeper(cells, 1u, row, column);
    cells = deeper(cells, 2u, row, column);
    cells = deeper(cells, 3u, row, column);
    cells = deeper(cells, 4u, row, column);
    cells = deeper(cells, 5u, row, column);
    cells = deeper(cells, 6u, row, column);
    cells = deeper(cells, 7u, row, column);
    cells = deeper(cells, 8u, row, column);
    cells = deeper(cells, 9u, row, column);
    cells = deeper(cells, 10u, row, column);
    cells = deeper(cells, 11u, row, column);
    cells = deeper(cells, 12u, row, column);
    cells = deeper(cells, 13u, row, column);
    cells = deeper(cells, 14u, row, column);
    return deeper(cells, 15u, row, column);
}

fn no_cells() -> Cells {
    return Cells(vec4<f32>(), vec4<f32>(), vec4<f32>(), vec4<f32>());
}

// Of a matrix in scratch: its cells at (row .. row + 4, column), 0 beyond its ends.
fn down(at: u32, rows: u32, columns: u32, row: u32, column: u32) -> vec4<f32> {
    var four = vec4<f32>();
    if column >= columns { return four; }
    let place = at + row * columns + column;
    if row < rows { four.x = scratch[place]; }
    if row + 1u < rows { four.y = scratch[place + columns]; }
    if row + 2u < rows { four.z = scratch[place + 2u * columns]; }
    if row + 3u < rows { four.w = scratch[place + 3u * columns]; }
    return four;
}

// The same at (row, column .. column + 4).
fn along(at: u32, rows: u32, columns: u32, row: u32, column: u32) -> vec4<f32> {
    var four = vec4<f32>();
    if row >= rows { return four; }
    let place = at + row * columns + column;
    if column < columns { four.x = scratch[place]; }
    if column + 1u < columns { four.y = scratch[place + 1u]; }
    if column + 2u < columns { four.z = scratch[place + 2u]; }
    if column + 3u < columns { four.w = scratch[place + 3u]; }
    return four;
}

// Weights at (input, output .. output + 4), times the input's factor.
fn weights_along(layer: Layer, input: u32, output: u32) -> vec4<f32> {
    var four = vec4<f32>();
    if input >= layer.inputs { return four; }
    let place = layer.weights + input * layer.outputs + output;
    if output < layer.outputs { four.x = weights[place]; }
    if output + 1u < layer.outputs { four.y = weights[place + 1u]; }
    if output + 2u < layer.outputs { four.z = weights[place + 2u]; }
    if output + 3u < layer.outputs { four.w = weights[place + 3u]; }
    if layer.factors != NONE { four *= weights[layer.factors + input]; }
    return four;
}

// Weights at (input .. input + 4, output).
fn weights_down(layer: Layer, input: u32, output: u32) -> vec4<f32> {
    var four = vec4<f32>();
    if output >= layer.outputs { return four; }
    let place = layer.weights + input * layer.outputs + output;
    if input < layer.inputs { four.x = weights[place]; }
    if input + 1u < layer.inputs { four.y = weights[place + layer.outputs]; }
    if input + 2u < layer.inputs { four.z = weights[place + 2u * layer.outputs]; }
    if input + 3u < layer.inputs { four.w = weights[place + 3u * layer.outputs]; }
    return four;
}

fn mixed(word: u32) -> u32 {
    var x = (word ^ (word >> 16u)) * 0x7FEB352Du;
    x = (x ^ (x >> 15u)) * 0x846CA68Bu;
    return x ^ (x >> 16u);
}

fn draw(key: u32, place: u32) -> u32 {
    return mixed(mixed(place ^ key) + key);
}

// Writes what a layer gives for a row from a column on: with biases, rectified, and some units left out.
fn give(layer: Layer, row: u32, column: u32, cells: vec4<f32>) {
    if row >= turn.rows { return; }
    let biases = layer.weights + layer.inputs * layer.outputs;
    let key = mixed(layer.seed ^ mixed(turn.step));
    let is_dropping = turn.step > 0u && layer.dropped > 0u;
    for (var i = 0u; i < 4u; i++) {
        let output = column + i;
        if output >= layer.outputs { return; }
        let place = row * layer.outputs + output;
        var x = cells[i] + weights[biases + output];
        if layer.rectified == 1u {
            x = max(x, 0.0);
            if is_dropping { x = select(x * layer.keep, 0.0, draw(key, place) < layer.dropped); }
        }
        scratch[layer.out_at + place] = x;
    }
}

// out = in * weights + biases.
@compute @workgroup_size(256)
fn forward(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let layer = layers[group.z];
    let column = group.x * TILE;
    let row = group.y * TILE;
    if column >= layer.outputs || row >= turn.rows { return; }
    let fast = thread & 15u;
    let slow = thread >> 4u;
    var cells = no_cells();
    var next_left = down(layer.in_at, turn.rows, layer.inputs, row + 4u * slow, fast);
    var next_right = weights_along(layer, slow, column + 4u * fast);
    for (var k = 0u; k < layer.inputs; k += DEPTH) {
        workgroupBarrier();
        left[fast * STRIDE + slow] = next_left;
        right[slow * STRIDE + fast] = next_right;
        workgroupBarrier();
        next_left = down(layer.in_at, turn.rows, layer.inputs, row + 4u * slow, k + DEPTH + fast);
        next_right = weights_along(layer, k + DEPTH + slow, column + 4u * fast);
        cells = through(cells, slow, fast);
    }
    let first = row + 4u * slow;
    give(layer, first, column + 4u * fast, cells.a);
    give(layer, first + 1u, column + 4u * fast, cells.b);
    give(layer, first + 2u, column + 4u * fast, cells.c);
    give(layer, first + 3u, column + 4u * fast, cells.d);
}

// Writes slopes by what went in for a row from a column on. A unit that gave nothing gets nothing.
fn give_back(layer: Layer, row: u32, column: u32, cells: vec4<f32>) {
    if row >= turn.rows { return; }
    for (var i = 0u; i < 4u; i++) {
        let input = column + i;
        if input >= layer.inputs { return; }
        let place = row * layer.inputs + input;
        scratch[layer.in_slopes + place] = select(0.0, cells[i] * layer.keep, scratch[layer.in_at + place] > 0.0);
    }
}

// in' = out' * weights transposed.
@compute @workgroup_size(256)
fn back(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let layer = layers[group.z];
    let column = group.x * TILE;
    let row = group.y * TILE;
    if column >= layer.inputs || row >= turn.rows { return; }
    let fast = thread & 15u;
    let slow = thread >> 4u;
    var cells = no_cells();
    var next_left = down(layer.out_slopes, turn.rows, layer.outputs, row + 4u * slow, fast);
    var next_right = weights_down(layer, column + 4u * slow, fast);
    for (var k = 0u; k < layer.outputs; k += DEPTH) {
        workgroupBarrier();
        left[fast * STRIDE + slow] = next_left;
        right[fast * STRIDE + slow] = next_right;
        workgroupBarrier();
        next_left = down(layer.out_slopes, turn.rows, layer.outputs, row + 4u * slow, k + DEPTH + fast);
        next_right = weights_down(layer, column + 4u * slow, k + DEPTH + fast);
        cells = through(cells, slow, fast);
    }
    let first = row + 4u * slow;
    give_back(layer, first, column + 4u * fast, cells.a);
    give_back(layer, first + 1u, column + 4u * fast, cells.b);
    give_back(layer, first + 2u, column + 4u * fast, cells.c);
    give_back(layer, first + 3u, column + 4u * fast, cells.d);
}

// What went in for a row, and after it the 1 that biases are weights of.
fn with_one(layer: Layer, row: u32, input: u32) -> vec4<f32> {
    var four = along(layer.in_at, turn.rows, layer.inputs, row, input);
    if row < turn.rows {
        if input == layer.inputs { four.x = 1.0; }
        if input + 1u == layer.inputs { four.y = 1.0; }
        if input + 2u == layer.inputs { four.z = 1.0; }
        if input + 3u == layer.inputs { four.w = 1.0; }
    }
    return four;
}

fn give_slopes(layer: Layer, input: u32, column: u32, cells: vec4<f32>) {
    if input > layer.inputs { return; }
    for (var i = 0u; i < 4u; i++) {
        let output = column + i;
        if output >= layer.outputs { return; }
        slopes[layer.weights + input * layer.outputs + output] = cells[i];
    }
}

// Slopes by weights and biases = (in, 1) transposed * out'.
@compute @workgroup_size(256)
fn by_weights(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let layer = layers[group.z];
    let column = group.x * TILE;
    let row = group.y * TILE;
    if column >= layer.outputs || row > layer.inputs { return; }
    let fast = thread & 15u;
    let slow = thread >> 4u;
    var cells = no_cells();
    var next_left = with_one(layer, slow, row + 4u * fast);
    var next_right = along(layer.out_slopes, turn.rows, layer.outputs, slow, column + 4u * fast);
    for (var k = 0u; k < turn.rows; k += DEPTH) {
        workgroupBarrier();
        left[slow * STRIDE + fast] = next_left;
        right[slow * STRIDE + fast] = next_right;
        workgroupBarrier();
        next_left = with_one(layer, k + DEPTH + slow, row + 4u * fast);
        next_right = along(layer.out_slopes, turn.rows, layer.outputs, k + DEPTH + slow, column + 4u * fast);
        cells = through(cells, slow, fast);
    }
    let first = row + 4u * slow;
    give_slopes(layer, first, column + 4u * fast, cells.a);
    give_slopes(layer, first + 1u, column + 4u * fast, cells.b);
    give_slopes(layer, first + 2u, column + 4u * fast, cells.c);
    give_slopes(layer, first + 3u, column + 4u * fast, cells.d);
}
