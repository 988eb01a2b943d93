//! Charts of the report, as SVG.

use super::escaped;
use crate::engine::protocol::Importance;
use crate::engine::verdict::number;
use std::fmt::Write;

/// Columns shown.
const BARS: usize = 20;
const ROW: usize = 24;
const LABEL: usize = 220;
const WIDTH: usize = 680;

/// Bars of the columns that matter most.
pub(super) fn importance(columns: &[Importance]) -> String {
    let shown = &columns[..columns.len().min(BARS)];
    let most = shown.iter().map(|i| i.mean).fold(0.0, f64::max);
    if shown.is_empty() || most <= 0.0 {
        return "<p>No single column makes a difference on the locked rows.</p>\n".to_owned();
    }
    let height = shown.len() * ROW + 4;
    let mut out = format!(
        "<p>How much worse the score gets when a column is shuffled.</p>\n<svg viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"Importance of columns\">\n"
    );
    for (i, column) in shown.iter().enumerate() {
        let width = (WIDTH - LABEL - 90) as f64 * (column.mean.max(0.0) / most);
        let (y, text_y) = (i * ROW + 4, i * ROW + 18);
        let name: String = column.column.chars().take(30).collect();
        // Writing into a string cannot fail.
        let _ = writeln!(
            out,
            "<text x=\"{}\" y=\"{text_y}\" text-anchor=\"end\">{}</text><rect x=\"{LABEL}\" y=\"{y}\" width=\"{width:.1}\" height=\"{}\" rx=\"2\"/><text x=\"{:.1}\" y=\"{text_y}\">{}</text>",
            LABEL - 8,
            escaped(&name),
            ROW - 6,
            LABEL as f64 + width + 6.0,
            number(column.mean),
        );
    }
    out.push_str("</svg>\n");
    out
}

/// Predicted against actual values, with the line of perfect predictions.
pub(super) fn scatter(points: &[(f64, f64)]) -> String {
    const SIDE: f64 = 420.0;
    let values = || points.iter().flat_map(|(a, p)| [*a, *p]).filter(|v| v.is_finite());
    let (low, high) = (values().fold(f64::INFINITY, f64::min), values().fold(f64::NEG_INFINITY, f64::max));
    if points.is_empty() || low >= high {
        return String::new();
    }
    let at = |v: f64| (v - low) / (high - low) * SIDE;
    let mut out = format!(
        "<svg class=\"scatter\" viewBox=\"-60 -10 {} {}\" role=\"img\" aria-label=\"Predicted against actual\">\n<rect class=\"frame\" width=\"{SIDE}\" height=\"{SIDE}\"/><line x1=\"0\" y1=\"{SIDE}\" x2=\"{SIDE}\" y2=\"0\"/>\n",
        SIDE + 70.0,
        SIDE + 50.0
    );
    for (actual, predicted) in points.iter().filter(|(a, p)| a.is_finite() && p.is_finite()) {
        // Writing into a string cannot fail.
        let _ =
            write!(out, "<circle cx=\"{:.1}\" cy=\"{:.1}\" r=\"2.5\"/>", at(*actual), SIDE - at(*predicted));
    }
    let (below, middle) = (SIDE + 18.0, SIDE / 2.0);
    let _ = writeln!(out, "<text x=\"0\" y=\"{below}\">{}</text>", number(low));
    let _ = writeln!(out, "<text x=\"{SIDE}\" y=\"{below}\" text-anchor=\"end\">{}</text>", number(high));
    let _ = writeln!(out, "<text x=\"{middle}\" y=\"{below}\" text-anchor=\"middle\">actual</text>");
    let _ = writeln!(
        out,
        "<text x=\"-10\" y=\"{middle}\" text-anchor=\"middle\" transform=\"rotate(-90 -10 {middle})\">predicted</text></svg>"
    );
    out
}
