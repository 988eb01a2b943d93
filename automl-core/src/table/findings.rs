//! Collects what is wrong with a file without drowning the reader: one diagnostic a kind of fault, with how often
//! and where first; and at most a few columns a kind of remark.

use crate::diagnostic::{Diagnostic, Severity};
use std::collections::BTreeMap;

/// Diagnostics of one code that are shown one by one.
const SHOWN_OF_A_CODE: usize = 10;

/// A kind of fault in the records of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Fault {
    Empty,
    HeaderOnly,
    BadOption,
    ShortRow,
    LongRow,
    UnclosedQuote,
    Nul,
    BadEncoding,
    EmptyHeader,
    DuplicateHeader,
    TooManyColumns,
    TooManyRows,
    BadJson,
    Unreadable,
}

impl Fault {
    /// Severity, code, message (`{n}` is how often), remedy.
    fn text(self) -> (Severity, &'static str, &'static str, &'static str) {
        use Severity::{Error, Info, Warning};
        match self {
            Self::Empty => (Error, "table.empty", "The file is empty.", "Choose a file that has rows."),
            Self::HeaderOnly => (
                Error,
                "table.no_rows",
                "The file has a header but no rows.",
                "Choose a file that has rows, or say that it has no header.",
            ),
            Self::BadOption => (
                Warning,
                "csv.bad_option",
                "The delimiter and the quote must be two different plain characters; the setting was passed over.",
                "Choose a comma, semicolon, tab or bar.",
            ),
            Self::ShortRow => (
                Warning,
                "csv.ragged_row",
                "{n} row(s) have fewer fields than there are columns; the rest of the row is taken as missing.",
                "Look at the row in the file, or choose another delimiter or quote.",
            ),
            Self::LongRow => (
                Warning,
                "csv.long_row",
                "{n} row(s) have more fields than there are columns; the extra fields are left out.",
                "Look at the row in the file: fields that hold the delimiter must be in quotes.",
            ),
            Self::UnclosedQuote => (
                Warning,
                "csv.unclosed_quote",
                "{n} row(s) open a quote that is never closed; the quote is taken as an ordinary character.",
                "Close the quote in the file, or choose another quote character.",
            ),
            Self::Nul => (
                Warning,
                "csv.nul_byte",
                "{n} NUL character(s) were left out.",
                "The file may be damaged or in another encoding: check the values.",
            ),
            Self::BadEncoding => (
                Warning,
                "csv.encoding",
                "{n} part(s) of the file are not valid in its encoding and were read as Windows-1252 instead.",
                "Check the letters with accents, or choose another encoding.",
            ),
            Self::EmptyHeader => (
                Info,
                "csv.empty_header",
                "{n} column(s) have no name and were named after their position.",
                "Give the column a name in the file if you need one.",
            ),
            Self::DuplicateHeader => (
                Warning,
                "csv.duplicate_header",
                "{n} column(s) bear the name of another column and were numbered.",
                "Give the columns different names in the file.",
            ),
            Self::TooManyColumns => (
                Error,
                "table.too_many_columns",
                "The file has too many columns; those beyond the first 100,000 were left out.",
                "Choose another delimiter, or keep only the columns that matter.",
            ),
            Self::TooManyRows => (
                Error,
                "table.too_many_rows",
                "The file has too many rows; {n} were left out.",
                "Take a sample of the rows.",
            ),
            Self::BadJson => (
                Warning,
                "json.bad_line",
                "{n} line(s) are no JSON objects and were left out.",
                "Write one JSON object a line.",
            ),
            Self::Unreadable => {
                (Error, "table.unreadable", "The file cannot be read.", "Choose another file.")
            }
        }
    }
}

#[derive(Debug, Clone)]
struct Noted {
    count: u64,
    row: Option<u64>,
    column: Option<String>,
}

#[derive(Debug, Clone, Default)]
pub(crate) struct Findings {
    faults: BTreeMap<Fault, Noted>,
    remarks: Vec<Diagnostic>,
    remarks_by_code: BTreeMap<String, usize>,
}

impl Findings {
    /// Counts a fault; the first one's place is kept. `row` is the 1-based data row.
    pub(crate) fn note(&mut self, fault: Fault, row: Option<u64>, column: Option<&str>) {
        self.note_many(fault, 1, row, column);
    }

    pub(crate) fn note_many(&mut self, fault: Fault, count: u64, row: Option<u64>, column: Option<&str>) {
        if count == 0 {
            return;
        }
        self.faults.entry(fault).and_modify(|noted| noted.count += count).or_insert_with(|| Noted {
            count,
            row,
            column: column.map(str::to_string),
        });
    }

    /// Adds a remark about one column; beyond the first few of a code they are only counted.
    pub(crate) fn remark(&mut self, diagnostic: Diagnostic) {
        let seen = self.remarks_by_code.entry(diagnostic.code.clone()).or_insert(0);
        *seen += 1;
        if *seen <= SHOWN_OF_A_CODE {
            self.remarks.push(diagnostic);
        }
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut out = Vec::new();
        for (fault, noted) in self.faults {
            let (severity, code, message, remedy) = fault.text();
            let mut diagnostic = Diagnostic::new(severity, code, counted(message, noted.count), remedy);
            diagnostic.row = noted.row;
            diagnostic.column = noted.column;
            out.push(diagnostic);
        }
        for remark in self.remarks {
            out.push(remark);
        }
        for (code, seen) in self.remarks_by_code {
            if seen > SHOWN_OF_A_CODE
                && let Some(last) = out.iter().rposition(|d| d.code == code)
            {
                let more = seen - SHOWN_OF_A_CODE;
                let text = format!("{} The same holds of {more} more column(s).", out[last].message);
                out[last].message = text;
            }
        }
        out
    }
}

/// Puts the count into a message: `{n} row(s) have` → `1 row has` is not attempted; `row(s)` → `row` or `rows`.
fn counted(message: &str, n: u64) -> String {
    let one = n == 1;
    let mut text = message.replace("{n}", &n.to_string()).replace("(s)", if one { "" } else { "s" });
    if one {
        for (many, single) in [
            (" have ", " has "),
            (" open ", " opens "),
            (" are ", " is "),
            (" were ", " was "),
            (" bear ", " bears "),
            ("are no JSON objects", "is no JSON object"),
            ("is no JSON objects", "is no JSON object"),
        ] {
            text = text.replacen(many, single, 1);
        }
    }
    text
}
