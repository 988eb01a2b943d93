// needs: double/double.wgsl, boosting/layout.wgsl
// Which leaf is split next, and what follows from it for the kernels after this one: `tree/leafwise.rs`.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<uniform> tree: Tree;
@group(0) @binding(2) var<storage, read_write> state: State;
@group(0) @binding(3) var<storage, read_write> leaves: array<Leaf>;
@group(0) @binding(4) var<storage, read_write> nodes: array<Node>;
// The best split of each of the tree's features, of the smaller new leaf and then of the larger.
@group(0) @binding(5) var<storage, read> found: array<Found>;
@group(0) @binding(6) var<storage, read> features: array<Feature>;
@group(0) @binding(7) var<storage, read_write> rows: array<u32>;

var<workgroup> gains: array<vec2<u32>, 256>;
var<workgroup> places: array<u32, 256>;

// All rows in their order, for trees that see all.
@compute @workgroup_size(GROUP)
fn list(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var row = id.x; row < fit.rows; row += groups.x * GROUP) { rows[row] = row; }
}

@compute @workgroup_size(1)
fn begin() {
    var nothing: Found;
    // Those that were drawn by their gradients are counted.
    if fit.by_gradients == 0u { state.listed = fit.listed; }
    leaves[0] = Leaf(0u, state.listed, 0u, 0u, nothing);
    var now: Now;
    now.sum_count = state.listed;
    let opens = fit.max_leaves > 1u && may_split(0u, state.listed);
    now.open = vec2<u32>(select(0u, 1u, opens), 0u);
    if !opens { now.sum_count = 0u; }
    state.now = now;
    state.leaves = 1u;
    state.nodes = 0u;
    state.level = 0u;
}

fn may_split(depth: u32, count: u32) -> bool {
    return (fit.max_depth == 0u || depth < fit.max_depth) && count / 2u >= fit.min_rows;
}

// Of the threads' places, the one that gains most, the lowest of equals, in the first thread's; NONE where no thread has any.
// Gains are above 0, so that the order of their bits is theirs. `shallow` goes first.
fn best_of(thread: u32) {
    workgroupBarrier();
    for (var half = GROUP / 2u; half > 0u; half >>= 1u) {
        if thread < half && places[thread + half] != NONE {
            let mine = gains[thread];
            let other = gains[thread + half];
            let equal = all(mine == other);
            let better = wide_less(mine, other) || (equal && places[thread + half] < places[thread]);
            if places[thread] == NONE || better {
                gains[thread] = other;
                places[thread] = places[thread + half];
            }
        }
        workgroupBarrier();
    }
}

fn take(thread: u32, place: u32, gain: vec2<u32>) {
    if places[thread] == NONE || wide_less(gains[thread], gain) {
        places[thread] = place;
        gains[thread] = gain;
    }
}

fn find_split(thread: u32, child: u32) {
    places[thread] = NONE;
    for (var place = thread; place < tree.used; place += GROUP) {
        let split = found[child * fit.features + place];
        if split.there == 1u { take(thread, place, split.gain); }
    }
    best_of(thread);
    if thread == 0u && state.now.open[child] == 1u {
        let leaf = state.now.leaves[child];
        leaves[leaf].found.there = 0u;
        if places[0] != NONE { leaves[leaf].found = found[child * fit.features + places[0]]; }
    }
    workgroupBarrier();
}

