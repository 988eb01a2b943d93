// needs: double/double.wgsl, boosting/layout.wgsl, boosting/splits.wgsl
// What the tests of a level gain in all its leaves together: `tree/symmetric.rs` and `tree/split/shared.rs` to the bit. A
// workgroup a feature or leaf, a thread a bin. Of numbers only.

@group(0) @binding(7) var<storage, read> leaves: array<Leaf>;

// A level's gain has to be more than this share of its leaves' scores: 10⁻⁹.
const RELATIVE_GAIN: Double = Double(0xe826d695u, 0x3e112e0bu);

var<workgroup> missing_word: Wide;
// What the cut after each bin gains in a leaf.
var<workgroup> gains: array<Double, 256>;
// By how much a cut after each bin gains more than one after the bin before, in all leaves, with missing rows on the right and on
// the left.
var<workgroup> rights: array<Double, 256>;
var<workgroup> lefts: array<Double, 256>;
// The lowest and the highest bin that has rows in the tree, and whether some rows are missing.
var<workgroup> seen: array<atomic<u32>, 3>;
var<workgroup> span: vec3<u32>;

fn is_open(leaf: u32) -> bool {
    let is_deep = fit.max_depth > 0u && leaves[leaf].depth >= fit.max_depth;
    return !is_deep && leaves[leaf].count / 2u >= fit.min_rows;
}

fn word_at(leaf: u32, feature: u32, bin: u32) -> Wide {
    if bin >= features[feature].bins { return Wide(0u, 0u); }
    return histograms[place_of(leaves[leaf].slot, feature, bin)];
}

fn find_span(thread: u32, feature: u32) {
    if thread == 0u {
        atomicStore(&seen[0], BINS);
        atomicStore(&seen[1], 0u);
        atomicStore(&seen[2], 0u);
    }
    workgroupBarrier();
    for (var leaf = 0u; leaf < state.leaves; leaf++) {
        if any(word_at(leaf, feature, thread) != Wide(0u, 0u)) {
            if thread == features[feature].bins - 1u {
                atomicStore(&seen[2], 1u);
            } else {
                atomicMin(&seen[0], thread);
                atomicMax(&seen[1], thread);
            }
        }
    }
    workgroupBarrier();
    if thread == 0u {
        let high = atomicLoad(&seen[1]);
        span = vec3<u32>(min(atomicLoad(&seen[0]), high), high, atomicLoad(&seen[2]));
    }
}

// What a cut gains in a leaf, nothing where the rules forbid it.
fn gain_of(left: Wide, whole: Sums, leaf_score: Double) -> Double {
    let f = fraction(sums_of(left), whole, state.units.l2);
    if !f.there { return Double(0u, 0u); }
    return difference(quotient(f.numerator, f.denominator), leaf_score);
}

// The best cut by `rights` and `lefts`, the first of equals.
fn best_cut(number: u32, draws: Wide) -> Found {
    var places = span.xy;
    if fit.random_cuts == 1u {
        places.x += random_below(draws, number, places.y - places.x);
        places.y = places.x;
    }
    var best: Found;
    for (var side = 0u; side <= span.z; side++) {
        var gain = Double(0u, 0u);
        for (var place = 0u; place <= places.y; place++) {
            if side == 0u { gain = sum(gain, rights[place]); } else { gain = sum(gain, lefts[place]); }
            if place >= places.x && less(best.gain, gain) {
                best.gain = gain;
                best.last = place;
                best.missing_left = side;
            }
        }
    }
    for (var i = 0u; i <= best.last >> 5u; i++) { best.side[i] = 0xffffffffu; }
    best.side[best.last >> 5u] = 0xffffffffu >> (31u - (best.last & 31u));
    let last = features[number].bins - 1u;
    best.side[last >> 5u] = insertBits(best.side[last >> 5u], best.missing_left, last & 31u, 1u);
    best.feature = number;
    best.left.x = span.z;
    return best;
}

@compute @workgroup_size(BINS)
fn level_gains(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let number = used[group.x];
    if !is_in(tile, features[number].group) { return; }
    let draws = of_place(tree.draws, state.level);
    if state.level == NONE || !is_drawn(thread, draws, number) {
        if thread == 0u { found[group.x].there = 0u; }
        return;
    }
    let last = features[number].bins - 1u;
    find_span(thread, number);
    let has_missing = workgroupUniformLoad(&span).z == 1u;
    var bar = state.units.min_gain;
    var right = Double(0u, 0u);
    var left = Double(0u, 0u);
    for (var leaf = 0u; leaf < state.leaves; leaf++) {
        if !is_open(leaf) { continue; }
        var word = word_at(leaf, number, thread);
        if thread == last {
            missing_word = word;
            word = Wide(0u, 0u);
        }
        scan_words(thread, word);
        let missing = workgroupUniformLoad(&missing_word);
        let whole = sums_of(wide_sum(workgroupUniformLoad(&prefix[BINS - 1u]), missing));
        let score = score_of(whole);
        bar = sum(bar, product(RELATIVE_GAIN, score));
        let has_rows = any(word != Wide(0u, 0u));
        let before = max(thread, 1u) - 1u;

        let here = gain_of(prefix[thread], whole, score);
        gains[thread] = here;
        workgroupBarrier();
        var more = Double(0u, 0u);
        if has_rows { more = difference(here, select(gains[before], more, thread == 0u)); }
        right = sum(right, more);
        workgroupBarrier();
        if any(missing != Wide(0u, 0u)) {
            let first = gain_of(missing, whole, score);
            let beside = gain_of(wide_sum(prefix[thread], missing), whole, score);
            gains[thread] = beside;
            workgroupBarrier();
            if thread == 0u { left = sum(left, first); }
            if has_rows { left = sum(left, difference(beside, select(gains[before], first, thread == 0u))); }
            workgroupBarrier();
        } else if has_missing {
            left = sum(left, more);
        }
    }
    rights[thread] = right;
    lefts[thread] = left;
    workgroupBarrier();
    if thread != 0u { return; }
    var best = best_cut(number, draws);
    best.there = select(0u, 1u, less(bar, best.gain));
    found[group.x] = best;
}

// What the level's test does to each leaf.
@compute @workgroup_size(BINS)
fn level_lefts(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let leaf = group.x;
    if state.level == NONE || leaf >= state.end || !is_in(tile, features[state.test.feature].group) { return; }
    let word = word_at(leaf, state.test.feature, thread);
    scan_words(thread, word);
    let whole = sums_of(workgroupUniformLoad(&prefix[BINS - 1u]));
    let goes_left = extractBits(state.test.side[thread >> 5u], thread & 31u, 1u) == 1u;
    scan_words(thread, select(Wide(0u, 0u), word, goes_left));
    if thread != 0u { return; }
    let f = fraction(sums_of(prefix[BINS - 1u]), whole, state.units.l2);
    var split: Found;
    split.left = prefix[BINS - 1u];
    if f.there && is_open(leaf) {
        split.there = 1u;
        split.gain = product(difference(quotient(f.numerator, f.denominator), score_of(whole)), state.units.gain);
    }
    found[leaf] = split;
}

// The larger new leaf's histogram, of that of both.
@compute @workgroup_size(BINS)
fn subtract(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let number = used[group.x];
    if state.now.sum_count == 0u || !is_in(tile, features[number].group) { return; }
    if thread < features[number].bins { _ = word_of(1u, number, thread); }
}
