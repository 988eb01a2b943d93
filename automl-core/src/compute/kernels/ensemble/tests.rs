use super::super::testing::card;
use super::*;
use crate::numeric::Rng;
use crate::platform::ready;
use proptest::prelude::*;

/// Trees whose nodes test numbers (the first feature and every other one) and sets of codes, in any shape.
struct Made {
    nodes: Vec<[u32; 4]>,
    roots: Vec<u32>,
    sets: Vec<u32>,
    values: Vec<f32>,
}

impl Made {
    fn new(trees: usize, branches: usize, features: usize, width: usize, rng: &mut Rng) -> Self {
        let mut made = Self { nodes: Vec::new(), roots: Vec::new(), sets: vec![0], values: Vec::new() };
        for _ in 0..trees {
            let root = made.child(branches, features, width, rng);
            made.roots.push(root);
        }
        made
    }

    fn child(&mut self, branches: usize, features: usize, width: usize, rng: &mut Rng) -> u32 {
        if branches == 0 {
            let leaf = (self.values.len() / width) as u32;
            self.values.extend((0..width).map(|_| rng.normal() as f32 * [1e-30, 1.0, 1e20][rng.below(3)]));
            return 1 << 31 | leaf;
        }
        let feature = rng.below(features) as u32;
        let missing_left = (rng.below(2) as u32) << 30;
        let (kind, test) = if feature.is_multiple_of(2) {
            let ends = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0, 1e-44];
            let threshold = if rng.below(4) == 0 { ends[rng.below(6)] } else { rng.normal() as f32 };
            (0, ordered_threshold(threshold))
        } else {
            let start = self.sets.len() as u32;
            let words = rng.below(3) as u32;
            self.sets.push(words);
            self.sets.extend((0..words).map(|_| rng.next_u64() as u32));
            (1 << 31, start)
        };
        let at = self.nodes.len();
        self.nodes.push([kind | missing_left | feature, test, 0, 0]);
        let left = rng.below(branches);
        for (place, rest) in [(2, left), (3, branches - 1 - left)] {
            let child = self.child(rest, features, width, rng);
            self.nodes[at][place] = child;
        }
        at as u32
    }
}

fn check(
    (trees, branches): (usize, usize),
    features: usize,
    (width, outputs): (usize, usize),
    rows: usize,
    seed: u64,
) -> Result<(), TestCaseError> {
    let Some(card) = card() else { return Ok(()) };
    let mut rng = Rng::new(seed);
    let made = Made::new(trees, branches, features, width, &mut rng);
    let Made { nodes, roots, sets, values } = &made;
    let trees = Trees { nodes, roots, sets, values, width, features };
    let cells: Vec<u32> = (0..features)
        .flat_map(|feature| {
            let ends = [f32::INFINITY, f32::NEG_INFINITY, f32::NAN, 0.0, -0.0, 1e-44];
            let mut cell = |_| match (feature % 2, rng.below(4)) {
                (0, 0) => ordered(ends[rng.below(6)]),
                (0, _) => ordered(rng.normal() as f32),
                (_, 0) => u32::MAX,
                _ => rng.below(80) as u32,
            };
            (0..rows).map(&mut cell).collect::<Vec<_>>()
        })
        .collect();
    let mut twin: Vec<f64> = (0..rows * outputs).map(|_| rng.normal()).collect();
    let mut ensemble = Ensemble::new(&card.device, features, (width, outputs)).expect("a card");
    ensemble.add(&trees).expect("a card");
    prop_assert!(rows <= ensemble.block());
    let given = ready(ensemble.scores(ensemble.send(&cells, &twin).expect("a card"))).expect("a card");
    cpu::predict(&trees, &cells, outputs, &mut twin);
    let bits = |scores: &[f64]| scores.iter().map(|s| s.to_bits()).collect::<Vec<_>>();
    prop_assert_eq!(bits(&given), bits(&twin));
    Ok(())
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn scores_are_the_twins(
        trees in 0usize..12,
        branches in 0usize..40,
        features in 1usize..9,
        outputs in 1usize..4,
        wide: bool,
        rows in 1usize..900,
        seed in 0u64..1_000,
    ) {
        check((trees, branches), features, (if wide { outputs } else { 1 }, outputs), rows, seed)?;
    }
}

#[test]
fn the_order_of_numbers_is_kept() {
    let all = [
        f32::NEG_INFINITY,
        f32::MIN,
        -1.0,
        -1e-45,
        0.0,
        1e-45,
        f32::MIN_POSITIVE,
        1.0,
        f32::MAX,
        f32::INFINITY,
    ];
    for pair in all.windows(2) {
        assert!(ordered(pair[0]) < ordered(pair[1]), "{pair:?}");
    }
    assert_eq!(ordered(-0.0), ordered(0.0));
    assert!(
        ordered(f32::NAN) > ordered(f32::INFINITY)
            && ordered_threshold(f32::NAN) < ordered(f32::NEG_INFINITY)
    );
}
