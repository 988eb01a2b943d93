//! Reading a whole file.

use super::csv::CsvReader;
use super::options::{Format, ReadOptions, ReadReport};
use super::{Table, json};

/// Bytes that are decoded and split at a time: few enough to stay in the processor's cache.
const CHUNK: usize = 256 << 10;

/// Reads a file. It never fails: what cannot be read is told in the report, and an unreadable file gives an
/// empty table and an error among the diagnostics.
pub fn read(bytes: &[u8], format: Format, options: &ReadOptions) -> (Table, ReadReport) {
    match format {
        Format::Csv => {
            let mut reader = CsvReader::new(options.clone()).expecting(bytes.len() as u64);
            bytes.chunks(CHUNK).for_each(|chunk| reader.push(chunk));
            reader.finish()
        }
        Format::JsonLines => json::read(bytes, options),
        Format::Parquet | Format::ArrowIpc => read_columnar(bytes, format, options),
    }
}

#[cfg(feature = "columnar")]
fn read_columnar(bytes: &[u8], format: Format, options: &ReadOptions) -> (Table, ReadReport) {
    let reader = super::ColumnarReader::new(options.clone(), format);
    let file: std::sync::Arc<dyn super::Ranges> = std::sync::Arc::new(bytes::Bytes::copy_from_slice(bytes));
    // Memory does not fail.
    reader.read(&file).unwrap_or_default()
}

#[cfg(not(feature = "columnar"))]
fn read_columnar(bytes: &[u8], format: Format, _options: &ReadOptions) -> (Table, ReadReport) {
    let name = if format == Format::Parquet { "Parquet" } else { "Arrow" };
    let diagnostic = crate::diagnostic::Diagnostic::error(
        "table.format_not_built_in",
        format!("This build does not read {name} files."),
        "Save the table as CSV, or use the command line, which reads them.",
    );
    let report =
        ReadReport { diagnostics: vec![diagnostic], bytes: bytes.len() as u64, ..ReadReport::default() };
    (Table::default(), report)
}
