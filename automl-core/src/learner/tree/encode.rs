//! Ensembles as bytes.
//!
//! A tree is written node first, then its left side, then its right: so the children need no numbers, and whatever
//! is read back is a tree. A tag is 0 for a leaf, else 1 + (column · 4 + categorical · 2 + missing left). Bytes are
//! untrusted: every number is checked before it is used, and memory is bounded by the bytes' length.

use super::flat::{CATEGORICAL, Flat, LEAF, MISSING_LEFT, Node, SLOT};
use crate::learner::DecodeError;
use serde::{Deserialize, Serialize};

/// Columns have to leave room for the flags.
const MAX_COLUMN: u32 = 1 << 29;

/// An ensemble as it is written.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Encoded {
    /// Values a leaf.
    width: u32,
    trees: u32,
    tags: Vec<u32>,
    thresholds: Vec<f32>,
    /// For each categorical node the words of its set, their count first.
    sets: Vec<u32>,
    /// For each leaf, where its values are; empty where every leaf has its own, in order.
    leaves: Vec<u32>,
    values: Vec<f32>,
}

fn damaged(what: &str) -> DecodeError {
    DecodeError { reason: format!("the trees are damaged: {what}") }
}

impl Encoded {
    pub fn new(flat: &Flat) -> Self {
        let mut out = Self { width: flat.width as u32, trees: flat.roots.len() as u32, ..Self::default() };
        let shared = flat.width != 1;
        if shared {
            out.values.clone_from(&flat.values);
        }
        let mut open: Vec<u32> = flat.roots.iter().rev().copied().collect();
        while let Some(child) = open.pop() {
            if child & LEAF != 0 {
                let leaf = child & !LEAF;
                out.tags.push(0);
                if shared {
                    out.leaves.push(leaf);
                } else {
                    out.values.push(flat.values[leaf as usize]);
                }
                continue;
            }
            let node = &flat.nodes[child as usize];
            let (column, categorical) = flat.used[(node.feature & SLOT) as usize];
            let missing_left = node.feature & MISSING_LEFT != 0;
            out.tags.push(1 + (column << 2 | u32::from(categorical) << 1 | u32::from(missing_left)));
            if categorical {
                let set = flat.set(node.test);
                out.sets.push(set.len() as u32);
                out.sets.extend_from_slice(set);
            } else {
                out.thresholds.push(f32::from_bits(node.test));
            }
            open.extend(node.children.into_iter().rev());
        }
        out
    }

    /// The ensemble, for frames of `features` columns.
    ///
    /// # Errors
    /// [`DecodeError`] where this is no ensemble on such frames.
    pub fn decode(self, features: usize) -> Result<Flat, DecodeError> {
        let width = self.width as usize;
        if width == 0 || !self.values.len().is_multiple_of(width) {
            return Err(damaged("leaves have odd sizes"));
        }
        if self.values.iter().any(|v| !v.is_finite()) {
            return Err(damaged("a leaf's value is not finite"));
        }
        // Each tree has a tag at least, and each column that is used has one.
        if self.trees as usize > self.tags.len() {
            return Err(damaged("trees are missing"));
        }
        let leaf_count = self.values.len() / width;
        let mut reader =
            Reader { source: self, flat: Flat::new(width), tag: 0, threshold: 0, set: 0, leaf: 0 };
        let mut places = vec![u32::MAX; features.min(MAX_COLUMN as usize)];
        for _ in 0..reader.source.trees {
            let root = reader.tree(&mut places, leaf_count)?;
            reader.flat.roots.push(root);
        }
        reader.finish()
    }
}

struct Reader {
    source: Encoded,
    flat: Flat,
    tag: usize,
    threshold: usize,
    set: usize,
    leaf: usize,
}

impl Reader {
    /// Reads one tree and gives its root.
    fn tree(&mut self, places: &mut [u32], leaf_count: usize) -> Result<u32, DecodeError> {
        let mut root = 0;
        let mut open: Vec<Option<(usize, bool)>> = vec![None];
        while let Some(above) = open.pop() {
            let tag = *self.source.tags.get(self.tag).ok_or_else(|| damaged("a node is missing"))?;
            self.tag += 1;
            let child = if tag == 0 {
                LEAF | self.leaf(leaf_count)?
            } else {
                let node = self.node(tag - 1, places)?;
                let at = self.flat.nodes.len();
                self.flat.nodes.push(node);
                open.push(Some((at, false)));
                open.push(Some((at, true)));
                at as u32
            };
            match above {
                None => root = child,
                Some((parent, true)) => self.flat.nodes[parent].children[0] = child,
                Some((parent, false)) => self.flat.nodes[parent].children[1] = child,
            }
        }
        Ok(root)
    }

