//! Where a source's table comes from: a file, a sample, an address.

use crate::store::Store;
use crate::ui::start::chosen_file;
use automl_core::document::NodeId;
use automl_core::engine::protocol::WantsFrom;
use leptos::prelude::*;
use trellis_page::flow::share;
use trellis_page::format;
use web_sys::DragEvent;

#[component]
fn FileZone(id: NodeId) -> impl IntoView {
    let store: Store = expect_context();
    let (dropped, chosen) = (id.clone(), id);
    let drop = move |event: DragEvent| {
        let file = event.data_transfer().and_then(|d| d.files()).and_then(|f| f.get(0));
        if let Some(file) = file {
            event.prevent_default();
            event.stop_propagation();
            store.choose_file(&dropped, file.name(), file.into());
        }
    };
    let choose = move |event| {
        if let Some(file) = chosen_file(&event) {
            store.choose_file(&chosen, file.name(), file.into());
        }
    };
    view! {
        <label class="dropzone small-zone" on:drop=drop on:dragover=|e: DragEvent| e.prevent_default()>
            <span>"Drop the file here, or choose it"</span>
            <input class="visually-hidden" type="file" data-testid="source-file-input" accept=".csv,.tsv,.txt,.tab,.json,.jsonl,.ndjson,text/csv" on:change=choose />
        </label>
    }
}

/// What the source has, or still wants.
#[component]
pub fn SourcePanel(id: NodeId, kind_id: String) -> impl IntoView {
    let store: Store = expect_context();
    let flow = store.flow;
    let reading = id.clone();
    let wants = Memo::new(move |_| flow.views.with(|v| v.get(&reading).and_then(|v| v.wants.clone())));
    let progress = move || {
        let wants = wants.get()?;
        let (bytes, of) = flow.desk.reading.with(|all| all.get(&wants.source).copied())?;
        Some(match of {
            0 => "Fetching".to_owned(),
            of => format!("Reading {} of {}", format::bytes(bytes), format::bytes(of)),
        })
    };
    let offer = move || {
        let wants = wants.get()?;
        match wants.from {
            WantsFrom::File => Some(
                view! { <p class="small">{format!("\"{}\" is not here yet.", wants.name)}</p> }.into_any(),
            ),
            WantsFrom::Sample => {
                let name = wants.name.clone();
                Some(view! {
                    <button type="button" class="tiny" on:click=move |_| store.fetch_sample(wants.clone())>{format!("Open the sample \"{name}\"")}</button>
                }
                .into_any())
            }
            WantsFrom::Url if flow.desk.reading.with(|all| all.contains_key(&wants.source)) => {
                view! {
                    <button type="button" class="tiny" data-testid="stop-fetching" on:click=move |_| store.stop_fetching(&wants.source)>"Stop"</button>
                }
                .into_any()
                .into()
            }
            WantsFrom::Url => {
                let host = share::host(&wants.name).map(str::to_owned);
                Some(match host {
                    Some(host) => view! {
                        <p class="small">"It is asked when you click, and not before. The address learns that you ask, and nothing else."</p>
                        <button type="button" class="tiny" data-testid="fetch-address" on:click=move |_| store.fetch_address(wants.clone())>
                            {format!("Fetch the table from {host}")}
                        </button>
                    }
                    .into_any(),
                    None => view! { <p class="field-error small">"Addresses begin with https://. Or download the table, and drop it on the canvas."</p> }.into_any(),
                })
            }
        }
    };
    let zone = (kind_id == "source.file").then(|| view! { <FileZone id=id.clone() /> });
    view! {
        <div class="source">
            {offer}
            <p class="quiet small" role="status">{progress}</p>
            {zone}
        </div>
    }
}
