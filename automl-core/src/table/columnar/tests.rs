mod passes;

use super::*;
use crate::table::ColumnType;
use arrow_array::{
    BooleanArray, Date32Array, Decimal128Array, DictionaryArray, Float64Array, Int64Array, ListArray,
    StringArray, TimestampMicrosecondArray, types::Int32Type, types::Int64Type,
};
use arrow_ipc::writer::{FileWriter, StreamWriter};
use parquet::arrow::ArrowWriter;
use std::sync::Arc;

/// Three rows of every kind of column that programs write.
fn batch() -> RecordBatch {
    let city = StringArray::from(vec![Some("Bern"), None, Some("Basel")]);
    let inner = Fields::from(vec![arrow_schema::Field::new("city", DataType::Utf8, true)]);
    let address = StructArray::new(inner, vec![Arc::new(city)], Some(vec![true, true, false].into()));
    let lists = vec![Some(vec![Some(1), Some(2)]), None, Some(vec![])];
    let price = Decimal128Array::from(vec![Some(1050), None, Some(-25)]).with_precision_and_scale(9, 2);
    let columns: Vec<(&str, ArrayRef)> = vec![
        ("count", Arc::new(Int64Array::from(vec![Some(3), None, Some(-7)]))),
        ("size", Arc::new(Float64Array::from(vec![0.5, f64::NAN, 1e300]))),
        ("price", Arc::new(price.expect("nine digits hold these"))),
        ("open", Arc::new(BooleanArray::from(vec![true, false, true]))),
        ("kind", Arc::new(vec!["a", "b", "a"].into_iter().collect::<DictionaryArray<Int32Type>>())),
        ("day", Arc::new(Date32Array::from(vec![Some(19_000), None, Some(19_001)]))),
        ("at", Arc::new(TimestampMicrosecondArray::from(vec![1_600_000_000_000_000, 0, 1]))),
        ("address", Arc::new(address)),
        ("tags", Arc::new(ListArray::from_iter_primitive::<Int64Type, _, _>(lists))),
    ];
    RecordBatch::try_from_iter_with_nullable(columns.into_iter().map(|(n, a)| (n, a, true)))
        .expect("the columns are equally long")
}

fn parquet_file() -> Vec<u8> {
    let (batch, mut out) = (batch(), Vec::new());
    let mut writer = ArrowWriter::try_new(&mut out, batch.schema(), None).expect("the schema is plain");
    writer.write(&batch).and_then(|()| writer.close().map(drop)).expect("memory takes it");
    out
}

fn arrow_file() -> Vec<u8> {
    let (batch, mut out) = (batch(), Vec::new());
    let mut writer = FileWriter::try_new(&mut out, &batch.schema()).expect("the schema is plain");
    writer.write(&batch).and_then(|()| writer.finish()).expect("memory takes it");
    drop(writer);
    out
}

fn arrow_stream() -> Vec<u8> {
    let (batch, mut out) = (batch(), Vec::new());
    let mut writer = StreamWriter::try_new(&mut out, &batch.schema()).expect("the schema is plain");
    writer.write(&batch).and_then(|()| writer.finish()).expect("memory takes it");
    drop(writer);
    out
}

fn files() -> [(Format, Vec<u8>); 3] {
    [(Format::Parquet, parquet_file()), (Format::ArrowIpc, arrow_file()), (Format::ArrowIpc, arrow_stream())]
}

