//! Takes connections, within bounds: so many at once, heads that come in time, with so many headers and bytes, and clients
//! that take what they asked for.

mod client;

use axum::Router;
use client::{Client, Linger};
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::server::graceful::GracefulShutdown;
use hyper_util::service::TowerToHyperService;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

/// Connections at once; more wait until one ends. Where the system lets this process open few files, half of them.
const MOST: usize = 4_096;
/// How long the head of a request may take, and how long a connection may lie idle before the next.
const HEAD_TIME: Duration = Duration::from_secs(10);
/// Headers of a request.
const HEADERS: usize = 100;
/// Bytes that are read ahead, and so bytes of a request's head.
const READ_AHEAD: usize = 64 << 10;
/// How long nothing is taken after the system refused a connection.
const REFUSED: Duration = Duration::from_millis(200);

/// Connections that there may be, after the system was asked for as many open files as it gives.
fn most() -> usize {
    #[cfg(unix)]
    {
        use rustix::process::{Resource, getrlimit, setrlimit};
        let mut limit = getrlimit(Resource::Nofile);
        limit.current = limit.maximum;
        // Where that is refused, the limit stays as it was.
        let _ = setrlimit(Resource::Nofile, limit);
        let files = getrlimit(Resource::Nofile).current.map_or(usize::MAX, |files| files as usize);
        (files / 2).clamp(1, MOST)
    }
    #[cfg(not(unix))]
    MOST
}

/// Answers until `stopped` is ready, and then what was asked before.
pub async fn serve(listener: TcpListener, router: Router, stopped: impl Future<Output = ()>) {
    let mut http = http1::Builder::new();
    http.timer(TokioTimer::new())
        .header_read_timeout(HEAD_TIME)
        .max_headers(HEADERS)
        .max_buf_size(READ_AHEAD);
    let service = TowerToHyperService::new(router);
    let (connections, room) = (GracefulShutdown::new(), Arc::new(Semaphore::new(most())));
    let mut stopped = pin!(stopped);
    loop {
        let next = async {
            let turn = room.clone().acquire_owned().await;
            (turn, listener.accept().await)
        };
        let (turn, accepted) = tokio::select! {
            next = next => next,
            () = &mut stopped => break,
        };
        let stream = match accepted {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(%error, "a connection cannot be taken");
                tokio::time::sleep(REFUSED).await;
                continue;
            }
        };
        // Answers are sent at once; where that cannot be had, they come a little later.
        let _ = stream.set_nodelay(true);
        let client = TokioIo::new(Client::new(stream, Linger::USUAL));
        let connection = connections.watch(http.serve_connection(client, service.clone()));
        tokio::spawn(async move {
            let _turn = turn;
            if let Err(error) = connection.await {
                tracing::debug!(%error, "a connection broke off");
            }
        });
    }
    drop(listener);
    connections.shutdown().await;
}
