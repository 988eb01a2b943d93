//! `trellis score`

use super::card::Shared;
use super::{print, print_json, show};
use crate::args::ScoreArgs;
use crate::failure::warn;
use crate::{Done, reading};

/// Measures a model on a table whose answers are known.
///
/// # Errors
/// Files that cannot be read, a table without the target.
pub fn run(args: &ScoreArgs) -> Done {
    let (model, _) = reading::model(&args.model)?;
    let (table, report) =
        reading::table(&args.data, args.dialect.query.as_deref(), &args.dialect.apply(model.read_options()))?;
    let mut cards = Shared::begin(args.backend)?;
    let (scores, diagnostics) = model.score_on(&table, args.threshold, &mut |secs| cards.for_secs(secs))?;
    if !args.quiet {
        warn(&report.diagnostics);
        warn(&diagnostics);
        cards.told().iter().for_each(|told| eprintln!("note: {told}"));
    }
    if args.json {
        let metrics: serde_json::Map<String, serde_json::Value> =
            scores.iter().map(|s| (s.id.clone(), serde_json::json!(s.score))).collect();
        let threshold = args.threshold.or(model.threshold());
        return print_json(
            &serde_json::json!({ "rows": table.rows, "threshold": threshold, "metrics": metrics }),
        );
    }
    let rows: Vec<Vec<String>> = scores
        .iter()
        .map(|s| {
            let better = if s.greater_is_better { "higher is better" } else { "lower is better" };
            let value = s.score.map_or("undefined".to_owned(), |v| format!("{v:.6}"));
            vec![s.id.clone(), s.title.clone(), value, better.to_owned()]
        })
        .collect();
    print(&show::columns(&["metric", "", "score", ""], &rows))?;
    print(&show::threshold(&model, args.threshold))
}
