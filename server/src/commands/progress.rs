//! A progress line on a terminal, and nothing in a pipe.

use automl_core::engine::protocol::{Board, Phase, PlanInfo};
use std::io::{IsTerminal, Write};
use std::time::{Duration, Instant};

const EVERY: Duration = Duration::from_millis(150);
const BAR: usize = 24;

pub struct Progress {
    shown: bool,
    last: Option<Instant>,
}

impl Progress {
    /// `quiet`: show nothing, even on a terminal.
    pub fn new(quiet: bool) -> Self {
        Self { shown: !quiet && std::io::stderr().is_terminal(), last: None }
    }

    pub fn say(&self, text: &str) {
        if self.shown {
            eprintln!("\r\x1b[2K{text}");
        }
    }

    pub fn begin(&self, plan: &PlanInfo) {
        self.say(&format!(
            "{} task, {} {}; {}; {} thread{}",
            plan.task.name(),
            if plan.greater_is_better { "maximising" } else { "minimising" },
            plan.metric_title,
            plan.validation,
            plan.workers,
            if plan.workers == 1 { "" } else { "s" }
        ));
    }

    /// Shows the board's state, at most a few times a second.
    pub fn show(&mut self, board: impl FnOnce() -> Board) {
        if !self.shown || self.last.is_some_and(|l| l.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        let board = board();
        let filled = (board.progress * BAR as f64).round() as usize;
        let phase = match board.phase {
            Phase::Searching => "searching",
            Phase::Paused => "paused",
            Phase::Checking => "checking",
            Phase::Refitting => "refitting",
            Phase::Done => "done",
        };
        let best = board.best_score.map_or(String::new(), |s| format!(", best {} {s:.4}", board.metric));
        let time = match board.budget_secs {
            Some(budget) => format!("{:.0}/{budget:.0} s", board.elapsed_secs),
            None => format!("{:.0} s", board.elapsed_secs),
        };
        eprint!(
            "\r\x1b[2K{}{} {phase} {time}, {} trials{best}",
            "█".repeat(filled),
            "░".repeat(BAR - filled.min(BAR)),
            board.trials_done
        );
        // A terminal that has gone away is no reason to stop.
        let _ = std::io::stderr().flush();
    }

    /// Shows a text in the line's place, at most a few times a second.
    pub fn line(&mut self, text: impl FnOnce() -> String) {
        if !self.shown || self.last.is_some_and(|l| l.elapsed() < EVERY) {
            return;
        }
        self.last = Some(Instant::now());
        eprint!("\r\x1b[2K{}", text());
        // A terminal that has gone away is no reason to stop.
        let _ = std::io::stderr().flush();
    }

    /// Clears the line.
    pub fn end(&self) {
        if self.shown {
            eprint!("\r\x1b[2K");
        }
    }
}
