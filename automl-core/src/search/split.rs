//! Which rows are locked away, and which validate which fold.

use crate::model::Target;
use crate::numeric::{Rng, count};
use serde::{Deserialize, Serialize};

/// Row is locked away until the search has ended.
const LOCKED: u8 = u8::MAX;
/// Row trains in every fold.
const TRAIN_ONLY: u8 = u8::MAX - 1;
/// Most rows worth locking away: the interval of a score hardly narrows beyond.
const MOST_LOCKED: usize = 20_000;
/// Cells (rows × features × outputs) a second of budget up to which five folds are affordable.
const CELLS_FIVE_FOLDS: f64 = 2.0e5;
/// The same for three folds.
const CELLS_THREE_FOLDS: f64 = 6.0e5;
/// The same for two hold-outs; beyond, there is one.
const CELLS_TWO_HOLD_OUTS: f64 = 1.0e6;
/// A hold-out is one row in so many.
const HOLD_OUT: usize = 6;
/// Folds on which models of small tables are trained again, and the rows of the largest such table.
const REFIT_FOLDS: u32 = 10;
const MOST_ROWS_TEN_FOLDS: usize = 10_000;
/// Training rows from which on a trial is first fitted on a part of them; one in how many that is, and how many at most.
const LEAST_ROWS_GLIMPSE: usize = 16_000;
const GLIMPSE: usize = 8;
const MOST_GLIMPSE: usize = 50_000;
/// Seconds that a search without a time limit is taken to have.
const NO_LIMIT_SECS: f64 = 300.0;

/// How models are compared on the rows that are not locked away.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
enum Validation {
    /// Every row validates once, in one of so many folds.
    Folds(u8),
    /// So many times over, one row in [`HOLD_OUT`] validates, never the same; the rest train every time.
    HoldOuts(u8),
}

/// Every row's part: locked away, validating one fold, or training in all.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Split {
    part: Vec<u8>,
    validation: Validation,
}

impl Split {
    /// Folds, or hold-outs.
    pub fn folds(&self) -> u32 {
        match self.validation {
            Validation::Folds(n) | Validation::HoldOuts(n) => u32::from(n),
        }
    }

    pub fn rows(&self) -> usize {
        self.part.len()
    }

    fn rows_where(&self, keep: impl Fn(u8) -> bool) -> Vec<u32> {
        self.part.iter().zip(0u32..).filter(|(p, _)| keep(**p)).map(|(_, i)| i).collect()
    }

    /// Rows that train fold `fold`, ascending.
    pub fn training(&self, fold: u32) -> Vec<u32> {
        self.rows_where(|p| p != LOCKED && u32::from(p) != fold)
    }

    /// Rows that validate fold `fold`, ascending.
    pub fn validation(&self, fold: u32) -> Vec<u32> {
        self.rows_where(|p| p < TRAIN_ONLY && u32::from(p) == fold)
    }

    /// Rows that no trial sees, ascending. Empty in a split for refitting.
    pub fn locked(&self) -> Vec<u32> {
        self.rows_where(|p| p == LOCKED)
    }

    /// How many folds the chosen models may be trained again on, the most first. A mean over more folds is of models
    /// that each saw more rows: where rows are few this is worth its time.
    pub fn refit_folds(&self) -> Vec<u32> {
        match self.validation {
            Validation::Folds(n) if self.rows() <= MOST_ROWS_TEN_FOLDS => {
                let mut folds = vec![REFIT_FOLDS, u32::from(n)];
                folds.retain(|&f| f >= u32::from(n));
                folds.dedup();
                folds
            }
            Validation::Folds(n) | Validation::HoldOuts(n) => vec![u32::from(n)],
        }
    }

