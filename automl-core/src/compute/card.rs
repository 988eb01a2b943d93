//! The way to a graphics card that a search, and each of its fits, is given.

use super::Used;
use super::planner::{Costs, Work};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "gpu")]
use super::gpu::Device;

/// Why a card is not used where every machine is to give the same bytes.
const INEXACT: &str = "the graphics card's last digits would not be those of every machine";

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all clones share.
struct Shared {
    #[cfg(feature = "gpu")]
    device: Option<Arc<Device>>,
    /// What it is called; empty where there is none.
    name: String,
    /// How quick it is; `None`: it is used whatever that costs.
    costs: Option<Costs>,
    /// Why nothing can be computed on it: there is none, or it went away.
    why_not: Mutex<Option<String>>,
    /// Fits that compute on it just now.
    busy: AtomicUsize,
}

/// A graphics card, or why there is none. Clones are the same card and the same note of what was used; [`Card::for_fit`]
/// gives one with a note of its own.
///
/// A fit takes a [`Card::turn`] for its work; where it gets none it computes here, and the card knows why. Where the card is
/// lost meanwhile it says so by [`Card::lost`] and begins again here.
#[derive(Clone)]
pub struct Card {
    shared: Arc<Shared>,
    used: Arc<Mutex<Option<Used>>>,
    /// Only for work whose numbers are the processor's to the last bit.
    exact: bool,
}

/// A fit's turn on a card, from [`Card::turn`]; others see that the card is busy until it is dropped.
pub struct Turn<'c> {
    card: &'c Card,
}

impl Card {
    /// A card that is used for what it is quicker with.
    #[cfg(feature = "gpu")]
    pub fn new(device: Arc<Device>, costs: Costs) -> Self {
        Self::on(device, Some(costs))
    }

    /// A card that is used for all that can be computed on it, quicker or not.
    #[cfg(feature = "gpu")]
    pub fn always(device: Arc<Device>) -> Self {
        Self::on(device, None)
    }

    #[cfg(feature = "gpu")]
    fn on(device: Arc<Device>, costs: Option<Costs>) -> Self {
        let name = device.name().to_owned();
        Self::of(Shared {
            device: Some(device),
            name,
            costs,
            why_not: Mutex::default(),
            busy: AtomicUsize::new(0),
        })
    }

    /// None, and why, in words that follow a colon: `this machine offers no graphics card`.
    pub fn absent(why: impl Into<String>) -> Self {
        Self::of(Shared {
            #[cfg(feature = "gpu")]
            device: None,
            name: String::new(),
            costs: None,
            why_not: Mutex::new(Some(why.into())),
            busy: AtomicUsize::new(0),
        })
    }

