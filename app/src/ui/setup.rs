//! The question: what is predicted, for how long is searched, and the one button.

use super::learners::Learners;
use super::narrow::Narrowed;
use super::options::{Constraints, Limits, Weights};
use super::server::{ServerButton, ServerOffer, offer_search};
use crate::store::Store;
use automl_core::engine::protocol::{Command, StudyRequest, TargetInfo};
use automl_core::model::Task;
use automl_core::table::ColumnType;
use leptos::html::Select;
use leptos::prelude::*;
use trellis_page::asked::{Asked, Offered};
use trellis_page::{choice, format};

/// Columns offered as targets; beyond, a name is typed.
const MOST_OPTIONS: usize = 2_000;

/// What the form holds, as text.
#[derive(Clone, Copy)]
struct Form {
    budget: RwSignal<String>,
    trials: RwSignal<String>,
    seed: RwSignal<String>,
    metric: RwSignal<Option<String>>,
    ignore: RwSignal<Vec<String>>,
    reproducible: RwSignal<bool>,
    populations: RwSignal<bool>,
    learners: RwSignal<choice::Changes>,
    asked: RwSignal<Asked>,
}

impl Form {
    /// Nothing is asked yet but a minute. What does not fit another table or target is forgotten with it.
    fn new(store: Store) -> Self {
        let form = Self {
            budget: RwSignal::new("60".to_owned()),
            trials: RwSignal::new(String::new()),
            seed: RwSignal::new("0".to_owned()),
            metric: RwSignal::new(None),
            ignore: RwSignal::new(Vec::new()),
            reproducible: RwSignal::new(false),
            populations: RwSignal::new(false),
            learners: RwSignal::default(),
            asked: RwSignal::default(),
        };
        // A metric of another task would be refused, and another table has other columns.
        Effect::new(move |_| {
            store.target.track();
            form.metric.set(None);
        });
        Effect::new(move |before: Option<String>| {
            let name = store.name.get();
            if before.is_some_and(|b| b != name) {
                form.ignore.set(Vec::new());
                form.asked.set(Asked::default());
            }
            name
        });
        form
    }

    /// The columns that weights and constraints may name.
    fn offered(self, store: Store, target: &TargetInfo) -> Offered {
        let columns: Vec<(String, ColumnType)> = store.table.with(|table| {
            let columns = table.iter().flat_map(|t| t.profile.columns.iter().take(MOST_OPTIONS));
            columns.map(|c| (c.name.clone(), c.ty)).collect()
        });
        Offered::new(&columns, target, &self.ignore.read(), &self.asked.read())
    }

    /// Why no population can be trained, in a sentence; `None` where one can.
    fn no_populations(self, store: Store) -> Option<&'static str> {
        if store.backend.with(|backend| backend == "cpu") {
            return Some(
                "Not where models are computed on the processor only, as is chosen at the top of the page.",
            );
        }
        self.reproducible.get().then_some("Not in a search that is reproducible on every machine.")
    }

    /// The request, or what is wrong with the form.
    fn request(self, store: Store, target: &TargetInfo) -> Result<StudyRequest, &'static str> {
        let number = |text: String| {
            if text.trim().is_empty() { Ok(None) } else { text.trim().parse::<f64>().map(Some) }
        };
        let budget = number(self.budget.get_untracked()).map_err(|_| "The time is a number of seconds.")?;
        let trials = number(self.trials.get_untracked()).map_err(|_| "The most models is a whole number.")?;
        let seed: u64 =
            self.seed.get_untracked().trim().parse().map_err(|_| "The seed is a whole number.")?;
        if budget.is_none() && trials.is_none() {
            return Err("Give a time, or the most models to try.");
        }
        if budget.is_some_and(|b| !(1.0..=86_400.0).contains(&b)) {
            return Err("The time lies between 1 second and a day.");
        }
        if trials.is_some_and(|t| !(1.0..=100_000.0).contains(&t) || t.fract() != 0.0) {
            return Err("The most models is a whole number from 1 on.");
        }
        let reproducible = self.reproducible.get_untracked();
        let learners =
            self.learners.with_untracked(|changes| choice::ids(&target.learners, changes, reproducible))?;
        let mut request = StudyRequest {
            target: target.column.clone(),
            task: Some(target.task),
            metric: self.metric.get_untracked(),
            // Another reading of the file may have other columns.
            ignore: self
                .ignore
                .with_untracked(|i| i.iter().filter(|c| target.features.contains(c)).cloned().collect()),
            budget_secs: budget,
            max_trials: trials.map(|t| t as u32),
            seed,
            reproducible,
            populations: self.populations.get_untracked() && untrack(|| self.no_populations(store)).is_none(),
            learners,
            ..StudyRequest::default()
        };
        let offered = untrack(|| self.offered(store, target));
        self.asked.with_untracked(|asked| asked.apply(&offered, &mut request))?;
        Ok(request)
    }
}