    /// The split for training the chosen models again on all rows, locked ones included: so many folds where this
    /// split has folds, else hold-outs as in this.
    pub fn refit(&self, target: &Target, folds: u32, seed: u64) -> Self {
        let order = spread(target, (0..target.len() as u32).collect(), &mut Rng::for_stream(seed, &[0x5012]));
        let mut part = vec![0u8; target.len()];
        let wanted = match self.validation {
            Validation::Folds(_) => Validation::Folds(u8::try_from(folds).unwrap_or(u8::MAX)),
            hold_outs @ Validation::HoldOuts(_) => hold_outs,
        };
        let validation = affordable(order.len(), wanted);
        assign(&mut part, &order, validation);
        Self { part, validation }
    }

    /// On how many of the training rows a trial is first fitted, where these are many.
    pub fn glimpse_rows(&self) -> Option<u32> {
        let rows = self.training(0).len();
        (rows >= LEAST_ROWS_GLIMPSE).then_some((rows / GLIMPSE).min(MOST_GLIMPSE) as u32)
    }

    /// The split in words.
    pub fn describe(&self) -> String {
        let shown = |n: usize| count(n as u64);
        let locked = self.part.iter().filter(|&&p| p == LOCKED).count();
        let open = self.part.len() - locked;
        let validating = self.validation(0).len();
        let (train, compare) = (shown(open - validating), shown(validating));
        let how = match self.validation {
            Validation::Folds(n) => format!("{n}-fold cross-validation on {} rows", shown(open)),
            Validation::HoldOuts(1) => format!("hold-out validation: {train} rows train, {compare} compare"),
            Validation::HoldOuts(n) => {
                format!("{n} hold-outs: {train} rows train, {compare} others compare each time")
            }
        };
        format!("{how}; {} rows locked away", shown(locked))
    }
}

/// The split of a study: a stratified lock-box, and stratified folds of the rest.
///
/// `features` is the number of feature columns. Small tables get ten folds, large ones (for their budget) three, and
/// the largest two hold-outs or one. Rows of one class are spread evenly; for numbers, rows are spread over the sorted values.
pub fn plan_split(target: &Target, features: usize, budget_secs: Option<f64>, seed: u64) -> Split {
    let rows = target.len();
    let share = if rows < 1_000 { 0.2 } else { 0.15 };
    let locked = ((rows as f64 * share).round() as usize).min(MOST_LOCKED);
    let cells = rows as f64
        * features.max(1) as f64
        * if target.outputs() > 2 { target.outputs() as f64 } else { 1.0 };
    let load = cells / budget_secs.unwrap_or(NO_LIMIT_SECS).clamp(1.0, NO_LIMIT_SECS);
    let validation = if rows <= 400 {
        Validation::Folds(10)
    } else if load <= CELLS_FIVE_FOLDS {
        Validation::Folds(5)
    } else if load <= CELLS_THREE_FOLDS {
        Validation::Folds(3)
    } else if load <= CELLS_TWO_HOLD_OUTS {
        Validation::HoldOuts(2)
    } else {
        Validation::HoldOuts(1)
    };
    let mut part = vec![0u8; rows];
    let order = spread(target, (0..rows as u32).collect(), &mut Rng::for_stream(seed, &[0x5011]));
    // Every step-th row of the spread order is locked, so each class gives its share.
    let mut open = Vec::with_capacity(rows - locked);
    for (i, &row) in order.iter().enumerate() {
        let takes = (i + 1) * locked / rows.max(1) > i * locked / rows.max(1);
        if takes {
            part[row as usize] = LOCKED;
        } else {
            open.push(row);
        }
    }
    let validation = affordable(scorable(target, &open), validation);
    assign(&mut part, &open, validation);
    Split { part, validation }
}

/// The folds of rows in which each may hold both of two classes, without which most scores have no value. For more
/// classes, and for numbers: as many as there are rows.
fn scorable(target: &Target, rows: &[u32]) -> usize {
    match target {
        Target::Classes { codes, classes: 2 } => {
            let second = rows.iter().filter(|&&i| codes[i as usize] == 1).count();
            second.min(rows.len() - second)
        }
        _ => rows.len(),
    }
}

