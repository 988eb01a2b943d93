//! Numbers for whoever watches the server, as Prometheus reads them.

use super::super::access::Action;
use super::super::problem::Problem;
use super::super::state::State;
use super::super::watch::{head, line};
use super::{Content, Route};
use axum::response::IntoResponse;
use axum::routing::get;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "GET",
            "/metrics",
            Action::Watch,
            "Gives the server's numbers, as Prometheus reads them; takes an admin's token of the scope read",
            get(metrics),
        )
        .gives_content(Content::Text),
    ]
}

async fn metrics(shared: State) -> Result<impl IntoResponse, Problem> {
    let (runs, trials) = shared.store.counts().await?;
    let slots = shared.store.slots(crate::store::now() - crate::jobs::SEEN).await?;
    let mut out = String::new();
    let version = format!("version=\"{}\"", env!("CARGO_PKG_VERSION"));
    head(&mut out, "trellis_build_info", "gauge", "The version of this server");
    line(&mut out, "trellis_build_info", &version, 1);
    let by_state = [
        ("trellis_runs", "Runs in the database, by state", &runs),
        ("trellis_trials", "Trials in the database, by state; queued ones are the queue's depth", &trials),
    ];
    for (name, help, counts) in by_state {
        head(&mut out, name, "gauge", help);
        counts.iter().for_each(|(state, count)| line(&mut out, name, &format!("state=\"{state}\""), count));
    }
    for (name, help, value) in [
        ("trellis_worker_slots", "Trials that workers seen lately can compute at once", slots),
        ("trellis_event_streams", "Streams of events that are open here", shared.streams.count() as i64),
    ] {
        head(&mut out, name, "gauge", help);
        line(&mut out, name, "", value);
    }
    for (what, count) in shared.jobs.tally.counts() {
        let name = format!("trellis_trials_{what}_total");
        head(&mut out, &name, "counter", &format!("Trials {what} through this server since it began"));
        line(&mut out, &name, "", count);
    }
    if let Some((sent, dropped)) = crate::trace::counts() {
        for (name, help, count) in [
            ("trellis_spans_sent_total", "Spans that the collector of traces has taken", sent),
            (
                "trellis_spans_dropped_total",
                "Spans that it did not take, or that found the line full",
                dropped,
            ),
        ] {
            head(&mut out, name, "counter", help);
            line(&mut out, name, "", count);
        }
    }
    shared.watched.tell(&mut out);
    Ok(([("content-type", "text/plain; version=0.0.4; charset=utf-8"), ("cache-control", "no-store")], out))
}
