//! Pipelines to begin with, each about a question that many people have, with a table that comes with the page.

use crate::format::{count, number};
use automl_core::document::{Edit, Node, NodeId, PipelineDocument, Place, PortRef, Wire};
use automl_core::engine::protocol::{ModelScores, NodeState};
use serde_json::{Value, json};

/// A pipeline to begin with, and its story in three steps.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Template {
    pub id: &'static str,
    pub title: &'static str,
    pub question: &'static str,
    /// What to know about the table.
    pub data: &'static str,
    /// Sentences, each with the nodes that it is about.
    pub story: [(&'static str, &'static [&'static str]); 3],
    /// The sample's name and its target.
    sample: &'static str,
    target: &'static str,
    /// The kind and the parameters of the chart, JSON.
    chart: (&'static str, &'static str),
    /// Parameters of the split, JSON.
    split: &'static str,
    asked: Asked,
}

/// What the last step tells of the judgement.
#[derive(Debug, Clone, Copy, PartialEq)]
enum Asked {
    /// How many rows of this class are found; what such rows are called.
    Found { class: &'static str, rows: &'static str },
    /// How far predictions are off; what rows are called.
    Off { unit: &'static str, rows: &'static str },
}

/// The node whose result each step of a story shows.
pub const SHOWN: [&str; 3] = ["chart", "search", "evaluate"];

const DATA: &[&str] = &["data", "chart"];
const LEARN: &[&str] = &["split", "search"];
const JUDGE: &[&str] = &["evaluate", "importance"];

/// All templates, in the order in which they are offered.
pub const ALL: [Template; 8] = [
    Template {
        id: "churn",
        title: "Churn",
        question: "Which customers will leave?",
        data: "5,000 phone customers; artificial data, made to be like real customers.",
        story: [
            ("Look at the customers: the chart counts those who left and those who stayed.", DATA),
            ("Put a fifth of them aside, and search for the best model on the others.", LEARN),
            ("Judge it on those who were put aside, and see which columns it relies on.", JUDGE),
        ],
        sample: "churn",
        target: "churn",
        chart: ("chart.bar", r#"{"category": "churn"}"#),
        split: r#"{"how": "stratified", "stratify": "churn"}"#,
        asked: Asked::Found { class: "yes", rows: "customers who left" },
    },
    Template {
        id: "price",
        title: "Price",
        question: "What will this house sell for?",
        data: "2,930 real sales in Ames, Iowa, 2006 to 2010.",
        story: [
            ("Look at the sales: the chart sets prices beside the living area.", DATA),
            ("Put a fifth of the sales aside, and search for the best model on the others.", LEARN),
            ("See how far its prices are off on the sales that it never saw, and what drives them.", JUDGE),
        ],
        sample: "price",
        target: "sale_price",
        chart: ("chart.scatter", r#"{"x": "living_area_sqft", "y": "sale_price"}"#),
        split: "{}",
        asked: Asked::Off { unit: "dollars", rows: "sales" },
    },
    Template {
        id: "fraud",
        title: "Fraud",
        question: "Which loans will go bad?",
        data: "1,000 real loans of a German bank in the 1970s; bad loans stand in for fraud.",
        story: [
            ("Look at the loans: the boxes set their amounts beside how they ended.", DATA),
            ("Put a fifth of the loans aside, with the same share of bad ones, and search.", LEARN),
            ("Judge how many bad loans the model finds, and what gives them away.", JUDGE),
        ],
        sample: "fraud",
        target: "outcome",
        chart: ("chart.box", r#"{"value": "amount", "by": "outcome"}"#),
        split: r#"{"how": "stratified", "stratify": "outcome"}"#,
        asked: Asked::Found { class: "bad", rows: "bad loans" },
    },
    Template {
        id: "demand",
        title: "Demand",
        question: "How many people will travel on a day?",
        data: "3,163 real days at a Chicago station, 2008 to 2016.",
        story: [
            ("Look at the days: the line shows how many people travelled.", DATA),
            (
                "Put the latest days aside, since the future is asked about, and search on those before.",
                LEARN,
            ),
            ("See how well days are predicted that lie after all that the model has seen.", JUDGE),
        ],
        sample: "demand",
        target: "riders_thousands",
        chart: ("chart.line", r#"{"x": "date", "y": ["riders_thousands"]}"#),
        split: r#"{"how": "time", "time": "date"}"#,
        asked: Asked::Off { unit: "thousand travellers", rows: "days" },
    },
    Template {
        id: "machine",
        title: "Machine failure",
        question: "Which machines will fail?",
        data: "4,000 machines; this table is generated, not measured.",
        story: [
            ("Look at the machines, which are generated: the boxes set vibration beside failures.", DATA),
            ("Put a fifth aside, with the same share of failures, and search on the others.", LEARN),
            ("Judge how many failures are foreseen, and by which readings.", JUDGE),
        ],
        sample: "machine",
        target: "fails",
        chart: ("chart.box", r#"{"value": "vibration_mm_s", "by": "fails"}"#),
        split: r#"{"how": "stratified", "stratify": "fails"}"#,
        asked: Asked::Found { class: "yes", rows: "failures" },
    },
    Template {
        id: "readmission",
        title: "Readmission",
        question: "Whose illness will come back?",
        data: "914 real patients after surgery; a cancer that returns stands in for readmission. Not for medicine.",
        story: [
            ("Look at the patients: the boxes set affected lymph nodes beside what came after.", DATA),
            ("Put a fifth of them aside, with the same share of returns, and search on the others.", LEARN),
            ("Judge the model on patients that it never saw: beware of trusting so few.", JUDGE),
        ],
        sample: "recurrence",
        target: "back_within_two_years",
        chart: ("chart.box", r#"{"value": "positive_nodes", "by": "back_within_two_years"}"#),
        split: r#"{"how": "stratified", "stratify": "back_within_two_years"}"#,
        asked: Asked::Found { class: "yes", rows: "returns" },
    },
    Template {
        id: "purchase",
        title: "Next purchase",
        question: "Who will buy again?",
        data: "2,357 real customers of an online record shop in 1997.",
        story: [
            ("Look at the customers: the boxes set days since the last order beside buying again.", DATA),
            ("Put a fifth of them aside, and search for the best model on the others.", LEARN),
            ("Judge it on customers that it never saw, and see what tells those who return.", JUDGE),
        ],
        sample: "purchase",
        target: "buys_again",
        chart: ("chart.box", r#"{"value": "days_since_last", "by": "buys_again"}"#),
        split: r#"{"how": "stratified", "stratify": "buys_again"}"#,
        asked: Asked::Found { class: "yes", rows: "customers who bought again" },
    },
    Template {
        id: "arrival",
        title: "Arrival time",
        question: "How late will this flight arrive?",
        data: "4,000 real flights from New York in 2013.",
        story: [
            ("Look at the flights: the chart sets delays on arrival beside those on departure.", DATA),
            ("Put the latest flights aside, and search for the best model on those before.", LEARN),
            ("See by how many minutes it is off on flights that it never saw.", JUDGE),
        ],
        sample: "arrival",
        target: "arrival_delay_min",
        chart: ("chart.scatter", r#"{"x": "departure_delay_min", "y": "arrival_delay_min"}"#),
        split: r#"{"how": "time", "time": "date"}"#,
        asked: Asked::Off { unit: "minutes", rows: "flights" },
    },
];

/// Seconds that a template searches.
const SECONDS: u32 = 15;

/// (node, kind, parameters, place) of a pipeline, its title, and its wires as `node.port` to `node.port`.
fn drawn(
    title: &str,
    nodes: Vec<(&str, &str, Value, (f64, f64))>,
    wires: &[(&str, &str)],
) -> PipelineDocument {
    let mut edits = vec![Edit::Title { title: title.to_owned() }];
    for (id, kind, params, (x, y)) in nodes {
        let mut node = Node::new(kind, 1);
        node.params = params.as_object().cloned().unwrap_or_default();
        edits.push(Edit::AddNode { id: NodeId(id.to_owned()), node, place: Some(Place { x, y }) });
    }
    for (from, to) in wires {
        let end = |text: &str| text.split_once('.').map(|(node, port)| PortRef::new(node, port));
        if let (Some(from), Some(to)) = (end(from), end(to)) {
            edits.push(Edit::Connect { wire: Wire { from, to } });
        }
    }
    let mut document = PipelineDocument::default();
    // Fixed names and places are sound; were they not, an empty pipeline opens, and a test fails.
    let _ = document.apply(Edit::All { edits });
    document
}

impl Template {
    pub fn document(&self) -> PipelineDocument {
        let json = |text: &str| serde_json::from_str(text).unwrap_or_else(|_| json!({}));
        let search = json!({"target": self.target, "budget_secs": SECONDS});
        let nodes = vec![
            ("data", "source.sample", json!({"sample": self.sample}), (40.0, 120.0)),
            ("chart", self.chart.0, json(self.chart.1), (320.0, 300.0)),
            ("split", "table.split", json(self.split), (320.0, 120.0)),
            ("search", "automl.search", search, (600.0, 60.0)),
            ("evaluate", "model.evaluate", json!({}), (880.0, 120.0)),
            ("importance", "model.importance", json!({}), (880.0, 300.0)),
        ];
        let wires = [
            ("data.table", "chart.table"),
            ("data.table", "split.table"),
            ("split.train", "search.table"),
            ("search.model", "evaluate.model"),
            ("split.test", "evaluate.table"),
            ("search.model", "importance.model"),
            ("split.test", "importance.table"),
        ];
        drawn(self.question, nodes, &wires)
    }
}

impl Template {
    /// The main number of the judgement in words, counted from its scores. `None`: they do not hold it.
    pub fn verdict(&self, scores: &[ModelScores]) -> Option<String> {
        let scores = scores.first()?;
        match self.asked {
            Asked::Found { class, rows } => {
                let n = scores.classes.len();
                let at = scores.classes.iter().position(|c| c == class)?;
                let counted = |actual: usize, said: usize| scores.confusion.get(actual * n + said).copied();
                let found = counted(at, at)?;
                let all = (0..n).map(|said| counted(at, said)).sum::<Option<u64>>()?;
                let alarms = (0..n).filter(|i| *i != at).map(|i| counted(i, at)).sum::<Option<u64>>()?;
                let word = if alarms == 1 { "false alarm" } else { "false alarms" };
                Some(format!(
                    "{} of {} {rows} found; {} {word} among {} others.",
                    count(found),
                    count(all),
                    count(alarms),
                    count(scores.rows.saturating_sub(all))
                ))
            }
            Asked::Off { unit, rows } => {
                let error = scores.metrics.iter().find(|m| m.id == "mae")?.score?;
                let of = count(scores.rows);
                Some(format!("Off by {} {unit} on average, on {of} {rows} that it never saw.", number(error)))
            }
        }
    }
}

/// What to do at a step of a story, by how the node that it shows stands; `None`: that node is gone.
pub fn next(at: usize, state: Option<NodeState>) -> &'static str {
    match (state, at) {
        (None, _) => "The node that this step shows is gone: Undo brings it back.",
        (Some(NodeState::Running | NodeState::Waiting), 1) => {
            "It searches: the preview shows what was tried so far."
        }
        (Some(NodeState::Running | NodeState::Waiting), _) => "It is being run.",
        (Some(NodeState::Failed), _) => "It could not be run: its settings say why.",
        (Some(NodeState::Done), 0) => "The chart is in the preview. Go on with Next step.",
        (Some(NodeState::Done), 1) => "The best model is in the preview. Go on with Next step.",
        (Some(NodeState::Done), _) => {
            "All scores are in the preview. Now change a setting and run again, or open a table of your own."
        }
        (Some(_), 0) => "Press Run this step to draw the chart.",
        (Some(_), 1) => "Press Run this step: it searches for 15 seconds.",
        (Some(_), _) => "Press Run this step to judge the model.",
    }
}

/// The template of this id.
pub fn template(id: &str) -> Option<&'static Template> {
    ALL.iter().find(|t| t.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_whole() {
        for template in &ALL {
            let document = template.document();
            assert_eq!((document.nodes().len(), document.wires().len()), (6, 7), "{}", template.id);
            let told: Vec<&str> = template.story.iter().flat_map(|s| s.1.iter().copied()).collect();
            for id in document.nodes().keys() {
                assert!(told.contains(&id.0.as_str()), "{}: {id} is in no story", template.id);
            }
            for text in [template.chart.1, template.split] {
                assert!(serde_json::from_str::<Value>(text).is_ok(), "{}: {text}", template.id);
            }
            assert!(document.to_link().len() < automl_core::document::HINT_CHARS, "{}", template.id);
        }
        assert!(template("churn").is_some() && template("none").is_none());
    }

    fn judged(classes: &[&str], confusion: &[u64], metrics: &[(&str, f64)], rows: u64) -> ModelScores {
        let metric = |(id, score): &(&str, f64)| automl_core::engine::Scored {
            id: (*id).to_owned(),
            title: (*id).to_owned(),
            greater_is_better: false,
            score: Some(*score),
        };
        ModelScores {
            model: "Search".to_owned(),
            on: String::new(),
            rows,
            metrics: metrics.iter().map(metric).collect(),
            classes: classes.iter().map(|c| (*c).to_owned()).collect(),
            confusion: confusion.to_vec(),
            interval: None,
        }
    }

    #[test]
    fn a_judgement_is_told_in_words() {
        let check = |id: &str, scores: ModelScores, expected: Option<&str>| {
            let told = template(id).and_then(|t| t.verdict(&[scores]));
            assert_eq!(told.as_deref(), expected, "{id}");
        };
        let yes = ["no", "yes"];
        check(
            "machine",
            judged(&yes, &[641, 12, 36, 111], &[], 800),
            Some("111 of 147 failures found; 12 false alarms among 653 others."),
        );
        let told = Some("3 of 4 bad loans found; 1 false alarm among 6 others.");
        check("fraud", judged(&["bad", "good"], &[3, 1, 1, 5], &[], 10), told);
        check("fraud", judged(&yes, &[3, 1, 1, 5], &[], 10), None);
        check("churn", judged(&yes, &[3, 1], &[], 4), None);
        check("churn", judged(&[], &[], &[], 0), None);
        let told = Some("Off by 9.5000 minutes on average, on 1,000 flights that it never saw.");
        check("arrival", judged(&[], &[], &[("rmse", 20.0), ("mae", 9.5)], 1_000), told);
        check("arrival", judged(&[], &[], &[("rmse", 20.0)], 1_000), None);
        assert_eq!(template("churn").and_then(|t| t.verdict(&[])), None);
    }

    #[test]
    fn a_story_says_what_to_do() {
        for (at, shown) in SHOWN.iter().enumerate() {
            for template in &ALL {
                assert!(template.story[at].1.contains(shown), "{}: {shown}", template.id);
                assert!(template.document().nodes().contains_key(&NodeId((*shown).to_owned())));
            }
            assert!(next(at, Some(NodeState::Ready)).contains("Run this step"));
            assert!(next(at, None).contains("Undo"));
        }
    }

    /// Columns that templates name are in the samples' heads.
    #[test]
    fn templates_name_columns_that_there_are() {
        for template in &ALL {
            let path = format!("{}/../public/samples/{}.csv", env!("CARGO_MANIFEST_DIR"), template.sample);
            let text = std::fs::read_to_string(&path).expect("a bundled sample");
            let names: Vec<&str> = text.lines().next().unwrap_or_default().split(',').collect();
            assert!(names.contains(&template.target), "{}: {}", template.id, template.target);
            for params in [template.chart.1, template.split] {
                let params: Value = serde_json::from_str(params).expect("JSON");
                for (name, value) in params.as_object().expect("an object") {
                    let listed = value.as_array().cloned().unwrap_or_else(|| vec![value.clone()]);
                    for column in listed.iter().filter_map(Value::as_str).filter(|_| name != "how") {
                        assert!(names.contains(&column), "{}: {column}", template.id);
                    }
                }
            }
        }
    }
}
