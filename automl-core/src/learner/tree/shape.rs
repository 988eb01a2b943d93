//! A tree just grown: its splits in terms of bins, and which leaf is where.

use super::partition::partition_in_parts;
use super::split::Split;

/// A node's child: a node by its number, or a leaf by its number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Child {
    Node(u32),
    Leaf(u32),
}

#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Branch {
    pub split: Split,
    pub left: Child,
    pub right: Child,
}

/// A tree without values. Parents come before their children; the root is node 0, or leaf 0 where there is no node.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Shape {
    pub branches: Vec<Branch>,
    pub leaves: u32,
}

impl Shape {
    pub fn root(&self) -> Child {
        if self.branches.is_empty() { Child::Leaf(0) } else { Child::Node(0) }
    }

    /// Sends rows of binned data down the tree: `visit(leaf, rows)` for each leaf that gets rows, left to right.
    /// `columns(feature)` are the bins of a feature, the last of its `bin_counts` being the missing one.
    pub fn route<'a>(
        &self,
        rows: &mut [u32],
        spare: &mut [u32],
        columns: impl Fn(u32) -> (&'a [u8], usize),
        threads: usize,
        mut visit: impl FnMut(u32, &[u32]),
    ) {
        let mut open = vec![(self.root(), 0, rows.len())];
        while let Some((child, start, end)) = open.pop() {
            let here = &mut rows[start..end];
            if here.is_empty() {
                continue;
            }
            match child {
                Child::Leaf(leaf) => visit(leaf, here),
                Child::Node(node) => {
                    let branch = &self.branches[node as usize];
                    let (bins, bin_count) = columns(branch.split.feature);
                    let side = branch.split.side(bin_count);
                    let middle = start + partition_in_parts(here, bins, &side, spare, threads);
                    open.push((branch.right, middle, end));
                    open.push((branch.left, start, middle));
                }
            }
        }
    }
}

/// A grown tree, and which rows are in its leaves.
pub struct Grown<'g> {
    pub shape: Shape,
    pub(super) rows: &'g [u32],
    pub(super) ranges: Vec<(usize, usize)>,
}

impl Grown<'_> {
    /// The training rows of a leaf, ascending.
    pub fn leaf_rows(&self, leaf: usize) -> &[u32] {
        let (start, end) = self.ranges[leaf];
        &self.rows[start..end]
    }

    /// The training rows below a node, leaf by leaf.
    pub fn rows_below(&self, child: Child) -> &[u32] {
        let end = |side: fn(&Branch) -> Child| {
            let mut child = child;
            loop {
                match child {
                    Child::Leaf(leaf) => return self.ranges[leaf as usize],
                    Child::Node(node) => child = side(&self.shape.branches[node as usize]),
                }
            }
        };
        &self.rows[end(|b| b.left).0..end(|b| b.right).1]
    }
}
