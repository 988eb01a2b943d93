//! Reports: text, charts that can be read by pointer and keys and taken away, and small tables.

use crate::store::Store;
use automl_core::diagnostic::Diagnostic;
use automl_core::kind::{Chart, Listing, Report};
use js_sys::Array;
use leptos::html::Div;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::chart::{FILE, PAGE, Size, nearest, readings, to_csv, to_svg};
use trellis_page::flow::project::file_name;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{
    CanvasRenderingContext2d, Element, HtmlCanvasElement, HtmlImageElement, KeyboardEvent, PointerEvent,
};

/// Pixels of a picture for each of the drawing.
const SHARPNESS: f64 = 2.0;

/// Draws SVG text into a picture and offers it as a file.
fn save_png(store: Store, name: String, svg: &str) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|w| w.document()).ok_or("there is no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    canvas.set_width((Size::FILE.width * SHARPNESS) as u32);
    canvas.set_height((Size::FILE.height * SHARPNESS) as u32);
    let image = HtmlImageElement::new()?;
    let drawn = image.clone();
    let on_load = Closure::once_into_js(move || {
        let context = canvas
            .get_context("2d")
            .ok()
            .flatten()
            .and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
        let Some(context) = context else { return };
        let (width, height) = (Size::FILE.width * SHARPNESS, Size::FILE.height * SHARPNESS);
        if context.draw_image_with_html_image_element_and_dw_and_dh(&drawn, 0.0, 0.0, width, height).is_err()
        {
            return;
        }
        let give = Closure::once_into_js(move |blob: JsValue| {
            store.hand_over(&name, "image/png", &Array::of1(&blob));
        });
        // A picture of a drawing of our own can always be taken.
        let _ = canvas.to_blob(give.unchecked_ref());
    });
    image.set_onload(Some(on_load.unchecked_ref()));
    image.set_src(&format!("data:image/svg+xml;charset=utf-8,{}", js_sys::encode_uri_component(svg)));
    Ok(())
}

/// The size of an element in pixels, as long as it is on the page; nothing before it has one.
fn size_of(area: NodeRef<Div>) -> RwSignal<Option<Size>> {
    let size = RwSignal::new(None);
    Effect::new(move |_| {
        let Some(area) = area.get() else { return };
        let element: Element = area.into();
        let seen = element.clone();
        let on_size = Closure::<dyn FnMut()>::new(move || {
            let rect = seen.get_bounding_client_rect();
            if rect.width() > 0.0 {
                size.set(Some(Size::of(rect.width(), rect.height())));
            }
        });
        // Every browser that runs this page has the observer.
        let Ok(observer) = web_sys::ResizeObserver::new(on_size.as_ref().unchecked_ref()) else { return };
        observer.observe(&element);
        let kept = StoredValue::new_local((observer, on_size));
        on_cleanup(move || kept.with_value(|(observer, _)| observer.disconnect()));
    });
    size
}

/// The drawing, as large as its place, and what it says where the pointer or the keys are.
#[component]
fn Drawing(chart: Arc<Chart>, said: RwSignal<String>) -> impl IntoView {
    let area = NodeRef::<Div>::new();
    let size = size_of(area);
    let title = chart.title.clone();
    let drawn = chart.clone();
    let svg = move || size.get().map(|size| to_svg(&drawn, &PAGE, size));
    let all = Memo::new(move |_| size.get().map(|size| readings(&chart, size)).unwrap_or_default());
    let at = RwSignal::new(None::<usize>);
    Effect::new(move |_| {
        let text = at.get().and_then(|i| all.with(|all| all.get(i).map(|r| r.text.clone())));
        said.set(text.unwrap_or_default());
    });
    let point = move |event: PointerEvent| {
        let Some(area) = area.get_untracked() else { return };
        let rect = area.get_bounding_client_rect();
        let (x, y) = (f64::from(event.client_x()) - rect.left(), f64::from(event.client_y()) - rect.top());
        at.set(all.with_untracked(|all| nearest(all, x, y)));
    };
    let keys = move |event: KeyboardEvent| {
        let (now, count) = (at.get_untracked(), all.with_untracked(Vec::len));
        let next = match event.key().as_str() {
            "ArrowRight" => now.map_or(0, |n| n + 1),
            "ArrowLeft" => now.map_or(0, |n| n.saturating_sub(1)),
            "Home" => 0,
            "End" => count.saturating_sub(1),
            "Escape" if now.is_some() => {
                event.prevent_default();
                return at.set(None);
            }
            _ => return,
        };
        event.prevent_default();
        at.set((count > 0).then(|| next.min(count.saturating_sub(1))));
    };
    let mark = move || {
        let (x, y) = all.with(|all| all.get(at.get()?).map(|r| (r.x, r.y)))?;
        Some(
            view! { <span class="chart-mark" style:left=format!("{x}px") style:top=format!("{y}px")></span> },
        )
    };
    view! {
        <div class="chart-area" node_ref=area tabindex="0" role="group" aria-label=format!("{title}. Arrow keys read the values.")
            on:pointermove=point on:pointerleave=move |_| at.set(None) on:keydown=keys>
            <div class="chart-svg" inner_html=svg></div>
            {mark}
        </div>
    }
}

