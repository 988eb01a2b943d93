//! The canvas on which pipelines are drawn, and the outline, which shows the same as a tree.

mod actions;

pub use actions::{CanvasCtl, KIND_MIME};

use leptos::prelude::*;

/// The canvas; fills its parent. Needs a [`CanvasCtl`] in context.
#[component]
pub fn Canvas() -> impl IntoView {
    view! { <div class="canvas" data-testid="canvas"></div> }
}

/// The pipeline as a tree. Needs a [`CanvasCtl`] in context.
#[component]
pub fn Outline() -> impl IntoView {
    view! { <div class="outline" data-testid="outline"></div> }
}
