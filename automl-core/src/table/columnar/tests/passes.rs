//! Files that are looked into, read in parts and sampled, against the same files read whole.

use super::super::{ColumnarReader, Ranges, look_at_columnar};
use crate::numeric::Rng;
use crate::table::{Column, Format, Looked, ReadOptions, Table, Values};
use arrow_array::{ArrayRef, BooleanArray, Date32Array, Float64Array, Int64Array, RecordBatch, StringArray};
use arrow_array::{StructArray, builder::StringDictionaryBuilder, types::Int32Type};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use arrow_schema::{DataType, Field, Fields};
use bytes::Bytes;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use proptest::prelude::*;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

/// How a random file is made.
#[derive(Debug, Clone)]
struct Made {
    kinds: Vec<u8>,
    rows: usize,
    /// Rows of a group or a batch.
    group: usize,
    /// Parquet, an Arrow file, a stream.
    how: u8,
    seed: u64,
}

/// `rows` values of one kind, some of them missing.
fn column(kind: u8, rows: usize, rng: &mut Rng) -> ArrayRef {
    let cells: Vec<Option<u32>> =
        (0..rows).map(|_| (rng.below(9) > 0).then(|| rng.next_u64() as u32 >> 8)).collect();
    let text = |make: fn(u32) -> String| cells.iter().map(|n| n.map(make)).collect::<Vec<_>>();
    match kind {
        0 => Arc::new(Int64Array::from_iter(cells.iter().map(|n| n.map(|n| i64::from(n) - 900)))),
        1 => Arc::new(Float64Array::from_iter(cells.iter().map(|n| n.map(|n| f64::from(n) / 1117.0)))),
        2 => Arc::new(BooleanArray::from_iter(cells.iter().map(|n| n.map(|n| n % 3 == 0)))),
        3 => Arc::new(Date32Array::from_iter(cells.iter().map(|n| n.map(|n| (n % 20_000) as i32)))),
        4 => Arc::new(StringArray::from(text(|n| ["red", "green", "größer"][n as usize % 3].to_owned()))),
        5 => Arc::new(StringArray::from(text(|n| format!("a text that no other row has, number {n}")))),
        6 => Arc::new(StringArray::from(text(|n| format!("{:02}/{:02}/2023", n % 12 + 1, n % 27 + 1)))),
        7 => {
            let mut words = StringDictionaryBuilder::<Int32Type>::new();
            cells.iter().for_each(|n| words.append_option(n.map(|n| ["a", "b", "c"][n as usize % 3])));
            Arc::new(words.finish())
        }
        _ => {
            let fields = Fields::from(vec![
                Field::new("x", DataType::Float64, true),
                Field::new("y", DataType::Utf8, true),
            ]);
            let inside = vec![column(1, rows, rng), column(4, rows, rng)];
            let there: Vec<bool> = cells.iter().map(Option::is_some).collect();
            Arc::new(StructArray::new(fields, inside, Some(there.into())))
        }
    }
}

impl Made {
    fn format(&self) -> Format {
        if self.how == 0 { Format::Parquet } else { Format::ArrowIpc }
    }

    fn bytes(&self) -> Vec<u8> {
        let mut rng = Rng::new(self.seed);
        let columns = self.kinds.iter().enumerate();
        let columns = columns.map(|(at, &kind)| {
            // Some names are there twice.
            (format!("c{}", at % 7), column(kind, self.rows, &mut rng), true)
        });
        let fields: Vec<(String, ArrayRef, bool)> = columns.collect();
        let schema = fields.iter().map(|(name, array, _)| Field::new(name, array.data_type().clone(), true));
        let schema = Arc::new(arrow_schema::Schema::new(schema.collect::<Vec<_>>()));
        let arrays = fields.into_iter().map(|(_, array, _)| array).collect();
        let batch = RecordBatch::try_new(schema.clone(), arrays).expect("the columns are equally long");
        let batches = (0..self.rows)
            .step_by(self.group)
            .map(|from| batch.slice(from, self.group.min(self.rows - from)));
        let mut out = Vec::new();
        match self.how {
            0 => {
                let how = WriterProperties::builder().set_max_row_group_row_count(Some(self.group)).build();
                let mut writer = ArrowWriter::try_new(&mut out, schema, Some(how)).expect("plain");
                writer.write(&batch).and_then(|()| writer.close().map(drop)).expect("memory takes it");
            }
            1 => {
                let mut writer = FileWriter::try_new(&mut out, &schema).expect("plain");
                batches.for_each(|batch| writer.write(&batch).expect("memory takes it"));
                writer.finish().expect("memory takes it");
            }
            _ => {
                let mut writer = StreamWriter::try_new(&mut out, &schema).expect("plain");
                batches.for_each(|batch| writer.write(&batch).expect("memory takes it"));
                writer.finish().expect("memory takes it");
            }
        }
        out
    }

    fn file(&self) -> Arc<dyn Ranges> {
        Arc::new(Bytes::from(self.bytes()))
    }
}

fn made(most_rows: usize) -> impl Strategy<Value = Made> {
    let kinds = prop::collection::vec(0..9u8, 1..9);
    (kinds, 0..most_rows, 1..200usize, 0..3u8, any::<u64>())
        .prop_map(|(kinds, rows, group, how, seed)| Made { kinds, rows, group, how, seed })
}

/// Every cell as far as a part can know it: numbers, dates and truths by value, for each part keeps numbers as narrow as its
/// own allow.
fn cells(column: &Column) -> Vec<String> {
    let text = |row| column.text(row).map_or("<missing>".into(), |t| t.into_owned());
    match &column.values {
        Values::Dict { .. } | Values::Text(_) => (0..column.len()).map(text).collect(),
        _ => (0..column.len()).map(|row| format!("{:?}", column.number(row))).collect(),
    }
}

