//! `trellis executor`: holds rows of tables as bins, and grows trees on them for `trellis fit` elsewhere.
//!
//! All that it does is [`automl_core::learner::cluster::Executor`]'s; here are the connection, the token, and the clock. Nothing is
//! done for who does not know the token; without one it listens on loopback only, and then for programs and not for
//! pages: these cannot send its kind of content to another address, nor reach it by a name of theirs.

mod token;

pub use token::read as read_token;

use crate::Done;
use crate::args::ExecutorArgs;
use crate::commands::fit::usable_threads;
use crate::failure::{Failure, because};
use crate::memory;
use crate::serve::{host_names, listen, signal};
use automl_core::learner::cluster::{Executor, Holds, LARGEST, Refused, VERSION};
use automl_core::platform::Stopwatch;
use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use token::Token;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Where questions are sent, and where it says what it holds, behind its address.
pub const ASK: &str = "v1/ask";
pub const STATE: &str = "v1/state";
/// The type of questions and answers.
pub const CONTENT: &str = "application/vnd.trellis.cluster";

/// Seconds after which rows are forgotten whose driver is silent.
const IDLE_SECS: f64 = 600.0;
/// How often it is looked for them.
const SWEEP: Duration = Duration::from_secs(15);
/// How long a question may take to arrive.
const ARRIVAL: Duration = Duration::from_secs(120);
/// Questions that are in memory at once; more wait.
const AT_ONCE: usize = 4;
/// Memory where the system does not say what it has.
const USUAL_MEMORY: u64 = 2 << 30;

/// What an executor says of itself.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Told {
    pub version: u8,
    pub fits: usize,
    pub shards: usize,
    pub rows: u64,
    pub bytes: u64,
    pub trees: u64,
    pub sums: u64,
}

impl From<Holds> for Told {
    fn from(holds: Holds) -> Self {
        let Holds { fits, shards, rows, bytes, trees, sums } = holds;
        Self { version: VERSION, fits, shards, rows, bytes, trees, sums }
    }
}

struct Shared {
    executor: Mutex<Executor>,
    since: Stopwatch,
    token: Option<Token>,
    /// Names under which it is asked, where there is no token.
    hosts: Vec<String>,
    turns: Semaphore,
}

