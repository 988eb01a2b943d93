// needs: double/double.wgsl, boosting/layout.wgsl
// The best split of each feature in the two new leaves: `tree/split` to the bit. A workgroup a feature and leaf, a thread a bin.
//
// The processor looks at cuts one after the other, and takes one where its score, a fraction, is more than the best so far, as
// compared by two rounded products. Only cuts whose scores are within some millionths of the highest can be its choice: what
// is lower by more is beaten by the highest, or by what has beaten it, whatever the rounding. So each thread works out about
// what its cuts score, and the few near the highest are then compared in their order, as the processor does.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> features: array<Feature>;
// The features that the tree may use.
@group(0) @binding(3) var<storage, read> used: array<u32>;
@group(0) @binding(4) var<storage, read_write> histograms: array<Wide>;
@group(0) @binding(5) var<storage, read_write> found: array<Found>;
@group(0) @binding(6) var<uniform> tree: Tree;

var<workgroup> prefix: array<Wide, 256>;
// A bit a cut that scores near the highest: of those with missing rows on the right, then of the others.
var<workgroup> near: array<atomic<u32>, 16>;
var<workgroup> highest: atomic<u32>;
var<workgroup> near_highest: u32;
var<workgroup> missing_word: Wide;
// How many features were drawn before this one, and whether it was.
var<workgroup> before: atomic<u32>;
var<workgroup> drawn: u32;
// The lowest and the highest bin that has rows.
var<workgroup> lowest: atomic<u32>;
var<workgroup> uppermost: atomic<u32>;

struct Sums {
    gradient: Double,
    hessian: u32,
    count: u32,
}

// A score as a fraction; `there`: whether the rules allow it.
struct Fraction {
    numerator: Double,
    denominator: Double,
    there: bool,
}

fn sums_of(word: Wide) -> Sums {
    let count = word.x & ((1u << fit.count_bits) - 1u);
    var hessian = count;
    if fit.has_hessian == 1u { hessian = wide_right(word, fit.count_bits).x & ((1u << fit.hessian_bits) - 1u); }
    return Sums(from_signed(wide_right_signed(word, fit.count_bits + fit.hessian_bits)), hessian, count);
}

fn shrink(gradient: Double) -> Double {
    if is_zero(fit.l1) { return gradient; }
    let size = difference(absolute(gradient), state.units.l1);
    if size.y >= SIGN { return Double(0u, 0u); }
    return Double(size.x, size.y | (gradient.y & SIGN));
}

fn fraction(left: Sums, whole: Sums) -> Fraction {
    var result: Fraction;
    let right_count = whole.count - left.count;
    if left.count < fit.min_rows || right_count < fit.min_rows { return result; }
    let right_hessian = whole.hessian - left.hessian;
    let least = state.units.min_hessian;
    if fit.has_hessian == 1u && (left.hessian < least || right_hessian < least) { return result; }
    let left_g = shrink(left.gradient);
    let right_g = shrink(difference(whole.gradient, left.gradient));
    let left_h = sum(from_u32(left.hessian), state.units.l2);
    let right_h = sum(from_u32(right_hessian), state.units.l2);
    let left_part = product(product(left_g, left_g), right_h);
    result.numerator = sum(left_part, product(product(right_g, right_g), left_h));
    result.denominator = product(left_h, right_h);
    result.there = true;
    return result;
}

// About a fraction's size, so that larger ones have larger numbers: 12 bits of its exponent, 20 of its digits. 0 for nothing.
fn rough(f: Fraction) -> u32 {
    if !f.there || is_zero(f.numerator) || is_zero(f.denominator) { return 0u; }
    let top = bitcast<f32>(0x3f800000u | ((f.numerator.y & 0xfffffu) << 3u) | (f.numerator.x >> 29u));
    let bottom = bitcast<f32>(0x3f800000u | ((f.denominator.y & 0xfffffu) << 3u) | (f.denominator.x >> 29u));
    var size = top / bottom;
    var exponent = i32(exponent_of(f.numerator)) - i32(exponent_of(f.denominator)) + 2048;
    if size < 1.0 {
        size *= 2.0;
        exponent -= 1;
    }
    return (u32(clamp(exponent, 1, 4094)) << 20u) | ((bitcast<u32>(size) & 0x7fffffu) >> 3u);
}

// What lies between scores that count as near: more than rounding in `rough`, and far more than in comparisons.
const NEAR: u32 = 8u;

// The word of this thread's bin; where the leaf is the larger one, it takes the smaller one's off that of both.
fn word_of(leaf: u32, feature: u32, bin: u32) -> Wide {
    let length = fit.groups * PACKED * BINS;
    let at = feature * BINS + bin;
    let small = histograms[state.now.slots.x * length + at];
    if leaf == 0u { return small; }
    let both = state.now.slots.y * length + at;
    let word = wide_difference(histograms[both], small);
    histograms[both] = word;
    return word;
}

fn scan_words(thread: u32, word: Wide) {
    prefix[thread] = word;
    workgroupBarrier();
    for (var step = 1u; step < BINS; step <<= 1u) {
        var before = Wide(0u, 0u);
        if thread >= step { before = prefix[thread - step]; }
        workgroupBarrier();
        prefix[thread] = wide_sum(prefix[thread], before);
        workgroupBarrier();
    }
}

