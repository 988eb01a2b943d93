use super::card::{Card, Held};
use super::layout::{Layout, Shape};
use super::*;
use crate::compute::kernels::inputs::{Column, View};
use crate::compute::kernels::loss::{DEGREES, PLAIN};
use crate::compute::kernels::nets::Turn;
use crate::compute::kernels::testing::card;
use crate::compute::kernels::{adam, inputs, loss, product};
use crate::learner::ParamValue::{self, Float, Int};
use crate::learner::dense::testing::{classes, normals, values};
use crate::learner::mlp::Mlp;
use crate::learner::mlp::trial::{TEMPERATURES, temperature};
use crate::learner::{Learner, Params};
use crate::metric::{self, Actual};
use crate::numeric::{Rng, math};
use crate::platform::{Stopwatch, ready};

fn wave(x: &[f64]) -> f64 {
    x[0] * x[1] + (x[2] * x[2] - 1.0) * 0.7 + 0.3 * x[3]
}

/// Rows of which some matter; numbers where there are no classes.
fn noisy(rows: usize, seed: u64, count: usize) -> (Frame, Target) {
    let x = normals(rows, 6, seed);
    let noise = values(&normals(rows, 1, seed + 1), |x| x[0]);
    let y: Vec<f64> = values(&x, wave).iter().zip(noise).map(|(y, e)| y + 0.5 * e).collect();
    let y = if count == 0 { Target::Values(y) } else { classes(&y, count) };
    (x, y)
}

fn candidate(given: &[(&str, ParamValue)], seed: u64) -> Candidate {
    let given = Params(given.iter().map(|(k, v)| ((*k).to_owned(), v.clone())).collect());
    Candidate { params: Params::complete(Mlp.spec().params, &given), seed }
}

/// Networks of several shapes, and models of several networks.
fn candidates() -> Vec<Candidate> {
    vec![
        candidate(&[("epochs", Int(14))], 1),
        candidate(&[("epochs", Int(18)), ("hidden", Int(20)), ("layers", Int(3)), ("pieces", Int(1))], 2),
        candidate(
            &[("epochs", Int(12)), ("hidden", Int(100)), ("layers", Int(1)), ("dropout", Float(0.3))],
            3,
        ),
        candidate(
            &[("epochs", Int(12)), ("networks", Int(3)), ("pieces", Int(5)), ("dropout", Float(0.0))],
            4,
        ),
        candidate(&[("epochs", Int(16)), ("layers", Int(0)), ("pieces", Int(12))], 5),
    ]
}

struct Given {
    frame: Frame,
    target: Target,
    validation: Option<(Frame, Target)>,
    cancel: Cancel,
}

impl Given {
    fn contest<'a>(&'a self, candidates: &'a [Candidate]) -> Contest<'a> {
        Contest {
            frame: &self.frame,
            target: &self.target,
            validation: self.validation.as_ref().map(|(frame, target)| (frame, target)),
            candidates,
            seed: 5,
            threads: 2,
            cancel: &self.cancel,
        }
    }
}

fn given(rows: usize, count: usize, validation: bool) -> Given {
    let (frame, target) = noisy(rows, 10, count);
    let validation = validation.then(|| noisy(300, 20, count));
    Given { frame, target, validation, cancel: Cancel::new() }
}

fn score(model: &dyn Model, x: &Frame, y: &Target) -> f64 {
    let (name, actual) = match y {
        Target::Classes { codes, classes } => ("log_loss", Actual::Classes { codes, classes: *classes }),
        Target::Values(v) => ("rmse", Actual::Values(v)),
    };
    metric::find(name).unwrap().score(actual, &model.predict(x).values).unwrap()
}

