//! `trellis serve`: the page, from inside the binary, and what a team keeps and runs.

mod access;
mod api;
mod assets;
mod csrf;
mod door;
mod html;
pub mod listen;
mod policy;
mod problem;
mod respond;
mod share;
mod state;
mod watch;

use crate::Done;
use crate::args::ServeArgs;
use crate::blobs::{Blobs, Vault};
use crate::failure::{Failure, because};
use crate::jobs::{child, conductor, sweep, worker};
use crate::store::{self, Account, Store, StoreError};
pub use assets::Assets;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use futures_util::FutureExt;
use problem::Problem;
use state::Shared;
use std::net::{IpAddr, SocketAddr};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
pub use watch::log;

/// The account of this machine's only user.
const LOOPBACK: &str = "local";
/// How long a server that ends waits for what it does.
const DRAIN: Duration = Duration::from_secs(20);
/// How long a server that ends says so at least, for whoever sends requests its way to look elsewhere.
const NOTICE: Duration = Duration::from_secs(1);
/// How long it waits for requests that are being answered.
const GRACE: Duration = Duration::from_secs(4);
/// How long the address for the first admin works.
const SET_UP: store::Millis = 15 * 60_000;

/// Serves until it is told to stop.
///
/// # Errors
/// An address that cannot be listened on.
pub fn run(args: &ServeArgs) -> Done {
    log();
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| because("cannot start the server", e, "check the limits of this machine"))?;
    let done = runtime.block_on(serve(args));
    // A search that computes just now does not hold up the end.
    runtime.shutdown_timeout(Duration::from_secs(1));
    done
}

async fn serve(args: &ServeArgs) -> Done {
    crate::trace::begin();
    let address = SocketAddr::new(args.host, args.port);
    let listener = TcpListener::bind(address).await.map_err(|e| {
        because(format!("cannot listen on {address}"), e, "choose another --port, or 0 for any that is free")
    })?;
    let address = listener.local_addr().map_err(|e| because("cannot tell the port", e, "choose a --port"))?;
    // Held as long as this process lives.
    let (store, vault, _lock) = open(args).await?;
    let loopback = only_user(&store, address.ip()).await?;
    if args.set_up {
        set_up(&store, address).await?;
    }
    let assets = Assets::embedded();
    let policy = policy::content_security(assets.index());
    let hosts = host_names(args.host, address.port());
    let limits = state::Limits::of(args);
    let shared = Arc::new(Shared::new((assets, policy), hosts, (store, vault), loopback, limits));
    let working = begin_work(&shared, args);
    println!("listening on http://{address}");
    let (over, ended) = tokio::sync::oneshot::channel();
    tokio::select! {
        () = listen::serve(listener, router(&shared), stopped(shared.clone(), working, over)) => {}
        // Whoever holds a connection open does not hold up the end.
        () = overdue(ended) => {}
    }
    // Likewise a connection to the database.
    let _ = tokio::time::timeout(GRACE, shared.store.close()).await;
    crate::trace::end().await;
    Ok(())
}

/// Begins to drive runs and to compute trials.
async fn work(shared: Arc<Shared>, slots: u16, of_trial: child::Means, run_memory: Option<u64>) {
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let means = conductor::Means {
        // A table lies there as its bytes, as columns and as what trials are sent.
        memory: run_memory
            .map(|mb| mb.saturating_mul(1_000_000))
            .or(crate::memory::available().map(|m| m / 2)),
        threads: cores.min(usize::from(slots.max(1))),
    };
    let computing = worker::work(shared.jobs.clone(), slots, of_trial);
    tokio::join!(
        conductor::conduct(shared.jobs.clone(), means),
        computing,
        sweep::sweep(shared.jobs.clone())
    );
}

fn begin_work(shared: &Arc<Shared>, args: &ServeArgs) -> tokio::task::JoinHandle<()> {
    let cores = std::thread::available_parallelism().map_or(1, |n| n.get() as u16);
    let slots = args.workers.unwrap_or(cores);
    let share = || Some(crate::memory::available()? / 1_000_000 / u64::from(slots.max(1)));
    let of_trial = child::Means { max_memory_mb: args.trial_memory.or_else(share), backend: args.backend };
    tokio::spawn(work(shared.clone(), slots, of_trial, args.run_memory))
}

/// Where data are kept where nobody says otherwise.
pub fn usual_folder() -> PathBuf {
    let set = |name| std::env::var_os(name).filter(|v| !v.is_empty()).map(PathBuf::from);
    let data = set("XDG_DATA_HOME").or_else(|| Some(set("HOME")?.join(".local/share")));
    data.unwrap_or_else(std::env::temp_dir).join("trellis")
}

