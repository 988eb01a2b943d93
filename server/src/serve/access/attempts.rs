//! How often somebody may try: buckets of tokens that fill again with time, by whoever tries.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Instant;

/// Buckets that may be there; beyond, full ones are forgotten.
const MOST: usize = 10_000;

/// See the module.
pub struct Attempts {
    burst: f64,
    per_second: f64,
    buckets: Mutex<BTreeMap<String, (f64, Instant)>>,
}

impl Attempts {
    /// `burst` at once, and `per_second` in the long run.
    pub fn new(burst: f64, per_second: f64) -> Self {
        Self { burst, per_second, buckets: Mutex::default() }
    }

    /// Takes a token; whether there was one.
    pub fn allow(&self, who: &str) -> bool {
        self.allow_at(who, Instant::now())
    }

    fn allow_at(&self, who: &str, now: Instant) -> bool {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let filled = |(left, since): &(f64, Instant)| {
            (left + self.per_second * now.saturating_duration_since(*since).as_secs_f64()).min(self.burst)
        };
        if buckets.len() >= MOST {
            buckets.retain(|_, bucket| filled(bucket) < self.burst);
        }
        let left = buckets.get(who).map_or(self.burst, filled);
        let allowed = left >= 1.0;
        buckets.insert(who.to_owned(), (if allowed { left - 1.0 } else { left }, now));
        allowed
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    #[test]
    fn buckets_empty_and_fill() {
        let attempts = Attempts::new(2.0, 0.5);
        let (a, b) = ("a", "b");
        let start = Instant::now();
        let at = |who: &str, secs: f64| attempts.allow_at(who, start + Duration::from_secs_f64(secs));
        assert_eq!([at(a, 0.0), at(a, 0.0), at(a, 0.0), at(b, 0.0)], [true, true, false, true]);
        assert_eq!([at(a, 1.0), at(a, 2.5), at(a, 2.6)], [false, true, false]);
        assert_eq!([at(a, 100.0), at(a, 100.0), at(a, 100.0)], [true, true, false]);
    }
}