// The random bits of a feature in a leaf, which is known by when it was made: `tree/draw.rs`.
fn bits_of(leaf: u32, feature: u32) -> Wide {
    let is_left = state.now.leaves[leaf] != state.nodes;
    return of_place(of_place(tree.draws, 2u * state.nodes - select(0u, 1u, is_left)), feature);
}

// Whether the leaf may be split on this feature: so many of the tree's have the lowest bits.
fn is_drawn(thread: u32, leaf: u32, feature: u32) -> bool {
    if tree.drawn == tree.used { return true; }
    if thread == 0u { atomicStore(&before, 0u); }
    workgroupBarrier();
    let bits = bits_of(leaf, feature);
    for (var place = thread; place < tree.used; place += BINS) {
        if wide_less(bits_of(leaf, used[place]), bits) { atomicAdd(&before, 1u); }
    }
    workgroupBarrier();
    if thread == 0u { drawn = atomicLoad(&before); }
    return workgroupUniformLoad(&drawn) < tree.drawn;
}

// The bin after which a random cut is: one from the lowest that has rows to before the highest.
fn random_cut(thread: u32, has_rows: bool, bits: Wide) -> u32 {
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
    let width = max(atomicLoad(&uppermost), low) - low;
    return low + wide_sum(wide_product(bits.y, width), Wide(wide_product(bits.x, width).y, 0u)).y;
}

// Compares the cuts near the highest in their order, and returns the best.
fn best_near(whole: Sums, missing: Wide, leaf_score: Double) -> Found {
    var numerator = sum(product(leaf_score, fit.bar), state.units.min_gain);
    var denominator = ONE;
    var best: Found;
    for (var i = 0u; i < 16u; i++) {
        var bits = atomicLoad(&near[i]);
        while bits != 0u {
            let bin = (i & 7u) * 32u + countTrailingZeros(bits);
            bits &= bits - 1u;
            var left = prefix[bin];
            if i >= 8u { left = wide_sum(left, missing); }
            let f = fraction(sums_of(left), whole);
            if less(product(numerator, f.denominator), product(f.numerator, denominator)) {
                numerator = f.numerator;
                denominator = f.denominator;
                best.left = left;
                best.last = bin;
                best.missing_left = select(0u, 1u, i >= 8u);
                best.there = 1u;
            }
        }
    }
    best.gain = product(difference(quotient(numerator, denominator), leaf_score), state.units.gain);
    return best;
}

fn score_of(whole: Sums) -> Double {
    let weight = sum(from_u32(whole.hessian), state.units.l2);
    let shrunk = shrink(whole.gradient);
    if less(Double(0u, 0u), weight) { return quotient(product(shrunk, shrunk), weight); }
    return Double(0u, 0u);
}

@compute @workgroup_size(BINS)
fn search(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let leaf = group.y;
    let at = leaf * fit.features + group.x;
    if state.now.open[leaf] == 0u {
        if thread == 0u { found[at].there = 0u; }
        return;
    }
    let number = used[group.x];
    let last = features[number].bins - 1u;
    var word = Wide(0u, 0u);
    if thread <= last { word = word_of(leaf, number, thread); }
    if thread == last {
        missing_word = word;
        word = Wide(0u, 0u);
    }
    if !is_drawn(thread, leaf, number) {
        if thread == 0u { found[at].there = 0u; }
        return;
    }
    if thread < 16u { atomicStore(&near[thread], 0u); }
    if thread == 0u { atomicStore(&highest, 0u); }
    scan_words(thread, word);
    let missing = workgroupUniformLoad(&missing_word);
    let whole = sums_of(wide_sum(workgroupUniformLoad(&prefix[BINS - 1u]), missing));
    let some_missing = any(missing != Wide(0u, 0u));

    var is_tried = any(word != Wide(0u, 0u));
    if fit.random_cuts == 1u {
        is_tried = thread == random_cut(thread, is_tried, of_place(bits_of(leaf, number), 0u));
    }
    var sizes = vec2<u32>(0u, 0u);
    if is_tried {
        sizes.x = rough(fraction(sums_of(prefix[thread]), whole));
        if some_missing { sizes.y = rough(fraction(sums_of(wide_sum(prefix[thread], missing)), whole)); }
    }
    atomicMax(&highest, max(sizes.x, sizes.y));
    workgroupBarrier();
    if thread == 0u { near_highest = max(atomicLoad(&highest), NEAR) - NEAR; }
    let bound = workgroupUniformLoad(&near_highest);
    let bit = 1u << (thread & 31u);
    if sizes.x > bound { atomicOr(&near[thread >> 5u], bit); }
    if sizes.y > bound { atomicOr(&near[8u + (thread >> 5u)], bit); }
    workgroupBarrier();
    if thread != 0u { return; }
    var best = best_near(whole, missing, score_of(whole));
    best.feature = number;
    let missing_rows = missing.x & ((1u << fit.count_bits) - 1u);
    if missing_rows == 0u {
        // Nothing is known of missing rows here: they go where most rows go.
        let left_rows = best.left.x & ((1u << fit.count_bits) - 1u);
        best.missing_left = select(0u, 1u, 2u * left_rows >= whole.count);
    }
    found[at] = best;
}
