//! One executor: holds shards of the rows of some fits, and does to them what their drivers say.
//!
//! Whatever it is sent, it answers or refuses; it never panics, and never holds more than it was allowed to. A request
//! may come again, since its answer may have been lost: what was done is then not done twice.

use super::message::{
    Answer, Ask, Message, Part, Request, VERSION, decode, encode, leaf_width, words_to_bytes,
};
use super::shard::{MOST_ROWS, Shard, bytes_of};
use crate::platform::each;
use std::collections::BTreeMap;

/// Features of a row, and leaves of a tree, at most.
const MOST_FEATURES: usize = 1 << 17;
const MOST_LEAVES: usize = 1 << 17;
/// What one fit takes beside its shards.
const FIT_BYTES: usize = 4 << 10;

/// Why there is no answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Refused {
    #[error("this is no message of this version of Trellis: {0}")]
    Malformed(&'static str),
    #[error("these rows, or this tree, are not known here")]
    Unknown,
    #[error("there is no room for more rows")]
    Full,
}

/// What an executor holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Holds {
    pub fits: usize,
    pub shards: usize,
    pub rows: u64,
    /// Bytes of memory, about.
    pub bytes: u64,
    /// Trees that were begun here, of one shard each.
    pub trees: u64,
    /// Histograms that were asked for.
    pub sums: u64,
}

struct Held {
    bin_counts: Vec<u16>,
    shards: BTreeMap<u32, Shard>,
    seen_secs: f64,
}

/// See the module.
pub struct Executor {
    limit: u64,
    threads: usize,
    idle_secs: f64,
    fits: BTreeMap<u128, Held>,
    trees: u64,
    sums: u64,
}

impl Executor {
    /// Takes up to `limit` bytes; forgets a fit of which nothing is heard for `idle_secs` seconds.
    pub fn new(limit: u64, threads: usize, idle_secs: f64) -> Self {
        Self { limit, threads, idle_secs, fits: BTreeMap::new(), trees: 0, sums: 0 }
    }

    pub fn holds(&self) -> Holds {
        let shards = || self.fits.values().flat_map(|fit| fit.shards.values());
        Holds {
            fits: self.fits.len(),
            shards: shards().count(),
            rows: shards().map(|shard| shard.rows() as u64).sum(),
            bytes: self.bytes(),
            trees: self.trees,
            sums: self.sums,
        }
    }

    fn bytes(&self) -> u64 {
        let of = |fit: &Held| FIT_BYTES as u64 + fit.shards.values().map(|shard| shard.bytes).sum::<u64>();
        self.fits.values().map(of).sum()
    }

    /// Forgets fits whose drivers have said nothing for long. `now_secs` never falls.
    pub fn forget_idle(&mut self, now_secs: f64) {
        let idle_secs = self.idle_secs;
        self.fits.retain(|_, fit| now_secs - fit.seen_secs < idle_secs);
    }

    /// # Errors
    /// A message that is none, or that asks for what is not here or cannot be.
    pub fn handle(&mut self, message: &[u8], now_secs: f64) -> Result<Vec<u8>, Refused> {
        let message: Message<'_> = decode(message).ok_or(Refused::Malformed("it cannot be read"))?;
        if message.version != VERSION {
            return Err(Refused::Malformed("its version is another"));
        }
        self.forget_idle(now_secs);
        let id = message.fit;
        if let Some(fit) = self.fits.get_mut(&id) {
            fit.seen_secs = now_secs;
        }
        match message.request {
            Request::Put { shard, rows, bin_counts, blocks } => {
                let (rows, room) = (rows as usize, self.limit.saturating_sub(self.bytes()));
                self.put((id, shard), rows, bin_counts, blocks, room, now_secs)?;
            }
            Request::Begin { shard, tree, features, bag, words } => {
                let shard = self.fits.get_mut(&id).and_then(|fit| fit.shards.get_mut(&shard));
                let shard = shard.ok_or(Refused::Unknown)?;
                shard.begin(tree, features, bag, words, self.threads)?;
                self.trees += 1;
            }
            Request::Go { tree, shards, before, parts, ask } => {
                return self.go(id, tree, &shards, (before as usize, &parts), ask);
            }
            Request::Release { shards } => {
                if let Some(fit) = self.fits.get_mut(&id) {
                    fit.shards.retain(|shard, _| !shards.contains(shard));
                }
            }
            Request::End => drop(self.fits.remove(&id)),
        }
        Ok(encode(&Answer::Done))
    }

