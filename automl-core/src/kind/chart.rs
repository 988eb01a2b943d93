//! Charts as data: what is drawn, not how. Fronts draw them, and offer their numbers as CSV.

use serde::{Deserialize, Serialize};

/// How an axis counts.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(tag = "scale", rename_all = "snake_case")]
pub enum AxisScale {
    #[default]
    Linear,
    /// Values above 0 only.
    Log,
    /// Milliseconds since 1970.
    Time,
    /// Category `i` lies at `i`, for `i` in 0..n.
    Category { names: Vec<String> },
}

/// An axis.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Axis {
    pub title: String,
    pub scale: AxisScale,
}

/// A bar from `from` to `to` along x, `value` high.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
pub struct Bar {
    pub from: f64,
    pub to: f64,
    pub value: f64,
}

/// Tukey's summary of a group: quartiles, and the farthest values within 1.5 times their distance.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct BoxSummary {
    /// Place along x.
    pub at: f64,
    pub low: f64,
    pub q1: f64,
    pub median: f64,
    pub q3: f64,
    pub high: f64,
    /// Values beyond `low` and `high`, at most some hundreds.
    pub outliers: Vec<f64>,
}

/// What is drawn.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "mark", rename_all = "snake_case")]
pub enum Mark {
    Bars {
        name: String,
        bars: Vec<Bar>,
    },
    Points {
        name: String,
        points: Vec<(f64, f64)>,
    },
    /// `band`: the lower and upper end beside each point, or nothing.
    Line {
        name: String,
        points: Vec<(f64, f64)>,
        band: Vec<(f64, f64)>,
    },
    Boxes {
        name: String,
        boxes: Vec<BoxSummary>,
    },
    /// (place along x, place along y, value), both axes categories.
    Cells {
        name: String,
        cells: Vec<(u32, u32, f64)>,
    },
}

/// A chart.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Chart {
    pub title: String,
    pub x: Axis,
    pub y: Axis,
    pub marks: Vec<Mark>,
    /// What to know about it, for example that points are a sample.
    pub note: String,
}

/// A small table for people.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Listing {
    pub title: String,
    pub columns: Vec<String>,
    /// Which columns are numbers and stand to the right.
    pub numeric: Vec<bool>,
    pub rows: Vec<Vec<String>>,
}

/// Text, charts and small tables, in that order.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct Report {
    pub title: String,
    pub text: Vec<String>,
    pub charts: Vec<Chart>,
    pub listings: Vec<Listing>,
}
