//! The same on the processor, a row after the other.

use super::{MISSING, Trees};

const TOP: u32 = 1 << 31;
const MISSING_LEFT: u32 = 1 << 30;

fn goes_left(trees: &Trees<'_>, node: [u32; 4], cell: u32) -> bool {
    let missing_left = node[0] & MISSING_LEFT != 0;
    if node[0] & TOP == 0 {
        return cell <= node[1] || missing_left && cell == MISSING;
    }
    let (words, word) = (trees.sets[node[1] as usize], cell / 32);
    if word >= words {
        return missing_left;
    }
    trees.sets[(node[1] + 1 + word) as usize] >> (cell % 32) & 1 == 1
}

/// Adds what the trees say to `scores`, rows × outputs; `cells`: features × rows.
pub fn predict(trees: &Trees<'_>, cells: &[u32], outputs: usize, scores: &mut [f64]) {
    let rows = scores.len() / outputs.max(1);
    for (row, scores) in scores.chunks_mut(outputs.max(1)).enumerate() {
        for (tree, &root) in trees.roots.iter().enumerate() {
            let mut at = root;
            while at & TOP == 0 {
                let node = trees.nodes[at as usize];
                let feature = (node[0] & (MISSING_LEFT - 1)) as usize;
                at = node[if goes_left(trees, node, cells[feature * rows + row]) { 2 } else { 3 }];
            }
            let leaf = (at & !TOP) as usize * trees.width;
            for (value, score) in trees.values[leaf..leaf + trees.width]
                .iter()
                .zip(scores.iter_mut().skip(if trees.width == 1 { tree % outputs } else { 0 }))
            {
                *score += f64::from(*value);
            }
        }
    }
}
