//! The engine in a Web Worker. Its first message says what it is: the conductor, which holds the session, or an
//! executor, which runs jobs.
//!
//! Messages are JavaScript arrays that begin with a word; `app/src/client/workers.rs` is the other end.

#[path = "worker/card.rs"]
mod card;
#[path = "worker/executor.rs"]
mod executor;
#[path = "worker/kept.rs"]
mod kept;

use automl_core::compute::{Backend, Card};
use automl_core::engine::flow::Batch;
use automl_core::engine::protocol::{Command, Event, FlowCommand, FlowEvent};
use automl_core::engine::{Output, Session};
use card::Cards;
use executor::Executor;
use js_sys::{Array, ArrayBuffer, Uint8Array};
use kept::Kept;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
use trellis_page::message;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::{Blob, DedicatedWorkerGlobalScope, MessageEvent};

/// Bytes of a file that are read at a time.
const CHUNK: f64 = 4.0 * 1024.0 * 1024.0;
/// Milliseconds between two looks at the clock.
const TICK_MS: u32 = 100;

fn main() {
    console_error_panic_hook::set_once();
    let scope = scope();
    let role: Rc<RefCell<Role>> = Rc::new(RefCell::new(Role::Unknown));
    let on_message = {
        let role = role.clone();
        Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            let parts: Array = event.data().unchecked_into();
            receive(&role, &parts);
        })
    };
    scope.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
    on_message.forget();
    post(&[message::READY.into()], None);
}

enum Role {
    Unknown,
    Executor(Rc<Executor>),
    Conductor(Rc<Conductor>),
}

/// The worker's own global object; this program runs nowhere else.
fn scope() -> DedicatedWorkerGlobalScope {
    js_sys::global().unchecked_into()
}

/// Sends an array to the page; `bytes` become its last item and are handed over, not copied twice.
fn post(parts: &[JsValue], bytes: Option<&[u8]>) {
    let array: Array = parts.iter().collect();
    let transfer = Array::new();
    if let Some(bytes) = bytes {
        let buffer = Uint8Array::from(bytes).buffer();
        array.push(&buffer);
        transfer.push(&buffer);
    }
    // The only failure is an item that cannot be sent, and all of these can.
    let _ = scope().post_message_with_transfer(&array, &transfer);
}

fn bytes_of(value: &JsValue) -> Vec<u8> {
    value.dyn_ref::<ArrayBuffer>().map(|b| Uint8Array::new(b).to_vec()).unwrap_or_default()
}

/// The processor where nothing else is said.
fn backend_of(value: &JsValue) -> Backend {
    let named = value.as_string().unwrap_or_default();
    serde_json::from_value(named.into()).unwrap_or(Backend::Cpu)
}

fn receive(role: &Rc<RefCell<Role>>, parts: &Array) {
    let word = parts.get(0).as_string().unwrap_or_default();
    let mut role = role.borrow_mut();
    match (&mut *role, word.as_str()) {
        (_, message::CONDUCT) => {
            let workers = parts.get(1).as_f64().unwrap_or(1.0) as u32;
            let measured = parts.get(3).as_string().unwrap_or_default();
            *role = Role::Conductor(Conductor::start(workers, backend_of(&parts.get(2)), &measured));
        }
        (_, message::EXECUTE) => {
            let measured = parts.get(2).as_string().unwrap_or_default();
            *role = Role::Executor(Executor::new(backend_of(&parts.get(1)), &measured));
        }
        (Role::Executor(executor), message::JOB) => executor.clone().receive(bytes_of(&parts.get(1))),
        (Role::Executor(executor), message::BACKEND) => executor.want(backend_of(&parts.get(1))),
        (Role::Conductor(conductor), _) => {
            let conductor = conductor.clone();
            drop(role);
            conductor.receive(&word, parts);
        }
        _ => {}
    }
}

/// Holds the session, carries what it gives to the page, and reads files.
struct Conductor {
    session: RefCell<Session>,
    /// Number of the table that was asked for last; the reading of an older one is given up.
    opening: Cell<u32>,
    /// Commands that wait for the one that is being done: command, what lies beside it, `opening` when it came.
    waiting: RefCell<VecDeque<(Command, JsValue, u32)>>,
    busy: Cell<bool>,
    /// A pipeline is being run, a part after the other.
    going_on: Cell<bool>,
    /// Results that outlast the page.
    kept: Kept,
    cards: Cards,
    wanted: Cell<Backend>,
    /// For rows that pipelines ask models about, once there were many: the card, and as what it was asked for.
    card: RefCell<(Backend, Option<Card>)>,
}

