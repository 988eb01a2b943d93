//! Prediction by a [`Flat`] on a graphics card, [`ensemble`].

use super::flat::{CATEGORICAL, Flat, LEAF, Node};
use super::quick::{Missing, load};
use crate::compute::gpu::{Device, Lost};
use crate::compute::kernels::ensemble::{self, Ensemble, Trees, ordered, ordered_threshold};
use crate::compute::{Card, Work};
use crate::node::Frame;
use std::collections::VecDeque;
use std::ops::Range;

/// Blocks that are sent before the first of them comes back.
const AHEAD: usize = 2;

/// As [`Flat::add_to`], where that pays; `None`, with nothing added, where the processor is to do it.
pub async fn add(flat: &Flat, frame: &Frame, outputs: usize, scores: &mut [f64], card: &Card) -> Option<()> {
    let fits = flat.width == 1 || flat.width == outputs;
    // Numbers of a foreign file may be anything.
    if !fits || flat.used.is_empty() || flat.values.iter().any(|value| !value.is_finite()) {
        return None;
    }
    let turn = card.turn_beside(&Work::Ensemble {
        rows: frame.rows,
        features: flat.used.len(),
        trees: flat.trees(),
        leaves: flat.leaves(),
        outputs,
    })?;
    match scored(flat, frame, outputs, scores, turn.device()?).await {
        Ok(done) => done.map(|all| scores.copy_from_slice(&all)),
        Err(lost) => {
            card.lost(lost);
            None
        }
    }
}

/// Trees that follow each other, which one buffer of a card holds.
pub(super) struct Part {
    trees: Range<usize>,
    nodes: Range<usize>,
    /// Words of sets.
    sets: Range<usize>,
    leaves: Range<usize>,
}

impl Part {
    /// The tree of this number.
    fn tree(flat: &Flat, number: usize) -> Self {
        // A tree's nodes, sets and leaves lie together; one that is a leaf alone has no nodes.
        let start = |number: usize| {
            let roots = flat.roots.iter().skip(number);
            let root = roots.copied().find(|root| root & LEAF == 0);
            root.map_or(flat.nodes.len(), |root| root as usize)
        };
        let (from, to) = (start(number), start(number + 1).max(start(number)));
        /// Grows to what is met.
        const NONE: Range<usize> = Range { start: usize::MAX, end: 0 };
        let (mut sets, mut leaves) = (NONE, NONE);
        let mut children = vec![flat.roots[number]];
        for node in &flat.nodes[from..to] {
            children.extend(node.children);
            if node.feature & CATEGORICAL != 0 {
                let at = node.test as usize;
                sets = sets.start.min(at)..sets.end.max(at + 1 + flat.set(node.test).len());
            }
        }
        for leaf in children.into_iter().filter(|child| child & LEAF != 0) {
            let at = (leaf & !LEAF) as usize;
            leaves = leaves.start.min(at)..leaves.end.max(at + 1);
        }
        Self { trees: number..number + 1, nodes: from..to, sets, leaves }
    }

    /// With the trees of another that follows.
    fn with(&self, next: &Self) -> Self {
        let both = |a: &Range<usize>, b: &Range<usize>| a.start.min(b.start)..a.end.max(b.end);
        Self {
            trees: both(&self.trees, &next.trees),
            nodes: both(&self.nodes, &next.nodes),
            sets: both(&self.sets, &next.sets),
            leaves: both(&self.leaves, &next.leaves),
        }
    }

    fn fits(&self, limit: u64, width: usize) -> bool {
        ensemble::fits(limit, [self.nodes.len(), self.sets.len(), self.leaves.len() * width])
    }

