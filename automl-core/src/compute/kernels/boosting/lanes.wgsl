// needs: double/double.wgsl, boosting/layout.wgsl
// Sums of pairs of doubles in lanes: `tree/lanes.rs` to the bit.

var<workgroup> sums: array<vec4<u32>, 64>;

fn both(a: vec4<u32>, b: vec4<u32>) -> vec4<u32> {
    return vec4<u32>(sum(a.xy, b.xy), sum(a.zw, b.zw));
}

// Adds up the lanes, pairwise; the first has the sum in the end.
fn fold(lane: u32, total: vec4<u32>) {
    sums[lane] = total;
    workgroupBarrier();
    for (var half = SUM_LANES / 2u; half > 0u; half >>= 1u) {
        if lane < half {
            sums[lane] = both(sums[lane], sums[lane + half]);
        }
        workgroupBarrier();
    }
}
