//! Candidates that are trained side by side, an epoch at a time, until each has ended.

use super::super::model::MlpModel;
use super::super::net::Net;
use super::super::train::{self, Shape};
use super::super::trial::{PATIENCE, WARM_UP, WARM_UP_SHARE, least_loss, temperature};
use super::card::{Card, Held, blocks};
use super::layout::{self, Layout};
use super::table::Table;
use super::{Contest, Failure, REPRODUCIBLE, Trained};
use crate::compute::gpu::Device;
use crate::compute::kernels::inputs::View;
use crate::compute::kernels::loss::{DEGREES, PLAIN};
use crate::compute::kernels::nets::{JUDGED, Turn};
use crate::learner::FitError;
use crate::learner::dense::unsuitable;
use crate::numeric::{Rng, math, sort_few_by};

/// Rows that are judged in one turn: as many of these as the card holds.
const JUDGED_AT_ONCE: [usize; 3] = [4 * JUDGED, 2 * JUDGED, JUDGED];

/// How good a candidate was at its best.
#[derive(Debug, Clone, Copy)]
struct Best {
    loss: f64,
    epoch: usize,
    degree: i32,
}

/// A candidate in training; its model is at the same place in the layout.
struct Member {
    candidate: usize,
    epochs: usize,
    shapes: Vec<layout::Shape>,
    degree: i32,
    best: Best,
}

/// A candidate that has ended, its networks at their best.
pub struct End {
    pub candidate: usize,
    pieces: usize,
    nets: Vec<Net>,
    best: Best,
}

/// See the module.
pub struct Race<'a, 'd> {
    contest: &'a Contest<'a>,
    table: &'a Table,
    card: Card<'d>,
    views: Vec<View>,
    members: Vec<Member>,
    ends: Vec<End>,
    /// Rows to learn from, in the order of the last epoch, then those that judge.
    order: Vec<u32>,
    batch: usize,
    block: usize,
    epoch: usize,
    begun: bool,
}

impl<'a, 'd> Race<'a, 'd> {
    /// Sends the table and the networks of the candidates `some` to the card.
    ///
    /// # Errors
    /// [`Failure`]: a card that was lost or too small, or settings that make no networks.
    pub fn begin(
        device: &'d Device,
        contest: &'a Contest<'a>,
        table: &'a Table,
        some: &[usize],
    ) -> Result<Self, Failure> {
        let shape = |&candidate: &usize| Ok((candidate, table.shape(&contest.candidates[candidate].params)?));
        let shapes = some.iter().map(shape).collect::<Result<Vec<_>, FitError>>()?;
        // The same for all, as it follows from the rows.
        let batch = shapes.iter().map(|(_, shape)| shape.settings.batch).max().unwrap_or(1);
        let mut starts = table.starts(contest, &shapes).into_iter();
        let steps = table.training.len().div_ceil(batch);
        let (mut members, mut weights) = (Vec::new(), Vec::new());
        for (candidate, shape) in &shapes {
            let own: Vec<_> = starts.by_ref().take(shape.networks).collect();
            for start in &own {
                weights.extend_from_slice(&start.net.weights);
                weights.extend_from_slice(&start.net.factors);
            }
            members.push(Member::new(*candidate, shape, steps, own));
        }
        let (views, columns) = table.views();
        let truth = table.truth();
        let of_models: Vec<_> = members.iter().map(|m| m.shapes.clone()).collect();
        let held = |block: usize| Held {
            cells: &table.data.cells,
            truth: &truth,
            columns: &columns,
            order: table.training.len() + table.held_out.len(),
            blocks: blocks(table.held_out.len()),
            turns: steps + table.held_out.len().div_ceil(block),
        };
        let begin = |block: usize| {
            let layout = Layout::of(&of_models, &views, batch, block);
            Ok::<_, Failure>((block, Card::new(device, &held(block), layout, &weights)?))
        };
        let mut begun = begin(JUDGED_AT_ONCE[0]);
        for &block in &JUDGED_AT_ONCE[1..] {
            if matches!(begun, Err(Failure::TooLarge { .. })) {
                begun = begin(block);
            }
        }
        let (block, card) = begun?;
        let order = [table.training.as_slice(), &table.held_out].concat();
        let (ends, epoch) = (Vec::new(), 0);
        Ok(Self { contest, table, card, views, members, ends, order, batch, block, epoch, begun: false })
    }

