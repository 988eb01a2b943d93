//! Runs a study on threads.

use super::progress::Progress;
use automl_core::compute::Card;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::StudyRequest;
use automl_core::engine::{Executor, Job, JobResult, Outcome, Prepared, Study};
use automl_core::platform::Cancel;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::time::{Duration, Instant};

/// How long the driver sleeps at most between two looks at the clock.
const TICK: Duration = Duration::from_millis(20);

/// A thread with its mailbox.
struct Thread {
    jobs: Sender<(Job, Cancel)>,
    /// Of the job that it runs.
    busy: Option<Cancel>,
}

/// Whether Ctrl-C was pressed; the second press ends the program.
fn interrupted() -> &'static AtomicBool {
    static FLAG: OnceLock<AtomicBool> = OnceLock::new();
    FLAG.get_or_init(|| {
        // Without a handler Ctrl-C ends the program at once, which is what it does anyway.
        let _ = ctrlc::set_handler(|| {
            if FLAG.get().is_some_and(|f| f.swap(true, Ordering::SeqCst)) {
                std::process::exit(130);
            }
        });
        AtomicBool::new(false)
    })
}

/// Whether the person wants what runs to come to its end.
pub fn is_interrupted() -> bool {
    interrupted().load(Ordering::SeqCst)
}

fn start_threads(
    prepared: &Arc<Prepared>,
    (threads, card): (usize, Option<Card>),
) -> (Vec<Thread>, Receiver<(usize, JobResult)>) {
    let (results, answers) = channel();
    let all = (0..threads)
        .map(|number| {
            let (jobs, inbox) = channel::<(Job, Cancel)>();
            let (prepared, results, card) = (prepared.clone(), results.clone(), card.clone());
            std::thread::spawn(move || {
                let mut executor = Executor::new(prepared, 1).on(card);
                for (job, cancel) in inbox {
                    // The driver is gone when the study has ended; then nobody wants the result.
                    if results.send((number, executor.run(&job, &cancel))).is_err() {
                        return;
                    }
                }
            });
            Thread { jobs, busy: None }
        })
        .collect();
    (all, answers)
}

/// Runs a study to its end on so many threads, and the graphics card if there is one. `started` is when the budget began.
///
/// # Errors
/// Where no model could be trained.
pub fn drive(
    prepared: &Arc<Prepared>,
    request: StudyRequest,
    (threads, card): (usize, Option<Card>),
    started: Instant,
    progress: &mut Progress,
) -> Result<Outcome, Diagnostic> {
    let now = || started.elapsed().as_secs_f64();
    let spent = now();
    let mut study = Study::new(prepared.clone(), request, threads as u32, spent, spent);
    progress.begin(&study.plan());
    let (mut all, answers) = start_threads(prepared, (threads, card.clone()));
    let stop = interrupted();
    let mut stopped = false;
    loop {
        study.tick(now());
        if stop.load(Ordering::SeqCst) && !stopped {
            stopped = true;
            progress.say("stopping; the best so far is kept (press again to abort)");
            study.stop(now());
        }
        if let Some(outcome) = study.outcome() {
            progress.end();
            all.iter().filter_map(|t| t.busy.as_ref()).for_each(Cancel::cancel);
            return outcome;
        }
        if study.must_abort_running() {
            all.iter().filter_map(|t| t.busy.as_ref()).for_each(Cancel::cancel);
        }
        let mut handed_out = false;
        for thread in all.iter_mut().filter(|t| t.busy.is_none()) {
            let Some(job) = study.next_job(now()) else { break };
            let cancel = Cancel::new();
            thread.busy = Some(cancel.clone());
            // A thread lives as long as its mailbox; fits that panic are caught inside.
            handed_out |= thread.jobs.send((job, cancel)).is_ok();
        }
        progress.show(|| study.board(now()));
        // With nothing running there is work between the stages to be done, step by step.
        let wait = if handed_out || all.iter().any(|t| t.busy.is_some()) { TICK } else { Duration::ZERO };
        match answers.recv_timeout(wait) {
            Ok((number, result)) => {
                all[number].busy = None;
                study.job_done(result, now());
            }
            Err(RecvTimeoutError::Timeout | RecvTimeoutError::Disconnected) => {}
        }
    }
}
