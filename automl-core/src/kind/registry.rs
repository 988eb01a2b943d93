//! The kinds that there are, a line each.

use super::{KindSpec, Operation, Step, combine, look, prepare, source};

const OPERATIONS: &[&dyn Operation] = &[
    &source::Paste,
    &source::Generate,
    &combine::Join,
    &combine::Union,
    &combine::GroupRows,
    &combine::Pivot,
    &combine::Unpivot,
    &combine::Split,
    &look::Statistics,
    &look::Histogram,
    &look::BarChart,
    &look::BoxPlot,
    &look::Scatter,
    &look::LineChart,
    &look::Heatmap,
];

const STEPS: &[&dyn Step] = &[
    &prepare::Impute,
    &prepare::Outliers,
    &prepare::Scale,
    &prepare::Encode,
    &prepare::Bin,
    &prepare::Text,
    &prepare::Reduce,
    &prepare::Select,
    &prepare::Cluster,
];

/// Declarations of the kinds whose tables come from outside; whoever runs a pipeline brings them.
pub fn sources() -> Vec<KindSpec> {
    source::outside()
}

/// All operations, in the palette's order.
pub fn operations() -> &'static [&'static dyn Operation] {
    OPERATIONS
}

pub fn operation(id: &str) -> Option<&'static dyn Operation> {
    OPERATIONS.iter().copied().find(|o| o.spec().id == id)
}

/// All steps, in the palette's order.
pub fn steps() -> &'static [&'static dyn Step] {
    STEPS
}

pub fn step(id: &str) -> Option<&'static dyn Step> {
    STEPS.iter().copied().find(|s| s.spec().id == id)
}
