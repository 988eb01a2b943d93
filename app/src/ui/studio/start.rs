//! An empty canvas, and the templates.

use crate::store::Store;
use crate::ui::canvas::CanvasCtl;
use crate::ui::start::chosen_file;
use leptos::prelude::*;
use trellis_page::flow::templates::ALL;

/// Three ways to begin.
#[component]
pub fn Begin(templates: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let ctl: CanvasCtl = expect_context();
    let choose = move |event| {
        if let Some(file) = chosen_file(&event) {
            store.take_file(file, None);
        }
    };
    view! {
        <section class="begin" aria-label="How to begin" data-testid="begin">
            <h2>"A pipeline is a drawing of what is done to your data"</h2>
            <p class="quiet">"Begin in one of three ways:"</p>
            <div class="begin-ways">
                <label class="button card">
                    <strong>"Open your table"</strong>
                    <span class="quiet">"Drop it anywhere here, or choose it. It stays on this device."</span>
                    <input class="visually-hidden" type="file" data-testid="begin-file" on:change=choose />
                </label>
                <button type="button" class="card" data-testid="begin-template" on:click=move |_| templates.set(true)>
                    <strong>"Start from a template"</strong>
                    <span class="quiet">"Eight questions with their data, from the table to the verdict."</span>
                </button>
                <button type="button" class="card" on:click=move |_| ctl.quick_add()>
                    <strong>"Add the first node"</strong>
                    <span class="quiet">"Search all kinds by what you want to do."</span>
                </button>
            </div>
        </section>
    }
}

#[component]
pub fn Templates(open: RwSignal<bool>) -> impl IntoView {
    let store: Store = expect_context();
    let cards = ALL
        .iter()
        .map(|template| {
            let choose = move |_| {
                open.set(false);
                store.open_template(template);
            };
            view! {
                <button type="button" class="card" data-testid=format!("template-{}", template.id) on:click=choose>
                    <strong>{template.question}</strong>
                    <span class="quiet">{template.title}": "{template.data}</span>
                </button>
            }
        })
        .collect_view();
    view! {
        <section class="templates panel" role="dialog" aria-modal="true" aria-labelledby="templates-title" tabindex="-1"
            on:keydown=move |e| if e.key() == "Escape" { open.set(false) }>
            <div class="panel-head">
                <h2 id="templates-title">"Templates"</h2>
                <span class="spacer"></span>
                <button type="button" autofocus class="plain" on:click=move |_| open.set(false)>"Close"</button>
            </div>
            <p class="quiet">"What is open now can be gone back to."</p>
            <div class="samples">{cards}</div>
        </section>
    }
}
