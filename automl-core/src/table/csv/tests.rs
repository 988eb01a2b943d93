mod passes;

use super::CsvReader;
use crate::numeric::Rng;
use crate::table::{
    Column, ColumnType, Decimal, Encoding, Format, ReadOptions, ReadReport, Table, read, write_csv,
};
use proptest::prelude::*;

fn of(bytes: &[u8]) -> (Table, ReadReport) {
    read(bytes, Format::Csv, &ReadOptions::default())
}

fn names(table: &Table) -> Vec<&str> {
    table.columns.iter().map(|c| c.name.as_str()).collect()
}

fn texts(column: &Column) -> Vec<String> {
    (0..column.len()).map(|row| column.text(row).map_or("<missing>".into(), |t| t.into_owned())).collect()
}

/// Every row's values, joined by bars.
fn rows(table: &Table) -> Vec<String> {
    let columns: Vec<Vec<String>> = table.columns.iter().map(texts).collect();
    (0..table.rows).map(|row| columns.iter().map(|c| c[row].as_str()).collect::<Vec<_>>().join("|")).collect()
}

/// Code, row and column of every finding about the file's records.
fn faults(report: &ReadReport) -> Vec<(String, Option<u64>, Option<String>)> {
    let of_file = |code: &str| code.starts_with("csv.") || code.starts_with("table.");
    let found = report.diagnostics.iter().filter(|d| of_file(&d.code));
    found.map(|d| (d.code.clone(), d.row, d.column.clone())).collect()
}

fn check_rows(text: &str, expected: &[&str]) -> (Table, ReadReport) {
    let (table, report) = of(text.as_bytes());
    assert_eq!(rows(&table), expected, "{text:?} {report:?}");
    assert!(table.columns.iter().all(|c| c.len() == table.rows));
    (table, report)
}

fn check_dialect(text: &str, delimiter: u8, has_header: bool, decimal: Decimal) -> Table {
    let (table, report) = of(text.as_bytes());
    let dialect = report.dialect.unwrap();
    let got = (char::from(dialect.delimiter), dialect.has_header, dialect.decimal);
    assert_eq!(got, (char::from(delimiter), has_header, decimal), "{text:?}");
    table
}

#[test]
fn delimiters_are_found() {
    use Decimal::{Comma, Point};
    check_dialect("a,b\n1,2\n3,4\n", b',', true, Point);
    check_dialect("a;b\n1,5;2\n3;4,25\n", b';', true, Comma);
    check_dialect("a;b\n1.5;2\n3;4\n", b';', true, Point);
    check_dialect("a\tb\nx, y\t2\nz\t4\n", b'\t', true, Point);
    check_dialect("a|b|c\n1|2|x\n3|4|y\n", b'|', true, Point);
    check_dialect("1;2,5;7,5\n2;3,5;8,5\n", b';', false, Comma);
    let table = check_dialect("  x   y\n  1  20\n 10   3\n", b' ', true, Point);
    assert_eq!(rows(&table), ["1|20", "10|3"]);
    let table = check_dialect("sep=;\na;b\n1;2\n", b';', true, Point);
    assert_eq!((names(&table), rows(&table)), (vec!["a", "b"], vec!["1|2".to_string()]));
    let table = check_dialect("a,b\n\"1,5\",x\n\"2,5\",y\n", b',', true, Comma);
    assert_eq!(table.columns[0].number(0), Some(1.5));
}

#[test]
fn single_columns_are_not_split() {
    let (table, _) = of(b"review\nGood, really\nBad\nNot bad; not good\nFine\n");
    assert_eq!(table.columns.len(), 1);
    assert_eq!(table.rows, 4);
    assert_eq!(of(b"x\n1\n2\n3\n").0.columns.len(), 1);
}

#[test]
fn single_quotes_are_found() {
    let (table, report) = of(b"a,b\n'x, y',1\n'z',2\n'u, v',3\n");
    assert_eq!(report.dialect.unwrap().quote, b'\'');
    assert_eq!(rows(&table), ["x, y|1", "z|2", "u, v|3"]);
}

