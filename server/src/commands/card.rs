//! The graphics card: asked for beside other work, and how quick it is kept for the next time, in the user's cache folder.

use crate::args::BackendArg;
use crate::failure::Failure;
use automl_core::compute::gpu::{Device, NoDevice, measure};
use automl_core::compute::{Card, Costs, worth_asking};
use automl_core::platform::ready;
use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

const TOO_SMALL: &str = "the table is too small for a graphics card to pay";
/// Seconds that something takes the processor from which on a card is asked for, which itself takes about one.
const WORTH_SECS: f64 = 3.0;
/// Fits on a card notice within some rounds that nobody wants them any more.
const MOST_LEAVING: Duration = Duration::from_secs(5);

/// A card that is known, or still being asked for.
pub enum Asked {
    Known(Card),
    /// It is asked for once it is known how large the table is.
    Later,
    /// It is asked for however small that is.
    Anyway,
    Coming(JoinHandle<Card>),
}

impl Asked {
    /// What was asked for; a card that must be is asked for at once, and may be a program that computes as one does.
    /// `populations`: whether there is also something to do that only a card does.
    ///
    /// # Errors
    /// There is none, or it was said that none is to be used.
    pub fn begin(backend: BackendArg, populations: bool) -> Result<Self, Failure> {
        match backend {
            BackendArg::Auto if populations => Ok(Self::Anyway),
            BackendArg::Auto => Ok(Self::Later),
            BackendArg::Cpu if populations => Err(Failure::new(
                "--populations trains networks on a graphics card, and --backend cpu says to use none",
                "leave out one of the two",
            )),
            BackendArg::Cpu => Ok(Self::Known(Card::absent("as was asked for"))),
            BackendArg::Gpu => {
                let device = ready(Device::request(true)).map_err(|why| {
                    Failure::new(
                        format!("{why}"),
                        "install the card's driver, or leave out --backend: the processor then does it",
                    )
                })?;
                Ok(Self::Known(Card::always(Arc::new(device))))
            }
        }
    }

    /// Asks for a card beside what is done meanwhile, where the table is large enough for one to pay.
    #[must_use]
    pub fn for_table(self, rows: usize, columns: usize) -> Self {
        match self {
            Self::Later if !worth_asking(rows, columns) => Self::Known(Card::absent(TOO_SMALL)),
            Self::Later | Self::Anyway => {
                let asking = std::thread::Builder::new().spawn(real);
                let none =
                    |_| Self::Known(Card::absent("the system has no thread left to ask for a graphics card"));
                asking.map_or_else(none, Self::Coming)
            }
            known => known,
        }
    }

    /// The card, or why there is none, once that is known.
    pub fn card(self) -> Card {
        match self {
            Self::Known(card) => card,
            Self::Later | Self::Anyway => Card::absent("no graphics card was asked for"),
            Self::Coming(asking) => {
                asking.join().unwrap_or_else(|_| Card::absent("the graphics card's driver broke off"))
            }
        }
    }
}

/// A card until the end of the program. Dropped before, it waits for what still computes there and keeps the card, so that no
/// thread gives it back while the driver ends.
pub struct AtEnd(pub Card);

impl Drop for AtEnd {
    fn drop(&mut self) {
        let begun = Instant::now();
        while self.0.close() && begun.elapsed() < MOST_LEAVING {
            std::thread::sleep(Duration::from_millis(2));
        }
        std::mem::forget(self.0.clone());
    }
}

/// One card for all that a command does, asked for with the first of it that is large enough.
pub struct Shared {
    backend: BackendArg,
    asked: Option<AtEnd>,
}

impl Shared {
    /// # Errors
    /// As [`Asked::begin`].
    pub fn begin(backend: BackendArg) -> Result<Self, Failure> {
        let asked = match Asked::begin(backend, false)? {
            Asked::Known(card) => Some(AtEnd(card)),
            _ => None,
        };
        Ok(Self { backend, asked })
    }

    /// The card for what is done to so many rows and columns, or why there is none.
    pub fn for_table(&mut self, rows: usize, columns: usize) -> Card {
        match &self.asked {
            Some(known) => known.0.clone(),
            None if !worth_asking(rows, columns) => Card::absent(TOO_SMALL),
            None => self.anyway(),
        }
    }

    /// The card, or why there is none, for what only a card does.
    pub fn anyway(&mut self) -> Card {
        self.asked.get_or_insert_with(|| AtEnd(real())).0.clone()
    }

