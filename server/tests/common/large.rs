//! A table of which few rows do not tell all, and what a model of it is worth.

use super::run;
use arrow_array::{ArrayRef, Float32Array, RecordBatch, StringArray};
use automl_core::numeric::{Rng, math};
use parquet::arrow::ArrowWriter;
use parquet::file::properties::WriterProperties;
use std::io::{BufWriter, Write};
use std::path::Path;
use std::sync::Arc;

/// Numbers of which some matter together, levels that matter, and cells that are empty.
pub fn write_table(path: &Path, rows: u64, seed: u64) {
    let mut rng = Rng::new(seed);
    let file = std::fs::File::create(path).unwrap_or_else(|e| panic!("{e}"));
    let mut out = BufWriter::with_capacity(1 << 20, file);
    let mut line = String::from("a,b,c,d,e,f,g,h,i,j,k,l,place,kind,answer\n");
    for _ in 0..rows {
        out.write_all(line.as_bytes()).unwrap_or_else(|e| panic!("{e}"));
        line.clear();
        let x: [f64; 12] = std::array::from_fn(|_| 2.0 * rng.uniform() - 1.0);
        let (place, kind) = (rng.below(40), rng.below(5));
        let signal = 2.0 * x[0] * x[1] + 1.5 * math::sin(5.0 * x[2]) - x[3] + x[4].abs() * x[5];
        let signal = signal + ((place * 7) % 11) as f64 / 6.0 + kind as f64 / 4.0 - 1.3;
        let yes = rng.uniform() < math::sigmoid(1.5 * signal);
        for (at, x) in x.iter().enumerate() {
            if at != 6 || rng.below(20) > 0 {
                line.push_str(&format!("{x:.12}"));
            }
            line.push(',');
        }
        line.push_str(&format!("p{place},k{kind},{}\n", if yes { "yes" } else { "no" }));
    }
    out.write_all(line.as_bytes()).and_then(|()| out.flush()).unwrap_or_else(|e| panic!("{e}"));
}

/// The same table as Parquet, with numbers that are rounded to single precision.
pub fn write_parquet(csv: &Path, to: &Path) {
    let text = std::fs::read_to_string(csv).unwrap_or_else(|e| panic!("{e}"));
    let mut lines = text.lines();
    let names: Vec<&str> = lines.next().unwrap_or_default().split(',').collect();
    let mut cells = vec![Vec::new(); names.len()];
    for line in lines {
        cells.iter_mut().zip(line.split(',')).for_each(|(column, cell)| column.push(cell));
    }
    let columns = names.iter().zip(&cells).map(|(name, cells)| {
        let is_number = name.len() == 1;
        let column: ArrayRef = if is_number {
            Arc::new(cells.iter().map(|cell| cell.parse::<f32>().ok()).collect::<Float32Array>())
        } else {
            Arc::new(StringArray::from_iter_values(cells))
        };
        (*name, column)
    });
    let batch = RecordBatch::try_from_iter(columns).unwrap_or_else(|e| panic!("{e}"));
    let how = WriterProperties::builder().set_max_row_group_row_count(Some(7_000)).build();
    let file = std::fs::File::create(to).unwrap_or_else(|e| panic!("{e}"));
    let mut writer = ArrowWriter::try_new(file, batch.schema(), Some(how)).unwrap_or_else(|e| panic!("{e}"));
    writer.write(&batch).and_then(|()| writer.close()).unwrap_or_else(|e| panic!("{e}"));
}

/// A model's area under the curve on a table.
pub fn auc(model: &str, data: &str) -> f64 {
    let told: serde_json::Value =
        serde_json::from_str(&run(&["score", model, data, "--json"])).unwrap_or_else(|e| panic!("{e}"));
    told["metrics"]["roc_auc"].as_f64().unwrap_or_else(|| panic!("{told}"))
}

/// The most megabytes that a process has taken so far; 0 once it has ended.
pub fn most_mb(process: u32) -> u64 {
    let text = std::fs::read_to_string(format!("/proc/{process}/status")).unwrap_or_default();
    let kilobytes = text.lines().find_map(|l| l.strip_prefix("VmHWM:")?.trim().strip_suffix(" kB"));
    kilobytes.and_then(|k| k.parse::<u64>().ok()).unwrap_or(0) / 1_000
}
