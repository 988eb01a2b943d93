use super::super::testing::card;
use super::*;
use crate::numeric::Rng;
use crate::platform::ready;
use proptest::prelude::*;

/// The `k` nearest by the processor's distances, of rows equally far the first, ascending.
fn nearest(cells: &[f32], asked: &[f32], k: usize) -> Vec<u32> {
    let mut all: Vec<(f32, u32)> =
        cells.chunks_exact(asked.len()).map(|row| cpu::distance(asked, row)).zip(0..).collect();
    all.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.cmp(&b.1)));
    let mut rows: Vec<u32> = all[..k].iter().map(|found| found.1).collect();
    rows.sort_unstable();
    rows
}

/// Numbers of a kind, some of them alike.
fn cells(kind: usize, count: usize, rng: &mut Rng) -> Vec<f32> {
    let of = |rng: &mut Rng| match kind {
        0 => rng.normal() as f32,
        // Many equal distances.
        1 => rng.below(3) as f32,
        // Squares that vanish, or nearly.
        2 => rng.normal() as f32 * [1e-22, 1e-19, 1e-17][rng.below(3)],
        // Squares at the end of the range, and beyond it.
        3 => rng.normal() as f32 * [1.0, 1e18, 3e19][rng.below(3)],
        // Far from nothing, near one another.
        _ => 1e4 + rng.uniform() as f32,
    };
    (0..count).map(|_| of(rng)).collect()
}

fn check(
    kind: usize,
    (rows, asked, features): (usize, usize, usize),
    k: usize,
    seed: u64,
) -> Result<(), TestCaseError> {
    let Some(card) = card() else { return Ok(()) };
    let mut rng = Rng::new(seed);
    let (known, some) = (cells(kind, rows * features, &mut rng), cells(kind, asked * features, &mut rng));
    let on_card = Neighbours::new(&card.device, &known, features, k).expect("a card");
    prop_assert!(asked <= on_card.block());
    let answer = ready(on_card.answer(on_card.ask(&some).expect("a card"))).expect("a card");
    prop_assert_eq!(answer.len(), asked);
    let mut few = 0;
    for (found, row) in answer.iter().zip(some.chunks_exact(features)) {
        let Some(found) = found else { continue };
        few += 1;
        let twin = cpu::candidates(&known, row, k);
        let found_all = nearest(&known, row, k).iter().all(|row| found.binary_search(row).is_ok());
        prop_assert!(found_all, "{kind} {rows} × {features}, {k} nearest: {found:?} {twin:?}");
    }
    prop_assert!(kind != 0 || few == asked, "{few} of {asked}");
    Ok(())
}

#[test]
fn edges_of_tiles() {
    for kind in 0..5 {
        for (rows, asked, features, k) in [
            (1, 1, 1, 1),
            (2, 3, 1, 2),
            (64, 64, 16, 5),
            (65, 63, 17, 65),
            (300, 130, 33, 100),
            (1000, 5, 2, 500),
        ] {
            check(kind, (rows, asked, features), k, 7).unwrap_or_else(|e| panic!("{e}"));
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]
    #[test]
    fn none_of_the_nearest_is_missed(
        kind in 0usize..5,
        rows in 1usize..700,
        asked in 1usize..90,
        features in 1usize..40,
        share in 0.0f64..1.0,
        seed in 0u64..1_000,
    ) {
        let k = 1 + (share * share * (rows - 1) as f64) as usize;
        check(kind, (rows, asked, features), k, seed)?;
    }
}

/// The bits that are added are more than all that may differ.
#[test]
fn the_slack_is_wide_enough() {
    for features in [1, 2, 50, 2_500] {
        // 2⁻²⁴ and 2⁻¹²⁶.
        let (unit, smallest) = (0.5 * f64::from(f32::EPSILON), f64::from(f32::MIN_POSITIVE));
        let wrong = 1.0 + (features as f64 + 4.0) * unit;
        let wrong = wrong * wrong * wrong * wrong;
        for bits in [least(features), 1.0f32.to_bits(), 1.999_999_9f32.to_bits(), 1e30f32.to_bits()] {
            let (from, to) = (f32::from_bits(bits), f32::from_bits(bits + slack(features)));
            let vanished = 4.0 * features as f64 * smallest;
            assert!(f64::from(to) > f64::from(from) * wrong + vanished, "{features} {from:e} {to:e}");
        }
    }
    let blocks =
        [(100_000, 25), (1, 25), (1 << 20, 1), (1, 1 << 18)].map(|(n, m)| block(128 << 20, n, (m, 5)));
    assert_eq!(blocks, [128, 4096, 0, 128]);
    let most = |rows, features| at_a_time(128 << 20, rows, (features, 5)).ok();
    assert_eq!(
        (most(100_000, 25), most(1 << 20, 1), most(1 << 20, 1000)),
        (Some(100_000), Some(1 << 16), Some(1 << 15))
    );
    assert_eq!((most(5, 1 << 20), at_a_time(4096, 9, (2000, 5)).is_err()), (None, true));
}