// Splits leaf `at`, and says what the next kernels do.
fn split_leaf(at: u32) {
    let leaf = leaves[at];
    let split = leaf.found;
    let right = state.leaves;
    nodes[state.nodes] = Node(split, at, 0u);
    state.nodes += 1u;
    state.leaves += 1u;

    let feature = features[split.feature];
    let left_rows = split.left.x & ((1u << fit.count_bits) - 1u);
    var now: Now;
    now.start = leaf.start;
    now.count = leaf.count;
    now.left = left_rows;
    now.group = feature.group;
    now.shift = feature.shift;
    now.side = split.side;

    let to = select(leaf.start - fit.rows, leaf.start + fit.rows, leaf.start < fit.rows);
    let right_rows = leaf.count - left_rows;
    var nothing: Found;
    let depth = leaf.depth + 1u;
    let left_is_small = left_rows <= right_rows;
    // The smaller takes a histogram of its own, the larger that of both.
    leaves[at] = Leaf(to, left_rows, depth, select(leaf.slot, right, left_is_small), nothing);
    leaves[right] = Leaf(to + left_rows, right_rows, depth, select(right, leaf.slot, left_is_small), nothing);
    let small = select(right, at, left_is_small);
    let large = select(at, right, left_is_small);
    let more = right + 1u < fit.max_leaves;
    let open_small = more && may_split(depth, leaves[small].count);
    let open_large = more && may_split(depth, leaves[large].count);
    now.leaves = vec2<u32>(small, large);
    now.slots = vec2<u32>(right, leaf.slot);
    now.open = vec2<u32>(select(0u, 1u, open_small), select(0u, 1u, open_large));
    now.sum_start = leaves[small].start;
    now.sum_count = select(0u, leaves[small].count, open_small || open_large);
    state.now = now;
}

@compute @workgroup_size(GROUP)
fn choose(@builtin(local_invocation_index) thread: u32) {
    find_split(thread, 0u);
    find_split(thread, 1u);
    // Without a leaf to split, what was done is not done again.
    var shallow = NONE;
    if fit.by_depth == 1u {
        for (var leaf = 0u; leaf < state.leaves; leaf++) {
            if leaves[leaf].found.there == 1u { shallow = min(shallow, leaves[leaf].depth); }
        }
    }
    places[thread] = NONE;
    for (var leaf = thread; leaf < state.leaves; leaf += GROUP) {
        let is_shallow = fit.by_depth == 0u || leaves[leaf].depth == shallow;
        if leaves[leaf].found.there == 1u && is_shallow { take(thread, leaf, leaves[leaf].found.gain); }
    }
    best_of(thread);
    if thread != 0u { return; }
    if places[0] == NONE {
        var nothing: Now;
        state.now = nothing;
    } else {
        split_leaf(places[0]);
    }
}

// The test of a level: the best of all features'.
@compute @workgroup_size(GROUP)
fn choose_test(@builtin(local_invocation_index) thread: u32) {
    places[thread] = NONE;
    for (var place = thread; place < tree.used; place += GROUP) {
        if found[place].there == 1u { take(thread, place, found[place].gain); }
    }
    best_of(thread);
    if thread != 0u { return; }
    state.level = select(state.level + 1u, NONE, places[0] == NONE);
    if places[0] == NONE { return; }
    state.test = found[places[0]];
    state.end = state.leaves;
    state.next = 0u;
}

// Where nothing is known of missing rows they go where most rows go.
fn settle_missing() {
    if state.test.left.x == 1u { return; }
    var left = 0u;
    for (var leaf = 0u; leaf < state.end; leaf++) { left += found[leaf].left.x & ((1u << fit.count_bits) - 1u); }
    state.test.missing_left = select(0u, 1u, 2u * left >= state.listed);
    let last = features[state.test.feature].bins - 1u;
    let word = state.test.side[last >> 5u];
    state.test.side[last >> 5u] = insertBits(word, state.test.missing_left, last & 31u, 1u);
}

// Splits the next leaf that its level's test splits; `found` says what that does to each.
@compute @workgroup_size(1)
fn next_leaf() {
    var nothing: Now;
    state.now = nothing;
    if state.level == NONE { return; }
    if state.next == 0u { settle_missing(); }
    while state.next < state.end && found[state.next].there == 0u { state.next += 1u; }
    if state.next == state.end { return; }
    let at = state.next;
    state.next += 1u;
    leaves[at].found = state.test;
    leaves[at].found.gain = found[at].gain;
    leaves[at].found.left = found[at].left;
    split_leaf(at);
    let small = state.now.leaves.x;
    state.now.sum_count = select(0u, leaves[small].count, state.level < fit.levels);
}
