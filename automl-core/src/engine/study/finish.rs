//! The last step: the artifact, the verdict and the final board.

use super::refit::Refit;
use super::{Fitted, Outcome, Step, Study};
use crate::diagnostic::Diagnostic;
use crate::engine::artifact::{EncodedMember, Header, ModelArtifact};
use crate::engine::protocol::{Board, Phase, Population, StudyRequest, TrialState};
use crate::engine::verdict::{Evidence, verdict};

impl Study {
    pub(super) fn finish(&mut self, now: f64) {
        let Step::Refitting(refit) = std::mem::replace(&mut self.step, Step::Finished(None)) else { return };
        let outcome = self.assemble(*refit, now);
        self.step = Step::Finished(Some(Box::new(outcome)));
    }

    fn assemble(&mut self, mut refit: Refit, now: f64) -> Result<Outcome, Diagnostic> {
        let conformal = self.final_conformal(&refit);
        let mut verdict = verdict(&Evidence {
            prepared: &self.prepared,
            members: refit.check.members.iter().map(|&(i, share)| (self.title(i), share)).collect(),
            decision: &refit.check.decision,
            locked: &refit.check.locked,
            plain: &refit.check.plain,
            baseline: &refit.check.baseline,
            importance: std::mem::take(&mut refit.check.importance),
            trials: self.trials.iter().filter(|t| t.full_score().is_some()).count(),
            ended: self.end_reason,
            coverage: refit.check.coverage,
        });
        verdict.diagnostics.extend(self.slow_prediction(&refit.check.members));
        let mut refitted = true;
        let members = refit
            .check
            .members
            .iter()
            .map(|&(index, weight)| {
                let again = refit.members.iter_mut().find(|m| m.trial == index && m.is_whole());
                refitted &= again.is_some();
                let folds = match again {
                    Some(member) => member.folds.iter_mut().filter_map(Option::take).collect(),
                    None => self.trials[index]
                        .folds
                        .iter_mut()
                        .flatten()
                        .map(|f| std::mem::take(&mut f.result.pipeline))
                        .collect(),
                };
                EncodedMember { weight, folds }
            })
            .collect();
        let fitted = refit.check.members.iter().map(|&(index, _)| {
            let trial = &self.trials[index];
            Fitted { params: trial.proposal.params.clone(), seed: trial.seed }
        });
        let fitted = fitted.collect();
        // Training again may have been elsewhere.
        let reproducible = self.is_reproducible(&refit.check.members);
        if let Some(blend) = &mut self.blend {
            blend.reproducible = reproducible;
        }
        let board = self.board(now);
        let header = Header {
            engine: env!("CARGO_PKG_VERSION").to_owned(),
            target: self.prepared.target_column.clone(),
            task: self.prepared.task(),
            classes: self.prepared.classes.clone(),
            metric: self.prepared.metric.clone(),
            seed: self.request.seed,
            fingerprint: self.prepared.fingerprint.clone(),
            rows: self.prepared.rows() as u64,
            // What was guessed is as good as said: the same study writes the same file.
            request: StudyRequest {
                task: Some(self.prepared.task()),
                metric: Some(self.prepared.metric.clone()),
                max_memory_mb: self.prepared.memory.decided_by_mb.or(self.request.max_memory_mb),
                ..self.request.clone()
            },
            read: self.prepared.read.clone(),
            inputs: self.prepared.inputs.clone(),
            refitted,
            board: without_clock(&board),
            verdict: verdict.clone(),
            decision: refit.check.decision,
            conformal,
        };
        let artifact = ModelArtifact::new(header, members).map_err(|what| {
            Diagnostic::error(
                "study.unusable_model",
                format!("The chosen model cannot be used: {what}."),
                "Please report this, with the table if you can.",
            )
        })?;
        Ok(Outcome { artifact, verdict, board, fitted })
    }
}

/// The board without what a clock said, which is another at every run, and without where it was computed, which is another
/// on every machine.
fn without_clock(board: &Board) -> Board {
    let mut board = Board { phase: Phase::Done, curve: Vec::new(), elapsed_secs: 0.0, ..board.clone() };
    board.running = 0;
    board.progress = 1.0;
    board.population = board.population.map(Population::without_clock);
    for row in &mut board.rows {
        row.fit_secs = 0.0;
        row.predict_us_per_row = 0.0;
        if row.state == TrialState::Failed {
            // Which of its folds failed first depends on the workers.
            row.note = String::new();
        }
        if row.reproducible {
            row.backend = "cpu".to_owned();
        }
        row.backend_reason = String::new();
    }
    let own_digits = board.rows.iter().any(|r| r.trial.is_some() && r.weight > 0.0 && r.backend == "gpu");
    for blend in board.rows.iter_mut().filter(|r| r.trial.is_none() && !own_digits) {
        blend.backend = "cpu".to_owned();
    }
    board
}