#[test]
fn headers_are_told_from_rows() {
    use Decimal::Point;
    check_dialect("5.1,3.5,setosa\n4.9,3.0,setosa\n6.0,3.1,other\n", b',', false, Point);
    check_dialect("name,colour\nann,red\nbob,blue\n", b',', true, Point);
    check_dialect("red,ann\nblue,bob\nred,cy\n", b',', false, Point);
    check_dialect(",x\n0,a\n1,b\n", b',', true, Point);
    check_dialect("a,b\n", b',', true, Point);
    check_dialect("1,2\n", b',', false, Point);
    let options = ReadOptions { has_header: Some(false), ..ReadOptions::default() };
    let (table, _) = read(b"a,b\n1,2\n", Format::Csv, &options);
    assert_eq!((table.rows, names(&table)), (2, vec!["column_1", "column_2"]));
}

#[test]
fn encodings_are_found() {
    let text = "name,città\nJosé,1\nŽofia €,2\n日本 😀,3\n";
    let utf16 = |big: bool| -> Vec<u8> {
        text.encode_utf16().flat_map(|u| if big { u.to_be_bytes() } else { u.to_le_bytes() }).collect()
    };
    let with = |mark: &[u8], body: &[u8]| [mark, body].concat();
    for (bytes, encoding) in [
        (text.as_bytes().to_vec(), Encoding::Utf8),
        (with(&[0xef, 0xbb, 0xbf], text.as_bytes()), Encoding::Utf8),
        (with(&[0xff, 0xfe], &utf16(false)), Encoding::Utf16Le),
        (with(&[0xfe, 0xff], &utf16(true)), Encoding::Utf16Be),
        (utf16(false), Encoding::Utf16Le),
        (utf16(true), Encoding::Utf16Be),
    ] {
        let (table, report) = of(&bytes);
        assert_eq!(report.dialect.unwrap().encoding, encoding);
        assert_eq!(names(&table), ["name", "città"]);
        assert_eq!(rows(&table), ["José|1", "Žofia €|2", "日本 😀|3"]);
    }
    let (table, report) = of(b"name,x\nJos\xe9,1\n\x80uro \x93q\x94,2\n");
    assert_eq!(report.dialect.unwrap().encoding, Encoding::Windows1252);
    assert_eq!(rows(&table), ["José|1", "€uro “q”|2"]);
}

#[test]
fn a_stray_byte_far_down_is_read_and_told() {
    let mut bytes = b"name,x\n".to_vec();
    for i in 0..20_000 {
        bytes.extend_from_slice(format!("row{i},{}\n", i * 3 % 17).as_bytes());
    }
    bytes.extend_from_slice(b"caf\xe9,5\nlast,6\n");
    let (table, report) = of(&bytes);
    assert_eq!(table.rows, 20_002);
    assert_eq!(table.columns[0].text(20_000).as_deref(), Some("café"));
    assert_eq!(faults(&report), [("csv.encoding".to_string(), Some(20_001), None)]);
}

#[test]
fn ragged_rows() {
    let (_, report) =
        check_rows("a,b,c\n1,2,3\n4,5\n6,7,8,9\n1,1,1\n", &["1|2|3", "4|5|<missing>", "6|7|8", "1|1|1"]);
    assert_eq!(
        faults(&report),
        [
            ("csv.ragged_row".to_string(), Some(2), Some("c".to_string())),
            ("csv.long_row".to_string(), Some(3), None),
        ]
    );
    let (_, report) = check_rows("a,b\n1,2,\n3,4,\n", &["1|2", "3|4"]);
    assert_eq!(faults(&report), []);
    let (table, _) = check_rows("a,b\nr1,1,2\nr2,3,4\n", &["r1|1|2", "r2|3|4"]);
    assert_eq!(names(&table), ["column_1", "a", "b"]);
}

