//! Counts what came of trials through this server.

use std::sync::atomic::{AtomicU64, Ordering};

/// See the module.
#[derive(Debug, Default)]
pub struct Tally {
    pub claimed: AtomicU64,
    pub completed: AtomicU64,
    pub failed: AtomicU64,
    pub poisoned: AtomicU64,
    pub released: AtomicU64,
}

/// One more.
pub fn count(of: &AtomicU64) {
    of.fetch_add(1, Ordering::Relaxed);
}

impl Tally {
    /// Each with its name.
    pub fn counts(&self) -> [(&'static str, u64); 5] {
        let all = [
            ("claimed", &self.claimed),
            ("completed", &self.completed),
            ("failed", &self.failed),
            ("poisoned", &self.poisoned),
            ("released", &self.released),
        ];
        all.map(|(name, count)| (name, count.load(Ordering::Relaxed)))
    }
}
