//! A table that came out of a node: only the rows and columns in sight are on the page.

use crate::store::Store;
use crate::store::flow::LOOK_ROWS;
use automl_core::kind::Schema;
use automl_core::table::{ColumnType, Profile, profile::ColumnProfile};
use leptos::html::Div;
use leptos::prelude::*;
use std::sync::Arc;
use trellis_page::format;
use trellis_page::window::{Place, Tall, Window};

const ROW: f64 = 28.0;
const COLUMN: f64 = 148.0;
const HEAD: f64 = 84.0;

/// What is seen of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Seen {
    place: Place,
    left: f64,
    width: f64,
    height: f64,
}

fn sparkline(profile: &ColumnProfile) -> AnyView {
    let counts: Vec<u64> = match &profile.numeric {
        Some(summary) => summary.histogram.counts.clone(),
        None => profile.top.iter().map(|(_, n)| *n).collect(),
    };
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = 100.0 / counts.len().max(1) as f64;
    let bar = |(i, n): (usize, u64)| {
        let height = 20.0 * n as f64 / most;
        view! {
            <rect x=format!("{:.2}", i as f64 * width) y=format!("{:.2}", 20.0 - height) width=format!("{:.2}", width * 0.86) height=format!("{height:.2}") />
        }
    };
    let bars = counts.into_iter().enumerate().map(bar).collect_view();
    view! { <svg class="spark" viewBox="0 0 100 20" preserveAspectRatio="none" aria-hidden="true">{bars}</svg> }.into_any()
}

fn head(at: usize, name: &str, ty: ColumnType, profile: Option<&ColumnProfile>) -> AnyView {
    let facts = profile.map(|p| {
        let rows = (p.count + p.missing).max(1);
        match p.missing {
            0 => format!("{} · {} distinct", ty.name(), format::count(p.distinct)),
            n => format!("{} · {} missing", ty.name(), format::percent(n as f64 / rows as f64)),
        }
    });
    let facts = facts.unwrap_or_else(|| ty.name().to_owned());
    view! {
        <div class="th" role="columnheader" style:left=format!("{}px", at as f64 * COLUMN)>
            <span class="th-name ellipsis" title=name.to_owned()>{name.to_owned()}</span>
            {profile.map(sparkline)}
            <span class="quiet small ellipsis">{facts}</span>
        </div>
    }
    .into_any()
}

/// `value`: `None` while it is fetched. `at`: the column's number.
fn cell(value: Option<Option<String>>, is_number: bool, at: usize) -> impl IntoView {
    let (class, text, whole) = match value {
        None => ("td loading", String::new(), None),
        Some(None) => ("td missing", "missing".to_owned(), None),
        Some(Some(text)) if is_number => {
            let shown = format::cell(&text);
            let whole = (shown != text).then_some(text);
            ("td num", shown, whole)
        }
        Some(Some(text)) => ("td", text.chars().take(80).collect(), None),
    };
    view! { <div class=class role="cell" title=whole style:left=format!("{}px", at as f64 * COLUMN)>{text}</div> }
}

#[component]
pub fn TableView(schema: Schema, rows: u64, profile: Option<Profile>) -> impl IntoView {
    let store: Store = expect_context();
    let (flow, node) = (store.flow, NodeRef::<Div>::new());
    let (schema, profile) = (Arc::new(schema), Arc::new(profile));
    let seen = RwSignal::new(Seen { place: Place::default(), left: 0.0, width: 1200.0, height: 260.0 });
    let tall = move |height: f64| Tall::new(HEAD + rows as f64 * ROW, height);
    let look = move || {
        let Some(element) = node.get_untracked() else { return };
        let mut s = seen.get_untracked();
        s.left = f64::from(element.scroll_left());
        s.width = f64::from(element.client_width());
        s.height = f64::from(element.client_height());
        s.place = tall(s.height).scrolled(s.place, f64::from(element.scroll_top()));
        seen.set(s);
    };
    Effect::new(move |_| {
        if node.get().is_some() {
            look();
        }
    });
    let window = Memo::new(move |_| {
        let s = seen.get();
        Window::of(rows as usize, ROW, s.place.top, s.height - HEAD, 8)
    });
    let count = schema.len();
    let columns = Memo::new(move |_| {
        let s = seen.get();
        Window::of(count, COLUMN, s.left, s.width, 2)
    });
    Effect::new(move |_| {
        let (window, size) = (window.get(), u64::from(LOOK_ROWS));
        flow.desk.rows.track();
        for page in window.start as u64 / size..=(window.end.max(1) as u64 - 1) / size {
            if rows > 0 {
                flow.fetch_page(page);
            }
        }
    });
    let heads = {
        let schema = schema.clone();
        move || {
            let window = columns.get();
            let one = |at: usize| {
                let (name, ty) = &schema[at];
                let found = (*profile).as_ref().and_then(|p| p.columns.get(at)).filter(|p| p.name == *name);
                head(at, name, *ty, found)
            };
            (window.start..window.end).map(one).collect_view()
        }
    };
    let shift = Memo::new(move |_| seen.get().place.shift());
    let body = move || {
        let (window, columns, shift) = (window.get(), columns.get(), shift.get());
        let numeric: Vec<bool> =
            (columns.start..columns.end).map(|j| schema[j].1 == ColumnType::Numeric).collect();
        flow.desk.rows.with(|pages| {
            let row = |row: usize| {
                let page = pages.get(&(row as u64 / u64::from(LOOK_ROWS)));
                let cells = page.and_then(|p| p.get(row % LOOK_ROWS as usize));
                let cell = |(i, j): (usize, usize)| cell(cells.map(|c| c.get(j).cloned().flatten()), numeric[i], j);
                let cells = (columns.start..columns.end).enumerate().map(cell).collect_view();
                let top = HEAD + row as f64 * ROW + shift;
                view! { <div class="tr" role="row" aria-rowindex=(row + 2).to_string() style:top=format!("{top}px")>{cells}</div> }
            };
            (window.start..window.end).map(row).collect_view()
        })
    };
    view! {
        <div class="grid small-grid" node_ref=node role="table" tabindex="0" aria-label="Rows that came out" data-testid="preview-table"
            aria-rowcount=(rows + 1).to_string() aria-colcount=count.to_string() on:scroll=move |_| look()>
            <div class="grid-size" style:height=move || format!("{}px", tall(seen.get().height).laid()) style:width=format!("{}px", count as f64 * COLUMN)>
                <div class="thead" role="row">{heads}</div>
                {body}
            </div>
        </div>
        <p class="quiet small num">{format::size(rows, count as u64)}</p>
    }
}
