// needs: double/double.wgsl, boosting/layout.wgsl, boosting/blocks.wgsl
// Parts the rows of the leaf that is split, those that go left first, each side in the order that it had, into the other half
// of `rows`; sums the smaller leaf; sends rows down a tree.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<storage, read> state: State;
// Bins of features, some a word: words of the tile × rows.
@group(0) @binding(2) var<storage, read> bins: array<u32>;
@group(0) @binding(3) var<storage, read_write> rows: array<u32>;
// How many rows of each block go left.
@group(0) @binding(4) var<storage, read_write> lefts: array<u32>;
@group(0) @binding(5) var<storage, read> words: array<Wide>;
// Slots × sums of the tile × 2.
@group(0) @binding(6) var<storage, read_write> histograms: array<atomic<u32>>;
@group(0) @binding(7) var<storage, read> row_list: array<u32>;
@group(0) @binding(8) var<uniform> tile: Tile;

fn goes_left(row: u32) -> bool {
    let bin = extractBits(bins[(state.now.group - tile.first) * fit.rows + row], state.now.shift, width(tile, state.now.group));
    return extractBits(state.now.side[bin >> 5u], bin & 31u, 1u) == 1u;
}

@compute @workgroup_size(GROUP)
fn count_left(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let block = block_of(state.now.count, groups.x);
    let first = group.x * block;
    if first >= state.now.count || !is_in(tile, state.now.group) { return; }
    let end = min(first + block, state.now.count);
    var left = 0u;
    for (var at = first + thread; at < end; at += GROUP) {
        if goes_left(rows[state.now.start + at]) { left += 1u; }
    }
    let total = scanned(thread, left);
    if thread == GROUP - 1u { lefts[group.x] = total; }
}

@compute @workgroup_size(GROUP)
fn place(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    let block = block_of(state.now.count, groups.x);
    let first = group.x * block;
    if first >= state.now.count || !is_in(tile, state.now.group) { return; }
    let end = min(first + block, state.now.count);
    var before = 0u;
    for (var other = thread; other < group.x; other += GROUP) { before += lefts[other]; }
    _ = scanned(thread, before);
    before = workgroupUniformLoad(&scan[GROUP - 1u]);
    let source = state.now.start;
    let to = select(source - fit.rows, source + fit.rows, source < fit.rows);
    for (var turn = first; turn < end; turn += GROUP) {
        let at = turn + thread;
        var row = 0u;
        var left = 0u;
        if at < end {
            row = rows[source + at];
            left = select(0u, 1u, goes_left(row));
        }
        let lefts_before = before + scanned(thread, left) - left;
        if at < end {
            let right = state.now.left + at - lefts_before;
            rows[to + select(right, lefts_before, left == 1u)] = row;
        }
        before += workgroupUniformLoad(&scan[GROUP - 1u]);
    }
}

var<workgroup> low: array<atomic<u32>, 1024>;
var<workgroup> high: array<atomic<u32>, 1024>;

// A word is two halves; a carry out of the lower one is seen by whoever's addition made it, so the sum does not depend on the
// order.
@compute @workgroup_size(GROUP)
fn histogram(
    @builtin(workgroup_id) group: vec3<u32>,
    @builtin(local_invocation_index) thread: u32,
    @builtin(num_workgroups) groups: vec3<u32>,
) {
    // Fewer workgroups have more to do, where rows are few: each costs the way from its tables to the leaf's.
    let block = max(block_of(state.now.sum_count, groups.x), 4u * GROUP);
    let first = group.x * block;
    if first >= state.now.sum_count { return; }
    let end = min(first + block, state.now.sum_count);
    let word_of_bins = tile.first + group.y;
    let is_narrow = word_of_bins >= tile.narrow;
    let lanes = select(PACKED, NARROW_PACKED, is_narrow);
    let bins_each = select(BINS, NARROW_BINS, is_narrow);
    let bits = width(tile, word_of_bins);
    for (var i = thread; i < lanes * bins_each; i += GROUP) {
        atomicStore(&low[i], 0u);
        atomicStore(&high[i], 0u);
    }
    workgroupBarrier();
    for (var at = first + thread; at < end; at += GROUP) {
        let row = row_list[state.now.sum_start + at];
        let word = words[row];
        let record = bins[group.y * fit.rows + row];
        for (var lane = 0u; lane < lanes; lane++) {
            let bin = lane * bins_each + extractBits(record, lane * bits, bits);
            let before = atomicAdd(&low[bin], word.x);
            atomicAdd(&high[bin], word.y + select(0u, 1u, before + word.x < before));
        }
    }
    workgroupBarrier();
    let out = histogram_of(tile, state.now.slots.x) + sums_before(tile, word_of_bins);
    for (var i = thread; i < lanes * bins_each; i += GROUP) {
        let word = Wide(atomicLoad(&low[i]), atomicLoad(&high[i]));
        if any(word != Wide(0u, 0u)) {
            let at = (out + i) * 2u;
            let before = atomicAdd(&histograms[at], word.x);
            atomicAdd(&histograms[at + 1u], word.y + select(0u, 1u, before + word.x < before));
        }
    }
}
