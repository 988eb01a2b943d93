//! Answers: files, and problems.

use super::assets::Asset;
use super::problem::Problem;
use super::state::State;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Without the page in the binary, how to get it there.
const NO_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Trellis</title><h1>The page is not in this binary</h1><p>Run <code>cargo xtask serve</code>, which builds the page first.</p></html>\n";

/// A file of the page, or why there is none.
pub async fn respond(shared: State, request: Request) -> Response {
    let path = request.uri().path();
    if path.starts_with("/api/") || path.starts_with("/v2/") {
        return Problem::not_found("There is nothing under this address.").into_response();
    }
    if request.method() != Method::GET && request.method() != Method::HEAD {
        let mut response = Problem::wrong_method("Files can be read with GET and HEAD only.").into_response();
        response.headers_mut().insert(header::ALLOW, header::HeaderValue::from_static("GET, HEAD"));
        return response;
    }
    match shared.assets.get(path) {
        Some(asset) => file(asset, request.headers()),
        None if path == "/" => html(StatusCode::SERVICE_UNAVAILABLE, NO_PAGE),
        None => html(
            StatusCode::NOT_FOUND,
            "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Not found</title><h1>Not found</h1><p><a href=\"/\">Open Trellis</a></p></html>\n",
        ),
    }
}

fn html(status: StatusCode, text: &'static str) -> Response {
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-cache")];
    (status, headers, text).into_response()
}

/// Whether a client takes answers packed in this way.
fn accepts(headers: &HeaderMap, coding: &str) -> bool {
    let list = headers.get(header::ACCEPT_ENCODING).and_then(|v| v.to_str().ok()).unwrap_or_default();
    list.split(',').any(|item| {
        let mut parts = item.split(';').map(str::trim);
        let named = parts.next().is_some_and(|name| name.eq_ignore_ascii_case(coding));
        named
            && !parts
                .any(|p| p.replace(' ', "").trim_start_matches("q=").parse::<f64>().is_ok_and(|q| q <= 0.0))
    })
}

fn file(asset: &Asset, headers: &HeaderMap) -> Response {
    let cache = if asset.immutable { "public, max-age=31536000, immutable" } else { "no-cache" };
    let response = Response::builder()
        .header(header::CONTENT_TYPE, asset.mime)
        .header(header::CACHE_CONTROL, cache)
        .header(header::ETAG, &asset.etag)
        .header(header::VARY, "accept-encoding");
    let known = headers.get(header::IF_NONE_MATCH).and_then(|v| v.to_str().ok()).unwrap_or_default();
    if known.split(',').any(|tag| tag.trim().trim_start_matches("W/") == asset.etag) {
        return built(response.status(StatusCode::NOT_MODIFIED).body(Body::empty()));
    }
    let packed = if accepts(headers, "br") {
        asset.brotli().map(|bytes| ("br", bytes))
    } else if accepts(headers, "gzip") {
        asset.gzip().map(|bytes| ("gzip", bytes))
    } else {
        None
    };
    match packed {
        Some((coding, bytes)) => {
            built(response.header(header::CONTENT_ENCODING, coding).body(Body::from(bytes.to_vec())))
        }
        None => built(response.body(Body::from(asset.bytes))),
    }
}

/// Fixed header names and values never fail to build.
fn built(response: Result<Response, axum::http::Error>) -> Response {
    response.unwrap_or_else(|_| Problem::internal("The answer could not be made.").into_response())
}