    pub fn is_running(&self) -> bool {
        !self.members.is_empty()
    }

    /// Epochs that were trained.
    pub fn epoch(&self) -> usize {
        self.epoch
    }

    /// Candidates that were not dropped.
    pub fn alive(&self) -> usize {
        self.members.len() + self.ends.len()
    }

    /// Bytes of the card that are taken.
    #[cfg(test)]
    pub fn bytes(&self) -> u64 {
        self.card.bytes()
    }

    pub fn ended(self) -> Vec<End> {
        self.ends
    }

    /// Trains all for an epoch, none the first time, and judges them.
    ///
    /// # Errors
    /// Cancelled, or a card that was lost.
    pub async fn pass(&mut self) -> Result<(), Failure> {
        if self.begun {
            self.epoch += 1;
            let mut rng = Rng::for_stream(self.contest.seed, &[0x4E, 2, self.epoch as u64]);
            rng.shuffle(&mut self.order[..self.table.training.len()]);
        }
        self.begun = true;
        self.card.send(&self.order, &self.turns(), self.contest.cancel)?;
        let losses = self.card.losses().await?;
        let tempered = self.table.has_classes();
        let mut better = Vec::new();
        for (place, (member, losses)) in self.members.iter_mut().zip(&losses).enumerate() {
            let of_degree = |degree: i32| losses[(degree + PLAIN as i32) as usize % DEGREES];
            let loss = least_loss(&mut member.degree, tempered, of_degree);
            if loss < member.best.loss {
                member.best = Best { loss, epoch: self.epoch, degree: member.degree };
                better.push(place);
            }
        }
        self.card.keep(&better);
        self.end_some().await
    }

    /// Small batches to learn from, but before the first epoch; then blocks to judge by.
    fn turns(&self) -> Vec<Turn> {
        let (training, held_out) = (self.table.training.len(), self.table.held_out.len());
        let classes = u32::from(self.table.has_classes());
        let steps = training.div_ceil(self.batch);
        let mut turns = Vec::new();
        let trained = if self.epoch == 0 { 0 } else { steps };
        let before = (self.epoch.saturating_sub(1) * steps) as f64;
        let mut powers = [0.9, 0.999].map(|beta| math::pow(beta, before));
        for step in 0..trained {
            powers[0] *= 0.9;
            powers[1] *= 0.999;
            let start = step * self.batch;
            turns.push(Turn {
                start: start as u32,
                rows: self.batch.min(training - start) as u32,
                step: ((self.epoch - 1) * steps + step + 1) as u32,
                classes,
                block: 0,
                blocks: 0,
                first: (1.0 / (1.0 - powers[0])) as f32,
                second: (1.0 / (1.0 - powers[1])) as f32,
            });
        }
        for start in (0..held_out).step_by(self.block) {
            turns.push(Turn {
                start: (training + start) as u32,
                rows: self.block.min(held_out - start) as u32,
                classes,
                block: (start / JUDGED) as u32,
                blocks: blocks(held_out) as u32,
                ..Turn::default()
            });
        }
        turns
    }

    /// Reads back those that were trained for all their epochs, or have not become better for long, and makes room.
    async fn end_some(&mut self) -> Result<(), Failure> {
        let epoch = self.epoch;
        let is_over = |m: &Member| epoch >= m.epochs || epoch - m.best.epoch >= PATIENCE;
        let over: Vec<usize> = (0..self.members.len()).filter(|&p| is_over(&self.members[p])).collect();
        if over.is_empty() {
            return Ok(());
        }
        let weights = self.card.best(&over).await?;
        let mut rest = weights.as_slice();
        for &place in &over {
            let member = &self.members[place];
            let mut nets = Vec::new();
            for shape in &member.shapes {
                let layers = shape.widths.windows(2).map(|w| (w[0] + 1) * w[1]).sum();
                let (own, after) = rest.split_at(layers);
                let (factors, after) = after.split_at(shape.widths[0]);
                rest = after;
                nets.push(Net {
                    widths: shape.widths.clone(),
                    weights: own.to_vec(),
                    factors: factors.to_vec(),
                });
            }
            let params = &self.contest.candidates[member.candidate].params;
            let pieces = self.table.pieces_of(params.count("pieces"));
            self.ends.push(End { candidate: member.candidate, pieces, nets, best: member.best });
        }
        self.retain(|member| !is_over(member))
    }

