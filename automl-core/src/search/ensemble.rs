//! Greedy ensemble selection with replacement (Caruana, Niculescu-Mizil, Crew and Ksikes, 2004) on out-of-fold
//! predictions.

use crate::metric::{Actual, MetricSpec, Seen};
use crate::numeric::{Rng, sort_few_by, sort_few_by_key};

/// Rounds of adding a model.
const ROUNDS: usize = 25;
/// Members with a smaller share are left out: they cost time at prediction and add next to nothing.
const LEAST_SHARE: f64 = 0.04;
/// A round must improve the loss by this share of it.
const LEAST_GAIN: f64 = 1e-4;

/// Bootstrap samples over which the choice is averaged where there are few rows: with more, samples choose alike.
const BAGS: usize = 12;
const FEWEST_BAGGED_ROWS: usize = 40;
const MOST_BAGGED_ROWS: usize = 3_000;
/// Most members of an averaged choice: each costs time in every prediction.
const MOST_MEMBERS: usize = 8;

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
pub fn select_ensemble<'a>(
    metric: &MetricSpec,
    seen: impl Into<Seen<'a>>,
    candidates: &[Candidate<'_>],
) -> Option<Ensemble> {
    let seen = seen.into();
    let loss = |predicted: &[f64]| metric.score(seen, predicted).map(|s| metric.loss(s));
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

/// [`select_ensemble`], where rows are few on bootstrap samples of them, the shares averaged (Caruana, Munson and
/// Niculescu-Mizil, "Getting the most out of ensemble selection", 2006): what is best by a row or two by chance then
/// shares with what is nearly as good. `None` as there.
pub fn select_ensemble_by_bags<'a>(
    metric: &MetricSpec,
    seen: impl Into<Seen<'a>>,
    candidates: &[Candidate<'_>],
    rng: &mut Rng,
) -> Option<Ensemble> {
    let seen = seen.into();
    let rows = seen.actual.len();
    let whole = select_ensemble(metric, seen, candidates)?;
    if !(FEWEST_BAGGED_ROWS..=MOST_BAGGED_ROWS).contains(&rows) {
        return Some(whole);
    }
    let mut shares = vec![0.0; candidates.len()];
    for _ in 0..BAGS {
        let drawn: Vec<usize> = (0..rows).map(|_| rng.below(rows)).collect();
        for (member, share) in
            select_on(metric, seen, candidates, &drawn).unwrap_or_else(|| whole.clone()).members
        {
            shares[member] += share / BAGS as f64;
        }
    }
    let mut members: Vec<(usize, f64)> =
        shares.into_iter().enumerate().filter(|(_, share)| *share >= LEAST_SHARE).collect();
    sort_few_by(&mut members, |a, b| b.1.total_cmp(&a.1).then(a.0.cmp(&b.0)));
    members.truncate(MOST_MEMBERS);
    sort_few_by_key(&mut members, |m| m.0);
    let total: f64 = members.iter().map(|m| m.1).sum();
    members.iter_mut().for_each(|m| m.1 /= total);
    Some(if members.is_empty() { whole } else { Ensemble { members } })
}

/// [`select_ensemble`] on the rows `drawn`, which may be drawn more than once.
fn select_on(
    metric: &MetricSpec,
    seen: Seen<'_>,
    candidates: &[Candidate<'_>],
    drawn: &[usize],
) -> Option<Ensemble> {
    let take = |c: &Candidate<'_>, width: usize| -> Vec<f64> {
        drawn.iter().flat_map(|&i| c.predicted[i * width..(i + 1) * width].iter().copied()).collect()
    };
    let weights: Option<Vec<f64>> = seen.weights.map(|w| drawn.iter().map(|&i| w[i]).collect());
    let select = |actual: Actual<'_>, width: usize| {
        let predicted: Vec<Vec<f64>> = candidates.iter().map(|c| take(c, width)).collect();
        let drawn: Vec<Candidate<'_>> = predicted.iter().map(|p| Candidate { predicted: p }).collect();
        select_ensemble(metric, Seen { actual, weights: weights.as_deref() }, &drawn)
    };
    match seen.actual {
        Actual::Classes { codes, classes } => {
            let codes: Vec<u32> = drawn.iter().map(|&i| codes[i]).collect();
            select(Actual::Classes { codes: &codes, classes }, classes)
        }
        Actual::Values(values) => {
            let values: Vec<f64> = drawn.iter().map(|&i| values[i]).collect();
            select(Actual::Values(&values), 1)
        }
    }
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
    fn few_rows_share_between_what_chance_cannot_tell_apart() {
        let mut rng = Rng::new(6);
        let rmse = metric::find("rmse").expect("a metric of the list");
        let mut select = |rows: usize| {
            let actual: Vec<f64> = (0..rows).map(|_| rng.normal()).collect();
            // Errors that the candidates share: no mean of them is better than either.
            let shared: Vec<f64> = actual.iter().map(|a| a + rng.normal()).collect();
            let bad: Vec<f64> = shared.iter().zip(&actual).map(|(p, a)| a + 3.0 * (p - a)).collect();
            let near: Vec<f64> = shared.iter().map(|p| p + 0.03 * rng.normal()).collect();
            let candidates = [&shared, &near, &bad].map(|p| Candidate { predicted: p });
            select_ensemble_by_bags(rmse, Actual::Values(&actual), &candidates, &mut Rng::new(1))
                .expect("scored")
        };
        let few = select(60);
        assert!((few.members.iter().map(|m| m.1).sum::<f64>() - 1.0).abs() < 1e-12);
        assert!(few.members.len() > 1 && few.members.iter().all(|(i, _)| *i < 2), "{few:?}");
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
