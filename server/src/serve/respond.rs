//! Answers: files, and problems.

use super::assets::Asset;
use super::problem::{PROBLEM, Problem};
use super::state::State;
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};

/// What there is where nothing is.
pub const NOTHING: &str = "There is nothing under this address.";
/// Without the page in the binary, how to get it there.
const NO_PAGE: &str = "<!doctype html><html lang=\"en\"><meta charset=\"utf-8\"><title>Trellis</title><h1>The page is not in this binary</h1><p>Run <code>cargo xtask serve</code>, which builds the page first.</p></html>\n";

/// Whether what lies there is for programs.
pub fn is_interface(path: &str) -> bool {
    ["/api", "/v2"]
        .iter()
        .any(|root| path.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')))
}

/// Whether what lies there is somebody's.
pub fn is_private(path: &str) -> bool {
    is_interface(path)
        || ["/s/", "/sign-in", "/sign-out", "/set-up"].iter().any(|root| path.starts_with(root))
}

/// An answer for programs: one that says no in another way, as routers do, says it as a problem.
pub fn as_problem(response: Response) -> Response {
    let status = response.status();
    let kind = response.headers().get(header::CONTENT_TYPE);
    let is_problem = kind.is_some_and(|kind| kind == PROBLEM);
    if is_problem || !(status.is_client_error() || status.is_server_error()) {
        return response;
    }
    let problem = match status {
        StatusCode::NOT_FOUND => Problem::not_found(NOTHING),
        StatusCode::METHOD_NOT_ALLOWED => Problem::wrong_method(
            "This address does not take that method; the header Allow says which it takes.",
        ),
        StatusCode::PAYLOAD_TOO_LARGE => Problem::too_large("Send less."),
        StatusCode::UNSUPPORTED_MEDIA_TYPE => {
            Problem::wrong_type("Send what the description of the interface says.")
        }
        StatusCode::UNPROCESSABLE_ENTITY => {
            Problem::unusable("Send what the description of the interface says.")
        }
        status if status.is_client_error() => {
            Problem::bad_request("Send what the description of the interface says.")
        }
        _ => Problem::internal("The answer could not be made."),
    };
    let mut told = problem.into_response();
    if let Some(allowed) = response.headers().get(header::ALLOW) {
        told.headers_mut().insert(header::ALLOW, allowed.clone());
    }
    told
}

/// A file of the page, or why there is none.
pub async fn respond(shared: State, request: Request) -> Response {
    let path = request.uri().path();
    if is_interface(path) {
        return Problem::not_found(NOTHING).into_response();
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
