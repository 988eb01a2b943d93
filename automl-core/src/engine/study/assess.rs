//! What out-of-fold predictions say of the chosen blend: how its probabilities are to be corrected, from which one on a
//! row is called the second class, and how far intervals must reach.

use super::Study;
use super::refit::Refit;
use crate::calibrate::{Calibration, Conformal, Decision, Scale, best_threshold, choose};
use crate::engine::artifact::USUAL_LEVEL;
use crate::engine::protocol::Coverage;
use crate::model::Target;
use crate::search::Split;

/// A blend's members: (trial, share).
type Members = [(usize, f64)];

/// The blend's predictions (rows × outputs) of rows that its models did not learn from.
pub(in crate::engine) struct Unseen {
    pub target: Target,
    pub predicted: Vec<f64>,
}

impl Unseen {
    /// Conformity scores, one a row: the absolute error, or 1 less the probability of the true class.
    fn scores(&self) -> Vec<f64> {
        match &self.target {
            Target::Values(values) => {
                values.iter().zip(&self.predicted).map(|(y, p)| (y - p).abs()).collect()
            }
            Target::Classes { codes, classes } => {
                let rows = codes.iter().zip(self.predicted.chunks(*classes));
                rows.map(|(&code, p)| 1.0 - p[code as usize]).collect()
            }
        }
    }
}

/// What intervals are made of. `mixed`: the folds are taken as one; `scaled`: see [`are_scaled`].
pub(in crate::engine) fn conformal(folds: &[Unseen], mixed: bool, scaled: bool) -> Option<Conformal> {
    let folds = folds.iter().map(|fold| (fold.predicted.clone(), fold.scores()));
    let (mut predicted, mut scores): (Vec<Vec<f64>>, Vec<Vec<f64>>) = folds.unzip();
    if mixed {
        (predicted, scores) = (vec![predicted.concat()], vec![scores.concat()]);
    }
    if scaled { Conformal::scaled(&predicted, scores) } else { Conformal::new(scores) }
}

/// Whether intervals are to be as wide as predictions like theirs are off.
pub(in crate::engine) fn are_scaled(folds: &[Unseen]) -> bool {
    let numbers = folds.iter().all(|fold| matches!(fold.target, Target::Values(_)));
    let all = |of: fn(&Unseen) -> Vec<f64>| folds.iter().flat_map(of).collect::<Vec<f64>>();
    numbers && Scale::choose(&all(|fold| fold.predicted.clone()), &all(Unseen::scores)).is_some()
}

