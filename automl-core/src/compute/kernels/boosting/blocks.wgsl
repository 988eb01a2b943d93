// needs: double/double.wgsl, boosting/layout.wgsl
// Rows that are shared out among workgroups in blocks, and places in a block.

var<workgroup> scan: array<u32, 256>;

// Rows of a block: as many as every workgroup of so many has, in whole turns.
fn block_of(count: u32, groups: u32) -> u32 {
    return ((count + groups * GROUP - 1u) / (groups * GROUP)) * GROUP;
}

// Of the numbers of the threads, the sums up to each, itself included.
fn scanned(thread: u32, value: u32) -> u32 {
    scan[thread] = value;
    workgroupBarrier();
    for (var step = 1u; step < GROUP; step <<= 1u) {
        var before = 0u;
        if thread >= step { before = scan[thread - step]; }
        workgroupBarrier();
        scan[thread] += before;
        workgroupBarrier();
    }
    return scan[thread];
}
