use super::super::nets::testing::{apart, floats, run};
use super::super::nets::tests::fields;
use super::super::nets::{Turn, bytes};
use super::super::testing::card;
use super::*;
use crate::numeric::Rng;
use proptest::prelude::*;

#[test]
fn kernel_and_processor_lay_out_alike() {
    let source = include_str!("kernel.wgsl");
    assert_eq!(fields(source, "View"), View::FIELDS);
    assert_eq!(fields(source, "Column"), Column::FIELDS);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(32))]

    #[test]
    fn the_card_lays_out_as_the_processor_does(
        (table, features) in (1..300usize, 1..20usize),
        widths in prop::collection::vec(0..200usize, 1..4),
        rows in 1..150usize,
        seed in any::<u64>(),
    ) {
        let Some(card) = card() else { return Ok(()) };
        let mut rng = Rng::new(seed);
        let cells: Vec<f32> = (0..table * features).map(|_| 5.0 * rng.normal() as f32).collect();
        let order: Vec<u32> = (0..rows + 3).map(|_| rng.below(table) as u32).collect();
        let (mut views, mut columns, mut out_at) = (Vec::new(), Vec::new(), 0);
        for width in widths {
            let [width, features] = [width, features].map(|n| n as u32);
            views.push(View { out_at, columns: columns.len() as u32, width, features });
            out_at += rows as u32 * width;
            columns.extend((0..width).map(|_| Column {
                feature: rng.below(features as usize) as u32,
                is_piece: rng.below(2) as u32,
                start: rng.normal() as f32,
                slope: rng.uniform() as f32,
                low: -1.0,
                high: 1.5,
            }));
        }
        let turn = Turn { start: 3, rows: rows as u32, ..Turn::default() };
        let mut scratch = vec![0.5; out_at as usize + 1];
        let before = floats(&scratch);
        views.iter().for_each(|view| cpu::load(&turn, view, &columns, &order, &cells, &mut scratch));
        let mut listed = bytes(columns.iter().map(Column::words));
        listed.resize(listed.len().max(24), 0);
        let buffers: [&[u8]; 5] =
            [&bytes(views.iter().map(View::words)), &listed, &bytes([order.as_slice()].concat().iter().map(|&r| [r])), &floats(&cells), &before];
        let given = run(card, &pipeline(&card.device), &turn, &buffers, groups(&views, rows), 4);
        prop_assert_eq!(apart(&given, &scratch, |_| 1e-5), None);
    }
}
