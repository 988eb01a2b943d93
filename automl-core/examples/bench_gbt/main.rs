//! Speed, memory and accuracy of boosting on generated data, as one JSON object.
//!
//! `cargo run --release --example bench_gbt -- ROWS COLUMNS [KEY=VALUE …]`
//!
//! Keys: `threads` (1), `seed` (0), `repeats` (3, the best counts), `learner` (`gbt`), `params`, a JSON object of those
//! that are not the learner's defaults (100 trees and no `l2` otherwise), `validation` (0, the share of the training
//! rows that only decide when to stop), `table` (`normal` numbers; `onehot`, twenty categories with a 0 or 1 for each of
//! their levels; `levels`, whole numbers of 2 to 16 levels a column), `write=PREFIX`, which writes the numbers and does nothing else, and
//! `read=PREFIX`, which reads what was written instead of generating it: `PREFIX.X.f32`, `PREFIX.y.u8` (training rows,
//! row by row, and labels), `PREFIX.Xt.f32` and `PREFIX.yt.u8` (a fifth as many test rows), so that other libraries can
//! be timed on the same numbers. `backend=gpu` computes on the graphics card, where it is built with the feature `gpu`.
//!
//! Built for WebAssembly it is a library for a page: `in_page.rs`.

mod data;
#[cfg(target_arch = "wasm32")]
mod in_page;
mod measure;

#[cfg(target_arch = "wasm32")]
fn main() {}

#[cfg(not(target_arch = "wasm32"))]
mod command;
#[cfg(not(target_arch = "wasm32"))]
mod tables;

#[cfg(not(target_arch = "wasm32"))]
fn main() -> measure::Fallible<()> {
    command::run()
}
