//! What is worth saying under a board.

use super::{Board, BoardRow, TrialState};
use serde::{Deserialize, Serialize};

/// The note of a trial whose learner takes no weights, in a study that has some.
pub(in crate::engine) const UNWEIGHTED: &str = "trained on all rows alike, as it takes no weights";

/// The note of a trial that is slower than may be.
pub(in crate::engine) const TOO_SLOW: &str = "slower to predict than was asked for";

/// A learner that was not searched.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct LeftOut {
    pub learner: String,
    pub title: String,
    /// In words that follow its name, for example `cannot keep to the constraints`.
    pub reason: String,
}

impl BoardRow {
    /// How the trial stands, where it did not come through all folds; what its fit has to tell otherwise.
    pub fn standing(&self) -> String {
        let folds = format!(
            "{} of {} {}",
            self.folds_done,
            self.folds,
            if self.folds == 1 { "fold" } else { "folds" }
        );
        match self.state {
            // A part of a first fold shows that too.
            TrialState::Pruned if self.folds_done == 0 => "given up early, within its first fold".to_owned(),
            TrialState::Pruned => format!("given up after {folds}"),
            TrialState::Cut => format!("out of time after {folds}"),
            TrialState::Running => format!("running, {folds} done"),
            TrialState::Failed if self.note.is_empty() => "failed".to_owned(),
            TrialState::Failed | TrialState::Done => self.told(),
        }
    }

    /// The note, in words of its own where a learner stopped before its first tree.
    pub fn told(&self) -> String {
        if self.note.starts_with("0 rounds") {
            return "stopped at once in the folds: there no tree was better than a constant".to_owned();
        }
        self.note.clone()
    }
}

impl Board {
    /// How many models were tried, and what became of them: `87 models tried: 18 in full, 69 given up early`.
    pub fn tally(&self) -> String {
        let trials = || self.rows.iter().filter(|r| r.trial.is_some());
        let count = |state: TrialState| trials().filter(|r| r.state == state).count();
        let tried = self.trials_done as usize;
        let ended = [TrialState::Done, TrialState::Pruned, TrialState::Cut, TrialState::Failed].map(count);
        let parts = [
            (ended[0], "in full"),
            (ended[1], "given up early"),
            (ended[2], "out of time"),
            (ended[3], "failed"),
            (tried.saturating_sub(ended.iter().sum()), "not finished"),
        ];
        let models = if tried == 1 { "model" } else { "models" };
        let named: Vec<String> = parts
            .iter()
            .filter(|p| p.0 > 0)
            .map(|(n, what)| format!("{} {what}", crate::numeric::count(*n as u64)))
            .collect();
        let tried = crate::numeric::count(tried as u64);
        // All in full needs no more words.
        if named.len() <= 1 && count(TrialState::Done) > 0 || named.is_empty() {
            return format!("{tried} {models} tried");
        }
        format!("{tried} {models} tried: {}", named.join(", "))
    }

