//! One parameter of a node as a control, by what its kind declares.

use super::columns::{ColumnField, ColumnsField};
use super::expression::ExpressionField;
use super::list::ListField;
use crate::store::Store;
use automl_core::diagnostic::{Diagnostic, Severity};
use automl_core::document::NodeId;
use automl_core::kind::{FieldKind, FieldSpec, Schema};
use leptos::prelude::*;
use serde_json::{Map, Value};
use trellis_page::flow::forms;

/// Where a parameter is, and how it is read and written.
#[derive(Clone)]
pub struct Slot {
    pub store: Store,
    pub node: NodeId,
    pub field: FieldSpec,
    /// As findings name it: `keys.2.column`.
    pub path: String,
    /// The parameters beside it.
    pub values: Signal<Map<String, Value>>,
    /// `None`: the default.
    pub set: Callback<Option<Value>>,
}

impl Slot {
    pub fn value(&self) -> Memo<Value> {
        let (field, values) = (self.field.clone(), self.values);
        Memo::new(move |_| forms::value(&field, &values.get()))
    }

    /// The value as a text, for a control.
    pub fn text(&self) -> Memo<String> {
        let value = self.value();
        Memo::new(move |_| match value.get() {
            Value::String(text) => text,
            Value::Null => String::new(),
            other => other.to_string(),
        })
    }

    pub fn write(&self, value: Value) {
        self.set.run(forms::kept(&self.field, value));
    }

    pub fn findings(&self) -> Memo<Vec<Diagnostic>> {
        let (flow, node, path) = (self.store.flow, self.node.clone(), self.path.clone());
        Memo::new(move |_| {
            flow.views.with(|views| {
                let found = views.get(&node).map(|v| forms::findings_at(&v.findings, &path));
                found.unwrap_or_default().into_iter().cloned().collect()
            })
        })
    }

    /// The columns at an input of the node.
    pub fn schema(&self, port: &str) -> Memo<Option<Schema>> {
        let (flow, node, port) = (self.store.flow, self.node.clone(), port.to_owned());
        Memo::new(move |_| {
            flow.history.with(|history| {
                flow.views.with(|views| forms::schema_at(history.document(), views, &node, &port))
            })
        })
    }

    /// An id for the control that is unlike any other on the page.
    pub fn id(&self) -> String {
        format!("field-{}-{}", self.node, self.path.replace('.', "-"))
    }
}

/// What is wrong with a value, and what to do.
#[component]
pub fn Findings(#[prop(into)] found: Signal<Vec<Diagnostic>>) -> impl IntoView {
    move || {
        let notes = found.get().into_iter().map(|d| {
            let class = match d.severity {
                Severity::Error => "field-error small",
                Severity::Warning => "field-warning small",
                Severity::Info => "quiet small",
            };
            let word = match d.severity {
                Severity::Error => "",
                Severity::Warning => "Beware: ",
                Severity::Info => "Note: ",
            };
            view! { <p class=class>{word}{d.message}" "{d.remedy}</p> }
        });
        notes.collect_view()
    }
}

#[component]
fn NumberField(param: Slot) -> impl IntoView {
    let slot = param;
    let wrong = RwSignal::new(String::new());
    let text = slot.text();
    let unit = match &slot.field.kind {
        FieldKind::Number { unit, .. } | FieldKind::Integer { unit, .. } => unit.clone(),
        _ => String::new(),
    };
    let take = {
        let slot = slot.clone();
        move |text: String| match forms::number(&slot.field, &text) {
            Ok(value) => {
                wrong.set(String::new());
                slot.write(value);
            }
            Err(said) => wrong.set(said),
        }
    };
    let slider = forms::slider(&slot.field.kind).map(|(min, max, step)| {
        let take = take.clone();
        let label = format!("{}, slider", slot.field.title);
        view! {
            <input type="range" class="slider" aria-label=label min=min max=max step=step prop:value=move || text.get()
                on:input=move |e| take(event_target_value(&e)) />
        }
    });
    let unit_shown = (!unit.is_empty()).then(|| view! { <span class="quiet small">{unit}</span> });
    view! {
        <div class="number-row">
            <input id=slot.id() type="text" inputmode="decimal" autocomplete="off" placeholder="not set" prop:value=move || text.get()
                aria-invalid=move || (!wrong.with(String::is_empty)).to_string()
                on:change=move |e| take(event_target_value(&e)) />
            {unit_shown}
            {slider}
        </div>
        <p class="field-error small" role="alert">{move || wrong.get()}</p>
    }
}

#[component]
fn ChoiceField(param: Slot) -> impl IntoView {
    let slot = param;
    let FieldKind::Choice { options, .. } = slot.field.kind.clone() else { return ().into_any() };
    let text = slot.text();
    // What the chosen metric says.
    let metrics = slot.store.flow.metrics;
    let said = Memo::new(move |_| metrics.with(|metrics| metrics.get(&text.get()).map(|m| m.help.clone())));
    let all = options
        .into_iter()
        .map(|o| {
            let id = o.id.clone();
            view! { <option value=o.id selected=move || text.get() == id>{o.title}</option> }
        })
        .collect_view();
    let id = slot.id();
    view! {
        <select id=id prop:value=move || text.get() on:change=move |e| slot.write(event_target_value(&e).into())>{all}</select>
        <p class="quiet small">{move || said.get()}</p>
    }
    .into_any()
}