#[test]
fn quotes() {
    check_rows(
        "a,b\n\"x\"\"y\",\"1,5\"\n\"two\nlines\",\"2,5\"\r\n\"\",\"\"\n",
        &["x\"y|1,5", "two\nlines|2,5", "<missing>|<missing>"],
    );
    check_rows("a,b\n5\" pipe,1\n6\" pipe,2\n", &["5\" pipe|1", "6\" pipe|2"]);
    let (_, report) = check_rows("a,b\nx,1\n\"y,2\nz,3\nw,4\n", &["x|1", "y|2", "z|3", "w|4"]);
    assert_eq!(faults(&report), [("csv.unclosed_quote".to_string(), Some(2), None)]);
    // A stray quote that meets the opening quote of a later field.
    let (_, report) = check_rows("a,b\nx,1\n\"y,2\nz,3\n\"w\",4\n", &["x|1", "y|2", "z|3", "w|4"]);
    assert_eq!(faults(&report), [("csv.unclosed_quote".to_string(), Some(2), None)]);
}

#[test]
fn nul_bytes_are_left_out() {
    let (_, report) = check_rows("a,b\nx\0y,1\nz,2\n", &["xy|1", "z|2"]);
    assert_eq!(faults(&report), [("csv.nul_byte".to_string(), Some(1), None)]);
}

#[test]
fn names_are_made_distinct() {
    let (table, report) = of(b"x,,x,x_2,x, y \n1,2,3,4,5,6\n");
    assert_eq!(names(&table), ["x", "column_2", "x_3", "x_2", "x_4", "y"]);
    assert_eq!(
        faults(&report).iter().map(|f| f.0.as_str()).collect::<Vec<_>>(),
        ["csv.empty_header", "csv.duplicate_header"]
    );
}

#[test]
fn line_ends_and_blank_lines() {
    for text in ["a,b\n1,x\n2,y\n", "a,b\r\n1,x\r\n2,y", "a,b\r1,x\r2,y\r", "\n\na,b\n\n1,x\n\n2,y\n\n\n"] {
        check_rows(text, &["1|x", "2|y"]);
    }
}

#[test]
fn nothing_and_next_to_nothing() {
    for (text, code) in [
        ("", "table.empty"),
        ("\n\n", "table.empty"),
        ("\u{feff}", "table.empty"),
        ("a,b\n", "table.no_rows"),
    ] {
        let (table, report) = of(text.as_bytes());
        assert_eq!(table.rows, 0);
        let errors: Vec<&str> =
            report.diagnostics.iter().filter(|d| d.is_error()).map(|d| d.code.as_str()).collect();
        assert_eq!(errors, [code], "{text:?}");
    }
    check_rows("a\n1", &["1"]);
}

#[test]
fn ten_thousand_columns() {
    let line = |f: &dyn Fn(usize) -> String| (0..10_000).map(f).collect::<Vec<_>>().join(",");
    let rows: Vec<String> = (0..5).map(|r| line(&|c| (r * c).to_string())).collect();
    let text = format!("{}\n{}\n", line(&|c| format!("c{c}")), rows.join("\n"));
    let (table, report) = of(text.as_bytes());
    assert_eq!((table.columns.len(), table.rows), (10_000, 5));
    assert_eq!(table.columns[9_999].number(4), Some(39_996.0));
    assert!(report.diagnostics.iter().all(|d| !d.is_error()));
}

