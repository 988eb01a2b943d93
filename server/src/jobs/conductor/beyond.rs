//! A search in a table that memory does not hold: a child process draws the rows that are searched on, and once the search
//! has ended another trains its models on all rows. This process never holds the table.

use super::begin::{lost, options_of};
use super::telling::best;
use super::{Drive, JobError, Outcome, Stop};
use crate::beyond::parent::{Ask, Broken, Given, Source, ask_in_turn};
use crate::beyond::size;
use crate::beyond::wire::{Draw, Drawn, End, Job, Told, Train};
use crate::blobs::{BlobError, Files};
use crate::jobs::{IDLE, lease, renew};
use crate::store::{Dataset, RunState, Wish, now};
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::{Board, Command, Event, Phase, StudyRequest};
use automl_core::numeric::count;
use automl_core::table::{Format, ReadOptions, Table};
use serde::{Deserialize, Serialize};
use std::future::Future;
use std::pin::pin;
use tokio::sync::watch;

/// The event that says how rows were drawn. One that is driven again draws alike, however much memory there is then.
const DRAWN: &str = "drawn";
/// The event that says in words how far the reading and the training are.
const FAR: &str = "beyond";

/// See the module.
pub(super) struct Beyond {
    dataset: Dataset,
    options: ReadOptions,
    request: Box<StudyRequest>,
    /// Bytes of memory for it.
    limit: u64,
    drawn: Option<Drawn>,
    /// The board of the search, once it has ended.
    found: Option<Box<Board>>,
    /// Its model is the one that is to be kept.
    is_over: bool,
}

#[derive(Serialize, Deserialize)]
struct DrawnEvent {
    event: String,
    rows: u64,
    searched: u64,
    limit: u64,
}

/// What becomes of work that others wait for meanwhile.
enum Meanwhile<T> {
    Done(T),
    Wished(Wish),
    /// The server ends.
    Ending,
}

/// What a run cannot take in.
pub(super) fn too_large(what: &str, bytes: u64, limit: u64) -> Diagnostic {
    Diagnostic::error(
        "run.too_large",
        format!(
            "{what} {}, and a run of this server may take {} of memory: that is too little to hold and to learn from \
             them.",
            size(bytes),
            size(limit)
        ),
        "Search for a model of one table that is uploaded as CSV, Parquet or Arrow: it is then learned from in parts. Or \
         give fewer rows, or have the server started with a larger --run-memory.",
    )
}

impl Beyond {
    /// # Errors
    /// Options that cannot be read.
    pub fn new(dataset: Dataset, request: Box<StudyRequest>, limit: u64) -> Result<Self, Stop> {
        let options = options_of(&dataset)?;
        Ok(Self { dataset, options, request, limit, drawn: None, found: None, is_over: false })
    }

    fn asks<'a>(
        &'a self,
        job: Job,
        given: Vec<Given<'a>>,
        files: &'a Files,
        told: watch::Sender<Option<Told>>,
    ) -> Ask<'a> {
        Ask { job, given, table: Source::Kept(files, &self.dataset.blob), limit: self.limit, told }
    }

    /// Why the search's own model stays.
    fn kept(&self, why: &str, remedy: &str) -> Diagnostic {
        let rows = self.drawn.as_ref().map_or(0, |drawn| drawn.rows);
        let message = format!(
            "The search saw some of {} rows, drawn at random. Training on all of them {why}, so the search's own model is \
             kept.",
            count(rows)
        );
        Diagnostic::warning("data.beyond_memory", message, remedy)
    }
}

impl Drive {
    /// Bytes of memory that a study may take: as when it was begun first, else what it asks for, or what there is.
    pub(super) async fn limit_of(&self, request: &StudyRequest) -> Result<Option<u64>, JobError> {
        if self.run.fence > 1 {
            let events = self.jobs.store.events_after(&self.run.id, 0, 1_000).await?;
            if let Some(drawn) = events.into_iter().find(|event| event.kind == DRAWN) {
                let text = self.place.show(&super::event(&self.run.id, DRAWN), drawn.data)?;
                if let Ok(drawn) = serde_json::from_str::<DrawnEvent>(&text) {
                    return Ok(Some(drawn.limit));
                }
            }
        }
        let asked = request.max_memory_mb.map(|mb| mb.saturating_mul(1_000_000));
        Ok(self.means.memory.map(|memory| asked.map_or(memory, |asked| asked.min(memory))))
    }

    /// Whether the search is on some rows of a larger table, and others are still to be learned from.
    pub(super) fn is_to_learn_more(&self) -> bool {
        self.beyond.as_ref().is_some_and(|beyond| !beyond.is_over)
    }

    /// Takes note that the search has ended.
    pub(super) fn found(&mut self, board: Box<Board>) {
        if let Some(beyond) = &mut self.beyond {
            beyond.found = Some(board);
        }
    }

