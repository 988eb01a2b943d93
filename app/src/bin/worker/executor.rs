//! An executor: does what its messages say in their order, on a graphics card where it may have one and it pays.

use super::{post, scope};
use automl_core::compute::gpu::{Device, measure};
use automl_core::compute::{Backend, Card, Costs, worth_asking};
use automl_core::engine::WorkerState;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use trellis_page::message;

/// See the module.
pub struct Executor {
    state: RefCell<WorkerState>,
    /// Messages that wait for the one that is being done.
    waiting: RefCell<VecDeque<Vec<u8>>>,
    busy: Cell<bool>,
    wanted: Cell<Backend>,
    /// What the card that there is was asked for.
    asked: Cell<Backend>,
    /// What was measured of cards, by their keys.
    measured: RefCell<BTreeMap<String, String>>,
}

impl Executor {
    /// `measured`: what an executor told on an earlier visit; anything else is measured again.
    pub fn new(wanted: Backend, measured: &str) -> Rc<Self> {
        Rc::new(Self {
            state: RefCell::default(),
            waiting: RefCell::default(),
            busy: Cell::new(false),
            wanted: Cell::new(wanted),
            asked: Cell::new(Backend::Cpu),
            measured: RefCell::new(serde_json::from_str(measured).unwrap_or_default()),
        })
    }

    /// From the next study on.
    pub fn want(&self, wanted: Backend) {
        self.wanted.set(wanted);
    }

    pub fn receive(self: Rc<Self>, bytes: Vec<u8>) {
        self.waiting.borrow_mut().push_back(bytes);
        if !self.busy.replace(true) {
            wasm_bindgen_futures::spawn_local(self.work());
        }
    }

    async fn work(self: Rc<Self>) {
        loop {
            let next = self.waiting.borrow_mut().pop_front();
            let Some(bytes) = next else { break };
            // Nobody else looks at it meanwhile: messages only queue.
            let mut state = self.state.take();
            match state.handle_waiting(&bytes).await {
                Some(answer) => post(&[message::ANSWER.into()], Some(&answer)),
                None => self.find_card(&mut state).await,
            }
            self.state.replace(state);
        }
        self.busy.set(false);
    }

    /// Asks for a card where the study's data have come, before its first job, so that nothing else is measured with it.
    async fn find_card(&self, state: &mut WorkerState) {
        let (wanted, Some((rows, columns))) = (self.wanted.get(), state.size()) else { return };
        if wanted == self.asked.get() {
            return;
        }
        if wanted == Backend::Auto && !worth_asking(rows, columns) {
            // One that was asked for whatever it costs is not for this table.
            if self.asked.replace(Backend::Cpu) == Backend::Gpu {
                let small = Card::absent("the table is too small for it to be quicker");
                post(&[message::CARD.into(), "".into(), small.why_not().unwrap_or_default().into()], None);
                state.use_card(Some(small));
            }
            return;
        }
        self.asked.set(wanted);
        let before = self.measured.borrow().clone();
        let card = match wanted {
            Backend::Cpu => None,
            _ => Some(self.ask(wanted == Backend::Gpu).await),
        };
        let told = card.as_ref().map(|card| (card.name().to_owned(), card.why_not().unwrap_or_default()));
        let (name, why_not) = told.unwrap_or_default();
        let measured = Some(self.measured.borrow().clone()).filter(|now| *now != before);
        // Texts by texts always serialise.
        let measured = measured.and_then(|now| serde_json::to_string(&now).ok()).unwrap_or_default();
        post(&[message::CARD.into(), name.into(), why_not.into(), measured.into()], None);
        state.use_card(card);
    }

    /// A card, or why there is none; `always`: one for all that can be computed on it, a program on the processor too.
    async fn ask(&self, always: bool) -> Card {
        let device = match Device::request(always).await {
            Ok(device) => Arc::new(device),
            Err(why_not) => return Card::absent(why_not.to_string()),
        };
        if always {
            return Card::always(device);
        }
        let key = key(&device);
        let kept = key.as_ref().and_then(|key| Costs::from_json(self.measured.borrow().get(key)?));
        if let Some(costs) = kept {
            return Card::new(device, costs);
        }
        match measure(&device).await {
            Ok(costs) => {
                self.measured.borrow_mut().extend(key.map(|key| (key, costs.to_json())));
                Card::new(device, costs)
            }
            Err(lost) => Card::absent(lost.to_string()),
        }
    }
}

/// Whose measures are kept: the card's, by the browser that drives it. `None` where the browser does not tell one card from
/// another.
fn key(device: &Device) -> Option<String> {
    let browser = scope().navigator().user_agent().ok()?;
    device.key().contains(char::is_alphanumeric).then(|| format!("{}, {browser}", device.key()))
}
