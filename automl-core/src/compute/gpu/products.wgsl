// The product of two square matrices, as networks need it, to see how quickly a card multiplies.
//
// A workgroup computes 64 × 64 cells, an invocation 4 × 4 of them; 16 columns of the one and rows of the other at a time
// lie in the memory that they share.

@group(0) @binding(0) var<uniform> size: vec4<u32>;
// Size × size each, row by row; size is a multiple of 64.
@group(0) @binding(1) var<storage, read> first: array<f32>;
@group(0) @binding(2) var<storage, read> second: array<f32>;
@group(0) @binding(3) var<storage, read_write> product: array<f32>;

const TILE: u32 = 64u;
const DEEP: u32 = 16u;
const THREADS: u32 = 256u;

// Deep × tile each.
var<workgroup> left: array<f32, 1024>;
var<workgroup> right: array<f32, 1024>;

@compute @workgroup_size(THREADS)
fn main(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let row = thread / 16u * 4u;
    let column = thread % 16u * 4u;
    var sums: array<vec4<f32>, 4>;
    for (var start = 0u; start < size.x; start += DEEP) {
        for (var i = thread; i < TILE * DEEP; i += THREADS) {
            left[i % DEEP * TILE + i / DEEP] = first[(group.y * TILE + i / DEEP) * size.x + start + i % DEEP];
            right[i] = second[(start + i / TILE) * size.x + group.x * TILE + i % TILE];
        }
        workgroupBarrier();
        for (var deep = 0u; deep < DEEP; deep++) {
            let at = deep * TILE + column;
            let line = vec4<f32>(right[at], right[at + 1u], right[at + 2u], right[at + 3u]);
            for (var i = 0u; i < 4u; i++) {
                sums[i] += left[deep * TILE + row + i] * line;
            }
        }
        workgroupBarrier();
    }
    for (var i = 0u; i < 4u; i++) {
        let at = (group.y * TILE + row + i) * size.x + group.x * TILE + column;
        for (var j = 0u; j < 4u; j++) {
            product[at + j] = sums[i][j];
        }
    }
}
