//! The only place that may ask the network for anything. It asks for the page's own files, and for a table at an address
//! that a person has named and clicked on ([`Network::address`]), to which it tells nothing: no cookie, no referrer.
//!
//! And it asks its own server to keep or to run what a person has confirmed ([`Network::server`]).
//!
//! Every request goes through [`Network::request`], which counts what leaves the tab with it.

use leptos::prelude::*;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{AbortSignal, Blob, Headers, ReferrerPolicy, RequestCredentials, RequestInit, Response};

/// Why a file did not come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum NetworkError {
    /// There is no connection, or no server at its end.
    Unreachable,
    /// The connection ended before all had come.
    BrokenOff,
    /// The server's status.
    Refused(u16),
    /// What the browser said.
    Browser(String),
}

/// The way out of the tab, and the count of what has gone it.
#[derive(Debug, Clone, Copy)]
pub struct Network {
    sent: RwSignal<u64>,
}

fn said(error: JsValue) -> NetworkError {
    NetworkError::Browser(format!("{error:?}"))
}

impl Network {
    pub fn new() -> Self {
        Self { sent: RwSignal::new(0) }
    }

    /// Bytes of request bodies that have left this tab.
    pub fn bytes_sent(self) -> u64 {
        self.sent.get()
    }

    /// A file of the page as bytes that have not been read yet.
    ///
    /// # Errors
    /// No network, or no such file.
    pub async fn bundled(self, path: &str) -> Result<Blob, NetworkError> {
        self.fetched(path, None).await
    }

    /// A table at an address of the web, asked for by a click that names its host, until `stop` says that it is no longer
    /// wanted.
    ///
    /// # Errors
    /// No network, no such file, or a server that does not let other pages read.
    pub async fn address(self, url: &str, stop: &AbortSignal) -> Result<Blob, NetworkError> {
        self.fetched(url, Some(stop)).await
    }

    async fn fetched(self, path: &str, stop: Option<&AbortSignal>) -> Result<Blob, NetworkError> {
        let response = self.request("GET", path, None, &[], stop).await?;
        if !response.ok() {
            return Err(NetworkError::Refused(response.status()));
        }
        let blob = response.blob().map_err(said)?;
        let blob = JsFuture::from(blob).await.map_err(|_| NetworkError::BrokenOff)?;
        blob.dyn_into().map_err(said)
    }

    /// This page's own server, for what a person has asked it to keep or to run.
    ///
    /// # Errors
    /// No network.
    pub async fn server(
        self,
        method: &str,
        path: &str,
        body: Option<&Blob>,
        headers: &[(&str, &str)],
        stop: Option<&AbortSignal>,
    ) -> Result<Response, NetworkError> {
        self.request(method, path, body, headers, stop).await
    }

    /// The one request that there is. A body is counted when it is given to the browser.
    async fn request(
        self,
        method: &str,
        path: &str,
        body: Option<&Blob>,
        headers: &[(&str, &str)],
        stop: Option<&AbortSignal>,
    ) -> Result<Response, NetworkError> {
        let window = web_sys::window().ok_or(NetworkError::Unreachable)?;
        let init = RequestInit::new();
        init.set_method(method);
        // Nobody else is told who asks, or from where.
        init.set_credentials(RequestCredentials::SameOrigin);
        init.set_referrer_policy(ReferrerPolicy::NoReferrer);
        init.set_signal(stop);
        if !headers.is_empty() {
            let all = Headers::new().map_err(said)?;
            headers.iter().try_for_each(|(name, value)| all.set(name, value)).map_err(said)?;
            init.set_headers(&all);
        }
        if let Some(body) = body {
            init.set_body(body);
            self.sent.update(|sent| *sent += body.size() as u64);
        }
        let answer = JsFuture::from(window.fetch_with_str_and_init(path, &init)).await;
        // A page may learn no more than that it failed.
        answer.map_err(|_| NetworkError::Unreachable)?.dyn_into().map_err(said)
    }
}