    fn of(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), used: Arc::default(), exact: false }
    }

    /// The same card for one fit, which nothing is noted of yet.
    #[must_use]
    pub fn for_fit(&self) -> Self {
        Self { used: Arc::default(), ..self.clone() }
    }

    /// The same card, only for work whose numbers are the processor's to the last bit, where `exact`.
    #[must_use]
    pub fn exact(&self, exact: bool) -> Self {
        Self { exact, ..self.clone() }
    }

    /// The device; `None` where there is none, or none any more.
    #[cfg(feature = "gpu")]
    pub fn device(&self) -> Option<&Arc<Device>> {
        self.shared.device.as_ref().filter(|_| self.why_not().is_none())
    }

    /// What it is called; empty where there is none.
    pub fn name(&self) -> &str {
        &self.shared.name
    }

    /// Why nothing can be computed on it, in words that follow a colon; `None` where it can.
    pub fn why_not(&self) -> Option<String> {
        locked(&self.shared.why_not).clone()
    }

    /// Whether `work` pays on the card as things are, and why, in words that follow a colon.
    ///
    /// # Errors
    /// Why it is for the processor, in words of the same kind.
    pub fn pays(&self, work: &Work) -> Result<String, String> {
        if let Some(why_not) = self.why_not() {
            return Err(why_not);
        }
        if self.exact && !work.is_exact() {
            return Err(INEXACT.to_owned());
        }
        match &self.shared.costs {
            Some(costs) => costs.pays(work, self.shared.busy.load(Ordering::Relaxed)),
            None => Ok("as was asked for".to_owned()),
        }
    }

    /// Seconds that work is expected to take on it alone; `None` where it was not measured.
    pub fn secs(&self, work: &Work) -> Option<f64> {
        self.shared.costs.as_ref().map(|costs| costs.estimate(work).card_secs)
    }

    /// Takes a turn where the work pays, and notes what is used and why in either case.
    pub fn turn(&self, work: &Work) -> Option<Turn<'_>> {
        match self.pays(work) {
            Ok(why) => {
                self.note(Used::gpu(why, work.is_exact()));
                self.shared.busy.fetch_add(1, Ordering::Relaxed);
                Some(Turn { card: self })
            }
            Err(why) => {
                self.note(Used::cpu(why));
                None
            }
        }
    }

    /// As [`Card::turn`], beside a fit's own work, of which alone something is noted.
    pub fn turn_beside(&self, work: &Work) -> Option<Turn<'_>> {
        let fits = Self { used: Arc::default(), ..self.clone() };
        fits.turn(work).is_some().then(|| {
            self.shared.busy.fetch_add(1, Ordering::Relaxed);
            Turn { card: self }
        })
    }

    /// Takes a turn for what was asked for, whatever it costs; its last digits are the card's own.
    ///
    /// # Errors
    /// Why there is no card, in words that follow a colon.
    pub fn turn_as_asked(&self) -> Result<Turn<'_>, String> {
        let inexact = self.exact.then(|| INEXACT.to_owned());
        self.why_not().or(inexact).map_or(Ok(()), Err)?;
        self.note(Used::gpu("as was asked for", false));
        self.shared.busy.fetch_add(1, Ordering::Relaxed);
        Ok(Turn { card: self })
    }

    /// The card went away, or has no memory left: what computed on it begins again on the processor, which is noted, and
    /// nobody asks for it any more.
    pub fn lost(&self, why: impl std::fmt::Display) {
        let why = locked(&self.shared.why_not).get_or_insert_with(|| why.to_string()).clone();
        self.note(Used::cpu(why));
    }

    /// Nobody begins anything on it any more; whether somebody still computes there. A driver ends with its program, and must
    /// not be in use then.
    pub fn close(&self) -> bool {
        locked(&self.shared.why_not).get_or_insert_with(|| "the search has ended".to_owned());
        self.shared.busy.load(Ordering::Relaxed) > 0
    }

    /// Notes what the fit used; what is noted last counts.
    pub fn note(&self, used: Used) {
        *locked(&self.used) = Some(used);
    }

    /// What was noted; where a fit noted nothing, its learner knows the processor alone.
    pub fn used(&self) -> Used {
        let alone = || match self.why_not() {
            Some(why_not) => Used::cpu(why_not),
            None => Used::cpu("this kind of model is computed there alone"),
        };
        locked(&self.used).clone().unwrap_or_else(alone)
    }
}

impl Turn<'_> {
    /// The device; `None` once it was lost.
    #[cfg(feature = "gpu")]
    pub fn device(&self) -> Option<&Arc<Device>> {
        self.card.device()
    }

    /// The card.
    pub fn card(&self) -> &Card {
        self.card
    }
}

