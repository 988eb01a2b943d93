//! A table written or pasted into the pipeline.

use crate::kind::{
    Done, Example, FieldKind, FieldSpec, Finding, Given, Group, Inputs, KindSpec, Operation, Rows, wanted,
};
use crate::table::{Format, ReadOptions, read};
use serde_json::json;

/// `source.paste`
pub(in crate::kind) struct Paste;

/// Bytes of text: it is part of the pipeline, and of its link.
const MOST_BYTES: usize = 100_000;

impl Operation for Paste {
    fn spec(&self) -> KindSpec {
        let help = "A small table that you write or paste here, with its names in the first line.";
        let mut spec = KindSpec::new("source.paste", "Pasted table", Group::Source, Rows::Together, help);
        spec.more =
            "Cells copied from a spreadsheet can be pasted as they are. The text becomes part of the \
                     pipeline, and goes wherever the pipeline goes."
                .to_owned();
        spec.words = "clipboard csv inline constant lookup type in".to_owned();
        spec.inputs = Vec::new();
        let kind = FieldKind::Text {
            default: String::new(),
            multiline: true,
            placeholder: "name,age\nAnn,34\nBob,28".to_owned(),
        };
        spec.fields = vec![
            FieldSpec::new("text", "Table", "Lines of values with commas, semicolons or tabs between.", kind)
                .required(),
        ];
        spec.example = Some(Example::new(
            &[],
            json!({"text": "shop;opened\nnorth;2019-05-01\nsouth;2021-03-15\n"}),
            "Two rows and two columns, the second of dates.",
        ));
        spec
    }

    fn run(&self, given: &Given<'_>, _inputs: &Inputs<'_>) -> Result<Done, Vec<Finding>> {
        let text = given.text("text");
        if text.len() > MOST_BYTES {
            let message = format!("The text has {} bytes; at most {MOST_BYTES} are held here.", text.len());
            return Err(wanted::error("text", "paste.too_long", message, "Save it as a file and open that."));
        }
        let (table, report) = read(text.as_bytes(), Format::Csv, &ReadOptions::default());
        let findings: Vec<Finding> =
            report.diagnostics.into_iter().map(|d| Finding::at_param("text", d)).collect();
        if findings.iter().any(|f| f.diagnostic.is_error()) {
            return Err(findings);
        }
        Ok(Done { findings, ..Done::table(table) })
    }
}
