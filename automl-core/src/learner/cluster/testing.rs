//! Executors in this process, which fail as they are told to.

use super::{Cluster, Executor, Holds, Refusal, Refused};
use crate::numeric::Rng;

/// Seconds after which executors forget, by a clock that goes on by one with every question.
const IDLE_SECS: f64 = 1e9;
const LIMIT: u64 = 1 << 30;

pub struct Local {
    executors: Vec<Executor>,
    limits: Vec<u64>,
    threads: usize,
    rng: Rng,
    /// How likely each question is to find an executor killed, before it has done what was asked or after.
    pub failing: f64,
    /// Executors that do not answer from one question on to before another.
    pub dead_from: Vec<(usize, usize, usize)>,
    /// Questions so far.
    pub asked: usize,
    /// The question that each executor answered last.
    pub last_helped: Vec<usize>,
}

impl Local {
    pub fn new(count: usize, threads: usize, seed: u64) -> Self {
        Self {
            executors: (0..count).map(|_| Executor::new(LIMIT, threads, IDLE_SECS)).collect(),
            limits: vec![LIMIT; count],
            threads,
            rng: Rng::new(seed),
            failing: 0.0,
            dead_from: Vec::new(),
            asked: 0,
            last_helped: vec![0; count],
        }
    }

    pub fn set_limit(&mut self, executor: usize, limit: u64) {
        self.limits[executor] = limit;
        self.restart(executor);
    }

    fn restart(&mut self, executor: usize) {
        self.executors[executor] = Executor::new(self.limits[executor], self.threads, IDLE_SECS);
    }

    pub fn holds(&self) -> Vec<Holds> {
        self.executors.iter().map(Executor::holds).collect()
    }

    fn one(&mut self, executor: usize, message: &[u8]) -> Result<Vec<u8>, Refusal> {
        let gone = || Err(Refusal::Gone("it was killed".to_owned()));
        self.asked += 1;
        let asked = self.asked;
        if self.dead_from.iter().any(|&(who, from, to)| who == executor && (from..to).contains(&asked)) {
            self.restart(executor);
            return gone();
        }
        if self.rng.uniform() < self.failing {
            // Killed and started anew; or only the answer is lost, before or after the deed.
            match self.rng.below(3) {
                0 => self.restart(executor),
                1 => drop(self.executors[executor].handle(message, 0.0)),
                _ => {}
            }
            return gone();
        }
        let answer = self.executors[executor].handle(message, 0.0);
        let holds = self.executors[executor].holds();
        assert!(holds.bytes <= self.limits[executor], "{holds:?}");
        match answer {
            Ok(answer) => {
                self.last_helped[executor] = asked;
                Ok(answer)
            }
            Err(Refused::Full) => Err(Refusal::Full),
            Err(Refused::Unknown) => Err(Refusal::Unknown),
            Err(Refused::Malformed(why)) => panic!("the driver says what is malformed: {why}"),
        }
    }
}

impl Cluster for Local {
    fn count(&self) -> usize {
        self.executors.len()
    }

    fn fit_id(&mut self) -> u128 {
        u128::from(self.rng.next_u64())
    }

    fn ask(&mut self, messages: Vec<(usize, Vec<u8>)>) -> Vec<Result<Vec<u8>, Refusal>> {
        messages.iter().map(|(executor, message)| self.one(*executor, message)).collect()
    }

    fn wait(&mut self, attempt: usize) -> bool {
        attempt < if self.failing > 0.0 { 10_000 } else { 3 }
    }
}
