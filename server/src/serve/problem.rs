//! Answers that say what went wrong: RFC 9457 problem details.

use crate::blobs::BlobError;
use crate::store::StoreError;
use automl_core::diagnostic::Diagnostic;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;

/// The type of content of problems.
pub const PROBLEM: &str = "application/problem+json";

/// What went wrong. `kind` is stable, for programs; `detail` is for people.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Problem {
    /// The last part of `type`, which is `/problems/KIND`.
    #[serde(skip)]
    pub kind: &'static str,
    pub title: &'static str,
    pub status: u16,
    pub detail: String,
    /// JSON pointer to what is wrong in the request.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pointer: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub diagnostics: Vec<Diagnostic>,
}

/// Kinds with their titles and states.
macro_rules! kinds {
    ($($name:ident = $status:literal $kind:literal $title:literal;)+) => {
        impl Problem {
            $(pub fn $name(detail: impl Into<String>) -> Self {
                Self::new($status, $kind, $title, detail.into())
            })+
        }
    };
}

kinds! {
    bad_request = 400 "bad-request" "The request cannot be used";
    sign_in = 401 "sign-in" "Sign in first";
    forbidden = 403 "forbidden" "Not allowed";
    not_found = 404 "not-found" "Not found";
    wrong_method = 405 "wrong-method" "Method not allowed";
    too_slow = 408 "too-slow" "It took too long";
    conflict = 409 "conflict" "It is not as you saw it";
    stale = 412 "stale" "It has changed meanwhile";
    too_large = 413 "too-large" "Too large";
    wrong_type = 415 "wrong-type" "Wrong type of content";
    misdirected = 421 "misdirected" "Misdirected request";
    unusable = 422 "unusable" "It cannot be worked with";
    precondition_missing = 428 "precondition-missing" "Say which state you saw";
    too_many = 429 "too-many" "Too many requests";
    internal = 500 "internal" "Internal error";
    unavailable = 503 "unavailable" "Not available now";
    full = 507 "full" "No room left";
}

impl Problem {
    fn new(status: u16, kind: &'static str, title: &'static str, detail: String) -> Self {
        Self { kind, title, status, detail, pointer: None, diagnostics: Vec::new() }
    }

    /// The same, of what lies at a JSON pointer of the request.
    #[must_use]
    pub fn at(mut self, pointer: impl Into<String>) -> Self {
        self.pointer = Some(pointer.into());
        self
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let status = StatusCode::from_u16(self.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
        let mut body = serde_json::to_value(&self).unwrap_or_default();
        body["type"] = format!("/problems/{}", self.kind).into();
        if let Some(id) = super::watch::request_id() {
            body["request_id"] = id.into();
        }
        let mut response = (status, [(header::CONTENT_TYPE, PROBLEM)], body.to_string()).into_response();
        match self.status {
            401 => {
                response.headers_mut().insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
            }
            429 | 503 => {
                response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
            }
            _ => {}
        }
        response
    }
}

impl From<StoreError> for Problem {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Absent(what) => Self::not_found(format!("There is no such {what}.")),
            StoreError::Conflict(what) => Self::conflict(format!("{what}.")),
            StoreError::Blob(error) => error.into(),
            error if error.is_full() => {
                tracing::error!(%error, "the disk is full");
                Self::full(
                    "The disk of the server's database is full. Nothing was kept; tell whoever runs it.",
                )
            }
            // What a database says may name its address or hold data; it goes to the log.
            error => {
                tracing::error!(%error, "the database failed");
                Self::unavailable("The database did not do what it was asked. Try again.")
            }
        }
    }
}

impl From<BlobError> for Problem {
    fn from(error: BlobError) -> Self {
        match error {
            BlobError::TooLarge(limit) => {
                Self::too_large(format!("It may have {} MB at most.", limit.div_ceil(1_000_000)))
            }
            BlobError::BrokenOff(_) => Self::bad_request("The upload broke off. Send it again."),
            BlobError::Unnoted(error) => (*error).into(),
            BlobError::Absent(_) => Self::not_found("There is no such file."),
            BlobError::Damaged(_) => {
                tracing::error!(%error, "a file is damaged");
                Self::unavailable(
                    "A file of this project is damaged. Send it again, or tell whoever runs this server.",
                )
            }
            BlobError::Erased(_) => {
                Self::not_found("The key of this project was erased, so its files cannot be read any more.")
            }
            BlobError::Locked(_) => {
                tracing::error!(%error, "a key is missing");
                Self::unavailable(
                    "The files of this project are encrypted, and this server has not got the key for them. Tell whoever \
                     runs it.",
                )
            }
            BlobError::Disk(e)
                if matches!(
                    e.kind(),
                    std::io::ErrorKind::StorageFull | std::io::ErrorKind::QuotaExceeded
                ) =>
            {
                tracing::error!("the disk is full");
                Self::full("The server's disk is full. Nothing was kept; tell whoever runs it.")
            }
            error => {
                tracing::error!(%error, "a file failed");
                Self::unavailable("The server could not write or read a file. Try again.")
            }
        }
    }
}

impl From<Vec<Diagnostic>> for Problem {
    fn from(diagnostics: Vec<Diagnostic>) -> Self {
        let first = diagnostics.iter().find(|d| d.is_error()).or(diagnostics.first());
        let detail = first.map_or_else(String::new, |d| format!("{} {}", d.message, d.remedy));
        Self { diagnostics, ..Self::unusable(detail) }
    }
}

impl From<Diagnostic> for Problem {
    fn from(diagnostic: Diagnostic) -> Self {
        vec![diagnostic].into()
    }
}