    fn put(
        &mut self,
        (id, shard): (u128, u32),
        rows: usize,
        bin_counts: Vec<u16>,
        blocks: &[u8],
        room: u64,
        now_secs: f64,
    ) -> Result<(), Refused> {
        let features = bin_counts.len();
        let may = (1..=MOST_ROWS).contains(&rows) && (1..=MOST_FEATURES).contains(&features);
        if !may || bin_counts.iter().any(|count| !(1..=256).contains(count)) {
            return Err(Refused::Malformed("a shard has so many rows or features"));
        }
        let fit = self.fits.get(&id);
        if fit.is_some_and(|fit| fit.bin_counts != bin_counts) {
            return Err(Refused::Malformed("the features of a fit are others than before"));
        }
        let bytes = bytes_of(rows, &bin_counts);
        // What was here under this number makes room.
        let before = fit.and_then(|fit| fit.shards.get(&shard)).map_or(0, |shard| shard.bytes);
        let needed = bytes + if fit.is_none() { FIT_BYTES as u64 } else { 0 };
        if needed > room + before {
            return Err(Refused::Full);
        }
        let held = Shard::new(rows, &bin_counts, blocks, self.threads)?;
        let new = || Held { bin_counts, shards: BTreeMap::new(), seen_secs: now_secs };
        self.fits.entry(id).or_insert_with(new).shards.insert(shard, held);
        Ok(())
    }

    fn go(
        &mut self,
        id: u128,
        tree: u64,
        wanted: &[u32],
        (before, parts): (usize, &[Part]),
        ask: Ask,
    ) -> Result<Vec<u8>, Refused> {
        let threads = self.threads;
        let fit = self.fits.get_mut(&id).ok_or(Refused::Unknown)?;
        if !wanted.is_sorted_by(|a, b| a < b) {
            return Err(Refused::Malformed("shards do not ascend"));
        }
        let leaves = before.saturating_add(parts.len()).saturating_add(1);
        let told = |(at, part): (usize, &Part)| {
            (part.leaf as usize) <= before + at && (part.feature as usize) < fit.bin_counts.len()
        };
        if leaves > MOST_LEAVES || !parts.iter().enumerate().all(told) {
            return Err(Refused::Malformed("leaves are parted that there are not"));
        }
        if let Ask::Sum(leaf) = ask
            && leaf as usize >= leaves
        {
            return Err(Refused::Malformed("a leaf is summed that there is not"));
        }
        let mut shards: Vec<&mut Shard> = fit
            .shards
            .iter_mut()
            .filter(|(at, _)| wanted.binary_search(at).is_ok())
            .map(|(_, s)| s)
            .collect();
        let is_there = |shard: &&mut Shard| shard.tree == tree && shard.follows(before, parts);
        if shards.len() != wanted.len() || shards.is_empty() || !shards.iter().all(is_there) {
            return Err(Refused::Unknown);
        }
        // A tree is on the same features everywhere, or their histograms could not be added up.
        let features = shards[0].features().to_vec();
        if shards.iter().any(|shard| shard.features() != features) {
            return Err(Refused::Unknown);
        }
        let inside = (threads / shards.len()).max(1);
        match ask {
            Ask::Sum(leaf) => {
                self.sums += 1;
                each(threads, &mut shards, |_, shard| shard.sum(before, parts, leaf as usize, inside));
                let rows = shards.iter().map(|shard| shard.rows_of(leaf as usize) as u64).sum();
                let (first, others) = shards.split_at_mut(1);
                for other in others {
                    // Words are bounded a shard; what a driver makes of all together is its own business.
                    let sums = first[0].sums.iter_mut().zip(&other.sums);
                    sums.for_each(|(sum, more)| *sum = sum.wrapping_add(*more));
                }
                let sums = words_to_bytes(first[0].sums.iter().copied());
                Ok(encode(&Answer::Sums(rows, &sums)))
            }
            Ask::Leaves => {
                let width = leaf_width(leaves);
                let mut work: Vec<(&mut Shard, Vec<u8>)> =
                    shards.into_iter().map(|shard| (shard, Vec::new())).collect();
                each(threads, &mut work, |_, (shard, bytes)| {
                    *bytes = shard.leaves(before, parts, width, inside);
                });
                let all: Vec<u8> = work.into_iter().flat_map(|(_, bytes)| bytes).collect();
                Ok(encode(&Answer::Leaves(&all)))
            }
        }
    }
}
