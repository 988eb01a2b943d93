//! `trellis predict`

use super::card::Shared;
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
    let mut cards = Shared::begin(args.backend)?;
    let (csv, diagnostics) = model.predictions_csv_on(&table, &options, &mut |secs| cards.for_secs(secs))?;
    if !args.quiet {
        warn(&report.diagnostics);
        warn(&diagnostics);
        cards.told().iter().for_each(|told| eprintln!("note: {told}"));
        if let Some(level) = args.interval {
            eprintln!("note: {}", show::promise(level, &model));
        }
    }
    if to_stdout { print(&csv) } else { reading::write(&args.out, csv.as_bytes()) }
}