impl Conductor {
    fn start(workers: u32, wanted: Backend, measured: &str) -> Rc<Self> {
        let conductor = Rc::new(Self {
            session: RefCell::new(Session::new(workers)),
            opening: Cell::new(0),
            waiting: RefCell::default(),
            busy: Cell::new(false),
            going_on: Cell::new(false),
            kept: Kept::default(),
            cards: Cards::known(measured),
            wanted: Cell::new(wanted),
            card: RefCell::new((Backend::Cpu, None)),
        });
        let ticking = conductor.clone();
        gloo_timers::callback::Interval::new(TICK_MS, move || {
            let outputs = ticking.session.borrow_mut().tick(now());
            carry(outputs);
            ticking.clone().go_on();
        })
        .forget();
        conductor
    }

    /// Goes on with a pipeline while there is something to do, with time for the words of the page between two parts.
    fn go_on(self: Rc<Self>) {
        if !self.session.borrow().has_work() || self.going_on.replace(true) {
            return;
        }
        wasm_bindgen_futures::spawn_local(async move {
            while self.session.borrow().has_work() {
                match self.batch() {
                    Some(batch) => self.predict(&batch).await,
                    None => carry(self.session.borrow_mut().tick(now())),
                }
                gloo_timers::future::TimeoutFuture::new(0).await;
            }
            self.going_on.set(false);
            self.keep().await;
        });
    }

    /// Rows for a card, unless it is known that there is none.
    fn batch(&self) -> Option<Batch> {
        let (asked, card) = &*self.card.borrow();
        let is_none = card.as_ref().is_none_or(|card| card.why_not().is_some());
        if *asked == self.wanted.get() && is_none {
            return None;
        }
        self.session.borrow_mut().batch()
    }

    /// Predicts many rows for a pipeline, on a card where there is one and it pays. Words of the page are heard meanwhile.
    async fn predict(&self, batch: &Batch) {
        let began = now();
        let wanted = self.wanted.get();
        if self.card.borrow().0 != wanted {
            let card = self.cards.ask(wanted).await;
            self.card.replace((wanted, card));
        }
        let card = self.card.borrow().1.clone();
        let said = batch.predict(card.as_ref()).await;
        let outputs = self.session.borrow_mut().predicted(batch, said, now() - began);
        carry(outputs);
    }

    /// Writes down what came since the last time.
    async fn keep(&self) {
        let fresh = self.session.borrow_mut().fresh_results();
        for key in fresh {
            let bytes = self.session.borrow().cache_bytes(&key);
            if let Some(bytes) = bytes {
                self.kept.put(&key, &bytes).await;
            }
        }
    }

    /// Takes results back that were written down, so that nothing is run again.
    async fn take_kept(&self) {
        let wanted = self.session.borrow().wanted_results();
        let found = self.kept.get(&wanted).await;
        if !found.is_empty() {
            let outputs = self.session.borrow_mut().take_cached(&found);
            carry(outputs);
        }
    }

    fn receive(self: Rc<Self>, word: &str, parts: &Array) {
        let number = || parts.get(1).as_f64().unwrap_or(0.0) as u32;
        match word {
            message::ANSWER => {
                let bytes = bytes_of(&parts.get(2));
                let outputs = self.session.borrow_mut().worker_message(number(), &bytes, now());
                carry(outputs);
                self.go_on();
            }
            message::BACKEND => self.wanted.set(backend_of(&parts.get(1))),
            message::LOST => {
                let reason = parts.get(2).as_string().unwrap_or_default();
                let outputs = self.session.borrow_mut().worker_lost(number(), &reason, now());
                carry(outputs);
            }
            message::COMMAND => {
                let json = parts.get(1).as_string().unwrap_or_default();
                // The page is of the same build, so its commands can be read.
                let Ok(command) = serde_json::from_str::<Command>(&json) else { return };
                if matches!(command, Command::Open { .. } | Command::Cancel) {
                    self.opening.set(self.opening.get() + 1);
                }
                self.waiting.borrow_mut().push_back((command, parts.get(2), self.opening.get()));
                if !self.busy.replace(true) {
                    wasm_bindgen_futures::spawn_local(self.work());
                }
            }
            _ => {}
        }
    }

