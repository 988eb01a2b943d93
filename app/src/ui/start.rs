//! The first thing that is seen: drop a table, or open a sample.

use super::reading::ReadingBar;
use crate::store::Store;
use leptos::prelude::*;
use wasm_bindgen::JsCast;
use web_sys::HtmlInputElement;

/// A bundled sample.
struct Sample {
    name: &'static str,
    file: &'static str,
    question: &'static str,
    about: &'static str,
}

const SAMPLES: [Sample; 4] = [
    Sample {
        name: "churn",
        file: "churn.csv",
        question: "Which customers will leave?",
        about: "5,000 phone customers, 20 columns",
    },
    Sample {
        name: "price",
        file: "price.csv",
        question: "What will this house sell for?",
        about: "2,930 sales in Ames, Iowa, 29 columns",
    },
    Sample {
        name: "fraud",
        file: "fraud.csv",
        question: "Which loans will go bad?",
        about: "1,000 loans of a German bank, 19 columns",
    },
    Sample {
        name: "demand",
        file: "demand.csv",
        question: "How many people will travel on a day?",
        about: "3,163 days at a Chicago station, 20 columns",
    },
];

/// The file of an input, and the input made ready for the same file again.
pub fn chosen_file(event: &web_sys::Event) -> Option<web_sys::File> {
    let input: HtmlInputElement = event.target()?.dyn_into().ok()?;
    let file = input.files()?.get(0);
    input.set_value("");
    file
}

#[component]
fn DropZone() -> impl IntoView {
    let store: Store = expect_context();
    let choose = move |event: web_sys::Event| {
        if let Some(file) = chosen_file(&event) {
            store.open(file.name(), file.into(), Default::default());
        }
    };
    view! {
        <label class="dropzone">
            <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 16V4m0 0L7 9m5-5 5 5M4 16v3a1 1 0 0 0 1 1h14a1 1 0 0 0 1-1v-3" /></svg>
            <span class="dropzone-title">"Drop a table here, or choose a file"</span>
            <span class="quiet">"CSV, TSV or JSON lines, of any size that this device can hold"</span>
            <input
                class="visually-hidden"
                type="file"
                data-testid="file-input"
                accept=".csv,.tsv,.txt,.tab,.json,.jsonl,.ndjson,text/csv"
                on:change=choose
            />
        </label>
    }
}

#[component]
pub fn Start() -> impl IntoView {
    let store: Store = expect_context();
    let busy = move || store.reading.with(Option::is_some);
    let samples = SAMPLES
        .into_iter()
        .map(|sample| {
            view! {
                <button
                    class="card sample"
                    data-testid=format!("sample-{}", sample.name)
                    disabled=busy
                    on:click=move |_| store.open_sample(sample.file)
                >
                    <strong>{sample.question}</strong>
                    <span class="quiet">{sample.about}</span>
                </button>
            }
        })
        .collect_view();
    view! {
        <section class="start">
            <h1>"From a table to a model you can trust, in this tab"</h1>
            <p class="lead">
                "Drop your data. Trellis looks at it, tries many models, and tells you how good the best one is on rows that it never saw."
            </p>
            <Show when=busy fallback=|| view! { <DropZone /> }><ReadingBar /></Show>
            <p class="promise">
                <svg viewBox="0 0 24 24" aria-hidden="true"><path d="M12 3 5 6v5c0 5 3 8 7 10 4-2 7-5 7-10V6Zm-3 9 2 2 4-4" /></svg>
                "Your file stays on this device."
            </p>
            <h2>"Or try a question"</h2>
            <div class="samples">{samples}</div>
            <div class="actions">
                <button data-testid="build-pipeline" on:click=move |_| store.go_to_builder()>"Build a pipeline"</button>
            </div>
        </section>
    }
}
