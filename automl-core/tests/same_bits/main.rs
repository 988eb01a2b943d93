//! The same bytes on every target. Each body runs natively under `cargo test` and in WebAssembly under
//! `wasm-bindgen-test-runner`, and must meet the hashes that are kept in `goldens.txt`.
//!
//! Everything goes through the crate's public face. The tables are small: unoptimised WebAssembly is slow.

mod golden;
mod kinds;
mod learners;
mod numbers;
mod steps;
mod studies;
mod tables;
