//! Charts as SVG text: the same for fronts, whose colours are their own, and for files, where they are fixed.

mod draw;
mod scale;

pub use draw::{Size, to_svg};
pub use scale::{Scale, date_words, shortened};

use super::{AxisScale, BoxSummary, Chart, Mark};
use crate::numeric::figure;

/// Colours as SVG takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Paint {
    /// Of the marks, the first first; told apart by people who do not see all colours.
    pub series: [&'static str; 6],
    pub ink: &'static str,
    pub quiet: &'static str,
    pub line: &'static str,
    /// Behind everything; empty: nothing.
    pub paper: &'static str,
}

/// Of pages that have these colours as variables, light or dark.
pub const PAGE: Paint = Paint {
    series: [
        "var(--chart-1)",
        "var(--chart-2)",
        "var(--chart-3)",
        "var(--chart-4)",
        "var(--chart-5)",
        "var(--chart-6)",
    ],
    ink: "var(--ink)",
    quiet: "var(--quiet)",
    line: "var(--line)",
    paper: "",
};

/// For files: dark on white. The series are Okabe and Ito's.
pub const FILE: Paint = Paint {
    series: ["#0b6e69", "#d55e00", "#0072b2", "#cc79a7", "#8a6d00", "#56707f"],
    ink: "#15202b",
    quiet: "#54616d",
    line: "#d5dce2",
    paper: "#ffffff",
};

/// The ends of what is drawn along x and along y.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Ranges {
    pub x: (f64, f64),
    pub y: (f64, f64),
    /// Bars stand on 0.
    pub from_zero: bool,
}

fn widen(range: &mut (f64, f64), value: f64) {
    if value.is_finite() {
        *range = (range.0.min(value), range.1.max(value));
    }
}

fn box_ends(b: &BoxSummary) -> impl Iterator<Item = f64> + '_ {
    [b.low, b.high].into_iter().chain(b.outliers.iter().copied())
}

/// The ends of all marks of a chart; a range of nothing has its ends the wrong way round.
pub fn ranges(chart: &Chart) -> Ranges {
    let nothing = (f64::INFINITY, f64::NEG_INFINITY);
    let (mut x, mut y, mut from_zero) = (nothing, nothing, false);
    for mark in &chart.marks {
        match mark {
            Mark::Bars { bars, .. } => {
                from_zero |= !bars.is_empty();
                for bar in bars {
                    widen(&mut x, bar.from);
                    widen(&mut x, bar.to);
                    widen(&mut y, bar.value);
                    widen(&mut y, 0.0);
                }
            }
            Mark::Points { points, .. } => points.iter().for_each(|p| {
                widen(&mut x, p.0);
                widen(&mut y, p.1);
            }),
            Mark::Line { points, band, .. } => {
                for p in points {
                    widen(&mut x, p.0);
                    widen(&mut y, p.1);
                }
                for b in band {
                    widen(&mut y, b.0);
                    widen(&mut y, b.1);
                }
            }
            Mark::Boxes { boxes, .. } => boxes.iter().for_each(|b| {
                widen(&mut x, b.at);
                box_ends(b).for_each(|v| widen(&mut y, v));
            }),
            Mark::Cells { cells, .. } => cells.iter().for_each(|c| {
                widen(&mut x, f64::from(c.0));
                widen(&mut y, f64::from(c.1));
            }),
        }
    }
    Ranges { x, y, from_zero }
}

/// What a mark is called.
pub fn mark_name(mark: &Mark) -> &str {
    match mark {
        Mark::Bars { name, .. }
        | Mark::Points { name, .. }
        | Mark::Line { name, .. }
        | Mark::Boxes { name, .. }
        | Mark::Cells { name, .. } => name,
    }
}

/// A value of an axis in words. `span`: the length of what is shown of the axis.
pub fn words(scale: &AxisScale, value: f64, span: f64) -> String {
    match scale {
        AxisScale::Category { names } => {
            let at = value.round();
            let name = if at >= 0.0 { names.get(at as usize) } else { None };
            name.cloned().unwrap_or_else(|| figure(value))
        }
        AxisScale::Time => date_words(value, span),
        AxisScale::Linear | AxisScale::Log => figure(value),
    }
}
