//! A study's clock: seconds of the caller's clock, without the pauses, held against the budget.

/// Time spent and time left.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    started: f64,
    paused: f64,
    paused_since: Option<f64>,
    budget: Option<f64>,
}

impl Clock {
    /// `spent`: seconds of the budget that are gone already.
    pub fn new(now: f64, spent: f64, budget: Option<f64>) -> Self {
        Self { started: now - spent, paused: 0.0, paused_since: None, budget }
    }

    pub fn pause(&mut self, now: f64) {
        self.paused_since.get_or_insert(now);
    }

    pub fn resume(&mut self, now: f64) {
        if let Some(since) = self.paused_since.take() {
            self.paused += (now - since).max(0.0);
        }
    }

    pub fn is_paused(&self) -> bool {
        self.paused_since.is_some()
    }

    pub fn elapsed(&self, now: f64) -> f64 {
        let now = self.paused_since.unwrap_or(now);
        (now - self.started - self.paused).max(0.0)
    }

    pub fn budget(&self) -> Option<f64> {
        self.budget
    }

    /// Seconds left of the budget; `None` without one.
    pub fn left(&self, now: f64) -> Option<f64> {
        self.budget.map(|b| b - self.elapsed(now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pauses_do_not_count() {
        let mut clock = Clock::new(100.0, 1.0, Some(10.0));
        assert_eq!(clock.elapsed(102.0), 3.0);
        clock.pause(102.0);
        assert_eq!(clock.elapsed(150.0), 3.0);
        clock.resume(150.0);
        assert_eq!(clock.left(151.0), Some(6.0));
    }
}
