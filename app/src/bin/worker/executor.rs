//! An executor: does what its messages say in their order, on a graphics card where it may have one and it pays.

use super::card::{Cards, tell};
use super::post;
use automl_core::compute::{Backend, Card, worth_asking};
use automl_core::engine::WorkerState;
use std::cell::{Cell, RefCell};
use std::collections::VecDeque;
use std::rc::Rc;
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
    cards: Cards,
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
            cards: Cards::known(measured),
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
            if WorkerState::needs_card(&bytes) {
                self.find_card(&mut state, true).await;
            }
            match state.handle_waiting(&bytes).await {
                Some(answer) => post(&[message::ANSWER.into()], Some(&answer)),
                None => self.find_card(&mut state, false).await,
            }
            self.state.replace(state);
        }
        self.busy.set(false);
    }

    /// Asks for a card where the study's data have come, before its first job, so that nothing else is measured with it; `anyway`:
    /// however small they are.
    async fn find_card(&self, state: &mut WorkerState, anyway: bool) {
        let (wanted, Some((rows, columns))) = (self.wanted.get(), state.size()) else { return };
        if wanted == self.asked.get() {
            return;
        }
        if wanted == Backend::Auto && !anyway && !worth_asking(rows, columns) {
            // One that was asked for whatever it costs is not for this table.
            if self.asked.replace(Backend::Cpu) == Backend::Gpu {
                let small = Card::absent("the table is too small for it to be quicker");
                tell(Some(&small), "");
                state.use_card(Some(small));
            }
            return;
        }
        self.asked.set(wanted);
        let card = self.cards.ask(wanted).await;
        state.use_card(card);
    }
}
