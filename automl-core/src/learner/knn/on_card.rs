//! Neighbours that are sifted on a graphics card, [`neighbours`]: the processor computes only the distances of the few rows that
//! can be among the nearest, and so answers as it does without a card, to the last bit.

use super::model::KnnModel;
use super::search::{Nearest, Tiles};
use crate::compute::gpu::{Device, Lost};
use crate::compute::kernels::neighbours::{self, Asked, Neighbours};
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
    if features == 0 {
        return None;
    }
    let rows = model.cells.len() / features;
    let work = Work::Neighbours { rows, asked: frame.rows, features };
    // What was noted of a model's first rows holds of the model.
    let turn = if card.used().name() == "gpu" { card.turn_beside(&work)? } else { card.turn(&work)? };
    let device = turn.device()?;
    let limit = device.limits().max_storage_buffer_binding_size;
    let at_a_time = match neighbours::at_a_time(limit, rows, (features, model.k as usize)) {
        Ok(rows) => rows,
        Err(large) => {
            card.note(Used::cpu(large));
            return None;
        }
    };
    match answers(model, frame, (device, at_a_time)).await {
        Ok(prediction) => Some(prediction),
        Err(lost) => {
            card.lost(lost);
            None
        }
    }
}

/// The known rows on a card, in parts where it does not hold all at once. Those of each part that can be among the nearest of
/// the part are all that can be among the nearest of all.
struct Known<'d> {
    parts: Vec<Neighbours<'d>>,
    /// Rows of each but the last.
    rows: usize,
}

impl<'d> Known<'d> {
    fn new(model: &KnnModel, (device, at_a_time): (&'d Device, usize)) -> Result<Self, Lost> {
        let (features, k) = (model.features as usize, model.k as usize);
        let part = |cells: &[f32]| Neighbours::new(device, cells, features, k.min(cells.len() / features));
        let parts: Result<_, Lost> = model.cells.chunks(at_a_time * features).map(part).collect();
        Ok(Self { parts: parts?, rows: at_a_time })
    }

    fn block(&self) -> usize {
        self.parts.iter().map(Neighbours::block).min().unwrap_or(1)
    }

    fn ask(&self, some: &[f32]) -> Result<Vec<Asked>, Lost> {
        self.parts.iter().map(|part| part.ask(some)).collect()
    }

    /// For each row that was asked about the known rows that can be among its nearest, ascending; `None` where too many are
    /// nearly as far.
    async fn answer(&self, asked: Vec<Asked>) -> Result<Vec<Option<Vec<u32>>>, Lost> {
        let mut all: Vec<Option<Vec<u32>>> = Vec::new();
        for (number, (part, asked)) in self.parts.iter().zip(asked).enumerate() {
            let found = part.answer(asked).await?;
            all.resize(found.len(), Some(Vec::new()));
            let first = (number * self.rows) as u32;
            for (all, found) in all.iter_mut().zip(found) {
                match (&mut *all, found) {
                    (Some(all), Some(found)) => all.extend(found.into_iter().map(|row| first + row)),
                    _ => *all = None,
                }
            }
        }
        Ok(all)
    }
}

async fn answers(model: &KnnModel, frame: &Frame, place: (&Device, usize)) -> Result<Prediction, Lost> {
    let (features, outputs, k) = (model.features as usize, model.outputs(), model.k as usize);
    let (asked, known) = (row_major(frame, features), Known::new(model, place)?);
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
