//! The table itself: only the rows and columns in sight are on the page, so a million rows scroll as ten do.

use crate::store::{PAGE_ROWS, Store};
use automl_core::engine::protocol::Command;
use automl_core::table::{ColumnType, profile::ColumnProfile};
use gloo_timers::callback::Timeout;
use leptos::html::Div;
use leptos::prelude::*;
use trellis_page::format;
use trellis_page::window::{Place, Tall, Window};

const ROW: f64 = 32.0;
const COLUMN: f64 = 168.0;
const HEAD: f64 = 112.0;
/// Milliseconds without scrolling after which the scroll bar is put where the page is.
const SETTLED_MS: u32 = 150;

/// What is seen of the table.
#[derive(Debug, Clone, Copy, PartialEq)]
struct View {
    place: Place,
    left: f64,
    width: f64,
    height: f64,
}

fn type_from(name: &str) -> Option<ColumnType> {
    ColumnType::ALL.into_iter().find(|t| t.name() == name)
}

/// Bars of a column's histogram, or of its most frequent values.
fn bars(profile: &ColumnProfile) -> Vec<u64> {
    match &profile.numeric {
        Some(summary) => summary.histogram.counts.clone(),
        None => profile.top.iter().map(|(_, n)| *n).collect(),
    }
}

#[component]
fn Histogram(counts: Vec<u64>) -> impl IntoView {
    let most = counts.iter().copied().max().unwrap_or(1).max(1) as f64;
    let width = 100.0 / counts.len().max(1) as f64;
    let bars = counts
        .into_iter()
        .enumerate()
        .map(|(i, n)| {
            let height = 24.0 * n as f64 / most;
            view! {
                <rect x=format!("{:.2}", i as f64 * width) y=format!("{:.2}", 24.0 - height) width=format!("{:.2}", width * 0.86) height=format!("{height:.2}") />
            }
        })
        .collect_view();
    view! { <svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" aria-hidden="true">{bars}</svg> }
}

#[component]
fn HeadCell(at: usize, profile: ColumnProfile) -> impl IntoView {
    let store: Store = expect_context();
    let name = profile.name.clone();
    let is_target = {
        let name = name.clone();
        move || store.target.with(|t| t.as_ref().is_some_and(|t| t.column == name))
    };
    let retype = {
        let name = name.clone();
        move |event| {
            if let Some(to) = type_from(&event_target_value(&event)) {
                store.options.update(|o| {
                    o.types.insert(name.clone(), to);
                });
                store.tell(&Command::Retype { column: name.clone(), to });
            }
        }
    };
    let types = ColumnType::ALL
        .into_iter()
        .map(|t| view! { <option value=t.name() selected=t == profile.ty>{t.name()}</option> })
        .collect_view();
    let rows = (profile.count + profile.missing).max(1);
    let facts = if profile.missing > 0 {
        format!(
            "{} distinct · {} missing",
            format::count(profile.distinct),
            format::percent(profile.missing as f64 / rows as f64)
        )
    } else {
        format!("{} distinct", format::count(profile.distinct))
    };
    view! {
        <div class="th" class:target=is_target role="columnheader" style:left=format!("{}px", at as f64 * COLUMN)>
            <span class="th-name ellipsis" title=name.clone()>{name.clone()}</span>
            <select class="type" aria-label=format!("Type of {name}") on:change=retype>{types}</select>
            <Histogram counts=bars(&profile) />
            <span class="quiet small ellipsis">{facts}</span>
        </div>
    }
}

fn row_count(store: Store) -> u64 {
    store.table.with(|t| t.as_ref().map_or(0, |t| t.rows))
}

/// The whole table, as tall as it would be.
fn tall(store: Store, view: View) -> Tall {
    Tall::new(HEAD + row_count(store) as f64 * ROW, view.height)
}

#[component]
fn Rows(view: RwSignal<View>) -> impl IntoView {
    let store: Store = expect_context();
    let window = Memo::new(move |_| {
        let v = view.get();
        Window::of(row_count(store) as usize, ROW, v.place.top, v.height - HEAD, 8)
    });
    let shift = Memo::new(move |_| view.get().place.shift());
    Effect::new(move |_| {
        let window = window.get();
        store.rows.track();
        for page in window.start as u64 / PAGE_ROWS..=(window.end.max(1) as u64 - 1) / PAGE_ROWS {
            store.fetch_rows(page);
        }
    });
    let columns = Memo::new(move |_| {
        let v = view.get();
        let count = store.table.with(|t| t.as_ref().map_or(0, |t| t.profile.columns.len()));
        Window::of(count, COLUMN, v.left, v.width, 2)
    });
    let target = Memo::new(move |_| {
        let target = store.target.get()?;
        store.table.with(|t| t.as_ref()?.profile.columns.iter().position(|c| c.name == target.column))
    });
    let numeric = move |j: usize| {
        store.table.with_untracked(|t| {
            t.as_ref().and_then(|t| t.profile.columns.get(j)).is_some_and(|c| c.ty == ColumnType::Numeric)
        })
    };
    move || {
        let (window, columns, target, shift) = (window.get(), columns.get(), target.get(), shift.get());
        store.rows.with(|pages| {
            (window.start..window.end)
                .map(|row| {
                    let page = pages.get(&(row as u64 / PAGE_ROWS));
                    let cells = page.and_then(|p| p.get(row % PAGE_ROWS as usize));
                    let cells = (columns.start..columns.end)
                        .map(|j| {
                            let cell = cells.map(|c| c.get(j).cloned().flatten());
                            let class = match &cell {
                                None => "td loading",
                                Some(None) => "td missing",
                                Some(_) if numeric(j) => "td num",
                                Some(_) => "td",
                            };
                            let text = match cell {
                                None => String::new(),
                                Some(None) => "missing".to_owned(),
                                Some(Some(text)) => text.chars().take(80).collect(),
                            };
                            view! {
                                <div class=class class:target=target == Some(j) role="cell" style:left=format!("{}px", j as f64 * COLUMN)>{text}</div>
                            }
                        })
                        .collect_view();
                    view! {
                        <div class="tr" role="row" aria-rowindex=(row + 2).to_string() style:top=format!("{}px", HEAD + row as f64 * ROW + shift)>{cells}</div>
                    }
                })
                .collect_view()
        })
    }
}

/// Follows the scrolling of `node`, and puts its scroll bar where the page is once that has ended.
fn follow(store: Store, node: NodeRef<Div>, view: RwSignal<View>) -> impl Fn() + Copy {
    let settling: StoredValue<Option<Timeout>, LocalStorage> = StoredValue::new_local(None);
    let settle = move || {
        let Some(element) = node.get_untracked() else { return };
        let v = view.get_untracked();
        let Some(scroll) = untrack(|| tall(store, v)).settled(v.place) else { return };
        element.set_scroll_top(scroll as i32);
        let place = Place { scroll: f64::from(element.scroll_top()), top: v.place.top };
        view.set(View { place, ..v });
    };
    move || {
        let Some(element) = node.get_untracked() else { return };
        let mut v = view.get_untracked();
        v.left = f64::from(element.scroll_left());
        v.width = f64::from(element.client_width());
        v.height = f64::from(element.client_height());
        v.place = untrack(|| tall(store, v)).scrolled(v.place, f64::from(element.scroll_top()));
        view.set(v);
        settling.set_value(Some(Timeout::new(SETTLED_MS, settle)));
    }
}

#[component]
fn Head(view: RwSignal<View>) -> impl IntoView {
    let store: Store = expect_context();
    move || {
        let v = view.get();
        let table = store.table.get()?;
        let window = Window::of(table.profile.columns.len(), COLUMN, v.left, v.width, 2);
        let cells = table.profile.columns[window.start..window.end].iter().cloned().enumerate();
        Some(cells.map(|(i, profile)| view! { <HeadCell at=window.start + i profile /> }).collect_view())
    }
}

/// Which rows are in sight, in words.
fn place_words(store: Store, view: View) -> String {
    let rows = row_count(store);
    let seen = Window::of(rows as usize, ROW, view.place.top, view.height - HEAD - ROW, 0);
    let from = (seen.start as u64 + 1).min(rows);
    format!("Rows {} to {} of {}", format::count(from), format::count(seen.end as u64), format::count(rows))
}

#[component]
pub fn Preview() -> impl IntoView {
    let store: Store = expect_context();
    let node = NodeRef::<Div>::new();
    let view = RwSignal::new(View { place: Place::default(), left: 0.0, width: 1200.0, height: 420.0 });
    let look = follow(store, node, view);
    Effect::new(move |_| {
        store.table.track();
        if node.get().is_some() {
            look();
        }
    });
    let columns = move || store.table.with(|t| t.as_ref().map_or(0, |t| t.profile.columns.len()));
    view! {
        <div class="preview">
            <div
                class="grid"
                node_ref=node
                role="table"
                tabindex="0"
                aria-label="Preview of the table"
                aria-rowcount=move || (row_count(store) + 1).to_string()
                aria-colcount=move || columns().to_string()
                on:scroll=move |_| look()
            >
                <div
                    class="grid-size"
                    style:height=move || format!("{}px", tall(store, view.get()).laid())
                    style:width=move || format!("{}px", columns() as f64 * COLUMN)
                >
                    <div class="thead" role="row"><Head view /></div>
                    <Rows view />
                </div>
            </div>
            <p class="quiet small num" data-testid="preview-place">{move || place_words(store, view.get())}</p>
        </div>
    }
}
