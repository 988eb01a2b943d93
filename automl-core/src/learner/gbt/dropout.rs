//! Dropout of trees (Rashmi and Gilad-Bachrach, "DART: dropouts meet multiple additive regression trees", 2015).
//!
//! Before each round some of the earlier rounds are taken out, each with the same probability and at least one; the new
//! round mends what the others leave, and would then go too far together with the k that come back. So its trees
//! count 1 / (k + η) and those k / (k + η) of what they counted, with η the learning rate that the new trees' values have
//! in them: for η = 1 the paper's 1 / (k + 1) and k / (k + 1).

use crate::learner::tree::shape::Shape;
use crate::numeric::Rng;

/// The trees of all rounds, which may be taken out again.
pub(super) struct Dropout {
    /// Probability with which a round is taken out.
    share: f64,
    learning_rate: f64,
    /// Rounds × outputs: shape and values.
    trees: Vec<Vec<(Shape, Vec<f32>)>>,
    /// What each round counts.
    weights: Vec<f64>,
    /// What each round counted in the best round.
    best: Vec<f64>,
    /// The rounds that are out now.
    out: Vec<usize>,
}

impl Dropout {
    pub fn new(share: f64, learning_rate: f64) -> Self {
        let (trees, weights, best, out) = (Vec::new(), Vec::new(), Vec::new(), Vec::new());
        Self { share, learning_rate, trees, weights, best, out }
    }

    /// Takes rounds out; whether there are any.
    pub fn draw(&mut self, rng: &mut Rng) -> bool {
        self.out = (0..self.trees.len()).filter(|_| rng.uniform() < self.share).collect();
        if self.out.is_empty() && !self.trees.is_empty() {
            self.out.push(rng.below(self.trees.len()));
        }
        self.trees.push(Vec::new());
        !self.out.is_empty()
    }

    /// An output's trees that are out, and what they count.
    pub fn out_of(&self, output: usize) -> impl Iterator<Item = (&Shape, &[f32], f64)> {
        self.out.iter().map(move |&round| {
            let (shape, values) = &self.trees[round][output];
            (shape, values.as_slice(), self.weights[round])
        })
    }

    /// What the new round's trees count.
    pub fn of_new(&self) -> f64 {
        if self.out.is_empty() { 1.0 } else { 1.0 / (self.out.len() as f64 + self.learning_rate) }
    }

    /// What those that come back keep of what they counted.
    pub fn of_old(&self) -> f64 {
        self.out.len() as f64 * self.of_new()
    }

    /// Takes the next output's tree of the new round.
    pub fn push(&mut self, shape: Shape, values: Vec<f32>) {
        if let Some(round) = self.trees.last_mut() {
            round.push((shape, values));
        }
    }

    /// Ends the round.
    pub fn put_back(&mut self) {
        let (old, new) = (self.of_old(), self.of_new());
        for &round in &self.out {
            self.weights[round] *= old;
        }
        self.weights.push(new);
    }

    /// Notes that this was the best round so far.
    pub fn is_best(&mut self) {
        self.best.clone_from(&self.weights);
    }

    /// The trees up to the best round, round by round, with values as they counted then.
    pub fn into_best(self) -> impl Iterator<Item = (Shape, Vec<f32>)> {
        self.best.into_iter().zip(self.trees).flat_map(|(weight, round)| {
            round.into_iter().map(move |(shape, mut values)| {
                values.iter_mut().for_each(|v| *v = (f64::from(*v) * weight) as f32);
                (shape, values)
            })
        })
    }
}
