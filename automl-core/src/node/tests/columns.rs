//! What becomes of odd columns, at fitting and at prediction.

use super::*;

const NAN: f64 = f64::NAN;

fn numeric<'a>(frame: &'a Frame, name: &str) -> &'a [f32] {
    let j = frame.columns.iter().position(|c| c.name == name).unwrap_or_else(|| panic!("no {name}"));
    frame.numeric(j).unwrap()
}

fn names(recipe: &Recipe, table: &Table) -> Vec<String> {
    fit(recipe, table).0.output_names()
}

#[test]
fn columns_that_tell_nothing_are_left_out() {
    let mut id = numbers("id", &[1.0, 2.0, 3.0]);
    id.ty = ColumnType::Id;
    let t = table(vec![
        numbers("all missing", &[NAN; 3]),
        numbers("constant", &[5.0; 3]),
        numbers("infinite", &[f64::INFINITY; 3]),
        id,
        categories("one level", &[Some("a"); 3]),
        categories("no level", &[None; 3]),
        flags("flag", &[Some(true); 3], ["no", "yes"]),
        times("when", &[Some(0); 3]),
        times("never", &[None; 3]),
        texts("note", &[Some("same words"); 3]),
        texts("nothing", &[None; 3]),
    ]);
    for recipe in recipes() {
        assert_eq!(names(&recipe, &t), Vec::<String>::new());
    }
}

#[test]
fn missing_alone_is_a_feature() {
    let t = table(vec![
        numbers("n", &[5.0, NAN, 5.0]),
        categories("c", &[Some("a"), None, Some("a")]),
        flags("f", &[Some(true), None, Some(true)], ["no", "yes"]),
        times("t", &[Some(0), None, Some(0)]),
    ]);
    assert_eq!(names(&recipes()[0], &t), ["n", "c", "f", "t: day"]);
    let (_, frame) = fit(&recipes()[1], &t);
    assert_eq!(numeric(&frame, "n is missing"), [0.0, 1.0, 0.0]);
    assert_eq!(numeric(&frame, "c=(missing)"), [0.0, 1.0, 0.0]);
    assert_eq!(numeric(&frame, "f=(missing)"), [0.0, 1.0, 0.0]);
    assert!(numeric(&frame, "t: is missing")[1] > 1.0);
}

#[test]
fn no_rows_and_one_row() {
    let t = table(vec![
        numbers("n", &[5.0]),
        categories("c", &[Some("a")]),
        times("t", &[Some(0)]),
        texts("x", &[Some("a b")]),
    ]);
    for recipe in recipes() {
        for rows in [&[][..], &[0]] {
            let (fitted, frame) = recipe.fit(&t, &[0, 1, 2, 3, 99], rows, TargetView::Values(&[1.0]), 0);
            assert_eq!(frame, Frame { columns: Vec::new(), rows: rows.len() });
            assert_eq!(fitted.transform(&t, None).rows, 1);
        }
    }
}

#[test]
fn unseen_levels_missing_values_and_absent_columns() {
    let t = table(vec![
        numbers("n", &[1.0, 2.0, 3.0, 4.0, 5.0, 6.0]),
        categories("c", &["b", "a", "b", "a", "z", "z"].map(Some)),
        flags("f", &[true, false, true, false, true, true].map(Some), ["no", "yes"]),
    ]);
    let other = table(vec![
        numbers("n", &[NAN, 2.0]),
        categories("c", &[Some("new"), None]),
        flags("f", &[Some(true), None], ["yes", "no"]),
    ]);
    let absent = table(vec![numbers("elsewhere", &[1.0, 2.0])]);
    let swapped = table(vec![
        categories("n", &[Some("x"), Some("y")]),
        times("c", &[Some(0), Some(1)]),
        times("f", &[Some(0), Some(1)]),
    ]);

    let (native, _) = fit(&recipes()[0], &t);
    let frame = native.transform(&other, None);
    assert!(frame.numeric(0).unwrap()[0].is_nan());
    let none = |f: &Frame| match &f.columns[1].values {
        FeatureValues::Categorical { codes, cardinality: 3 } => codes.iter().all(|&c| c == NO_CATEGORY),
        _ => false,
    };
    assert!(none(&frame));
    // The labels are the other way round in this file: its "no" is set.
    assert_eq!(frame.numeric(2).unwrap()[0], 0.0);
    assert!(frame.numeric(2).unwrap()[1].is_nan());
    for odd in [&absent, &swapped] {
        let frame = native.transform(odd, None);
        assert!(none(&frame));
        assert!([0, 2].iter().all(|&j| frame.numeric(j).unwrap().iter().all(|x| x.is_nan())));
    }

    let Recipe::Dense(options) = &recipes()[1] else { panic!() };
    let dense = Recipe::Dense(DenseOptions { min_level_count: 2, ..options.clone() });
    let (dense, _) = fit(&dense, &t);
    assert_eq!(dense.output_names(), ["n", "c=a", "c=b", "c=z", "f=yes"]);
    for odd in [&other, &absent, &swapped] {
        let frame = dense.transform(odd, None);
        for j in 1..4 {
            assert_eq!(frame.numeric(j).unwrap(), [0.0, 0.0]);
        }
        assert!(
            frame
                .columns
                .iter()
                .all(|c| matches!(&c.values, FeatureValues::Numeric(v) if v.iter().all(|x| x.is_finite())))
        );
    }
    let frame = dense.transform(&absent, None);
    assert_eq!(numeric(&frame, "n"), [0.0, 0.0]);
    assert_eq!(numeric(&frame, "f=yes"), [4.0 / 6.0, 4.0 / 6.0]);
}

