use super::super::testing::{Card, card};
use super::*;
use proptest::prelude::*;
use wgpu::BufferUsages;

/// The card's sums of a leaf's rows.
fn on_card(
    card: &Card,
    (start, rows): (usize, &[u32]),
    bins: &[u32],
    groups: usize,
    words: &[i64],
) -> Vec<i64> {
    let params = params(start as u32, (rows.len() - start) as u32, groups as u32);
    let length = groups * LANES * BINS;
    let sums = card.filled(&vec![0u8; length * 8], BufferUsages::STORAGE | BufferUsages::COPY_SRC);
    let bindings = [
        card.uniform(&params),
        card.numbers(bins),
        card.numbers(rows),
        card.filled(&words.iter().flat_map(|w| w.to_le_bytes()).collect::<Vec<_>>(), BufferUsages::STORAGE),
        sums,
    ];
    card.send(&pipeline(&card.device), &bindings, &[0, 1, 2, 3, 4], workgroups(params));
    card.read(&bindings[4], length * 8).as_chunks().0.iter().map(|w| i64::from_le_bytes(*w)).collect()
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Whole numbers, whatever the order: the same bits.
    #[test]
    fn the_card_sums_as_the_processor_does(
        rows in 1..5000usize,
        groups in 1..5usize,
        few_bins in any::<bool>(),
        leaf in 0.0..1.0f64,
        seed in any::<u64>(),
    ) {
        let Some(card) = card() else { return Ok(()) };
        let mut rng = crate::numeric::Rng::new(seed);
        let mask = if few_bins { 0x0101_0101 } else { u32::MAX };
        let bins: Vec<u32> = (0..rows * groups).map(|_| rng.next_u64() as u32 & mask).collect();
        let words: Vec<i64> = (0..rows).map(|_| rng.next_u64() as i64 >> rng.below(40)).collect();
        let listed: Vec<u32> = (0..rows as u32).filter(|_| rng.below(10) > 0).collect();
        let start = (leaf * listed.len() as f64) as usize;
        let mut sums = vec![0; groups * LANES * BINS];
        cpu::sum(&listed[start..], &bins, groups, &words, &mut sums);
        prop_assert!(on_card(card, (start, &listed), &bins, groups, &words) == sums);
    }
}
