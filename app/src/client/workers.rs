//! The pool of workers: one conductor, which holds the engine's session, and executors, which run its jobs.
//!
//! Bytes between conductor and executors pass through here unread and are handed over, not copied.

use super::network::Network;
use super::program::Program;
use automl_core::engine::protocol::{Command, Event};
use js_sys::{Array, ArrayBuffer};
use std::cell::RefCell;
use std::rc::Rc;
use trellis_page::message;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ErrorEvent, MessageEvent, Worker};

/// A worker that ends so often before it was ready will not start at all.
const MOST_STARTS: u32 = 3;
/// More executors than a search can keep busy.
const MOST_EXECUTORS: u32 = 8;

/// Who hears what the engine tells.
pub type Listener = Rc<dyn Fn(Event, Option<ArrayBuffer>)>;

/// What goes beside a command.
pub enum Beside {
    Nothing,
    Blob(Blob),
    Buffer(ArrayBuffer),
}

/// A worker that may still be loading.
struct Slot {
    worker: Option<Worker>,
    ready: bool,
    /// (message, what is handed over) for when it has loaded.
    waiting: Vec<(Array, Array)>,
    /// Counts restarts, so that words of an ended worker are not heard.
    generation: u32,
    /// Starts since it was ready last.
    starts: u32,
}

impl Slot {
    fn new() -> Self {
        Self { worker: None, ready: false, waiting: Vec::new(), generation: 0, starts: 0 }
    }

    fn send(&mut self, message: Array, transfer: Array) {
        match (&self.worker, self.ready) {
            (Some(worker), true) => {
                // The only failure is an item that cannot be sent, and all that are sent can.
                let _ = worker.post_message_with_transfer(&message, &transfer);
            }
            _ => self.waiting.push((message, transfer)),
        }
    }
}

/// Why the engine is not what it was.
pub enum Broken {
    /// It never came up.
    NotStarted(String),
    /// The conductor broke down, and a fresh one was started.
    Ended(String),
}

type OnBroken = Rc<dyn Fn(Broken)>;
/// Hears a graphics card's name, or an empty one and why there is none; then what is to be kept of what was measured, if
/// anything is.
type OnCard = Rc<dyn Fn(String, String, String)>;

/// Who asks for a graphics card: the first executor, and before it the conductor, which predicts many rows for pipelines.
const CARD_SLOT: usize = 1;

struct Inner {
    /// Once it has been loaded.
    program: Option<Program>,
    /// The conductor, then the executors.
    slots: Vec<Slot>,
    listener: Listener,
    broken: OnBroken,
    on_card: OnCard,
    /// Where the first executor may compute: `auto`, `cpu` or `gpu`.
    backend: String,
    /// What was measured of graphics cards.
    measured: String,
}

/// A handle on the pool.
#[derive(Clone)]
pub struct Pool(Rc<RefCell<Inner>>);

/// What is loaded so long after the page delays nothing of its first paint.
const FIRST_PAINT_MS: u32 = 30;

/// Machines with more cores leave one to the page, which needs little.
const FEW_CORES: u32 = 4;

/// How many executors this machine is worth.
pub fn executors() -> u32 {
    let cores = web_sys::window().map_or(2.0, |w| w.navigator().hardware_concurrency()) as u32;
    let spared = if cores > FEW_CORES { cores - 1 } else { cores };
    spared.clamp(1, MOST_EXECUTORS)
}

impl Pool {
    /// Starts to load the workers' program, and then the workers. What is asked before waits for them.
    pub fn start(
        network: Network,
        (listener, broken, on_card): (Listener, OnBroken, OnCard),
        (backend, measured): (String, String),
    ) -> Self {
        let slots = (0..=executors()).map(|_| Slot::new()).collect();
        let inner = Inner { program: None, slots, listener, broken, on_card, backend, measured };
        let pool = Self(Rc::new(RefCell::new(inner)));
        let loading = pool.clone();
        wasm_bindgen_futures::spawn_local(async move {
            gloo_timers::future::TimeoutFuture::new(FIRST_PAINT_MS).await;
            match Program::load(network).await {
                Ok(program) => {
                    loading.0.borrow_mut().program = Some(program);
                    let count = loading.0.borrow().slots.len();
                    (0..count).for_each(|index| loading.spawn(index));
                }
                Err(reason) => loading.tell_broken(Broken::NotStarted(reason)),
            }
        });
        pool
    }

    fn tell_broken(&self, broken: Broken) {
        let tell = self.0.borrow().broken.clone();
        tell(broken);
    }

    /// Asks the engine for something.
    pub fn ask(&self, command: &Command, beside: Beside) {
        // Commands are plain data with text keys, which always serialise.
        let json = serde_json::to_string(command).unwrap_or_default();
        let (message, transfer) = (Array::of2(&message::COMMAND.into(), &json.into()), Array::new());
        match beside {
            Beside::Nothing => {}
            Beside::Blob(blob) => {
                message.push(&blob);
            }
            Beside::Buffer(buffer) => {
                message.push(&buffer);
                transfer.push(&buffer);
            }
        }
        self.0.borrow_mut().slots[0].send(message, transfer);
    }

