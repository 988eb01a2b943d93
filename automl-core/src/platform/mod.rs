//! The only door to the world outside the core: a clock, a cancel flag, and threads for a moment.
//!
//! Together with the GPU device manager this is the only place that may look at the target architecture.

mod threads;
mod wait;

pub use threads::each;
pub use wait::ready;

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[cfg(not(target_arch = "wasm32"))]
use std::time::Instant;
#[cfg(target_arch = "wasm32")]
use web_time::Instant;

/// A monotonic stopwatch. Elapsed time is reported and budgets are kept with it; it never decides a number.
#[derive(Debug, Clone, Copy)]
pub struct Stopwatch(Instant);

impl Stopwatch {
    pub fn start() -> Self {
        #[cfg_attr(
            not(target_arch = "wasm32"),
            expect(clippy::disallowed_methods, reason = "the one clock that the others are told to use")
        )]
        Self(Instant::now())
    }

    pub fn elapsed_secs(&self) -> f64 {
        self.0.elapsed().as_secs_f64()
    }
}

/// A flag that asks a running computation to stop at its next safe point, and an optional deadline that does
/// the same. Cloning shares the flag.
#[derive(Debug, Clone, Default)]
pub struct Cancel {
    flag: Arc<AtomicBool>,
    deadline: Option<(Stopwatch, f64)>,
}

impl Cancel {
    pub fn new() -> Self {
        Self::default()
    }

    /// The same flag, and also cancelled once `secs` from now have passed.
    #[must_use]
    pub fn with_deadline_secs(&self, secs: f64) -> Self {
        Self { flag: self.flag.clone(), deadline: Some((Stopwatch::start(), secs)) }
    }

    pub fn cancel(&self) {
        self.flag.store(true, Ordering::Relaxed);
    }

    pub fn is_cancelled(&self) -> bool {
        self.flag.load(Ordering::Relaxed)
            || self.deadline.is_some_and(|(watch, secs)| watch.elapsed_secs() >= secs)
    }
}
