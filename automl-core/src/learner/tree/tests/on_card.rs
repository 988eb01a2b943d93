//! Trees on rows that a graphics card holds, against trees on the same rows in memory: the same, to the last bit.

use super::super::binning::Binned;
use super::super::constraint::Constraints;
use super::super::leafwise::Grower;
use super::super::on_card::OnCard;
use super::super::packing::quantise;
use super::super::plan::{Limits, Policy};
use super::super::testing::{mixed, numbers};
use super::{RULES, random_pairs};
use crate::compute::kernels::testing::card;
use crate::node::FeatureColumn;
use crate::numeric::Rng;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn trees_on_a_card_are_those_of_memory(
        (rows, bins, more) in (1..3000usize, 2..255usize, 0..6usize),
        policy in prop_oneof![Just(Policy::LeafWise), Just(Policy::DepthWise), Just(Policy::Symmetric)],
        (max_leaves, max_depth) in (1..40usize, 0..7usize),
        (share, node_features) in (1..4usize, prop_oneof![Just(1.0), Just(0.5)]),
        seed in any::<u64>(),
    ) {
        let Some(card) = card() else { return Ok(()) };
        let mut rng = Rng::new(seed);
        let (mut frame, _) = mixed(rows, 2, seed);
        for column in 0..more {
            let values = numbers((0..rows).map(|_| rng.below(1 + 3 * column) as f32));
            frame.columns.push(FeatureColumn { name: format!("few{column}"), values });
        }
        let data = Binned::new(&frame, bins, 0);
        let mut here = Grower::new(&data, Constraints::default(), 1);
        let store = OnCard::new(&card.device, &data).expect("the rows fit");
        let mut there = Grower::over(store, &data, Constraints::default(), 1);
        let limits = Limits { policy, max_leaves, max_depth, node_features };
        for tree in 0..3 {
            let pairs = random_pairs(rows, &mut rng);
            let bag: Option<Vec<u32>> =
                (share < 3).then(|| (0..rows as u32).filter(|_| rng.below(3) < share).collect());
            let bag = bag.filter(|bag| !bag.is_empty());
            let mut words = vec![0; rows];
            let scales = quantise(&pairs, bag.as_deref(), tree > 0, &mut rng, &mut words, 1);
            if tree == 2 && !data.features.is_empty() {
                let some: Vec<u32> = (0..data.features.len() as u32).filter(|f| f % 2 == 0).collect();
                here.use_features(some.clone());
                there.use_features(some);
            }
            let random = Rng::new(seed ^ tree);
            let Ok(one) = here.grow(bag.as_deref(), &words, scales, &RULES, &limits, &mut random.clone());
            let other = there.grow(bag.as_deref(), &words, scales, &RULES, &limits, &mut random.clone());
            let other = other.expect("the card is there");
            prop_assert_eq!(format!("{:?}", one.shape), format!("{:?}", other.shape));
            for leaf in 0..one.shape.leaves as usize {
                prop_assert_eq!(one.leaf_rows(leaf), other.leaf_rows(leaf));
            }
        }
    }
}