    /// Which learners were not searched, which did not heed weights, what was computed elsewhere; a sentence or two each.
    pub fn remarks(&self) -> Vec<String> {
        let mut reasons: Vec<(&str, Vec<&str>)> = Vec::new();
        for l in &self.left_out {
            match reasons.iter_mut().find(|r| r.0 == l.reason) {
                Some(found) => found.1.push(&l.title),
                None => reasons.push((&l.reason, vec![&l.title])),
            }
        }
        let mut out: Vec<String> = reasons
            .into_iter()
            .map(|(reason, titles)| format!("Not searched ({reason}): {}.", titles.join(", ")))
            .collect();
        let mut unweighted: Vec<&str> =
            self.rows.iter().filter(|r| r.note.ends_with(UNWEIGHTED)).map(|r| r.title.as_str()).collect();
        unweighted.sort_unstable();
        unweighted.dedup();
        if !unweighted.is_empty() {
            out.push(format!(
                "Trained on all rows alike (takes no weights; scores are weighted all the same): {}.",
                unweighted.join(", ")
            ));
        }
        let trials = || self.rows.iter().filter(|r| r.trial.is_some());
        let on_card = trials().filter(|r| r.backend == "gpu").count();
        if on_card > 0 {
            out.push(format!("Computed on the graphics card: {on_card} of {} trials.", trials().count()));
        }
        out.extend(self.population.as_ref().map(super::Population::told));
        let slow = self.rows.iter().filter(|r| r.note.contains(TOO_SLOW)).count();
        if slow > 0 {
            out.push(format!("Not in the model, as they are {TOO_SLOW}: {slow} of the trials."));
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::engine::protocol::Phase;

    fn row(trial: Option<u32>, state: TrialState, folds_done: u32, note: &str) -> BoardRow {
        BoardRow {
            trial,
            learner: "gbt".to_owned(),
            title: "Gradient boosting".to_owned(),
            params: crate::learner::Params::default(),
            state,
            score: None,
            sd: None,
            folds_done,
            folds: 5,
            holdout: None,
            fit_secs: 0.0,
            predict_us_per_row: 0.0,
            backend: "cpu".to_owned(),
            backend_reason: String::new(),
            seed: 0,
            weight: 0.0,
            reproducible: true,
            note: note.to_owned(),
            p_vs_best: None,
            tied_with_best: None,
        }
    }

    fn board(rows: Vec<BoardRow>) -> Board {
        Board {
            phase: Phase::Done,
            metric: "roc_auc".to_owned(),
            metric_title: "ROC AUC".to_owned(),
            greater_is_better: true,
            best_score: None,
            curve: Vec::new(),
            elapsed_secs: 0.0,
            budget_secs: None,
            trials_done: rows.iter().filter(|r| r.trial.is_some() && r.state != TrialState::Running).count()
                as u32,
            max_trials: None,
            running: 0,
            progress: 1.0,
            end_reason: None,
            tie_test: None,
            left_out: Vec::new(),
            population: None,
            rows,
        }
    }

    #[test]
    fn rows_say_how_they_stand() {
        for (state, done, note, expected) in [
            (TrialState::Pruned, 1, "12 rounds, 90 leaves", "given up after 1 of 5 folds"),
            (TrialState::Pruned, 0, "", "given up early, within its first fold"),
            (TrialState::Cut, 3, "", "out of time after 3 of 5 folds"),
            (TrialState::Done, 5, "12 rounds, 90 leaves", "12 rounds, 90 leaves"),
            (
                TrialState::Done,
                5,
                "0 rounds, 0 leaves",
                "stopped at once in the folds: there no tree was better than a constant",
            ),
            (TrialState::Failed, 0, "", "failed"),
            (TrialState::Running, 2, "", "running, 2 of 5 folds done"),
        ] {
            assert_eq!(row(Some(1), state, done, note).standing(), expected);
        }
    }

    #[test]
    fn models_are_counted_once() {
        use TrialState::{Cut, Done, Pruned};
        let of = |states: &[TrialState]| {
            let rows = states.iter().zip(0..).map(|(s, n)| row(Some(n), *s, 1, "")).collect();
            board(rows).tally()
        };
        assert_eq!(
            of(&[Done, Done, Pruned, Cut]),
            "4 models tried: 2 in full, 1 given up early, 1 out of time"
        );
        assert_eq!(of(&[Done]), "1 model tried");
        assert_eq!(of(&[Pruned, Pruned]), "2 models tried: 2 given up early");
        assert_eq!(of(&[]), "0 models tried");
        let under_way = Board { trials_done: 3, ..board(vec![row(Some(0), Done, 5, "")]) };
        assert_eq!(under_way.tally(), "3 models tried: 1 in full, 2 not finished");
        // The blend is none that was tried.
        assert_eq!(board(vec![row(None, Done, 5, ""), row(Some(0), Done, 5, "")]).tally(), "1 model tried");
    }
}