#[test]
fn options_overrule_what_is_found() {
    let options = ReadOptions {
        delimiter: Some(b';'),
        decimal: Some(Decimal::Point),
        missing: Some(vec!["none at all".into()]),
        types: [("b".to_string(), ColumnType::Categorical)].into(),
        ..ReadOptions::default()
    };
    let (table, report) = read(b"a;b\nNA;1\nx;2\nnone at all;1\n", Format::Csv, &options);
    assert_eq!(rows(&table), ["NA|1", "x|2", "<missing>|1"]);
    assert_eq!(table.columns[1].ty, ColumnType::Categorical);
    assert_eq!(report.dialect.unwrap().missing_tokens, ["none at all"]);
    let bad = ReadOptions { delimiter: Some(b'\n'), ..ReadOptions::default() };
    let (table, report) = read(b"a,b\n1,2\n", Format::Csv, &bad);
    assert_eq!(table.columns.len(), 2);
    assert_eq!(faults(&report)[0].0, "csv.bad_option");
}

#[test]
fn a_next_file_is_read_as_the_first_was() {
    let (table, report) =
        of(b"when,plan,size,id\n31/01/2024,yes,1,x1\n01/02/2024,no,2.5,x2\n05/06/2024,no,3,x3\n");
    let next = report.options_for_next(&table, &ReadOptions::default());
    let (one, _) = read(b"size,plan,when\n4,yes,03/04/2024\n", Format::Csv, &next);
    let types: Vec<ColumnType> = one.columns.iter().map(|c| c.ty).collect();
    assert_eq!(types, [ColumnType::Numeric, ColumnType::Boolean, ColumnType::Datetime]);
    assert_eq!(one.columns[2].text(0).as_deref(), Some("2024-04-03"));
}

/// The same table and findings, however the bytes come.
fn check_chunks(bytes: &[u8], sizes: &[usize]) {
    let whole = of(bytes);
    for &size in sizes {
        let mut reader = CsvReader::new(ReadOptions::default());
        bytes.chunks(size).for_each(|chunk| reader.push(chunk));
        let (table, report) = reader.finish();
        assert_eq!(rows(&table), rows(&whole.0), "chunks of {size}");
        assert_eq!(report.dialect, whole.1.dialect);
        assert_eq!(report.rows_skipped, whole.1.rows_skipped);
    }
}

#[test]
fn chunks_make_no_difference() {
    let mut text = String::from("a,b,c\n");
    for i in 0..6000 {
        text.push_str(&format!("{i},\"line\nof {}\",é{}\r\n", i % 7, i % 11));
    }
    check_chunks(text.as_bytes(), &[1, 7, 64 << 10, 100_000]);
    let utf16: Vec<u8> = text.encode_utf16().flat_map(u16::to_le_bytes).collect();
    check_chunks(&[&[0xff, 0xfe], utf16.as_slice()].concat(), &[3, 4097]);
}

#[test]
fn unclosed_quotes_everywhere_take_no_quadratic_time() {
    let mut text = String::from("a,b\n");
    for i in 0..100_000 {
        text.push_str(&format!("\"x{i},1\n"));
    }
    let (table, _) = of(text.as_bytes());
    assert!(table.rows > 40_000);
}

/// The bundled broken files, each read whole and in pieces.
#[test]
fn broken_files() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/csv");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    assert!(paths.len() >= 20);
    for path in paths {
        let bytes = std::fs::read(&path).unwrap();
        let (table, report) = of(&bytes);
        assert!(table.columns.iter().all(|c| c.len() == table.rows), "{path:?}");
        assert!(table.rows > 0 || report.diagnostics.iter().any(|d| d.is_error()), "{path:?}");
        check_chunks(&bytes, &[1, 13]);
    }
}

