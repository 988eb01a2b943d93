//! Charts and statistics.

mod bar;
mod bins;
mod box_plot;
mod correlation;
mod drawn;
mod heatmap;
mod histogram;
mod levels;
mod line;
mod scatter;
mod statistics;
mod summary;

#[cfg(test)]
mod tests;

pub(super) use bar::BarChart;
pub(super) use box_plot::BoxPlot;
pub(super) use heatmap::Heatmap;
pub(super) use histogram::Histogram;
pub(super) use line::LineChart;
pub(super) use scatter::Scatter;
pub(super) use statistics::Statistics;
