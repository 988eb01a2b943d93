//! What surrounds the canvas of pipelines: toolbar, palette, inspector, preview, links, templates, tour.

pub mod bars;
pub mod chart;
pub mod columns;
pub mod expression;
pub mod field;
pub mod functions;
pub mod help;
pub mod inspector;
pub mod list;
mod order;
pub mod palette;
pub mod preview;
pub mod results;
pub mod server;
pub mod share;
pub mod source;
pub mod start;
pub mod table;
pub mod toolbar;
pub mod tour;
