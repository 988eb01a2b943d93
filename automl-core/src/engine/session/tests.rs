//! A session driven as a page drives it.

use super::{Output, Session};
use crate::engine::flow;
use crate::engine::protocol::{
    Command, Event, FlowCommand, FlowEvent, Look, NodeState, Phase, Pins, RunEnd, StudyRequest,
};
use crate::engine::tests::{csv, request};
use crate::engine::{ModelArtifact, PredictOptions, WorkerState};
use crate::model::Task;
use crate::table::{ColumnType, Format, ReadOptions, read};
use std::collections::VecDeque;

/// A session with its workers, and what it told the page.
struct Page {
    session: Session,
    workers: Vec<WorkerState>,
    told: Vec<(Event, Option<Vec<u8>>)>,
    now: f64,
}

impl Page {
    fn new(workers: u32) -> Self {
        let fresh = (0..workers).map(|_| WorkerState::default()).collect();
        Self { session: Session::new(workers), workers: fresh, told: Vec::new(), now: 0.0 }
    }

    /// Carries everything, first come first served, until nothing is under way.
    fn carry(&mut self, outputs: Vec<Output>) {
        let mut waiting: VecDeque<Output> = outputs.into();
        while let Some(output) = waiting.pop_front() {
            match output {
                Output::Event(event, body) => self.told.push((*event, body)),
                Output::ResetWorker { worker } => self.workers[worker as usize] = WorkerState::default(),
                Output::ToWorker { worker, bytes } => {
                    if let Some(answer) = self.workers[worker as usize].handle(&bytes) {
                        self.now += 0.001;
                        waiting.extend(self.session.worker_message(worker, &answer, self.now));
                    }
                }
            }
        }
    }

    fn ask(&mut self, command: Command, body: Option<&[u8]>) {
        let outputs = self.session.handle(command, body, self.now);
        self.carry(outputs);
    }

    fn open(&mut self, text: &str) {
        let options = ReadOptions::default();
        self.ask(Command::Open { name: "shop.csv".to_owned(), options }, Some(text.as_bytes()));
    }

    fn search(&mut self, request: StudyRequest) {
        self.ask(Command::Start { request }, None);
        for _ in 0..2_000 {
            self.now += 0.05;
            let outputs = self.session.tick(self.now);
            self.carry(outputs);
        }
    }

    /// The parts of the last predictions, put together.
    fn predictions(&self) -> String {
        let start = self.told.iter().rposition(|(e, _)| matches!(e, Event::Predicting { .. })).expect("some");
        let bytes: Vec<u8> =
            self.told[start..].iter().filter_map(|(_, body)| body.clone()).flatten().collect();
        String::from_utf8(bytes).expect("text")
    }

    fn last(&self) -> &(Event, Option<Vec<u8>>) {
        self.told.last().expect("something was told")
    }
}

