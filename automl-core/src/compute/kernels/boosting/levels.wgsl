// needs: double/double.wgsl, boosting/layout.wgsl, boosting/splits.wgsl
// The best grouping of each category's levels in the two new leaves: `tree/split/levels.rs` to the bit. A workgroup a feature
// and leaf, a thread a level; what is missing is one more level.

// With so many levels or fewer, one is split from the others.
const ONE_AGAINST_REST: u32 = 4u;
// Most levels on the listed side.
const LISTED: u32 = 32u;
// Of a level that is not in the order; no other has it.
const LAST: Wide = Wide(0xffffffffu, 0xffffffffu);

var<workgroup> words: array<Wide, 256>;
// By what levels are ordered.
var<workgroup> keys: array<Wide, 256>;
var<workgroup> order: array<u32, 256>;
// How many levels have rows, and how many are in the order.
var<workgroup> counted: array<atomic<u32>, 2>;
var<workgroup> counts: vec2<u32>;
// A bit a grouping that is tried: from the lowest level upwards, and from the highest downwards.
var<workgroup> tried: array<u32, 2>;

// G / (H + smoothing), as a whole number that is larger where it is.
fn key_of(sums: Sums) -> Wide {
    var weight = sum(from_u32(sums.hessian), state.units.cat_smooth);
    if is_zero(weight) { weight = Double(0u, 0x100000u); } // the least that is not 0
    let ratio = quotient(sums.gradient, weight);
    return select(Wide(ratio.x, ratio.y ^ SIGN), ~ratio, ratio.y >= SIGN);
}

fn level_at(way: u32, place: u32) -> u32 {
    return order[select(place, counts.y - 1u - place, way == 1u)];
}

// Notes the groupings that are tried from one end, and what goes left by them.
fn walk(way: u32, whole: u32) {
    var left = Wide(0u, 0u);
    var in_group = 0u;
    var bits = 0u;
    for (var place = 0u; place < min(LISTED, (counts.y + 1u) / 2u); place++) {
        let word = words[level_at(way, place)];
        left = wide_sum(left, word);
        in_group += sums_of(word).count;
        let rows = sums_of(left).count;
        if whole - rows < max(fit.min_rows, fit.group_rows) { break; }
        if rows >= fit.min_rows && in_group >= fit.group_rows {
            in_group = 0u;
            prefix[way * LISTED + place] = left;
            bits |= 1u << place;
        }
    }
    tried[way] = bits;
}

@compute @workgroup_size(BINS)
fn levels(@builtin(workgroup_id) group: vec3<u32>, @builtin(local_invocation_index) thread: u32) {
    let leaf = group.y;
    let at = leaf * fit.features + group.x;
    let number = used[group.x];
    if features[number].categorical == 0u || !is_in(tile, features[number].group) { return; }
    if state.now.open[leaf] == 0u {
        if thread == 0u { found[at].there = 0u; }
        return;
    }
    let last = features[number].bins - 1u;
    var word = Wide(0u, 0u);
    if thread <= last { word = word_of(leaf, number, thread); }
    if !is_drawn(thread, draws_of(leaf), number) {
        if thread == 0u { found[at].there = 0u; }
        return;
    }
    if thread < 16u { atomicStore(&near[thread], 0u); }
    if thread < 2u { atomicStore(&counted[thread], 0u); }
    if thread == 0u { atomicStore(&highest, 0u); }
    scan_words(thread, word);
    let whole = sums_of(workgroupUniformLoad(&prefix[BINS - 1u]));

    let sums = sums_of(word);
    words[thread] = word;
    keys[thread] = LAST;
    if sums.count > 0u {
        atomicAdd(&counted[0], 1u);
        if sums.count >= fit.level_rows {
            atomicAdd(&counted[1], 1u);
            keys[thread] = key_of(sums);
        }
    }
    workgroupBarrier();
    if thread == 0u { counts = vec2<u32>(atomicLoad(&counted[0]), atomicLoad(&counted[1])); }
    let grouped = workgroupUniformLoad(&counts).x > ONE_AGAINST_REST;
    var l2 = state.units.l2;
    var is_tried = sums.count > 0u;
    if grouped {
        l2 = state.units.cat_l2;
        let key = keys[thread];
        if any(key != LAST) {
            var place = 0u;
            for (var other = 0u; other <= last; other++) {
                let before = wide_less(keys[other], key) || (other < thread && all(keys[other] == key));
                place += select(0u, 1u, before);
            }
            order[place] = thread;
        }
        workgroupBarrier();
        if thread < 2u { walk(thread, whole.count); }
        workgroupBarrier();
        is_tried = thread < 2u * LISTED && extractBits(tried[(thread / LISTED) & 1u], thread % LISTED, 1u) == 1u;
    } else {
        prefix[thread] = word;
    }
    var size = 0u;
    if is_tried { size = rough(fraction(sums_of(prefix[thread]), whole, l2)); }
    let bound = near_bound(thread, size);
    if size > bound { atomicOr(&near[thread >> 5u], 1u << (thread & 31u)); }
    workgroupBarrier();
    if thread != 0u { return; }
    var best = best_near(whole, Wide(0u, 0u), score_of(whole), l2);
    if best.there == 1u {
        let place = best.last;
        for (var i = 0u; i <= select(0u, place % LISTED, grouped); i++) {
            var bin = place;
            if grouped { bin = level_at(place / LISTED, i); }
            best.side[bin >> 5u] |= 1u << (bin & 31u);
            if bin == last { best.missing_left = 1u; }
        }
    }
    found[at] = named(best, number, words[last], whole);
}
