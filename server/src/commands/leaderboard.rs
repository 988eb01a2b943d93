//! `trellis leaderboard`

use super::{print, print_json, show, timings};
use crate::args::LeaderboardArgs;
use crate::{Done, reading};

/// Shows every trial of the search that made a model, with clock readings where they lie beside it.
///
/// # Errors
/// A file that cannot be read, or that is no model.
pub fn run(args: &LeaderboardArgs) -> Done {
    let (model, bytes) = reading::model(&args.model)?;
    let board = timings::read(&args.model, &bytes).unwrap_or_else(|| model.board());
    if args.json {
        return print_json(&board);
    }
    print(&show::board(&board, usize::MAX))?;
    print(&format!("\n{}\n{}", model.verdict().sentence, show::trust(model.verdict())))?;
    print(&show::threshold(&model, None))
}
