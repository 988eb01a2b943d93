// needs: double/double.wgsl, boosting/layout.wgsl
// Adds to scores what the leaf of each row says: the splits of the tree are gone through in the order in which they were made.

@group(0) @binding(0) var<uniform> fit: Fit;
@group(0) @binding(1) var<uniform> sent: Sent;
@group(0) @binding(2) var<storage, read> state: State;
@group(0) @binding(3) var<storage, read> nodes: array<Node>;
@group(0) @binding(4) var<storage, read> features: array<Feature>;
@group(0) @binding(5) var<storage, read> bins: array<u32>;
// Singles, one a leaf.
@group(0) @binding(6) var<storage, read> values: array<u32>;
@group(0) @binding(7) var<storage, read_write> scores: array<Double>;

struct Sent {
    rows: u32,
    output: u32,
}

@compute @workgroup_size(GROUP)
fn route(@builtin(global_invocation_id) id: vec3<u32>, @builtin(num_workgroups) groups: vec3<u32>) {
    for (var row = id.x; row < sent.rows; row += groups.x * GROUP) {
        var leaf = 0u;
        for (var i = 0u; i < state.nodes; i++) {
            if nodes[i].leaf == leaf {
                let feature = features[nodes[i].found.feature];
                let bin = extractBits(bins[feature.group * sent.rows + row], feature.shift, 8u);
                let left = extractBits(nodes[i].found.side[bin >> 5u], bin & 31u, 1u);
                if left == 0u { leaf = i + 1u; }
            }
        }
        let at = sent.output * sent.rows + row;
        scores[at] = sum(scores[at], from_single(values[leaf]));
    }
}
