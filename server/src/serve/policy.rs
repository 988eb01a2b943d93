//! Headers that keep the page to itself.

use axum::http::{HeaderMap, HeaderName, HeaderValue};
use base64::Engine;
use sha2::{Digest, Sha256};

/// The Content-Security-Policy of a page: its own files, WebAssembly, and the inline scripts that it holds, by their
/// hashes. Workers may come from memory: the page starts them from the program that it has loaded once. Encrypted
/// addresses may be asked, since a pipeline may name one; the page does so only after a click that names the host.
pub fn content_security(index: &[u8]) -> String {
    let hashes: String = inline_scripts(&String::from_utf8_lossy(index))
        .into_iter()
        .map(|script| {
            let hash = base64::engine::general_purpose::STANDARD.encode(Sha256::digest(script.as_bytes()));
            format!(" 'sha256-{hash}'")
        })
        .collect();
    format!(
        "default-src 'none'; script-src 'self' 'wasm-unsafe-eval'{hashes}; style-src 'self'; img-src 'self' data: blob:; \
         connect-src 'self' https:; worker-src 'self' blob:; font-src 'self'; manifest-src 'self'; base-uri 'none'; \
         form-action 'self'; frame-ancestors 'none'"
    )
}

/// Whether a query asks for the page as it stands in another page: a pipeline that came by its address, and nothing of
/// what this browser keeps.
pub fn is_embedded(query: Option<&str>) -> bool {
    query.is_some_and(|q| q.split('&').any(|part| part == "embed=1"))
}

/// Lets the page stand in a frame of any other page.
pub fn let_embed(headers: &mut HeaderMap, policy: &str) {
    let policy = policy.replace("frame-ancestors 'none'", "frame-ancestors *");
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(HeaderName::from_static("content-security-policy"), policy);
    }
    let name = HeaderName::from_static("cross-origin-resource-policy");
    headers.insert(name, HeaderValue::from_static("cross-origin"));
}

/// The texts of scripts without a source.
fn inline_scripts(html: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut rest = html;
    while let Some(at) = rest.find("<script") {
        rest = &rest[at..];
        let Some(open) = rest.find('>') else { break };
        let Some(close) = rest.find("</script>") else { break };
        if !rest[..open].contains("src=") && open < close {
            out.push(&rest[open + 1..close]);
        }
        rest = &rest[close + 1..];
    }
    out
}

/// Adds what every answer bears.
pub fn add_headers(headers: &mut HeaderMap, policy: &str) {
    let fixed = [
        ("x-content-type-options", "nosniff"),
        ("referrer-policy", "no-referrer"),
        ("cross-origin-opener-policy", "same-origin"),
        ("cross-origin-embedder-policy", "require-corp"),
        ("cross-origin-resource-policy", "same-origin"),
    ];
    for (name, value) in fixed {
        headers.insert(HeaderName::from_static(name), HeaderValue::from_static(value));
    }
    // Hashes in base64 and fixed words are always a valid header.
    if let Ok(value) = HeaderValue::from_str(policy) {
        headers.insert(HeaderName::from_static("content-security-policy"), value);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_meant_for_it_stands_in_a_frame() {
        let check =
            |query: Option<&str>, expected: bool| assert_eq!(is_embedded(query), expected, "{query:?}");
        check(Some("embed=1"), true);
        check(Some("a=b&embed=1"), true);
        check(Some("embed=10"), false);
        check(None, false);
        let policy = content_security(b"");
        let mut headers = HeaderMap::new();
        add_headers(&mut headers, &policy);
        assert!(
            headers["content-security-policy"].to_str().is_ok_and(|p| p.contains("frame-ancestors 'none'"))
        );
        let_embed(&mut headers, &policy);
        assert!(headers["content-security-policy"].to_str().is_ok_and(|p| p.ends_with("frame-ancestors *")));
        assert_eq!(headers["cross-origin-opener-policy"], "same-origin");
    }

    #[test]
    fn inline_scripts_are_allowed_by_hash_alone() {
        let html = "<script src=\"a.js\"></script><script type=\"module\">x()</script><p>";
        assert_eq!(inline_scripts(html), ["x()"]);
        assert!(content_security(html.as_bytes()).contains("'sha256-"));
        assert!(!content_security(b"<script").contains("sha256"));
    }
}
