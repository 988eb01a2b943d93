//! Files that are no text at all, told by their first bytes, so that nobody gets a table of rubbish.

use crate::diagnostic::Diagnostic;

const SHEET: &str = "Open it in a spreadsheet program and save the sheet as CSV.";
const UNPACK: &str = "Unpack it first.";
const TABLE: &str = "Choose a table: a text file with a line for each row.";
const AS_CSV: &str = "Save the table as CSV.";
const ENDING: &str =
    "Save the table as CSV; or give it its usual ending and use the command line, which reads such files.";

/// First bytes, what a file that begins with them is, and what to do.
const KINDS: &[(&[u8], &str, &str)] = &[
    (b"\x89PNG\r\n", "a picture (PNG)", TABLE),
    (b"\xff\xd8\xff", "a picture (JPEG)", TABLE),
    (b"GIF8", "a picture (GIF)", TABLE),
    (b"%PDF-", "a PDF document", TABLE),
    (b"PK\x03\x04", "an Excel workbook or a ZIP archive", "Save the sheet as CSV, or unpack the archive."),
    (b"\xd0\xcf\x11\xe0\xa1\xb1", "an Excel workbook or another Office document", SHEET),
    (b"\x1f\x8b", "packed (gzip)", UNPACK),
    (b"\x28\xb5\x2f\xfd", "packed (Zstandard)", UNPACK),
    (b"BZh", "packed (bzip2)", UNPACK),
    (b"7z\xbc\xaf\x27\x1c", "packed (7-Zip)", UNPACK),
    (b"PAR1", "a Parquet file", ENDING),
    (b"ARROW1", "an Arrow file", ENDING),
    (b"SQLite format 3\0", "an SQLite database", AS_CSV),
];

/// What pages of the web begin with, in any case.
const PAGES: [&str; 2] = ["<!doctype html", "<html"];

/// Whether a file that begins with `head` is a page of the web: what many addresses give in place of a table.
fn is_page(head: &[u8]) -> bool {
    let head = head.strip_prefix(b"\xef\xbb\xbf").unwrap_or(head).trim_ascii_start();
    PAGES.iter().any(|p| head.get(..p.len()).is_some_and(|start| start.eq_ignore_ascii_case(p.as_bytes())))
}

/// Why a file that begins with `head` is no CSV, if so.
pub(super) fn refusal(head: &[u8]) -> Option<Diagnostic> {
    if is_page(head) {
        return Some(Diagnostic::error(
            "table.is_page",
            "This is a web page, not a table in text form.",
            "Use the address of the table itself, which a page often calls \"Download\" or \"Raw\".",
        ));
    }
    let (start, what, remedy) = KINDS.iter().find(|(start, _, _)| head.starts_with(start))?;
    // A few letters may begin a text, too; the rest of such a file then has no zero byte.
    let plain = start.iter().all(|b| b.is_ascii_graphic());
    let is_text = plain && !head.contains(&0) && std::str::from_utf8(head).is_ok();
    (!is_text).then(|| {
        Diagnostic::error("table.not_text", format!("The file is {what}, not a table in text form."), *remedy)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_text_is_named() {
        for (start, what, _) in KINDS {
            let mut file = start.to_vec();
            file.extend([0, 1, 2, 255]);
            let told = refusal(&file).expect("refused");
            assert!(told.is_error() && told.message.contains(what), "{}", told.message);
        }
    }

    #[test]
    fn web_pages_are_told_by_their_beginning() {
        let check = |text: &str, expected: bool| assert_eq!(is_page(text.as_bytes()), expected, "{text}");
        check("<!DOCTYPE html>\n<html lang=\"en\">", true);
        check("\u{feff}\n  <!doctype HTML PUBLIC", true);
        check("<html><head>", true);
        check("<htm", false);
        check("a,<html>\n1,2\n", false);
        check("<table>,b\n", false);
        check("", false);
        let told = refusal(b"<html>").expect("refused");
        assert!(told.is_error() && told.remedy.contains("Download"));
    }

    #[test]
    fn texts_may_begin_with_any_letters() {
        for text in ["BZh,a\n1,2\n", "PAR1,x\n", "GIF8;b\n", "a,b\n", ""] {
            assert_eq!(refusal(text.as_bytes()), None, "{text}");
        }
    }
}
