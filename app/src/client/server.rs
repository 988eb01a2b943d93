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

/// Code of a server that cannot be reached.
pub const AWAY: &str = "server.away";

/// Code of a server that does not know who asks.
pub const SIGNED_OUT: &str = "server.signed_out";

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

/// What the server or the way to it refused.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// 0: the server cannot be reached.
    pub status: u16,
    pub told: Diagnostic,
}

impl From<Refusal> for Diagnostic {
    fn from(refusal: Refusal) -> Self {
        refusal.told
    }
}

fn problem(what: impl Into<String>, remedy: impl Into<String>) -> Diagnostic {
    Diagnostic::error("server.refused", what.into(), remedy.into())
}

fn unread() -> Diagnostic {
    problem("The server's answer cannot be read.", "Load the page again.")
}

/// A part of an address, whatever it holds.
pub fn encoded(text: &str) -> String {
    js_sys::encode_uri_component(text).into()
}

fn id_of(answer: &Value) -> Result<String, Diagnostic> {
    answer["id"].as_str().map(str::to_owned).ok_or_else(unread)
}

/// JSON as the body of a request.
pub fn body(json: &str) -> Result<Blob, Diagnostic> {
    let blob = save::blob("application/json", &Array::of1(&json.into()));
    blob.map_err(|e| unreachable(&NetworkError::Browser(format!("{e:?}"))))
}

fn unreachable(error: &NetworkError) -> Diagnostic {
    let remedy =
        "Check the connection. Everything goes on in this tab meanwhile; ask the server again later.";
    match error {
        NetworkError::Browser(said) => {
            problem(format!("The browser did not ask the server: {said}."), remedy)
        }
        _ => Diagnostic::error(AWAY, "The server cannot be reached.", remedy),
    }
}

pub async fn text(response: &Response) -> String {
    let Ok(promise) = response.text() else { return String::new() };
    JsFuture::from(promise).await.ok().and_then(|t| t.as_string()).unwrap_or_default()
}

/// The server, asked through the page's one way out.
#[derive(Clone, Copy)]
pub struct Server(pub Network);

impl Server {
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn ask(
        self,
        method: &str,
        path: &str,
        body: Option<&Blob>,
        headers: &[(&str, &str)],
    ) -> Result<Response, Refusal> {
        let answer = self.0.server(method, path, body, headers, None).await;
        let response = answer.map_err(|e| Refusal { status: 0, told: unreachable(&e) })?;
        let status = response.status();
        if response.ok() || status == 304 {
            return Ok(response);
        }
        let problem_told: Value = serde_json::from_str(&text(&response).await).unwrap_or_default();
        let told = match (status, problem_told["detail"].as_str()) {
            (401, _) => Diagnostic::error(
                SIGNED_OUT,
                "This server wants to know who you are.",
                "Sign in at /sign-in on this server, then come back; what is open stays open here.",
            ),
            (_, Some(detail)) => problem(detail, "Change what it says, or run it in this tab."),
            _ => problem(
                format!("This page comes from a place that keeps and runs nothing (status {status})."),
                "Run it in this tab, or open the page from `trellis serve`.",
            ),
        };
        // What is wrong with a table or a pipeline is told as it would be here.
        let first = problem_told["diagnostics"].get(0).cloned();
        let told = first.and_then(|d| serde_json::from_value(d).ok()).unwrap_or(told);
        Err(Refusal { status, told })
    }

    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn json(self, method: &str, path: &str, json: Option<&Value>) -> Result<Value, Refusal> {
        let sent = json.map(|json| body(&json.to_string())).transpose();
        let sent = sent.map_err(|told| Refusal { status: 0, told })?;
        let response = self.ask(method, path, sent.as_ref(), &[]).await?;
        Ok(serde_json::from_str(&text(&response).await).unwrap_or_default())
    }

