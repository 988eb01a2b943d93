//! Pages that the server writes itself: plain HTML with forms, without scripts.

use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};

/// Text within HTML, also within a quoted attribute.
pub struct Escaped<'a>(pub &'a str);

impl std::fmt::Display for Escaped<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.chars().try_for_each(|c| match c {
            '&' => f.write_str("&amp;"),
            '<' => f.write_str("&lt;"),
            '>' => f.write_str("&gt;"),
            '"' => f.write_str("&quot;"),
            '\'' => f.write_str("&#39;"),
            // What cannot be shown may not steer how the rest is shown either.
            c if c.is_control() && c != '\n' => f.write_str("\u{fffd}"),
            c => std::fmt::Write::write_char(f, c),
        })
    }
}

/// The address of the stylesheet.
pub const STYLE_PATH: &str = "/server.css";
pub const STYLE: &str = include_str!("server.css");

/// The sign beside the name, as the page's own header has it.
const SIGN: &str =
    "<svg viewBox=\"0 0 32 32\" aria-hidden=\"true\"><path d=\"M8 26 16 6l8 20M5 13h22M6 20h20\"/></svg>";

/// A page. `head`: what else belongs there; `body` is HTML.
pub fn page(status: StatusCode, title: &str, head: &str, body: &str) -> Response {
    let title = Escaped(title);
    let html = format!(
        "<!doctype html><html lang=\"en\"><head><meta charset=\"utf-8\"><meta name=\"viewport\" \
         content=\"width=device-width,initial-scale=1\"><title>{title} · Trellis</title><link rel=\"stylesheet\" \
         href=\"{STYLE_PATH}\">{head}</head><body><header><a href=\"/\">{SIGN}Trellis</a></header><main>{body}</main></body></html>\n"
    );
    let headers = [(header::CONTENT_TYPE, "text/html; charset=utf-8"), (header::CACHE_CONTROL, "no-store")];
    (status, headers, html).into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_gets_out_of_its_place() {
        let text = "<img src=x onerror='a()'>\" & \u{0}";
        assert_eq!(Escaped(text).to_string(), "&lt;img src=x onerror=&#39;a()&#39;&gt;&quot; &amp; \u{fffd}");
    }
}
