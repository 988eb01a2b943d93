// needs: double/double.wgsl, boosting/layout.wgsl, boosting/splits.wgsl
// The best cut of each number in the two new leaves: `tree/split` to the bit. A workgroup a feature and leaf, a thread a bin.

var<workgroup> missing_word: Wide;
// The lowest and the highest bin that has rows.
var<workgroup> lowest: atomic<u32>;
var<workgroup> uppermost: atomic<u32>;

// The bin after which a random cut is: one from the lowest that has rows to before the highest.
fn random_cut(thread: u32, has_rows: bool, draws: Wide, feature: u32) -> u32 {
    if thread == 0u {
        atomicStore(&lowest, BINS);
        atomicStore(&uppermost, 0u);
    }
    workgroupBarrier();
    if has_rows {
        atomicMin(&lowest, thread);
        atomicMax(&uppermost, thread);
    }
    workgroupBarrier();
    let low = atomicLoad(&lowest);
    return low + random_below(draws, feature, max(atomicLoad(&uppermost), low) - low);
}

@compute @workgroup_size(BINS)
fn search(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let leaf = group.y;
    let at = leaf * fit.features + group.x;
    let number = used[group.x];
    if features[number].categorical == 1u || !is_in(tile, features[number].group) { return; }
    if state.now.open[leaf] == 0u {
        if thread == 0u { found[at].there = 0u; }
        return;
    }
    let last = features[number].bins - 1u;
    var word = Wide(0u, 0u);
    if thread <= last { word = word_of(leaf, number, thread); }
    if thread == last {
        missing_word = word;
        word = Wide(0u, 0u);
    }
    if !is_drawn(thread, draws_of(leaf), number) {
        if thread == 0u { found[at].there = 0u; }
        return;
    }
    if thread < 16u { atomicStore(&near[thread], 0u); }
    if thread == 0u { atomicStore(&highest, 0u); }
    scan_words(thread, word);
    let missing = workgroupUniformLoad(&missing_word);
    let whole = sums_of(wide_sum(workgroupUniformLoad(&prefix[BINS - 1u]), missing));
    let some_missing = any(missing != Wide(0u, 0u));

    let l2 = state.units.l2;
    var is_tried = any(word != Wide(0u, 0u));
    if fit.random_cuts == 1u {
        is_tried = thread == random_cut(thread, is_tried, draws_of(leaf), number);
    }
    var sizes = vec2<u32>(0u, 0u);
    if is_tried {
        sizes.x = rough(fraction(sums_of(prefix[thread]), whole, l2));
        if some_missing { sizes.y = rough(fraction(sums_of(wide_sum(prefix[thread], missing)), whole, l2)); }
    }
    let bound = near_bound(thread, max(sizes.x, sizes.y));
    let bit = 1u << (thread & 31u);
    if sizes.x > bound { atomicOr(&near[thread >> 5u], bit); }
    if sizes.y > bound { atomicOr(&near[8u + (thread >> 5u)], bit); }
    workgroupBarrier();
    if thread != 0u { return; }
    var best = best_near(whole, missing, score_of(whole), l2);
    for (var i = 0u; i <= best.last >> 5u; i++) { best.side[i] = 0xffffffffu; }
    best.side[best.last >> 5u] = 0xffffffffu >> (31u - (best.last & 31u));
    found[at] = named(best, number, missing, whole);
}
