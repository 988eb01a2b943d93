//! Boosting on more rows than memory holds.
//!
//! Rows are dealt at random to parts that fit into memory, and lie on a [`Shelf`] as bins, a byte a feature. Each round's
//! trees are grown on the rows of one part, and the parts take turns: stochastic boosting (Friedman, "Stochastic gradient
//! boosting", 2002) whose samples are drawn without replacement, so that all rows are learned from. A part that comes up
//! again first catches up with the trees that were grown meanwhile. Bins, units and the start are those of a sample.

use super::begun::Begun;
use super::boost::{Boosting, Memory, Others, Tree, Watch, spread};
use super::model::GbtModel;
use super::objective::{Goal, Link};
use crate::learner::cluster::Cluster;
use crate::learner::parts::{Block, InParts, Shelf};
use crate::learner::tree::binning::Binned;
use crate::learner::tree::flat::Builder;
use crate::learner::tree::leafwise::Grower;
use crate::learner::{Fit, FitError};
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::Rng;
use crate::platform::Cancel;

/// Bytes of a part's rows that its features and outputs take while trees are grown on them: bins as they are read, by
/// feature and by row; scores, gradients and their packed form.
pub(super) fn bytes_a_row(features: usize, outputs: usize) -> f64 {
    let scores = if outputs <= 2 { 1.0 } else { outputs as f64 };
    3.2 * features as f64 + 24.0 * scores + 48.0
}

/// A fit under way.
pub(super) struct GbtInParts {
    begun: Begun,
    dealing: Rng,
    /// Rows of each part.
    rows: Vec<usize>,
}

/// One part in memory.
struct Part {
    data: Binned,
    goal: Goal,
    scores: Vec<Vec<f64>>,
}

/// Where the rows of a part lie, and its scores.
fn places(part: usize) -> (usize, usize) {
    (2 * part, 2 * part + 1)
}

fn broken(reason: impl Into<String>) -> FitError {
    FitError::Shelf { reason: reason.into() }
}

impl GbtInParts {
    /// `sample`: rows that bins, units and constraints follow from; `parts`: how many parts rows are dealt to.
    ///
    /// # Errors
    /// As a fit on the sample.
    pub fn new(sample: &Fit<'_>, parts: usize) -> Result<Self, FitError> {
        let dealing = Rng::for_stream(sample.seed, &[0xDEA1]);
        Ok(Self { begun: Begun::new(sample)?, dealing, rows: vec![0; parts.max(1)] })
    }

    /// A part as it lies on the shelf.
    ///
    /// # Errors
    /// A shelf that fails, or that gives other bytes than were put.
    fn load(&self, part: usize, bytes: &mut Vec<u8>, shelf: &mut dyn Shelf) -> Result<Part, FitError> {
        let (rows_at, scores_at) = places(part);
        shelf.get(rows_at, bytes).map_err(broken)?;
        let rows = self.rows[part];
        let mut data = self.begun.bins.clone();
        data.rows = rows;
        data.features.iter_mut().for_each(|f| f.bins.reserve_exact(rows));
        let mut target = Collected::like(&self.begun.goal, rows);
        let mut weights = Vec::with_capacity(if self.begun.weighted { rows } else { 0 });
        let mut rest = bytes.as_slice();
        let damaged = || broken("what was put aside came back damaged");
        while let Some((count, after)) = rest.split_first_chunk::<4>() {
            let count = u32::from_le_bytes(*count) as usize;
            let mut next = after;
            let mut piece = |size: usize| {
                let (piece, after) = next.split_at_checked(size)?;
                next = after;
                Some(piece)
            };
            for feature in &mut data.features {
                feature.bins.extend_from_slice(piece(count).ok_or_else(damaged)?);
            }
            target.extend(piece(count * target.width()).ok_or_else(damaged)?);
            if self.begun.weighted {
                let cells = piece(count * 4).ok_or_else(damaged)?.as_chunks::<4>().0;
                weights.extend(cells.iter().map(|&w| f64::from(f32::from_le_bytes(w))));
            }
            rest = next;
        }
        let in_range = |f: &crate::learner::tree::binning::BinnedFeature| {
            f.bins.len() == rows && f.bins.iter().all(|&b| usize::from(b) < f.bin_count)
        };
        let target = target.into_target(&self.begun.goal);
        if target.len() != rows || !data.features.iter().all(in_range) {
            return Err(damaged());
        }
        let goal =
            self.begun.goal.like(&target, self.begun.weighted.then_some(weights)).ok_or_else(damaged)?;
        shelf.get(scores_at, bytes).map_err(broken)?;
        let scores =
            if bytes.is_empty() { spread(&self.begun.start, rows) } else { read_scores(bytes, rows) };
        if scores.len() != self.begun.start.len() {
            return Err(damaged());
        }
        Ok(Part { data, goal, scores })
    }
}

/// Values of the target as they come from the shelf.
enum Collected {
    Codes(Vec<u32>),
    Values(Vec<f64>),
}

impl Collected {
    fn like(goal: &Goal, rows: usize) -> Self {
        match goal.objective.link() {
            Link::Identity | Link::Log => Self::Values(Vec::with_capacity(rows)),
            Link::Logistic | Link::Softmax(_) => Self::Codes(Vec::with_capacity(rows)),
        }
    }

    /// Bytes of a row.
    fn width(&self) -> usize {
        if matches!(self, Self::Codes(_)) { 4 } else { 8 }
    }

