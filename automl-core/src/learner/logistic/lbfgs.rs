//! L-BFGS (Nocedal and Wright, Numerical Optimization, 2nd ed., algorithm 7.4) for smooth convex functions, started
//! from a guess of the curvature.

use super::curvature::Curvature;
use crate::learner::FitError;
use crate::numeric::dot;
use crate::platform::Cancel;

/// Steps that are remembered.
const MEMORY: usize = 12;
/// Share of the decrease that the slope promises which a step has to bring (Armijo).
const SUFFICIENT: f64 = 1e-4;
/// Halvings of a step before the minimum is taken as reached to rounding.
const MOST_HALVINGS: usize = 25;

pub struct Minimiser<'a> {
    /// Largest entry of the gradient at the minimum.
    pub tolerance: f64,
    /// Most iterations.
    pub most: usize,
    pub cancel: &'a Cancel,
}

/// A step, the gradient's change along it, and 1 / (their product).
struct Pair {
    step: Vec<f64>,
    change: Vec<f64>,
    rho: f64,
}

impl Minimiser<'_> {
    /// Minimises `f`, which gives the value at a point and writes the gradient. Returns the point and how many
    /// iterations led there.
    ///
    /// # Errors
    /// [`FitError::Cancelled`].
    pub fn run(
        &self,
        mut x: Vec<f64>,
        curvature: &Curvature,
        mut f: impl FnMut(&[f64], &mut [f64]) -> f64,
    ) -> Result<(Vec<f64>, usize), FitError> {
        let mut gradient = vec![0.0; x.len()];
        let mut value = f(&x, &mut gradient);
        let mut memory: Vec<Pair> = Vec::new();
        let mut next = vec![0.0; x.len()];
        let mut next_gradient = vec![0.0; x.len()];
        for iteration in 0..self.most {
            if self.cancel.is_cancelled() {
                return Err(FitError::Cancelled);
            }
            if gradient.iter().all(|g| g.abs() <= self.tolerance) {
                return Ok((x, iteration));
            }
            let direction = direction(&gradient, curvature, &memory);
            let slope = dot(&direction, &gradient);
            let mut length = 1.0;
            let mut halvings = 0;
            let next_value = loop {
                for (n, (x, d)) in next.iter_mut().zip(x.iter().zip(&direction)) {
                    *n = x + length * d;
                }
                let reached = f(&next, &mut next_gradient);
                if reached <= value + SUFFICIENT * length * slope {
                    break Some(reached);
                }
                if halvings == MOST_HALVINGS {
                    break None;
                }
                halvings += 1;
                // The minimum of the parabola through what is known, within bounds.
                let curve = 2.0 * (reached - value - slope * length);
                let best = -slope * length * length / curve;
                length = if best.is_finite() { best.clamp(0.1 * length, 0.5 * length) } else { 0.5 * length };
            };
            let Some(next_value) = next_value else { return Ok((x, iteration)) };
            remember(&mut memory, &x, &next, &gradient, &next_gradient);
            std::mem::swap(&mut x, &mut next);
            std::mem::swap(&mut gradient, &mut next_gradient);
            value = next_value;
        }
        Ok((x, self.most))
    }
}

fn remember(memory: &mut Vec<Pair>, x: &[f64], next: &[f64], gradient: &[f64], next_gradient: &[f64]) {
    let minus = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a - b).collect::<Vec<f64>>();
    let (step, change) = (minus(next, x), minus(next_gradient, gradient));
    let product = dot(&step, &change);
    if product > 1e-14 * dot(&change, &change).sqrt() * dot(&step, &step).sqrt() {
        if memory.len() == MEMORY {
            memory.remove(0);
        }
        memory.push(Pair { step, change, rho: 1.0 / product });
    }
}

/// Minus the gradient through the remembered inverse curvature: the two-loop recursion.
fn direction(gradient: &[f64], curvature: &Curvature, memory: &[Pair]) -> Vec<f64> {
    let mut q: Vec<f64> = gradient.iter().map(|g| -g).collect();
    let mut alphas = vec![0.0; memory.len()];
    for (pair, alpha) in memory.iter().zip(&mut alphas).rev() {
        *alpha = pair.rho * dot(&pair.step, &q);
        q.iter_mut().zip(&pair.change).for_each(|(q, c)| *q -= *alpha * c);
    }
    let scale = memory.last().map_or(1.0, |pair| {
        let mut undone = pair.change.clone();
        curvature.undo(&mut undone);
        1.0 / (pair.rho * dot(&undone, &pair.change))
    });
    curvature.undo(&mut q);
    q.iter_mut().for_each(|q| *q *= scale);
    for (pair, alpha) in memory.iter().zip(&alphas) {
        let beta = pair.rho * dot(&pair.change, &q);
        q.iter_mut().zip(&pair.step).for_each(|(q, s)| *q += (alpha - beta) * s);
    }
    q
}