/// `wanted` of the rows, ascending, with about the same mix of target values; all where there are no more.
pub fn sample_rows(target: &Target, wanted: usize, seed: u64) -> Vec<u32> {
    let rows = target.len();
    let all = (0..rows as u32).collect();
    if wanted >= rows {
        return all;
    }
    let order = spread(target, all, &mut Rng::for_stream(seed, &[0x5A3E]));
    let takes = |i: usize| (i + 1) * wanted / rows > i * wanted / rows;
    let mut sample: Vec<u32> = (0..rows).filter(|&i| takes(i)).map(|i| order[i]).collect();
    sample.sort_unstable();
    sample
}

/// At most so many folds, and no fewer than two.
fn affordable(most: usize, wanted: Validation) -> Validation {
    match wanted {
        Validation::Folds(n) => Validation::Folds(n.min(u8::try_from(most).unwrap_or(u8::MAX)).max(2)),
        hold_outs @ Validation::HoldOuts(_) => hold_outs,
    }
}

/// Rows validate by turns along `order`.
fn assign(part: &mut [u8], order: &[u32], validation: Validation) {
    for (i, &row) in order.iter().enumerate() {
        part[row as usize] = match validation {
            Validation::Folds(n) => (i % usize::from(n)) as u8,
            // The first rows of an order may be all there are, so the last of each run validate.
            Validation::HoldOuts(n) => match HOLD_OUT - 1 - i % HOLD_OUT {
                turn if turn < usize::from(n) => turn as u8,
                _ => TRAIN_ONLY,
            },
        };
    }
}