#[component]
fn TargetSelect() -> impl IntoView {
    let store: Store = expect_context();
    let names = move || {
        let table = store.table.get();
        let columns = table.iter().flat_map(|t| t.profile.columns.iter().take(MOST_OPTIONS));
        let chosen = store.target.get().map(|t| t.column.clone());
        columns
            .map(|c| {
                let selected = chosen.as_deref() == Some(c.name.as_str());
                view! { <option value=c.name.clone() selected=selected>{c.name.clone()}</option> }
            })
            .collect_view()
    };
    let choose =
        move |event| store.tell(&Command::Inspect { column: event_target_value(&event), task: None });
    let node = NodeRef::<Select>::new();
    // A column that cannot be predicted was refused: back to the one that is asked about.
    Effect::new(move |_| {
        store.alerts.track();
        if let (Some(select), Some(target)) = (node.get(), store.target.get_untracked()) {
            select.set_value(&target.column);
        }
    });
    view! {
        <label class="field">
            <span>"Predict"</span>
            <select
                data-testid="target-select"
                node_ref=node
                prop:value=move || store.target.get().map(|t| t.column.clone()).unwrap_or_default()
                on:change=choose
            >
                {names}
            </select>
        </label>
    }
}

fn task_id(task: Task) -> &'static str {
    task.name()
}

#[component]
fn TaskSelect() -> impl IntoView {
    let store: Store = expect_context();
    let choose = move |event| {
        let chosen = event_target_value(&event);
        let Some(target) = store.target.get_untracked() else { return };
        let task = target.tasks.iter().copied().find(|t| task_id(*t) == chosen);
        store.tell(&Command::Inspect { column: target.column.clone(), task });
    };
    move || {
        let target = store.target.get()?;
        (target.tasks.len() > 1).then(|| {
            let options = target
                .tasks
                .iter()
                .map(|t| view! { <option value=task_id(*t) selected=*t == target.task>{format::task(*t)}</option> })
                .collect_view();
            view! {
                <label class="field"><span>"as"</span><select on:change=choose>{options}</select></label>
            }
        })
    }
}

/// A column that may be ignored.
#[component]
fn Ignored(name: String, ignore: RwSignal<Vec<String>>) -> impl IntoView {
    let (key, shown) = (name.clone(), name.clone());
    let ignored = move || ignore.with(|i| i.contains(&key));
    let flip = move |_| {
        ignore.update(|list| match list.iter().position(|c| *c == name) {
            Some(at) => drop(list.remove(at)),
            None => list.push(name.clone()),
        });
    };
    view! { <label class="check"><input type="checkbox" prop:checked=ignored on:change=flip /><span>{shown}</span></label> }
}

/// The wish for a population of networks, where there can be one.
#[component]
fn Populations(form: Form) -> impl IntoView {
    let store: Store = expect_context();
    view! {
        <label class="check">
            <input
                type="checkbox"
                data-testid="populations"
                aria-describedby="populations-help"
                disabled=move || form.no_populations(store).is_some()
                bind:checked=form.populations
            />
            "Population of networks on the graphics card"
        </label>
        <p class="quiet small check-help" id="populations-help">
            "Trains 64 settings of neural networks side by side, drops the worse half again and again, and tries the best three. Another graphics card may choose others, and so give another model. "
            {move || form.no_populations(store)}
        </p>
    }
}