#[test]
fn models_are_as_good_as_the_processors() {
    let Some(card) = card() else { return };
    for (count, validation) in [(3, true), (2, false), (0, true)] {
        let given = given(600, count, validation);
        let (test, truth) = noisy(1000, 30, count);
        let candidates = candidates();
        let contest = given.contest(&candidates);
        let trained = ready(fit(&card.device, &contest)).expect("the card is there");
        let (mut ours, mut theirs) = (0.0, 0.0);
        for (place, (trained, candidate)) in trained.into_iter().zip(&candidates).enumerate() {
            let trained = trained.expect("stays in bounds");
            assert_eq!((trained.candidate, trained.reproducible), (place, Reproducible::PerTarget));
            let mut request = contest.fit(&candidate.params);
            request.seed = candidate.seed;
            let model = Mlp.fit(&request).expect("fits");
            let [own, other] = [&trained.model, &model].map(|model| score(&**model, &test, &truth));
            // Chance alone makes up to four hundredths.
            assert!(own < 1.1 * other, "{count} {place}: {own} beside {other}");
            ours += own;
            theirs += other;
            let again = Mlp.decode(&trained.model.encode(), 6).expect("an ordinary model");
            assert_eq!(again.predict(&test), trained.model.predict(&test));
            assert!(trained.epochs > 0 && trained.loss.is_finite());
            let weights = |model: &dyn Model| model.summary().split(", ").nth(1).map(str::to_owned);
            assert_eq!(weights(&*trained.model), weights(&*model));
        }
        assert!(ours < 1.03 * theirs, "{count}: {ours} beside {theirs}");
    }
}

#[test]
fn what_others_do_changes_nothing() {
    let Some(card) = card() else { return };
    let given = given(700, 3, true);
    let mut candidates = candidates();
    for (candidate, epochs) in candidates.iter_mut().zip([3, 6, 2, 4]) {
        candidate.params.0.insert("epochs".to_owned(), Int(epochs));
    }
    let bytes_of = |candidates: &[Candidate], most| -> Vec<Vec<u8>> {
        let trained = ready(fit_at_once(&card.device, &given.contest(candidates), most));
        let trained = trained.expect("the card is there");
        trained.into_iter().map(|one| one.expect("stays in bounds").model.encode()).collect()
    };
    let together = bytes_of(&candidates, usize::MAX);
    for (candidate, model) in candidates.iter().zip(&together) {
        assert!(bytes_of(std::slice::from_ref(candidate), 1) == [model.clone()]);
    }
    assert!(bytes_of(&candidates, 3) == together);
}

#[test]
fn the_worse_half_is_dropped() {
    let Some(card) = card() else { return };
    let given = given(800, 2, true);
    let rates = [1e-6, 0.01, 1e-5, 0.02, 2e-5, 3e-5, 0.006, 1e-6];
    let with = |rate| candidate(&[("epochs", Int(6)), ("learning_rate", Float(rate))], 7);
    let candidates = rates.map(with);
    let contest = given.contest(&candidates);
    let halve = |keep| ready(super::halve(&card.device, &contest, Halving { first: 1, keep }));
    let left = halve(2).expect("the card is there");
    assert_eq!(left.len(), 2);
    assert!(left[0].loss <= left[1].loss);
    assert!(left.iter().all(|one| [1, 3, 6].contains(&one.candidate)));
    // They are what they would have been without the others.
    let all = ready(fit(&card.device, &contest)).expect("the card is there");
    for one in &left {
        let same = all[one.candidate].as_ref().expect("stays in bounds");
        assert!(one.model.encode() == same.model.encode() && one.loss == same.loss);
    }
    assert_eq!(halve(5).expect("the card is there").len(), 5);
    assert_eq!(halve(100).expect("the card is there").len(), 8);
}

