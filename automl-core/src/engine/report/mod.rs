//! The report: one HTML file that needs nothing else, with every name that came from data escaped.

mod chart;

use super::artifact::{Header, ModelArtifact};
use super::protocol::{Board, BoardRow, TrialState, Verdict};
use super::verdict::number;
use crate::metric::told;
use std::fmt::Write;

const STYLE: &str = include_str!("report.css");

impl ModelArtifact {
    /// The report on this model.
    pub fn report_html(&self) -> String {
        report_html(self.header(), &self.board(), self.verdict())
    }
}

/// Text made safe inside HTML, attributes included.
pub(super) fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if c.is_control() && c != '\n' && c != '\t' => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}

/// A table row of cells that are HTML already.
fn tr(tag: &str, cells: &[String]) -> String {
    let cells: String = cells.iter().map(|c| format!("<{tag}>{c}</{tag}>")).collect();
    format!("<tr>{cells}</tr>\n")
}

pub(super) fn table(caption: &str, head: &[&str], rows: &[Vec<String>]) -> String {
    let head: Vec<String> = head.iter().map(|h| escaped(h)).collect();
    let body: String = rows.iter().map(|r| tr("td", r)).collect();
    format!(
        "<table><caption>{}</caption><thead>{}</thead><tbody>{body}</tbody></table>\n",
        escaped(caption),
        tr("th", &head)
    )
}

fn shown(value: Option<f64>) -> String {
    value.map_or("–".to_owned(), number)
}

/// The report on a model, its board and its verdict.
pub(super) fn report_html(header: &Header, board: &Board, verdict: &Verdict) -> String {
    let title = format!("Predicting {}", verdict.target);
    let mut body = format!(
        "<h1>{}</h1>\n<p class=\"verdict\">{}</p>\n<p>{}</p>\n",
        escaped(&title),
        escaped(&verdict.sentence),
        escaped(&verdict.explanation)
    );
    for d in &verdict.diagnostics {
        // Writing into a string cannot fail, here and below.
        let _ = writeln!(body, "<p class=\"note\">{} {}</p>", escaped(&d.message), escaped(&d.remedy));
    }
    body.push_str("<h2>On the locked rows</h2>\n");
    body.push_str(&metrics(verdict));
    for line in verdict.trust() {
        let _ = writeln!(body, "<p>{}</p>", escaped(&line));
    }
    if verdict.classes.is_empty() {
        body.push_str(&chart::scatter(&verdict.scatter));
    } else {
        body.push_str(&confusion(verdict));
    }
    body.push_str("<h2>What the model looks at</h2>\n");
    body.push_str(&chart::importance(&verdict.importance));
    body.push_str("<h2>Models compared</h2>\n");
    body.push_str(&leaderboard(board));
    body.push_str("<h2>How it was made</h2>\n");
    body.push_str(&facts(header));
    page(&title, &body)
}

/// A whole page. `body`: HTML.
pub(super) fn page(title: &str, body: &str) -> String {
    format!(
        "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"><title>{}</title><style>{STYLE}</style></head><body><main>\n{body}</main></body></html>\n",
        escaped(title)
    )
}

fn metrics(verdict: &Verdict) -> String {
    let rows: Vec<Vec<String>> = verdict
        .metrics
        .iter()
        .map(|(id, title, score, baseline)| {
            vec![escaped(title), told(id, *score, number), told(id, *baseline, number)]
        })
        .collect();
    table(&format!("{} rows", verdict.holdout.rows), &["Metric", "This model", "Guessing"], &rows)
}

fn confusion(verdict: &Verdict) -> String {
    /// More classes make no readable table.
    const MOST: usize = 30;
    let n = verdict.classes.len();
    if n > MOST || verdict.confusion.len() != n * n {
        return String::new();
    }
    let mut head = vec!["Actual \\ predicted"];
    head.extend(verdict.classes.iter().map(String::as_str));
    let rows: Vec<Vec<String>> = verdict
        .classes
        .iter()
        .zip(verdict.confusion.chunks(n))
        .map(|(class, counts)| {
            std::iter::once(escaped(class)).chain(counts.iter().map(u64::to_string)).collect()
        })
        .collect();
    table("Rows by actual and predicted class", &head, &rows)
}

fn leaderboard(board: &Board) -> String {
    let rows: Vec<Vec<String>> = board.rows.iter().map(leaderboard_row).collect();
    let head = ["Model", "Trial", &board.metric_title, "± sd", "Locked rows", "Share", "State", "Parameters"];
    let note = board.tie_test.as_ref().map_or(String::new(), |t| format!("<p>≈ {}.</p>\n", escaped(t)));
    let remarks: String = board.remarks().iter().map(|r| format!("<p>{}</p>\n", escaped(r))).collect();
    format!("{}{note}{remarks}", table("Best first; scores are means over folds", &head, &rows))
}

fn leaderboard_row(row: &BoardRow) -> Vec<String> {
    let state = match row.state {
        TrialState::Done => "done",
        TrialState::Running => "running",
        TrialState::Pruned => "given up early",
        TrialState::Failed => "failed",
        TrialState::Cut => "out of time",
    };
    // Parameters are plain values under text keys, which always serialise.
    let params = serde_json::to_string(&row.params).unwrap_or_default();
    let mark = if row.tied_with_best == Some(true) { "≈ " } else { "" };
    vec![
        format!("{mark}{}", escaped(&row.title)),
        row.trial.map_or("–".to_owned(), |t| t.to_string()),
        shown(row.score),
        shown(row.sd),
        shown(row.holdout),
        if row.weight > 0.0 { format!("{:.0} %", 100.0 * row.weight) } else { "–".to_owned() },
        state.to_owned(),
        format!("<code>{}</code>", escaped(&params)),
    ]
}

fn facts(header: &Header) -> String {
    let rows = [
        ("Task", header.task.name().to_owned()),
        ("Rows with a target", number(header.rows as f64)),
        ("Columns read", header.inputs.len().to_string()),
        ("Seed", header.seed.to_string()),
        ("Engine", header.engine.clone()),
        ("Trained again on all rows", if header.refitted { "yes" } else { "no" }.to_owned()),
        ("Fingerprint of the table", header.fingerprint.clone()),
    ];
    let rows: Vec<Vec<String>> =
        rows.into_iter().map(|(name, value)| vec![name.to_owned(), escaped(&value)]).collect();
    let caption = if header.request.populations {
        "The same table, seed and number of trials give the same model on the same graphics card"
    } else {
        "The same table, seed and number of trials give the same model"
    };
    table(caption, &["", ""], &rows)
}

#[cfg(test)]
mod tests {
    use super::escaped;

    #[test]
    fn nothing_from_data_can_be_markup() {
        assert_eq!(escaped("<b a=\"1\">&'"), "&lt;b a=&quot;1&quot;&gt;&amp;&#39;");
    }
}