    /// Drops all but the `count` best, by their least losses, ended or not.
    ///
    /// # Errors
    /// A card that was lost.
    pub fn cut(&mut self, count: usize) -> Result<(), Failure> {
        let mut all = self.standings();
        all.truncate(count);
        let stays = |candidate: usize| all.iter().any(|&(_, other)| other == candidate);
        self.ends.retain(|end| stays(end.candidate));
        self.retain(|member| stays(member.candidate))
    }

    /// The `count` best candidates so far, the best first, without those that never were within bounds.
    pub fn best(&self, count: usize) -> Vec<usize> {
        self.standings().into_iter().filter(|s| s.0.is_finite()).map(|s| s.1).take(count).collect()
    }

    /// Candidates with their least losses, the best first, ended or not.
    fn standings(&self) -> Vec<(f64, usize)> {
        let running = self.members.iter().map(|m| (m.best.loss, m.candidate));
        let mut all: Vec<(f64, usize)> =
            running.chain(self.ends.iter().map(|e| (e.best.loss, e.candidate))).collect();
        sort_few_by(&mut all, |a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
        all
    }

    fn retain(&mut self, stays: impl Fn(&Member) -> bool) -> Result<(), Failure> {
        let kept: Vec<usize> = (0..self.members.len()).filter(|&p| stays(&self.members[p])).collect();
        if kept.len() == self.members.len() {
            return Ok(());
        }
        self.members.retain(stays);
        if self.members.is_empty() {
            return Ok(());
        }
        let shapes: Vec<_> = self.members.iter().map(|m| m.shapes.clone()).collect();
        self.card.compact(Layout::of(&shapes, &self.views, self.batch, self.block), &kept)
    }
}

impl Member {
    /// `steps` of an epoch.
    fn new(candidate: usize, shape: &Shape, steps: usize, starts: Vec<super::table::Start>) -> Self {
        let settings = &shape.settings;
        let all_steps = (settings.epochs * steps) as f64;
        let shapes = starts.into_iter().map(|start| layout::Shape {
            widths: start.net.widths,
            view: start.view,
            seed: start.seed,
            rate: settings.rate,
            decay: settings.decay,
            dropout: settings.dropout,
            warm_up: WARM_UP.min(WARM_UP_SHARE * all_steps),
            steps: all_steps,
        });
        let best = Best { loss: f64::INFINITY, epoch: 0, degree: 0 };
        Self { candidate, epochs: settings.epochs, shapes: shapes.collect(), degree: 0, best }
    }
}

impl End {
    /// # Errors
    /// [`FitError`] where training left all bounds.
    pub fn trained(&self, table: &Table) -> Result<Trained, FitError> {
        let temperature = temperature(self.best.degree);
        let nets: Vec<Net> = self.nets.iter().map(|net| net.finished(temperature)).collect();
        if nets.iter().flat_map(|net| &net.weights).any(|w| !w.is_finite()) {
            return Err(unsuitable(train::OUT_OF_BOUNDS));
        }
        let model = MlpModel {
            meaning: table.meaning.clone(),
            pieces: table.pieces[self.pieces].1.clone(),
            nets,
            epochs: self.best.epoch as u32,
        };
        Ok(Trained {
            candidate: self.candidate,
            model: Box::new(model),
            loss: self.best.loss / table.held_out.len() as f64,
            epochs: self.best.epoch,
            reproducible: REPRODUCIBLE,
        })
    }
}
