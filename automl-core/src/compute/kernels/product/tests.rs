use super::super::nets::testing::{Some as Layers, apart, floats, layer_bytes, run};
use super::super::testing::card;
use super::*;
use proptest::prelude::*;

/// Of a sum of standard normal products: so many terms of rarely more than 20 each.
fn tolerance(terms: usize) -> f32 {
    1e-6 * (terms as f32 + 8.0)
}

fn check(shapes: &[(usize, usize)], rows: usize, step: u32, seed: u64) -> Result<(), TestCaseError> {
    let Some(card) = card() else { return Ok(()) };
    let Layers { turn, layers, weights, scratch } = Layers::new(shapes, rows, step, seed);
    let slopes = vec![0.5f32; weights.len()];
    let (list, packed) = (layer_bytes(&layers), floats(&weights));
    let (from, sums) = (floats(&scratch), floats(&slopes));
    let buffers: [&[u8]; 4] = [&list, &packed, &from, &sums];
    let card_gives =
        |entry, groups, read| run(card, &pipeline(&card.device, entry), &turn, &buffers, groups, read);
    let largest = shapes.iter().map(|&(inputs, outputs)| inputs.max(outputs)).max().unwrap_or(0).max(rows);
    let most = |_: usize| 3.0 * tolerance(largest);

    let mut twin = scratch.clone();
    layers.iter().for_each(|layer| cpu::forward(&turn, layer, &weights, &mut twin));
    let given = card_gives("forward", forward_groups(&layers, rows), 2);
    prop_assert_eq!(apart(&given, &twin, most), None, "forward {:?} {}", shapes, rows);

    let mut twin = scratch.clone();
    layers.iter().for_each(|layer| cpu::back(&turn, layer, &weights, &mut twin));
    let given = card_gives("back", back_groups(&layers, rows), 2);
    prop_assert_eq!(apart(&given, &twin, most), None, "back {:?} {}", shapes, rows);

    let mut twin = slopes.clone();
    layers.iter().for_each(|layer| cpu::by_weights(&turn, layer, &scratch, &mut twin));
    let given = card_gives("by_weights", by_weights_groups(&layers), 3);
    prop_assert_eq!(apart(&given, &twin, most), None, "by weights {:?} {}", shapes, rows);
    Ok(())
}

#[test]
fn edges_of_tiles() {
    for (shapes, rows) in [
        (&[(1, 1)][..], 1),
        (&[(64, 64), (16, 64), (65, 1)], 64),
        (&[(63, 65), (128, 2), (15, 17), (0, 3)], 129),
        (&[(450, 64), (64, 8), (8, 200)], 128),
    ] {
        check(shapes, rows, 7, 1).expect("the card does as the processor");
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn the_card_multiplies_as_the_processor_does(
        shapes in prop::collection::vec((0..150usize, 1..150usize), 1..6),
        rows in 1..200usize,
        step in 0..5u32,
        seed in any::<u64>(),
    ) {
        check(&shapes, rows, step, seed)?;
    }
}
