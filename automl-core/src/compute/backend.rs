//! Where numbers are computed: what was asked for, and what was used.

use serde::{Deserialize, Serialize};

/// What was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Backend {
    /// The graphics card where there is one and it is quicker.
    #[default]
    Auto,
    /// The processor.
    Cpu,
    /// The graphics card for all that can be computed on it, quicker or not.
    Gpu,
}

/// What was used, and why: a sentence for people without its full stop, such as `processor: 5,000 rows are too few to be
/// worth the way to the graphics card`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "backend", rename_all = "snake_case")]
pub enum Used {
    Cpu {
        reason: String,
    },
    Gpu {
        reason: String,
        /// Whether the numbers are the processor's to the last bit.
        exact: bool,
    },
}

impl Used {
    /// The processor, and why; `why` follows a colon.
    pub fn cpu(why: impl std::fmt::Display) -> Self {
        Self::Cpu { reason: format!("processor: {why}") }
    }

    /// The card, and why; `why` follows a colon.
    pub fn gpu(why: impl std::fmt::Display, exact: bool) -> Self {
        Self::Gpu { reason: format!("graphics card: {why}"), exact }
    }

    /// `cpu` or `gpu`.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Cpu { .. } => "cpu",
            Self::Gpu { .. } => "gpu",
        }
    }

    pub fn reason(&self) -> &str {
        match self {
            Self::Cpu { reason } | Self::Gpu { reason, .. } => reason,
        }
    }

    /// Whether the numbers are the processor's to the last bit.
    pub fn is_exact(&self) -> bool {
        !matches!(self, Self::Gpu { exact: false, .. })
    }
}
