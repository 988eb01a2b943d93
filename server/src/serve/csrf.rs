//! Requests that a page elsewhere makes a browser send.
//!
//! Browsers say where a request comes from; programs do not. So an unsafe request (anything but reading) is refused
//! where a browser says that it comes from elsewhere, whatever it carries.

use super::problem::Problem;
use axum::extract::Request;
use axum::http::{HeaderMap, Method};

/// `host`: what the request calls this server.
///
/// # Errors
/// An unsafe request from another site.
pub fn check(request: &Request, host: &str) -> Result<(), Problem> {
    let safe = [Method::GET, Method::HEAD, Method::OPTIONS].contains(request.method());
    if safe || comes_from_here(request.headers(), host) {
        return Ok(());
    }
    Err(Problem::forbidden("This request comes from another site."))
}

fn comes_from_here(headers: &HeaderMap, host: &str) -> bool {
    let text = |name| headers.get(name).map(|v| v.to_str().unwrap_or("?"));
    if let Some(site) = text("sec-fetch-site") {
        return site == "same-origin" || site == "none";
    }
    text("origin").is_none_or(|origin| {
        let named = origin.strip_prefix("https://").or(origin.strip_prefix("http://"));
        named.is_some_and(|named| named.eq_ignore_ascii_case(host))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unsafe_requests_from_elsewhere_are_refused() {
        type Headers = &'static [(&'static str, &'static str)];
        let cases: &[(&str, Headers, bool)] = &[
            ("GET", &[("sec-fetch-site", "cross-site")], true),
            ("POST", &[], true),
            ("POST", &[("sec-fetch-site", "same-origin")], true),
            ("POST", &[("sec-fetch-site", "none")], true),
            ("POST", &[("sec-fetch-site", "cross-site")], false),
            ("POST", &[("sec-fetch-site", "same-site")], false),
            ("DELETE", &[("sec-fetch-site", "cross-site"), ("origin", "http://here:1")], false),
            ("PUT", &[("origin", "http://here:1")], true),
            ("PUT", &[("origin", "https://HERE:1")], true),
            ("PUT", &[("origin", "http://there:1")], false),
            ("PATCH", &[("origin", "null")], false),
            ("PATCH", &[("origin", "http://here:1.evil.example")], false),
        ];
        for (method, headers, expected) in cases {
            let mut request = Request::builder().method(*method);
            for (name, value) in *headers {
                request = request.header(*name, *value);
            }
            let request = request.body(axum::body::Body::empty()).expect("a request");
            assert_eq!(check(&request, "here:1").is_ok(), *expected, "{method} {headers:?}");
        }
    }
}