    /// A new project.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn new_project(self, name: &str) -> Result<String, Diagnostic> {
        id_of(&self.json("POST", "/api/v1/projects", Some(&json!({ "name": name }))).await?)
    }

    /// The project of that name, if there is one: what is told of it.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn project_named(self, name: &str) -> Result<Option<Value>, Diagnostic> {
        let mut all = self.json("GET", "/api/v1/projects", None).await?;
        let items = all["items"].as_array_mut();
        Ok(items.and_then(|items| items.iter_mut().find(|p| p["name"] == name).map(Value::take)))
    }

    /// The project of that name; a new one where there is none.
    pub async fn project(self, name: &str) -> Result<String, Diagnostic> {
        match self.project_named(name).await? {
            Some(project) => id_of(&project),
            None => self.new_project(name).await,
        }
    }

    /// The data set with these bytes, read so; they are sent where they are not there yet.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn dataset(
        self,
        project: &str,
        name: &str,
        file: &Blob,
        options: &ReadOptions,
    ) -> Result<String, Diagnostic> {
        let base = format!("/api/v1/projects/{project}/datasets");
        let hash = hashed(file).await?;
        let options = serde_json::to_string(options).unwrap_or_default();
        let read_as = format!("?name={}&options={}", encoded(name), encoded(&options));
        let known = self.0.server("HEAD", &format!("{base}/by-hash/{hash}{read_as}"), None, &[], None).await;
        let known = known.map_err(|e| unreachable(&e))?;
        if let (true, Ok(Some(id))) = (known.ok(), known.headers().get("trellis-dataset")) {
            return Ok(id);
        }
        let response = self.ask("POST", &format!("{base}{read_as}"), Some(file), &[]).await?;
        id_of(&serde_json::from_str(&text(&response).await).unwrap_or_default())
    }

    /// Begins a run.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn begin(self, project: String, task: Value) -> Result<Place, Diagnostic> {
        let work = json!({ "task": task });
        let run = self.json("POST", &format!("/api/v1/projects/{project}/runs"), Some(&work)).await?;
        Ok(Place { run: id_of(&run)?, project })
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
        self.begin(project, json!({ "kind": "study", "dataset": dataset, "request": request })).await
    }

    /// Says what is wished of a run: `go_on`, `pause`, `stop`, `cancel`.
    ///
    /// # Errors
    /// A run that has ended, or no way to the server.
    pub async fn wish(self, place: &Place, wish: &str) -> Result<(), Diagnostic> {
        self.json("PATCH", &place.path(), Some(&json!({ "wish": wish }))).await?;
        Ok(())
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
        let mut names = self.files(place).await?.into_iter().map(|f| f.0);
        let name = names.find(|n| !n.ends_with(".html") && !n.starts_with("result/"));
        let missing = || problem("The run gave no model.", "Look at the server's list of runs for why.");
        let blob = self.file(place, &name.ok_or_else(missing)?).await?;
        let buffer = JsFuture::from(blob.array_buffer()).await.map_err(|_| missing())?;
        buffer.dyn_into().map_err(|_| missing())
    }

    /// The names of the files that a run gave, and their bytes.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn files(self, place: &Place) -> Result<Vec<(String, u64)>, Diagnostic> {
        let files = self.json("GET", &format!("{}/files", place.path()), None).await?;
        let file = |f: &Value| Some((f["name"].as_str()?.to_owned(), f["bytes"].as_u64()?));
        Ok(files["items"].as_array().into_iter().flatten().filter_map(file).collect())
    }

    /// A file that a run gave.
    ///
    /// # Errors
    /// No such file.
    pub async fn file(self, place: &Place, name: &str) -> Result<Blob, Diagnostic> {
        let name: Vec<String> = name.split('/').map(encoded).collect();
        self.blob(&format!("{}/files/{}", place.path(), name.join("/"))).await
    }

    /// What lies at a path.
    ///
    /// # Errors
    /// What the server or the way to it refuses.
    pub async fn blob(self, path: &str) -> Result<Blob, Diagnostic> {
        let response = self.ask("GET", path, None, &[]).await?;
        let broken = |_| unreachable(&NetworkError::BrokenOff);
        let blob = JsFuture::from(response.blob().map_err(broken)?).await.map_err(broken)?;
        blob.dyn_into().map_err(broken)
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
