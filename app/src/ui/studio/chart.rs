//! Reports: text, charts that can be read by pointer and keys and taken away, and small tables.

use crate::store::Store;
use automl_core::diagnostic::Diagnostic;
use automl_core::kind::{Chart, Listing, Report};
use js_sys::Array;
use leptos::html::Div;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::flow::chart::{FILE, HEIGHT, PAGE, WIDTH, nearest, readings, to_csv, to_svg};
use trellis_page::flow::project::file_name;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{CanvasRenderingContext2d, HtmlCanvasElement, HtmlImageElement, KeyboardEvent, PointerEvent};

/// Pixels of a picture for each of the drawing.
const SHARPNESS: f64 = 2.0;

/// Draws SVG text into a picture and offers it as a file.
fn save_png(store: Store, name: String, svg: &str) -> Result<(), JsValue> {
    let document = web_sys::window().and_then(|w| w.document()).ok_or("there is no document")?;
    let canvas: HtmlCanvasElement = document.create_element("canvas")?.unchecked_into();
    canvas.set_width((WIDTH * SHARPNESS) as u32);
    canvas.set_height((HEIGHT * SHARPNESS) as u32);
    let image = HtmlImageElement::new()?;
    let drawn = image.clone();
    let on_load = Closure::once_into_js(move || {
        let context = canvas
            .get_context("2d")
            .ok()
            .flatten()
            .and_then(|c| c.dyn_into::<CanvasRenderingContext2d>().ok());
        let Some(context) = context else { return };
        let (width, height) = (WIDTH * SHARPNESS, HEIGHT * SHARPNESS);
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

#[component]
fn ChartView(chart: Chart) -> impl IntoView {
    let store: Store = expect_context();
    let chart = Arc::new(chart);
    let (svg, all) = (to_svg(&chart, &PAGE), Arc::new(readings(&chart)));
    let at = RwSignal::new(None::<usize>);
    let area = NodeRef::<Div>::new();
    let point = {
        let all = all.clone();
        move |event: PointerEvent| {
            let Some(area) = area.get_untracked() else { return };
            let rect = area.get_bounding_client_rect();
            let (x, y) =
                (f64::from(event.client_x()) - rect.left(), f64::from(event.client_y()) - rect.top());
            let scale = WIDTH / rect.width().max(1.0);
            at.set(nearest(&all, x * scale, y * scale));
        }
    };
    let keys = {
        let count = all.len();
        move |event: KeyboardEvent| {
            let now = at.get_untracked();
            let next = match event.key().as_str() {
                "ArrowRight" => now.map_or(0, |n| n + 1),
                "ArrowLeft" => now.map_or(0, |n| n.saturating_sub(1)),
                "Home" => 0,
                "End" => count.saturating_sub(1),
                "Escape" => return at.set(None),
                _ => return,
            };
            event.prevent_default();
            at.set((count > 0).then(|| next.min(count.saturating_sub(1))));
        }
    };
    let said = {
        let all = all.clone();
        move || at.get().and_then(|i| all.get(i).map(|r| r.text.clone()))
    };
    let mark = move || {
        let reading = all.get(at.get()?)?;
        let (left, top) = (100.0 * reading.x / WIDTH, 100.0 * reading.y / HEIGHT);
        Some(
            view! { <span class="chart-mark" style:left=format!("{left}%") style:top=format!("{top}%")></span> },
        )
    };
    let title = chart.title.clone();
    let name = move |ending: &str| file_name(&title, ending);
    let (svg_name, png_name, csv_name) = (name("svg"), name("png"), name("csv"));
    let (for_svg, for_png, for_csv) = (chart.clone(), chart.clone(), chart.clone());
    let text =
        move |name: &str, mime: &str, text: String| store.hand_over(name, mime, &Array::of1(&text.into()));
    let save_svg = move |_| text(&svg_name, "image/svg+xml", to_svg(&for_svg, &FILE));
    let save_csv = move |_| text(&csv_name, "text/csv", to_csv(&for_csv));
    let save_picture = move |_| {
        if save_png(store, png_name.clone(), &to_svg(&for_png, &FILE)).is_err() {
            store.alert(Diagnostic::error(
                "chart.no_picture",
                "The browser did not draw the picture.",
                "Save the chart as SVG instead.",
            ));
        }
    };
    view! {
        <figure class="flow-chart" data-testid="chart">
            <figcaption>{chart.title.clone()}</figcaption>
            <div class="chart-area" node_ref=area tabindex="0" role="group" aria-label=format!("{}. Arrow keys read the values.", chart.title)
                on:pointermove=point on:pointerleave=move |_| at.set(None) on:keydown=keys>
                <div class="chart-svg" inner_html=svg></div>
                {mark}
            </div>
            <p class="chart-said small" role="status" data-testid="chart-reading">{said}</p>
            <p class="quiet small">{chart.note.clone()}</p>
            <div class="actions chart-actions">
                <button type="button" class="tiny" on:click=save_svg>"Save as SVG"</button>
                <button type="button" class="tiny" on:click=save_picture>"Save as PNG"</button>
                <button type="button" class="tiny" on:click=save_csv>"Save as CSV"</button>
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
    let charts = report.charts.into_iter().map(|chart| view! { <ChartView chart /> }).collect_view();
    let listings = report.listings.into_iter().map(listing).collect_view();
    view! { <div class="report" data-testid="report">{text}<div class="columns">{charts}</div>{listings}</div> }
}
