//! Files that are looked into, read in parts and sampled, against the same files read whole.

use super::{names, of, texts};
use crate::numeric::Rng;
use crate::table::columns::Span;
use crate::table::{
    Column, ColumnType, CsvReader, Format, Looked, ReadOptions, ReadReport, Table, Values, look_at_csv, read,
};
use proptest::prelude::*;
use std::convert::Infallible;
use std::fmt::Write;

fn look(bytes: &[u8], most_held: usize, chunk: usize) -> (Looked, u32) {
    let mut passes = 0;
    let looked = look_at_csv(&ReadOptions::default(), bytes.len() as u64, most_held, |take| {
        passes += 1;
        bytes.chunks(chunk).for_each(take);
        Ok::<(), Infallible>(())
    });
    let Ok(looked) = looked;
    (looked, passes)
}

/// A field of column `kind`; `n` is random.
fn cell(kind: u8, n: u32) -> String {
    if n.is_multiple_of(13) {
        return ["", "NA", "?", "-", "none", "null"][n as usize / 13 % 6].to_string();
    }
    match kind % 14 {
        0 => (n % 40).to_string(),
        1 => format!("{}.{:03}", n % 9000, n % 997),
        2 => format!("{}e-7", n),
        3 => ["yes", "no", "Yes", " no "][n as usize % 4].to_string(),
        4 => format!("2024-{:02}-{:02}", n % 12 + 1, n % 28 + 1),
        5 => format!("{:02}/{:02}/2023", n % 12 + 1, n % 12 + 1),
        6 => format!("{:02}/{:02}/2023 {:02}:30", n % 28 + 1, n % 12 + 1, n % 24),
        7 => ["red", "green ", "blue", "größer"][n as usize % 4].to_string(),
        8 => format!("words of a longer text, number {n}, that no other row has").repeat(1 + n as usize % 3),
        9 => format!("{:06}", n % 700),
        10 => format!("{} kg", n % 500),
        11 if n.is_multiple_of(30) => "rubbish".to_string(),
        11 => (n % 5000).to_string(),
        12 => ["inf", "1234567890123456789", "1,5", "2.5"][n as usize % 4].to_string(),
        _ => "same".to_string(),
    }
}

/// How a random file is made.
#[derive(Debug, Clone)]
struct Made {
    kinds: Vec<u8>,
    rows: usize,
    delimiter: char,
    /// Rows out of a hundred with a fault.
    faults: u32,
    header: bool,
    seed: u64,
}

impl Made {
    fn text(&self) -> String {
        let mut rng = Rng::new(self.seed);
        let mut text = String::new();
        if self.header {
            let heads = ["plan", "", "size", "plan", "customer id", "when"];
            let named = (0..self.kinds.len()).map(|c| heads[c % 6].repeat(1 + c / 12));
            let _ = writeln!(text, "{}", named.collect::<Vec<_>>().join(&self.delimiter.to_string()));
        }
        for _ in 0..self.rows {
            let fault = if rng.below(100) < self.faults as usize { rng.below(6) } else { 9 };
            let mut fields: Vec<String> =
                self.kinds.iter().map(|&kind| cell(kind, rng.next_u64() as u32 >> 8)).collect();
            match fault {
                0 => drop(fields.pop()),
                1 => fields.push("too much".to_string()),
                2 => fields[0] = "\"never closed".to_string(),
                3 => fields[0] = format!("nul\0{}", fields[0]),
                4 => text.push('\n'),
                _ => {}
            }
            let quoted = fields.iter().map(|f| {
                let needs = f.contains(self.delimiter) || rng.below(20) == 0;
                let more = if rng.below(40) == 0 { "\n\"\"more\"\" of it" } else { "" };
                if needs && !f.contains('"') { format!("\"{f}{more}\"") } else { f.clone() }
            });
            let line = quoted.collect::<Vec<_>>().join(&self.delimiter.to_string());
            text.push_str(&line);
            text.push_str(if rng.below(9) == 0 { "\r\n" } else { "\n" });
        }
        text
    }
}

