use super::super::testing::card;
use super::*;
use proptest::prelude::*;
use wgpu::BufferUsages;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    /// Each side keeps its order.
    #[test]
    fn the_card_parts_as_the_processor_does(
        rows in 1..200_000usize,
        groups in 1..4usize,
        feature in 0..4usize,
        share in 0..5usize,
        leaf in 0.0..1.0f64,
        seed in any::<u64>(),
    ) {
        let Some(card) = card() else { return Ok(()) };
        let mut rng = crate::numeric::Rng::new(seed);
        let feature = feature + 4 * (groups - 1);
        let bins: Vec<u32> = (0..rows * groups).map(|_| rng.next_u64() as u32).collect();
        let listed: Vec<u32> = (0..rows as u32).filter(|_| rng.below(10) > 0).collect();
        let start = (leaf * listed.len() as f64) as usize;
        let side: [bool; 256] = std::array::from_fn(|_| rng.below(4) < share);
        let parted = cpu::part(&listed[start..], &bins, groups, feature, &side);
        let count = listed.len() - start;
        let goes = |row: &&u32| side[usize::from(bins[**row as usize * groups + feature / 4].to_le_bytes()[feature % 4])];
        let left = listed[start..].iter().filter(goes).count();
        let blocks = (count as u32).div_ceil(BLOCK).max(1);
        let bindings = [
            card.uniform(&params(start, count, groups, feature, left, &side)),
            card.numbers(&bins),
            card.numbers(&listed),
            card.filled(&vec![0; listed.len().max(1) * 4], BufferUsages::STORAGE | BufferUsages::COPY_SRC),
            card.filled(&vec![0; blocks as usize * 4], BufferUsages::STORAGE),
        ];
        for ((entry, used), groups) in ["count", "offset", "place"].into_iter().zip(USED).zip([blocks, 1, blocks]) {
            card.send(&card.device.pipeline("partition", SOURCE, entry), &bindings, used, [groups, 1, 1]);
        }
        let read = card.read(&bindings[3], listed.len() * 4);
        let read: Vec<u32> = read.as_chunks().0.iter().map(|r| u32::from_le_bytes(*r)).collect();
        prop_assert!(read[start..] == parted);
    }
}