#[test]
fn from_a_file_to_a_model_and_back() {
    let mut models = Vec::new();
    for workers in [1, 3] {
        let mut page = Page::new(workers);
        page.open(&csv(Task::Binary));
        let (Event::Opened { table }, _) = page.last() else { panic!("{:?}", page.last().0) };
        assert_eq!((table.rows, table.profile.columns.len()), (300, 4));
        assert_eq!(table.target.as_ref().map(|t| t.column.as_str()), Some("answer"));
        page.search(request(4));
        let (Event::Finished { board, verdict }, _) = page.last() else { panic!("{:?}", page.last().0) };
        assert_eq!(board.phase, Phase::Done);
        assert!(!verdict.sentence.is_empty());
        assert!(page.told.iter().any(|(e, _)| matches!(e, Event::Board { .. })));

        page.ask(Command::SaveReport, None);
        let (Event::Report { name }, Some(html)) = page.last() else { panic!("{:?}", page.last().0) };
        assert_eq!(name, "shop.report.html");
        assert!(String::from_utf8_lossy(html).contains("Predicting answer"));
        page.ask(Command::SaveModel, None);
        let (Event::Model { name }, Some(model)) = page.last() else { panic!("{:?}", page.last().0) };
        assert_eq!(name, "shop.trellis");
        models.push(model.clone());
    }
    assert!(models[0] == models[1], "the number of workers changed the model");

    let mut page = Page::new(1);
    page.ask(Command::Restore, Some(&models[0]));
    assert!(matches!(page.last().0, Event::Restored { .. }));
    page.ask(
        Command::PredictTable { name: "next.csv".to_owned(), options: PredictOptions::default() },
        Some(b"amount,shop,note\n1,south,r1\n"),
    );
    let (Event::Predictions { rows: 1, .. }, None) = page.last() else { panic!("{:?}", page.last().0) };
    assert!(page.predictions().starts_with("no,yes\n0."));
    let artifact = ModelArtifact::from_bytes(&models[0]).expect("its own file");
    assert_eq!(artifact.header().seed, 3);

    // Parts of a long table are the whole, as the command line writes it.
    let long = format!("amount,shop,note\n{}", "1,south,r1\n-3,north,r2\n,,\n".repeat(12_000));
    page.ask(
        Command::PredictTable { name: "long.csv".to_owned(), options: PredictOptions::default() },
        Some(long.as_bytes()),
    );
    let (table, _) = read(long.as_bytes(), Format::Csv, &artifact.read_options());
    let (whole, _) =
        artifact.predictions_csv(&table, &PredictOptions::default()).expect("a table that suits");
    assert!(page.predictions() == whole, "the parts differ from the whole");
    let parts = page.told.iter().filter(|(e, _)| matches!(e, Event::PredictionsPart { of: 36_000, .. }));
    assert!(parts.count() > 1);

    // Given up, nothing more is told of it.
    let begun = page.session.predict_begin("long.csv", PredictOptions::default(), long.len() as u64);
    assert!(begun.is_empty());
    page.session.read_chunk(long.as_bytes());
    assert!(page.session.read_end().is_empty() && page.session.is_predicting());
    page.ask(Command::Cancel, None);
    assert!(!page.session.is_predicting() && page.session.predict_block().is_empty());
}

#[test]
fn a_lost_worker_costs_one_trial() {
    let mut page = Page::new(2);
    page.open(&csv(Task::Binary));
    // Its answers are withheld, as if it had broken down.
    let outputs = page.session.handle(Command::Start { request: request(3) }, None, 0.0);
    assert!(outputs.iter().any(|o| matches!(o, Output::ToWorker { worker: 1, .. })));
    let mut outputs: Vec<Output> =
        outputs.into_iter().filter(|o| !matches!(o, Output::ToWorker { worker: 1, .. })).collect();
    outputs.extend(page.session.worker_lost(1, "out of memory", 0.1));
    page.carry(outputs);
    for _ in 0..2_000 {
        page.now += 0.05;
        let outputs = page.session.tick(page.now);
        page.carry(outputs);
    }
    // The baseline's fold was lost, so its trial failed; the others made a model.
    let (Event::Finished { board, .. }, _) = page.last() else { panic!("{:?}", page.last().0) };
    assert!(board.rows.iter().any(|r| r.note.contains("out of memory")), "{:?}", board.rows);
}

#[test]
fn findings_about_the_data_reach_the_workers_and_the_verdict() {
    let mut page = Page::new(2);
    page.open(&csv(Task::Binary));
    let Some((Event::Opened { table }, _)) = page.told.last() else { panic!("{:?}", page.told) };
    let ignore = table.target.as_ref().expect("a target").features.clone();
    page.search(StudyRequest { ignore, ..request(2) });
    let (Event::Finished { verdict, .. }, _) = page.last() else { panic!("{:?}", page.last().0) };
    assert!(verdict.diagnostics.iter().any(|d| d.code == "data.no_features"), "{:?}", verdict.diagnostics);
}