fn made(most_rows: usize) -> impl Strategy<Value = Made> {
    let kinds = prop::collection::vec(0..14u8, 1..9);
    let rows = 0..most_rows;
    let delimiter = prop_oneof![Just(','), Just(';'), Just('\t')];
    let faults = prop_oneof![Just(0u32), 1..30u32];
    (kinds, rows, delimiter, faults, any::<bool>(), any::<u64>()).prop_map(
        |(kinds, rows, delimiter, faults, header, seed)| Made {
            kinds,
            rows,
            delimiter,
            faults,
            header,
            seed,
        },
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// However little is held, a look finds what reading the whole file does.
    #[test]
    fn a_look_finds_what_reading_does(made in made(300), held in 0..20_000usize, chunk in 1..5000usize) {
        let text = made.text();
        let (table, report) = of(text.as_bytes());
        let (looked, _) = look(text.as_bytes(), held, chunk);
        prop_assert_eq!(looked, Looked::of(&table, report), "{}", text);
    }

    /// Bytes of any kind.
    #[test]
    fn a_look_at_rubbish(bytes in prop::collection::vec(any::<u8>(), 0..3000), held in 0..2000usize) {
        let (table, report) = of(&bytes);
        let (looked, _) = look(&bytes, held, 700);
        prop_assert_eq!(looked, Looked::of(&table, report));
    }
}

/// A file of all kinds of columns that is long enough for each to outgrow its dictionary.
fn long(rows: usize) -> String {
    Made { kinds: (0..14).collect(), rows, delimiter: ';', faults: 2, header: true, seed: 4 }.text()
}

#[test]
fn long_columns_are_looked_into_one_by_one() {
    let text = long(9000);
    let (table, report) = of(text.as_bytes());
    let whole = Looked::of(&table, report);
    for (held, least, most) in [(0, 14, 14), (100_000, 5, 14), (600_000, 2, 6), (usize::MAX, 1, 1)] {
        let (looked, passes) = look(text.as_bytes(), held, 100_000);
        assert_eq!(looked, whole);
        assert!((least..=most).contains(&passes), "{passes} passes with {held} bytes");
    }
}

/// What the columns take stays within what may be held and one column.
#[test]
fn what_is_held_stays_within_bounds() {
    let text = long(9000);
    for most_held in [0, 50_000, 400_000] {
        // Also where the number of rows is said wrongly, or not at all.
        for (expected_bytes, rows) in
            [(text.len(), None), (0, None), (3000, None), (0, Some(20)), (0, Some(9000))]
        {
            let mut from = 0;
            while from < 14 {
                let span = Span { from, most_held, rows, ..Span::default() };
                let mut reader =
                    CsvReader::new(ReadOptions::default()).expecting(expected_bytes as u64).holding(span);
                for piece in text.as_bytes().chunks(5000) {
                    reader.push(piece);
                    let Some(state) = &reader.state else { continue };
                    let bytes = state.recorder.columns.builders.iter().map(|b| b.bytes());
                    let (all, one) = (bytes.clone().sum::<usize>(), bytes.max().unwrap_or(0));
                    assert!(
                        all <= most_held.max(one),
                        "{all} bytes held of {most_held}, {one} in one column"
                    );
                }
                reader.end();
                let Some(state) = &reader.state else { panic!("the file has columns") };
                let next = state.recorder.columns.held_up_to();
                assert!(next > from);
                from = next;
            }
        }
    }
}

#[test]
fn a_file_that_changes_is_told() {
    let check = |later: &str| {
        let mut passes = 0;
        let looked = look_at_csv(&ReadOptions::default(), 100, 8, |take| {
            passes += 1;
            take(if passes == 1 { b"a,b,c\n1,2,3\n4,5,6\n7,8,9\n" } else { later.as_bytes() });
            Ok::<(), Infallible>(())
        });
        let Ok(looked) = looked;
        let codes: Vec<&str> = looked.report.diagnostics.iter().map(|d| d.code.as_str()).collect();
        (looked.columns.len(), codes.join(","))
    };
    assert_eq!(check("a,b,c\n1,2,3\n4,5,6\n7,8,9\n"), (3, String::new()));
    for later in [
        "a,b,d\n1,2,3\n4,5,6\n7,8,9\n",
        "a,b,c\n1,2,3\n4,5,6\n7,8999\n",
        "a,b,c\n1,2,3\n",
        "",
        "%PDF-1.7\0",
        "a\n1\n",
    ] {
        assert_eq!(check(later), (0, "table.changed".to_string()), "{later:?}");
    }
    let failed = look_at_csv(&ReadOptions::default(), 0, 8, |_| Err("away"));
    assert_eq!(failed, Err("away"));
}

/// Every cell as far as a part can know it: numbers, dates and truths by value, as spellings are those that come first.
fn cells(table: &Table) -> Vec<Vec<String>> {
    let cells = |column: &Column| match &column.values {
        Values::Dict { .. } | Values::Text(_) => texts(column),
        _ => (0..column.len()).map(|row| format!("{:?}", column.number(row))).collect(),
    };
    table.columns.iter().map(cells).collect()
}

/// The options that a first look gives for reading the same file again.
fn settled(bytes: &[u8]) -> Option<ReadOptions> {
    let (looked, _) = look(bytes, 0, 1000);
    looked.report.dialect.as_ref()?;
    Some(looked.options_for_next(&ReadOptions::default()))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(300))]

    /// Parts put together are the table.
    #[test]
    fn parts_are_the_table(made in made(200), chunk in 1..3000usize, every in 1..4usize) {
        // Columns that take other decimal marks or orders of a date than the file do so for each part anew.
        let made = Made { kinds: made.kinds.iter().map(|k| if matches!(k, 5 | 6 | 12) { 0 } else { *k }).collect(), ..made };
        let text = made.text();
        let Some(options) = settled(text.as_bytes()) else { return Ok(()) };
        let (table, report) = read(text.as_bytes(), Format::Csv, &options);
        let mut reader = CsvReader::new(options);
        let mut parts: Vec<Table> = Vec::new();
        for (number, bytes) in text.as_bytes().chunks(chunk).enumerate() {
            reader.push(bytes);
            if number.is_multiple_of(every) {
                parts.extend(reader.take());
            }
        }
        prop_assert!(parts.iter().all(|part| part.rows > 0));
        let (rest, told) = reader.finish();
        parts.push(rest);
        prop_assert!(parts.iter().all(|p| names(p) == names(&table)));
        prop_assert!(parts.iter().all(|p| p.columns.iter().all(|c| c.len() == p.rows)));
        let mut together: Vec<Vec<String>> = vec![Vec::new(); table.columns.len()];
        for part in &parts {
            together.iter_mut().zip(cells(part)).for_each(|(all, more)| all.extend(more));
        }
        prop_assert_eq!(together, cells(&table), "{}", text);
        let of_rows = |report: &ReadReport| {
            report.diagnostics.iter().filter(|d| !d.code.starts_with("type.")).cloned().collect::<Vec<_>>()
        };
        prop_assert_eq!(of_rows(&told), of_rows(&report));
        prop_assert_eq!((told.dialect, told.rows_skipped), (report.dialect, report.rows_skipped));
    }

    /// Some rows of some columns are those of the table.
    #[test]
    fn samples_are_of_the_table(made in made(200), chunk in 1..3000usize, seed in any::<u64>(), least in 0..10usize) {
        let kinds = made.kinds.iter().map(|k| if matches!(k, 5 | 6 | 12) { 0 } else { *k }).collect();
        let text = Made { kinds, ..made }.text();
        let Some(options) = settled(text.as_bytes()) else { return Ok(()) };
        let (table, _) = read(text.as_bytes(), Format::Csv, &options);
        let mut rng = Rng::new(seed);
        let kept: Vec<bool> = (0..table.rows).map(|_| rng.below(10) >= least).collect();
        let wanted = (0..table.columns.len()).filter(|_| rng.below(3) > 0).collect::<Vec<_>>();
        let rows: Vec<u32> = (0..table.rows as u32).filter(|&row| kept[row as usize]).collect();
        let mut sample = table.take(&rows);
        sample.columns = wanted.iter().map(|&c| sample.columns[c].clone()).collect();
        let only = sample.columns.iter().map(|c| c.name.clone()).chain(["no such column".to_string()]);
        let mut asked = 0;
        let mut reader = CsvReader::new(options).only(only.collect()).keeping(move |row| {
            assert_eq!(row, asked);
            asked += 1;
            kept.get(row as usize).is_some_and(|kept| *kept)
        });
        text.as_bytes().chunks(chunk).for_each(|bytes| reader.push(bytes));
        let (read, _) = reader.finish();
        prop_assert_eq!(read.rows, rows.len());
        prop_assert_eq!(names(&read), names(&sample));
        prop_assert_eq!(cells(&read), cells(&sample), "{}", text);
    }
}

#[test]
fn parts_of_a_file_that_is_still_coming() {
    let types = [("a".to_string(), ColumnType::Numeric), ("b".to_string(), ColumnType::Text)];
    let mut reader = CsvReader::new(ReadOptions { types: types.into(), ..ReadOptions::default() });
    assert!(reader.take().is_none());
    reader.push(b"a,b\n1,x");
    // Nothing is read before the way the file is written has been found out.
    assert!(reader.take().is_none());
    for row in 0..20_000 {
        reader.push(format!("\n{row},text {row}").as_bytes());
    }
    let part = reader.take().unwrap();
    assert!(part.rows > 1000 && reader.take().is_none());
    let (rest, report) = reader.finish();
    assert_eq!(part.rows + rest.rows, 20_001);
    assert_eq!(rest.columns[1].text(rest.rows - 1).as_deref(), Some("text 19999"));
    assert_eq!(report.diagnostics, []);
}