#[test]
fn settings_are_chosen_as_halving_leaves_them() {
    let Some(card) = card() else { return };
    let given = given(800, 2, true);
    let with = |rate| candidate(&[("epochs", Int(6)), ("learning_rate", Float(rate))], 7);
    let candidates = [1e-6, 0.01, 1e-5, 0.02, 2e-5, 3e-5, 0.006, 1e-6].map(with);
    let contest = given.contest(&candidates);
    let halving = Halving { first: 1, keep: 2 };
    let chosen = ready(super::choose(&card.device, &contest, halving, |_| true, &Cancel::new()));
    let chosen = chosen.expect("the card is there");
    let left = ready(super::halve(&card.device, &contest, halving)).expect("the card is there");
    assert_eq!(chosen.best, left.iter().map(|one| one.candidate).collect::<Vec<_>>());
    assert_eq!((chosen.trained, chosen.epochs), (8, 6));
    // 8 × 1 + 4 × 1 + 2 × 4 of 8 × 6 epochs, two networks each; half of them is as much as is afforded.
    let networks = |work: &Work| if let Work::Networks { networks, .. } = work { *networks } else { 0 };
    let affords = |work: &Work| networks(work) < 7;
    assert!(
        work(&contest, &Table::of(&contest).expect("suits"), 8, halving).is_ok_and(|w| networks(&w) == 7)
    );
    let fewer = ready(super::choose(&card.device, &contest, halving, affords, &Cancel::new()));
    assert_eq!(fewer.map(|chosen| chosen.trained), Ok(4));
    let none = ready(super::choose(&card.device, &contest, halving, |_| false, &Cancel::new()));
    assert_eq!(none.map(|chosen| chosen.trained), Ok(4));
    // There was enough before the first half was dropped.
    let enough = Cancel::new();
    enough.cancel();
    let early = ready(super::choose(&card.device, &contest, halving, |_| true, &enough));
    assert_eq!(early, Err(Failure::Fit(FitError::Cancelled)));
    // They would become better for ever.
    let slow = [1, 2, 3].map(|seed| {
        candidate(&[("epochs", Int(10_000)), ("learning_rate", Float(1e-6)), ("hidden", Int(8))], seed)
    });
    let enough = Cancel::new().with_deadline_secs(2.0);
    let chosen = ready(super::choose(&card.device, &given.contest(&slow), halving, |_| true, &enough));
    let chosen = chosen.expect("the card is there");
    assert!(chosen.best.len() == 2 && (1..10_000).contains(&chosen.epochs), "{chosen:?}");
}

#[test]
fn those_that_leave_make_room() {
    let Some(card) = card() else { return };
    let given = given(600, 2, true);
    let candidates: Vec<Candidate> =
        (0..16).map(|seed| candidate(&[("hidden", Int(128)), ("epochs", Int(4))], seed)).collect();
    let contest = given.contest(&candidates);
    let table = Table::of(&contest).expect("suits");
    let mut race = Race::begin(&card.device, &contest, &table, &(0..16).collect::<Vec<_>>()).expect("fits");
    let before = race.bytes();
    ready(race.pass()).expect("the card is there");
    race.cut(2).expect("the card is there");
    assert_eq!(race.alive(), 2);
    assert!(race.bytes() * 4 < before, "{} of {before}", race.bytes());
}

#[test]
fn what_the_card_is_not_for_is_said() {
    let Some(card) = card() else { return };
    let candidates = [candidate(&[("epochs", Int(3))], 1)];
    let why = |given: &Given| ready(fit(&card.device, &given.contest(&candidates))).err();
    assert!(matches!(why(&given(300, 2, true)), Some(Failure::LeftToProcessor { .. })));
    let mut one_class = given(700, 2, false);
    one_class.target = Target::Classes { codes: vec![1; 700], classes: 2 };
    assert!(matches!(why(&one_class), Some(Failure::LeftToProcessor { .. })));
    let cancelled = given(700, 2, true);
    cancelled.cancel.cancel();
    assert_eq!(why(&cancelled), Some(Failure::Fit(FitError::Cancelled)));
    let mut empty = given(700, 2, true);
    empty.target = Target::Classes { codes: Vec::new(), classes: 2 };
    assert!(matches!(why(&empty), Some(Failure::Fit(FitError::Unsuitable { .. }))));
    let no_candidates = given(700, 2, true);
    let none = ready(fit(&card.device, &no_candidates.contest(&[])));
    assert!(matches!(none, Err(Failure::Fit(FitError::Unsuitable { .. }))));
}