impl Study {
    /// What the blend tells of the rows that validate each fold of `split`. `of`: a trial's predictions of them.
    fn unseen<'a>(
        &self,
        split: &Split,
        members: &Members,
        decision: &Decision,
        of: impl Fn(usize, usize) -> Option<&'a [f64]>,
    ) -> Vec<Unseen> {
        (0..split.folds())
            .map(|fold| {
                let target = self.prepared.target.take(&split.validation(fold));
                let mut predicted = vec![0.0; target.len() * target.outputs()];
                for &(trial, share) in members {
                    let alone = of(trial, fold as usize).unwrap_or(&[]);
                    predicted.iter_mut().zip(alone).for_each(|(t, p)| *t += share * p);
                }
                decision.tell(&mut predicted, target.outputs());
                Unseen { target, predicted }
            })
            .collect()
    }

    /// What the blend tells of the search's rows, out of fold and fold by fold.
    pub(super) fn out_of_fold(&self, members: &Members, decision: &Decision) -> Vec<Unseen> {
        self.unseen(&self.prepared.split, members, decision, |trial, fold| {
            Some(self.trials[trial].folds.get(fold)?.as_ref()?.result.validation.as_slice())
        })
    }

    /// The map and the threshold that the out-of-fold predictions ask for.
    pub(super) fn decide(&self, members: &Members) -> Decision {
        let classes = self.prepared.target.outputs();
        let (mut codes, mut predicted) = (Vec::new(), Vec::new());
        let split = &self.prepared.split;
        let rows: Vec<u32> = (0..split.folds()).flat_map(|f| split.validation(f)).collect();
        let weights = self.prepared.answers(&rows).weights;
        for fold in self.out_of_fold(members, &Decision::default()) {
            let Target::Classes { codes: of_fold, .. } = fold.target else { return Decision::default() };
            codes.extend(of_fold);
            predicted.extend(fold.predicted);
        }
        // A map of rows taken alike would undo what their weights have done to the probabilities.
        let calibration =
            if weights.is_some() { Calibration::None } else { choose(&codes, &predicted, classes) };
        if classes != 2 {
            return Decision { calibration, threshold: None };
        }
        calibration.apply(&mut predicted, classes);
        let second: Vec<f64> = predicted.iter().skip(1).step_by(2).copied().collect();
        let threshold = best_threshold(self.prepared.metric(), &codes, &second, weights.as_deref());
        Decision { calibration, threshold }
    }

    /// What the final model's intervals are made of. Where all members were trained again, or none was, each row's
    /// score is of the models that did not see it, and CV+ is exact. Where time allowed only some to be, their folds
    /// are not the same, and the search's scores go with the mean.
    pub(super) fn final_conformal(&self, refit: &Refit) -> Option<Conformal> {
        let (members, decision) = (&refit.check.members, &refit.check.decision);
        let again = |trial: usize| refit.members.iter().find(|m| m.trial == trial && m.is_whole());
        let count = members.iter().filter(|(trial, _)| again(*trial).is_some()).count();
        let unseen = if count == members.len() {
            let folds = refit.members.first().map_or(0, |m| m.folds.len() as u32);
            let split = self.prepared.split.refit(&self.prepared.target, folds, self.prepared.seed);
            self.unseen(&split, members, decision, |trial, fold| {
                Some(again(trial)?.validation.get(fold)?.as_slice())
            })
        } else {
            self.out_of_fold(members, decision)
        };
        let mixed = count > 0 && count < members.len();
        // Whether by a scale is decided without the locked rows.
        conformal(&unseen, mixed, are_scaled(&self.out_of_fold(members, decision)))
    }

    /// How often intervals of the search's models hold the truth on the locked rows. `None` where there are too few
    /// rows for intervals of the usual level.
    pub(super) fn coverage(&self, members: &Members, decision: &Decision) -> Option<Coverage> {
        let unseen = self.out_of_fold(members, decision);
        let scaled = are_scaled(&unseen);
        let conformal = conformal(&unseen, false, scaled)?;
        let rank = conformal.rank(USUAL_LEVEL).ok()?;
        let target = self.prepared.target.take(&self.prepared.split.locked());
        let by_fold = self.locked_by_fold(members, decision, &target);
        let (rows, outputs, folds) = (target.len(), target.outputs(), by_fold.len());
        let (mut held, mut sizes) = (0u64, Vec::with_capacity(rows));
        for row in 0..rows {
            let at = row * outputs..(row + 1) * outputs;
            let each: Vec<f64> = by_fold.iter().flat_map(|f| f[at.clone()].iter().copied()).collect();
            let inside = match &target {
                Target::Values(values) => {
                    let (low, high) = conformal.interval(&each, rank);
                    sizes.push(high - low);
                    (low..=high).contains(&values[row])
                }
                Target::Classes { codes, .. } => {
                    let mean = |j: usize| each.iter().skip(j).step_by(outputs).sum::<f64>() / folds as f64;
                    let set = conformal.set(&each, &(0..outputs).map(mean).collect::<Vec<f64>>(), rank);
                    sizes.push(set.iter().filter(|c| **c).count() as f64);
                    set[codes[row] as usize]
                }
            };
            held += u64::from(inside);
        }
        if rows == 0 {
            return None;
        }
        let size = match &target {
            Target::Values(_) => {
                sizes.sort_unstable_by(f64::total_cmp);
                sizes[rows / 2]
            }
            Target::Classes { .. } => crate::numeric::mean(&sizes),
        };
        let held = held as f64 / rows as f64;
        Some(Coverage { level: USUAL_LEVEL, rows: rows as u64, held, size, scaled })
    }

    /// What the models of each fold tell of the locked rows, rows × outputs.
    fn locked_by_fold(&self, members: &Members, decision: &Decision, target: &Target) -> Vec<Vec<f64>> {
        let locked = |trial: usize, fold: usize| {
            Some(self.trials[trial].folds.get(fold)?.as_ref()?.result.locked.as_slice())
        };
        (0..self.prepared.split.folds() as usize)
            .map(|fold| {
                let mut blend = vec![0.0; target.len() * target.outputs()];
                for &(trial, share) in members {
                    let alone = locked(trial, fold).unwrap_or(&[]);
                    blend.iter_mut().zip(alone).for_each(|(t, p)| *t += share * p);
                }
                decision.tell(&mut blend, target.outputs());
                blend
            })
            .collect()
    }
}
