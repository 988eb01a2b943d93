// needs: double/double.wgsl
// Every operation on pairs of doubles, for the test that compares them with the processor's.

@group(0) @binding(0) var<storage, read> pairs: array<vec4<u32>>;
@group(0) @binding(1) var<storage, read_write> results: array<vec2<u32>>;

const RESULTS: u32 = 11u;

@compute @workgroup_size(64)
fn main(@builtin(global_invocation_id) id: vec3<u32>) {
    if id.x >= arrayLength(&pairs) { return; }
    let a = pairs[id.x].xy;
    let b = pairs[id.x].zw;
    let at = id.x * RESULTS;
    results[at] = sum(a, b);
    results[at + 1u] = difference(a, b);
    results[at + 2u] = product(a, b);
    results[at + 3u] = quotient(a, b);
    results[at + 4u] = vec2<u32>(select(0u, 1u, less(a, b)), 0u);
    results[at + 5u] = vec2<u32>(to_single(a), 0u);
    results[at + 6u] = from_single(to_single(a));
    results[at + 7u] = from_signed(a);
    results[at + 8u] = floor_of(a);
    results[at + 9u] = quick_exp(a);
    results[at + 10u] = root(absolute(a));
}
