use super::{Knn, MOST_CELLS};
use crate::learner::ParamValue::{Int, Text};
use crate::learner::dense::testing::{fit, frame, normals, try_fit, values};
use crate::model::Target;

#[test]
fn one_neighbour_repeats_the_training_rows() {
    let x = normals(500, 3, 1);
    let y = values(&x, |x| x[0] * x[1]);
    for weights in ["uniform", "distance"] {
        let given = [("k", Int(1)), ("weights", Text(weights.to_owned()))];
        let back = fit(&Knn, &x, &Target::Values(y.clone()), &given).predict(&x).values;
        assert!(back.iter().zip(&y).all(|(b, y)| (b - y).abs() < 1e-9));
    }
    // By distance, a row that is there answers alone, whatever k is.
    let given = [("k", Int(20)), ("weights", Text("distance".to_owned()))];
    let back = fit(&Knn, &x, &Target::Values(y.clone()), &given).predict(&x).values;
    assert!(back.iter().zip(&y).all(|(b, y)| (b - y).abs() < 1e-9));
}

#[test]
fn of_rows_equally_far_the_first_are_taken() {
    let x = frame(vec![vec![1.0, -1.0, 1.0, -1.0]]);
    let y = Target::Values(vec![10.0, 20.0, 30.0, 40.0]);
    let middle = frame(vec![vec![0.0]]);
    assert!((fit(&Knn, &x, &y, &[("k", Int(2))]).predict(&middle).values[0] - 15.0).abs() < 1e-12);
}

#[test]
fn too_large_a_table_is_refused_before_any_work() {
    let x = normals(MOST_CELLS / 50 + 1, 50, 1);
    let y = Target::Values(vec![0.0; x.rows]);
    let error = try_fit(&Knn, &x, &y, None, &[], 1).err().expect("refused");
    assert!(error.to_string().contains("at most 50000 rows"), "{error}");
}

#[cfg(feature = "gpu")]
mod on_card {
    use super::*;
    use crate::compute::Card;
    use crate::compute::gpu::Device;
    use crate::model::Model;
    use crate::node::Frame;
    use crate::platform::ready;
    use proptest::prelude::*;
    use std::sync::{Arc, OnceLock};

    fn card() -> Option<Card> {
        static DEVICE: OnceLock<Option<Arc<Device>>> = OnceLock::new();
        let device = DEVICE.get_or_init(|| ready(Device::request(true)).ok().map(Arc::new)).clone();
        device.is_none().then(|| println!("skipped: no graphics card"));
        device.map(Card::always)
    }

    fn same(model: &dyn Model, asked: &Frame, card: &Card) -> Result<(), TestCaseError> {
        let card = card.for_fit();
        let there = ready(model.predict_waiting(asked, Some(&card)));
        prop_assert_eq!(card.used().name(), "gpu");
        let here = model.predict(asked);
        prop_assert_eq!((there.rows, there.outputs), (here.rows, here.outputs));
        let bits = |values: &[f64]| values.iter().map(|v| v.to_bits()).collect::<Vec<_>>();
        prop_assert_eq!(bits(&there.values), bits(&here.values));
        Ok(())
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(16))]
        #[test]
        fn answers_are_the_processors(
            rows in 1usize..400,
            asked in 1usize..300,
            features in 1usize..20,
            k in 1i64..60,
            round in 0u32..3,
            by_distance: bool,
            classes: bool,
            seed in 0u64..1_000,
        ) {
            let Some(card) = card() else { return Ok(()) };
            // Cells of few values lie at equal distances, and there are rows that lie nowhere apart.
            let rounded = |mut frame: Frame| {
                let scale = [1e6, 4.0, 0.5][round as usize];
                for column in &mut frame.columns {
                    let crate::node::FeatureValues::Numeric(values) = &mut column.values else { continue };
                    Arc::make_mut(values).iter_mut().for_each(|x| *x = (*x * scale).round() / scale);
                }
                frame
            };
            let (x, some) = (rounded(normals(rows, features, seed)), rounded(normals(asked, features, seed + 1)));
            let y = values(&x, |x| x[0] + 0.1);
            let target = match classes {
                true => Target::Classes { codes: y.iter().map(|y| u32::from(*y > 0.0)).collect(), classes: 2 },
                false => Target::Values(y),
            };
            let by = if by_distance { "distance" } else { "uniform" };
            let given = [("k", Int(k)), ("weights", Text(by.to_owned()))];
            let model = fit(&Knn, &x, &target, &given);
            same(&*model, &some, &card)?;
        }
    }

    #[test]
    fn known_rows_beyond_one_buffer_are_sifted_in_parts() {
        // As many bytes hold distances of 64 rows to 256, and of 256 rows to 64.
        let Ok(device) = ready(Device::request_within(true, 64 << 10)) else {
            return println!("skipped: no graphics card");
        };
        let card = Card::always(Arc::new(device));
        for (rows, k) in [(100, 5), (333, 20), (700, 7)] {
            let (x, some) = (normals(rows, 3, 4), normals(150, 3, 5));
            let model = fit(&Knn, &x, &Target::Values(values(&x, |x| x[0] * x[1])), &[("k", Int(k))]);
            same(&*model, &some, &card).expect("the processor's answers");
        }
        // A row alone is too large.
        let (x, some) = (normals(40, 1_200, 6), normals(3, 1_200, 7));
        let model = fit(&Knn, &x, &Target::Values(values(&x, |x| x[0])), &[("k", Int(5))]);
        let card = card.for_fit();
        assert_eq!(ready(model.predict_waiting(&some, Some(&card))), model.predict(&some));
        assert_eq!(card.used().name(), "cpu");
    }

    #[test]
    fn a_card_that_is_lost_or_full_is_no_loss() {
        let (x, some) = (normals(300, 4, 1), normals(900, 4, 2));
        let model = fit(&Knn, &x, &Target::Values(values(&x, |x| x[0])), &[("k", Int(5))]);
        let lose = |device: &Device| device.raw().0.destroy();
        // What a driver refuses memory by comes the same way as any other error.
        let fill = |device: &Device| {
            let size = device.limits().max_buffer_size + 4;
            drop(device.pool().take(device.raw().0, size, wgpu::BufferUsages::STORAGE));
        };
        for fail in [lose as fn(&Device), fill] {
            let Ok(device) = ready(Device::request(true)) else {
                return println!("skipped: no graphics card");
            };
            let device = Arc::new(device);
            let card = Card::always(device.clone());
            fail(&device);
            let there = ready(model.predict_waiting(&some, Some(&card)));
            assert_eq!(there, model.predict(&some));
            assert_eq!(card.used().name(), "cpu", "{:?}", card.used());
            assert!(card.why_not().is_some());
        }
    }
}