#[test]
fn huge_and_tiny_numbers_stay_finite_and_in_order() {
    let values = [-1e308, -1e39, -1.0, 0.0, 1e-300, 1.0, 1e39, 1e308, f64::INFINITY, f64::NEG_INFINITY];
    let t = table(vec![numbers("n", &values)]);
    for recipe in recipes() {
        let (fitted, frame) = fit(&recipe, &t);
        check_frame(&recipe, &fitted, &frame, values.len());
        let v = frame.numeric(0).unwrap();
        assert!(v[..8].windows(2).all(|w| w[0] <= w[1]), "{v:?}");
        assert!(v[0] < v[7]);
    }
}

#[test]
fn the_same_text_is_the_same_level_however_it_is_stored() {
    let t = table(vec![categories("zip", &["75001", "10115", "75001", "10115"].map(Some))]);
    let (fitted, frame) = fit(&recipes()[0], &t);
    let mut as_text = texts("zip", &["75001", "10115", "75001", "10115"].map(Some));
    as_text.ty = ColumnType::Categorical;
    let as_numbers = numbers("zip", &[75001.0, 10115.0, 75001.0, 10115.0]);
    for other in [as_text, as_numbers] {
        assert_eq!(fitted.transform(&table(vec![other]), None), frame);
    }
}

#[test]
fn rare_levels_share_a_code_and_many_levels_are_target_encoded() {
    let rare = categories("c", &["a", "a", "x", "b", "b", "y"].map(Some));
    let (fitted, frame) = fit(&recipes()[0], &table(vec![rare]));
    let FeatureValues::Categorical { codes, cardinality } = &frame.columns[0].values else { panic!() };
    assert_eq!((&codes[..], *cardinality), (&[0, 0, 2, 1, 1, 2][..], 3));
    let again = fitted.transform(&table(vec![categories("c", &["y", "b", "?"].map(Some))]), None);
    let FeatureValues::Categorical { codes, .. } = &again.columns[0].values else { panic!() };
    assert_eq!(codes[..], [2, 1, NO_CATEGORY]);

    let many: Vec<String> = (0..900).map(|i| format!("{}", i % 300)).collect();
    let many: Vec<Option<&str>> = many.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![categories("c", &many)]);
    for recipe in recipes() {
        let y: Vec<f64> = (0..900).map(|i| f64::from(i % 300)).collect();
        let (fitted, _) = fit_to(&recipe, &t, &y);
        assert_eq!(fitted.output_names()[0], "c: mean of target");
    }
}

#[test]
fn codes_and_means_of_many_levels_side_by_side() {
    let many: Vec<String> = (0..900).map(|i| format!("{}", i % 300)).collect();
    let many: Vec<Option<&str>> = many.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![numbers("n", &[0.5; 900]), categories("c", &many)]);
    let y: Vec<f64> = (0..900).map(|i| f64::from(i % 300)).collect();
    let options = NativeOptions { codes_beside_means: true, ..NativeOptions::default() };
    let (both, frame) = fit_to(&Recipe::Native(options), &t, &y);
    let (means, alone) = fit_to(&recipes()[0], &t, &y);
    assert_eq!(both.output_names(), ["c", "c: mean of target", "c: frequency"]);
    assert_eq!((both.input_columns(), both.output_sources()), (vec!["c"], vec![0, 0, 0]));
    assert!(matches!(frame.columns[0].values, FeatureValues::Categorical { cardinality: 300, .. }));
    assert_eq!(frame.columns[1..], alone.columns[..]);
    assert_eq!(both.transform(&t, None).columns[1..], means.transform(&t, None).columns[..]);
}

/// A column of pure noise with few rows a level must not look useful to a learner.
#[test]
fn a_training_row_does_not_see_its_own_target() {
    let n = 3000;
    let mut rng = crate::numeric::Rng::new(5);
    let y: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let levels: Vec<String> = (0..n).map(|_| rng.below(n / 4).to_string()).collect();
    let levels: Vec<Option<&str>> = levels.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![categories("c", &levels)]);
    let correlation = |x: &[f32]| {
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let m = crate::numeric::mean(&x);
        let centred: Vec<f64> = x.iter().map(|v| v - m).collect();
        crate::numeric::dot(&centred, &y)
            / (crate::numeric::dot(&centred, &centred) * crate::numeric::dot(&y, &y)).sqrt()
    };
    for recipe in all_recipes() {
        let (fitted, training) = fit_to(&recipe, &t, &y);
        let seen = fitted.transform(&t, None);
        assert!(correlation(numeric(&training, "c: mean of target")).abs() < 0.06);
        assert!(correlation(numeric(&seen, "c: mean of target")) > 0.3, "in sample the target does show");
    }
}