    /// Draws the rows that are searched on, and begins the search. `Some`: the run ends before that, or the server does.
    pub(super) async fn draw(&mut self) -> Result<Option<Option<Outcome>>, JobError> {
        let Some(mut beyond) = self.beyond.take() else { return Ok(None) };
        let job = Job::Draw(Draw {
            format: Format::from_name(&beyond.dataset.name),
            options: beyond.options.clone(),
            bytes: beyond.dataset.bytes as u64,
            limit: beyond.limit,
            seed: beyond.request.seed,
        });
        // Time for reading is not part of the budget.
        self.clock.stop();
        let (told, hears) = watch::channel(None);
        let place = self.place.clone();
        let drawing = ask_in_turn(beyond.asks(job, Vec::new(), &place, told));
        let heard = match self.meanwhile(drawing, hears, &beyond).await? {
            Meanwhile::Done(heard) => heard,
            Meanwhile::Wished(_) => return Ok(Some(Some((RunState::Cancelled, Vec::new(), Vec::new())))),
            Meanwhile::Ending => return Ok(Some(None)),
        };
        self.clock.go_on();
        let failed = |diagnostics| Ok(Some(Some((RunState::Failed, diagnostics, Vec::new()))));
        let (drawn, bytes) = match heard {
            Ok((End::Drawn(drawn), bytes)) => (drawn, bytes),
            Ok((End::Refused(diagnostics), _)) => return failed(diagnostics),
            Ok(_) => return failed(vec![unread(&beyond, "it said something else")]),
            Err(Broken::Source(BlobError::Absent(_) | BlobError::Damaged(_))) => {
                let Stop::Failed(diagnostics) = lost(&beyond.dataset.name) else { return Ok(None) };
                return failed(diagnostics);
            }
            Err(Broken::Source(error)) => return Err(error.into()),
            Err(broken) => return failed(vec![unread(&beyond, &broken.to_string())]),
        };
        let Ok(table) = postcard::from_bytes::<Table>(&bytes) else {
            return failed(vec![unread(&beyond, "its rows did not arrive whole")]);
        };
        drop(bytes);
        let told = DrawnEvent {
            event: DRAWN.to_owned(),
            rows: drawn.rows,
            searched: table.rows as u64,
            limit: beyond.limit,
        };
        self.add_event(DRAWN, &serde_json::to_string(&told).unwrap_or_default(), None).await?;
        let (name, options) = (beyond.dataset.name.clone(), beyond.options.clone());
        let limit_mb = Some(beyond.limit / 1_000_000);
        let request = StudyRequest { max_memory_mb: limit_mb, ..(*beyond.request).clone() };
        let outputs = self.session.open_drawn(&name, table, drawn.report.clone(), options);
        beyond.drawn = Some(*drawn);
        self.beyond = Some(beyond);
        self.carry(outputs).await?;
        let outputs = self.session.handle(Command::Start { request }, None, self.now());
        self.session.let_go_of_rows();
        self.carry(outputs).await?;
        Ok(None)
    }

    /// Once the search has ended, trains its models on all rows, or says why not. `false`: the server ends before that.
    pub(super) async fn learn_from_all(&mut self) -> Result<bool, JobError> {
        let Some(mut beyond) = self.beyond.take_if(|beyond| beyond.found.is_some() && !beyond.is_over) else {
            return Ok(true);
        };
        self.tell_board(true).await?;
        // It is there whatever comes now.
        let outputs = self.session.handle(Command::SaveModel, None, self.now());
        self.carry(outputs).await?;
        for file in &self.files {
            self.jobs.store.keep_run_file((&self.run.id, self.run.fence), file).await?;
        }
        self.clock.stop();
        let (told, hears) = watch::channel(None);
        let place = self.place.clone();
        let training = async {
            let Some((job, found)) = self.training(&beyond) else {
                return Err(Broken::Child("there is nothing to train".to_owned()));
            };
            let given = vec![Given::Bytes(found.into()), Given::Blob(&place, &self.study)];
            ask_in_turn(beyond.asks(job, given, &place, told)).await
        };
        let ended = self.meanwhile(training, hears, &beyond).await?;
        beyond.is_over = true;
        let outputs = match ended {
            Meanwhile::Ending => return Ok(false),
            Meanwhile::Wished(Wish::Cancel) => {
                self.ended = Some((RunState::Cancelled, Vec::new()));
                Vec::new()
            }
            Meanwhile::Wished(_) => {
                let why = beyond.kept("was stopped", "Begin it again and let it end to learn from all rows.");
                self.keep_found(why)
            }
            Meanwhile::Done(Err(Broken::Source(error))) if passing(&error) => return Err(error.into()),
            Meanwhile::Done(heard) => match self.trained(heard) {
                Ok(outputs) => outputs,
                Err(why) => {
                    let remedy = "See that there is room on the server's disk, or have it started with a larger \
                                  --run-memory; then begin the run again.";
                    self.keep_found(beyond.kept(&format!("broke off ({why})"), remedy))
                }
            },
        };
        self.beyond = Some(beyond);
        self.carry(outputs).await?;
        Ok(true)
    }

