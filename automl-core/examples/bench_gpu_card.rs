//! Which graphics card there is, what is measured of it before work is planned, and what is planned by that: one JSON object.
//!
//! `cargo run --release --features gpu --example bench_gpu_card -- [KEY=VALUE …]`
//!
//! Keys: `rows` (1000000), `columns` (28), `trees` (100), `leaves` (31), `threads` (1): the trees that are planned for. A
//! program that computes as a card is taken where there is no other.

use automl_core::compute::Work;
use automl_core::compute::gpu::{Device, measure};
use automl_core::platform::{Stopwatch, ready};
use std::error::Error;

fn main() -> Result<(), Box<dyn Error>> {
    let keys: Vec<String> = std::env::args().skip(1).collect();
    let count = |name: &str, default: usize| {
        let given = keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
        given.map_or(Ok(default), str::parse)
    };
    let trees = Work::Trees {
        rows: count("rows", 1_000_000)?,
        features: count("columns", 28)?,
        leaves: count("leaves", 31)?,
        rounds: count("trees", 100)?,
        outputs: 1,
        threads: count("threads", 1)?,
    };
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
    let measure_secs = watch.elapsed_secs();
    let planned = costs.estimate(&trees);
    let line = serde_json::json!({
        "adapter": device.name(), "key": device.key(), "is_software": device.is_software(), "costs": costs,
        "ask_secs": ask_secs, "measure_secs": measure_secs, "planned_cpu_secs": planned.cpu_secs,
        "planned_card_secs": planned.card_secs, "planned_way_secs": planned.way_secs,
    });
    println!("{line}");
    Ok(())
}