    /// Where models are computed from the next study on: `auto`, `cpu` or `gpu`.
    pub fn compute_on(&self, backend: &str) {
        let mut inner = self.0.borrow_mut();
        backend.clone_into(&mut inner.backend);
        for slot in inner.slots.iter_mut().take(CARD_SLOT + 1) {
            // One that is not ready hears it when it is.
            if slot.ready {
                slot.send(Array::of2(&message::BACKEND.into(), &backend.into()), Array::new());
            }
        }
    }

    fn spawn(&self, index: usize) {
        let started = self.0.borrow().program.as_ref().map(Program::start);
        let worker = match started {
            None => return,
            Some(Ok(worker)) => worker,
            Some(Err(error)) => return self.tell_broken(Broken::NotStarted(format!("{error:?}"))),
        };
        let generation = self.0.borrow().slots[index].generation;
        let (hearing, failing) = (self.clone(), self.clone());
        let on_message = Closure::<dyn FnMut(MessageEvent)>::new(move |event: MessageEvent| {
            hearing.hear(index, generation, &event.data().unchecked_into());
        });
        let on_error = Closure::<dyn FnMut(ErrorEvent)>::new(move |event: ErrorEvent| {
            event.prevent_default();
            failing.lost(index, generation, &event.message());
        });
        worker.set_onmessage(Some(on_message.as_ref().unchecked_ref()));
        worker.set_onerror(Some(on_error.as_ref().unchecked_ref()));
        // They live as long as the worker, and workers are seldom started.
        on_message.forget();
        on_error.forget();
        self.0.borrow_mut().slots[index].worker = Some(worker);
    }

    /// Ends a worker and starts a fresh one.
    fn restart(&self, index: usize) {
        {
            let mut inner = self.0.borrow_mut();
            let slot = &mut inner.slots[index];
            if let Some(worker) = slot.worker.take() {
                worker.terminate();
            }
            *slot = Slot { generation: slot.generation + 1, starts: slot.starts + 1, ..Slot::new() };
        }
        self.spawn(index);
    }

    fn lost(&self, index: usize, generation: u32, reason: &str) {
        let (current, starts) = {
            let slot = &self.0.borrow().slots[index];
            (slot.generation, slot.starts)
        };
        if current != generation {
            return;
        }
        if starts >= MOST_STARTS {
            return self.tell_broken(Broken::NotStarted(reason.to_owned()));
        }
        self.restart(index);
        if index == 0 {
            return self.tell_broken(Broken::Ended(reason.to_owned()));
        }
        let message = Array::of3(&message::LOST.into(), &JsValue::from(index as u32 - 1), &reason.into());
        self.0.borrow_mut().slots[0].send(message, Array::new());
    }

    fn hear(&self, index: usize, generation: u32, parts: &Array) {
        if self.0.borrow().slots[index].generation != generation {
            return;
        }
        match parts.get(0).as_string().unwrap_or_default().as_str() {
            message::READY => self.became_ready(index),
            message::EVENT => {
                let json = parts.get(1).as_string().unwrap_or_default();
                let listener = self.0.borrow().listener.clone();
                // The worker is of the same build, so its events can be read.
                if let Ok(event) = serde_json::from_str::<Event>(&json) {
                    listener(event, parts.get(2).dyn_into().ok());
                }
            }
            message::JOB => {
                let executor = parts.get(1).as_f64().unwrap_or(0.0) as usize + 1;
                let bytes = parts.get(2);
                let message = Array::of2(&message::JOB.into(), &bytes);
                if let Some(slot) = self.0.borrow_mut().slots.get_mut(executor) {
                    slot.send(message, Array::of1(&bytes));
                }
            }
            message::ANSWER => {
                let bytes = parts.get(1);
                let from = JsValue::from(index as u32 - 1);
                let message = Array::of3(&message::ANSWER.into(), &from, &bytes);
                self.0.borrow_mut().slots[0].send(message, Array::of1(&bytes));
            }
            message::CARD => {
                let text = |place: u32| parts.get(place).as_string().unwrap_or_default();
                let tell = self.0.borrow().on_card.clone();
                // A worker that is started afresh knows it too.
                Some(text(3))
                    .filter(|m| !m.is_empty())
                    .into_iter()
                    .for_each(|m| self.0.borrow_mut().measured = m);
                tell(text(1), text(2), text(3));
            }
            message::RESET => self.restart(parts.get(1).as_f64().unwrap_or(0.0) as usize + 1),
            _ => {}
        }
    }

    fn became_ready(&self, index: usize) {
        let mut inner = self.0.borrow_mut();
        let executors = inner.slots.len() as u32 - 1;
        // One card is enough for one of them; the others compute on the processor meanwhile.
        let backend = if index <= CARD_SLOT { inner.backend.clone() } else { "cpu".to_owned() };
        let measured = inner.measured.clone();
        let slot = &mut inner.slots[index];
        slot.ready = true;
        slot.starts = 0;
        let role = if index == 0 {
            Array::of4(&message::CONDUCT.into(), &executors.into(), &backend.into(), &measured.into())
        } else {
            Array::of3(&message::EXECUTE.into(), &backend.into(), &measured.into())
        };
        slot.send(role, Array::new());
        for (message, transfer) in std::mem::take(&mut slot.waiting) {
            slot.send(message, transfer);
        }
    }
}
