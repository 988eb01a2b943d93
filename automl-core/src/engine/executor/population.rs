//! Populations: a job that trains many settings of networks side by side on a graphics card, and tells which are the best.
//!
//! All learn from the same part of the fold's training rows, and the others of these judge them: the rows on which trials are
//! compared are seen by none, so that what is chosen is not scored on what chose it.

use super::Executor;
use crate::compute::Card;
use crate::engine::job::{Chosen, FoldResult, Job, JobFailure, JobResult};
use crate::platform::{Cancel, Stopwatch};

impl Executor {
    /// Runs a job with a population. Its deadline ends the training after the epoch that is under way, and what is the best by
    /// then is taken; after twice that time nothing more of an epoch is sent.
    pub(super) async fn run_population(&mut self, job: &Job, cancel: &Cancel) -> JobResult {
        let watch = Stopwatch::start();
        let card = self.card.as_ref().map(Card::for_fit);
        let (outcome, chosen) = match self.choose(job, card.as_ref(), cancel).await {
            Ok(chosen) => (Ok(FoldResult::default()), Some(chosen)),
            Err(failure) => (Err(failure), None),
        };
        JobResult {
            outcome,
            fit_secs: watch.elapsed_secs(),
            chosen,
            ..JobResult::failed(job.id, JobFailure::Cancelled)
        }
    }

    #[cfg(not(feature = "gpu"))]
    async fn choose(&self, _: &Job, _: Option<&Card>, _: &Cancel) -> Result<Chosen, JobFailure> {
        Err(JobFailure::Failed("this program trains no populations".to_owned()))
    }

    #[cfg(feature = "gpu")]
    async fn choose(
        &mut self,
        job: &Job,
        card: Option<&Card>,
        cancel: &Cancel,
    ) -> Result<Chosen, JobFailure> {
        use crate::compute::Work;
        use crate::learner::features;
        use crate::learner::mlp::population::{Candidate, Contest, Halving, choose};
        /// Epochs before the worse half is dropped for the first time: rates rise during the first.
        const FIRST: usize = 3;
        /// Settings that are chosen.
        const KEEP: usize = 3;
        let failed = |reason: String| JobFailure::Failed(reason);
        let none = || failed("there is no graphics card to compute on".to_owned());
        let card = card.ok_or_else(none)?;
        let turn = card.turn_as_asked().map_err(failed)?;
        let device = turn.device().cloned().ok_or_else(none)?;
        // One recipe and one unit of the target for all.
        let first = job.population.first().ok_or_else(|| failed("there are no settings".to_owned()))?;
        let job_of_all = Job { params: first.clone(), ..job.clone() };
        let within = |factor: f64| {
            job.deadline_secs.map_or_else(|| cancel.clone(), |secs| cancel.with_deadline_secs(factor * secs))
        };
        let (enough, cancel) = (within(1.0), within(2.0));
        let data = self.fold_data(job, features::recipe(&job.recipe, first)).map_err(failed)?;
        let log = super::log_target(&job_of_all, &data).map_err(failed)?;
        let with_seed =
            |params: &crate::learner::Params| Candidate { params: params.clone(), seed: job.seed };
        let candidates: Vec<Candidate> = job.population.iter().map(with_seed).collect();
        let contest = Contest {
            frame: &data.training.0,
            target: log.as_ref().map_or(&data.training.1.target, |log| &log.training),
            validation: None,
            candidates: &candidates,
            seed: job.seed,
            threads: self.threads,
            cancel: &cancel,
        };
        let halving = Halving { first: FIRST, keep: KEEP };
        // Where it is known how quick the card is.
        let secs = |work: &Work| job.deadline_secs.zip(card.secs(work));
        let affords = |work: &Work| secs(work).is_none_or(|(most, secs)| secs <= most);
        let chosen = choose(&device, &contest, halving, affords, &enough).await;
        let chosen = chosen.map_err(|why| told(card, why))?;
        Ok(Chosen {
            best: chosen.best.iter().map(|&place| place as u32).collect(),
            trained: chosen.trained as u32,
            epochs: chosen.epochs as u32,
            card: card.name().to_owned(),
        })
    }
}

/// Why nothing was chosen; a card that was lost is asked for no more.
#[cfg(feature = "gpu")]
fn told(card: &Card, why: crate::learner::mlp::population::Failure) -> JobFailure {
    use crate::learner::FitError;
    use crate::learner::mlp::population::Failure;
    match why {
        Failure::Fit(FitError::Cancelled) => JobFailure::Cancelled,
        Failure::Fit(
            FitError::Unsuitable { reason } | FitError::Shelf { reason } | FitError::Executors { reason },
        )
        | Failure::LeftToProcessor { reason } => JobFailure::Failed(reason),
        Failure::Lost(lost) => {
            card.lost(&lost);
            JobFailure::Failed(lost.to_string())
        }
        Failure::TooLarge { .. } => JobFailure::Failed(why.to_string()),
    }
}
