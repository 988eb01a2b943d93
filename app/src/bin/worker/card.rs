//! Graphics cards: asked for, measured once, and told to the page.

use super::{post, scope};
use automl_core::compute::gpu::{Device, measure};
use automl_core::compute::{Backend, Card, Costs};
use std::cell::RefCell;
use std::collections::BTreeMap;
use std::sync::Arc;
use trellis_page::message;

/// What was measured of cards, by their keys.
pub struct Cards(RefCell<BTreeMap<String, String>>);

/// Tells the page of a card, or why there is none; `measured`: what is to be kept, if anything is.
pub fn tell(card: Option<&Card>, measured: &str) {
    let told = card.map(|card| (card.name().to_owned(), card.why_not().unwrap_or_default()));
    let (name, why_not) = told.unwrap_or_default();
    post(&[message::CARD.into(), name.into(), why_not.into(), measured.into()], None);
}

impl Cards {
    /// `measured`: what was told on an earlier visit; anything else is measured again.
    pub fn known(measured: &str) -> Self {
        Self(RefCell::new(serde_json::from_str(measured).unwrap_or_default()))
    }

    /// The card that is wanted, or why there is none, which the page is told; `None` where none is wanted.
    pub async fn ask(&self, wanted: Backend) -> Option<Card> {
        let before = self.0.borrow().clone();
        let card = match wanted {
            Backend::Cpu => None,
            _ => Some(self.find(wanted == Backend::Gpu).await),
        };
        let measured = Some(self.0.borrow().clone()).filter(|now| *now != before);
        // Texts by texts always serialise.
        let measured = measured.and_then(|now| serde_json::to_string(&now).ok()).unwrap_or_default();
        tell(card.as_ref(), &measured);
        card
    }

    /// A card, or why there is none; `always`: one for all that can be computed on it, a program on the processor too.
    async fn find(&self, always: bool) -> Card {
        let device = match Device::request(always).await {
            Ok(device) => Arc::new(device),
            Err(why_not) => return Card::absent(why_not.to_string()),
        };
        if always {
            return Card::always(device);
        }
        let key = key(&device);
        let kept = key.as_ref().and_then(|key| Costs::from_json(self.0.borrow().get(key)?));
        if let Some(costs) = kept {
            return Card::new(device, costs);
        }
        match measure(&device).await {
            Ok(costs) => {
                self.0.borrow_mut().extend(key.map(|key| (key, costs.to_json())));
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
