// needs: double/double.wgsl, boosting/layout.wgsl
// What the searches for splits share: sums of words, what a split scores, and which of many splits is the best to the bit.
//
// The processor looks at splits one after the other, and takes one where its score, a fraction, is more than the best so far,
// as compared by two rounded products. Only splits whose scores are within some millionths of the highest can be its choice:
// what is lower by more is beaten by the highest, or by what has beaten it, whatever the rounding. So each thread works out
// about what its splits score, and the few near the highest are then compared in their order, as the processor does.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<storage, read> state: State;
@group(0) @binding(2) var<storage, read> features: array<Feature>;
// The features that the tree may use.
@group(0) @binding(3) var<storage, read> used: array<u32>;
@group(0) @binding(4) var<storage, read_write> histograms: array<Wide>;
@group(0) @binding(5) var<storage, read_write> found: array<Found>;
@group(0) @binding(6) var<uniform> tree: Tree;
@group(0) @binding(8) var<uniform> tile: Tile;

// What goes left by each of the splits, that with missing rows on the right where there are two.
var<workgroup> prefix: array<Wide, 256>;
// A bit a split that scores near the highest: of those in `prefix`, then of the same with missing rows on the left.
var<workgroup> near: array<atomic<u32>, 16>;
var<workgroup> highest: atomic<u32>;
var<workgroup> near_highest: u32;
// How many of the tree's features come before this one.
var<workgroup> earlier: atomic<u32>;
var<workgroup> place_drawn: u32;

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

fn fraction(left: Sums, whole: Sums, l2: Double) -> Fraction {
    var result: Fraction;
    let right_count = whole.count - left.count;
    if left.count < fit.min_rows || right_count < fit.min_rows { return result; }
    let right_hessian = whole.hessian - left.hessian;
    let least = state.units.min_hessian;
    if fit.has_hessian == 1u && (left.hessian < least || right_hessian < least) { return result; }
    let left_g = shrink(left.gradient);
    let right_g = shrink(difference(whole.gradient, left.gradient));
    let left_h = sum(from_u32(left.hessian), l2);
    let right_h = sum(from_u32(right_hessian), l2);
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

// Where a bin's word lies in a leaf's histogram of the tile.
fn place_of(slot: u32, feature: u32, bin: u32) -> u32 {
    let seat = features[feature];
    let bins_each = select(BINS, NARROW_BINS, seat.group >= tile.narrow);
    let lane = seat.shift / width(tile, seat.group);
    return histogram_of(tile, slot) + sums_before(tile, seat.group) + lane * bins_each + bin;
}

// The word of this thread's bin; where the leaf is the larger one, it takes the smaller one's off that of both.
fn word_of(leaf: u32, feature: u32, bin: u32) -> Wide {
    let small = histograms[place_of(state.now.slots.x, feature, bin)];
    if leaf == 0u { return small; }
    let both = place_of(state.now.slots.y, feature, bin);
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

// What the random bits of a new leaf's features are drawn by, which is known by when it was made: `tree/draw.rs`.
fn draws_of(leaf: u32) -> Wide {
    let is_left = state.now.leaves[leaf] != state.nodes;
    return of_place(tree.draws, 2u * state.nodes - select(0u, 1u, is_left));
}

// Whether a feature may be split on: so many of the tree's have the lowest bits.
fn is_drawn(thread: u32, draws: Wide, feature: u32) -> bool {
    if tree.drawn == tree.used { return true; }
    if thread == 0u { atomicStore(&earlier, 0u); }
    workgroupBarrier();
    let bits = of_place(draws, feature);
    for (var place = thread; place < tree.used; place += BINS) {
        if wide_less(of_place(draws, used[place]), bits) { atomicAdd(&earlier, 1u); }
    }
    workgroupBarrier();
    if thread == 0u { place_drawn = atomicLoad(&earlier); }
    return workgroupUniformLoad(&place_drawn) < tree.drawn;
}

// One of so many numbers, by the random bits of a feature; not by those that it is drawn by.
fn random_below(draws: Wide, feature: u32, count: u32) -> u32 {
    let bits = of_place(of_place(draws, feature), 0u);
    return wide_sum(wide_product(bits.y, count), Wide(wide_product(bits.x, count).y, 0u)).y;
}

// Compares the splits near the highest in their order, and returns the best; `last` is its place in `prefix`.
fn best_near(whole: Sums, missing: Wide, leaf_score: Double, l2: Double) -> Found {
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
            let f = fraction(sums_of(left), whole, l2);
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

// What a split is above that scores near the highest, where the highest of this thread's is `size`.
fn near_bound(thread: u32, size: u32) -> u32 {
    atomicMax(&highest, size);
    workgroupBarrier();
    if thread == 0u { near_highest = max(atomicLoad(&highest), NEAR) - NEAR; }
    return workgroupUniformLoad(&near_highest);
}

// The split on a feature, with the side that missing rows go to.
fn named(best: Found, feature: u32, missing: Wide, whole: Sums) -> Found {
    var split = best;
    split.feature = feature;
    if (missing.x & ((1u << fit.count_bits) - 1u)) == 0u {
        // Nothing is known of missing rows here: they go where most rows go.
        let left_rows = split.left.x & ((1u << fit.count_bits) - 1u);
        split.missing_left = select(0u, 1u, 2u * left_rows >= whole.count);
    }
    let last = features[feature].bins - 1u;
    split.side[last >> 5u] = insertBits(split.side[last >> 5u], split.missing_left, last & 31u, 1u);
    return split;
}
