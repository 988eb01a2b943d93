//! Links: what an address asks for, what running a pipeline would do, and results that can be replayed.

use automl_core::diagnostic::Diagnostic;
use automl_core::document::{NodeId, PipelineDocument};
use automl_core::engine::protocol::{Look, NodeView};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::collections::BTreeMap;
use std::sync::Arc;

/// Most characters of a result in a link.
const MOST_RESULT: usize = 4_000;
/// The version of results that is written.
const RESULT_VERSION: u32 = 1;
/// Figures, and sources, of a result.
const MOST_FIGURES: usize = 64;
/// What an engine that computes the same bytes calls itself.
pub const ENGINE: &str = env!("CARGO_PKG_VERSION");

/// What an address's fragment asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    Start,
    /// The pipeline that is open, or an empty one.
    Builder,
    Link {
        pipeline: String,
        result: Option<String>,
    },
}

/// The fragment that shows the builder.
pub const BUILDER: &str = "#pipeline";

/// `fragment`: with its `#`.
pub fn route(fragment: &str) -> Route {
    let text = fragment.strip_prefix('#').unwrap_or(fragment);
    if text == "pipeline" {
        return Route::Builder;
    }
    let part = |name: &str| {
        let parts = text.split('&').filter_map(|p| p.split_once('='));
        parts.filter(|(n, _)| *n == name).map(|(_, v)| v.to_owned()).next()
    };
    match part("p") {
        Some(pipeline) => Route::Link { pipeline, result: part("r") },
        None => Route::Start,
    }
}

/// Whether an address's query asks for the pipeline without a frame around it.
pub fn is_embedded(query: &str) -> bool {
    query.trim_start_matches('?').split('&').any(|p| p == "embed=1")
}

/// What a link's length is worth saying.
pub fn length_hint(chars: usize) -> Option<&'static str> {
    if chars > automl_core::document::MOST_CHARS {
        Some("The link is so long that many programs cut it short. Share the file instead.")
    } else if chars > automl_core::document::HINT_CHARS {
        Some("Some programs cut a link of this length short. If it does not open, share the file.")
    } else {
        None
    }
}

/// The host of an address that a table may be asked from; `None` where it is none, or not an encrypted one.
pub fn host(url: &str) -> Option<&str> {
    let rest = url.trim().strip_prefix("https://")?;
    let host = rest.split(['/', '?', '#']).next()?;
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '-' | ':' | '[' | ']');
    (!host.is_empty() && host.chars().all(is_plain)).then_some(host)
}

/// What running a pipeline would do, a sentence each: what it reads, asks for and how long it searches.
pub fn deeds(document: &PipelineDocument) -> Vec<String> {
    let (mut reads, mut trains, mut other) = (Vec::new(), Vec::new(), 0);
    for node in document.nodes().values().filter(|n| !n.bypassed) {
        let text = |name: &str| node.params.get(name).and_then(Value::as_str).unwrap_or_default();
        match node.kind.as_str() {
            "source.file" => reads.push(format!("read the file \"{}\", for which it asks you", text("name"))),
            "source.sample" => reads.push(format!("open the sample \"{}\" of this page", text("sample"))),
            "source.url" => match host(text("url")) {
                Some(host) => reads.push(format!("fetch a table from {host}, once you allow it")),
                None => reads.push("ask for a table at an address that is not taken here".to_owned()),
            },
            "automl.search" => match node.params.get("budget_secs").and_then(Value::as_f64) {
                Some(secs) => trains.push(format!("search for the best model for {secs} s")),
                None => trains.push("search for the best model".to_owned()),
            },
            kind if kind.starts_with("learner.") || kind == "model.ensemble" => {
                trains.push("train a model".to_owned());
            }
            _ => other += 1,
        }
    }
    let steps = match other {
        0 => None,
        1 => Some("do 1 other step".to_owned()),
        n => Some(format!("do {n} other steps")),
    };
    reads.into_iter().chain(trains).chain(steps).collect()
}