/// Ten thousand files made of a corpus file by random cuts, swaps and insertions, all read without a panic.
#[test]
fn ten_thousand_mutations() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/csv");
    let mut paths: Vec<_> = std::fs::read_dir(folder).unwrap().map(|e| e.unwrap().path()).collect();
    paths.sort();
    let corpus: Vec<Vec<u8>> = paths.iter().map(|p| std::fs::read(p).unwrap()).collect();
    let pieces: [&[u8]; 16] = [
        b"\"",
        b"\"\"",
        b",",
        b";",
        b"\n",
        b"\r",
        b"\r\n",
        b"\0",
        b"\xff",
        b"\xff\xfe",
        b"\xc3",
        b"\t",
        b"1e999",
        b"-",
        b"01/02/2024",
        b"'",
    ];
    let mut rng = Rng::new(20);
    for round in 0..10_000 {
        let mut bytes = corpus[rng.below(corpus.len())].clone();
        bytes.truncate(2000);
        for _ in 0..=rng.below(6) {
            let at = rng.below(bytes.len() + 1);
            match rng.below(4) {
                0 => bytes.truncate(at),
                1 => {
                    bytes.splice(at..at, pieces[rng.below(pieces.len())].iter().copied());
                }
                2 if at < bytes.len() => bytes[at] = rng.next_u64() as u8,
                _ => {
                    let end = (at + rng.below(20)).min(bytes.len());
                    bytes.drain(at..end);
                }
            }
        }
        let (table, report) = of(&bytes);
        assert!(table.columns.iter().all(|c| c.len() == table.rows), "round {round}");
        assert_eq!(report.bytes, bytes.len() as u64);
        if round % 10 == 0 {
            check_chunks(&bytes, &[1 + rng.below(50)]);
        }
    }
}

fn field() -> impl Strategy<Value = Option<String>> {
    prop_oneof![
        2 => Just(None),
        3 => "[a-zà-ü日 ,;\"'\n\t|.-]{1,12}".prop_map(Some),
        3 => (-1e6..1e6f64).prop_map(|x| Some(x.to_string())),
        2 => (0..50i32).prop_map(|x| Some(x.to_string())),
        1 => Just(Some("yes".to_string())),
        1 => Just(Some("2024-03-01".to_string())),
    ]
}

proptest! {
    /// What is written reads back as the same values.
    #[test]
    fn round_trip(columns in prop::collection::vec(prop::collection::vec(field(), 6), 1..5)) {
        let table = table_of(&columns);
        let written = write_csv(&table);
        let options = ReadOptions {
            delimiter: Some(b','),
            quote: Some(b'"'),
            has_header: Some(true),
            decimal: Some(Decimal::Point),
            missing: Some(vec![String::new()]),
            encoding: Some(Encoding::Utf8),
            types: table.columns.iter().map(|c| (c.name.clone(), c.ty)).collect(),
            ..ReadOptions::default()
        };
        let (back, _) = read(written.as_bytes(), Format::Csv, &options);
        prop_assert_eq!(rows(&back), rows(&table), "{}", written);
    }

    /// A quoted file of plain fields is split as they were joined, by whichever delimiter.
    #[test]
    fn fields_survive(fields in prop::collection::vec(prop::collection::vec("[a-z]{1,5}[0-9]", 3), 3..20), d in 0..4usize) {
        let delimiter = [",", ";", "\t", "|"][d];
        let lines: Vec<String> = fields.iter().map(|f| f.join(delimiter)).collect();
        let text = format!("name{delimiter}b{delimiter}c\n{}\n", lines.join("\n"));
        let options = ReadOptions { has_header: Some(true), ..ReadOptions::default() };
        let (table, _) = read(text.as_bytes(), Format::Csv, &options);
        let expected: Vec<String> = fields.iter().map(|f| f.join("|")).collect();
        prop_assert_eq!(rows(&table), expected);
    }
}

/// A table of columns whose fields are given, typed as they look.
fn table_of(columns: &[Vec<Option<String>>]) -> Table {
    use crate::table::infer::{ColumnBuilder, Parsing};
    let parsing = Parsing::new(Decimal::Point, Some(&[String::new()]), None);
    let columns = columns.iter().enumerate().map(|(at, fields)| {
        let mut builder = ColumnBuilder::new(None, 0);
        for field in fields {
            match field {
                Some(text) => builder.push(text, &parsing),
                None => builder.push_missing(),
            }
        }
        builder.finish(&format!("c{at}"), &parsing).column
    });
    Table::from_columns(columns.collect()).unwrap()
}
