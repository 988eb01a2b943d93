//! How fast CSV is read, and how much memory that takes above the bytes of the file.
//!
//! `cargo run --release -p automl-core --example bench_csv [MEGABYTES]` makes a table of numbers and categories, reads
//! it into typed columns, and beside that lets the `csv` crate split it into fields without typing them.
//! With names of files instead of a size it reads those and lists their columns.

use automl_core::numeric::Rng;
use automl_core::platform::Stopwatch;
use automl_core::table::{Format, ReadOptions, Table, Values, profile, read, target_checks};
use std::fmt::Write;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let megabytes = args.first().map_or(Some(200), |a| a.parse::<usize>().ok());
    match megabytes {
        Some(megabytes) => bench(megabytes),
        None => args.iter().for_each(|path| list(path)),
    }
}

fn bench(megabytes: usize) {
    for (name, text) in [
        ("numbers and categories", mixed(megabytes * 1_000_000, false)),
        ("the same, quoted words", mixed(megabytes * 1_000_000, true)),
    ] {
        let size = text.len() as f64 / 1e6;
        let before = fresh_peak_bytes();
        let watch = Stopwatch::start();
        let (table, _) = read(text.as_bytes(), Format::Csv, &ReadOptions::default());
        let secs = watch.elapsed_secs();
        let above = peak_bytes().zip(before).map(|(after, before)| after.saturating_sub(before));
        let content = content_bytes(&table);
        println!("{name}: {size:.0} MB, {} rows x {} columns", table.rows, table.columns.len());
        println!("  read      {secs:.2} s  {:.0} MB/s", size / secs);
        let held = content as f64 / 1e6;
        match above {
            Some(above) => println!(
                "  memory    {:.0} MB at most above the input, {:.2} x the {held:.0} MB of content",
                above as f64 / 1e6,
                above as f64 / content as f64
            ),
            None => println!("  memory    content {held:.0} MB; the peak is not known on this platform"),
        }
        drop(table);
        let watch = Stopwatch::start();
        let fields = peer(text.as_bytes());
        let secs = watch.elapsed_secs();
        println!("  csv crate {secs:.2} s  {:.0} MB/s, splitting into {fields} fields only", size / secs);
    }
}

/// The `csv` crate's fastest way: byte records, one reused.
fn peer(bytes: &[u8]) -> usize {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let mut record = csv::ByteRecord::new();
    let mut fields = 0;
    while reader.read_byte_record(&mut record).unwrap_or(false) {
        fields += record.len();
    }
    fields
}

/// Ten columns: whole numbers small and large, decimals short and long, and words.
fn mixed(bytes: usize, quoted: bool) -> String {
    const CITIES: [&str; 6] = ["Amsterdam", "Rotterdam", "Utrecht", "Groningen", "Eindhoven", "Tilburg"];
    let quote = if quoted { "\"" } else { "" };
    let mut rng = Rng::new(1);
    let mut out = String::with_capacity(bytes + 256);
    out.push_str("age,amount,rate,long,ratio,city,segment,visits,signed,outcome\n");
    while out.len() < bytes {
        let mut below = |n: u32| (rng.uniform() * f64::from(n)) as u32;
        let (age, cents, rate, visits) = (18 + below(70), below(10_000_000), below(10_000), below(200_000));
        let long = f64::from(below(1_000_000_000)) / 1e9 + f64::from(below(1000));
        let city = CITIES[below(6) as usize];
        let segment = below(500);
        let outcome = if below(3) == 0 { "yes" } else { "no" };
        let signed = i64::from(below(2_000_000)) - 1_000_000;
        let ratio = f64::from(below(1_000_000)) / 1e6;
        let _ = writeln!(
            out,
            "{age},{}.{:02},0.{rate:04},{long},{ratio},{quote}{city}{quote},{quote}segment {segment}{quote},{visits},{signed},{outcome}",
            cents / 100,
            cents % 100,
        );
    }
    out
}

fn content_bytes(table: &Table) -> u64 {
    let width = |values: &Values| match values {
        Values::F32(_) | Values::Dict { .. } => 4.0,
        Values::F64(_) | Values::Time(_) => 8.0,
        Values::Bool { .. } => 0.25,
        Values::Text(_) => 0.0,
    };
    table.columns.iter().map(|c| (width(&c.values) * c.len() as f64) as u64).sum()
}

/// Forgets the peak so far, and gives what is held now.
fn fresh_peak_bytes() -> Option<u64> {
    std::fs::write("/proc/self/clear_refs", "5").ok()?;
    peak_bytes()
}

/// The most memory that this process has held, where the system tells.
fn peak_bytes() -> Option<u64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|l| l.starts_with("VmHWM:"))?;
    line.split_whitespace().nth(1)?.parse::<u64>().ok().map(|kib| kib * 1024)
}

/// What was made of a file; its last column is looked at as a target.
fn list(path: &str) {
    let bytes = match std::fs::read(path) {
        Ok(bytes) => bytes,
        Err(why) => return eprintln!("error: {path}: {why}"),
    };
    let watch = Stopwatch::start();
    let (table, report) = read(&bytes, Format::from_name(path), &ReadOptions::default());
    println!(
        "{path}: {} rows, read in {:.1} ms, {:?}",
        table.rows,
        1e3 * watch.elapsed_secs(),
        report.dialect
    );
    let found = profile(&table);
    for c in &found.columns {
        let top: Vec<String> = c.top.iter().take(4).map(|(text, n)| format!("{text}: {n}")).collect();
        let (name, ty) = (&c.name, c.ty.name());
        println!(
            "  {name:<24} {ty:<12} {} values, {} missing, {} distinct  {}",
            c.count,
            c.missing,
            c.distinct,
            top.join(", ")
        );
    }
    let target = table.columns.len().saturating_sub(1);
    for d in report.diagnostics.iter().chain(&found.diagnostics).chain(&target_checks(&table, target)) {
        println!("  {} {:?} {:?} {}", d.code, d.column, d.row, d.message);
    }
}
