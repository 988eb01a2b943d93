//! Tables from outside: declarations alone, as whoever runs a pipeline brings the tables.

use crate::kind::{Example, FieldKind, FieldSpec, Group, KindSpec, Rows};
use serde_json::json;

/// `source.file`, `source.sample`, `source.url`.
pub(in crate::kind) fn outside() -> Vec<KindSpec> {
    vec![file(), sample(), url()]
}

fn source(id: &str, title: &str, help: &str) -> KindSpec {
    let mut spec = KindSpec::new(id, title, Group::Source, Rows::Together, help);
    spec.inputs = Vec::new();
    spec
}

/// How the file is read, as `table::ReadOptions`; whoever opens it sets this.
fn reading() -> FieldSpec {
    FieldSpec::new("read", "Reading", "How the file is read.", FieldKind::Hidden)
}

fn file() -> KindSpec {
    let mut spec = source("source.file", "File", "A table from a file on this device.");
    spec.more =
        "The pipeline holds the file's name and how it is read, never its rows. Who opens the pipeline \
                 elsewhere is asked for the file."
            .to_owned();
    spec.words = "open csv parquet arrow json upload import load data".to_owned();
    spec.fields = vec![FieldSpec::text("name", "File", "The name of the file.", "").required(), reading()];
    spec
}

fn sample() -> KindSpec {
    let mut spec = source("source.sample", "Sample", "A table that comes with Trellis.");
    spec.words = "example demo dataset churn price fraud demand".to_owned();
    let samples = [
        ("churn", "Churn: which customers will leave"),
        ("price", "Price: what a house will sell for"),
        ("fraud", "Fraud: which loans will go bad"),
        ("demand", "Demand: how many people will travel"),
        ("arrival", "Arrival: how late a flight will land"),
        ("purchase", "Purchase: who will buy again"),
        ("recurrence", "Recurrence: whose illness will come back"),
        ("machine", "Machine (generated): which machines will fail"),
    ];
    spec.fields = vec![FieldSpec::choice("sample", "Sample", "Which table.", &samples), reading()];
    spec.example = Some(Example::new(&[], json!({"sample": "churn"}), "Customers, and whether they left."));
    spec
}

fn url() -> KindSpec {
    let mut spec = source("source.url", "Address", "A table from an address on the web.");
    spec.more =
        "The address is asked for the table where the pipeline runs, and may refuse pages like this one."
            .to_owned();
    spec.words = "http https web link download import".to_owned();
    let kind = FieldKind::Text {
        default: String::new(),
        multiline: false,
        placeholder: "https://example.com/table.csv".to_owned(),
    };
    spec.fields = vec![FieldSpec::new("url", "Address", "Where the table lies.", kind).required(), reading()];
    spec
}