/// A sentence of these deeds.
pub fn running_would(deeds: &[String]) -> String {
    match deeds {
        [] => "It would do nothing: it is empty.".to_owned(),
        [one] => format!("Running it would {one}."),
        [all @ .., last] => format!("Running it would {} and {last}.", all.join(", ")),
    }
}

/// A result that a link claims, for whoever has the same data to compute again.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Claim {
    #[serde(rename = "v")]
    version: u32,
    /// The engine's version.
    #[serde(rename = "e")]
    pub engine: String,
    /// The pipeline's hash, without its layout.
    #[serde(rename = "h")]
    pub document: String,
    /// The node and its output.
    #[serde(rename = "n")]
    pub node: String,
    #[serde(rename = "p")]
    pub port: String,
    /// What identifies the data of each source.
    #[serde(rename = "d")]
    pub data: BTreeMap<String, String>,
    #[serde(rename = "s", default, skip_serializing_if = "Option::is_none")]
    pub seed: Option<u64>,
    #[serde(rename = "f")]
    pub figures: Vec<(String, f64)>,
}

/// The figures of a result: scores, or a search's score and metrics.
pub fn figures(look: &Look) -> Vec<(String, f64)> {
    let mut out = Vec::new();
    match look {
        Look::Scores { scores } => {
            for model in scores {
                let named = |title: &str| match scores.len() {
                    1 => title.to_owned(),
                    _ => format!("{}: {title}", model.model),
                };
                out.extend(model.metrics.iter().filter_map(|m| Some((named(&m.title), m.score?))));
            }
        }
        Look::Model { board, verdict } => {
            out.extend(board.best_score.map(|s| (format!("{}, cross-validated", board.metric_title), s)));
            let held_out = verdict.holdout.score;
            out.extend(held_out.map(|s| (format!("{}, locked rows", verdict.metric_title), s)));
            out.extend(verdict.metrics.iter().filter_map(|m| Some((m.1.clone(), m.2?))));
        }
        _ => {}
    }
    out.truncate(MOST_FIGURES);
    out
}

/// What identifies the data of each source, as the engine tells it.
pub fn sources(
    document: &PipelineDocument,
    views: &BTreeMap<NodeId, Arc<NodeView>>,
) -> BTreeMap<String, String> {
    let is_source = |kind: &str| kind.starts_with("source.");
    let ids = document.nodes().iter().filter(|(_, n)| is_source(&n.kind)).map(|(id, _)| id);
    let known = ids.filter_map(|id| Some((id.0.clone(), views.get(id)?.key.clone())));
    known.filter(|(_, key)| !key.is_empty()).collect()
}

fn damaged(what: &str) -> Diagnostic {
    Diagnostic::error(
        "link.result_damaged",
        format!("The link holds a result that cannot be read: {what}."),
        "The pipeline is here all the same. Ask for the link again to compare results.",
    )
}

impl Claim {
    /// What a link would claim about an output; `None` where there are no figures.
    pub fn new(
        document: &PipelineDocument,
        views: &BTreeMap<NodeId, Arc<NodeView>>,
        node: &NodeId,
        port: &str,
        look: &Look,
    ) -> Option<Self> {
        let figures = figures(look);
        let params = &document.nodes().get(node)?.params;
        (!figures.is_empty()).then(|| Self {
            version: RESULT_VERSION,
            engine: ENGINE.to_owned(),
            document: document.hash().to_string(),
            node: node.0.clone(),
            port: port.to_owned(),
            data: sources(document, views),
            seed: params.get("seed").and_then(Value::as_u64),
            figures,
        })
    }

