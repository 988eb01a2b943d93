//! This page's own server: what it keeps and runs for the person.

use super::network::{Network, NetworkError};
use super::save;
use automl_core::diagnostic::Diagnostic;
use automl_core::engine::protocol::StudyRequest;
use automl_core::table::ReadOptions;
use js_sys::{Array, ArrayBuffer, Reflect, Uint8Array};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use trellis_page::sse::{Parser, Told};
use wasm_bindgen::JsCast;
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, ReadableStreamDefaultReader, Response};

/// Bytes that are hashed at a time, with time for the page between.
const PART: f64 = 4.0 * 1024.0 * 1024.0;
/// Milliseconds before a stream that broke off is asked for again.
const AGAIN_MS: u32 = 1_000;

/// A run on the server.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Place {
    pub project: String,
    pub run: String,
}

impl Place {
    fn path(&self) -> String {
        format!("/api/v1/projects/{}/runs/{}", self.project, self.run)
    }
}

fn problem(what: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
    Diagnostic::error("server.refused", what.into(), remedy.into())
}

fn unreachable(error: &NetworkError) -> Diagnostic {
    let remedy =
        "Check the connection. Everything goes on in this tab meanwhile; ask the server again later.";
    match error {
        NetworkError::Browser(said) => {
            problem(format!("The browser did not ask the server: {said}."), remedy)
        }
        _ => problem("The server cannot be reached.", remedy),
    }
}

async fn text(response: &Response) -> String {
    let Ok(promise) = response.text() else { return String::new() };
    JsFuture::from(promise).await.ok().and_then(|t| t.as_string()).unwrap_or_default()
}

/// The server, asked through the page's one way out.
#[derive(Clone, Copy)]
pub struct Server(pub Network);

impl Server {
    async fn ask(
        self,
        method: &str,
        path: &str,
        body: Option<&Blob>,
        headers: &[(&str, &str)],
        stop: Option<&AbortSignal>,
    ) -> Result<Response, Diagnostic> {
        let answer = self.0.server(method, path, body, headers, stop).await;
        let response = answer.map_err(|e| unreachable(&e))?;
        if response.ok() {
            return Ok(response);
        }
        let status = response.status();
        let told: Value = serde_json::from_str(&text(&response).await).unwrap_or_default();
        Err(match (status, told["detail"].as_str()) {
            (401, _) => problem(
                "This server wants to know who you are.",
                "Sign in at /sign-in on this server, then come back; the table stays open here.",
            ),
            (_, Some(detail)) => problem(detail, "Change what it says, or run it in this tab."),
            _ => problem(
                format!("This page comes from a place that keeps and runs nothing (status {status})."),
                "Run it in this tab, or open the page from `trellis serve`.",
            ),
        })
    }

    async fn json(self, method: &str, path: &str, body: Option<&Value>) -> Result<Value, Diagnostic> {
        let body = body.map(|b| save::blob("application/json", &Array::of1(&b.to_string().into())));
        let body = body.transpose().map_err(|e| unreachable(&NetworkError::Browser(format!("{e:?}"))))?;
        let response = self.ask(method, path, body.as_ref(), &[], None).await?;
        Ok(serde_json::from_str(&text(&response).await).unwrap_or_default())
    }

    /// The project of that name; a new one where there is none.
    async fn project(self, name: &str) -> Result<String, Diagnostic> {
        let all = self.json("GET", "/api/v1/projects", None).await?;
        let known = all["items"].as_array().into_iter().flatten().find(|p| p["name"] == name);
        let id = match known {
            Some(project) => project["id"].as_str().map(str::to_owned),
            None => {
                let made = self.json("POST", "/api/v1/projects", Some(&json!({ "name": name }))).await?;
                made["id"].as_str().map(str::to_owned)
            }
        };
        id.ok_or_else(|| problem("The server's answer cannot be read.", "Load the page again."))
    }

    /// The data set with these bytes; they are sent where they are not there yet.
    async fn dataset(
        self,
        project: &str,
        name: &str,
        file: &Blob,
        options: &ReadOptions,
    ) -> Result<String, Diagnostic> {
        let base = format!("/api/v1/projects/{project}/datasets");
        let hash = hashed(file).await?;
        let known = self.0.server("HEAD", &format!("{base}/by-hash/{hash}"), None, &[], None).await;
        let known = known.map_err(|e| unreachable(&e))?;
        if let (true, Ok(Some(id))) = (known.ok(), known.headers().get("trellis-dataset")) {
            return Ok(id);
        }
        let options = serde_json::to_string(options).unwrap_or_default();
        let encoded = |t: &str| String::from(js_sys::encode_uri_component(t));
        let path = format!("{base}?name={}&options={}", encoded(name), encoded(&options));
        let response = self.ask("POST", &path, Some(file), &[], None).await?;
        let made: Value = serde_json::from_str(&text(&response).await).unwrap_or_default();
        let id = made["id"].as_str().map(str::to_owned);
        id.ok_or_else(|| problem("The server's answer cannot be read.", "Load the page again."))
    }

