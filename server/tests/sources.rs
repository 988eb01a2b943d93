//! The same table from a CSV file, a Parquet file, an object store and a database: the same model, whether memory holds it
//! or not.
//!
//! Object stores are tried where moto is found (see `common/moto.rs`).
#![cfg(unix)]
#![allow(clippy::disallowed_methods, reason = "tests run natively, where there is a clock")]

mod common;

use arrow_array::{ArrayRef, Float64Array, Int64Array, RecordBatch, StringArray};
use automl_core::numeric::Rng;
use common::cluster::Cluster;
use common::moto::{Moto, with_keys};
use common::trellis;
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use sqlx::{Connection, Executor, PgConnection};
use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::Arc;

const ROWS: usize = 60_000;
/// What holds the table neither as text nor in columns.
const LITTLE: &str = "3MB";
const QUERY: &str = "SELECT * FROM sales ORDER BY number;";

/// Numbers with gaps, levels, days, and an answer that follows from them.
struct Sales {
    number: Vec<i64>,
    size: Vec<Option<f64>>,
    place: Vec<String>,
    day: Vec<String>,
    answer: Vec<f64>,
}

impl Sales {
    fn new(rows: usize, seed: u64) -> Self {
        let mut rng = Rng::new(seed);
        let mut sales = Self {
            number: Vec::new(),
            size: Vec::new(),
            place: Vec::new(),
            day: Vec::new(),
            answer: Vec::new(),
        };
        for number in 0..rows as i64 {
            let (size, place, month) = (rng.normal(), rng.below(9), rng.below(12) + 1);
            sales.number.push(number);
            sales.size.push((rng.below(20) > 0).then_some(size));
            sales.place.push(format!("in, \"{place}\""));
            sales.day.push(format!("2024-{month:02}-{:02}", rng.below(28) + 1));
            sales.answer.push(size * place as f64 + month as f64 + rng.normal());
        }
        sales
    }

    fn csv(&self) -> String {
        let mut text = "number,size,place,day,answer\n".to_owned();
        for row in 0..self.number.len() {
            let size = self.size[row].map_or(String::new(), |size| size.to_string());
            let place = self.place[row].replace('"', "\"\"");
            let (number, day, answer) = (self.number[row], &self.day[row], self.answer[row]);
            text.push_str(&format!("{number},{size},\"{place}\",{day},{answer}\n"));
        }
        text
    }

    fn parquet(&self) -> Vec<u8> {
        let columns: [(&str, ArrayRef); 5] = [
            ("number", Arc::new(Int64Array::from(self.number.clone()))),
            ("size", Arc::new(Float64Array::from(self.size.clone()))),
            ("place", Arc::new(StringArray::from(self.place.clone()))),
            ("day", Arc::new(StringArray::from(self.day.clone()))),
            ("answer", Arc::new(Float64Array::from(self.answer.clone()))),
        ];
        let batch = RecordBatch::try_from_iter(columns).unwrap_or_else(|e| panic!("{e}"));
        let how = WriterProperties::builder().set_max_row_group_row_count(Some(7_000)).build();
        let mut bytes = Vec::new();
        let mut writer =
            ArrowWriter::try_new(&mut bytes, batch.schema(), Some(how)).unwrap_or_else(|e| panic!("{e}"));
        writer.write(&batch).and_then(|()| writer.close()).unwrap_or_else(|e| panic!("{e}"));
        bytes
    }

    /// As a table of a new database, whose address this is.
    fn in_database(&self, cluster: &Cluster, name: &str) -> String {
        let address = cluster.database(name);
        let copied = async {
            let mut connection = PgConnection::connect(&address).await?;
            connection
                .execute(
                    "CREATE TABLE sales (number bigint, size float8, place text, day date, answer float8)",
                )
                .await?;
            let mut copy =
                connection.copy_in_raw("COPY sales FROM STDIN WITH (FORMAT csv, HEADER true)").await?;
            copy.send(self.csv().into_bytes()).await?;
            copy.finish().await
        };
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let copied = runtime.unwrap_or_else(|e| panic!("{e}")).block_on(copied);
        assert_eq!(copied.unwrap_or_else(|e| panic!("{e}")), self.number.len() as u64);
        address
    }
}

