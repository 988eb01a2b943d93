//! Greedy ensemble selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, 2004) on out-of-fold
//! predictions.

use crate::metric::{Actual, MetricSpec};

/// Rounds of adding a model.
const ROUNDS: usize = 25;
/// Members with a smaller share are left out: they cost time at prediction and add next to nothing.
const LEAST_SHARE: f64 = 0.04;
/// A round must improve the loss by this share of it.
const LEAST_GAIN: f64 = 1e-4;

/// Something that may become a member.
#[derive(Debug, Clone, Copy)]
pub struct Candidate<'a> {
    /// Predictions, rows × outputs, row-major; the same rows for all candidates.
    pub predicted: &'a [f64],
}

/// Which candidates, and their shares (summing to 1), in the order of the candidates.
#[derive(Debug, Clone, PartialEq)]
pub struct Ensemble {
    pub members: Vec<(usize, f64)>,
}

/// Starts from the best candidate and adds, again and again, the one that improves `metric` most. Never worse on
/// these rows than the best candidate; `None` where no candidate can be scored.
pub fn select_ensemble(
    metric: &MetricSpec,
    actual: Actual<'_>,
    candidates: &[Candidate<'_>],
) -> Option<Ensemble> {
    let loss = |predicted: &[f64]| metric.score(actual, predicted).map(|s| metric.loss(s));
    let alone: Vec<Option<f64>> = candidates.iter().map(|c| loss(c.predicted)).collect();
    let (best, best_loss) = first_least(&alone)?;
    let mut counts = vec![0u32; candidates.len()];
    counts[best] = 1;
    let mut total: Vec<f64> = candidates[best].predicted.to_vec();
    let mut current = best_loss;
    let mut blend = vec![0.0; total.len()];
    for round in 1..ROUNDS {
        let scale = 1.0 / (round + 1) as f64;
        let losses: Vec<Option<f64>> = candidates
            .iter()
            .map(|c| {
                for ((b, t), p) in blend.iter_mut().zip(&total).zip(c.predicted) {
                    *b = (t + p) * scale;
                }
                loss(&blend)
            })
            .collect();
        let Some((next, next_loss)) = first_least(&losses) else { break };
        if next_loss > current * (1.0 - LEAST_GAIN) {
            break;
        }
        current = next_loss;
        counts[next] += 1;
        total.iter_mut().zip(candidates[next].predicted).for_each(|(t, p)| *t += p);
    }
    let ensemble = Ensemble { members: shares(&counts) };
    let blended = loss(&ensemble.blend(candidates))?;
    Some(if blended < best_loss { ensemble } else { Ensemble { members: vec![(best, 1.0)] } })
}

impl Ensemble {
    /// The members' predictions, weighted.
    fn blend(&self, candidates: &[Candidate<'_>]) -> Vec<f64> {
        let mut out = vec![0.0; self.members.first().map_or(0, |(i, _)| candidates[*i].predicted.len())];
        for &(i, share) in &self.members {
            out.iter_mut().zip(candidates[i].predicted).for_each(|(o, p)| *o += share * p);
        }
        out
    }
}

/// Counts as shares, without those too small.
fn shares(counts: &[u32]) -> Vec<(usize, f64)> {
    let all: u32 = counts.iter().sum();
    let kept = |c: u32| f64::from(c) >= LEAST_SHARE * f64::from(all) && c > 0;
    let sum: u32 = counts.iter().copied().filter(|&c| kept(c)).sum();
    counts
        .iter()
        .enumerate()
        .filter(|(_, c)| kept(**c))
        .map(|(i, &c)| (i, f64::from(c) / f64::from(sum.max(1))))
        .collect()
}

/// The first of the least values.
fn first_least(losses: &[Option<f64>]) -> Option<(usize, f64)> {
    let mut best: Option<(usize, f64)> = None;
    for (i, loss) in losses.iter().enumerate() {
        if let Some(loss) = *loss
            && best.is_none_or(|(_, least)| loss < least)
        {
            best = Some((i, loss));
        }
    }
    best
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::metric;
    use crate::numeric::Rng;

    #[test]
    fn errors_that_differ_cancel() {
        let mut rng = Rng::new(5);
        let actual: Vec<f64> = (0..500).map(|_| rng.normal()).collect();
        let mut noisy =
            |scale: f64| -> Vec<f64> { actual.iter().map(|a| a + scale * rng.normal()).collect() };
        let predictions = [noisy(0.5), noisy(0.5), noisy(0.5), noisy(5.0)];
        let candidates: Vec<Candidate<'_>> = predictions.iter().map(|p| Candidate { predicted: p }).collect();
        let rmse = metric::find("rmse").expect("a metric of the list");
        let ensemble = select_ensemble(rmse, Actual::Values(&actual), &candidates).expect("scored");
        assert!(ensemble.members.len() == 3 && ensemble.members.iter().all(|(i, _)| *i < 3), "{ensemble:?}");
        assert!((ensemble.members.iter().map(|m| m.1).sum::<f64>() - 1.0).abs() < 1e-12);
        let alone = rmse.score(Actual::Values(&actual), &predictions[0]).expect("scored");
        let blended = rmse.score(Actual::Values(&actual), &ensemble.blend(&candidates)).expect("scored");
        assert!(blended < 0.7 * alone, "{blended} {alone}");
    }

    #[test]
    fn a_perfect_candidate_stays_alone() {
        let codes = [0, 1, 1, 0];
        let good = [1.0, 0.0, 0.0, 1.0, 0.0, 1.0, 1.0, 0.0];
        let bad = [0.5; 8];
        let candidates = [Candidate { predicted: &bad }, Candidate { predicted: &good }];
        let auc = metric::find("roc_auc").expect("a metric of the list");
        let actual = Actual::Classes { codes: &codes, classes: 2 };
        let ensemble = select_ensemble(auc, actual, &candidates).expect("scored");
        assert_eq!(ensemble.members, vec![(1, 1.0)]);
        assert!(select_ensemble(auc, actual, &[]).is_none());
    }
}
