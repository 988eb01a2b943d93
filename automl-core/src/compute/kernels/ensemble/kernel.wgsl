// needs: double/double.wgsl
// Adds to the scores of rows what the trees of an ensemble say, in the trees' order, a row and output a thread. Sums are the
// processor's to the last bit.

struct About {
    rows: u32,
    outputs: u32,
    trees: u32,
    // Values a leaf: with one, the trees of outputs take turns.
    width: u32,
}

@group(0) @binding(0) var<uniform> about: About;
// Feature and flags, threshold or where a set begins, children.
@group(0) @binding(1) var<storage, read> nodes: array<vec4<u32>>;
@group(0) @binding(2) var<storage, read> roots: array<u32>;
// Sets of codes: how many words, then the words.
@group(0) @binding(3) var<storage, read> sets: array<u32>;
// Singles.
@group(0) @binding(4) var<storage, read> values: array<u32>;
// Feature by feature: codes, or numbers whose order is that of whole ones.
@group(0) @binding(5) var<storage, read> cells: array<u32>;
// Rows x outputs.
@group(0) @binding(6) var<storage, read_write> scores: array<Double>;

const GROUP: u32 = 256u;
const LEAF: u32 = 0x80000000u;
const CATEGORICAL: u32 = 0x80000000u;
const MISSING_LEFT: u32 = 0x40000000u;
const FEATURE: u32 = 0x3fffffffu;
const MISSING: u32 = 0xffffffffu;

fn goes_left(node: vec4<u32>, cell: u32) -> bool {
    let missing_left = (node.x & MISSING_LEFT) != 0u;
    if (node.x & CATEGORICAL) == 0u { return cell <= node.y || (missing_left && cell == MISSING); }
    let word = cell / 32u;
    if word >= sets[node.y] { return missing_left; }
    return ((sets[node.y + 1u + word] >> (cell % 32u)) & 1u) == 1u;
}

fn leaf_of(root: u32, row: u32) -> u32 {
    var at = root;
    while (at & LEAF) == 0u {
        let node = nodes[at];
        at = select(node.w, node.z, goes_left(node, cells[(node.x & FEATURE) * about.rows + row]));
    }
    return at & ~LEAF;
}

@compute @workgroup_size(GROUP)
fn predict(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    let output = id.y;
    let step = select(1u, about.outputs, about.width == 1u);
    for (var row = id.x; row < about.rows; row += groups.x * GROUP) {
        let at = row * about.outputs + output;
        var score = scores[at];
        for (var tree = select(0u, output, about.width == 1u); tree < about.trees; tree += step) {
            let leaf = leaf_of(roots[tree], row);
            let value = select(leaf * about.width + output, leaf, about.width == 1u);
            score = sum(score, from_single(values[value]));
        }
        scores[at] = score;
    }
}
