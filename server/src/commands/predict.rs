//! `trellis predict`

use super::{print, show};
use crate::args::PredictArgs;
use crate::failure::warn;
use crate::{Done, reading};
use automl_core::engine::PredictOptions;

/// Predicts every row of a table, in its order.
///
/// # Errors
/// Files that cannot be read or written, a table without the model's columns.
pub fn run(args: &PredictArgs) -> Done {
    let to_stdout = args.out.as_os_str() == "-";
    if !to_stdout {
        reading::check_writable(&args.out)?;
    }
    let (model, _) = reading::model(&args.model)?;
    let options = PredictOptions { interval: args.interval, labels: args.labels, threshold: args.threshold };
    model.check_options(&options)?;
    let (table, report) =
        reading::table(&args.data, args.dialect.query.as_deref(), &args.dialect.apply(model.read_options()))?;
    let (csv, diagnostics) = model.predictions_csv(&table, &options)?;
    if !args.quiet {
        warn(&report.diagnostics);
        warn(&diagnostics);
        if let Some(level) = args.interval {
            eprintln!("note: {}", show::promise(level, &model));
        }
    }
    if to_stdout { print(&csv) } else { reading::write(&args.out, csv.as_bytes()) }
}
