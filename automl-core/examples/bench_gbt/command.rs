//! The command line.

use crate::measure::{Bench, Fallible, Settings};
use crate::tables::generated;

/// Row-major numbers, and their labels.
pub type Numbers = (Vec<f32>, Vec<u8>);

/// Measures what the command line asks for.
///
/// # Errors
/// Arguments that cannot be read, files that cannot be read or written, or a fit that fails.
pub fn run() -> Fallible<()> {
    let (keys, places): (Vec<String>, Vec<String>) = std::env::args().skip(1).partition(|a| a.contains('='));
    let number = |i: usize, default: usize| places.get(i).map_or(Ok(default), |a| a.parse());
    let (rows, columns) = (number(0, 10_000)?, number(1, 20)?);
    let key = |name: &str| keys.iter().find_map(|k| k.strip_prefix(name)?.strip_prefix('='));
    let ((x, y), (xt, yt)) = match key("read") {
        Some(prefix) => (read(prefix, "")?, read(prefix, "t")?),
        None => {
            let (mut x, mut y) = generated(key("table").unwrap_or("normal"), rows + rows / 5, columns)?;
            let test = (x.split_off(rows * columns), y.split_off(rows));
            ((x, y), test)
        }
    };
    if let Some(prefix) = key("write") {
        write(prefix, "", &x, &y)?;
        return Ok(write(prefix, "t", &xt, &yt)?);
    }
    let repeats = key("repeats").map_or(Ok(3), str::parse)?;
    let mut bench = Bench::new(Settings::new(&keys)?, columns, (&x, &y), (&xt, &yt));
    // From now on the peak is that of what comes; where this cannot be told, it includes the reading.
    let _ = std::fs::write("/proc/self/clear_refs", "5");
    let held_mib = memory_mib("VmRSS:");
    let cpu = cpu_secs();
    for _ in 0..repeats {
        bench.fit()?;
    }
    let cpu = cpu.zip(cpu_secs()).map(|(before, after)| (after - before) / repeats as f64);
    let peak_mib = memory_mib("VmHWM:");
    let mut line = bench.figures(repeats)?;
    line["fit_cpu_secs"] = cpu.into();
    line["held_mib"] = held_mib.into();
    line["peak_mib"] = peak_mib.into();
    println!("{line}");
    Ok(())
}

fn read(prefix: &str, part: &str) -> std::io::Result<Numbers> {
    let bytes = std::fs::read(format!("{prefix}.X{part}.f32"))?;
    let x = bytes.as_chunks::<4>().0.iter().map(|&b| f32::from_le_bytes(b)).collect();
    Ok((x, std::fs::read(format!("{prefix}.y{part}.u8"))?))
}

fn write(prefix: &str, part: &str, x: &[f32], labels: &[u8]) -> std::io::Result<()> {
    let bytes: Vec<u8> = x.iter().flat_map(|v| v.to_le_bytes()).collect();
    std::fs::write(format!("{prefix}.X{part}.f32"), bytes)?;
    std::fs::write(format!("{prefix}.y{part}.u8"), labels)
}

/// Mebibytes by their name in the kernel's list, where there is one.
fn memory_mib(name: &str) -> Option<f64> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find_map(|l| l.strip_prefix(name))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// Processor seconds of all threads of this process so far, where the system tells.
fn cpu_secs() -> Option<f64> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = |i: usize| stat.rsplit(") ").next()?.split_whitespace().nth(i)?.parse::<f64>().ok();
    Some((ticks(11)? + ticks(12)?) / 100.0)
}
