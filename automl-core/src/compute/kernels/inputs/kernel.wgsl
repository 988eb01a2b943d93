// needs: nets/nets.wgsl
// Lays out what networks take of a batch of rows: numbers as they are, and pieces of them; see `cpu.rs`.
//
// A view is a list of columns, rows x width in scratch; every network that sees the same pieces takes the same view.

struct View {
    // Where its cells begin in scratch, its columns in `columns`, and how many they are.
    out_at: u32,
    columns: u32,
    width: u32,
    // Numbers of a row of the table.
    features: u32,
}

// A number as it is, or how far it has come through a piece: from `low` at `start` rising by `slope` to `high`.
struct Column {
    feature: u32,
    is_piece: u32,
    start: f32,
    slope: f32,
    low: f32,
    high: f32,
}

@group(0) @binding(0) var<uniform> turn: Turn;
@group(0) @binding(1) var<storage, read> views: array<View>;
@group(0) @binding(2) var<storage, read> columns: array<Column>;
@group(0) @binding(3) var<storage, read> order: array<u32>;
// Rows x features.
@group(0) @binding(4) var<storage, read> cells: array<f32>;
@group(0) @binding(5) var<storage, read_write> scratch: array<f32>;

const FARTHEST: f32 = 10.0;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) place: vec3<u32>) {
    let view = views[place.z];
    let row = place.y;
    if place.x >= view.width || row >= turn.rows { return; }
    let column = columns[view.columns + place.x];
    var x = cells[order[turn.start + row] * view.features + column.feature];
    x = clamp(x, -FARTHEST, FARTHEST);
    if column.is_piece == 1u {
        x = min(max(column.low + column.slope * (x - column.start), column.low), column.high);
    }
    scratch[view.out_at + row * view.width + place.x] = x;
}
