//! Watches what the server does: an id for each request, which its log lines and problems bear, a line in the log when
//! it is answered, and numbers for `/metrics`.
//!
//! No path is ever logged or counted, only the pattern that it fits: paths hold ids and the secrets of links.

use super::state::Shared;
use crate::store::new_id;
use crate::trace;
use axum::extract::{MatchedPath, Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::Response;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Instant;
use tracing::Instrument;

/// The header that an answer bears its request's id in.
const HEADER: &str = "x-request-id";
/// Seconds at which the parts of the distribution of times end.
const BOUNDS: [f64; 12] = [0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0];
/// What fits no pattern: the page's files, and what is not there.
const FILES: &str = "files";
/// The status that a request is noted with whose client left before it was answered; nginx's number for it.
const LEFT: u16 = 499;

tokio::task_local! {
    static ID: String;
}

/// The id of the request that is being answered, if one is.
pub fn request_id() -> Option<String> {
    ID.try_with(Clone::clone).ok()
}

/// Who asked, for the log.
#[derive(Debug, Clone)]
pub struct Asker(pub String);

/// A distribution of times.
#[derive(Debug, Default, Clone)]
struct Times {
    /// Below each bound, not below the one before; the last: beyond all.
    counts: [u64; BOUNDS.len() + 1],
    sum: f64,
}

/// Method and pattern of a route.
type Place = (String, String);

#[derive(Debug, Default)]
struct Counts {
    /// By place and the first digit of the status.
    answers: BTreeMap<(Place, u16), u64>,
    times: BTreeMap<Place, Times>,
}

/// Numbers of requests.
#[derive(Debug, Default)]
pub struct Watched(Mutex<Counts>);

impl Watched {
    fn note(&self, place: Place, status: u16, secs: f64) {
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let part = BOUNDS.iter().position(|bound| secs <= *bound).unwrap_or(BOUNDS.len());
        let times = counts.times.entry(place.clone()).or_default();
        times.counts[part] += 1;
        times.sum += secs;
        *counts.answers.entry((place, status / 100)).or_default() += 1;
    }

    /// As Prometheus reads it.
    pub fn tell(&self, out: &mut String) {
        let counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        head(out, "trellis_requests_total", "counter", "Requests answered, by route and class of status");
        for (((method, route), class), count) in &counts.answers {
            let labels = format!("method=\"{method}\",route=\"{route}\",class=\"{class}xx\"");
            line(out, "trellis_requests_total", &labels, *count);
        }
        let name = "trellis_request_seconds";
        head(out, name, "histogram", "Seconds until an answer begins, by route");
        for ((method, route), times) in &counts.times {
            let labels = format!("method=\"{method}\",route=\"{route}\"");
            let mut below = 0;
            for (bound, count) in BOUNDS.iter().zip(times.counts) {
                below += count;
                line(out, &format!("{name}_bucket"), &format!("{labels},le=\"{bound}\""), below);
            }
            let all = times.counts.iter().sum::<u64>();
            line(out, &format!("{name}_bucket"), &format!("{labels},le=\"+Inf\""), all);
            line(out, &format!("{name}_sum"), &labels, times.sum);
            line(out, &format!("{name}_count"), &labels, all);
        }
    }
}

/// What a number is.
pub fn head(out: &mut String, name: &str, kind: &str, help: &str) {
    // Writing to a text never fails.
    let _ = writeln!(out, "# HELP {name} {help}\n# TYPE {name} {kind}");
}

/// A number. Labels are made of patterns and words of this program, so there is nothing to escape.
pub fn line(out: &mut String, name: &str, labels: &str, value: impl std::fmt::Display) {
    let labels = if labels.is_empty() { String::new() } else { format!("{{{labels}}}") };
    let _ = writeln!(out, "{name}{labels} {value}");
}

/// A request that waits for its answer. It is noted whether one comes or its client leaves before.
struct Waiting {
    shared: Arc<Shared>,
    id: String,
    method: &'static str,
    route: String,
    begun: Instant,
    traced: Option<trace::Span>,
    is_told: bool,
}

impl Waiting {
    fn answered(mut self, status: u16, asker: &str) {
        self.tell(status, asker);
    }

    fn tell(&mut self, status: u16, asker: &str) {
        let (method, route, secs) = (self.method, self.route.as_str(), self.begun.elapsed().as_secs_f64());
        tracing::info!(target: "trellis::request", method, route, status, ms = (1e3 * secs) as u64, account = asker);
        self.shared.watched.note((method.to_owned(), route.to_owned()), status, secs);
        if let Some(mut span) = self.traced.take() {
            span.add("http.response.status_code", i64::from(status));
            span.add("trellis.request.id", self.id.as_str());
            span.end(status >= 500);
        }
        self.is_told = true;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if !self.is_told {
            self.tell(LEFT, "");
        }
    }
}

/// Gives a request its id, and notes how it was answered.
pub async fn watch(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let (id, begun) = (new_id(), Instant::now());
    let route = request.extensions().get::<MatchedPath>().map_or(FILES, MatchedPath::as_str).to_owned();
    // A method of anybody's making is no label.
    let known = ["GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"];
    let method = known.iter().find(|m| **m == request.method().as_str()).copied().unwrap_or("other");
    let span = tracing::error_span!("request", request_id = %id);
    let (traced, context) = trace::of_request(method, &route, request.headers());
    let waiting = Waiting { shared, id: id.clone(), method, route, begun, traced, is_told: false };
    let answering = async move {
        let id = waiting.id.clone();
        let mut response = ID.scope(id, trace::within(context, next.run(request))).await;
        let asker = response.extensions_mut().remove::<Asker>().map_or(String::new(), |asker| asker.0);
        waiting.answered(response.status().as_u16(), &asker);
        response
    };
    let mut response = answering.instrument(span).await;
    // An id is letters and digits.
    if let Ok(value) = HeaderValue::from_str(&id) {
        response.headers_mut().insert(HEADER, value);
    }
    response
}

/// Begins to log on standard error. `TRELLIS_LOG` says what, as in `info` or `trellis=debug`; with
/// `TRELLIS_LOG_FORMAT=json` each line is an object.
pub fn log() {
    let filter = tracing_subscriber::EnvFilter::try_from_env("TRELLIS_LOG").unwrap_or_else(|_| "warn".into());
    let plain = tracing_subscriber::fmt().with_writer(std::io::stderr).with_env_filter(filter);
    if std::env::var("TRELLIS_LOG_FORMAT").is_ok_and(|format| format.eq_ignore_ascii_case("json")) {
        plain.json().flatten_event(true).with_span_list(false).init();
    } else {
        plain.with_ansi(false).init();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_counted_below_their_bounds() {
        let watched = Watched::default();
        let place = || ("GET".to_owned(), "/a/{b}".to_owned());
        for secs in [0.001, 0.002, 0.3, 99.0] {
            watched.note(place(), 200, secs);
        }
        watched.note(place(), 404, 0.0);
        let mut out = String::new();
        watched.tell(&mut out);
        let labels = "method=\"GET\",route=\"/a/{b}\"";
        for expected in [
            format!("trellis_requests_total{{{labels},class=\"2xx\"}} 4"),
            format!("trellis_requests_total{{{labels},class=\"4xx\"}} 1"),
            format!("trellis_request_seconds_bucket{{{labels},le=\"0.001\"}} 2"),
            format!("trellis_request_seconds_bucket{{{labels},le=\"0.0025\"}} 3"),
            format!("trellis_request_seconds_bucket{{{labels},le=\"0.5\"}} 4"),
            format!("trellis_request_seconds_bucket{{{labels},le=\"+Inf\"}} 5"),
            format!("trellis_request_seconds_count{{{labels}}} 5"),
        ] {
            assert!(out.lines().any(|l| l == expected), "{expected}\n{out}");
        }
    }
}