    /// Sends a table, once, and has a search run on it.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn search(
        self,
        name: &str,
        file: &Blob,
        options: &ReadOptions,
        request: &StudyRequest,
    ) -> Result<Place, Diagnostic> {
        let project = self.project(name).await?;
        let dataset = self.dataset(&project, name, file, options).await?;
        let work = json!({ "task": { "kind": "study", "dataset": dataset, "request": request } });
        let run = self.json("POST", &format!("/api/v1/projects/{project}/runs"), Some(&work)).await?;
        let run = run["id"].as_str().map(str::to_owned);
        let run =
            run.ok_or_else(|| problem("The server's answer cannot be read.", "Load the page again."))?;
        Ok(Place { project, run })
    }

    /// Says what is wished of a run: `go_on`, `pause`, `stop`, `cancel`.
    ///
    /// # Errors
    /// A run that has ended, or no way to the server.
    pub async fn wish(self, place: &Place, wish: &str) -> Result<(), Diagnostic> {
        self.json("PATCH", &place.path(), Some(&json!({ "wish": wish }))).await.map(drop)
    }

    /// Hears what a run tells, to its end; a stream that breaks off is asked for again, from where it was.
    ///
    /// # Errors
    /// A run that is gone. `stop` ends it without an error.
    pub async fn follow(
        self,
        place: &Place,
        stop: &AbortSignal,
        mut hear: impl FnMut(&Told),
    ) -> Result<(), Diagnostic> {
        let path = format!("{}/events", place.path());
        let mut last = String::from("0");
        while !stop.aborted() {
            let answer = self.0.server("GET", &path, None, &[("Last-Event-ID", &last)], Some(stop)).await;
            match answer {
                Ok(response) if response.ok() => {
                    let mut ended = false;
                    read(&response, |told| {
                        last.clone_from(&told.id);
                        ended |= told.kind == "ended";
                        hear(told);
                    })
                    .await;
                    if ended {
                        return Ok(());
                    }
                }
                Ok(response) if response.status() == 404 || response.status() == 401 => {
                    return Err(problem("The server does not know this run any more.", "Begin it again."));
                }
                // A server that starts again, or a connection that comes back.
                _ => {}
            }
            gloo_timers::future::TimeoutFuture::new(AGAIN_MS).await;
        }
        Ok(())
    }

    /// The model file that a run gave.
    ///
    /// # Errors
    /// No such file.
    pub async fn model(self, place: &Place) -> Result<ArrayBuffer, Diagnostic> {
        let files = self.json("GET", &format!("{}/files", place.path()), None).await?;
        let names = files["items"].as_array().into_iter().flatten().filter_map(|f| f["name"].as_str());
        let name = names.into_iter().find(|n| !n.ends_with(".html") && !n.starts_with("result/"));
        let missing = || problem("The run gave no model.", "Look at the server's list of runs for why.");
        let name = String::from(js_sys::encode_uri_component(name.ok_or_else(missing)?));
        let response = self.ask("GET", &format!("{}/files/{name}", place.path()), None, &[], None).await?;
        let buffer = response.array_buffer().map_err(|_| missing())?;
        let buffer = JsFuture::from(buffer).await.map_err(|_| unreachable(&NetworkError::BrokenOff))?;
        buffer.dyn_into().map_err(|_| missing())
    }
}

/// The events of an answer, as they come. One that breaks off ends it.
async fn read(response: &Response, mut hear: impl FnMut(&Told)) {
    let Some(body) = response.body() else { return };
    let reader: ReadableStreamDefaultReader = body.get_reader().unchecked_into();
    let mut parser = Parser::default();
    while let Ok(part) = JsFuture::from(reader.read()).await {
        let Ok(value) = Reflect::get(&part, &"value".into()) else { return };
        let Some(bytes) = value.dyn_ref::<Uint8Array>() else { return };
        for told in parser.push(&bytes.to_vec()) {
            hear(&told);
        }
    }
}

/// BLAKE3 of a file, in hexadecimal digits.
async fn hashed(file: &Blob) -> Result<String, Diagnostic> {
    let unreadable = || problem("The browser could not read the file.", "Open the table again.");
    let mut hasher = blake3::Hasher::new();
    let mut start = 0.0;
    while start < file.size() {
        let end = (start + PART).min(file.size());
        let part = file.slice_with_f64_and_f64(start, end).map_err(|_| unreadable())?;
        let buffer = JsFuture::from(part.array_buffer()).await.map_err(|_| unreadable())?;
        hasher.update(&Uint8Array::new(&buffer).to_vec());
        start = end;
    }
    Ok(hasher.finalize().to_hex().to_string())
}