/// The files of a server with this folder; `address`: where they are kept in place of it.
///
/// # Errors
/// A folder that cannot be written, an address that cannot be used or reached.
pub async fn files(folder: &Path, address: Option<&str>) -> Result<Blobs, Failure> {
    let passing = folder.join("blobs");
    let cannot = |e| because("cannot open the folder of files", e, "check who may write there");
    let Some(address) = address else { return Blobs::local(&passing).map_err(cannot) };
    let help = "say for example --files s3://BUCKET/FOLDER, and set AWS_ACCESS_KEY_ID and its like";
    let remote = crate::blobs::remote::open(address)
        .map_err(|e| because("the place for files cannot be used", e, help))?;
    let blobs = Blobs::remote(&passing, remote).map_err(cannot)?;
    let help =
        "check that the bucket is there, the variables AWS_…, and that its keys may list, read and write";
    blobs.reached().await.map_err(|e| because("the place for files cannot be reached", e, help))?;
    Ok(blobs)
}

/// The database and the files.
///
/// An embedded database is one process's, so what the one before drove is taken over at once; with PostgreSQL others may
/// be at work, and leases tell.
async fn open(args: &ServeArgs) -> Result<(Store, Vault, Option<std::fs::File>), Failure> {
    let folder = args.data_dir.clone().unwrap_or_else(usual_folder);
    std::fs::create_dir_all(&folder).map_err(|e| Failure::file("make the folder", &folder, &e))?;
    let lock = if args.database.is_none() { Some(alone(&folder)?) } else { None };
    let store = match &args.database {
        Some(address) => Store::postgres(address).await,
        None => Store::sqlite(&folder).await,
    };
    let help = match &args.database {
        Some(_) => "check --database, and that PostgreSQL runs and lets this user in".to_owned(),
        None => format!("check who may write in {}, and that no newer Trellis wrote there", folder.display()),
    };
    let store = store.map_err(|e| because("cannot open the database", e, help))?;
    let blobs = files(&folder, args.files.as_deref()).await?.noted_in(&store);
    claim(&blobs, &store, args.files.as_deref().unwrap_or_default()).await?;
    let vault = Vault::open(blobs, &store, args.key_file.as_deref()).await?;
    if lock.is_some() {
        store.take_over().await.map_err(|e| because("cannot write the database", e, "check the disk"))?;
    }
    Ok((store, vault, lock))
}

/// # Errors
/// An object store where the files of another database lie: each would sweep the other's.
async fn claim(blobs: &Blobs, store: &Store, address: &str) -> Result<(), Failure> {
    let name =
        store.database_name().await.map_err(|e| because("cannot write the database", e, "check the disk"))?;
    let help = "check that the keys in AWS_… may read and write there";
    match blobs.claim(&name).await {
        Ok(true) => Ok(()),
        Ok(false) => Err(Failure::new(
            format!("the files in {address} are those of a server with another database"),
            "name another folder of the bucket; if that database is gone for good, delete the object \
             trellis-database there first",
        )),
        Err(error) => Err(because("the place for files cannot be written", error, help)),
    }
}

/// # Errors
/// Another server that has the folder.
fn alone(folder: &Path) -> Result<std::fs::File, Failure> {
    let path = folder.join("lock");
    let file = std::fs::File::create(&path).map_err(|e| Failure::file("write", &path, &e))?;
    match file.try_lock() {
        Err(std::fs::TryLockError::WouldBlock) => Err(Failure::new(
            format!("another server keeps its data in {}", folder.display()),
            "end it first, choose another --data-dir, or share a PostgreSQL database with --database",
        )),
        // A file system without locks is as good as a user who starts one server.
        _ => Ok(file),
    }
}

/// On loopback and without accounts, whoever uses this machine is the owner of all.
///
/// # Errors
/// To listen elsewhere without an admin, or a database that fails.
async fn only_user(store: &Store, host: IpAddr) -> Result<Option<Account>, Failure> {
    let failed = |e| because("cannot read the database", e, "check the disk");
    if store.has_admin().await.map_err(failed)? {
        return Ok(None);
    }
    if !host.is_loopback() {
        return Err(Failure::new(
            format!("nobody could sign in, and {host} can be reached from elsewhere"),
            "make an admin first, with `trellis serve --set-up` on this machine",
        ));
    }
    match store.account_named(LOOPBACK).await {
        Err(StoreError::Absent(_)) => {
            store.add_account(LOOPBACK, None, false).await.map(Some).map_err(failed)
        }
        found => found.map(Some).map_err(failed),
    }
}

