//! Which executor holds which shard, and what becomes of the shards of those that are lost.

use super::message::{Answer, Message, Request, VERSION, decode, encode};
use super::{Cluster, Lost, Refusal};
use crate::learner::parts::Shelf;
use crate::learner::tree::binning::Binned;

/// Answers that do not help, one after the other, after which an executor counts as lost.
const MOST_STRIKES: usize = 3;
/// Trees after which a lost executor is asked again; twice as many each time, up to the most.
const FIRST_PAUSE: u64 = 4;
const LONGEST_PAUSE: u64 = 128;
/// How rows are cut: rows of a shard, and of all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cut {
    pub shard_rows: usize,
    pub rows: usize,
}

impl Cut {
    pub fn shards(self) -> usize {
        self.rows.div_ceil(self.shard_rows.max(1))
    }

    pub fn range(self, shard: usize) -> (usize, usize) {
        let start = shard * self.shard_rows;
        (start, (start + self.shard_rows).min(self.rows))
    }
}

/// An executor, as far as is known here.
#[derive(Default)]
pub(super) struct Member {
    /// The tree from which on it is asked again, where it was lost.
    lost: Option<u64>,
    /// How many trees that was put off by, since its last answer that helped.
    pub pause: u64,
    /// Answers that did not help since the last that did.
    pub strikes: usize,
    /// Shards that it has room for, where it has once said that it has none.
    most: Option<usize>,
    /// Why it was lost last.
    reason: String,
}

/// Where a shard is.
#[derive(Clone, Copy, Default)]
pub(super) struct At {
    pub holder: Option<usize>,
    /// Whether it is there already, and not only to be sent.
    is_sent: bool,
    /// The tree whose words it has.
    pub tree: u64,
    /// Parts of the tree that were done there.
    pub told: usize,
}

/// Executors, and the shards that they hold.
pub(super) struct Crew<'c> {
    pub cluster: &'c mut dyn Cluster,
    shelf: &'c mut dyn Shelf,
    fit: u128,
    cut: Cut,
    pub bin_counts: Vec<u16>,
    pub members: Vec<Member>,
    pub at: Vec<At>,
    /// Times that was waited since an executor has answered.
    pub waits: usize,
    /// The tree that is grown, from 1 on.
    pub tree: u64,
}

impl<'c> Crew<'c> {
    pub fn new(data: &Binned, cut: Cut, cluster: &'c mut dyn Cluster, shelf: &'c mut dyn Shelf) -> Self {
        Self {
            members: (0..cluster.count()).map(|_| Member::default()).collect(),
            fit: cluster.fit_id(),
            cluster,
            shelf,
            cut,
            bin_counts: data.features.iter().map(|feature| feature.bin_count as u16).collect(),
            at: vec![At::default(); cut.shards()],
            waits: 0,
            tree: 0,
        }
    }

    pub fn message(&self, request: Request<'_>) -> Vec<u8> {
        encode(&Message { version: VERSION, fit: self.fit, request })
    }

    fn held_by(&self, member: usize) -> usize {
        self.at.iter().filter(|at| at.holder == Some(member)).count()
    }

    /// The executor that takes a shard: of those that have room, the one with the fewest.
    fn taker(&self) -> Option<usize> {
        let has_room = |&member: &usize| {
            let of = &self.members[member];
            of.lost.is_none() && of.most.is_none_or(|most| self.held_by(member) < most)
        };
        (0..self.members.len()).filter(has_room).min_by_key(|&member| self.held_by(member))
    }

    /// Notes that an executor does not hold what it should, or does not answer.
    pub fn refused(&mut self, member: usize, refusal: Refusal) {
        let of = &mut self.members[member];
        of.strikes += 1;
        let is_lost = match refusal {
            Refusal::Gone(reason) => {
                of.reason = reason;
                true
            }
            Refusal::Unknown => {
                "it forgets the rows that it is sent".clone_into(&mut of.reason);
                of.strikes >= MOST_STRIKES
            }
            Refusal::Full => {
                let sent = self.at.iter().filter(|at| at.holder == Some(member) && at.is_sent).count();
                of.most = Some(sent);
                for at in self.at.iter_mut().filter(|at| at.holder == Some(member) && !at.is_sent) {
                    *at = At::default();
                }
                return;
            }
        };
        if is_lost {
            of.pause = (2 * of.pause).clamp(FIRST_PAUSE, LONGEST_PAUSE);
            of.lost = Some(self.tree + of.pause);
            of.strikes = 0;
        }
        self.at.iter_mut().filter(|at| at.holder == Some(member)).for_each(|at| *at = At::default());
    }