    fn extend(&mut self, bytes: &[u8]) {
        match self {
            Self::Codes(codes) => codes.extend(bytes.as_chunks().0.iter().map(|&c| u32::from_le_bytes(c))),
            Self::Values(values) => values.extend(bytes.as_chunks().0.iter().map(|&v| f64::from_le_bytes(v))),
        }
    }

    fn into_target(self, goal: &Goal) -> Target {
        match self {
            Self::Codes(mut codes) => {
                let classes = if let Link::Softmax(k) = goal.objective.link() { k } else { 2 };
                codes.retain(|&code| (code as usize) < classes);
                Target::Classes { codes, classes }
            }
            Self::Values(values) => Target::Values(values),
        }
    }
}

fn write_scores(scores: &[Vec<f64>], bytes: &mut Vec<u8>) {
    bytes.clear();
    scores.iter().flatten().for_each(|score| bytes.extend_from_slice(&score.to_le_bytes()));
}

fn read_scores(bytes: &[u8], rows: usize) -> Vec<Vec<f64>> {
    let number = |cell: &[u8; 8]| f64::from_le_bytes(*cell);
    bytes.as_chunks::<8>().0.chunks_exact(rows.max(1)).map(|s| s.iter().map(number).collect()).collect()
}

impl InParts for GbtInParts {
    fn take(&mut self, block: &Block<'_>, shelf: &mut dyn Shelf) -> Result<(), FitError> {
        let count = block.frame.rows;
        self.begun.check(block)?;
        let columns = self.begun.bins.apply(block.frame);
        let mut dealt: Vec<Vec<u32>> = vec![Vec::new(); self.rows.len()];
        for row in 0..count as u32 {
            dealt[self.dealing.below(self.rows.len())].push(row);
        }
        let mut bytes = Vec::new();
        for (part, rows) in dealt.iter().enumerate().filter(|(_, rows)| !rows.is_empty()) {
            bytes.clear();
            bytes.extend_from_slice(&(rows.len() as u32).to_le_bytes());
            for column in &columns {
                bytes.extend(rows.iter().map(|&row| column[row as usize]));
            }
            for &row in rows {
                match block.target {
                    Target::Classes { codes, .. } => {
                        bytes.extend_from_slice(&codes[row as usize].to_le_bytes());
                    }
                    Target::Values(values) => bytes.extend_from_slice(&values[row as usize].to_le_bytes()),
                }
            }
            for weights in block.weights.iter().filter(|_| self.begun.weighted) {
                rows.iter().for_each(|&row| bytes.extend_from_slice(&weights[row as usize].to_le_bytes()));
            }
            shelf.append(places(part).0, &bytes).map_err(broken)?;
            self.rows[part] += rows.len();
        }
        Ok(())
    }

    fn places(&self) -> usize {
        2 * self.rows.len()
    }

    fn finish(
        self: Box<Self>,
        validation: (&Frame, &Target),
        shelf: &mut dyn Shelf,
        _cluster: Option<&mut dyn Cluster>,
        cancel: &Cancel,
        told: &mut dyn FnMut(usize),
    ) -> Result<Box<dyn Model>, FitError> {
        let outputs = self.begun.start.len();
        let turns: Vec<usize> = (0..self.rows.len()).filter(|&part| self.rows[part] > 0).collect();
        let mut validation = Others::new(
            &self.begun.bins,
            (&self.begun.goal, &self.begun.start),
            validation,
            self.begun.threads,
        );
        let mut watch = Watch::new(&self.begun.settings, validation.as_ref()).idle_for(turns.len());
        let mut builder = Builder::new(self.begun.bins.columns, 1);
        let mut trees: Vec<Tree> = Vec::new();
        let mut seen = vec![0; self.rows.len()];
        let (mut memory, mut bytes) = (Memory::default(), Vec::new());
        let mut rounds = 0;
        while rounds < self.begun.settings.rounds && !self.begun.bins.features.is_empty() && !turns.is_empty()
        {
            let part = turns[rounds % turns.len()];
            let Part { data, goal, scores } = self.load(part, &mut bytes, shelf)?;
            let mut boosting = Boosting {
                settings: &self.begun.settings,
                constraints: &self.begun.constraints,
                data: &data,
                goal,
                scores,
                validation: validation.take(),
                memory: std::mem::take(&mut memory),
                seed: self.begun.seed,
                threads: self.begun.threads,
            };
            for (number, tree) in trees.iter().enumerate().skip(seen[part] * outputs) {
                boosting.catch_up(number % outputs, tree);
            }
            let mut grower = Grower::new(&data, self.begun.constraints.clone(), self.begun.threads);
            let grown = boosting.round(&mut grower, &mut builder, rounds, cancel);
            let Boosting { scores, validation: watched, memory: used, .. } = boosting;
            (validation, memory) = (watched, used);
            match grown {
                Err(FitError::Cancelled) if rounds > 0 => break,
                Err(error) => return Err(error),
                Ok(grown) => {
                    write_scores(&scores, &mut bytes);
                    shelf.put(places(part).1, &bytes).map_err(broken)?;
                    rounds += 1;
                    seen[part] = rounds;
                    told(rounds);
                    let ends = watch.ends(rounds, &grown, validation.as_ref());
                    trees.extend(grown);
                    if ends {
                        break;
                    }
                }
            }
        }
        let kept = watch.kept(rounds, validation.is_some());
        let trees = builder.finish(kept * outputs);
        let (link, center) = (self.begun.goal.objective.link(), self.begun.goal.center);
        Ok(Box::new(GbtModel { link, start: self.begun.start, center, trees }))
    }
}