struct Folder(tempfile::TempDir);

impl Folder {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap_or_else(|e| panic!("{e}")))
    }

    fn at(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    fn write(&self, name: &str, bytes: &[u8]) -> String {
        std::fs::write(self.at(name), bytes).unwrap_or_else(|e| panic!("{e}"));
        common::path(&self.at(name))
    }
}

/// `trellis fit` of that table, which takes its time from nobody's clock.
fn fitting(data: &str, out: &Path, more: &[&str]) -> Command {
    let fit = ["fit", data, "--target", "answer", "--learner", "gbt", "--max-trials", "2", "--seed", "7"];
    let mut command = trellis(&[&fit[..], more].concat());
    command.arg("--out").arg(out);
    command
}

fn done(command: &mut Command) -> Output {
    command.output().unwrap_or_else(|e| panic!("the binary cannot be started: {e}"))
}

/// The model that is made of a table, and what was said meanwhile.
fn fit(command: &mut Command, out: &Path) -> (Vec<u8>, String) {
    let done = done(command);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{command:?}: {said}");
    (std::fs::read(out).unwrap_or_else(|e| panic!("{e}")), said)
}

/// What is said where it cannot be done.
fn refused(command: &mut Command) -> String {
    let done = done(command);
    let said = String::from_utf8_lossy(&done.stderr).into_owned();
    assert_eq!(done.status.code(), Some(1), "{command:?}: {said}");
    assert!(said.contains("error: ") && said.contains("\nhelp: "), "{said}");
    said
}

#[test]
fn a_table_beyond_memory_gives_the_same_model_wherever_it_lies() {
    let (sales, folder) = (Sales::new(ROWS, 1), Folder::new());
    let csv = folder.write("sales.csv", sales.csv().as_bytes());
    let parquet = folder.write("sales.parquet", &sales.parquet());
    let little = ["--max-memory", LITTLE];
    let out = folder.at("model.trellis");
    let (model, said) = fit(&mut fitting(&csv, &out, &little), &out);
    assert!(said.contains("The search saw") && said.contains("of 60,000 rows"), "{said}");
    let check = |command: &mut Command, out: &Path| {
        let (same, said) = fit(command, out);
        assert!(said.contains("The search saw"), "{command:?}: {said}");
        assert!(same == model, "{command:?}: {said}");
    };
    let out = folder.at("parquet.trellis");
    check(&mut fitting(&parquet, &out, &little), &out);
    let cluster = Cluster::start();
    let database = sales.in_database(&cluster, "much");
    let out = folder.at("database.trellis");
    check(&mut fitting(&database, &out, &[&little[..], &["--query", QUERY]].concat()), &out);
    let Some(moto) = Moto::start() else {
        println!("skipped: no moto, so no object store");
        return;
    };
    for (name, bytes) in [("sales.csv", sales.csv().into_bytes()), ("sales.parquet", sales.parquet())] {
        assert_eq!(moto.0.ask("PUT", &format!("/files/{name}"), &[], &bytes).status, 200);
        let out = folder.at("object.trellis");
        let mut command = fitting(&format!("s3://files/{name}"), &out, &little);
        with_keys(&mut command, &moto.0.address);
        check(&mut command, &out);
    }
}

#[test]
fn what_memory_holds_is_read_at_once_wherever_it_lies() {
    let (sales, folder) = (Sales::new(900, 2), Folder::new());
    let csv = folder.write("sales.csv", sales.csv().as_bytes());
    let out = folder.at("model.trellis");
    let (model, said) = fit(&mut fitting(&csv, &out, &[]), &out);
    assert!(!said.contains("The search saw"), "{said}");
    let cluster = Cluster::start();
    let database = sales.in_database(&cluster, "few");
    let from_query = folder.at("database.trellis");
    let (same, _) = fit(&mut fitting(&database, &from_query, &["--query", QUERY]), &from_query);
    assert!(same == model);
    let predict = |data: &str, more: &[&str]| {
        let out = common::path(&out);
        let mut command = trellis(&[&["predict", &out, data, "--out", "-"][..], more].concat());
        let done = done(&mut command);
        assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
        done.stdout
    };
    assert_eq!(predict(&csv, &[]), predict(&database, &["--query", QUERY]));
    // A comment at the end does no harm.
    assert_eq!(
        predict(&csv, &[]),
        predict(&database, &["--query", "SELECT * FROM sales ORDER BY number -- all of it"])
    );
    if let Some(moto) = Moto::start() {
        assert_eq!(moto.0.ask("PUT", "/files/of/sales.parquet", &[], &sales.parquet()).status, 200);
        let from_object = folder.at("object.trellis");
        let mut command = fitting("s3://files/of/sales.parquet", &from_object, &[]);
        with_keys(&mut command, &moto.0.address);
        assert!(fit(&mut command, &from_object).0 == model);
    } else {
        println!("skipped: no moto, so no object store");
    }
}