#[test]
fn training_is_cancelled_on_its_way() {
    let Some(card) = card() else { return };
    let mut given = given(700, 2, true);
    // So slow that it becomes better for ever.
    let slow = [candidate(&[("epochs", Int(10_000)), ("learning_rate", Float(1e-6))], 1)];
    given.cancel = Cancel::new().with_deadline_secs(1.0);
    let watch = Stopwatch::start();
    let cancelled = ready(fit(&card.device, &given.contest(&slow))).err();
    assert_eq!(cancelled, Some(Failure::Fit(FitError::Cancelled)));
    assert!(watch.elapsed_secs() >= 1.0);
}

#[test]
fn training_that_leaves_all_bounds_is_one_candidates_own() {
    let Some(card) = card() else { return };
    let mut given = given(700, 0, true);
    given.validation = None;
    let wild = [("learning_rate", Float(1.0)), ("weight_decay", Float(10.0)), ("epochs", Int(3))];
    let candidates = [candidate(&wild, 1), candidate(&[("epochs", Int(3))], 1)];
    let trained = ready(fit(&card.device, &given.contest(&candidates))).expect("the card is there");
    let tame = trained[1].as_ref().expect("stays in bounds");
    assert!(tame.loss.is_finite() && tame.epochs > 0);
    // The other one is at its best before it was trained, if at all.
    assert!(trained[0].as_ref().map_or(true, |one| one.loss >= tame.loss));
}

#[test]
fn a_lost_card_is_an_error() {
    if card().is_none() {
        return;
    }
    let device = ready(Device::request(true)).expect("there was one");
    device.raw().0.destroy();
    let given = given(700, 2, true);
    let lost = ready(fit(&device, &given.contest(&[candidate(&[("epochs", Int(3))], 1)])));
    assert!(matches!(lost, Err(Failure::Lost(_))));
}

#[test]
fn temperatures_are_those_of_the_processor() {
    assert_eq!(TEMPERATURES.count(), DEGREES);
    for (place, degree) in TEMPERATURES.enumerate() {
        let here = math::exp(loss::LOG_STEP * (place as f64 - PLAIN as f64));
        assert!((temperature(degree) - here).abs() < 1e-12);
    }
}

/// What the processor's twins of the kernels make of some turns.
struct Twin {
    layout: Layout,
    columns: Vec<Column>,
    cells: Vec<f32>,
    truth: Vec<u32>,
    order: Vec<u32>,
    state: adam::cpu::State,
    losses: Vec<f32>,
}

impl Twin {
    fn turn(&mut self, turn: &Turn) {
        let Layout { last, views, all, models, .. } = &self.layout;
        let mut scratch = vec![f32::NAN; self.layout.scratch];
        let mut slopes = vec![f32::NAN; self.layout.weights];
        for view in views {
            inputs::cpu::load(turn, view, &self.columns, &self.order, &self.cells, &mut scratch);
        }
        for layer in self.layout.forwards().flatten() {
            product::cpu::forward(turn, layer, &self.state.weights, &mut scratch);
        }
        if turn.step == 0 {
            let (order, truth) = (&self.order, &self.truth);
            loss::cpu::judge(turn, (last, models), (order, truth), &scratch, &mut self.losses);
            return;
        }
        last.iter().for_each(|layer| loss::cpu::slope(turn, layer, &self.order, &self.truth, &mut scratch));
        for layer in self.layout.backwards().flatten() {
            product::cpu::back(turn, layer, &self.state.weights, &mut scratch);
        }
        for layer in all {
            product::cpu::by_weights(turn, layer, &scratch, &mut slopes);
            self.state.step(turn, layer, &slopes);
        }
    }
}