fn whole(made: &Made, options: &ReadOptions) -> Table {
    ColumnarReader::new(options.clone(), made.format()).read(&made.file()).expect("memory does not fail").0
}

/// The options that a first look gives for reading the same file again.
fn settled(made: &Made) -> ReadOptions {
    let options = ReadOptions::default();
    let looked = look_at_columnar(&options, made.format(), &made.file(), 0).expect("memory does not fail");
    looked.options_for_next(&options)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(200))]

    /// However little is held, a look finds what reading the whole file does.
    #[test]
    fn a_look_finds_what_reading_does(made in made(300), held in 0..30_000usize) {
        let options = ReadOptions::default();
        let reader = ColumnarReader::new(options.clone(), made.format());
        let (table, report) = reader.read(&made.file()).expect("memory does not fail");
        let looked = look_at_columnar(&options, made.format(), &made.file(), held);
        prop_assert_eq!(looked.expect("memory does not fail"), Looked::of(&table, report));
    }

    /// Parts put together are the table.
    #[test]
    fn parts_are_the_table(made in made(300)) {
        let options = settled(&made);
        let table = whole(&made, &options);
        let mut together: Vec<Vec<String>> = vec![Vec::new(); table.columns.len()];
        let mut rows = 0;
        ColumnarReader::new(options, made.format()).read_in_parts(&made.file(), &mut |part| {
            rows += part.rows;
            together.iter_mut().zip(&part.columns).for_each(|(all, column)| all.extend(cells(column)));
            io::Result::Ok(())
        }).expect("memory does not fail");
        prop_assert_eq!(rows, table.rows);
        prop_assert_eq!(together, table.columns.iter().map(cells).collect::<Vec<_>>());
    }

    /// Some rows of some columns are those of the table.
    #[test]
    fn samples_are_of_the_table(made in made(300), seed in any::<u64>(), least in 0..10usize) {
        let options = settled(&made);
        let table = whole(&made, &options);
        let mut rng = Rng::new(seed);
        let kept: Vec<bool> = (0..table.rows).map(|_| rng.below(10) >= least).collect();
        let rows: Vec<u32> = (0..table.rows as u32).filter(|&row| kept[row as usize]).collect();
        let mut sample = table.take(&rows);
        sample.columns.retain(|_| rng.below(3) > 0);
        let only = sample.columns.iter().map(|c| c.name.clone()).chain(["no such column".to_string()]);
        let mut asked = 0;
        let reader = ColumnarReader::new(options, made.format()).only(only.collect()).keeping(move |row| {
            assert_eq!(row, asked);
            asked += 1;
            kept[row as usize]
        });
        let (read, _) = reader.read(&made.file()).expect("memory does not fail");
        prop_assert_eq!(read.rows, rows.len());
        let of = |table: &Table| table.columns.iter().map(|c| (c.name.clone(), cells(c))).collect::<Vec<_>>();
        prop_assert_eq!(of(&read), of(&sample));
    }
}

/// Counts the bytes that are read, and fails once they are too many.
struct Counted {
    bytes: Bytes,
    read: AtomicU64,
    most: u64,
}

impl Ranges for Counted {
    fn size(&self) -> u64 {
        self.bytes.size()
    }

    fn read_at(&self, at: u64, into: &mut [u8]) -> io::Result<()> {
        if self.read.fetch_add(into.len() as u64, Ordering::SeqCst) + into.len() as u64 > self.most {
            return Err(io::Error::new(io::ErrorKind::ConnectionReset, "the line is cut"));
        }
        self.bytes.read_at(at, into)
    }
}

fn counted(made: &Made, most: u64) -> Arc<Counted> {
    Arc::new(Counted { bytes: made.bytes().into(), read: AtomicU64::new(0), most })
}

/// A network that fails is not a file that ends early.
#[test]
fn what_fails_below_is_told_as_that() {
    for how in 0..3 {
        let made = Made { kinds: vec![1, 5, 0, 5], rows: 4000, group: 500, how, seed: 3 };
        let size = made.bytes().len() as u64;
        for most in [0, size / 20, size / 3, size - 1000] {
            let file: Arc<dyn Ranges> = counted(&made, most);
            let told = ColumnarReader::new(ReadOptions::default(), made.format()).read(&file);
            assert_eq!(
                told.map(drop).map_err(|e| e.kind()),
                Err(io::ErrorKind::ConnectionReset),
                "{how} {most}"
            );
            let file: Arc<dyn Ranges> = counted(&made, most);
            assert!(look_at_columnar(&ReadOptions::default(), made.format(), &file, 1000).is_err());
        }
    }
}

/// Columns that are not wanted are not fetched.
#[test]
fn only_what_is_wanted_is_read() {
    let made = Made { kinds: vec![5, 0, 5, 5], rows: 20_000, group: 5000, how: 0, seed: 8 };
    let file = counted(&made, u64::MAX);
    let reader = ColumnarReader::new(ReadOptions::default(), Format::Parquet).only(["c1".to_owned()].into());
    let ranges: Arc<dyn Ranges> = file.clone();
    let (table, _) = reader.read(&ranges).expect("memory does not fail");
    assert_eq!((table.rows, table.columns.len()), (20_000, 1));
    let read = file.read.load(Ordering::SeqCst);
    assert!(read * 3 < file.size(), "{read} of {} bytes", file.size());
}