/// Tells the one-time address at which the first admin is made.
async fn set_up(store: &Store, address: SocketAddr) -> Done {
    let failed = |e: StoreError| because("cannot write the database", e, "check the disk");
    if !address.ip().is_loopback() || store.has_admin().await.map_err(failed)? {
        return Err(Failure::new(
            "there is an admin already, or this server is to listen elsewhere than on loopback",
            "leave out --set-up; it is for the first start, on this machine alone",
        ));
    }
    let help = "check this machine's source of random numbers";
    let token = access::secrets::secret().map_err(|e| because("cannot make an address", e, help))?;
    store.set_setup(&access::who::hashed(&token), store::now() + SET_UP).await.map_err(failed)?;
    eprintln!("make the first admin at http://{address}/set-up?token={token} within fifteen minutes");
    Ok(())
}

fn router(shared: &Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(ready))
        .route(html::STYLE_PATH, get(async || ([("content-type", "text/css; charset=utf-8")], html::STYLE)))
        .merge(share::router())
        .merge(door::router())
        .merge(api::router(shared))
        .fallback(respond::respond)
        .layer(axum::middleware::from_fn_with_state(shared.clone(), guard))
        .layer(axum::middleware::from_fn_with_state(shared.clone(), watch::watch))
        .with_state(shared.clone())
}

/// Whether this server takes work.
async fn ready(shared: state::State) -> Result<&'static str, Problem> {
    if shared.jobs.is_draining() {
        return Err(Problem::unavailable("This server is ending."));
    }
    shared.store.ping().await?;
    Ok("ready\n")
}

/// Refuses names that are not this server's, and adds the headers that every answer bears.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let host = request.headers().get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    // With accounts a proxy may call this server by any name: a page elsewhere has no session here.
    let named = shared.hosts.is_empty() || shared.loopback().is_none();
    let known = named || shared.hosts.iter().any(|h| h.eq_ignore_ascii_case(host));
    let path = request.uri().path();
    let (is_interface, is_private) = (respond::is_interface(path), respond::is_private(path));
    let is_embedded = known && path == "/" && policy::is_embedded(request.uri().query());
    let mut response = if !known {
        Problem::misdirected("This server answers for the machine that it runs on only.").into_response()
    } else if let Err(problem) = csrf::check(&request, host) {
        problem.into_response()
    } else {
        let answered = std::panic::AssertUnwindSafe(next.run(request)).catch_unwind().await;
        // What broke down is in the log; whoever asked is told, and others are answered.
        answered.unwrap_or_else(|_| {
            Problem::internal("The request broke down. Report what you sent.").into_response()
        })
    };
    if is_interface {
        response = respond::as_problem(response);
    }
    if is_private {
        // Nothing of it stays in the memory of a browser that others use.
        response.headers_mut().insert("cache-control", axum::http::HeaderValue::from_static("no-store"));
    }
    policy::add_headers(response.headers_mut(), &shared.policy);
    if is_embedded {
        policy::let_embed(response.headers_mut(), &shared.policy);
    }
    response
}

/// A page elsewhere must not reach a server on loopback by a name of its own (DNS rebinding).
pub fn host_names(host: IpAddr, port: u16) -> Vec<String> {
    if !host.is_loopback() {
        return Vec::new();
    }
    let named = match host {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    [named.as_str(), "localhost", "127.0.0.1", "[::1]"].iter().map(|n| format!("{n}:{port}")).collect()
}

/// Ready when no more connections are to be taken: after Ctrl-C, or the signal that services are ended with, once work
/// is put down. Until then it is answered that this server is ending.
async fn stopped(
    shared: Arc<Shared>,
    working: tokio::task::JoinHandle<()>,
    over: tokio::sync::oneshot::Sender<()>,
) {
    signal().await;
    shared.jobs.drain();
    // What does not end in good order is found by its lease.
    let _ = tokio::join!(tokio::time::timeout(DRAIN, working), tokio::time::sleep(NOTICE));
    // Nobody waits for it where the server broke off.
    let _ = over.send(());
}

/// Ready a while after no more connections are taken.
async fn overdue(ended: tokio::sync::oneshot::Receiver<()>) {
    if ended.await.is_err() {
        std::future::pending::<()>().await;
    }
    tokio::time::sleep(GRACE).await;
}

/// Ready when this process is told to end.
pub async fn signal() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::{SignalKind, signal};
        if let Ok(mut term) = signal(SignalKind::terminate()) {
            tokio::select! {
                _ = term.recv() => {}
                _ = tokio::signal::ctrl_c() => {}
            }
            return;
        }
    }
    // Without a handler the process is simply ended.
    let _ = tokio::signal::ctrl_c().await;
}