/// `rows` in an order along which every stretch has about the same mix of target values: shuffled, then sorted by
/// class (or by blocks of the sorted values).
fn spread(target: &Target, mut rows: Vec<u32>, rng: &mut Rng) -> Vec<u32> {
    rng.shuffle(&mut rows);
    match target {
        Target::Classes { codes, .. } => rows.sort_by_key(|&i| codes[i as usize]),
        Target::Values(values) => {
            rows.sort_by(|&a, &b| values[a as usize].total_cmp(&values[b as usize]));
            // Neighbours in value are interchangeable: shuffle them in blocks, or the highest of each block would
            // always fall into the same fold.
            for block in rows.chunks_mut(10) {
                rng.shuffle(block);
            }
        }
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn classes(rows: usize, classes: usize) -> Target {
        Target::Classes {
            codes: (0..rows as u64).map(|i| ((i * i + i / 3) % classes as u64) as u32).collect(),
            classes,
        }
    }

    proptest! {
        #[test]
        fn parts_cover_every_row_once(rows in 10usize..3000, seed in 0u64..50, k in 2usize..5, budget in 1f64..100.0) {
            let target = classes(rows, k);
            let split = plan_split(&target, 7, Some(budget), seed);
            let locked = split.locked();
            let mut seen: Vec<u32> = locked.clone();
            for fold in 0..split.folds() {
                let (training, validation) = (split.training(fold), split.validation(fold));
                prop_assert!(!training.is_empty() && !validation.is_empty());
                prop_assert!(validation.iter().all(|i| training.binary_search(i).is_err()));
                prop_assert!(locked.iter().all(|i| training.binary_search(i).is_err()));
                seen.extend(validation);
            }
            seen.sort_unstable();
            prop_assert!(seen.windows(2).all(|w| w[0] != w[1]));
            let all_validate = matches!(split.validation, Validation::Folds(_));
            prop_assert_eq!(all_validate, seen.len() == rows);
        }

        #[test]
        fn classes_keep_their_shares(rows in 200usize..2000, seed in 0u64..20) {
            let target = classes(rows, 3);
            let Target::Classes { codes, .. } = &target else { unreachable!("made above") };
            let split = plan_split(&target, 5, Some(60.0), seed);
            for class in 0..3u32 {
                let whole = codes.iter().filter(|&&c| c == class).count() as f64 / rows as f64;
                let locked = split.locked();
                let part = locked.iter().filter(|&&i| codes[i as usize] == class).count() as f64;
                prop_assert!((part - whole * locked.len() as f64).abs() <= 1.5);
            }
        }
    }

    #[test]
    fn a_sample_has_the_mix_of_the_whole() {
        let target = classes(9_000, 3);
        let sample = sample_rows(&target, 900, 4);
        assert!(sample.len() == 900 && sample.windows(2).all(|w| w[0] < w[1]));
        let (Target::Classes { codes: all, .. }, Target::Classes { codes, .. }) =
            (&target, target.take(&sample))
        else {
            unreachable!("made above")
        };
        for class in 0..3u32 {
            let of = |codes: &[u32]| codes.iter().filter(|&&c| c == class).count();
            assert!(of(&codes).abs_diff(of(all) / 10) <= 1);
        }
        assert_ne!(sample, sample_rows(&target, 900, 5));
        assert_eq!(sample_rows(&target, 9_000, 4).len(), 9_000);
    }

    #[test]
    fn size_and_budget_choose_the_folds() {
        let split = |rows, features, budget| plan_split(&classes(rows, 2), features, budget, 0).validation;
        assert_eq!(split(300, 5, Some(10.0)), Validation::Folds(10));
        assert_eq!(split(10_000, 20, Some(10.0)), Validation::Folds(5));
        assert_eq!(split(100_000, 50, Some(10.0)), Validation::Folds(3));
        assert_eq!(split(160_000, 50, Some(10.0)), Validation::HoldOuts(2));
        assert_eq!(split(1_000_000, 30, Some(10.0)), Validation::HoldOuts(1));
        assert_eq!(split(1_000_000, 30, None), Validation::Folds(5));
    }

    #[test]
    fn every_fold_holds_both_classes_where_there_are_two_of_each() {
        let check = |rows: usize, second: usize, folds: u32| {
            let codes: Vec<u32> = (0..rows).map(|i| u32::from(i < second)).collect();
            let target = Target::Classes { codes: codes.clone(), classes: 2 };
            let split = plan_split(&target, 3, None, 0);
            assert_eq!(split.folds(), folds, "{rows} {second}");
            for fold in 0..folds {
                let held: std::collections::BTreeSet<u32> =
                    split.validation(fold).iter().map(|&i| codes[i as usize]).collect();
                assert_eq!(held.len(), 2, "{rows} {second} {fold}");
            }
        };
        check(24, 12, 9);
        check(24, 8, 6);
        check(10, 5, 4);
        check(300, 6, 4);
        check(300, 150, 10);
        check(2_000, 5, 4);
    }

    #[test]
    fn hold_outs_differ_and_leave_the_rest_to_training() {
        let target = classes(160_000, 2);
        let split = plan_split(&target, 50, Some(10.0), 0);
        let (first, second) = (split.validation(0), split.validation(1));
        assert!(first.iter().all(|i| second.binary_search(i).is_err()));
        let open = 160_000 - split.locked().len();
        assert!(first.len() == open / 6 && split.training(0).len() == open - first.len());
        assert!(split.describe().starts_with("2 hold-outs: "), "{}", split.describe());
        let again = split.refit(&target, 2, 0);
        assert_eq!((again.folds(), again.validation(1).len()), (2, 160_000 / 6));
    }

    #[test]
    fn refitting_uses_all_rows() {
        let target = Target::Values((0..500).map(f64::from).collect());
        let split = plan_split(&target, 3, None, 3).refit(&target, 10, 3);
        assert!(split.locked().is_empty());
        assert_eq!((0..10).map(|f| split.validation(f).len()).sum::<usize>(), 500);
        let values: Vec<u32> = split.validation(0);
        assert!(values.iter().any(|&v| v < 100) && values.iter().any(|&v| v >= 400));
    }
}