#[component]
fn Advanced(form: Form) -> impl IntoView {
    let store: Store = expect_context();
    let metrics = move || {
        let target = store.target.get();
        let usual = target.as_ref().map(|t| t.metric.clone()).unwrap_or_default();
        target
            .iter()
            .flat_map(|t| t.metrics.clone())
            .map(|(id, title)| view! { <option value=id.clone() selected=id == usual>{title}</option> })
            .collect_view()
    };
    let features = Memo::new(move |_| {
        let target = store.target.read();
        let features = target.iter().flat_map(|t| t.features.iter().take(MOST_OPTIONS).cloned());
        features.collect::<Vec<_>>()
    });
    let ignored = Memo::new(move |_| {
        let count = form.ignore.with(|i| i.iter().filter(|c| features.read().contains(c)).count());
        if count > 0 { count.to_string() } else { String::new() }
    });
    let offered = Memo::new(move |_| {
        store.target.with(|t| t.as_ref().map(|t| form.offered(store, t)).unwrap_or_default())
    });
    view! {
        <details class="advanced">
            <summary>"More settings"</summary>
            <div class="fields">
                <label class="field">
                    <span>"Score by"</span>
                    <select on:change=move |e| form.metric.set(Some(event_target_value(&e)))>{metrics}</select>
                </label>
                <label class="field">
                    <span>"Most models"</span>
                    <input data-testid="max-trials-input" inputmode="numeric" placeholder="no limit" bind:value=form.trials />
                </label>
                <label class="field"><span>"Seed"</span><input inputmode="numeric" bind:value=form.seed /></label>
                <Weights asked=form.asked offered />
                <Limits asked=form.asked />
            </div>
            <p class="quiet small" id="weights-help">
                "A column of weights is not learned from. A row of weight 2 counts as two rows, in training and in scores."
            </p>
            <p class="quiet small" id="limits-help">
                "The time to predict a row is measured on this machine, so a search with this limit needs Seconds and cannot be reproducible. Memory is that of each worker; where not all rows fit, a sample of them is learned from, and the result says so."
            </p>
            <p class="quiet small">
                "The same table, seed and number of models give the same model on every machine. Leave the time empty to be limited by models alone."
            </p>
            <label class="check">
                <input type="checkbox" data-testid="reproducible" aria-describedby="reproducible-help" bind:checked=form.reproducible />
                "Reproducible on every machine"
            </label>
            <p class="quiet small check-help" id="reproducible-help">
                "Leaves out kinds of models whose last digits depend on the machine, even where they are chosen."
            </p>
            <Populations form />
            <Learners changes=form.learners reproducible=form.reproducible />
            <Constraints asked=form.asked offered />
            <details>
                <summary>"Columns to ignore "<span class="quiet">{ignored}</span></summary>
                <Narrowed
                    class="checks"
                    names=features.into()
                    is_set=move |name| form.ignore.read().iter().any(|c| c == name)
                    each=move |name| view! { <Ignored name ignore=form.ignore /> }
                />
            </details>
        </details>
    }
}

#[component]
pub fn Setup() -> impl IntoView {
    let store: Store = expect_context();
    let form = Form::new(store);
    let wrong = RwSignal::new(String::new());
    // What is asked for, or a word on what is wrong.
    let asked = move || {
        let target = store.target.get_untracked()?;
        let request = form.request(store, &target);
        wrong.set(request.as_ref().err().map(ToString::to_string).unwrap_or_default());
        request.ok()
    };
    let start = move |_| {
        if let Some(request) = asked() {
            store.search(request);
        }
    };
    let offer = Callback::new(move |()| {
        if let Some(request) = asked() {
            if request.populations {
                return wrong.set("The server trains no population of networks: search here, or leave it out under \"More settings\".".to_owned());
            }
            wasm_bindgen_futures::spawn_local(async move {
                if let Err(what) = offer_search(store, request).await {
                    wrong.set(what);
                }
            });
        }
    });
    let question = move || {
        store.target.get().map(|t| {
            view! {
                "Predict "<strong>{t.column.clone()}</strong>
                {format!(" ({}) ", format::answer(t.task, &t.classes))}
                <span class="quiet">{t.reason.clone()}</span>
            }
        })
    };
    view! {
        <div class="setup">
            <div class="fields">
                <TargetSelect />
                <TaskSelect />
                <label class="field narrow">
                    <span>"Seconds"</span>
                    <input data-testid="budget-input" inputmode="decimal" bind:value=form.budget />
                </label>
                <button
                    class="primary"
                    data-testid="start-search"
                    disabled=move || store.target.with(Option::is_none) || store.searching() || store.starting.get() || store.server.stage.with(Option::is_some)
                    on:click=start
                >
                    "Find the best model"
                </button>
                <ServerButton offer />
            </div>
            <p class="question">{question}</p>
            <p class="field-error" role="alert">{move || wrong.get()}</p>
            <ServerOffer />
            <Advanced form />
        </div>
    }
}
