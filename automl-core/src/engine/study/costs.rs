//! What trials will cost, before they are run: what learners say of themselves, put right by what was measured.

use crate::search::{Loads, Proposal};
use std::collections::BTreeMap;

/// Most that the seconds said by learners are stretched or shrunk where they were not measured themselves.
const MOST_STRETCH: f64 = 3.0;
/// Seconds measured in all from which on they say something about the machine.
const TELLING_SECS: f64 = 0.2;

/// Measured and said seconds.
#[derive(Debug, Clone, Copy, Default)]
struct Account {
    measured: f64,
    said: f64,
}

impl Account {
    fn add(&mut self, measured: f64, said: f64) {
        self.measured += measured;
        self.said += said;
    }

    /// How much longer it takes than said.
    fn factor(self) -> Option<f64> {
        (self.said > 0.0).then(|| self.measured / self.said)
    }
}

/// The costs of one study's folds.
#[derive(Debug, Clone)]
pub(super) struct Costs {
    loads: Loads,
    all: Account,
    learners: BTreeMap<String, Account>,
}

impl Costs {
    pub fn new(loads: Loads) -> Self {
        Self { loads, all: Account::default(), learners: BTreeMap::new() }
    }

    /// Seconds that a fold is expected to take.
    pub fn fold_secs(&self, proposal: &Proposal) -> f64 {
        let own = self.learners.get(&proposal.learner).and_then(|a| a.factor());
        let factor = own.or_else(|| {
            self.all
                .factor()
                .filter(|_| self.all.measured > TELLING_SECS)
                .map(|f| f.clamp(1.0 / MOST_STRETCH, MOST_STRETCH))
        });
        factor.unwrap_or(1.0) * self.loads.secs_said(proposal)
    }

    /// Whether a learner's fold was measured.
    pub fn knows(&self, learner: &str) -> bool {
        self.learners.contains_key(learner)
    }

    /// Notes what a fold took.
    pub fn add(&mut self, proposal: &Proposal, secs: f64) {
        let said = self.loads.secs_said(proposal);
        self.all.add(secs, said);
        self.learners.entry(proposal.learner.clone()).or_default().add(secs, said);
    }
}
