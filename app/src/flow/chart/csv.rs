//! A chart's numbers as CSV, in full precision.

use automl_core::kind::svg::mark_name;
use automl_core::kind::{AxisScale, Chart, Mark};
use std::fmt::Write;

/// A cell, in quotes where it must be. A text that a spreadsheet would take for a formula gets an apostrophe.
fn cell(text: &str) -> String {
    let text = if text.starts_with(['=', '+', '-', '@', '\t', '\r']) && text.parse::<f64>().is_err() {
        format!("'{text}")
    } else {
        text.to_owned()
    };
    if text.contains(['"', ',', '\n', '\r']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

fn place(scale: &AxisScale, value: f64) -> String {
    match scale {
        AxisScale::Category { names } if value >= 0.0 && value.fract() == 0.0 => {
            names.get(value as usize).map_or_else(|| value.to_string(), |n| cell(n))
        }
        _ => value.to_string(),
    }
}

/// One row a thing that is drawn, with the mark's name first.
pub fn to_csv(chart: &Chart) -> String {
    let (x, y) = (&chart.x.scale, &chart.y.scale);
    let is_boxes = chart.marks.iter().any(|m| matches!(m, Mark::Boxes { .. }));
    let mut out = if is_boxes {
        "mark,at,low,q1,median,q3,high\n".to_owned()
    } else {
        "mark,x_from,x_to,y,low,high,value\n".to_owned()
    };
    for mark in &chart.marks {
        let name = cell(mark_name(mark));
        // Writing into a text cannot fail.
        let _ = match mark {
            Mark::Bars { bars, .. } => bars.iter().try_for_each(|b| {
                let (from, to) = match x {
                    AxisScale::Category { .. } => {
                        let middle = place(x, f64::midpoint(b.from, b.to));
                        (middle.clone(), middle)
                    }
                    _ => (b.from.to_string(), b.to.to_string()),
                };
                writeln!(out, "{name},{from},{to},{},,,", b.value)
            }),
            Mark::Points { points, .. } => points.iter().try_for_each(|p| {
                let at = place(x, p.0);
                writeln!(out, "{name},{at},{at},{},,,", place(y, p.1))
            }),
            Mark::Line { points, band, .. } => points.iter().enumerate().try_for_each(|(i, p)| {
                let at = place(x, p.0);
                let ends = band.get(i).map_or(",".to_owned(), |b| format!("{},{}", b.0, b.1));
                writeln!(out, "{name},{at},{at},{},{ends},", p.1)
            }),
            Mark::Boxes { boxes, .. } => boxes.iter().try_for_each(|b| {
                let at = place(x, b.at);
                writeln!(out, "{name},{at},{},{},{},{},{}", b.low, b.q1, b.median, b.q3, b.high)
            }),
            Mark::Cells { cells, .. } => cells.iter().try_for_each(|c| {
                let at = place(x, f64::from(c.0));
                writeln!(out, "{name},{at},{at},{},,,{}", place(y, f64::from(c.1)), c.2)
            }),
        };
    }
    out
}
