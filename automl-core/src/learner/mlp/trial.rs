//! Networks that are trained side by side, and watched on rows that they are not trained on.

use super::adam::Adam;
use super::batch::Batch;
use super::data::{Meaning, Rows, Truth};
use super::net::Net;
use crate::learner::dense::go_on;
use crate::learner::{Fit, FitError};
use crate::numeric::{Rng, math};

/// Epochs without a better loss after which training ends.
pub const PATIENCE: usize = 10;
/// Steps over which the rate rises at the start, and their largest share of all.
pub const WARM_UP: f64 = 30.0;
pub const WARM_UP_SHARE: f64 = 0.1;
/// The share of the rate that is left in the last steps.
const LEAST_RATE: f64 = 0.01;
/// Temperatures are e to multiples of this, from the fewest to the most.
const LOG_STEP: f64 = 0.12;
pub const TEMPERATURES: std::ops::RangeInclusive<i32> = -4..=8;
/// A temperature T must gain this many times ln² T in log loss over all rows.
const STRENGTH: f64 = 3.0;
/// Rows that are judged at a time.
const BLOCK: usize = 256;

pub struct Settings {
    pub rate: f64,
    pub decay: f64,
    pub dropout: f64,
    pub epochs: usize,
    pub batch: usize,
}

/// A network in training.
pub struct Runner {
    pub net: Net,
    adam: Adam,
    batch: Batch,
    gradient: Vec<f32>,
    order: Vec<u32>,
    seed: u64,
    epoch: usize,
    steps: usize,
}

impl Runner {
    /// `rows`: those to train on.
    pub fn new(widths: &[usize], meaning: &Meaning, rows: Vec<u32>, seed: u64) -> Self {
        let net = Net::new(widths.to_vec(), &meaning.prior(), &mut Rng::for_stream(seed, &[0x4E, 0]));
        let size = net.weights.len() + net.factors.len();
        Self {
            net,
            adam: Adam::new(size),
            batch: Batch::default(),
            gradient: vec![0.0; size],
            order: rows,
            seed,
            epoch: 0,
            steps: 0,
        }
    }

    /// One epoch.
    ///
    /// # Errors
    /// [`FitError`] when cancelled.
    pub fn pass(&mut self, fit: &Fit<'_>, data: &Rows, settings: &Settings) -> Result<(), FitError> {
        self.epoch += 1;
        let all_steps = settings.epochs * self.order.len().div_ceil(settings.batch);
        let mut rng = Rng::for_stream(self.seed, &[0x4E, 2, self.epoch as u64]);
        rng.shuffle(&mut self.order);
        for rows in self.order.chunks(settings.batch) {
            go_on(fit)?;
            self.steps += 1;
            self.batch.gradient(&self.net, data, rows, settings.dropout, &mut rng, &mut self.gradient);
            let rate = settings.rate * rate_at(self.steps, all_steps);
            self.adam.step(&mut self.net, &self.gradient, rate, settings.decay);
        }
        Ok(())
    }
}

/// The share of the rate at a step: it rises for a while, and falls in a line to the end.
fn rate_at(step: usize, all_steps: usize) -> f64 {
    let (step, all_steps) = (step as f64, all_steps as f64);
    let warm_up = WARM_UP.min(WARM_UP_SHARE * all_steps);
    (step / warm_up).min(1.0) * (1.0 - step / all_steps).max(LEAST_RATE)
}

/// Networks at their best.
pub struct Best {
    /// Of the networks that were watched, and all their held-out rows together.
    pub loss: f64,
    pub epoch: usize,
    /// What their scores of classes are to be divided by; 1 for numbers.
    pub temperature: f64,
    pub nets: Vec<Net>,
}

impl Default for Best {
    fn default() -> Self {
        Self { loss: f64::INFINITY, epoch: 0, temperature: 1.0, nets: Vec::new() }
    }
}

/// Networks whose mean is judged on rows that none of them is trained on.
pub struct Jury {
    pub runners: Vec<Runner>,
    pub held_out: Vec<u32>,
}

