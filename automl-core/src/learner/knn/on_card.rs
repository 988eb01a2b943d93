//! Neighbours that are sifted on a graphics card, [`neighbours`]: the processor computes only the distances of the few rows that
//! can be among the nearest, and so answers as it does without a card, to the last bit.

use super::model::KnnModel;
use super::search::{Nearest, Tiles};
use crate::compute::gpu::{Device, Lost};
use crate::compute::kernels::neighbours::{self, Neighbours};
use crate::compute::{Card, Used, Work};
use crate::learner::dense::matrix::row_major;
use crate::model::Prediction;
use crate::node::Frame;
use std::collections::VecDeque;

/// Blocks that are sent before the first of them is answered, so that the card computes while the processor does.
const AHEAD: usize = 2;

/// `None` where the processor is to do it: why was noted.
pub async fn predict(model: &KnnModel, frame: &Frame, card: &Card) -> Option<Prediction> {
    let features = model.features as usize;
    let rows = model.cells.len() / features.max(1);
    let work = Work::Neighbours { rows, asked: frame.rows, features };
    // What was noted of a model's first rows holds of the model.
    let turn = if card.used().name() == "gpu" { card.turn_beside(&work)? } else { card.turn(&work)? };
    let device = turn.device()?;
    if let Err(large) = neighbours::fits(device.limits().max_storage_buffer_binding_size, rows, features) {
        card.note(Used::cpu(large));
        return None;
    }
    match answers(model, frame, device).await {
        Ok(prediction) => Some(prediction),
        Err(lost) => {
            card.lost(lost);
            None
        }
    }
}

async fn answers(model: &KnnModel, frame: &Frame, device: &Device) -> Result<Prediction, Lost> {
    let (features, outputs, k) = (model.features as usize, model.outputs(), model.k as usize);
    let (asked, known) = (row_major(frame, features), Neighbours::new(device, &model.cells, features, k)?);
    let mut values = vec![0.0; frame.rows * outputs];
    let (mut nearest, mut weights) = (Nearest::new(k), Vec::new());
    // Laid out only where a row needs it.
    let mut tiles = None;
    let mut blocks = asked.chunks(known.block() * features).zip(values.chunks_mut(known.block() * outputs));
    let mut sent = VecDeque::new();
    loop {
        while sent.len() < AHEAD
            && let Some((block, out)) = blocks.next()
        {
            sent.push_back((known.ask(block)?, block, out));
        }
        let Some((waiting, block, out)) = sent.pop_front() else { break };
        let found = known.answer(waiting).await?;
        let rows = block.chunks_exact(features).zip(out.chunks_exact_mut(outputs));
        for (some, (row, out)) in found.iter().zip(rows) {
            match some {
                Some(some) => nearest.search_among(some, &model.cells, row),
                None => {
                    let tiles = tiles.get_or_insert_with(|| Tiles::new(&model.cells, features));
                    tiles.search(row, std::slice::from_mut(&mut nearest));
                }
            }
            model.answer(&nearest, &mut weights, out);
        }
    }
    Ok(Prediction { values, rows: frame.rows, outputs })
}
