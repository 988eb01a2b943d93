//! `trellis serve`: the page, from inside the binary.

mod assets;
mod policy;
mod respond;

use crate::Done;
use crate::args::ServeArgs;
use crate::failure::{Failure, because};
pub use assets::Assets;
use axum::Router;
use axum::extract::{Request, State};
use axum::middleware::Next;
use axum::response::Response;
use axum::routing::get;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use tokio::net::TcpListener;

/// What every request needs.
struct Shared {
    assets: Assets,
    /// Names by which this server may be asked for; empty: any.
    hosts: Vec<String>,
    policy: String,
}

/// Serves until it is told to stop.
///
/// # Errors
/// An address that cannot be listened on.
pub fn run(args: &ServeArgs) -> Done {
    if let Some(folder) = &args.data_dir {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file("make the folder", folder, &e))?;
    }
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(|e| because("cannot start the server", e, "check the limits of this machine"))?;
    runtime.block_on(serve(args))
}

async fn serve(args: &ServeArgs) -> Done {
    let address = SocketAddr::new(args.host, args.port);
    let listener = TcpListener::bind(address).await.map_err(|e| {
        because(format!("cannot listen on {address}"), e, "choose another --port, or 0 for any that is free")
    })?;
    let address = listener.local_addr().map_err(|e| because("cannot tell the port", e, "choose a --port"))?;
    let assets = Assets::embedded();
    let shared = Arc::new(Shared {
        policy: policy::content_security(assets.index()),
        assets,
        hosts: host_names(args.host, address.port()),
    });
    println!("listening on http://{address}");
    axum::serve(listener, router(shared))
        .with_graceful_shutdown(stopped())
        .await
        .map_err(|e| because("the server broke off", e, "start it again"))
}

fn router(shared: Arc<Shared>) -> Router {
    Router::new()
        .route("/healthz", get(async || "ok\n"))
        .route("/readyz", get(async || "ready\n"))
        .fallback(respond::respond)
        .layer(axum::middleware::from_fn_with_state(shared.clone(), guard))
        .with_state(shared)
}

/// Refuses names that are not this server's, and adds the headers that every answer bears.
async fn guard(State(shared): State<Arc<Shared>>, request: Request, next: Next) -> Response {
    let host = request.headers().get("host").and_then(|h| h.to_str().ok()).unwrap_or_default();
    let known = shared.hosts.is_empty() || shared.hosts.iter().any(|h| h.eq_ignore_ascii_case(host));
    let is_embedded = known && request.uri().path() == "/" && policy::is_embedded(request.uri().query());
    let mut response = if known {
        next.run(request).await
    } else {
        respond::problem(
            421,
            "Misdirected request",
            "This server answers for the machine that it runs on only.",
        )
    };
    policy::add_headers(response.headers_mut(), &shared.policy);
    if is_embedded {
        policy::let_embed(response.headers_mut(), &shared.policy);
    }
    response
}

/// A page elsewhere must not reach a server on loopback by a name of its own (DNS rebinding).
fn host_names(host: IpAddr, port: u16) -> Vec<String> {
    if !host.is_loopback() {
        return Vec::new();
    }
    let named = match host {
        IpAddr::V4(v4) => v4.to_string(),
        IpAddr::V6(v6) => format!("[{v6}]"),
    };
    [named.as_str(), "localhost", "127.0.0.1", "[::1]"].iter().map(|n| format!("{n}:{port}")).collect()
}

/// Ctrl-C, or the signal that services are ended with.
async fn stopped() {
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