    /// An answer of an executor that helps, or that it was no help.
    pub fn check<'m>(&mut self, member: usize, answer: &'m Result<Vec<u8>, Refusal>) -> Option<Answer<'m>> {
        let broken = || Refusal::Gone("it answers what cannot be read".to_owned());
        match answer {
            Err(refusal) => self.refused(member, refusal.clone()),
            Ok(bytes) => match decode(bytes) {
                None => self.refused(member, broken()),
                Some(answer) => return Some(answer),
            },
        }
        None
    }

    fn nobody_left(&self) -> Lost {
        let of = self.at.len();
        let lost = |(number, member): (usize, &Member)| {
            member.lost.map(|_| format!("executor {}: {}", number + 1, member.reason))
        };
        let lost: Vec<String> = self.members.iter().enumerate().filter_map(lost).collect();
        let room = if lost.len() < self.members.len() {
            let held = self.at.iter().filter(|at| at.is_sent).count();
            format!("the executors have room for {held} of {of} parts of the rows")
        } else {
            "no executor answers any more".to_owned()
        };
        let told = if lost.is_empty() { String::new() } else { format!(" ({})", lost.join("; ")) };
        Lost { reason: format!("{room}{told}") }
    }

    /// Gives every shard to an executor and sends it there.
    pub fn place(&mut self) -> Result<(), Lost> {
        loop {
            for shard in 0..self.at.len() {
                if self.at[shard].holder.is_none()
                    && let Some(member) = self.taker()
                {
                    self.at[shard] = At { holder: Some(member), ..At::default() };
                }
            }
            // One for each executor at a time: so many are in memory here.
            let mut next: Vec<(usize, usize)> = Vec::new();
            for (shard, at) in self.at.iter().enumerate().filter(|(_, at)| !at.is_sent) {
                if let Some(member) = at.holder
                    && next.iter().all(|&(_, taken)| taken != member)
                {
                    next.push((shard, member));
                }
            }
            if next.is_empty() {
                if self.at.iter().all(|at| at.is_sent) {
                    return Ok(());
                }
                if !self.cluster.wait(self.waits) {
                    return Err(self.nobody_left());
                }
                self.waits += 1;
                self.members.iter_mut().for_each(|member| {
                    (member.lost, member.most) = (None, None);
                });
                continue;
            }
            let mut messages = Vec::with_capacity(next.len());
            let mut blocks = Vec::new();
            for &(shard, member) in &next {
                self.shelf.get(shard, &mut blocks).map_err(|reason| Lost { reason })?;
                let (start, end) = self.cut.range(shard);
                let (rows, bin_counts) = ((end - start) as u32, self.bin_counts.clone());
                let put = Request::Put { shard: shard as u32, rows, bin_counts, blocks: &blocks };
                messages.push((member, self.message(put)));
            }
            let answers = self.cluster.ask(messages);
            for (&(shard, member), answer) in next.iter().zip(&answers) {
                if self.check(member, answer).is_some() {
                    self.at[shard].is_sent = true;
                }
            }
        }
    }

    /// Executors that were lost some trees ago are tried again, and take shards of those that have most.
    pub fn share_out_anew(&mut self) {
        let is_due = |of: &Member| of.lost.is_some_and(|again| again <= self.tree);
        let due: Vec<usize> =
            (0..self.members.len()).filter(|&member| is_due(&self.members[member])).collect();
        let hello = self.message(Request::Release { shards: Vec::new() });
        let messages: Vec<(usize, Vec<u8>)> = due.iter().map(|&member| (member, hello.clone())).collect();
        let answers = if due.is_empty() { Vec::new() } else { self.cluster.ask(messages) };
        for (&member, answer) in due.iter().zip(&answers) {
            if self.check(member, answer).is_some() {
                self.members[member].lost = None;
            }
        }
        while let Some(taker) = self.taker() {
            let most = (0..self.members.len()).max_by_key(|&member| self.held_by(member)).unwrap_or(taker);
            if self.held_by(most) < self.held_by(taker) + 2 {
                return;
            }
            let Some(shard) = self.at.iter().rposition(|at| at.holder == Some(most)) else { return };
            if self.at[shard].is_sent {
                let release = self.message(Request::Release { shards: vec![shard as u32] });
                // Where that is not heard, the next question shows why.
                self.cluster.ask(vec![(most, release)]);
            }
            self.at[shard] = At { holder: Some(taker), ..At::default() };
        }
    }
}

impl Drop for Crew<'_> {
    fn drop(&mut self) {
        let end = self.message(Request::End);
        let there = (0..self.members.len()).filter(|&member| self.members[member].lost.is_none());
        let messages: Vec<(usize, Vec<u8>)> = there.map(|member| (member, end.clone())).collect();
        // Who does not hear it forgets the rows after a while.
        self.cluster.ask(messages);
    }
}