#[test]
fn every_kind_of_column_keeps_its_values() {
    for (format, bytes) in files() {
        let (table, report) = super::super::read(&bytes, format, &ReadOptions::default());
        assert!(!report.diagnostics.iter().any(Diagnostic::is_error), "{:?}", report.diagnostics);
        let names: Vec<&str> = table.columns.iter().map(|c| c.name.as_str()).collect();
        assert_eq!(names, ["count", "size", "price", "open", "kind", "day", "at", "address.city", "tags"]);
        let numbers = |name: &str| -> Vec<Option<f64>> {
            let column = table.column(name).expect("it was written");
            (0..table.rows).map(|row| column.number(row)).collect()
        };
        assert_eq!(numbers("count"), [Some(3.0), None, Some(-7.0)]);
        assert_eq!(numbers("size"), [Some(0.5), None, Some(1e300)]);
        assert_eq!(numbers("price"), [Some(10.5), None, Some(-0.25)]);
        assert_eq!(numbers("day"), [Some(19_000.0 * 864e5), None, Some(19_001.0 * 864e5)]);
        assert_eq!(numbers("at")[0], Some(1.6e12));
        let column = |name: &str| table.column(name).expect("it was written");
        assert_eq!(column("open").ty, ColumnType::Boolean);
        assert_eq!(column("kind").text(1).as_deref(), Some("b"));
        assert_eq!(column("address.city").text(0).as_deref(), Some("Bern"));
        assert!(column("address.city").is_missing(1) && column("address.city").is_missing(2));
        assert_eq!(column("tags").text(0).as_deref(), Some("[1, 2]"));
    }
}

#[test]
fn a_type_that_was_asked_for_is_taken() {
    let types = [("count".to_owned(), ColumnType::Categorical)].into_iter().collect();
    let options = ReadOptions { types, ..ReadOptions::default() };
    let (table, _) = super::super::read(&parquet_file(), Format::Parquet, &options);
    assert_eq!(table.column("count").map(|c| c.ty), Some(ColumnType::Categorical));
}

#[test]
fn damaged_files_are_told_and_never_panic() {
    let mut state = 7u64;
    for (format, bytes) in files() {
        for cut in [0, 1, 7, bytes.len() / 2, bytes.len() - 1] {
            let (table, report) = super::super::read(&bytes[..cut], format, &ReadOptions::default());
            assert!(table.rows == 3 || report.diagnostics.iter().any(Diagnostic::is_error), "cut at {cut}");
        }
        for _ in 0..300 {
            let mut wrong = bytes.clone();
            for _ in 0..4 {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                let at = (state >> 33) as usize % wrong.len();
                wrong[at] ^= (state >> 24) as u8;
            }
            let (table, _) = super::super::read(&wrong, format, &ReadOptions::default());
            assert!(table.columns.iter().all(|c| c.len() == table.rows));
        }
    }
}

/// Files that pyarrow wrote (`tests/golden/columnar.py`) hold what the CSV beside them says.
#[test]
fn files_of_other_programs_read_as_their_csv() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/fixtures/columnar");
    let bytes = |path: &std::path::Path| std::fs::read(path).expect("the fixture is there");
    let (expected, _) =
        super::super::read(&bytes(&folder.join("expected.csv")), Format::Csv, &ReadOptions::default());
    assert_eq!(expected.rows, 40);
    let mut checked = 0;
    for path in std::fs::read_dir(&folder).expect("the folder is there").map(|f| f.expect("readable").path())
    {
        let name = path.file_name().expect("it has a name").to_string_lossy().into_owned();
        let format = Format::from_name(&name);
        if format == Format::Csv {
            continue;
        }
        let (table, report) = super::super::read(&bytes(&path), format, &ReadOptions::default());
        assert!(!report.diagnostics.iter().any(Diagnostic::is_error), "{name}: {:?}", report.diagnostics);
        assert_eq!(table.rows, expected.rows, "{name}");
        assert_eq!(table.columns.len(), expected.columns.len(), "{name}");
        for (got, want) in table.columns.iter().zip(&expected.columns) {
            assert_eq!((&got.name, got.ty), (&want.name, want.ty), "{name}");
            for row in 0..table.rows {
                let both = (got.text(row), want.text(row));
                assert_eq!(both.0, both.1, "{name}: {} in row {row}", got.name);
            }
        }
        checked += 1;
    }
    assert_eq!(checked, 10);
}
