//! The workers' program, loaded and compiled once. Workers are started from memory, so that one can be replaced when the
//! network has gone.

use super::network::{Network, NetworkError};
use js_sys::{Array, Uint8Array, WebAssembly};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, BlobPropertyBag, Url, Worker, WorkerOptions, WorkerType};

/// Where trunk puts the program: the script that wasm-bindgen made, and the WebAssembly.
const SCRIPT: &str = "/worker.js";
const MODULE: &str = "/worker_bg.wasm";
/// Added to the script: it waits for the compiled program and runs it. What goes wrong is thrown again, so that the page
/// hears of it.
const BOOT: &str = "
self.onmessage = ({ data }) => {
  self.onmessage = null;
  __wbg_init({ module_or_path: data }).catch((error) => setTimeout(() => { throw error; }));
};
";

/// See the module.
pub struct Program {
    /// Address of the script, in memory.
    script: String,
    module: WebAssembly::Module,
}

fn in_words(error: NetworkError) -> String {
    match error {
        NetworkError::Unreachable => "the page's server cannot be reached".to_owned(),
        NetworkError::BrokenOff => "the connection to the page's server broke off".to_owned(),
        NetworkError::Refused(status) => format!("the page's server answered {status}"),
        NetworkError::Browser(said) => said,
    }
}

fn said(error: JsValue) -> String {
    format!("{error:?}")
}

async fn text(blob: &Blob) -> Result<String, String> {
    let text = JsFuture::from(blob.text()).await.map_err(said)?;
    text.as_string().ok_or_else(|| "its script is no text".to_owned())
}

impl Program {
    /// # Errors
    /// Why it cannot be loaded, in words.
    pub async fn load(network: Network) -> Result<Self, String> {
        let script = text(&network.bundled(SCRIPT).await.map_err(in_words)?).await?;
        let module = network.bundled(MODULE).await.map_err(in_words)?;
        let bytes = Uint8Array::new(&JsFuture::from(module.array_buffer()).await.map_err(said)?);
        let module = JsFuture::from(WebAssembly::compile(&bytes)).await.map_err(said)?;
        let options = BlobPropertyBag::new();
        options.set_type("text/javascript");
        let parts = Array::of2(&script.into(), &BOOT.into());
        let blob = Blob::new_with_str_sequence_and_options(&parts, &options).map_err(said)?;
        let script = Url::create_object_url_with_blob(&blob).map_err(said)?;
        Ok(Self { script, module: module.dyn_into().map_err(said)? })
    }

    /// A worker that runs it.
    ///
    /// # Errors
    /// What the browser said.
    pub fn start(&self) -> Result<Worker, JsValue> {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = Worker::new_with_options(&self.script, &options)?;
        worker.post_message(&self.module)?;
        Ok(worker)
    }
}
