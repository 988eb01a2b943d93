//! What a request holds, read so that whatever is wrong with it is told as a problem.

use super::super::problem::Problem;
use super::super::respond::NOTHING;
use super::super::state::Shared;
use crate::blobs::BlobError;
use axum::extract::{FromRequest, FromRequestParts, Request};
use axum::http::request::Parts;
use axum::http::{HeaderMap, header};
use bytes::Bytes;
use futures_util::{Stream, StreamExt};
use serde::de::DeserializeOwned;
use std::sync::Arc;
use std::time::Duration;

/// How long a body that is taken whole may take, and how long the next part of one that is streamed.
const LONGEST: Duration = Duration::from_secs(30);

/// What stands in the path.
pub struct Path<T>(pub T);

impl<T: DeserializeOwned + Send> FromRequestParts<Arc<Shared>> for Path<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        match axum::extract::Path::<T>::from_request_parts(parts, shared).await {
            Ok(found) => Ok(Self(found.0)),
            // What is named by something that is no name is not there.
            Err(_) => Err(Problem::not_found(NOTHING)),
        }
    }
}

/// What stands after the question mark.
pub struct Query<T>(pub T);

impl<T: DeserializeOwned> FromRequestParts<Arc<Shared>> for Query<T> {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, shared: &Arc<Shared>) -> Result<Self, Problem> {
        match axum::extract::Query::<T>::from_request_parts(parts, shared).await {
            Ok(found) => Ok(Self(found.0)),
            Err(e) => {
                let told = e.body_text();
                let told = told.rsplit_once("query string: ").map_or(told.as_str(), |(_, told)| told);
                Err(Problem::bad_request(format!("What stands after the ? cannot be used: {told}.")))
            }
        }
    }
}

/// A JSON body.
pub struct Body<T>(pub T);

impl<T: DeserializeOwned> FromRequest<Arc<Shared>> for Body<T> {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let Whole(bytes) = Whole::from_request(request, shared).await?;
        object_from_json(&bytes).map(Self)
    }
}

/// The bytes of a JSON body.
pub struct Whole(pub Bytes);

impl FromRequest<Arc<Shared>> for Whole {
    type Rejection = Problem;

    async fn from_request(request: Request, shared: &Arc<Shared>) -> Result<Self, Problem> {
        let json =
            request.headers().get(header::CONTENT_TYPE).and_then(|v| v.to_str().ok()).is_some_and(|v| {
                let kind = v.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
                kind == "application/json" || kind.starts_with("application/") && kind.ends_with("+json")
            });
        if !json {
            return Err(Problem::wrong_type("Send JSON, with the header Content-Type: application/json."));
        }
        let most = shared.limits.json;
        let large = || Problem::too_large(format!("A request may have {} KB at most.", most / 1024));
        whole(request.into_body(), most, large).await.map(Self)
    }
}

/// The bytes of a body, of which there may be so many.
///
/// # Errors
/// `large` where there are more; a body that breaks off, or that takes too long.
pub async fn whole(
    body: axum::body::Body,
    most: usize,
    large: impl FnOnce() -> Problem,
) -> Result<Bytes, Problem> {
    use std::error::Error;
    match tokio::time::timeout(LONGEST, axum::body::to_bytes(body, most)).await {
        Ok(Ok(bytes)) => Ok(bytes),
        Ok(Err(e)) if e.source().is_some_and(|e| e.is::<http_body_util::LengthLimitError>()) => Err(large()),
        Ok(Err(_)) => Err(Problem::bad_request("The request broke off. Send it again.")),
        Err(_) => Err(Problem::too_slow("The request came too slowly. Send it again.")),
    }
}

/// The parts of a body that is streamed. One that stops coming is broken off; whoever takes it counts its bytes.
///
/// # Errors
/// A body that says beforehand that it has more bytes than `most`.
pub fn uploaded(
    headers: &HeaderMap,
    body: axum::body::Body,
    most: u64,
) -> Result<impl Stream<Item = Result<Bytes, String>> + use<>, BlobError> {
    let told = headers.get(header::CONTENT_LENGTH).and_then(|v| v.to_str().ok()?.parse::<u64>().ok());
    if told.is_some_and(|bytes| bytes > most) {
        return Err(BlobError::TooLarge(most));
    }
    let parts = Box::pin(body.into_data_stream());
    Ok(futures_util::stream::unfold(Some(parts), |parts| async {
        let mut parts = parts?;
        match tokio::time::timeout(LONGEST, parts.next()).await {
            Ok(Some(Ok(part))) => Some((Ok(part), Some(parts))),
            Ok(Some(Err(error))) => Some((Err(error.to_string()), None)),
            Ok(None) => None,
            Err(_) => Some((Err("nothing came for a while".to_owned()), None)),
        }
    }))
}

/// Reads an object of JSON. A list would be taken for its fields in their order.
///
/// # Errors
/// A list, and as [`from_json`].
pub fn object_from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(Problem::bad_request("The JSON has to be an object, in braces; this is a list."));
    }
    from_json(bytes)
}

/// Reads JSON; what is wrong is told with a pointer to it.
///
/// # Errors
/// Bytes that are not JSON, or JSON of another shape.
pub fn from_json<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    let mut reader = serde_json::Deserializer::from_slice(bytes);
    let read: Result<T, _> = serde_path_to_error::deserialize(&mut reader);
    let read = read.map_err(|e| {
        let path = e.path().to_string();
        let pointer = if path == "." {
            String::new()
        } else {
            format!("/{}", path.replace(['.', '['], "/").replace(']', ""))
        };
        Problem::bad_request(format!("The JSON cannot be used: {}.", e.inner())).at(pointer)
    })?;
    reader.end().map_err(|e| Problem::bad_request(format!("The JSON cannot be used: {e}.")))?;
    Ok(read)
}
