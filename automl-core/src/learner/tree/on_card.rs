//! Prediction by a [`Flat`] on a graphics card, [`ensemble`].

use super::flat::{CATEGORICAL, Flat, Node};
use super::quick::{Missing, load};
use crate::compute::gpu::{Device, Lost};
use crate::compute::kernels::ensemble::{self, Ensemble, Trees, ordered, ordered_threshold};
use crate::compute::{Card, Work};
use crate::node::Frame;
use std::collections::VecDeque;

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

/// The scores with what the trees say; `None` where the card does not hold the trees.
async fn scored(
    flat: &Flat,
    frame: &Frame,
    outputs: usize,
    scores: &[f64],
    device: &Device,
) -> Result<Option<Vec<f64>>, Lost> {
    let on_card = |node: &Node| {
        let is_number = node.feature & CATEGORICAL == 0;
        let test = if is_number { ordered_threshold(f32::from_bits(node.test)) } else { node.test };
        [node.feature, test, node.children[0], node.children[1]]
    };
    let nodes: Vec<[u32; 4]> = flat.nodes.iter().map(on_card).collect();
    let trees = Trees {
        nodes: &nodes,
        roots: &flat.roots,
        sets: &flat.sets,
        values: &flat.values,
        width: flat.width,
        features: flat.used.len(),
    };
    if ensemble::fits(device.limits().max_storage_buffer_binding_size, &trees).is_err() {
        return Ok(None);
    }
    let on_card = Ensemble::new(device, &trees, outputs)?;
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
