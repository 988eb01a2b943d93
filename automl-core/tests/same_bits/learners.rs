//! Every learner that declares itself reproducible everywhere, for each of its tasks.

use crate::golden::{Hashes, bits, check, hash};
use automl_core::learner::{self, FeatureNeeds, Fit, Learner, ParamValue, Params, Reproducible};
use automl_core::model::{Model, Target, Task};
use automl_core::node::{
    DenseOptions, FeatureColumn, FeatureValues, Frame, NO_CATEGORY, NativeOptions, Recipe, SplineOptions,
    TargetView,
};
use automl_core::numeric::Rng;
use automl_core::platform::Cancel;
use automl_core::table::{Format, ReadOptions, read};
use wasm_bindgen_test::wasm_bindgen_test;

const ROWS: usize = 120;
const LEVELS: usize = 5;

fn feature(name: &str, values: FeatureValues) -> FeatureColumn {
    FeatureColumn { name: name.to_owned(), values }
}

/// Three numeric features, and for trees one with holes and one of categories besides.
fn frame(needs: FeatureNeeds, rng: &mut Rng) -> Frame {
    let mut normals = || -> Vec<f32> { (0..ROWS).map(|_| rng.normal() as f32).collect() };
    let numbers = ["a", "b", "c"].map(|name| feature(name, FeatureValues::Numeric(normals().into())));
    let mut columns = numbers.to_vec();
    if needs == FeatureNeeds::Native {
        let mut holes = normals();
        holes.iter_mut().step_by(7).for_each(|x| *x = f32::NAN);
        columns.push(feature("holes", FeatureValues::Numeric(holes.into())));
        let codes = (0..ROWS).map(|i| if i % 11 == 0 { NO_CATEGORY } else { rng.below(LEVELS) as u32 });
        let cardinality = LEVELS as u32;
        columns.push(feature("level", FeatureValues::Categorical { codes: codes.collect(), cardinality }));
    }
    Frame { columns, rows: ROWS }
}

/// What depends on the first two features and on chance.
fn target(task: Task, frame: &Frame, rng: &mut Rng) -> Target {
    let number = |j: usize, i: usize| frame.numeric(j).map_or(0.0, |v| f64::from(v[i]));
    let mut value = |i: usize| number(0, i) - 2.0 * number(1, i) * number(0, i) + 0.5 * rng.normal();
    let values: Vec<f64> = (0..ROWS).map(&mut value).collect();
    let codes = |bounds: &[f64]| {
        let code = |z: &f64| bounds.iter().filter(|bound| z > bound).count() as u32;
        Target::Classes { codes: values.iter().map(code).collect(), classes: bounds.len() + 1 }
    };
    match task {
        Task::Binary => codes(&[0.2]),
        Task::Multiclass => codes(&[-0.6, 0.2, 0.9]),
        Task::Regression => Target::Values(values),
    }
}

/// Settings that keep a fit short.
fn params(learner: &dyn Learner) -> Params {
    let specs = learner.spec().params;
    let short = [("trees", 12), ("epochs", 6), ("hidden", 8)];
    let given = short.map(|(name, value)| (name.to_owned(), ParamValue::Int(value)));
    Params::complete(specs, &Params(given.into()))
}

fn fit(
    learner: &dyn Learner,
    frame: &Frame,
    target: &Target,
    validation: Option<(&Frame, &Target)>,
) -> Box<dyn Model> {
    fit_with(learner, &params(learner), frame, target, validation)
}

fn fit_with(
    learner: &dyn Learner,
    params: &Params,
    frame: &Frame,
    target: &Target,
    validation: Option<(&Frame, &Target)>,
) -> Box<dyn Model> {
    let cancel = Cancel::new();
    let wanted = Fit {
        frame,
        target,
        weights: None,
        validation,
        params,
        seed: 9,
        threads: 1,
        cancel: &cancel,
        card: None,
    };
    learner.fit(&wanted).unwrap_or_else(|error| panic!("{}: {error}", learner.spec().id))
}

