//! What a board tells of a population of networks.

use crate::numeric::count;
use serde::{Deserialize, Serialize};

/// The note of a trial whose setting a population chose.
pub(in crate::engine) const CHOSEN: &str = "chosen by the population";

/// Settings of networks that train side by side on a graphics card, so that the best of them are tried as trials.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(tag = "state", rename_all = "snake_case")]
pub enum Population {
    /// Not begun, or under way.
    Training { settings: u32 },
    /// Some were chosen.
    Done {
        /// What the card is called.
        card: String,
        /// Settings that were trained.
        settings: u32,
        chosen: u32,
        /// Epochs of those that were trained longest.
        epochs: u32,
        /// Not part of what is reproducible.
        secs: f64,
    },
    /// None were chosen. `reason`: in words that follow a colon.
    Failed { reason: String },
}

impl Population {
    /// How it stands, and what that means for the model, in whole sentences.
    pub fn told(&self) -> String {
        match self {
            Self::Training { settings } => {
                format!("A population of {settings} settings of networks: on the graphics card.")
            }
            Self::Done { card, settings, chosen, epochs, secs } => {
                let time = if *secs > 0.0 { format!(" ({secs:.1} s)") } else { String::new() };
                format!(
                    "A population of {settings} settings of networks trained on the graphics card {card} for up to {} \
                     epochs{time} and chose {chosen} to be tried. Another card may choose others, and so give another model.",
                    count(u64::from(*epochs))
                )
            }
            Self::Failed { reason } => {
                format!("No population of networks, so that the search went on without: {reason}.")
            }
        }
    }

    /// The same without what a clock said.
    #[must_use]
    pub(in crate::engine) fn without_clock(self) -> Self {
        match self {
            Self::Done { card, settings, chosen, epochs, .. } => {
                Self::Done { card, settings, chosen, epochs, secs: 0.0 }
            }
            other => other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn populations_say_how_they_stand() {
        let done =
            Population::Done { card: "X1".to_owned(), settings: 64, chosen: 3, epochs: 40, secs: 1.26 };
        assert!(
            done.told().contains("64 settings")
                && done.told().contains("card X1 for up to 40 epochs (1.3 s)")
        );
        assert!(!done.clone().without_clock().told().contains("1.3 s"));
        let json = serde_json::to_string(&done).expect("plain data");
        assert_eq!(serde_json::from_str::<Population>(&json).expect("its own text"), done);
        let failed = Population::Failed { reason: "the time ended first".to_owned() };
        assert!(failed.told().ends_with("went on without: the time ended first."), "{}", failed.told());
    }
}
