//! From a node's parameters to what a study is asked for, and back.

use super::catalogue::Does;
use super::kinds::{EngineKind, METRIC_AUTO, TASK_AUTO};
use super::value::Question;
use crate::document::{Edit, Node, NodeId, PipelineDocument, Place, PortRef, Wire, canonical};
use crate::engine::protocol::StudyRequest;
use crate::kind::{FieldSpec, Given, KindSpec};
use crate::learner::{LearnerSpec, ParamKind, ParamValue, Params};
use crate::metric;
use crate::model::Task;
use crate::search::{Direction, Setting};
use crate::table::ReadOptions;
use serde_json::{Map, Value, json};

/// Seconds of a search where neither time nor trials are given.
const USUAL_BUDGET: f64 = 60.0;

/// The parameters that a kind heeds and that differ from their defaults, written one way.
pub(super) fn heeded(spec: &KindSpec, params: &Map<String, Value>) -> Map<String, Value> {
    let differs = |field: &FieldSpec| {
        let value = canonical(params.get(&field.name)?.clone());
        let is_usual = value.is_null() || value == canonical(field.default_value());
        (!is_usual).then(|| (field.name.clone(), value))
    };
    spec.fields.iter().filter_map(differs).collect()
}

fn filled(text: String) -> Option<String> {
    if text.is_empty() { None } else { Some(text) }
}

/// What a node says is to be predicted.
pub(super) fn question(given: &Given<'_>) -> Question {
    let task = match given.text("task").as_str() {
        "binary" => Some(Task::Binary),
        "multiclass" => Some(Task::Multiclass),
        "regression" => Some(Task::Regression),
        _ => None,
    };
    Question {
        target: given.text("target"),
        task,
        metric: filled(given.text("metric")).filter(|m| m != METRIC_AUTO),
        ignore: given.names("ignore"),
        weights: filled(given.text("weights")),
    }
}

fn seed(given: &Given<'_>) -> u64 {
    given.integer("seed").and_then(|s| u64::try_from(s).ok()).unwrap_or(0)
}

fn asked(question: &Question, given: &Given<'_>) -> StudyRequest {
    StudyRequest {
        target: question.target.clone(),
        task: question.task,
        metric: question.metric.clone(),
        ignore: question.ignore.clone(),
        weights: question.weights.clone(),
        seed: seed(given),
        ..StudyRequest::default()
    }
}

/// A learner's parameters, as a node gives them.
pub(super) fn setting(learner: &LearnerSpec, given: &Given<'_>) -> Setting {
    let value = |spec: &crate::learner::ParamSpec| match spec.kind {
        ParamKind::Int { .. } => given.integer(spec.name).map(ParamValue::Int),
        ParamKind::Float { .. } => given.number(spec.name).map(ParamValue::Float),
        ParamKind::Bool { .. } => Some(ParamValue::Bool(given.flag(spec.name))),
        ParamKind::Choice { .. } | ParamKind::Text => Some(ParamValue::Text(given.text(spec.name))),
    };
    let params = learner.params.iter().filter_map(|spec| Some((spec.name.to_owned(), value(spec)?)));
    let params = Params(params.collect());
    Setting { learner: learner.id.to_owned(), params, recipe: None }.shortened()
}

/// A study of these settings and no others.
pub(super) fn of_settings(question: &Question, settings: Vec<Setting>, given: &Given<'_>) -> StudyRequest {
    let mut learners: Vec<String> = settings.iter().map(|s| s.learner.clone()).collect();
    learners.sort_unstable();
    learners.dedup();
    // Guessing is tried too.
    let max_trials = Some(settings.len() as u32 + 1);
    StudyRequest { learners, max_trials, settings, ..asked(question, given) }
}