impl Drop for Turn<'_> {
    fn drop(&mut self) {
        self.card.shared.busy.fetch_sub(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WORK: Work =
        Work::Trees { rows: 1_000_000, features: 28, leaves: 31, rounds: 100, outputs: 1, threads: 1 };

    #[test]
    fn notes_are_of_one_fit_and_a_loss_is_of_all() {
        let card = Card::absent("this machine offers none");
        assert_eq!(card.why_not().as_deref(), Some("this machine offers none"));
        let (first, second) = (card.for_fit(), card.for_fit());
        first.clone().note(Used::gpu("quicker", true));
        assert_eq!([first.used(), second.used()].map(|used| used.name()), ["gpu", "cpu"]);
        second.lost("it was unplugged");
        // The first reason stays: what came after follows from it.
        assert_eq!(second.used().reason(), "processor: this machine offers none");
        assert!(second.used().is_exact());
        assert!(second.turn(&WORK).is_none());
        assert_eq!(second.turn_as_asked().err().as_deref(), Some("this machine offers none"));
    }

    /// Too little to pay.
    #[cfg(feature = "gpu")]
    fn networks_of_one() -> Work {
        Work::Networks {
            rows: 10,
            inputs: 1,
            weights: 2,
            layers: 1,
            epochs: 1,
            batch: 10,
            networks: 1,
            threads: 1,
        }
    }

    #[cfg(feature = "gpu")]
    #[test]
    fn turns_are_counted_and_end_with_a_loss() {
        use crate::compute::planner::Measured;
        use crate::platform::ready;
        // One of its own: it is said to be lost.
        let Ok(device) = ready(Device::request(true)) else {
            println!("skipped: no graphics card");
            return;
        };
        let device = Arc::new(device);
        let costs = Costs::from(Measured {
            answer_secs: 1e-5,
            launch_secs: 1e-6,
            upload: 1e10,
            download: 1e10,
            card_cells: 2e9,
            cpu_cells: 1e9,
            card_products: 1e12,
            cpu_products: 1e9,
        });
        let card = Card::new(device.clone(), costs);
        let first = card.for_fit();
        let turn = first.turn(&WORK).expect("it pays");
        assert!(first.used().reason().starts_with("graphics card: some "), "{:?}", first.used());
        // The second would wait for the first.
        let second = card.for_fit();
        assert!(second.turn(&WORK).is_none());
        assert!(second.used().reason().starts_with("processor: the graphics card is busy with another fit"));
        drop(turn);
        assert!(second.turn(&WORK).is_some());
        assert_eq!(second.used().name(), "gpu");
        // What is done beside a fit is counted, and is not noted.
        let third = card.for_fit();
        let beside = third.turn_beside(&WORK).expect("it pays");
        assert!(second.turn(&WORK).is_none() && third.used() == card.for_fit().used());
        drop(beside);
        assert!(second.turn(&WORK).is_some() && third.turn_beside(&networks_of_one()).is_none());
        let networks = Work::Networks {
            rows: 100_000,
            inputs: 50,
            weights: 10_000,
            layers: 2,
            epochs: 10,
            batch: 256,
            networks: 64,
            threads: 1,
        };
        assert!(card.pays(&networks).is_ok() && card.exact(true).pays(&networks).is_err());
        assert!(card.exact(true).pays(&WORK).is_ok());
        assert!(card.exact(true).turn_as_asked().is_err());
        let asked = card.for_fit();
        assert!(asked.turn_as_asked().is_ok_and(|turn| turn.device().is_some()) && !asked.used().is_exact());
        assert!(card.secs(&networks).is_some_and(|secs| secs > 0.0));
        let always = Card::always(device);
        assert_eq!(always.secs(&networks), None);
        assert_eq!(
            always.pays(&Work::Trees { rows: 1, features: 1, leaves: 2, rounds: 1, outputs: 1, threads: 1 }),
            Ok("as was asked for".to_owned())
        );
        let turn = second.turn(&WORK).expect("it pays");
        assert!(turn.device().is_some());
        assert!(always.turn(&WORK).is_some() && !always.close() && always.turn(&WORK).is_none());
        first.lost("it was unplugged");
        assert!(turn.device().is_none() && second.pays(&WORK).is_err());
        assert_eq!(card.for_fit().used().reason(), "processor: it was unplugged");
    }
}