impl Shared {
    fn executor(&self) -> MutexGuard<'_, Executor> {
        // What broke off has changed one shard at most, whose driver sends it anew.
        self.executor.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Answers until it is told to stop.
///
/// # Errors
/// An address that cannot be listened on, or that others can reach without a token.
pub fn run(args: &ExecutorArgs) -> Done {
    crate::serve::log();
    let token = args.token_file.as_deref().map(token::read).transpose()?;
    if token.is_none() && !args.listen.ip().is_loopback() {
        return Err(Failure::new(
            format!("on {} other machines could send anything here", args.listen),
            "give a file with a token by --token-file, or listen on 127.0.0.1",
        ));
    }
    let limit = args.max_memory.map(|mb| mb.saturating_mul(1_000_000)).or_else(memory::available);
    let threads = usable_threads(args.threads);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|e| because("cannot start", e, "check the limits of this machine"))?;
    let done = runtime.block_on(serve(args, token.map(|t| Token::new(&t)), limit, threads));
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn serve(args: &ExecutorArgs, token: Option<Token>, limit: Option<u64>, threads: usize) -> Done {
    let listener = TcpListener::bind(args.listen).await.map_err(|e| {
        because(format!("cannot listen on {}", args.listen), e, "choose another --listen, or port 0")
    })?;
    let address = listener.local_addr().map_err(|e| because("cannot tell the port", e, "choose a port"))?;
    let limit = limit.unwrap_or(USUAL_MEMORY);
    let shared = Arc::new(Shared {
        executor: Mutex::new(Executor::new(limit, threads, IDLE_SECS)),
        since: Stopwatch::start(),
        hosts: if token.is_some() { Vec::new() } else { host_names(address.ip(), address.port()) },
        token,
        turns: Semaphore::new(AT_ONCE),
    });
    println!("listening on http://{address}");
    eprintln!("holds up to {:.1} GB of rows for `trellis fit`; Ctrl-C ends", limit as f64 / 1e9);
    tokio::spawn(sweep(shared.clone()));
    listen::serve(listener, router(shared), signal()).await;
    Ok(())
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route(&format!("/{ASK}"), post(ask))
        .route(&format!("/{STATE}"), get(state))
        .layer(from_fn_with_state(shared.clone(), door))
        .with_state(shared)
}

/// Forgets what nobody asks of any more.
async fn sweep(shared: Arc<Shared>) {
    loop {
        tokio::time::sleep(SWEEP).await;
        let shared = shared.clone();
        let swept = tokio::task::spawn_blocking(move || {
            shared.executor().forget_idle(shared.since.elapsed_secs());
        });
        if let Err(error) = swept.await {
            tracing::warn!(%error, "rows could not be looked through");
        }
    }
}

fn said(status: StatusCode, text: &str) -> Response {
    (status, format!("{text}\n")).into_response()
}

/// Lets only those in who know the token; where there is none, only programs on this machine.
async fn door(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let headers = request.headers();
    let text = |name| headers.get(name).and_then(|value: &header::HeaderValue| value.to_str().ok());
    if let Some(token) = &shared.token {
        let given = text(header::AUTHORIZATION).and_then(|value| value.strip_prefix("Bearer "));
        if !given.is_some_and(|given| token.is(given)) {
            return said(StatusCode::UNAUTHORIZED, "this executor wants its token");
        }
    } else if !text(header::HOST).is_some_and(|host| shared.hosts.iter().any(|known| known == host)) {
        return said(StatusCode::MISDIRECTED_REQUEST, "this executor is not asked by that name");
    }
    next.run(request).await
}

async fn state(State(shared): State<Arc<Shared>>) -> Response {
    let holds = tokio::task::spawn_blocking(move || shared.executor().holds()).await;
    match holds {
        Ok(holds) => axum::Json(Told::from(holds)).into_response(),
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "this executor broke down"),
    }
}

async fn ask(State(shared): State<Arc<Shared>>, headers: HeaderMap, body: Body) -> Response {
    if headers.get(header::CONTENT_TYPE).is_none_or(|given| given != CONTENT) {
        return said(StatusCode::UNSUPPORTED_MEDIA_TYPE, "this is no question of trellis fit");
    }
    let asked = shared.clone();
    // The semaphore is never closed.
    let Ok(_turn) = asked.turns.acquire().await else {
        return said(StatusCode::SERVICE_UNAVAILABLE, "this executor is ending");
    };
    let message = match tokio::time::timeout(ARRIVAL, to_bytes(body, LARGEST)).await {
        Err(_) => return said(StatusCode::REQUEST_TIMEOUT, "the question did not arrive in time"),
        Ok(Err(_)) => return said(StatusCode::PAYLOAD_TOO_LARGE, "the question broke off, or is too long"),
        Ok(Ok(message)) => message,
    };
    let answered = tokio::task::spawn_blocking(move || {
        let now = shared.since.elapsed_secs();
        shared.executor().handle(&message, now)
    });
    match answered.await {
        Ok(Ok(answer)) => ([(header::CONTENT_TYPE, CONTENT)], answer).into_response(),
        Ok(Err(refused)) => said(status_of(refused), &refused.to_string()),
        Err(_) => said(StatusCode::INTERNAL_SERVER_ERROR, "this executor broke down"),
    }
}

fn status_of(refused: Refused) -> StatusCode {
    match refused {
        Refused::Malformed(_) => StatusCode::BAD_REQUEST,
        Refused::Unknown => StatusCode::CONFLICT,
        Refused::Full => StatusCode::INSUFFICIENT_STORAGE,
    }
}
