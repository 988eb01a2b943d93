//! Sends spans to a collector: OTLP over HTTP, as JSON.
//!
//! Whoever tells of a span never waits: it is put in line, and where the line is full it is dropped and counted. One
//! task takes them from there in batches. A batch that the collector does not take is dropped and counted too.

use super::context::hex;
use super::{Fact, Span};
use reqwest::header::{HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, Url};
use serde_json::{Value, json};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::sync::{mpsc, oneshot};

/// Spans in line at most.
const LINE: usize = 2_048;
/// Spans of a batch at most.
const BATCH: usize = 512;
/// How long a batch is gathered.
const GATHER: Duration = Duration::from_secs(1);
/// How long a collector may take for a batch.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a process that ends waits for its last spans to be taken.
const LAST: Duration = Duration::from_secs(2);

static SENT: AtomicU64 = AtomicU64::new(0);
static DROPPED: AtomicU64 = AtomicU64::new(0);
static OUT: OnceLock<mpsc::Sender<Told>> = OnceLock::new();

enum Told {
    Span(Box<Span>),
    /// Says when all before it were sent.
    Last(oneshot::Sender<()>),
}

/// Whether anything is traced.
pub fn is_on() -> bool {
    OUT.get().is_some()
}

/// Spans that were sent, and such that were dropped; `None` where nothing is traced.
pub fn counts() -> Option<(u64, u64)> {
    is_on().then(|| (SENT.load(Ordering::Relaxed), DROPPED.load(Ordering::Relaxed)))
}

fn dropped(count: usize) {
    DROPPED.fetch_add(count as u64, Ordering::Relaxed);
}

/// Puts a span in line.
pub fn tell(span: Span) {
    if let Some(out) = OUT.get()
        && out.try_send(Told::Span(Box::new(span))).is_err()
    {
        dropped(1);
    }
}

/// Begins to send spans, where the environment says where to. What cannot be used is told in the log, and nothing is
/// sent.
pub fn begin() {
    let found = Collector::of(|name| std::env::var(name).ok());
    match found {
        Ok(None) => {}
        Ok(Some(collector)) => {
            let (out, line) = mpsc::channel(LINE);
            if OUT.set(out).is_ok() {
                tokio::spawn(send_on(line, collector));
            }
        }
        Err(what) => tracing::error!("no traces are sent: {what}"),
    }
}

/// Sends what is in line, if it does not take long.
pub async fn end() {
    let Some(out) = OUT.get() else { return };
    let (sent, told) = oneshot::channel();
    let last = async {
        if out.send(Told::Last(sent)).await.is_ok() {
            // Where it is let go of, nobody sends any more.
            let _ = told.await;
        }
    };
    // What is not taken by then is lost.
    let _ = tokio::time::timeout(LAST, last).await;
}

/// Where spans go.
struct Collector {
    client: Client,
    url: Url,
    headers: HeaderMap,
    service: String,
}

impl Collector {
    /// As the usual variables say; `None`: nowhere.
    fn of(variable: impl Fn(&str) -> Option<String>) -> Result<Option<Self>, String> {
        let set = |name: &str| variable(name).map(|v| v.trim().to_owned()).filter(|v| !v.is_empty());
        let url = match (set("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT"), set("OTEL_EXPORTER_OTLP_ENDPOINT")) {
            (Some(url), _) => url,
            (None, Some(base)) => format!("{}/v1/traces", base.trim_end_matches('/')),
            (None, None) => return Ok(None),
        };
        let is_off = set("OTEL_SDK_DISABLED").is_some_and(|v| v.eq_ignore_ascii_case("true"));
        if is_off || set("OTEL_TRACES_EXPORTER").is_some_and(|v| v == "none") {
            return Ok(None);
        }
        // The address may hold a password, so it is not repeated.
        let url = Url::parse(&url).ok().filter(|url| matches!(url.scheme(), "http" | "https"));
        let url =
            url.ok_or("OTEL_EXPORTER_OTLP_ENDPOINT is no address that begins with http:// or https://")?;
        let either = |end: &str| {
            set(&format!("OTEL_EXPORTER_OTLP_TRACES_{end}")).or(set(&format!("OTEL_EXPORTER_OTLP_{end}")))
        };
        match either("PROTOCOL").as_deref() {
            None | Some("http/json") => {}
            Some("http/protobuf") => {
                tracing::warn!(
                    "traces are sent as http/json, which collectors take where they take http/protobuf"
                );
            }
            Some(_) => {
                return Err("OTEL_EXPORTER_OTLP_PROTOCOL asks for another protocol than HTTP".to_owned());
            }
        }
        let headers = headers(&either("HEADERS").unwrap_or_default())?;
        let service = set("OTEL_SERVICE_NAME").unwrap_or_else(|| "trellis".to_owned());
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|e| e.to_string())?;
        Ok(Some(Self { client, url, headers, service }))
    }

    async fn send(&self, spans: &[Span]) -> Result<(), reqwest::Error> {
        let request = self.client.post(self.url.clone()).json(&body(&self.service, spans));
        request.headers(self.headers.clone()).send().await?.error_for_status()?;
        Ok(())
    }
}

/// Headers as a variable holds them: `name=value,name=value`, with `%20` for a space.
fn headers(text: &str) -> Result<HeaderMap, String> {
    let mut all = HeaderMap::new();
    for pair in text.split(',').filter(|pair| !pair.trim().is_empty()) {
        let header = pair.split_once('=').and_then(|(name, value)| {
            let name = HeaderName::from_bytes(name.trim().as_bytes()).ok()?;
            let mut value = HeaderValue::from_bytes(&unescaped(value.trim())).ok()?;
            value.set_sensitive(true);
            Some((name, value))
        });
        let (name, value) = header.ok_or("OTEL_EXPORTER_OTLP_HEADERS is not of the form name=value,…")?;
        all.insert(name, value);
    }
    Ok(all)
}

