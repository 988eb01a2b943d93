//! Pipelines: what a page asks about them.

use super::driver::Told;
use super::{Finished, Output, Purpose, Session, event};
use crate::diagnostic::Diagnostic;
use crate::document::PipelineDocument;
use crate::engine::flow::{Batch, RunRequest, Said, SuppliedTable, catalogue};
use crate::engine::protocol::{Event, FlowCommand, FlowEvent, MetricWords};
use crate::engine::{ModelArtifact, Outcome};
use crate::table::{ReadOptions, ReadReport, Table};

fn tell(told: FlowEvent) -> Output {
    event(Event::Flow { tell: Box::new(told) })
}

fn told(events: Vec<FlowEvent>) -> Vec<Output> {
    events.into_iter().map(tell).collect()
}

fn failed(diagnostic: Diagnostic) -> Vec<Output> {
    vec![tell(FlowEvent::Failed { diagnostics: vec![diagnostic] })]
}

impl Session {
    pub(super) fn flow_command(&mut self, ask: FlowCommand, body: Option<&[u8]>, now: f64) -> Vec<Output> {
        match ask {
            FlowCommand::Catalogue => {
                let (functions, metrics) = (crate::kind::expr::listed(), MetricWords::all());
                vec![tell(FlowEvent::Catalogue { kinds: catalogue(), functions, metrics })]
            }
            FlowCommand::Plan { document, pinned } => {
                match PipelineDocument::from_json(document.as_bytes()) {
                    Ok(document) => {
                        self.flow.pin(&pinned);
                        let plan = Box::new(self.flow.plan(&document));
                        vec![tell(FlowEvent::Planned { plan })]
                    }
                    Err(diagnostic) => failed(diagnostic),
                }
            }
            FlowCommand::Supply { source, name, options } => {
                let body = body.unwrap_or(&[]);
                let mut out = self.supply_begin(&source, &name, options, body.len() as u64);
                out.extend(self.read_chunk(body));
                out.extend(self.read_end());
                out
            }
            FlowCommand::Run { document, nodes, pinned, afresh } => {
                match PipelineDocument::from_json(document.as_bytes()) {
                    Ok(document) => self.flow_run(&document, &RunRequest { nodes, pinned, afresh }, now),
                    Err(diagnostic) => failed(diagnostic),
                }
            }
            FlowCommand::Stop => self.flow_stop(now),
            FlowCommand::Look { node, port, start, count } => {
                let look = Box::new(self.flow.look(&node, &port, start, count));
                vec![tell(FlowEvent::Looked { node, port, look })]
            }
            FlowCommand::Save { node, port } => match self.flow.save(&node, &port) {
                Ok((name, bytes)) => {
                    let saved = Event::Flow { tell: Box::new(FlowEvent::Saved { name }) };
                    vec![Output::Event(Box::new(saved), Some(bytes))]
                }
                Err(diagnostic) => failed(diagnostic),
            },
            FlowCommand::Adopt { node, port } => self.flow_adopt(&node, &port),
            FlowCommand::Complete { node, param, text, cursor } => {
                let (completions, finding) = self.flow.complete(&node, &param, &text, cursor);
                vec![tell(FlowEvent::Completions { node, param, completions, finding })]
            }
            FlowCommand::Keep { node } => self.flow_keep(node),
            FlowCommand::Bring { results } => self.flow_bring(&results, body.unwrap_or(&[])),
            FlowCommand::TakeSearch { node } => self.flow_take_search(node),
            FlowCommand::Question { node, port, column } => match self.flow.question(&node, &port, &column) {
                Ok(info) => vec![tell(FlowEvent::Question { node, info: Box::new(info) })],
                Err(diagnostic) => failed(diagnostic),
            },
        }
    }

    /// Begins to read a table of `bytes` bytes that a source wants. Its bytes go to [`Session::read_chunk`].
    pub fn supply_begin(
        &mut self,
        source: &str,
        name: &str,
        options: ReadOptions,
        bytes: u64,
    ) -> Vec<Output> {
        self.read_begin(Purpose::Supply(source.to_owned()), name, bytes, options);
        Vec::new()
    }

    pub(super) fn supply_read(
        &mut self,
        source: &str,
        table: Table,
        report: ReadReport,
        options: &ReadOptions,
    ) -> Vec<Output> {
        self.flow.supply(source, SuppliedTable::new(table, report, options));
        vec![tell(FlowEvent::Planned { plan: Box::new(self.flow.plan_view()) })]
    }

    fn flow_run(&mut self, document: &PipelineDocument, asked: &RunRequest, now: f64) -> Vec<Output> {
        let mut out = self.flow_stop(now);
        out.extend(told(self.flow.run(document, asked, now)));
        out
    }

    /// Ends the run, and its study.
    pub(super) fn flow_stop(&mut self, now: f64) -> Vec<Output> {
        let mut out = if self.flow.studying().is_some() { self.driver.end() } else { Vec::new() };
        out.extend(told(self.flow.stop(now)));
        out
    }

    /// What the study of a pipeline tells.
    pub(super) fn flow_told(&mut self, what: Option<Told>, now: f64) -> Vec<Output> {
        match what {
            None => Vec::new(),
            Some(Told::Board(board)) => told(self.flow.study_board(*board)),
            Some(Told::Ended(outcome)) => told(self.flow.trained(*outcome, now)),
        }
    }