    /// As the text that follows `&r=`.
    pub fn to_link(&self) -> String {
        // Plain data with text keys always serialises.
        URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Takes back what [`Self::to_link`] gave, for the pipeline of the same link. The text is untrusted.
    ///
    /// # Errors
    /// Why it cannot be read, or does not belong to the pipeline.
    pub fn from_link(text: &str, document: &PipelineDocument) -> Result<Self, Diagnostic> {
        if text.len() > MOST_RESULT {
            return Err(damaged("it is longer than any result"));
        }
        let bytes =
            URL_SAFE_NO_PAD.decode(text.trim()).map_err(|_| damaged("a character is wrong or missing"))?;
        let claim: Self =
            serde_json::from_slice(&bytes).map_err(|_| damaged("it is cut short, or is no result"))?;
        if claim.version != RESULT_VERSION {
            return Err(damaged("a newer Trellis made it"));
        }
        let is_sound = claim.figures.len() <= MOST_FIGURES
            && claim.data.len() <= MOST_FIGURES
            && claim.figures.iter().all(|f| f.1.is_finite() && f.0.chars().count() <= 200);
        if !is_sound {
            return Err(damaged("its figures are none"));
        }
        if !document.nodes().contains_key(&NodeId(claim.node.clone())) {
            return Err(damaged("it is of a step that the pipeline does not have"));
        }
        if claim.document != document.hash().to_string() {
            return Err(damaged("it is of another pipeline"));
        }
        Ok(claim)
    }

    /// Whether the data that is here is the claim's; `None` while some of it is not here.
    pub fn is_same_data(&self, here: &BTreeMap<String, String>) -> Option<bool> {
        let all = self.data.iter().map(|(source, key)| here.get(source).map(|k| k == key));
        all.collect::<Option<Vec<bool>>>().map(|same| same.into_iter().all(|s| s))
    }

    /// Ids of the sources whose data here is not the claim's.
    pub fn other_data(&self, here: &BTreeMap<String, String>) -> Vec<&str> {
        let is_other = |(source, key): &(&String, &String)| here.get(*source).is_some_and(|k| k != *key);
        self.data.iter().filter(is_other).map(|(source, _)| source.as_str()).collect()
    }

    /// Figure by figure: name, what the link claims, what came out here.
    pub fn compared(&self, look: &Look) -> Vec<Compared> {
        let here = figures(look);
        let found = |name: &str| here.iter().find(|f| f.0 == name).map(|f| f.1);
        let one = |(name, claimed): &(String, f64)| {
            let found = found(name);
            // The same engine, data and pipeline give the same bits.
            Compared { name: name.clone(), claimed: *claimed, found, is_equal: found == Some(*claimed) }
        };
        self.figures.iter().map(one).collect()
    }
}

/// A figure of a claim beside what came out.
#[derive(Debug, Clone, PartialEq)]
pub struct Compared {
    pub name: String,
    pub claimed: f64,
    pub found: Option<f64>,
    pub is_equal: bool,
}

#[cfg(test)]
mod tests {
    use super::*;
    use automl_core::document::{Edit, Node};
    use automl_core::engine::Scored;
    use automl_core::engine::protocol::ModelScores;
    use proptest::prelude::*;
    use serde_json::json;

    fn document(nodes: &[(&str, &str, Value)]) -> PipelineDocument {
        let mut document = PipelineDocument::default();
        for (id, kind, params) in nodes {
            let mut node = Node::new(*kind, 1);
            node.params = params.as_object().cloned().unwrap_or_default();
            let add = Edit::AddNode { id: NodeId((*id).to_owned()), node, place: None };
            document.apply(add).expect("a node");
        }
        document
    }

    fn scores(auc: f64) -> Look {
        let metric = |id: &str, score| Scored {
            id: id.to_owned(),
            title: id.to_uppercase(),
            greater_is_better: true,
            score,
        };
        let scores = ModelScores {
            model: "m".into(),
            on: String::new(),
            rows: 3,
            metrics: vec![metric("auc", Some(auc)), metric("f1", None)],
            classes: Vec::new(),
            confusion: Vec::new(),
            interval: None,
        };
        Look::Scores { scores: vec![scores] }
    }

    #[test]
    fn fragments_are_told_apart() {
        let check = |fragment: &str, expected: Route| assert_eq!(route(fragment), expected, "{fragment}");
        check("", Route::Start);
        check("#", Route::Start);
        check("#elsewhere", Route::Start);
        check("#pipeline", Route::Builder);
        check("#p=1abc", Route::Link { pipeline: "1abc".into(), result: None });
        check("#p=1abc&r=x=y", Route::Link { pipeline: "1abc".into(), result: Some("x=y".into()) });
        assert!(is_embedded("?embed=1") && is_embedded("?a=b&embed=1") && !is_embedded("?embed=10"));
        assert_eq!((length_hint(2_000), length_hint(2_001).is_some()), (None, true));
    }

