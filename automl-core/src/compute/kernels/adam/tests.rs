use super::super::nets::testing::{Some as Layers, apart, floats, layer_bytes, run};
use super::super::testing::card;
use super::cpu::State;
use super::*;
use crate::numeric::Rng;
use proptest::prelude::*;

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_card_steps_as_the_processor_does(
        shapes in prop::collection::vec((0..90usize, 1..200usize), 1..5),
        step in 1..300u32,
        seed in any::<u64>(),
    ) {
        let Some(card) = card() else { return Ok(()) };
        let Layers { turn, layers, weights, .. } = Layers::new(&shapes, 1, step, seed);
        let mut rng = Rng::new(seed);
        let mut normals = || -> Vec<f32> { weights.iter().map(|_| 0.1 * rng.normal() as f32).collect() };
        let (slopes, first) = (normals(), normals());
        let second: Vec<f32> = normals().iter().map(|x| x * x).collect();
        let packed = [&weights, &first, &second, &slopes].map(|numbers| floats(numbers));
        let buffers: [&[u8]; 5] = [&layer_bytes(&layers), &packed[0], &packed[1], &packed[2], &packed[3]];
        let mut state = State { weights: weights.clone(), first, second };
        layers.iter().for_each(|layer| state.step(&turn, layer, &slopes));
        let of = |read| run(card, &pipeline(&card.device), &turn, &buffers, groups(&layers), read);
        // A small second moment makes a step of what is off in a sum of 200 terms of up to 1 each.
        prop_assert_eq!(apart(&of(1), &state.weights, |_| 2e-4), None);
        prop_assert_eq!(apart(&of(2), &state.first, |_| 1e-5), None);
        prop_assert_eq!(apart(&of(3), &state.second, |i| 1e-6 + 1e-4 * state.second[i].abs()), None);
    }
}
