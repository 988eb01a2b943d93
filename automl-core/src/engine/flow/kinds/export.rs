//! Files: named here, saved by whoever runs the pipeline.

use crate::kind::{FieldSpec, Group, KindSpec, PortSpec, PortType, Rows};

fn spec(id: &str, title: &str, ty: PortType, help: &str, default: &str) -> KindSpec {
    let mut spec = KindSpec::new(id, title, Group::Export, Rows::Together, help);
    let name = id.rsplit('.').next().unwrap_or(id);
    spec.inputs = vec![PortSpec::new(name, title, ty)];
    spec.outputs = spec.inputs.clone();
    spec.words = "save download write file".to_owned();
    spec.fields = vec![FieldSpec::text("name", "File name", "What the file is called.", default)];
    spec
}

/// `export.table`, `export.model`, `export.report`
pub(super) fn all() -> [KindSpec; 3] {
    [
        spec("export.table", "Table file", PortType::Table, "A table as a CSV file.", "table.csv"),
        spec("export.model", "Model file", PortType::Model, "A model as a file that predicts elsewhere.", "model.trellis"),
        spec("export.report", "Report file", PortType::Report, "A report as a web page of its own.", "report.html"),
    ]
}
