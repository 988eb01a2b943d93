//! Where models are computed: the processor, or the graphics card.

use super::Store;
use gloo_storage::{LocalStorage, Storage};
use leptos::prelude::*;

const BACKEND: &str = "trellis-backend";
const MEASURED: &str = "trellis-cards";
/// What may be chosen, and what it is called.
pub const CHOICES: [(&str, &str); 3] =
    [("auto", "Whichever is quicker"), ("cpu", "Processor only"), ("gpu", "Graphics card, where it can")];

/// What was chosen last, if anything was.
pub fn kept() -> String {
    let kept: Option<String> = LocalStorage::get(BACKEND).ok();
    kept.filter(|kept| CHOICES.iter().any(|c| c.0 == kept)).unwrap_or_else(|| CHOICES[0].0.to_owned())
}

/// What was measured of graphics cards on earlier visits, as an executor told it.
pub fn measured() -> String {
    LocalStorage::raw().get_item(MEASURED).ok().flatten().unwrap_or_default()
}

/// Keeps it for the next visit, where there is anything; without storage it is measured again.
pub fn keep_measured(measured: &str) {
    if !measured.is_empty() {
        let _ = LocalStorage::raw().set_item(MEASURED, measured);
    }
}

impl Store {
    /// Remembers the choice, and tells the workers.
    pub(super) fn keep_backend(self) {
        Effect::watch(
            move || self.backend.get(),
            move |backend, _, _| {
                // Without storage the choice lasts for this visit.
                let _ = LocalStorage::set(BACKEND, backend);
                let tell = |pool: &crate::client::workers::Pool| pool.compute_on(backend);
                self.engine.pool.with_value(|pool| pool.iter().for_each(tell));
            },
            false,
        );
    }
}