/// Trains networks until the loss of all juries together has not become less for a while. It is the mean of a jury's
/// networks that is judged: each by itself would end sooner than is best for the mean, which overfits less.
///
/// Classes are judged with their scores divided by the temperature that suits them best (Guo and others, 2017): a network
/// that still learns to tell classes apart, but is too sure already, is stopped later and cooled afterwards (Berta,
/// Holzmüller, Jordan and Bach, 2025).
///
/// # Errors
/// [`FitError`] when cancelled.
pub fn watch(fit: &Fit<'_>, data: &Rows, juries: &mut [Jury], settings: &Settings) -> Result<Best, FitError> {
    let mut degree = 0;
    let nets =
        |juries: &[Jury]| juries.iter().flat_map(|j| &j.runners).map(|r| r.net.clone()).collect::<Vec<_>>();
    let mut best = Best { nets: nets(juries), ..Best::default() };
    let tempered = matches!(data.truth, Truth::Places(_));
    for epoch in 0..=settings.epochs {
        if epoch > 0 {
            let mut runners = juries.iter_mut().flat_map(|j| &mut j.runners);
            runners.try_for_each(|r| r.pass(fit, data, settings))?;
        }
        let answers: Vec<Vec<Vec<f32>>> = juries.iter().map(|j| j.answers(data)).collect();
        let judged = || juries.iter().zip(&answers);
        let loss = least_loss(&mut degree, tempered, |degree| {
            judged().map(|(jury, answers)| loss_at(degree, answers, data, &jury.held_out)).sum()
        });
        if loss < best.loss {
            best = Best { loss, epoch, temperature: temperature(degree), nets: nets(juries) };
        } else if epoch - best.epoch >= PATIENCE {
            break;
        }
    }
    Ok(best)
}

impl Jury {
    /// What each network gives for the held-out rows.
    fn answers(&self, data: &Rows) -> Vec<Vec<f32>> {
        self.runners.iter().map(|r| answers(&r.net, data, &self.held_out)).collect()
    }
}

/// What scores are divided by at a degree.
pub fn temperature(degree: i32) -> f64 {
    if degree == 0 { 1.0 } else { math::exp(LOG_STEP * f64::from(degree)) }
}

/// Walks from `degree` to the temperature of least loss (the log loss is convex in 1/T); stays where nothing is `tempered`.
pub fn least_loss(degree: &mut i32, tempered: bool, loss: impl Fn(i32) -> f64) -> f64 {
    let fined = |d: i32| loss(d) + STRENGTH * (LOG_STEP * f64::from(d)) * (LOG_STEP * f64::from(d));
    let mut least = fined(*degree);
    if !tempered {
        return least;
    }
    for way in [1, -1] {
        let start = *degree;
        while TEMPERATURES.contains(&(*degree + way)) {
            let next = fined(*degree + way);
            if next.total_cmp(&least).is_ge() {
                break;
            }
            least = next;
            *degree += way;
        }
        if *degree != start {
            break;
        }
    }
    least
}

/// What a network in training gives for these rows.
fn answers(net: &Net, data: &Rows, rows: &[u32]) -> Vec<f32> {
    let net = net.plain();
    let mut all = Vec::with_capacity(rows.len() * net.outputs());
    let (mut at, mut spare) = (Vec::new(), Vec::new());
    for rows in rows.chunks(BLOCK) {
        data.load(rows, net.widths[0], &mut at);
        net.answer(&mut at, rows.len(), &mut spare);
        all.extend_from_slice(&at);
    }
    all
}

/// Sum over these rows of the loss of the mean of what the networks gave for them.
fn loss_at(degree: i32, answers: &[Vec<f32>], data: &Rows, rows: &[u32]) -> f64 {
    let outputs = answers[0].len() / rows.len().max(1);
    let factor = 1.0 / temperature(degree);
    let share = 1.0 / answers.len() as f64;
    let (mut mean, mut scores) = (vec![0.0; outputs], vec![0.0; outputs]);
    let loss_of = |(i, &row): (usize, &u32)| {
        mean.fill(0.0);
        for answers in answers {
            let own = &answers[i * outputs..(i + 1) * outputs];
            scores.iter_mut().zip(own).for_each(|(s, &a)| *s = f64::from(a) * factor);
            if matches!(data.truth, Truth::Places(_)) {
                math::softmax(&mut scores);
            }
            mean.iter_mut().zip(&scores).for_each(|(m, s)| *m += share * s);
        }
        data.truth.loss(row as usize, &mean)
    };
    rows.iter().enumerate().map(loss_of).sum()
}

#[cfg(test)]
mod tests {
    use super::{TEMPERATURES, least_loss};

    #[test]
    fn the_walk_finds_the_least_of_a_valley() {
        for goal in TEMPERATURES {
            for start in TEMPERATURES {
                let mut degree = start;
                least_loss(&mut degree, true, |d| 10.0 * f64::from((d - goal) * (d - goal)));
                assert_eq!(degree, goal);
                let mut still = start;
                least_loss(&mut still, false, |d| f64::from((d - goal) * (d - goal)));
                assert_eq!(still, start);
            }
        }
        let mut degree = 0;
        assert!(least_loss(&mut degree, true, |_| f64::NAN).is_nan() && degree == 0);
    }
}
