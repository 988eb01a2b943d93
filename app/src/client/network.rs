//! The only place that may ask the network for anything, and it asks for the page's own files only.

use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, Response};

/// A bundled file as bytes that have not been read yet.
///
/// # Errors
/// No network, or no such file.
pub async fn bundled(path: &str) -> Result<Blob, String> {
    let plain = |e: JsValue| format!("{e:?}");
    let window = web_sys::window().ok_or("there is no window")?;
    let response: Response =
        JsFuture::from(window.fetch_with_str(path)).await.map_err(plain)?.dyn_into().map_err(plain)?;
    if !response.ok() {
        return Err(format!("the server answered {}", response.status()));
    }
    let blob = response.blob().map_err(plain)?;
    JsFuture::from(blob).await.map_err(plain)?.dyn_into().map_err(plain)
}
