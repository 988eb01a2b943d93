//! Boosting on rows that lie elsewhere, against boosting on the same rows in memory.

use super::{Gbt, params};
use crate::learner::parts::testing::Memory;
use crate::learner::parts::{Block, InParts};
use crate::learner::tree::testing::{frame, mixed, numbers};
use crate::learner::{Fit, FitError, Learner, ParamValue, Params};
use crate::metric::log_loss;
use crate::model::{Model, Target};
use crate::node::Frame;
use crate::numeric::{Rng, math};
use crate::platform::Cancel;
use ParamValue::{Float, Int, Text};
use proptest::prelude::*;

/// What is fitted on, and how.
pub(super) struct Case<'a> {
    pub train: (&'a Frame, &'a Target),
    pub weights: Option<&'a [f32]>,
    pub test: (&'a Frame, &'a Target),
    pub params: Params,
}

impl Case<'_> {
    pub fn fit<'f>(&'f self, cancel: &'f Cancel, validated: bool) -> Fit<'f> {
        Fit {
            frame: self.train.0,
            target: self.train.1,
            weights: self.weights,
            validation: validated.then_some(self.test),
            params: &self.params,
            seed: 5,
            threads: 1,
            cancel,
            card: None,
        }
    }

    pub fn whole(&self) -> Box<dyn Model> {
        Gbt.fit(&self.fit(&Cancel::new(), true)).expect("fits")
    }

    fn begin(&self, parts: usize) -> Box<dyn InParts> {
        let begun = Gbt.in_parts(&self.fit(&Cancel::new(), false), parts).expect("suits");
        begun.expect("boosting learns in parts")
    }

    /// Rows come in blocks of `block`.
    fn in_parts(&self, parts: usize, block: usize, shelf: &mut Memory) -> Result<Box<dyn Model>, FitError> {
        let mut begun = self.begin(parts);
        let rows: Vec<u32> = (0..self.train.0.rows as u32).collect();
        for rows in rows.chunks(block) {
            let weights: Option<Vec<f32>> =
                self.weights.map(|w| rows.iter().map(|&row| w[row as usize]).collect());
            let (frame, target) = (self.train.0.take(rows), self.train.1.take(rows));
            begun.take(&Block { frame: &frame, target: &target, weights: weights.as_deref() }, shelf)?;
        }
        begun.finish(self.test, shelf, None, &Cancel::new(), &mut |_| {})
    }
}

#[test]
fn one_part_of_all_rows_gives_the_model_of_all_rows() {
    for (classes, loss) in [(2, "auto"), (4, "auto"), (0, "squared"), (0, "poisson"), (0, "absolute")] {
        let (train, codes) = mixed(700, classes.max(2), 21);
        let (test, test_codes) = mixed(300, classes.max(2), 22);
        let values = |t: &Target| match t {
            Target::Classes { codes, .. } if classes == 0 => {
                Target::Values(codes.iter().zip(0..).map(|(&c, i)| f64::from(c * 3 + i % 5)).collect())
            }
            other => other.clone(),
        };
        let (target, truth) = (values(&codes), values(&test_codes));
        let weights: Vec<f32> = (0..700).map(|i| (i % 3) as f32).collect();
        for weights in [None, Some(weights.as_slice())] {
            let given = [("trees", Int(30)), ("loss", Text(loss.to_owned())), ("row_sample", Float(0.7))];
            let case =
                Case { train: (&train, &target), weights, test: (&test, &truth), params: params(&given) };
            let parted = case.in_parts(1, 64, &mut Memory::default()).expect("fits");
            assert_eq!(parted.encode(), case.whole().encode(), "{classes} {loss} {}", weights.is_some());
        }
    }
}