    /// Does the commands in their order: reading a file takes a while, and what is asked next is about that file.
    async fn work(self: Rc<Self>) {
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some((command, body, mine)) = next else { break };
            // Before a run, and where a plan may have changed what could be had.
            let plans =
                |ask: &FlowCommand| matches!(ask, FlowCommand::Plan { .. } | FlowCommand::Supply { .. });
            let may_find = matches!(&command, Command::Flow { ask } if plans(ask));
            match body.dyn_into::<Blob>() {
                Ok(blob) => self.with_blob(command, blob, mine).await,
                Err(body) => self.handle(command, body.dyn_ref::<ArrayBuffer>().map(|_| bytes_of(&body))),
            }
            if may_find {
                self.take_kept().await;
            }
            self.clone().go_on();
        }
        self.busy.set(false);
    }

    fn handle(&self, command: Command, body: Option<Vec<u8>>) {
        let outputs = self.session.borrow_mut().handle(command, body.as_deref(), now());
        carry(outputs);
    }

    /// A command whose bytes are in a file: tables are read in chunks, a model whole.
    async fn with_blob(&self, command: Command, blob: Blob, mine: u32) {
        // What a pipeline wants is read whatever else is opened.
        let wanted =
            |ask: &FlowCommand| matches!(ask, FlowCommand::Supply { .. } | FlowCommand::Bring { .. });
        let is_supply = matches!(&command, Command::Flow { ask } if wanted(ask));
        let source = match &command {
            Command::Flow { ask: FlowCommand::Supply { source, .. } } => Some(source.clone()),
            _ => None,
        };
        let begun = match command {
            _ if self.opening.get() != mine && !is_supply => return,
            Command::Flow { ask: FlowCommand::Supply { source, name, options } } => {
                self.session.borrow_mut().supply_begin(&source, &name, options, blob.size() as u64)
            }
            Command::Open { name, options } => {
                self.session.borrow_mut().open_begin(&name, blob.size() as u64, options)
            }
            Command::PredictTable { name, options } => {
                self.session.borrow_mut().predict_begin(&name, options, blob.size() as u64)
            }
            other => {
                return match slice(&blob, 0.0, blob.size()).await {
                    Ok(bytes) => self.handle(other, Some(bytes)),
                    Err(reason) => unreadable(&reason, None),
                };
            }
        };
        carry(begun);
        let mut at = 0.0;
        while at < blob.size() {
            let chunk = slice(&blob, at, (at + CHUNK).min(blob.size())).await;
            if self.opening.get() != mine && !is_supply {
                return;
            }
            match chunk {
                Ok(bytes) => carry(self.session.borrow_mut().read_chunk(&bytes)),
                Err(reason) => return unreadable(&reason, source),
            }
            at += CHUNK;
        }
        carry(self.session.borrow_mut().read_end());
        while self.session.borrow().is_predicting() {
            carry(self.session.borrow_mut().predict_block());
            // Time for the words of the page, which may be to give up.
            gloo_timers::future::TimeoutFuture::new(0).await;
            if self.opening.get() != mine {
                return;
            }
        }
    }
}

async fn slice(blob: &Blob, from: f64, to: f64) -> Result<Vec<u8>, String> {
    let read = async {
        let part = blob.slice_with_f64_and_f64(from, to)?;
        JsFuture::from(part.array_buffer()).await
    };
    let buffer = read.await.map_err(|e| format!("{e:?}"))?;
    Ok(bytes_of(&buffer))
}

/// `source`: the source of a pipeline whose table it is.
fn unreadable(reason: &str, source: Option<String>) {
    let diagnostic = automl_core::diagnostic::Diagnostic::error(
        "file.unreadable",
        format!("The file cannot be read: {reason}"),
        "It may have been changed or moved since it was chosen. Choose it again.",
    );
    let diagnostics = vec![diagnostic];
    let event = match source {
        Some(source) => Event::Flow { tell: Box::new(FlowEvent::Refused { source, diagnostics }) },
        None => Event::Failed { diagnostics },
    };
    carry(vec![Output::Event(Box::new(event), None)]);
}

/// Seconds on this worker's clock.
fn now() -> f64 {
    js_sys::Date::now() / 1000.0
}

fn carry(outputs: Vec<Output>) {
    for output in outputs {
        match output {
            Output::Event(event, body) => {
                // Events are plain data with text keys, which always serialise.
                let json = serde_json::to_string(&event).unwrap_or_default();
                post(&[message::EVENT.into(), json.into()], body.as_deref());
            }
            Output::ToWorker { worker, bytes } => {
                post(&[message::JOB.into(), worker.into()], Some(&bytes));
            }
            Output::ResetWorker { worker } => post(&[message::RESET.into(), worker.into()], None),
        }
    }
}