    fn leaf(&mut self, leaf_count: usize) -> Result<u32, DecodeError> {
        let place = if self.source.width == 1 {
            self.leaf as u32
        } else {
            *self.source.leaves.get(self.leaf).ok_or_else(|| damaged("a leaf is missing"))?
        };
        self.leaf += 1;
        if place as usize >= leaf_count || place & LEAF != 0 {
            return Err(damaged("a leaf has no values"));
        }
        Ok(place)
    }

    fn node(&mut self, tag: u32, places: &mut [u32]) -> Result<Node, DecodeError> {
        let (column, categorical, missing_left) = (tag >> 2, tag & 2 != 0, tag & 1 != 0);
        let slot = self
            .flat
            .slot(places, column, categorical)
            .ok_or_else(|| damaged("a node tests a column that is not there, or is of another kind"))?;
        let test = if categorical {
            let start = self.flat.sets.len();
            let words = *self.source.sets.get(self.set).ok_or_else(|| damaged("a set is missing"))?;
            let end = self.set.checked_add(1 + words as usize).ok_or_else(|| damaged("a set is too long"))?;
            let set = self.source.sets.get(self.set..end).ok_or_else(|| damaged("a set is cut short"))?;
            self.flat.sets.extend_from_slice(set);
            self.set = end;
            start as u32
        } else {
            let threshold = *self
                .source
                .thresholds
                .get(self.threshold)
                .ok_or_else(|| damaged("a threshold is missing"))?;
            self.threshold += 1;
            if !threshold.is_finite() {
                return Err(damaged("a threshold is not finite"));
            }
            threshold.to_bits()
        };
        let flags = if categorical { CATEGORICAL } else { 0 } | if missing_left { MISSING_LEFT } else { 0 };
        Ok(Node { feature: slot | flags, test, children: [LEAF; 2] })
    }

    fn finish(mut self) -> Result<Flat, DecodeError> {
        let source = &self.source;
        let leaves = if source.width == 1 { source.values.len() } else { source.leaves.len() };
        let all_read = self.tag == source.tags.len()
            && self.threshold == source.thresholds.len()
            && self.set == source.sets.len()
            && self.leaf == leaves;
        if !all_read {
            return Err(damaged("there is more than the trees need"));
        }
        self.flat.values = std::mem::take(&mut self.source.values);
        Ok(self.flat.ready())
    }
}

/// The same ensemble with only the leaves, sets and columns that its trees reach, in the order in which it is
/// written: what comes back from [`Encoded::decode`] is equal to it.
pub(super) fn compact(flat: &Flat) -> Flat {
    let mut out = Flat::new(flat.width);
    let columns = flat.used.iter().map(|u| u.0 as usize + 1).max().unwrap_or(0);
    let mut places = vec![u32::MAX; columns];
    let mut leaf_places: Vec<u32> = vec![u32::MAX; flat.leaves()];
    for &root in &flat.roots {
        let mut open: Vec<(u32, Option<(usize, bool)>)> = vec![(root, None)];
        while let Some((child, above)) = open.pop() {
            let new = if child & LEAF != 0 {
                let leaf = (child & !LEAF) as usize;
                if leaf_places[leaf] == u32::MAX || flat.width == 1 {
                    leaf_places[leaf] = out.leaves() as u32;
                    out.values.extend_from_slice(&flat.values[leaf * flat.width..(leaf + 1) * flat.width]);
                }
                LEAF | leaf_places[leaf]
            } else {
                let node = flat.nodes[child as usize];
                let (column, categorical) = flat.used[(node.feature & SLOT) as usize];
                let slot = out.slot(&mut places, column, categorical).unwrap_or(0);
                let test = if categorical {
                    let set = flat.set(node.test);
                    let start = out.sets.len() as u32;
                    out.sets.push(set.len() as u32);
                    out.sets.extend_from_slice(set);
                    start
                } else {
                    node.test
                };
                let at = out.nodes.len();
                out.nodes.push(Node { feature: node.feature & !SLOT | slot, test, ..node });
                open.push((node.children[1], Some((at, false))));
                open.push((node.children[0], Some((at, true))));
                at as u32
            };
            match above {
                None => out.roots.push(new),
                Some((parent, true)) => out.nodes[parent].children[0] = new,
                Some((parent, false)) => out.nodes[parent].children[1] = new,
            }
        }
    }
    out
}