#[test]
fn turns_are_what_the_twins_make_of_them() {
    let Some(card) = card() else { return };
    let mut rng = Rng::new(3);
    let shape = |widths: &[usize], view, seed, dropout| Shape {
        widths: widths.to_vec(),
        view,
        seed,
        rate: 0.01,
        decay: 0.1,
        dropout,
        warm_up: 2.0,
        steps: 20.0,
    };
    let plain = |feature| Column { feature, is_piece: 0, start: 0.0, slope: 0.0, low: 0.0, high: 0.0 };
    let piece = Column { feature: 1, is_piece: 1, start: -0.5, slope: 1.0, low: -0.5, high: 0.5 };
    let columns = vec![plain(0), plain(1), plain(0), plain(1), piece];
    let view = |columns, width| View { out_at: 0, columns, width, features: 2 };
    let models = [
        vec![shape(&[3, 16, 8, 3], 1, 1 << 40, 0.25), shape(&[2, 8, 3], 0, 2, 0.0)],
        vec![shape(&[2, 70, 8, 8, 3], 0, 3, 0.5)],
        vec![shape(&[3, 3], 1, 4, 0.0)],
    ];
    let layout = Layout::of(&models, &[view(0, 2), view(2, 3)], 16, 300);
    let cells: Vec<f32> = (0..400 * 2).map(|_| rng.normal() as f32).collect();
    let truth: Vec<u32> = (0..400).map(|_| rng.below(3) as u32).collect();
    let mut order: Vec<u32> = (0..400).collect();
    rng.shuffle(&mut order);
    let weights: Vec<f32> = (0..layout.weights).map(|_| 0.3 * rng.normal() as f32).collect();
    let trained = |step: u32, start, rows| {
        let [first, second] = [0.9, 0.999].map(|b| (1.0 / (1.0 - math::pow(b, f64::from(step)))) as f32);
        Turn { start, rows, step, classes: 1, block: 0, blocks: 0, first, second }
    };
    let judged = Turn { start: 100, rows: 300, classes: 1, blocks: 2, ..Turn::default() };
    let turns = [trained(1, 0, 16), trained(2, 16, 16), trained(3, 32, 5), judged];
    let held =
        Held { cells: &cells, truth: &truth, columns: &columns, order: 400, blocks: 2, turns: turns.len() };
    let mut ours = Card::new(&card.device, &held, layout.clone(), &weights).expect("the card is there");
    ours.send(&order, &turns, &Cancel::new()).expect("the card is there");
    let losses = ready(ours.losses()).expect("the card is there");
    ours.keep(&[0, 1, 2]);
    let after = ready(ours.best(&[0, 1, 2])).expect("the card is there");

    let zeros = vec![0.0; weights.len()];
    let state = adam::cpu::State { weights: weights.clone(), first: zeros.clone(), second: zeros };
    let summed = vec![0.0; 3 * 2 * DEGREES];
    let mut twin = Twin { layout, columns, cells, truth, order, state, losses: summed };
    turns.iter().for_each(|turn| twin.turn(turn));
    let moved = |(a, b): (&f32, &f32)| f64::from((a - b).abs());
    let most = weights.iter().zip(&twin.state.weights).map(moved).fold(0.0, f64::max);
    assert!(most > 0.01, "training moves weights: {most}");
    // A step by a slope of about nothing may go either way; there are few such.
    let off: Vec<f64> = after.iter().zip(&twin.state.weights).map(moved).collect();
    let far = off.iter().filter(|&&x| x > 1e-4).count();
    assert!(far * 200 <= off.len(), "{far} of {}", off.len());
    for (model, sums) in losses.iter().enumerate() {
        for (degree, sum) in sums.iter().enumerate() {
            let of = |block| f64::from(twin.losses[(model * 2 + block) * DEGREES + degree]);
            let other = of(0) + of(1);
            assert!((sum - other).abs() < 2e-3 * other, "{model} {degree}: {sum} beside {other}");
        }
    }
}