    fn training(&self, beyond: &Beyond) -> Option<(Job, Vec<u8>)> {
        let job = Train {
            limit: beyond.limit,
            seed: beyond.request.seed,
            drawn: beyond.drawn.clone()?,
            threads: self.means.threads,
            secs: beyond.request.budget_secs,
            folder: self.jobs.vault.blobs().passing_folder(),
            is_sealed: self.place.is_sealed(),
        };
        Some((Job::Train(Box::new(job)), self.session.found()?))
    }

    /// Takes the model of all rows; else in words why there is none.
    fn trained(
        &mut self,
        heard: Result<(End, Vec<u8>), Broken>,
    ) -> Result<Vec<automl_core::engine::Output>, String> {
        match heard.map_err(|broken| broken.to_string())? {
            (End::Trained(diagnostic), model) => {
                let outputs = self.session.take_trained(&model).map_err(|d| d.message)?;
                self.remarks.push(diagnostic);
                Ok(outputs)
            }
            (End::Refused(diagnostics), _) => {
                Err(diagnostics.into_iter().next().map_or_else(String::new, |d| d.message))
            }
            _ => Err("it said something else".to_owned()),
        }
    }

    fn keep_found(&mut self, why: Diagnostic) -> Vec<automl_core::engine::Output> {
        self.remarks.push(why.clone());
        self.session.keep_found(why)
    }

    /// Does something while the run is kept and what is wished of it is heeded. A pause is not: there is nothing to put by.
    async fn meanwhile<T>(
        &self,
        doing: impl Future<Output = T>,
        told: watch::Receiver<Option<Told>>,
        beyond: &Beyond,
    ) -> Result<Meanwhile<T>, JobError> {
        let mut doing = pin!(doing);
        let mut renewing = tokio::time::interval(renew().min(IDLE));
        let mut last = None;
        loop {
            tokio::select! {
                biased;
                done = &mut doing => return Ok(Meanwhile::Done(done)),
                _ = renewing.tick() => {}
            }
            if self.jobs.is_draining() {
                return Ok(Meanwhile::Ending);
            }
            let mine = (self.run.id.as_str(), self.run.fence);
            match self.jobs.store.renew_run(mine, self.now(), now() + lease()).await? {
                Wish::Cancel => return Ok(Meanwhile::Wished(Wish::Cancel)),
                // What a search has found is known once it was gone through again.
                Wish::Stop if beyond.found.is_some() || !self.replaying => {
                    return Ok(Meanwhile::Wished(Wish::Stop));
                }
                _ => {}
            }
            let far = told.borrow().clone();
            if let Some(far) = far.filter(|far| last.as_ref() != Some(far)) {
                self.tell_far(&far, beyond).await?;
                last = Some(far);
            }
        }
    }

    /// Says how far the reading or the training is, in words and on the board.
    async fn tell_far(&self, told: &Told, beyond: &Beyond) -> Result<(), JobError> {
        let all = beyond.drawn.as_ref().map_or(0, |drawn| drawn.rows);
        let (text, share) = match told {
            Told::Waiting => ("waiting for another run that reads a large table".to_owned(), 0.0),
            Told::Fed(bytes) => {
                // Places may be read more than once.
                let all = beyond.dataset.bytes as u64;
                (format!("drawing rows: {} of {} read", size(*bytes), size(all.max(*bytes))), 0.0)
            }
            Told::Read(rows) => {
                let text = format!("learning from all rows: {} of {} read", count(*rows), count(all));
                (text, 0.5 * *rows as f64 / all.max(1) as f64)
            }
            Told::Round(model, round) => (format!("learning from all rows: {model}, round {round}"), 0.5),
        };
        let far = serde_json::json!({ "event": FAR, "text": text }).to_string();
        self.add_event(FAR, &far, None).await?;
        let Some(found) = &beyond.found else { return Ok(()) };
        let board = Box::new(Board { phase: Phase::Refitting, progress: share, ..(**found).clone() });
        let best = best(&board);
        let json = serde_json::to_string(&Event::Board { board }).unwrap_or_default();
        self.add_event("board", &json, best).await
    }
}

fn passing(error: &BlobError) -> bool {
    !matches!(error, BlobError::Absent(_) | BlobError::Damaged(_) | BlobError::Erased(_))
}

/// A table of which no rows could be drawn.
fn unread(beyond: &Beyond, why: &str) -> Diagnostic {
    Diagnostic::error(
        "run.unread",
        format!(
            "\"{}\" could not be read within {} of memory: {why}.",
            beyond.dataset.name,
            size(beyond.limit)
        ),
        "Have the server started with a larger --run-memory, or give fewer columns or rows.",
    )
}
