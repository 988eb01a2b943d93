//! What all candidates are trained on.

use super::super::data::{Meaning, Rows, Truth};
use super::super::inputs::Pieces;
use super::super::net::Net;
use super::super::train::{self, FEW_ROWS, Shape};
use super::{Contest, Failure};
use crate::compute::kernels::inputs::{Column, View};
use crate::learner::dense::{check, unsuitable};
use crate::learner::{FitError, Params};
use crate::numeric::Rng;
use crate::platform;

/// The rows, and all ways to cut their numbers into pieces that a candidate asks for.
pub struct Table {
    pub meaning: Meaning,
    /// Training rows, then those that only judge where the caller gave some.
    pub data: Rows,
    /// Of the training rows those that are learned from, and those that judge.
    pub training: Vec<u32>,
    pub held_out: Vec<u32>,
    /// Training rows, held out or not.
    pub rows: usize,
    /// For each number of pieces that is asked for, that number and what it gives.
    pub pieces: Vec<(usize, Pieces)>,
}

/// A network before it is trained.
pub struct Start {
    pub net: Net,
    /// The place of its view; see [`Table::views`].
    pub view: usize,
    pub seed: u64,
}

impl Table {
    /// # Errors
    /// [`Failure`] when cancelled, where data does not suit networks, or the recipe for it is the processor's alone.
    pub fn of(contest: &Contest<'_>) -> Result<Self, Failure> {
        let Some(first) = contest.candidates.first() else {
            return Err(unsuitable("there are no settings to train").into());
        };
        let fit = contest.fit(&first.params);
        check(&fit)?;
        let left = |reason: &str| Failure::LeftToProcessor { reason: reason.to_owned() };
        let meaning = Meaning::of(contest.target);
        if matches!(meaning, Meaning::Classes(_)) && meaning.outputs() == 1 {
            return Err(left("the rows have one class only"));
        }
        let data = meaning.rows(contest.frame, contest.target);
        let mut data = data.ok_or_else(train::of_two_kinds)?;
        let rows = data.count;
        if rows <= FEW_ROWS {
            return Err(left("there are few rows, of which none is held out in the end"));
        }
        let mut asked: Vec<usize> = contest.candidates.iter().map(|c| c.params.count("pieces")).collect();
        asked.sort_unstable();
        asked.dedup();
        let features = data.pieces.features();
        let cut = |most: usize| {
            let cells = &data.cells[..rows * features];
            let pieces = if most > 1 {
                Pieces::fit_on(contest.threads, cells, features, most)
            } else {
                Pieces::none(features)
            };
            (most, pieces)
        };
        let pieces = asked.into_iter().map(cut).collect();
        let (training, held_out) = train::hold_out(&fit, &meaning, &mut data, rows);
        Ok(Self { meaning, data, training, held_out, rows, pieces })
    }

    /// The networks that a candidate's parameters make.
    ///
    /// # Errors
    /// [`FitError`] where they would be too large.
    pub fn shape(&self, params: &Params) -> Result<Shape, FitError> {
        let pieces = &self.pieces[self.pieces_of(params.count("pieces"))].1;
        let inputs = [pieces.width(), self.data.pieces.features()];
        Shape::of(params, inputs, self.meaning.outputs(), self.rows)
    }

    /// The place in `pieces` of those of so many.
    pub fn pieces_of(&self, most: usize) -> usize {
        self.pieces.iter().position(|(count, _)| *count == most).unwrap_or(0)
    }

    /// Whether answers are scores of classes.
    pub fn has_classes(&self) -> bool {
        matches!(self.data.truth, Truth::Places(_))
    }

    /// Inputs that networks take, rows × width: the numbers as they are, then for each of `pieces` those with pieces. Where
    /// they begin in scratch is not known yet.
    pub fn views(&self) -> (Vec<View>, Vec<Column>) {
        let features = self.data.pieces.features();
        let plain = |feature: usize| Column {
            feature: feature as u32,
            is_piece: 0,
            start: 0.0,
            slope: 0.0,
            low: 0.0,
            high: 0.0,
        };
        let mut columns: Vec<Column> = (0..features).map(plain).collect();
        let mut views = vec![self.view(0, features)];
        for (_, pieces) in &self.pieces {
            views.push(self.view(columns.len(), pieces.width()));
            for feature in 0..features {
                columns.push(plain(feature));
                columns.extend(pieces.ramps(feature).map(|[start, slope, low, high]| Column {
                    is_piece: 1,
                    start,
                    slope,
                    low,
                    high,
                    ..plain(feature)
                }));
            }
        }
        (views, columns)
    }

    fn view(&self, columns: usize, width: usize) -> View {
        let features = self.data.pieces.features() as u32;
        View { out_at: 0, columns: columns as u32, width: width as u32, features }
    }

    /// The networks of candidates, each with its first weights.
    pub fn starts(&self, contest: &Contest<'_>, some: &[(usize, Shape)]) -> Vec<Start> {
        let features = self.data.pieces.features();
        let mut starts: Vec<(Start, &Vec<usize>)> = Vec::new();
        for (candidate, shape) in some {
            let own = &contest.candidates[*candidate];
            let pieces = self.pieces_of(own.params.count("pieces"));
            for number in 0..shape.networks {
                let widths = &shape.widths[number % 2];
                let view = if widths[0] == features { 0 } else { 1 + pieces };
                let seed = train::seed_of(own.seed, train::WATCHED, number);
                let net = Net { widths: Vec::new(), weights: Vec::new(), factors: Vec::new() };
                starts.push((Start { net, view, seed }, widths));
            }
        }
        let prior = self.meaning.prior();
        platform::each(contest.threads, &mut starts, |_, (start, widths)| {
            start.net = Net::new(widths.clone(), &prior, &mut Rng::for_stream(start.seed, &[0x4E, 0]));
        });
        starts.into_iter().map(|(start, _)| start).collect()
    }

    /// True answers, a class or the bits of a number a row.
    pub fn truth(&self) -> Vec<u32> {
        match &self.data.truth {
            Truth::Places(places) => places.clone(),
            Truth::Numbers(numbers) => numbers.iter().map(|x| x.to_bits()).collect(),
        }
    }
}
