//! The way to a graphics card that a search, and each of its fits, is given.

use super::Used;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

#[cfg(feature = "gpu")]
use super::gpu::Device;

fn locked<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// What all clones share.
struct Shared {
    #[cfg(feature = "gpu")]
    device: Option<Arc<Device>>,
    /// What it is called; empty where there is none.
    name: String,
    /// Why nothing can be computed on it: there is none, or it went away.
    why_not: Mutex<Option<String>>,
}

/// A graphics card, or why there is none. Clones are the same card and the same note of what was used; [`Card::for_fit`]
/// gives one with a note of its own.
#[derive(Clone)]
pub struct Card {
    shared: Arc<Shared>,
    used: Arc<Mutex<Option<Used>>>,
}

impl Card {
    #[cfg(feature = "gpu")]
    pub fn new(device: Arc<Device>) -> Self {
        let name = device.name().to_owned();
        Self::of(Shared { device: Some(device), name, why_not: Mutex::default() })
    }

    /// None, and why, in words that follow a colon: `this machine offers no graphics card`.
    pub fn absent(why: impl Into<String>) -> Self {
        Self::of(Shared {
            #[cfg(feature = "gpu")]
            device: None,
            name: String::new(),
            why_not: Mutex::new(Some(why.into())),
        })
    }

    fn of(shared: Shared) -> Self {
        Self { shared: Arc::new(shared), used: Arc::default() }
    }

    /// The same card for one fit, which nothing is noted of yet.
    #[must_use]
    pub fn for_fit(&self) -> Self {
        Self { shared: self.shared.clone(), used: Arc::default() }
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

    /// The card went away, or has no memory left: what computed on it begins again on the processor, which is noted, and
    /// nobody asks for it any more.
    pub fn lost(&self, why: impl std::fmt::Display) {
        let why = locked(&self.shared.why_not).get_or_insert_with(|| why.to_string()).clone();
        self.note(Used::cpu(why));
    }

    /// Notes what the fit used; what is noted last counts.
    pub fn note(&self, used: Used) {
        *locked(&self.used) = Some(used);
    }

    /// What was noted.
    pub fn used(&self) -> Option<Used> {
        locked(&self.used).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn notes_are_of_one_fit_and_a_loss_is_of_all() {
        let card = Card::absent("this machine offers none");
        assert_eq!(card.why_not().as_deref(), Some("this machine offers none"));
        let (first, second) = (card.for_fit(), card.for_fit());
        first.clone().note(Used::gpu("quicker", true));
        assert_eq!(first.used().as_ref().map(Used::name), Some("gpu"));
        assert_eq!((second.used(), card.used()), (None, None));
        second.lost("it was unplugged");
        // The first reason stays: what came after follows from it.
        let told = second.used().map(|used| used.reason().to_owned());
        assert_eq!(told.as_deref(), Some("processor: this machine offers none"));
        assert!(second.used().is_some_and(|used| used.is_exact()));
    }
}