    /// The card for what is expected to take the processor so many seconds; `None` where it is not worth asking for one.
    pub fn for_secs(&mut self, secs: f64) -> Option<Card> {
        match &self.asked {
            Some(known) => Some(known.0.clone()),
            None => (secs >= WORTH_SECS).then(|| self.anyway()),
        }
    }

    /// What is used, and why, in one line; `None` where nothing was large enough to ask for a card.
    pub fn told(&self) -> Option<String> {
        Some(told(&self.asked.as_ref()?.0, self.backend))
    }
}

/// Whether a process with this wish may come to use a card.
pub fn may_be_used(backend: BackendArg) -> bool {
    match backend {
        BackendArg::Auto => may_have_one(),
        BackendArg::Cpu => false,
        BackendArg::Gpu => true,
    }
}

/// The card of a process that computes trials on a table of so many rows and columns, or why there is none; `None` where none
/// was wished for.
pub fn of_child(backend: BackendArg, (rows, columns): (usize, usize)) -> Option<Card> {
    if backend == BackendArg::Cpu {
        return None;
    }
    Some(match Asked::begin(backend, false) {
        Ok(asked) => asked.for_table(rows, columns).card(),
        Err(why) => Card::absent(why.what),
    })
}

/// What is used, and why, in one line.
pub fn told(card: &Card, backend: BackendArg) -> String {
    match (card.why_not(), backend) {
        (Some(why_not), _) => format!("computing on the processor: {why_not}"),
        (None, BackendArg::Gpu) => {
            format!("computing on the graphics card {} what can be, as was asked for", card.name())
        }
        (None, _) => format!("computing on the graphics card {} what it is quicker with", card.name()),
    }
}

/// What becomes of a population of networks that was asked for, in one line.
pub fn told_of_populations(card: &Card) -> String {
    match card.why_not() {
        Some(why_not) => {
            format!("no population of networks is trained, and the search goes on without: {why_not}")
        }
        None => format!(
            "a population of networks trains on the graphics card {}; another card may choose other settings, and so \
             give another model",
            card.name()
        ),
    }
}

/// Whether the system shows a card at all: where it does not, drivers are not asked, which take a while and write lines of
/// their own.
fn may_have_one() -> bool {
    let shows = |path: &str| std::path::Path::new(path).exists();
    !cfg!(target_os = "linux")
        || ["/dev/dri", "/dev/nvidia0", "/dev/nvidiactl", "/dev/dxg"].into_iter().any(shows)
}

/// A real card that has been measured, or why there is none.
fn real() -> Card {
    if !may_have_one() {
        return Card::absent(NoDevice::NoAdapter.to_string());
    }
    let device = match ready(Device::request(false)) {
        Ok(device) => Arc::new(device),
        Err(why) => return Card::absent(why.to_string()),
    };
    let mut kept = kept();
    if let Some(costs) = kept.get(device.key()).and_then(|text| Costs::from_json(text)) {
        return Card::new(device, costs);
    }
    match ready(measure(&device)) {
        Ok(costs) => {
            kept.insert(device.key().to_owned(), costs.to_json());
            keep(&kept);
            Card::new(device, costs)
        }
        Err(lost) => Card::absent(lost.to_string()),
    }
}

/// Where measures are kept: `trellis/cards.json` in the user's cache folder, if there is one.
fn place() -> Option<PathBuf> {
    let cache = std::env::var_os("XDG_CACHE_HOME").filter(|c| !c.is_empty()).map(PathBuf::from);
    let home = || std::env::var_os("HOME").or_else(|| std::env::var_os("USERPROFILE"));
    let cache = cache.or_else(|| Some(PathBuf::from(home()?).join(".cache")))?;
    Some(cache.join("trellis").join("cards.json"))
}

/// What was measured of cards, by their keys.
fn kept() -> BTreeMap<String, String> {
    let text = place().and_then(|place| std::fs::read(place).ok()).unwrap_or_default();
    serde_json::from_slice(&text).unwrap_or_default()
}

/// Best effort: what is not kept is measured again.
fn keep(measured: &BTreeMap<String, String>) {
    let Some(place) = place() else { return };
    let Some(folder) = place.parent() else { return };
    let Ok(json) = serde_json::to_vec_pretty(measured) else { return };
    let written = std::fs::create_dir_all(folder)
        .and_then(|()| tempfile::NamedTempFile::new_in(folder))
        .and_then(|mut file| std::io::Write::write_all(&mut file, &json).map(|()| file));
    if let Ok(file) = written {
        // Another that was quicker has measured the same.
        let _ = file.persist(place);
    }
}