/// The model's bytes, and what it predicts for rows that it has not seen.
fn hashes(learner: &dyn Learner, task: Task) -> [(String, String); 3] {
    let mut rng = Rng::for_stream(21, &[task as u64]);
    let needs = learner.spec().needs;
    let (train, other) = (frame(needs, &mut rng), frame(needs, &mut rng));
    let (y, other_y) = (target(task, &train, &mut rng), target(task, &other, &mut rng));
    let model = fit(learner, &train, &y, None);
    let stopped = fit(learner, &train, &y, Some((&other, &other_y)));
    let name = |what: &str| format!("{}.{}.{what}", learner.spec().id, task.name());
    [
        (name("model"), hash(&model.encode())),
        (name("predictions"), hash(&bits(model.predict(&other).values))),
        (name("stopped"), hash(&stopped.encode())),
    ]
}

#[wasm_bindgen_test(unsupported = test)]
fn learners() {
    let mut found = Hashes::new();
    for learner in learner::all() {
        if learner.spec().reproducible == Reproducible::Everywhere {
            found.extend(learner.spec().tasks.iter().flat_map(|&task| hashes(*learner, task)));
        }
    }
    assert!(found.len() > 30, "{found:?}");
    check("learner", &found);
}

/// Names and values of parameters.
type Given = &'static [(&'static str, &'static str)];

/// What is asked of a learner besides its defaults: learner, task, settings, and whether rows have weights.
const OPTIONS: &[(&str, Task, Given, bool)] = &[
    ("gbt", Task::Regression, &[("loss", "absolute")], true),
    ("gbt", Task::Regression, &[("loss", "huber")], false),
    ("gbt", Task::Regression, &[("loss", "quantile"), ("quantile_level", "0.8")], false),
    ("gbt", Task::Regression, &[("loss", "poisson")], true),
    ("gbt", Task::Regression, &[("loss", "tweedie")], false),
    ("gbt", Task::Regression, &[("monotone", "a:+1, holes:-1"), ("interactions", "[a, b]")], false),
    ("gbt", Task::Binary, &[("sampling", "mvs"), ("row_sample", "0.4")], false),
    ("gbt", Task::Multiclass, &[("class_weight", "balanced")], false),
    ("gbt", Task::Regression, &[("column_sample_node", "0.5")], false),
    ("gbt", Task::Multiclass, &[("extra_trees", "true"), ("column_sample_node", "0.7")], true),
    ("gbt", Task::Regression, &[("growth", "depthwise")], false),
    ("gbt", Task::Multiclass, &[("growth", "symmetric")], true),
    ("gbt", Task::Regression, &[("growth", "symmetric"), ("monotone", "a:+1, holes:-1")], false),
    ("logistic", Task::Multiclass, &[("class_weight", "balanced")], true),
    ("ridge", Task::Regression, &[], true),
    ("random_forest", Task::Binary, &[], true),
];

#[wasm_bindgen_test(unsupported = test)]
fn options() {
    let mut found = Hashes::new();
    for (id, task, settings, weighted) in OPTIONS {
        let learner = learner::find(id).expect("a learner of the registry");
        let mut rng = Rng::for_stream(22, &[*task as u64]);
        let train = frame(learner.spec().needs, &mut rng);
        let target = match target(*task, &train, &mut rng) {
            // Some losses are for numbers from 0.
            Target::Values(values) => Target::Values(values.iter().map(|y| y * y).collect()),
            classes => classes,
        };
        let weights: Vec<f32> = (0..ROWS).map(|i| (i % 4) as f32 * 0.7).collect();
        let value = |text: &str| match (text.parse(), text.parse()) {
            (Ok(number), _) => ParamValue::Float(number),
            (_, Ok(yes)) => ParamValue::Bool(yes),
            _ => ParamValue::Text(text.to_owned()),
        };
        let with = |params: Params, (name, text): &(&str, &str)| params.with(name, value(text));
        let (params, cancel) = (settings.iter().fold(params(learner), with), Cancel::new());
        let wanted = Fit {
            frame: &train,
            target: &target,
            weights: weighted.then_some(weights.as_slice()),
            validation: None,
            params: &params,
            seed: 9,
            threads: 1,
            cancel: &cancel,
            card: None,
        };
        let model = learner.fit(&wanted).unwrap_or_else(|error| panic!("{id} {settings:?}: {error}"));
        let settings: Vec<&str> = settings.iter().map(|(_, text)| *text).collect();
        let name = format!(
            "{id}.{}.{}",
            settings.join("-").replace(' ', ""),
            if *weighted { "weighted" } else { "plain" }
        );
        found.insert(name, hash(&model.encode()));
    }
    assert_eq!(found.len(), OPTIONS.len());
    check("option", &found);
}

