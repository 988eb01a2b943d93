//! Files that the page does not read, told by their names before they are read.

use automl_core::diagnostic::Diagnostic;
use automl_core::table::Format;

/// Why a file of this name is not read here, if so.
pub fn unreadable_here(name: &str) -> Option<Diagnostic> {
    let what = match Format::from_name(name) {
        Format::Parquet => "Parquet",
        Format::ArrowIpc => "Arrow",
        Format::Csv | Format::JsonLines => return None,
    };
    Some(Diagnostic::error(
        "file.columnar",
        format!("{name} is {what}, which this page does not read."),
        "Save it as CSV and drop that here, or use the command line, which reads it: trellis fit FILE --target COLUMN.",
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columnar_files_are_refused_with_a_way_out() {
        for name in ["a.parquet", "b.PQ", "c.arrow", "d.feather"] {
            let told = unreadable_here(name).expect("refused");
            assert!(told.is_error() && told.message.starts_with(name) && told.remedy.contains("CSV"));
        }
        assert_eq!(unreadable_here("a.csv"), None);
        assert_eq!(unreadable_here("a.jsonl"), None);
    }
}