/// What an `automl.search` asks for.
pub(super) fn of_search(question: &Question, given: &Given<'_>) -> StudyRequest {
    let direction = |item: &Given<'_>| {
        let way = if item.text("direction") == "down" { Direction::Down } else { Direction::Up };
        (item.text("column"), way)
    };
    let count = |name: &str| given.integer(name).and_then(|n| u64::try_from(n).ok());
    let max_trials = count("max_trials").and_then(|n| u32::try_from(n).ok());
    let usual = if max_trials.is_none() { Some(USUAL_BUDGET) } else { None };
    StudyRequest {
        budget_secs: given.number("budget_secs").or(usual),
        max_trials,
        learners: given.list("learners").iter().map(|item| item.text("learner")).collect(),
        reproducible: given.flag("reproducible"),
        populations: given.flag("populations"),
        monotone: given.list("monotone").iter().map(direction).collect(),
        interactions: given.list("interactions").iter().map(|item| item.names("columns")).collect(),
        max_predict_us_per_row: given.number("max_predict_us_per_row"),
        max_memory_mb: count("max_memory_mb"),
        ..asked(question, given)
    }
}

/// The document that asks for the same as [`crate::engine::protocol::Command::Start`]: a file, and a search on it.
/// Running it gives the same model bytes. What a request has without a node for it (steps, settings) is left out; a
/// request without any limit gets a minute. `kinds`: of [`super::catalogue()`], which is not asked for here, so that a
/// program that only draws need not hold what runs the kinds.
pub fn from_request(
    kinds: &[KindSpec],
    file_name: &str,
    read: &ReadOptions,
    request: &StudyRequest,
) -> PipelineDocument {
    let kind = |id: &str| kinds.iter().find(|k| k.id == id);
    let node = |id: &str| Node::new(id, kind(id).map_or(1, |k| k.version));
    let mut file = node("source.file");
    file.params.insert("name".to_owned(), file_name.into());
    if *read != ReadOptions::default() {
        file.params.insert("read".to_owned(), json!(read));
    }
    let mut search = node("automl.search");
    search.params = search_params(kind("automl.search"), request);
    let place = |x: f64| Some(Place { x, y: 0.0 });
    let (file_id, search_id) = (NodeId("file-1".to_owned()), NodeId("search-1".to_owned()));
    let title = format!("Predict {}", request.target).chars().take(200).collect();
    let wire = Wire { from: PortRef::new("file-1", "table"), to: PortRef::new("search-1", "table") };
    let edits = vec![
        Edit::Title { title },
        Edit::AddNode { id: file_id, node: file, place: place(0.0) },
        Edit::AddNode { id: search_id, node: search, place: place(280.0) },
        Edit::Connect { wire },
    ];
    let mut document = PipelineDocument::default();
    // Nothing of it can be refused: two nodes and a wire between them, short names.
    let _ = document.apply(Edit::All { edits });
    document
}

fn search_params(kind: Option<&KindSpec>, request: &StudyRequest) -> Map<String, Value> {
    let learners: Vec<Value> = request.learners.iter().map(|id| json!({"learner": id})).collect();
    let monotone: Vec<Value> =
        request.monotone.iter().map(|(column, way)| json!({"column": column, "direction": way})).collect();
    let interactions: Vec<Value> = request.interactions.iter().map(|c| json!({"columns": c})).collect();
    let params = json!({
        "target": request.target,
        "task": request.task.map_or(TASK_AUTO, Task::name),
        "metric": request.metric.as_deref().map_or(METRIC_AUTO, |m| metric::find(m).map_or(m, |m| m.id)),
        "ignore": request.ignore,
        "budget_secs": request.budget_secs,
        "max_trials": request.max_trials,
        "seed": request.seed,
        "reproducible": request.reproducible,
        "populations": request.populations,
        "learners": learners,
        "weights": request.weights.as_deref().unwrap_or_default(),
        "monotone": monotone,
        "interactions": interactions,
        "max_predict_us_per_row": request.max_predict_us_per_row,
        "max_memory_mb": request.max_memory_mb,
    });
    let Value::Object(params) = params else { return Map::new() };
    kind.map_or_else(|| params.clone(), |kind| heeded(kind, &params))
}

/// The kind of a node that trains.
pub(super) fn trainer(does: Does) -> Option<EngineKind> {
    match does {
        Does::Engine(kind) if kind.trains() => Some(kind),
        _ => None,
    }
}