/// Penalties that are chosen by the rows that validate: learner, task, and the parameter that is 0.
const PATHS: &[(&str, Task, &str)] = &[
    ("ridge", Task::Regression, "alpha"),
    ("elastic_net", Task::Regression, "alpha"),
    ("logistic", Task::Binary, "c"),
    ("logistic", Task::Multiclass, "c"),
];

#[wasm_bindgen_test(unsupported = test)]
fn paths() {
    let mut found = Hashes::new();
    for (id, task, penalty) in PATHS {
        let learner = learner::find(id).expect("a learner of the registry");
        let mut rng = Rng::for_stream(23, &[*task as u64]);
        let (train, other) = (frame(learner.spec().needs, &mut rng), frame(learner.spec().needs, &mut rng));
        let (y, other_y) = (target(*task, &train, &mut rng), target(*task, &other, &mut rng));
        let params = params(learner).with(penalty, ParamValue::Float(0.0));
        let model = fit_with(learner, &params, &train, &y, Some((&other, &other_y)));
        found.insert(format!("{id}.{}", task.name()), hash(&model.encode()));
    }
    check("path", &found);
}

/// Recipes with what is off by default.
#[wasm_bindgen_test(unsupported = test)]
fn recipes() {
    let mut rng = Rng::new(24);
    let words = ["late", "größe", "x-ray", "parcel", "good", "bad"];
    let mut csv = "number,note,level,y\n".to_owned();
    for _ in 0..ROWS {
        let (a, b) = (rng.below(words.len()), rng.below(words.len()));
        let (number, level) = (rng.normal(), rng.below(60));
        let note = format!("{} {} the {} came", words[a], words[b], words[(a + b) % words.len()]);
        csv += &format!("{number},{note},level {level},{}\n", number + a as f64);
    }
    let (table, _) = read(csv.as_bytes(), Format::Csv, &ReadOptions::default());
    let y: Vec<f64> = (0..ROWS).map(|i| f64::from(i as u32 * 7 % 13)).collect();
    let rows: Vec<u32> = (0..ROWS as u32).collect();
    let splines = SplineOptions { knots: 6, ..SplineOptions::default() };
    let native = NativeOptions { codes_beside_means: true, ..NativeOptions::default() };
    let dense = DenseOptions { splines, ..DenseOptions::default() };
    let mut found = Hashes::new();
    for (name, recipe) in [("native", Recipe::Native(native)), ("dense", Recipe::Dense(dense))] {
        let (fitted, frame) = recipe.fit(&table, &[0, 1, 2], &rows, TargetView::Values(&y), 5);
        let bytes = postcard::to_stdvec(&fitted).expect("plain data");
        found.insert(format!("{name}.recipe"), hash(&bytes));
        let cells = (0..frame.columns.len()).flat_map(|j| frame.numeric(j).unwrap_or(&[]).to_vec());
        found.insert(format!("{name}.training"), hash(&bits(cells.map(f64::from))));
    }
    check("recipe", &found);
}
