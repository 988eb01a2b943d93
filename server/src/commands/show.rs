//! Boards as text.

use automl_core::engine::ModelArtifact;
use automl_core::engine::protocol::{Board, BoardRow, TrialState, Verdict};
use automl_core::numeric::{count, percent};

/// Rows set in columns: the first to the left, the others to the right, the last as it is.
pub fn columns(head: &[&str], rows: &[Vec<String>]) -> String {
    let width = |j: usize| {
        let cells = rows.iter().filter_map(|r| r.get(j)).map(|c| c.chars().count());
        cells.chain([head[j].chars().count()]).max().unwrap_or(0)
    };
    let widths: Vec<usize> = (0..head.len()).map(width).collect();
    let line = |cells: &[String]| {
        let mut out = String::new();
        for (j, cell) in cells.iter().enumerate() {
            let pad = " ".repeat(widths[j].saturating_sub(cell.chars().count()));
            let last = j + 1 == cells.len();
            if j > 0 {
                out.push_str("  ");
            }
            match j {
                0 | 1 if !last => out.push_str(&format!("{cell}{pad}")),
                _ if last => out.push_str(cell),
                _ => out.push_str(&format!("{pad}{cell}")),
            }
        }
        format!("{}\n", out.trim_end())
    };
    let head: Vec<String> = head.iter().map(|h| (*h).to_owned()).collect();
    std::iter::once(line(&head)).chain(rows.iter().map(|r| line(r))).collect()
}

fn score(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), |v| if v.abs() >= 1000.0 { format!("{v:.1}") } else { format!("{v:.5}") })
}

fn row(place: usize, row: &BoardRow) -> Vec<String> {
    let sd = row.sd.map_or(String::new(), |s| format!(" ± {}", score(Some(s))));
    let timed = row.fit_secs > 0.0;
    let state = match row.state {
        TrialState::Done if row.weight > 0.0 && row.trial.is_some() => {
            format!("{:.0} % of the model", 100.0 * row.weight)
        }
        TrialState::Done => String::new(),
        TrialState::Running => "running".to_owned(),
        TrialState::Pruned => "given up early".to_owned(),
        TrialState::Failed => format!("failed: {}", row.note),
        TrialState::Cut => "out of time".to_owned(),
    };
    vec![
        if row.tied_with_best == Some(true) { format!("{} ≈", place + 1) } else { (place + 1).to_string() },
        row.title.clone(),
        row.trial.map_or("–".to_owned(), |t| t.to_string()),
        format!("{}{sd}", score(row.score)),
        score(row.holdout),
        if timed { format!("{:.2}", row.fit_secs) } else { "–".to_owned() },
        if timed { format!("{:.1}", row.predict_us_per_row) } else { "–".to_owned() },
        state,
    ]
}

/// How far probabilities and intervals can be trusted, as seen on the locked rows; a line each.
pub fn trust(verdict: &Verdict) -> String {
    let lines: String = verdict.trust().iter().map(|line| format!("{line}\n")).collect();
    if lines.is_empty() {
        lines
    } else {
        format!("On the {} locked rows:\n{lines}", count(verdict.holdout.rows))
    }
}

/// From which probability on a row is called the second of two classes; empty where there are not two.
pub fn threshold(model: &ModelArtifact, instead: Option<f64>) -> String {
    let (Some(own), [_, second]) = (model.threshold(), model.header().classes.as_slice()) else {
        return String::new();
    };
    let used = instead.unwrap_or(own);
    let why = if instead.is_some() {
        format!("; the model's own threshold is {own:.4}")
    } else if own == 0.5 {
        String::new()
    } else {
        format!("; chosen for {} on out-of-fold predictions", model.verdict().metric_title)
    };
    format!("A row is called \"{second}\" where its probability is above {used:.4}{why}.\n")
}

/// What intervals of `level` promise, and how those of the usual level did.
pub fn promise(level: f64, model: &ModelArtifact) -> String {
    let verdict = model.verdict();
    let (what, truth) = if verdict.classes.is_empty() { ("interval", "value") } else { ("set", "class") };
    let promised = format!(
        "each {what} is made to hold the true {truth} in {} of rows like those of training",
        percent(level)
    );
    let certain = match model.guarantee(level) {
        Some(least) if least < level => format!("; proven (CV+) for {} of them", percent(least)),
        _ => String::new(),
    };
    let rows = count(verdict.holdout.rows);
    let seen = |line: String| format!(". On the {rows} locked rows of the search: {line}");
    format!("{promised}{certain}{}", verdict.coverage_line().map_or(String::new(), seen))
}

/// The first `most` rows of the leaderboard as a table.
pub fn board(board: &Board, most: usize) -> String {
    let score = format!("{} ± sd", board.metric);
    let head = ["#", "model", "trial", &score, "locked rows", "fit s", "µs a row", ""];
    let rows: Vec<Vec<String>> = board.rows.iter().enumerate().take(most).map(|(i, r)| row(i, r)).collect();
    let mut out = columns(&head, &rows);
    if board.rows.len() > most {
        out.push_str(&format!(
            "… and {} more; `trellis leaderboard MODEL` shows all\n",
            board.rows.len() - most
        ));
    }
    let any_tied = board.rows.iter().take(most).any(|r| r.tied_with_best == Some(true));
    if let Some(meaning) = board.tie_test.as_ref().filter(|_| any_tied) {
        out.push_str(&format!("≈ {meaning}\n"));
    }
    board.remarks().iter().for_each(|remark| out.push_str(&format!("{remark}\n")));
    out
}