#[test]
fn stopping_replaces_busy_workers_once_and_ends() {
    let mut page = Page::new(2);
    page.open(&csv(Task::Binary));
    let started = page.session.handle(Command::Start { request: request(500) }, None, page.now);
    // Enough for a first model; then two jobs are under way.
    page.session.driver.workers.iter().for_each(|w| assert!(w.job.is_some()));
    let mut waiting: VecDeque<Output> = started.into();
    for _ in 0..60 {
        let Some(output) = waiting.pop_front() else { break };
        if let Output::ToWorker { worker, bytes } = output
            && let Some(answer) = page.workers[worker as usize].handle(&bytes)
        {
            waiting.extend(page.session.worker_message(worker, &answer, page.now));
        }
    }
    let outputs = page.session.handle(Command::Stop, None, page.now);
    let resets = outputs.iter().filter(|o| matches!(o, Output::ResetWorker { .. })).count();
    assert!(resets > 0);
    page.carry(outputs);
    for _ in 0..2_000 {
        page.now += 0.05;
        let outputs = page.session.tick(page.now);
        assert!(!outputs.iter().any(|o| matches!(o, Output::ResetWorker { .. })));
        page.carry(outputs);
    }
    assert!(matches!(page.last().0, Event::Finished { .. }), "{:?}", page.last().0);
}

#[test]
fn commands_out_of_place_are_answered() {
    let mut page = Page::new(1);
    let commands = [
        Command::SaveModel,
        Command::SaveReport,
        Command::Rows { start: 0, count: 10 },
        Command::Inspect { column: "x".to_owned(), task: None },
        Command::Retype { column: "x".to_owned(), to: ColumnType::Text },
        Command::Start { request: request(3) },
        Command::PredictRow { values: Default::default() },
        Command::Restore,
        Command::PredictTable { name: "a.csv".to_owned(), options: PredictOptions::default() },
    ];
    for command in commands {
        page.ask(command.clone(), None);
        assert!(matches!(page.last().0, Event::Failed { .. }), "{command:?}");
    }
    page.open("");
    assert!(matches!(page.last().0, Event::Failed { .. }));
    page.open(&csv(Task::Binary));
    page.ask(Command::Rows { start: 298, count: 10 }, None);
    let (Event::Rows { start: 298, rows }, _) = page.last() else { panic!("{:?}", page.last().0) };
    assert_eq!(rows.len(), 2);
    page.ask(Command::Retype { column: "amount".to_owned(), to: ColumnType::Categorical }, None);
    let (Event::Opened { table }, _) = page.last() else { panic!("{:?}", page.last().0) };
    assert_eq!(table.profile.columns[0].ty, ColumnType::Categorical);
    page.ask(Command::Inspect { column: "shop".to_owned(), task: None }, None);
    let (Event::Target { info }, _) = page.last() else { panic!("{:?}", page.last().0) };
    assert_eq!(info.task, Task::Multiclass);
}

