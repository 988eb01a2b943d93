//! Which graphics card there is, and what is measured of it before work is planned: one JSON object.
//!
//! `cargo run --release --features gpu --example bench_gpu_card`
//!
//! A program that computes as a card is taken where there is no other.

use automl_core::compute::gpu::{Device, measure};
use automl_core::platform::{Stopwatch, ready};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let watch = Stopwatch::start();
    let device = match ready(Device::request(true)) {
        Ok(device) => device,
        Err(why) => {
            println!("{}", serde_json::json!({ "adapter": null, "why_not": why.to_string() }));
            return Ok(());
        }
    };
    let ask_secs = watch.elapsed_secs();
    let watch = Stopwatch::start();
    let costs = ready(measure(&device))?;
    let line = serde_json::json!({
        "adapter": device.name(), "key": device.key(), "is_software": device.is_software(), "costs": costs,
        "ask_secs": ask_secs, "measure_secs": watch.elapsed_secs(),
    });
    println!("{line}");
    Ok(())
}
