//! Results that were not computed here: they came with a project, or from the first page.
//!
//! A checksum tells damage and not intent: whoever makes a file can make its results too. So what was brought serves
//! the open document alone, and so does what is made of it: [`super::cache::Entry::brought`] entries are written down
//! nowhere, and go when another document's results come. What was computed here is never replaced by them.

use super::cache::Entry;
use super::judge;
use super::stored::entry_of;
use super::supplied::wants;
use super::value::Value;
use super::workspace::Workspace;
use crate::diagnostic::Diagnostic;
use crate::document::NodeId;
use crate::engine::Outcome;
use crate::engine::protocol::StudyRequest;
use crate::kind::{KindSpec, PortType};

/// Most results that are brought at a time.
const MOST_BROUGHT: usize = 4_096;

/// Whether a value is what a port gives.
fn suits(value: &Value, ty: PortType) -> bool {
    match value {
        Value::Table(_) => ty == PortType::Table,
        Value::Target(_) => ty == PortType::Target,
        Value::Model(_) => ty == PortType::Model,
        Value::Scores(_) => ty == PortType::Scores,
        Value::Report(_) => ty == PortType::Report,
    }
}

/// Whether an entry is what a node of this kind gives.
fn fits(entry: &Entry, spec: &KindSpec) -> bool {
    let types = spec.outputs.iter().map(|port| port.ty);
    entry.values.len() == spec.outputs.len() && entry.values.iter().zip(types).all(|(v, ty)| suits(v, ty))
}

impl Workspace {
    /// Takes results that came with a document, in place of all that came before: keys with the bytes of
    /// [`Workspace::cache_bytes`]. Gives how many were taken, and why others were not.
    pub fn bring(&mut self, results: &[(String, &[u8])]) -> (u32, Vec<Diagnostic>) {
        let forgotten = self.cache.forget_brought();
        self.last.retain(|_, key| !forgotten.contains(key));
        let (mut taken, mut refused) = (0, Vec::new());
        for (key, bytes) in results.iter().take(MOST_BROUGHT) {
            if self.cache.get(key).is_some() {
                continue;
            }
            match entry_of(key, bytes) {
                Ok(mut entry) => {
                    entry.brought = true;
                    self.put(key, entry);
                    taken += 1;
                }
                Err(diagnostic) => refused.push(diagnostic),
            }
        }
        self.replan();
        (taken, refused)
    }

    /// Drops what was brought and is not what its node gives. Whether there was any.
    pub(super) fn drop_misfits(&mut self) -> bool {
        let is_misfit = |(spec, key): &(&KindSpec, &String)| {
            self.cache.get(key).is_some_and(|entry| entry.brought && !fits(entry, spec))
        };
        let planned = self.plan.nodes.values().filter_map(|n| Some((&n.kind?.spec, n.key.as_ref()?)));
        let misfits: Vec<String> = planned.filter(is_misfit).map(|(_, key)| key.clone()).collect();
        misfits.iter().for_each(|key| self.cache.remove(key));
        self.last.retain(|_, key| !misfits.contains(key));
        !misfits.is_empty()
    }

    /// Whether a node's result was brought, or was made of what was.
    pub fn is_brought(&self, node: &str) -> bool {
        self.result(&NodeId(node.to_owned())).is_some_and(|entry| entry.brought)
    }

    /// Takes a finished search as the result of a node that asks for the same of the same table. `is_ours`: it was run
    /// in this session.
    ///
    /// # Errors
    /// Why it is not what the node would give.
    pub fn adopt_search(&mut self, node: &str, outcome: Outcome, is_ours: bool) -> Result<(), Diagnostic> {
        let id = NodeId(node.to_owned());
        let header = outcome.artifact.header();
        let differs = |what: &str| {
            let remedy = "Run the pipeline: the search is then made again.";
            Diagnostic::info("search.not_the_same", format!("Its result was not taken over: {what}."), remedy)
        };
        let planned = self.plan.nodes.get(&id).ok_or_else(|| differs("there is no such node"))?;
        let (Some(training), Some(key), Some(kind)) = (&planned.training, &planned.key, planned.kind) else {
            return Err(differs("the pipeline is not ready to run"));
        };
        // What was left to be guessed was guessed of the same table.
        let guessed = &header.request;
        let asked = StudyRequest {
            task: training.request.task.or(guessed.task),
            metric: training.request.metric.clone().or(guessed.metric.clone()),
            max_memory_mb: training.request.max_memory_mb.or(guessed.max_memory_mb),
            ..training.request.clone()
        };
        if asked != *guessed {
            return Err(differs(
                "the pipeline cannot ask for exactly the same, since the search had no limit or was set in ways \
                 that no node has",
            ));
        }
        let base = self.plan.nodes.get(&training.base.node);
        let source = base.and_then(|n| wants(&n.kind?.spec, &n.params));
        let table = source.and_then(|wants| self.supplied.get(&wants.source));
        let is_same = table.is_some_and(|t| {
            let (read, as_read) = (&t.value.read, &header.read);
            t.fingerprint() == header.fingerprint
                && (&read.missing, read.day_first) == (&as_read.missing, as_read.day_first)
        });
        if !is_same || !training.chain.is_empty() {
            return Err(differs("the table is not read in the same way"));
        }
        let (key, ports) = (key.clone(), kind.spec.outputs.len());
        let findings = outcome.verdict.diagnostics.iter().cloned().map(Into::into).collect();
        // What it took is not known here any more.
        let mut entry = Entry::new(judge::outputs(outcome, ports), findings, 0.0, 0);
        entry.brought = !is_ours;
        self.put(&key, entry);
        self.replan();
        Ok(())
    }
}
