//! Traces: spans of requests, runs and trials, for a collector that speaks OpenTelemetry's protocol.
//!
//! Nothing is kept or sent unless `OTEL_EXPORTER_OTLP_ENDPOINT` or its like is set. A span holds words of this program,
//! patterns of routes, and ids of requests and runs; never the name of a person, a table or a column, nor a token.
//!
//! The ids of a run's span follow from the run's id and from what began it, which lies with the run: whoever drives it
//! or computes its trials, now or after a restart, goes on in the same trace without being told more.

mod context;
mod export;

pub use context::Context;
pub use export::{begin, counts, end, is_on};

use crate::store::{Millis, Run, RunState};
use axum::http::HeaderMap;
use std::future::Future;
use std::time::{SystemTime, UNIX_EPOCH};

/// Routes that are asked all the time and belong to nobody's work.
const PROBES: [&str; 3] = ["/healthz", "/readyz", "/metrics"];

tokio::task_local! {
    static CURRENT: Context;
}

/// The span that what is done now belongs to.
pub fn current() -> Option<Context> {
    CURRENT.try_with(Clone::clone).ok()
}

/// Does something that belongs to a span, if there is one.
pub async fn within<F: Future>(context: Option<Context>, done: F) -> F::Output {
    match context {
        Some(context) => CURRENT.scope(context, done).await,
        None => done.await,
    }
}

/// What a span is to its parent, by the protocol's numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Internal = 1,
    Server = 2,
}

/// What is said of a span.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fact {
    Text(String),
    Number(i64),
}

impl From<&str> for Fact {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl From<i64> for Fact {
    fn from(number: i64) -> Self {
        Self::Number(number)
    }
}

/// A part of a trace. One that is let go of before its end is never told of.
#[derive(Debug, Clone)]
pub struct Span {
    context: Context,
    parent: Option<[u8; 8]>,
    name: String,
    kind: Kind,
    /// Nanoseconds since 1970.
    begun: u64,
    ended: u64,
    facts: Vec<(&'static str, Fact)>,
    failed: bool,
}

/// Nanoseconds since 1970.
fn now() -> u64 {
    // A clock before 1970 counts as 1970.
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |d| d.as_nanos() as u64)
}

impl Span {
    /// `None` where nothing is traced, or not this.
    pub fn begin(name: impl Into<String>, kind: Kind, parent: Option<&Context>) -> Option<Self> {
        if !is_on() {
            return None;
        }
        let context = match parent {
            Some(parent) if !parent.sampled => return None,
            Some(parent) => parent.child()?,
            None => Context::root()?,
        };
        let (name, parent) = (name.into(), parent.map(|p| p.span));
        Some(Self { context, parent, name, kind, begun: now(), ended: 0, facts: Vec::new(), failed: false })
    }

    pub fn context(&self) -> Context {
        self.context.clone()
    }

    pub fn add(&mut self, name: &'static str, fact: impl Into<Fact>) {
        self.facts.push((name, fact.into()));
    }

    /// It is over, and is told of.
    pub fn end(mut self, failed: bool) {
        (self.ended, self.failed) = (now().max(self.begun), failed);
        export::tell(self);
    }
}

/// The span of a request, and what belongs to it: a request that is not to be traced says so for what it begins.
pub fn of_request(method: &str, route: &str, headers: &HeaderMap) -> (Option<Span>, Option<Context>) {
    if !is_on() || PROBES.contains(&route) {
        return (None, None);
    }
    let mut named = headers.get_all("traceparent").iter();
    let parent = match (named.next(), named.next()) {
        (Some(one), None) => one.to_str().ok().and_then(Context::parse),
        _ => None,
    };
    let mut span = Span::begin(format!("{method} {route}"), Kind::Server, parent.as_ref());
    if let Some(span) = &mut span {
        span.add("http.request.method", method);
        span.add("http.route", route);
    }
    let context = span.as_ref().map(Span::context).or(parent);
    (span, context)
}

/// Where the trials of a run belong. `began`: what the run was begun by, as it lies with it; it may be empty.
pub fn of_run(run: &str, began: &str) -> Option<Context> {
    is_on().then(|| Context::of_run(run, Context::parse(began).as_ref()))
}

/// Tells of a run that has ended.
fn run_ended(run: &str, began: &str, created: Millis, state: RunState) {
    let Some(context) = of_run(run, began).filter(|context| context.sampled) else { return };
    let begun = u64::try_from(created).unwrap_or(0).saturating_mul(1_000_000);
    let parent = Context::parse(began).map(|parent| parent.span);
    let (name, facts) = ("run".to_owned(), Vec::new());
    let mut span =
        Span { context, parent, name, kind: Kind::Internal, begun, ended: 0, facts, failed: false };
    span.add("trellis.run.id", run);
    span.add("trellis.run.state", state.name());
    span.end(state == RunState::Failed);
}

/// What is needed to tell of a run's end.
#[derive(Debug, Clone)]
pub struct OfRun {
    id: String,
    began: String,
    created: Millis,
}

impl From<&Run> for OfRun {
    fn from(run: &Run) -> Self {
        Self { id: run.id.clone(), began: run.trace.clone(), created: run.created }
    }
}

impl OfRun {
    pub fn ended(&self, state: RunState) {
        run_ended(&self.id, &self.began, self.created, state);
    }
}