#[test]
fn parts_that_take_turns_learn_what_all_rows_tell() {
    for classes in [2, 4] {
        let (train, target) = mixed(20_000, classes, 31);
        let (test, truth) = mixed(4000, classes, 32);
        let given = [("trees", Int(200)), ("max_leaves", Int(12))];
        let case =
            Case { train: (&train, &target), weights: None, test: (&test, &truth), params: params(&given) };
        let Target::Classes { codes, .. } = &truth else { unreachable!() };
        let of = |model: Box<dyn Model>| log_loss(codes, &model.predict(&test).values, classes).unwrap();
        let (whole, parted) =
            (of(case.whole()), of(case.in_parts(4, 500, &mut Memory::default()).expect("fits")));
        // A tree of a fourth of the rows is a bit noisier.
        assert!(parted < 1.1 * whole, "{parted}; all at once {whole}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    /// How the rows come changes nothing, whatever their number.
    #[test]
    fn blocks_change_nothing(rows in 1..400usize, parts in 1..7usize, block in 1..90usize, seed in 0..50u64) {
        let (train, target) = mixed(rows, 3, seed);
        let (test, truth) = mixed(50, 3, seed + 1);
        let given = [("trees", Int(12)), ("min_rows_leaf", Int(2))];
        let case = Case { train: (&train, &target), weights: None, test: (&test, &truth), params: params(&given) };
        let at_once = case.in_parts(parts, rows, &mut Memory::default()).expect("fits");
        let in_blocks = case.in_parts(parts, block, &mut Memory::default()).expect("fits");
        prop_assert_eq!(at_once.encode(), in_blocks.encode());
    }
}

#[test]
fn a_shelf_that_fails_or_lies_is_told() {
    let (train, target) = mixed(600, 2, 41);
    let given = [("trees", Int(9))];
    let case =
        Case { train: (&train, &target), weights: None, test: (&train, &target), params: params(&given) };
    let needed: usize = {
        let mut shelf = Memory::default();
        case.in_parts(3, 100, &mut shelf).expect("fits");
        shelf.places.iter().map(Vec::len).sum()
    };
    for room in [0, needed / 2, needed - 1] {
        let full = case.in_parts(3, 100, &mut Memory { room: Some(room), ..Memory::default() });
        assert!(matches!(full, Err(FitError::Shelf { .. })), "{room} of {needed}");
    }
    // Bytes that are cut, or are others than were put.
    for damage in 0..40usize {
        let (mut begun, mut shelf) = (case.begin(2), Memory::default());
        begun.take(&Block { frame: &train, target: &target, weights: None }, &mut shelf).expect("kept");
        let bytes = &mut shelf.places[0];
        let at = damage * bytes.len() / 40;
        if damage % 2 == 0 {
            bytes.truncate(at)
        } else {
            bytes[at] = 255
        }
        let done = begun.finish((&train, &target), &mut shelf, None, &Cancel::new(), &mut |_| {});
        // Some bytes may be 255, or another bin: then it is a model all the same.
        assert!(damage % 2 == 1 || matches!(done, Err(FitError::Shelf { .. })), "{damage}");
    }
}

#[test]
fn who_stops_it_keeps_the_trees_that_there_are() {
    let (train, target) = mixed(600, 2, 51);
    let given = [("trees", Int(50)), ("patience", Int(0))];
    let case =
        Case { train: (&train, &target), weights: None, test: (&train, &target), params: params(&given) };
    let stop_after = |rounds: usize| {
        let (mut begun, mut shelf, cancel) = (case.begin(3), Memory::default(), Cancel::new());
        begun.take(&Block { frame: &train, target: &target, weights: None }, &mut shelf).expect("kept");
        let flag = cancel.clone();
        if rounds == 0 {
            flag.cancel();
        }
        begun.finish((&train, &target), &mut shelf, None, &cancel, &mut |done| {
            if done == rounds {
                flag.cancel();
            }
        })
    };
    assert!(matches!(stop_after(0), Err(FitError::Cancelled)));
    assert!(stop_after(7).expect("a model").summary().starts_with("7 rounds"));
}

#[test]
fn rows_that_do_not_suit_are_refused() {
    let x = frame(vec![numbers((0..200).map(|i| i as f32))]);
    let counts = Target::Values((0..200).map(f64::from).collect());
    let given = [("loss", Text("poisson".to_owned()))];
    let case = Case { train: (&x, &counts), weights: None, test: (&x, &counts), params: params(&given) };
    for bad in [-1.0, f64::NAN, f64::INFINITY] {
        let target = Target::Values(vec![bad; 200]);
        let taken =
            case.begin(2).take(&Block { frame: &x, target: &target, weights: None }, &mut Memory::default());
        assert!(matches!(taken, Err(FitError::Unsuitable { .. })), "{bad}");
    }
}

#[test]
fn a_part_that_comes_up_again_has_the_scores_of_all_trees() {
    let (train, target) = mixed(900, 3, 61);
    let given = [("trees", Int(7)), ("patience", Int(0)), ("row_sample", Float(0.5))];
    let case =
        Case { train: (&train, &target), weights: None, test: (&train, &target), params: params(&given) };
    let mut shelf = Memory::default();
    let model = case.in_parts(3, 200, &mut shelf).expect("fits");
    let mut dealing = Rng::for_stream(5, &[0xDEA1]);
    let dealt: Vec<usize> = (0..900).map(|_| dealing.below(3)).collect();
    // The seventh round's trees were grown on the first part.
    let rows: Vec<u32> = (0..900u32).filter(|&row| dealt[row as usize] == 0).collect();
    let told = model.predict(&train.take(&rows));
    let scores: Vec<f64> =
        shelf.places[1].as_chunks::<8>().0.iter().map(|s| f64::from_le_bytes(*s)).collect();
    assert_eq!(scores.len(), 3 * rows.len());
    for row in 0..rows.len() {
        let mut shares: Vec<f64> = (0..3).map(|class| scores[class * rows.len() + row]).collect();
        math::softmax(&mut shares);
        let apart = shares.iter().zip(told.row(row)).map(|(a, b)| (a - b).abs()).fold(0.0, f64::max);
        assert!(apart < 1e-9, "row {row}: {shares:?}, told {:?}", told.row(row));
    }
}
