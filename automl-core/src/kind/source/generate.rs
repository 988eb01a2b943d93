//! Tables made by a rule and a seed, to try things on.

use super::shapes::{Series, clusters, moons, series};
use super::targets::{Classes, classes, numbers};
use crate::kind::{Done, Example, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows};
use crate::numeric::Rng;
use crate::table::{Column, Table, Values};
use serde_json::json;

/// `source.generate`
pub(in crate::kind) struct Generate;

/// What all generators heed.
pub(super) struct Settings {
    pub rows: usize,
    pub seed: u64,
    /// 0 for none; 1 drowns everything.
    pub noise: f64,
}

/// Stream of random numbers for missing values.
const MISSING: u64 = 3;

/// Four digits after the point: as much as anyone reads.
pub(super) fn rounded(x: f64) -> f64 {
    (x * 1e4).round() / 1e4
}

impl Operation for Generate {
    fn spec(&self) -> KindSpec {
        let help = "A made-up table of any size, to try things on.";
        let mut spec =
            KindSpec::new("source.generate", "Generated table", Group::Source, Rows::Together, help);
        spec.more =
            "Classes: clouds of points, one a class, with features that help, that repeat others and that \
                     say nothing.\n\
                     Numbers: Friedman's first function, of which five features matter and five do not.\n\
                     Clusters and moons: points to be told apart by eye.\n\
                     Series: a value a day with growth, a yearly and a weekly wave.\n\
                     The same seed gives the same table."
                .to_owned();
        spec.words =
            "synthetic simulate random fake toy benchmark make friedman moons blobs time series".to_owned();
        spec.inputs = Vec::new();
        spec.fields = fields();
        spec.example = Some(Example::new(
            &[],
            json!({"generator": "classes", "rows": 200, "missing": 0.05}),
            "200 rows of ten features and a class; one value in twenty is missing.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, _inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let at_least = |name: &str, least: i64, most: i64| {
            given.integer(name).unwrap_or(least).clamp(least, most) as usize
        };
        let settings = Settings {
            rows: at_least("rows", 10, 1_000_000),
            seed: given.integer("seed").unwrap_or(0) as u64,
            noise: given.number("noise").unwrap_or(0.0).clamp(0.0, 1.0),
        };
        let number = |name: &str| given.number(name).unwrap_or(0.0);
        let generator = given.text("generator");
        let mut columns = match generator.as_str() {
            "numbers" => numbers(&settings),
            "clusters" => clusters(&settings, at_least("clusters", 1, 20), at_least("features", 1, 20)),
            "moons" => moons(&settings),
            "series" => {
                let shape =
                    Series { trend: number("trend"), yearly: number("yearly"), weekly: number("weekly") };
                series(&settings, &shape)
            }
            _ => classes(
                &settings,
                &Classes {
                    classes: at_least("classes", 2, 20),
                    informative: at_least("informative", 1, 50),
                    redundant: at_least("redundant", 0, 50),
                    noise: at_least("useless", 0, 100),
                    imbalance: number("imbalance"),
                },
            ),
        };
        let missing = given.number("missing").unwrap_or(0.0).clamp(0.0, 1.0);
        if missing > 0.0 {
            // What is to be predicted, and the day, stay whole.
            let last = columns.len() - 1;
            let features = if generator == "series" { &mut columns[last..] } else { &mut columns[..last] };
            let mut rng = Rng::for_stream(settings.seed, &[MISSING]);
            features.iter_mut().for_each(|column| punch(column, missing, &mut rng));
        }
        Ok(Done::table(Table { columns, rows: settings.rows }))
    }
}

fn punch(column: &mut Column, share: f64, rng: &mut Rng) {
    match &mut column.values {
        Values::F32(v) => v.iter_mut().for_each(|x| {
            if rng.uniform() < share {
                *x = f32::NAN
            }
        }),
        Values::F64(v) => v.iter_mut().for_each(|x| {
            if rng.uniform() < share {
                *x = f64::NAN
            }
        }),
        // Features are numbers.
        _ => {}
    }
}

fn fields() -> Vec<FieldSpec> {
    let generators = [
        ("classes", "Classes"),
        ("numbers", "Numbers (Friedman #1)"),
        ("clusters", "Clusters"),
        ("moons", "Moons"),
        ("series", "Series in time"),
    ];
    let only = |field: FieldSpec, generator: &str| field.only_if("generator", &[json!(generator)]);
    let whole = |name: &str, title: &str, help: &str, default: i64, range: (i64, i64)| {
        FieldSpec::integer(name, title, help, default, range, range)
    };
    let number = |name: &str, title: &str, help: &str, default: f64, range: (f64, f64)| {
        FieldSpec::number(name, title, help, default, range, range)
    };
    let mut fields = vec![
        FieldSpec::choice("generator", "What", "What kind of table.", &generators),
        FieldSpec::integer("rows", "Rows", "How many rows.", 1_000, (10, 1_000_000), (10, 10_000))
            .unit("rows"),
        number("noise", "Noise", "0 for none; 1 drowns everything.", 0.1, (0.0, 1.0)),
        number("missing", "Share missing", "How many of the features' values are missing.", 0.0, (0.0, 1.0)),
        whole("seed", "Seed", "Another number gives another table.", 0, (0, 1_000_000_000)),
    ];
    for field in [
        whole("classes", "Classes", "How many classes.", 2, (2, 20)),
        whole("informative", "Informative features", "How many features help.", 4, (1, 50)),
        whole("redundant", "Redundant features", "How many features are sums of those.", 2, (0, 50)),
        whole("useless", "Useless features", "How many features say nothing.", 4, (0, 100)),
        number(
            "imbalance",
            "Imbalance",
            "How many times more frequent each class is than the next; 1 for equal.",
            1.0,
            (1.0, 20.0),
        ),
    ] {
        fields.push(only(field, "classes"));
    }
    fields.push(only(whole("clusters", "Clusters", "How many clusters.", 3, (1, 20)), "clusters"));
    fields.push(only(whole("features", "Features", "How many features.", 2, (1, 20)), "clusters"));
    for field in [
        number("trend", "Growth", "Growth a year; the series begins at 100.", 10.0, (-1_000.0, 1_000.0)),
        number("yearly", "Yearly wave", "Height of the wave of a year.", 15.0, (0.0, 1_000.0)),
        number("weekly", "Weekly wave", "Height of the wave of a week.", 5.0, (0.0, 1_000.0)),
    ] {
        fields.push(only(field, "series"));
    }
    fields
}