/// Neither through the scores of texts of random words.
#[test]
fn a_training_text_does_not_see_its_own_target() {
    let n = 1500;
    let mut rng = crate::numeric::Rng::new(6);
    let y: Vec<f64> = (0..n).map(|_| rng.normal()).collect();
    let mut text = || (0..6).map(|_| format!("w{}", rng.below(400))).collect::<Vec<_>>().join(" ");
    let all: Vec<String> = (0..n).map(|_| text()).collect();
    let all: Vec<Option<&str>> = all.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![texts("t", &all)]);
    let correlation = |x: &[f32]| {
        let x: Vec<f64> = x.iter().map(|&v| f64::from(v)).collect();
        let m = crate::numeric::mean(&x);
        let centred: Vec<f64> = x.iter().map(|v| v - m).collect();
        crate::numeric::dot(&centred, &y)
            / (crate::numeric::dot(&centred, &centred) * crate::numeric::dot(&y, &y)).sqrt()
    };
    for recipe in &recipes() {
        let (fitted, training) = fit_to(recipe, &t, &y);
        let seen = fitted.transform(&t, None);
        for name in ["t: mean of target by its words", "t: mean of target by its letters"] {
            assert!(correlation(numeric(&training, name)).abs() < 0.1, "{name}");
            assert!(correlation(numeric(&seen, name)) > 0.3, "in sample the target does show");
        }
    }
}

#[test]
fn words_that_go_with_the_target_are_kept() {
    let texts_: Vec<String> = (0..200)
        .map(|i| format!("the {} parcel {} arrived", if i % 2 == 0 { "broken" } else { "intact" }, i % 7))
        .collect();
    let values: Vec<Option<&str>> = texts_.iter().map(|s| Some(s.as_str())).collect();
    let t = table(vec![texts("note", &values)]);
    let options = NativeOptions {
        text: TextFeatures { words: 4, scores: false, ..TextFeatures::default() },
        ..NativeOptions::default()
    };
    let (fitted, frame) = fit(&Recipe::Native(options), &t);
    let mut kept = fitted.output_names();
    kept.sort();
    for word in ["broken", "intact"] {
        assert!(kept.iter().any(|n| n.contains(word)), "{kept:?}");
    }
    assert!(kept.contains(&"note: words".to_owned()));
    assert_eq!(frame.columns.len(), 6);
}

#[test]
fn what_fitting_cannot_give_is_refused() {
    let t = table(vec![
        numbers("n", &[1.0, 2.0, NAN, 4.0]),
        categories("c", &["a", "b", "a", "b"].map(Some)),
        texts("x", &["a b", "b c", "c", "d"].map(Some)),
    ]);
    for recipe in recipes() {
        let (fitted, _) = fit(&recipe, &t);
        let good = serde_json::to_string(&fitted).unwrap();
        let breaks = [
            ("\"version\":1", "\"version\":2"),
            ("[\"a\",\"b\"]", "[\"b\",\"a\"]"),
            ("\"cardinality\":2", "\"cardinality\":4000000000"),
            ("\"codes\":[0,1]", "\"codes\":[0,7]"),
            ("\"group_of_level\":[0,1]", "\"group_of_level\":[0,9]"),
            ("\"has_value\":true,\"has_missing\":true", "\"has_value\":true"),
        ];
        for (from, to) in breaks {
            let bad = good.replacen(from, to, 1);
            if bad == good {
                continue;
            }
            // Not readable, or readable and refused.
            if let Ok(read) = serde_json::from_str::<FittedRecipe>(&bad) {
                assert!(read.validate().is_err(), "{bad}");
            }
        }
    }
}

#[test]
fn features_of_few_levels_are_counted() {
    let rows = 1000;
    let of = |value: &dyn Fn(usize) -> f64| (0..rows).map(value).collect::<Vec<f64>>();
    let words: Vec<String> = (0..40).map(|i| format!("w{i}")).collect();
    let towns = |levels: usize| -> Vec<Option<&str>> {
        (0..rows).map(|i| Some(words[i % levels].as_str())).collect()
    };
    let t = table(vec![
        numbers("grade", &of(&|i| (i % 16) as f64)),
        numbers("hole", &of(&|i| if i % 3 == 0 { NAN } else { (i % 2) as f64 })),
        numbers("length", &of(&|i| i as f64)),
        flags("flag", &vec![Some(true); rows], ["no", "yes"]),
        categories("color", &towns(5)),
        categories("town", &towns(40)),
        times("when", &vec![Some(0); rows]),
    ]);
    let [native, dense] = recipes();
    let few = |recipe: Recipe| recipe.few_levels_of(t.columns.iter());
    assert_eq!(few(native), 4);
    // Levels are features of two.
    let Recipe::Dense(options) = &dense else { panic!("not dense") };
    let one_hot = 5 + if options.max_one_hot >= 40 { 40 } else { 0 };
    assert_eq!(few(dense), 3 + one_hot);
}
