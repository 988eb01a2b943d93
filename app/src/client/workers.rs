//! The pool of workers: one conductor, which holds the engine's session, and executors, which run its jobs.
//!
//! Bytes between conductor and executors pass through here unread and are handed over, not copied.

use automl_core::engine::protocol::{Command, Event};
use js_sys::{Array, ArrayBuffer};
use std::cell::RefCell;
use std::rc::Rc;
use trellis_page::message;
use wasm_bindgen::closure::Closure;
use wasm_bindgen::{JsCast, JsValue};
use web_sys::{Blob, ErrorEvent, MessageEvent, Worker, WorkerOptions, WorkerType};

/// Where trunk puts the script that loads the workers' program.
const LOADER: &str = "/worker_loader.js";
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
}

impl Slot {
    fn new() -> Self {
        Self { worker: None, ready: false, waiting: Vec::new(), generation: 0 }
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

struct Inner {
    /// The conductor, then the executors.
    slots: Vec<Slot>,
    listener: Listener,
    /// Hears why the conductor broke down.
    broken: Rc<dyn Fn(String)>,
}

/// A handle on the pool.
#[derive(Clone)]
pub struct Pool(Rc<RefCell<Inner>>);

/// Machines with more cores leave one to the page, which needs little.
const FEW_CORES: u32 = 4;

/// How many executors this machine is worth.
pub fn executors() -> u32 {
    let cores = web_sys::window().map_or(2.0, |w| w.navigator().hardware_concurrency()) as u32;
    let spared = if cores > FEW_CORES { cores - 1 } else { cores };
    spared.clamp(1, MOST_EXECUTORS)
}

impl Pool {
    /// Starts to load the workers.
    pub fn start(listener: Listener, broken: Rc<dyn Fn(String)>) -> Self {
        let executors = executors();
        let slots = (0..=executors).map(|_| Slot::new()).collect();
        let pool = Self(Rc::new(RefCell::new(Inner { slots, listener, broken })));
        for index in 0..=executors as usize {
            pool.spawn(index);
        }
        pool
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

    fn spawn(&self, index: usize) {
        let options = WorkerOptions::new();
        options.set_type(WorkerType::Module);
        let worker = match Worker::new_with_options(LOADER, &options) {
            Ok(worker) => worker,
            Err(error) => {
                let broken = self.0.borrow().broken.clone();
                return broken(format!("{error:?}"));
            }
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
            *slot = Slot { generation: slot.generation + 1, ..Slot::new() };
        }
        self.spawn(index);
    }

    fn lost(&self, index: usize, generation: u32, reason: &str) {
        if self.0.borrow().slots[index].generation != generation {
            return;
        }
        self.restart(index);
        if index == 0 {
            let broken = self.0.borrow().broken.clone();
            return broken(reason.to_owned());
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
            message::RESET => self.restart(parts.get(1).as_f64().unwrap_or(0.0) as usize + 1),
            _ => {}
        }
    }

    fn became_ready(&self, index: usize) {
        let mut inner = self.0.borrow_mut();
        let executors = inner.slots.len() as u32 - 1;
        let slot = &mut inner.slots[index];
        slot.ready = true;
        let role = if index == 0 {
            Array::of2(&message::CONDUCT.into(), &executors.into())
        } else {
            Array::of1(&message::EXECUTE.into())
        };
        slot.send(role, Array::new());
        for (message, transfer) in std::mem::take(&mut slot.waiting) {
            slot.send(message, transfer);
        }
    }
}
