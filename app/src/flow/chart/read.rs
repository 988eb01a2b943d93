//! What a chart says at a place, for pointers, keys and screen readers.

use automl_core::kind::svg::{Scale, Size, mark_name, ranges, words};
use automl_core::kind::{AxisScale, Chart, Mark};

/// Readings of a chart, which a person steps through.
const MOST: usize = 5_000;

/// One thing that is drawn.
#[derive(Debug, Clone, PartialEq)]
pub struct Reading {
    /// Where it is, in the drawing's pixels.
    pub x: f64,
    pub y: f64,
    pub text: String,
}

/// All that is drawn, mark by mark. Coordinates are as in the drawing of [`super::to_svg`] of that size.
pub fn readings(chart: &Chart, size: Size) -> Vec<Reading> {
    let found = ranges(chart);
    let (across, up) = size.ends(chart);
    let x = Scale::new(&chart.x.scale, found.x, false, across);
    let y = Scale::new(&chart.y.scale, found.y, found.from_zero, up);
    let (x_span, y_span) = (found.x.1 - found.x.0, found.y.1 - found.y.0);
    let of_x = |v: f64| words(&chart.x.scale, v, x_span);
    let of_y = |v: f64| words(&chart.y.scale, v, y_span);
    let is_named = matches!(chart.x.scale, AxisScale::Category { .. });
    let mut out = Vec::new();
    for mark in &chart.marks {
        let name = if chart.marks.len() > 1 { format!("{}: ", mark_name(mark)) } else { String::new() };
        let mut push = |px: f64, py: f64, text: String| {
            if px.is_finite() && py.is_finite() && out.len() < MOST {
                out.push(Reading { x: x.at(px), y: y.at(py), text: format!("{name}{text}") });
            }
        };
        match mark {
            Mark::Bars { bars, .. } => bars.iter().for_each(|b| {
                let middle = f64::midpoint(b.from, b.to);
                let place =
                    if is_named { of_x(middle) } else { format!("{} to {}", of_x(b.from), of_x(b.to)) };
                push(middle, b.value, format!("{place}: {}", of_y(b.value)));
            }),
            Mark::Points { points, .. } => {
                points.iter().for_each(|p| push(p.0, p.1, format!("{}: {}", of_x(p.0), of_y(p.1))));
            }
            Mark::Line { points, band, .. } => points.iter().enumerate().for_each(|(i, p)| {
                let around =
                    band.get(i).map(|b| format!(" ({} to {})", of_y(b.0), of_y(b.1))).unwrap_or_default();
                push(p.0, p.1, format!("{}: {}{around}", of_x(p.0), of_y(p.1)));
            }),
            Mark::Boxes { boxes, .. } => boxes.iter().for_each(|b| {
                let text = format!(
                    "{}: median {}, half of the values from {} to {}, ends {} and {}",
                    of_x(b.at),
                    of_y(b.median),
                    of_y(b.q1),
                    of_y(b.q3),
                    of_y(b.low),
                    of_y(b.high)
                );
                push(b.at, b.median, text);
            }),
            Mark::Cells { cells, .. } => cells.iter().for_each(|c| {
                let (px, py) = (f64::from(c.0), f64::from(c.1));
                push(px, py, format!("{}, {}: {}", of_x(px), of_y(py), crate::format::number(c.2)));
            }),
        }
    }
    out
}

/// The reading nearest to a place of the drawing.
pub fn nearest(readings: &[Reading], x: f64, y: f64) -> Option<usize> {
    let far = |r: &Reading| (r.x - x) * (r.x - x) + 0.25 * (r.y - y) * (r.y - y);
    let best = readings.iter().enumerate().min_by(|a, b| far(a.1).total_cmp(&far(b.1)))?;
    Some(best.0)
}