    /// Does the next part of a run. While the first page searches, studies of pipelines wait.
    pub(super) fn flow_step(&mut self, now: f64) -> Vec<Output> {
        let can_study = !self.driver.is_busy();
        if !self.flow.has_work(can_study) {
            return Vec::new();
        }
        let stepped = self.flow.step(can_study, now);
        let mut out = told(stepped.events);
        if let Some(study) = stepped.study {
            self.driver.start(study.prepared, study.request, now);
            let (jobs, what) = self.driver.tick(now);
            out.extend(jobs);
            out.extend(self.flow_told(what, now));
        }
        out
    }

    /// Rows that a model is to predict for a pipeline, for whoever may come by a graphics card ([`crate::engine::flow::Workspace::batch`]).
    pub fn batch(&mut self) -> Option<Batch> {
        self.flow.batch()
    }

    /// Takes what came of a batch after so many seconds.
    pub fn predicted(&mut self, batch: &Batch, said: Result<Said, Diagnostic>, secs: f64) -> Vec<Output> {
        told(self.flow.predicted(batch, said, secs).into_iter().collect())
    }

    /// Whether [`Session::tick`] has something to do at once.
    pub fn has_work(&self) -> bool {
        self.flow.has_work(!self.driver.is_busy())
    }

    /// Keys of results that came since the last call, for whoever keeps them ([`Session::cache_bytes`]).
    pub fn fresh_results(&mut self) -> Vec<String> {
        self.flow.fresh_results()
    }

    /// Keys of results that the open document could have and that are not here.
    pub fn wanted_results(&self) -> Vec<String> {
        self.flow.wanted_results()
    }

    /// A result as bytes.
    pub fn cache_bytes(&self, key: &str) -> Option<Vec<u8>> {
        self.flow.cache_bytes(key)
    }

    /// Takes results back that [`Session::cache_bytes`] gave, and tells the plan with them. Damaged ones are passed over.
    pub fn take_cached(&mut self, results: &[(String, Vec<u8>)]) -> Vec<Output> {
        let mut any = false;
        for (key, bytes) in results {
            any |= self.flow.take_cached(key, bytes).is_ok();
        }
        if !any {
            return Vec::new();
        }
        self.flow.refresh();
        vec![tell(FlowEvent::Planned { plan: Box::new(self.flow.plan_view()) })]
    }

    fn flow_keep(&self, node: String) -> Vec<Output> {
        let key = self.flow.present_key(&node).unwrap_or_default();
        let bytes = self.flow.cache_bytes(&key);
        let key = if bytes.is_some() { key } else { String::new() };
        let kept = Event::Flow { tell: Box::new(FlowEvent::Kept { node, key }) };
        vec![Output::Event(Box::new(kept), bytes)]
    }

    fn flow_bring(&mut self, results: &[(String, u64)], body: &[u8]) -> Vec<Output> {
        let (mut rest, mut parts) = (body, Vec::new());
        for (key, length) in results {
            // What is shorter than it says is damaged, which its checksum tells.
            let (part, after) = rest.split_at((*length).min(rest.len() as u64) as usize);
            parts.push((key.clone(), part));
            rest = after;
        }
        let (taken, refused) = self.flow.bring(&parts);
        let plan = Box::new(self.flow.plan_view());
        vec![tell(FlowEvent::Brought { taken, refused }), tell(FlowEvent::Planned { plan })]
    }

    fn flow_take_search(&mut self, node: String) -> Vec<Output> {
        let outcome = match &self.finished {
            None => Err(Diagnostic::info(
                "search.no_result",
                "There is no finished search whose result could be taken over.",
                "Run the pipeline: the search is then made here.",
            )),
            // A model is not copied in memory: it is read from its own file.
            Some(f) => ModelArtifact::from_bytes(&f.artifact.to_bytes()).map(|artifact| {
                let (board, verdict) = (f.board.clone(), f.verdict.clone());
                (Outcome { artifact, board, verdict, fitted: Vec::new() }, f.is_ours)
            }),
        };
        let taken = outcome.and_then(|(outcome, is_ours)| self.flow.adopt_search(&node, outcome, is_ours));
        let plan = Box::new(self.flow.plan_view());
        vec![tell(FlowEvent::SearchTaken { node, why_not: taken.err() }), tell(FlowEvent::Planned { plan })]
    }

    fn flow_adopt(&mut self, node: &str, port: &str) -> Vec<Output> {
        let model = match self.flow.model(node, port) {
            Ok(model) => model,
            Err(diagnostic) => return failed(diagnostic),
        };
        let name = self.flow.model_name(node);
        // A model is not copied in memory: it is read from its own file.
        match ModelArtifact::from_bytes(&model.artifact.to_bytes()) {
            Ok(artifact) => {
                let (board, verdict) = (model.board.clone(), model.verdict.clone());
                let restored =
                    Event::Restored { board: Box::new(board.clone()), verdict: Box::new(verdict.clone()) };
                let is_ours = !self.flow.is_brought(node);
                self.finished =
                    Some(Finished { name, artifact, board, verdict, is_ours, fitted: Vec::new() });
                vec![event(restored)]
            }
            Err(diagnostic) => failed(diagnostic),
        }
    }
}