#[component]
fn TextField(param: Slot) -> impl IntoView {
    let slot = param;
    let FieldKind::Text { multiline, placeholder, .. } = slot.field.kind.clone() else {
        return ().into_any();
    };
    let (text, id) = (slot.text(), slot.id());
    let take = move |e| slot.write(event_target_value(&e).into());
    if multiline {
        view! { <textarea id=id rows="5" placeholder=placeholder prop:value=move || text.get() on:input=take></textarea> }.into_any()
    } else {
        view! { <input id=id type="text" autocomplete="off" placeholder=placeholder prop:value=move || text.get() on:input=take /> }
            .into_any()
    }
}

#[component]
fn FlagField(param: Slot) -> impl IntoView {
    let slot = param;
    let value = slot.value();
    let (id, title) = (slot.id(), slot.field.title.clone());
    view! {
        <label class="check">
            <input id=id type="checkbox" prop:checked=move || value.get() == Value::Bool(true)
                on:change=move |e| slot.write(event_target_checked(&e).into()) />
            <span>{title}</span>
        </label>
    }
}

fn control(slot: &Slot) -> AnyView {
    let param = slot.clone();
    match &slot.field.kind {
        FieldKind::Number { .. } | FieldKind::Integer { .. } => view! { <NumberField param /> }.into_any(),
        FieldKind::Flag { .. } => view! { <FlagField param /> }.into_any(),
        FieldKind::Choice { .. } => view! { <ChoiceField param /> }.into_any(),
        FieldKind::Text { .. } => view! { <TextField param /> }.into_any(),
        FieldKind::Column { .. } => view! { <ColumnField param /> }.into_any(),
        FieldKind::Columns { .. } => view! { <ColumnsField param /> }.into_any(),
        FieldKind::Expression { .. } => view! { <ExpressionField param /> }.into_any(),
        FieldKind::List { .. } => view! { <ListField param /> }.into_any(),
        FieldKind::Hidden => ().into_any(),
    }
}

/// The label, the control, what is wrong, and the way back to the default.
#[component]
pub fn Field(param: Slot) -> impl IntoView {
    let slot = param;
    let (field, values, set) = (slot.field.clone(), slot.values, slot.set);
    let is_changed = Memo::new(move |_| !forms::is_default(&field, &values.get()));
    let found = slot.findings();
    let is_flag = matches!(slot.field.kind, FieldKind::Flag { .. });
    let is_group = matches!(slot.field.kind, FieldKind::Columns { .. } | FieldKind::List { .. });
    // An expression tells what is wrong with it, and what to write, by itself.
    let is_expression = matches!(slot.field.kind, FieldKind::Expression { .. });
    let help = {
        let help = slot.field.help.clone();
        move || found.with(|all| all.iter().all(|d| !forms::says_again(d, &help))).then(|| help.clone())
    };
    let title = slot.field.title.clone();
    let label = if is_flag {
        ().into_any()
    } else if is_group {
        view! { <span class="label">{title.clone()}</span> }.into_any()
    } else {
        view! { <label class="label" for=slot.id()>{title.clone()}</label> }.into_any()
    };
    let required = slot.field.required.then(|| view! { <span class="quiet small">"needed"</span> });
    let reset = format!("Reset {title} to its default");
    view! {
        <div class="param" data-param=slot.path.clone() role=is_group.then_some("group") aria-label=is_group.then_some(title)>
            <div class="param-head">
                {label}
                {required}
                <span class="spacer"></span>
                <Show when=move || is_changed.get()>
                    <button type="button" class="plain tiny" aria-label=reset.clone() on:click=move |_| set.run(None)>"Reset"</button>
                </Show>
            </div>
            {control(&slot)}
            {(!is_expression).then(|| view! { <Findings found /> })}
            <p class="quiet small">{help}</p>
        </div>
    }
    .into_any()
}

/// The fields of a node, or of an entry of a list: those that are shown, the advanced ones apart.
pub fn fields(
    all: &[FieldSpec],
    values: Signal<Map<String, Value>>,
    slot: impl Fn(FieldSpec) -> Slot,
) -> AnyView {
    let one = |field: &FieldSpec| {
        let slot = slot(field.clone());
        let (field, all) = (field.clone(), all.to_vec());
        let is_shown = Memo::new(move |_| forms::is_shown(&field, &all, &values.get()));
        view! { <Show when=move || is_shown.get()><Field param=slot.clone() /></Show> }
    };
    let first = all.iter().filter(|f| !f.advanced).map(one).collect_view();
    let more: Vec<&FieldSpec> = all.iter().filter(|f| f.advanced && f.kind != FieldKind::Hidden).collect();
    let has_set = more.iter().any(|f| values.with_untracked(|v| !forms::is_default(f, v)));
    let more = (!more.is_empty()).then(|| {
        let rest = more.into_iter().map(one).collect_view();
        view! { <details class="more" open=has_set><summary>"More"</summary>{rest}</details> }
    });
    view! { {first}{more} }.into_any()
}