#[test]
fn a_database_that_gives_no_table_is_told_and_nothing_is_written_to_it() {
    let (sales, folder) = (Sales::new(ROWS, 3), Folder::new());
    let cluster = Cluster::start();
    let database = sales.in_database(&cluster, "asked");
    let out = folder.at("model.trellis");
    let said = |more: &[&str]| refused(&mut fitting(&database, &out, more));
    assert!(said(&[]).contains("--query \"SELECT * FROM sales\""));
    assert!(said(&["--query", " ; "]).contains("say what to ask it"));
    assert!(said(&["--query", "SELECT nothing FROM nowhere"]).contains("\"nowhere\" does not exist"));
    assert!(said(&["--query", "SELECT * FROM sales WHERE number < 0"]).contains("holds no rows"));
    // It may read only.
    let writes = "DELETE FROM sales RETURNING *";
    assert!(said(&["--query", writes]).contains("read-only transaction"));
    let rows = "SELECT 'x' AS answer) TO STDOUT; DROP TABLE sales; COPY (SELECT 1";
    said(&["--query", rows]);
    // Rows in another order each time would be another table to each reading.
    let random = said(&["--max-memory", LITTLE, "--query", "SELECT * FROM sales ORDER BY random()"]);
    assert!(random.contains("ORDER BY over columns that no two rows share"), "{random}");
    let (_, all) = fit(&mut fitting(&database, &out, &["--query", QUERY]), &out);
    assert!(!all.contains("error"), "{all}");

    let elsewhere = database.replace("trellis@", "trellis:hush@").replace("/asked", "/absent");
    let absent = refused(&mut fitting(&elsewhere, &out, &["--query", QUERY]));
    assert!(absent.contains("\"absent\" does not exist") && !absent.contains("hush"), "{absent}");
    let nobody = "postgres://somebody:hush@127.0.0.1:9/sales";
    let nobody = refused(&mut fitting(nobody, &out, &["--query", QUERY]));
    assert!(nobody.contains("the database sales does not answer") && !nobody.contains("hush"), "{nobody}");
    let file = folder.write("few.csv", Sales::new(100, 1).csv().as_bytes());
    assert!(refused(&mut fitting(&file, &out, &["--query", QUERY])).contains("--query is for databases"));
}

#[test]
fn an_object_that_gives_no_table_is_told() {
    let Some(moto) = Moto::start() else {
        println!("skipped: no moto, so no object store");
        return;
    };
    let folder = Folder::new();
    let out = folder.at("model.trellis");
    let said = |data: &str| {
        let mut command = fitting(data, &out, &[]);
        with_keys(&mut command, &moto.0.address);
        refused(&mut command)
    };
    assert!(said("s3://files/absent.csv").contains("there is no s3://files/absent.csv"));
    assert!(said("s3://elsewhere/absent.csv").contains("there is no s3://elsewhere/absent.csv"));
    assert!(said("s3://files/").contains("names no file"));
    for (name, bytes) in
        [("empty.parquet", &b""[..]), ("damaged.parquet", b"PAR1 and more"), ("empty.csv", b"")]
    {
        assert_eq!(moto.0.ask("PUT", &format!("/files/{name}"), &[], bytes).status, 200);
        let told = said(&format!("s3://files/{name}"));
        assert!(
            told.contains("cannot be read as a Parquet file") || told.contains("is empty"),
            "{name}: {told}"
        );
    }
    let unknown = refused(&mut fitting("s3://files/absent.csv", &out, &[]));
    assert!(unknown.contains("AWS_ACCESS_KEY_ID"), "{unknown}");
}
