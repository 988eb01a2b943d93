use super::super::nets::testing::{apart, floats, layer_bytes, run};
use super::super::nets::tests::fields;
use super::super::nets::{Layer, Turn, bytes};
use super::super::testing::card;
use super::*;
use crate::numeric::Rng;
use proptest::prelude::*;

#[test]
fn kernel_and_processor_lay_out_alike() {
    assert_eq!(fields(include_str!("kernel.wgsl"), "Model"), Model::FIELDS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_card_judges_as_the_processor_does(
        nets in prop::collection::vec(1..4u32, 1..5),
        (classes, rows) in (0..6u32, 1..700usize),
        block in 0..3u32,
        seed in any::<u64>(),
    ) {
        let Some(card) = card() else { return Ok(()) };
        let mut rng = Rng::new(seed);
        let outputs = classes.max(1);
        let mut layers = Vec::new();
        let mut models = Vec::new();
        let cells = rows as u32 * outputs;
        for nets in nets {
            models.push(Model { net: layers.len() as u32, nets });
            for _ in 0..nets {
                let at = layers.len() as u32 * 2 * cells;
                layers.push(Layer { outputs, out_at: at, out_slopes: at + cells, ..Layer::default() });
            }
        }
        let mut scratch: Vec<f32> =
            (0..layers.len() as u32 * 2 * cells).map(|_| 3.0 * rng.normal() as f32).collect();
        let order: Vec<u32> = (0..rows + 2).map(|_| rng.below(rows) as u32).collect();
        let number = |rng: &mut Rng| (rng.normal() as f32).to_bits();
        let truth: Vec<u32> =
            (0..rows).map(|_| if classes == 0 { number(&mut rng) } else { rng.below(classes as usize) as u32 }).collect();
        let blocks = 3 + block;
        let turn = Turn { start: 2, rows: rows as u32, classes: u32::from(classes > 0), block, blocks, ..Turn::default() };
        let mut losses = vec![0.0f32; models.len() * blocks as usize * DEGREES];
        let words = |list: &[u32]| bytes(list.iter().map(|&w| [w]));
        let buffers: [&[u8]; 6] = [
            &layer_bytes(&layers),
            &bytes(models.iter().map(Model::words)),
            &words(&order),
            &words(&truth),
            &floats(&scratch),
            &floats(&losses),
        ];
        let of = |entry, groups, read| run(card, &pipeline(&card.device, entry), &turn, &buffers, groups, read);
        let judged = of("judge", judge_groups(models.len(), rows), 5);
        cpu::judge(&turn, (&layers, &models), (&order, &truth), &scratch, &mut losses);
        prop_assert_eq!(apart(&judged, &losses, |i| 1e-4 + 1e-4 * losses[i].abs()), None);
        let sloped = of("slope", slope_groups(layers.len(), rows), 4);
        layers.iter().for_each(|layer| cpu::slope(&turn, layer, &order, &truth, &mut scratch));
        prop_assert_eq!(apart(&sloped, &scratch, |i| 1e-5 * (1.0 + scratch[i].abs())), None);
    }
}