    #[test]
    fn only_encrypted_hosts_are_asked() {
        let check = |url: &str, expected: Option<&str>| assert_eq!(host(url), expected, "{url}");
        check("https://example.com/a.csv?x", Some("example.com"));
        check(" https://example.com:8443", Some("example.com:8443"));
        check("http://example.com/a.csv", None);
        check("https://user@example.com/", None);
        check("https:///a", None);
        check("javascript:alert(1)", None);
    }

    #[test]
    fn a_pipeline_says_what_it_would_do() {
        let document = document(&[
            ("a", "source.file", json!({"name": "x.csv"})),
            ("b", "source.url", json!({"url": "https://example.com/t.csv"})),
            ("c", "automl.search", json!({"budget_secs": 60})),
            ("d", "table.sort", json!({})),
        ]);
        let expected = [
            "read the file \"x.csv\", for which it asks you",
            "fetch a table from example.com, once you allow it",
            "search for the best model for 60 s",
            "do 1 other step",
        ];
        let deeds = deeds(&document);
        assert_eq!(deeds, expected);
        assert_eq!(
            running_would(&deeds[2..]),
            "Running it would search for the best model for 60 s and do 1 other step."
        );
        assert_eq!(running_would(&deeds[3..]), "Running it would do 1 other step.");
        assert_eq!(running_would(&[]), "It would do nothing: it is empty.");
    }

    fn claim(document: &PipelineDocument) -> Claim {
        let view = NodeView { key: "k1".into(), ..NodeView::default() };
        let views = BTreeMap::from([(NodeId("a".into()), Arc::new(view))]);
        Claim::new(document, &views, &NodeId("m".into()), "scores", &scores(0.5 + 1e-16)).expect("figures")
    }

    #[test]
    fn a_claim_travels_and_is_compared() {
        let here = document(&[("a", "source.file", json!({})), ("m", "learner.x", json!({"seed": 7}))]);
        let made = claim(&here);
        let read = Claim::from_link(&made.to_link(), &here).expect("a claim");
        assert_eq!((&read, read.seed), (&made, Some(7)));
        assert!(read.compared(&scores(0.5 + 1e-16)).iter().all(|c| c.is_equal));
        assert!(read.compared(&scores(0.6)).iter().all(|c| !c.is_equal && c.found == Some(0.6)));
        assert!(read.compared(&Look::Nothing).iter().all(|c| c.found.is_none()));
        assert_eq!(read.is_same_data(&made.data), Some(true));
        assert_eq!(read.is_same_data(&BTreeMap::from([("a".into(), "k2".into())])), Some(false));
        assert_eq!(read.is_same_data(&BTreeMap::new()), None);
        assert_eq!(read.other_data(&BTreeMap::from([("a".into(), "k2".into())])), ["a"]);
        assert!(read.other_data(&made.data).is_empty() && read.other_data(&BTreeMap::new()).is_empty());
        let other = document(&[("m", "learner.y", json!({}))]);
        assert_eq!(Claim::from_link(&made.to_link(), &other).expect_err("other").code, "link.result_damaged");
        assert!(Claim::from_link(&"A".repeat(5_000), &here).is_err());
        assert!(Claim::new(&here, &BTreeMap::new(), &NodeId("m".into()), "scores", &Look::Nothing).is_none());
    }

    proptest! {
        #[test]
        fn a_damaged_claim_never_panics(at in 0usize..300, to in 0u8..128) {
            let here = document(&[("a", "source.file", json!({})), ("m", "learner.x", json!({}))]);
            let mut link = claim(&here).to_link().into_bytes();
            let at = at % link.len();
            link[at] = to;
            let _ = Claim::from_link(&String::from_utf8_lossy(&link), &here);
        }
    }
}