/// Bytes of a text in which some are written as `%` and two digits.
fn unescaped(text: &str) -> Vec<u8> {
    let (bytes, mut out, mut at) = (text.as_bytes(), Vec::new(), 0);
    while let Some(byte) = bytes.get(at) {
        let digits = text.get(at + 1..at + 3).filter(|_| *byte == b'%');
        let escaped = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok());
        out.push(escaped.unwrap_or(*byte));
        at += if escaped.is_some() { 3 } else { 1 };
    }
    out
}

/// Sends what comes, in batches.
async fn send_on(mut line: mpsc::Receiver<Told>, collector: Collector) {
    let (mut told, mut is_away) = (Vec::new(), false);
    while line.recv_many(&mut told, BATCH).await > 0 {
        let until = tokio::time::Instant::now() + GATHER;
        while told.len() < BATCH && !told.iter().any(|t| matches!(t, Told::Last(_))) {
            let room = BATCH - told.len();
            match tokio::time::timeout_at(until, line.recv_many(&mut told, room)).await {
                Ok(more) if more > 0 => {}
                _ => break,
            }
        }
        let (mut spans, mut waiting) = (Vec::new(), Vec::new());
        for told in told.drain(..) {
            match told {
                Told::Span(span) => spans.push(*span),
                Told::Last(sent) => waiting.push(sent),
            }
        }
        if !spans.is_empty() {
            match collector.send(&spans).await {
                Ok(()) => {
                    is_away = false;
                    SENT.fetch_add(spans.len() as u64, Ordering::Relaxed);
                }
                Err(error) => {
                    dropped(spans.len());
                    // Told once, not for each batch.
                    if !std::mem::replace(&mut is_away, true) {
                        let error = error.without_url();
                        tracing::warn!(%error, "traces cannot be sent; they are dropped until they can");
                    }
                }
            }
        }
        for sent in waiting {
            // Whoever waited may have gone.
            let _ = sent.send(());
        }
    }
}

fn attribute(name: &str, fact: &Fact) -> Value {
    match fact {
        Fact::Text(text) => json!({ "key": name, "value": { "stringValue": text } }),
        // Numbers of 64 bits are texts in this JSON.
        Fact::Number(number) => json!({ "key": name, "value": { "intValue": number.to_string() } }),
    }
}

/// A batch, as the protocol has it in JSON.
fn body(service: &str, spans: &[Span]) -> Value {
    let version = env!("CARGO_PKG_VERSION");
    let resource = [("service.name", service), ("service.version", version)];
    let resource: Vec<Value> = resource.iter().map(|(name, text)| attribute(name, &(*text).into())).collect();
    let spans: Vec<Value> = spans.iter().map(shown).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "trellis", "version": version }, "spans": spans }],
    }] })
}

fn shown(span: &Span) -> Value {
    let facts: Vec<Value> = span.facts.iter().map(|(name, fact)| attribute(name, fact)).collect();
    let mut out = json!({
        "traceId": hex(&span.context.trace),
        "spanId": hex(&span.context.span),
        "name": span.name,
        "kind": span.kind as i32,
        "startTimeUnixNano": span.begun.to_string(),
        "endTimeUnixNano": span.ended.to_string(),
        "attributes": facts,
    });
    if let Some(parent) = &span.parent {
        out["parentSpanId"] = hex(parent).into();
    }
    if span.failed {
        out["status"] = json!({ "code": 2 });
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(set: &[(&str, &str)]) -> Result<Option<Collector>, String> {
        Collector::of(|name| set.iter().find(|(n, _)| *n == name).map(|(_, v)| (*v).to_owned()))
    }

    #[test]
    fn the_environment_says_where_to() {
        const BASE: (&str, &str) = ("OTEL_EXPORTER_OTLP_ENDPOINT", "http://a:4318/");
        let url = |set: &[(&str, &str)]| of(set).ok().flatten().map(|c| c.url.to_string());
        assert_eq!(url(&[BASE]).as_deref(), Some("http://a:4318/v1/traces"));
        let whole = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "https://b/x");
        assert_eq!(url(&[BASE, whole]).as_deref(), Some("https://b/x"));
        let blank = ("OTEL_EXPORTER_OTLP_ENDPOINT", " ");
        for set in [
            &[][..],
            &[blank],
            &[BASE, ("OTEL_SDK_DISABLED", "true")],
            &[BASE, ("OTEL_TRACES_EXPORTER", "none")],
        ] {
            assert!(of(set).is_ok_and(|found| found.is_none()), "{set:?}");
        }
        for wrong in [
            ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "a:4318"),
            ("OTEL_EXPORTER_OTLP_PROTOCOL", "grpc"),
            ("OTEL_EXPORTER_OTLP_HEADERS", "nothing"),
        ] {
            assert!(of(&[BASE, wrong]).is_err(), "{wrong:?}");
        }
        let found = of(&[BASE, ("OTEL_EXPORTER_OTLP_HEADERS", "authorization=Basic%20YQ==,x-a=%zz")]);
        let headers = found.ok().flatten().expect("a collector").headers;
        assert_eq!(
            (&headers["authorization"], &headers["x-a"]),
            (
                &"Basic YQ==".parse::<HeaderValue>().expect("a value"),
                &"%zz".parse::<HeaderValue>().expect("a value")
            )
        );
    }
}