#[test]
fn a_pipeline_is_supplied_run_looked_at_and_adopted() {
    let request = request(3);
    let document = flow::from_request(&flow::catalogue(), "shop.csv", &ReadOptions::default(), &request);
    let document = String::from_utf8(document.canonical()).expect("text");
    let mut models = Vec::new();
    for workers in [1, 3] {
        let mut page = Page::new(workers);
        let ask = |ask: FlowCommand| Command::Flow { ask };
        let heard = |page: &Page| {
            let Some((Event::Flow { tell }, _)) = page.told.last() else { panic!("{:?}", page.told.last()) };
            tell.as_ref().clone()
        };
        page.ask(ask(FlowCommand::Catalogue), None);
        assert!(
            matches!(heard(&page), FlowEvent::Catalogue { kinds, functions, metrics } if kinds.len() > 30 && functions.len() > 60 && metrics.len() > 10)
        );
        page.ask(ask(FlowCommand::Plan { document: document.clone(), pinned: Pins::new() }), None);
        let FlowEvent::Planned { plan } = heard(&page) else { panic!("no plan") };
        let wants = plan.nodes["file-1"].wants.clone().expect("a file is wanted");
        let supply = FlowCommand::Supply {
            source: wants.source,
            name: "shop.csv".to_owned(),
            options: ReadOptions::default(),
        };
        page.ask(ask(supply), Some(csv(Task::Binary).as_bytes()));
        let FlowEvent::Planned { plan } = heard(&page) else { panic!("no plan") };
        assert_eq!(plan.nodes["search-1"].state, NodeState::Ready);
        let run = FlowCommand::Run {
            document: document.clone(),
            nodes: Vec::new(),
            pinned: Pins::new(),
            afresh: Vec::new(),
        };
        page.ask(ask(run), None);
        for _ in 0..2_000 {
            page.now += 0.05;
            let outputs = page.session.tick(page.now);
            page.carry(outputs);
        }
        let is_end = |e: &Event| matches!(e, Event::Flow { tell } if matches!(**tell, FlowEvent::Ended { end: RunEnd::Done, ran: 2, failed: 0, .. }));
        assert!(page.told.iter().any(|(e, _)| is_end(e)));
        let (node, port) = ("search-1".to_owned(), "model".to_owned());
        page.ask(ask(FlowCommand::Look { node: node.clone(), port: port.clone(), start: 0, count: 9 }), None);
        assert!(
            matches!(heard(&page), FlowEvent::Looked { look, .. } if matches!(*look, Look::Model { .. }))
        );
        page.ask(ask(FlowCommand::Adopt { node, port }), None);
        assert!(matches!(page.last().0, Event::Restored { .. }));
        page.ask(Command::SaveModel, None);
        models.push(page.last().1.clone().expect("a model"));
    }
    let mut page = Page::new(2);
    page.open(&csv(Task::Binary));
    page.search(request);
    page.ask(Command::SaveModel, None);
    models.push(page.last().1.clone().expect("a model"));
    assert!(models[0] == models[1] && models[1] == models[2], "the same request, another model");
}

#[test]
fn a_table_that_cannot_be_read_is_refused_by_name() {
    let mut page = Page::new(1);
    let source = "file:empty.csv".to_owned();
    let options = ReadOptions::default();
    let supply = FlowCommand::Supply { source, name: "empty.csv".to_owned(), options };
    page.ask(Command::Flow { ask: supply }, Some(b"a,b\n"));
    let Event::Flow { tell } = &page.last().0 else { panic!("{:?}", page.last()) };
    assert!(
        matches!(&**tell, FlowEvent::Refused { source, diagnostics } if source == "file:empty.csv" && !diagnostics.is_empty())
    );
}

#[test]
fn a_stopped_pipeline_frees_its_workers() {
    let mut page = Page::new(2);
    let document = flow::from_request(&flow::catalogue(), "shop.csv", &ReadOptions::default(), &request(500));
    let document = String::from_utf8(document.canonical()).expect("text");
    let plan = FlowCommand::Plan { document: document.clone(), pinned: Pins::new() };
    page.ask(Command::Flow { ask: plan }, None);
    let source = "file:shop.csv".to_owned();
    let supply = FlowCommand::Supply { source, name: "shop.csv".to_owned(), options: ReadOptions::default() };
    page.ask(Command::Flow { ask: supply }, Some(csv(Task::Binary).as_bytes()));
    let run = FlowCommand::Run { document, nodes: Vec::new(), pinned: Pins::new(), afresh: Vec::new() };
    // Jobs are handed out, and nobody does them.
    let mut out = page.session.handle(Command::Flow { ask: run }, None, 0.0);
    for i in 1..9 {
        out.extend(page.session.tick(f64::from(i) * 0.1));
    }
    assert!(out.iter().any(|o| matches!(o, Output::ToWorker { worker: 1, .. })));
    let out = page.session.handle(Command::Flow { ask: FlowCommand::Stop }, None, 1.0);
    let resets = out.iter().filter(|o| matches!(o, Output::ResetWorker { .. })).count();
    assert_eq!(resets, 2);
    assert!(page.session.tick(2.0).is_empty() && !page.session.has_work());
}