/// `number`: which of the report's it is. `is_alone`: it has the whole pane.
#[component]
fn ChartView(chart: Chart, number: usize, is_alone: bool) -> impl IntoView {
    let store: Store = expect_context();
    let chart = Arc::new(chart);
    let (said, said_large) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let title = chart.title.clone();
    let name = move |ending: &str| file_name(&title, ending);
    let (svg_name, png_name, csv_name) = (name("svg"), name("png"), name("csv"));
    let (for_svg, for_png, for_csv) = (chart.clone(), chart.clone(), chart.clone());
    let text =
        move |name: &str, mime: &str, text: String| store.hand_over(name, mime, &Array::of1(&text.into()));
    let save_svg = move |_| text(&svg_name, "image/svg+xml", to_svg(&for_svg, &FILE, Size::FILE));
    let save_csv = move |_| text(&csv_name, "text/csv", to_csv(&for_csv));
    let save_picture = move |_| {
        if save_png(store, png_name.clone(), &to_svg(&for_png, &FILE, Size::FILE)).is_err() {
            store.alert(Diagnostic::error(
                "chart.no_picture",
                "The browser did not draw the picture.",
                "Save the chart as SVG instead.",
            ));
        }
    };
    let full = format!("chart-full-{number}");
    let of = |what: &str| format!("{what}: {}", chart.title);
    view! {
        <figure class="flow-chart" class:alone=is_alone data-testid="chart">
            <div class="chart-head">
                <figcaption class="ellipsis" title=chart.title.clone()>{chart.title.clone()}</figcaption>
                <p class="chart-said small ellipsis" role="status" data-testid="chart-reading">{move || said.get()}</p>
                <div class="actions chart-actions">
                    <button type="button" class="plain tiny" popovertarget=full.clone() aria-label=of("Full view") data-testid="chart-full">"Full view"</button>
                    <button type="button" class="plain tiny" aria-label=of("Save as SVG") title="Save as SVG" on:click=save_svg>"SVG"</button>
                    <button type="button" class="plain tiny" aria-label=of("Save as PNG") title="Save as PNG" on:click=save_picture>"PNG"</button>
                    <button type="button" class="plain tiny" aria-label=of("Save as CSV") title="Save the numbers as CSV" on:click=save_csv>"CSV"</button>
                </div>
            </div>
            <Drawing chart=chart.clone() said />
            <p class="quiet small">{chart.note.clone()}</p>
            <div id=full.clone() class="chart-large" popover="auto" role="dialog" aria-label=chart.title.clone()>
                <div class="chart-head">
                    <h2 class="ellipsis">{chart.title.clone()}</h2>
                    <p class="chart-said small ellipsis" role="status">{move || said_large.get()}</p>
                    <button type="button" class="tiny" popovertarget=full.clone() popovertargetaction="hide">"Close"</button>
                </div>
                <Drawing chart=chart.clone() said=said_large />
                <p class="quiet small">{chart.note.clone()}</p>
            </div>
        </figure>
    }
    .into_any()
}

fn listing(listing: Listing) -> AnyView {
    let numeric = listing.numeric;
    let class = |i: usize| if numeric.get(i).copied().unwrap_or(false) { "num" } else { "" };
    let head = listing
        .columns
        .iter()
        .enumerate()
        .map(|(i, c)| view! { <th scope="col" class=class(i)>{c.clone()}</th> });
    let head = head.collect_view();
    let row = |row: &Vec<String>| {
        let cells =
            row.iter().enumerate().map(|(i, c)| view! { <td class=class(i)>{c.clone()}</td> }).collect_view();
        view! { <tr>{cells}</tr> }
    };
    let rows = listing.rows.iter().take(500).map(row).collect_view();
    let title = listing.title.clone();
    view! {
        <div class="table-scroll" tabindex="0" role="group" aria-label=title.clone()>
            <table><caption>{title.clone()}</caption><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>
        </div>
    }
    .into_any()
}

#[component]
pub fn ReportView(report: Report) -> impl IntoView {
    let text = report.text.into_iter().map(|t| view! { <p>{t}</p> }).collect_view();
    // A chart that comes alone has the room that is there.
    let is_alone = report.charts.len() == 1;
    let charts = report
        .charts
        .into_iter()
        .enumerate()
        .map(|(number, chart)| view! { <ChartView chart number is_alone /> })
        .collect_view();
    let listings = report.listings.into_iter().map(listing).collect_view();
    view! { <div class="report" data-testid="report"><div class="report-words">{text}</div><div class="charts">{charts}</div>{listings}</div> }
}