    /// All trees in parts, each of a multiple of `together` trees but the last. `None` where trees that have to lie together
    /// are too large.
    pub(super) fn all(flat: &Flat, limit: u64, together: usize) -> Option<Vec<Self>> {
        let mut parts: Vec<Self> = Vec::new();
        for first in (0..flat.trees()).step_by(together) {
            let last = flat.trees().min(first + together);
            let some =
                (first..last).map(|tree| Self::tree(flat, tree)).reduce(|all, next| all.with(&next))?;
            let joined = parts.last().map(|part| part.with(&some)).filter(|all| all.fits(limit, flat.width));
            match (joined, parts.last_mut()) {
                (Some(all), Some(part)) => *part = all,
                _ if some.fits(limit, flat.width) => parts.push(some),
                _ => return None,
            }
        }
        Some(parts)
    }

    /// Puts the trees on the card; `None` where they lie otherwise than trees do that were grown here.
    fn send(&self, flat: &Flat, ensemble: &mut Ensemble<'_>) -> Result<Option<()>, Lost> {
        let child = |child: u32| {
            let range = if child & LEAF == 0 { &self.nodes } else { &self.leaves };
            let at = (child & !LEAF) as usize;
            range.contains(&at).then(|| child & LEAF | (at - range.start) as u32)
        };
        let on_card = |node: &Node| {
            let is_number = node.feature & CATEGORICAL == 0;
            let test = match is_number {
                true => ordered_threshold(f32::from_bits(node.test)),
                false => node.test - self.sets.start as u32,
            };
            Some([node.feature, test, child(node.children[0])?, child(node.children[1])?])
        };
        let nodes: Option<Vec<[u32; 4]>> = flat.nodes[self.nodes.clone()].iter().map(on_card).collect();
        let roots: Option<Vec<u32>> =
            flat.roots[self.trees.clone()].iter().map(|&root| child(root)).collect();
        let (Some(nodes), Some(roots)) = (nodes, roots) else { return Ok(None) };
        let values = flat.values.get(self.leaves.start * flat.width..self.leaves.end * flat.width);
        let sets = if self.sets.is_empty() { Some(&[][..]) } else { flat.sets.get(self.sets.clone()) };
        let (Some(values), Some(sets)) = (values, sets) else { return Ok(None) };
        let (width, features) = (flat.width, flat.used.len());
        ensemble.add(&Trees { nodes: &nodes, roots: &roots, sets, values, width, features })?;
        Ok(Some(()))
    }
}

/// The scores with what the trees say; `None` where the card does not hold the trees.
async fn scored(
    flat: &Flat,
    frame: &Frame,
    outputs: usize,
    scores: &[f64],
    device: &Device,
) -> Result<Option<Vec<f64>>, Lost> {
    // Which output a tree of one value is of follows from its place.
    let together = if flat.width == 1 { outputs.max(1) } else { 1 };
    let limit = device.limits().max_storage_buffer_binding_size;
    let Some(parts) = Part::all(flat, limit, together) else { return Ok(None) };
    let mut on_card = Ensemble::new(device, flat.used.len(), (flat.width, outputs))?;
    for part in parts {
        if part.send(flat, &mut on_card)?.is_none() {
            return Ok(None);
        }
    }
    let mut blocks = scores.chunks(on_card.block() * outputs);
    let (mut sent, mut start, mut all) = (VecDeque::new(), 0, Vec::with_capacity(scores.len()));
    loop {
        while sent.len() < AHEAD
            && let Some(block) = blocks.next()
        {
            let rows = block.len() / outputs;
            sent.push_back(on_card.send(&cells(flat, frame, start, rows), block)?);
            start += rows;
        }
        let Some(first) = sent.pop_front() else { return Ok(Some(all)) };
        all.extend(on_card.scores(first).await?);
    }
}

/// The cells of some rows: used columns × rows.
fn cells(flat: &Flat, frame: &Frame, start: usize, rows: usize) -> Vec<u32> {
    let mut cells = vec![0; flat.used.len() * rows];
    for (view, &(column, categorical)) in cells.chunks_mut(rows.max(1)).zip(&flat.used) {
        load(frame, column, categorical, Missing::Kept, start, view);
        if !categorical {
            view.iter_mut().for_each(|cell| *cell = ordered(f32::from_bits(*cell)));
        }
    }
    cells
}
