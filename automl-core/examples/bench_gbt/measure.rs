//! Fits, predicts, and says how long it took: the same on every target.

use crate::data::Data;
use automl_core::compute::Card;
use automl_core::learner::{self, Fit, ParamValue, Params};
use automl_core::model::Model;
use automl_core::platform::{Cancel, Stopwatch};
use std::error::Error;

pub type Fallible<T> = Result<T, Box<dyn Error>>;

/// What is measured.
pub struct Settings {
    pub learner: String,
    /// Those that are not the learner's defaults.
    pub params: Params,
    /// Share of the training rows, the last ones, that only decide when to stop.
    pub validation: f64,
    pub threads: usize,
    pub seed: u64,
    /// The graphics card to compute on.
    pub card: Option<Card>,
}

/// One learner on one table.
pub struct Bench {
    settings: Settings,
    train: Data,
    validation: Option<Data>,
    test: Data,
    model: Option<Box<dyn Model>>,
    /// The shortest.
    fit_secs: f64,
}

impl Settings {
    /// From `KEY=VALUE`s.
    ///
    /// # Errors
    /// A value that is none.
    pub fn new(keys: &[String]) -> Fallible<Self> {
        let key = |name: &str| keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
        let count = |name: &str, default: u64| key(name).map_or(Ok(default), str::parse);
        let mut params: Params = key("params").map_or(Ok(Params::default()), serde_json::from_str)?;
        params.0.entry("trees".to_owned()).or_insert(ParamValue::Int(100));
        params.0.entry("l2".to_owned()).or_insert(ParamValue::Float(0.0));
        Ok(Self {
            learner: key("learner").unwrap_or("gbt").to_owned(),
            params,
            validation: key("validation").map_or(Ok(0.0), str::parse)?,
            threads: count("threads", 1)? as usize,
            seed: count("seed", 0)?,
            card: if key("backend") == Some("gpu") { Some(card()?) } else { None },
        })
    }
}

/// The graphics card of this machine.
#[cfg(feature = "gpu")]
fn card() -> Fallible<Card> {
    use automl_core::compute::gpu::Device;
    let device = automl_core::platform::ready(Device::request(true))?;
    Ok(Card::always(device.into()))
}

#[cfg(not(feature = "gpu"))]
fn card() -> Fallible<Card> {
    Err("build with `--features gpu` for a graphics card".into())
}

impl Bench {
    /// `x` are rows × `columns`, row by row, and `y` their labels.
    pub fn new(
        settings: Settings,
        columns: usize,
        (x, y): (&[f32], &[u8]),
        (xt, yt): (&[f32], &[u8]),
    ) -> Self {
        let kept = y.len() - (y.len() as f64 * settings.validation) as usize;
        let (x, x_held) = x.split_at(kept * columns);
        let (y, y_held) = y.split_at(kept);
        Self {
            settings,
            train: Data::new(x, y, columns),
            validation: (!y_held.is_empty()).then(|| Data::new(x_held, y_held, columns)),
            test: Data::new(xt, yt, columns),
            model: None,
            fit_secs: f64::INFINITY,
        }
    }

    /// Fits once.
    ///
    /// # Errors
    /// A learner that there is not, or one that does not fit.
    pub fn fit(&mut self) -> Fallible<()> {
        let learner = learner::find(&self.settings.learner).ok_or("no such learner")?;
        let params = Params::complete(learner.spec().params, &self.settings.params);
        let cancel = Cancel::new();
        let watch = Stopwatch::start();
        let model = learner.fit(&Fit {
            frame: &self.train.frame,
            target: &self.train.target,
            weights: None,
            validation: self.validation.as_ref().map(|held| (&held.frame, &held.target)),
            params: &params,
            seed: self.settings.seed,
            threads: self.settings.threads,
            cancel: &cancel,
            card: self.settings.card.as_ref(),
        })?;
        self.fit_secs = self.fit_secs.min(watch.elapsed_secs());
        self.model = Some(model);
        Ok(())
    }

    /// Predicts the test rows some times, and gives all figures.
    ///
    /// # Errors
    /// Nothing was fitted.
    pub fn figures(&self, repeats: usize) -> Fallible<serde_json::Value> {
        let model = self.model.as_ref().ok_or("no model")?;
        let mut predict_secs = f64::INFINITY;
        let mut scores: Vec<f64> = Vec::new();
        for _ in 0..repeats.max(1) {
            let watch = Stopwatch::start();
            let prediction = model.predict(&self.test.frame);
            predict_secs = predict_secs.min(watch.elapsed_secs());
            scores = prediction.output(1).collect();
        }
        let bits: Vec<u8> = scores.iter().flat_map(|s| s.to_le_bytes()).collect();
        let hash = |bytes: &[u8]| blake3::hash(bytes).to_hex()[..16].to_owned();
        Ok(serde_json::json!({
            "learner": self.settings.learner, "params": self.settings.params, "threads": self.settings.threads,
            "rows": self.train.frame.rows, "columns": self.train.frame.columns.len(), "seed": self.settings.seed,
            "backend": self.settings.card.as_ref().map_or("cpu".to_owned(), |card| format!("{} {}", card.used().name(), card.name())),
            "fit_secs": self.fit_secs, "auc": self.test.auc(&scores),
            "predicted_rows_per_sec": self.test.frame.rows as f64 / predict_secs,
            "model_hash": hash(&model.encode()), "prediction_hash": hash(&bits), "model": model.summary(),
        }))
    }
}
