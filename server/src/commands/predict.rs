//! `trellis predict`

use super::print;
use crate::args::PredictArgs;
use crate::failure::warn;
use crate::{Done, reading};

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
    let (table, report) = reading::table(&args.data, &args.dialect.apply(model.read_options()))?;
    let (csv, diagnostics) = model.predictions_csv(&table)?;
    if !args.quiet {
        warn(&report.diagnostics);
        warn(&diagnostics);
    }
    if to_stdout { print(&csv) } else { reading::write(&args.out, csv.as_bytes()) }
}
