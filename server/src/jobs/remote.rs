//! `trellis worker`: computes trials of a server elsewhere.

use super::child::Means;
use super::worker::{Claimed, Ledger, Worker, work};
use super::{IDLE, JobError};
use crate::Done;
use crate::args::WorkerArgs;
use crate::failure::{Failure, because};
use crate::store::{Claim, StoreError, Trial};
use crate::trace;
use base64::Engine;
use bytes::Bytes;
use reqwest::{Client, Method, Response, StatusCode, Url};
use std::time::Duration;
use tokio::sync::watch;

/// Longer than a server keeps a worker waiting.
const PATIENCE: Duration = Duration::from_secs(60);

/// The header of data of a study whose name is not their hash.
pub const SEALED: &str = "trellis-sealed";

/// A server that is asked over the network.
#[derive(Clone)]
struct Remote {
    client: Client,
    server: Url,
    token: String,
    name: String,
    slots: u16,
    ending: watch::Receiver<bool>,
}

fn failed(error: &reqwest::Error) -> JobError {
    JobError::Server(format!("the server cannot be reached: {error}"))
}

impl Remote {
    fn request(&self, method: Method, path: &str) -> Result<reqwest::RequestBuilder, JobError> {
        let url = self.server.join(path).map_err(|e| JobError::Server(e.to_string()))?;
        let request = self.client.request(method, url).bearer_auth(&self.token);
        Ok(match trace::current() {
            Some(context) => request.header("traceparent", context.to_string()),
            None => request,
        })
    }

    async fn send(&self, request: reqwest::RequestBuilder) -> Result<Response, JobError> {
        let response = request.send().await.map_err(|e| failed(&e))?;
        match response.status() {
            status if status.is_success() => Ok(response),
            StatusCode::CONFLICT => {
                Err(JobError::Store(StoreError::Conflict("this claim is void".to_owned())))
            }
            status => {
                let body: serde_json::Value = response.json().await.unwrap_or_default();
                let detail = body["detail"].as_str().unwrap_or("the server did not say why");
                let told = format!("{status}: {detail}");
                let is_passing = status.is_server_error() || status == StatusCode::TOO_MANY_REQUESTS;
                Err(if is_passing { JobError::Server(told) } else { JobError::Refused(told) })
            }
        }
    }

    async fn post(&self, path: &str, body: &impl serde::Serialize) -> Result<Response, JobError> {
        self.send(self.request(Method::POST, path)?.json(body)).await
    }

    fn worker(&self, id: &str) -> Worker {
        Worker { id: id.to_owned(), name: self.name.clone(), slots: self.slots }
    }
}

impl Ledger for Remote {
    const MARK: &'static str = "";

    async fn announce(&self, worker: &str, _slots: u16) -> Result<(), JobError> {
        self.post("/api/v1/trials/announce", &self.worker(worker)).await.map(drop)
    }

    async fn claim(&self, worker: &str) -> Result<Option<Trial>, JobError> {
        let response = self.post("/api/v1/trials/claim", &self.worker(worker)).await?;
        if response.status() == StatusCode::NO_CONTENT {
            return Ok(None);
        }
        let claimed: Claimed = response.json().await.map_err(|e| failed(&e))?;
        let payload = base64::engine::general_purpose::STANDARD.decode(&claimed.payload);
        let payload = payload.map_err(|_| JobError::Server("a trial did not arrive whole".to_owned()))?;
        Ok(Some(Trial { trace: claimed.trace, ..claimed.claim.into_trial(payload) }))
    }

    async fn study(&self, trial: &Trial) -> Result<Bytes, JobError> {
        let path = format!("/api/v1/trials/studies/{}/{}", trial.run, trial.study);
        let response = self.send(self.request(Method::GET, &path)?).await?;
        // What is sealed there is not named by its hash; it was checked there, and the connection tells what is cut off.
        let is_named_so = !response.headers().contains_key(SEALED);
        let bytes = response.bytes().await.map_err(|e| failed(&e))?;
        if is_named_so && blake3::hash(&bytes).to_hex().as_str() != trial.study {
            return Err(JobError::Server("a study's data did not arrive whole".to_owned()));
        }
        Ok(bytes)
    }

    async fn renew(&self, claim: &Claim) -> Result<(), JobError> {
        self.post("/api/v1/trials/renew", claim).await.map(drop)
    }

    async fn complete(&self, claim: &Claim, result: Bytes) -> Result<(), JobError> {
        let request = self.request(Method::POST, "/api/v1/trials/complete")?.query(claim).body(result);
        self.send(request).await.map(drop)
    }

    async fn fail(&self, claim: &Claim, error: &str) -> Result<(), JobError> {
        let mut body = serde_json::to_value(claim).unwrap_or_default();
        body["error"] = error.into();
        self.post("/api/v1/trials/fail", &body).await.map(drop)
    }

    async fn release(&self, claim: &Claim) -> Result<(), JobError> {
        self.post("/api/v1/trials/release", claim).await.map(drop)
    }

    async fn wait(&mut self) -> bool {
        // Asking for a trial waits at the server; this is for when it cannot be reached.
        let _ = tokio::time::timeout(IDLE, self.ending.wait_for(|ending| *ending)).await;
        !*self.ending.borrow()
    }

    fn is_ending(&self) -> bool {
        *self.ending.borrow()
    }

    async fn ending(&self) {
        let mut ending = self.ending.clone();
        // Without a sender nobody ends this worker in good order.
        if ending.wait_for(|ending| *ending).await.is_err() {
            std::future::pending::<()>().await;
        }
    }
}

/// Works for a server until it is told to stop.
///
/// # Errors
/// An address or a token that cannot be used.
pub fn run(args: &WorkerArgs) -> Done {
    crate::serve::log();
    let token = match &args.token_file {
        Some(path) => std::fs::read_to_string(path).map_err(|e| Failure::file("read", path, &e))?,
        None => std::env::var("TRELLIS_TOKEN").unwrap_or_default(),
    };
    let server = Url::parse(&args.server).map_err(|e| {
        because("the address of the server cannot be used", e, "say for example --server https://HOST")
    })?;
    let slots =
        args.slots.unwrap_or_else(|| std::thread::available_parallelism().map_or(1, |n| n.get() as u16));
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| because("cannot start", e, "check the limits of this machine"))?;
    runtime.block_on(async {
        trace::begin();
        let client = Client::builder().timeout(PATIENCE).redirect(reqwest::redirect::Policy::none()).build();
        let client = client.map_err(|e| because("cannot start", e, "check this machine's certificates"))?;
        let (end, ending) = watch::channel(false);
        let name = args.name.clone().unwrap_or_else(|| format!("worker {}", std::process::id()));
        let token = token.trim().to_owned();
        let remote = Remote { client, server, token, name, slots, ending };
        remote.announce(&crate::store::new_id(), slots).await.map_err(|e| {
            because(
                "the server does not take this worker",
                e,
                "check --server, and a token with the scope worker",
            )
        })?;
        eprintln!("working for {} with {slots} at once; Ctrl-C ends", args.server);
        let means = Means { max_memory_mb: args.trial_memory, backend: args.backend };
        let working = tokio::spawn(work(remote, slots, means));
        crate::serve::signal().await;
        end.send_replace(true);
        // What is not given back in good order is found by its lease.
        let _ = tokio::time::timeout(Duration::from_secs(20), working).await;
        trace::end().await;
        Ok(())
    })
}
