//! Executors that are sent anything.

use super::message::{
    Answer, Ask, Message, Part, Request, VERSION, decode, encode, leaf_width, words_of, words_to_bytes,
};
use super::{Executor, Refused};
use proptest::prelude::*;

const LIMIT: u64 = 400_000;

fn executor() -> Executor {
    Executor::new(LIMIT, 2, 100.0)
}

fn send(executor: &mut Executor, fit: u128, request: Request<'_>) -> Result<Vec<u8>, Refused> {
    executor.handle(&encode(&Message { version: VERSION, fit, request }), 1.0)
}

/// Ten rows of two features, of three and of two bins.
fn put(shard: u32) -> (Vec<u16>, Vec<u8>, u32) {
    let mut blocks = 6u32.to_le_bytes().to_vec();
    blocks.extend([0, 1, 2, 0, 1, 2, 1, 0, 1, 0, 1, 0]);
    blocks.extend(4u32.to_le_bytes());
    blocks.extend([2, 2, 1, 0, 0, 0, 1, 1]);
    (vec![3, 2], blocks, shard)
}

fn hold(executor: &mut Executor, fit: u128, shard: u32) -> Result<Vec<u8>, Refused> {
    let (bin_counts, blocks, shard) = put(shard);
    send(executor, fit, Request::Put { shard, rows: 10, bin_counts, blocks: &blocks })
}

fn words() -> Vec<u8> {
    words_to_bytes((0..10).map(|row| 1 << row))
}

fn begin(executor: &mut Executor, shard: u32, tree: u64) -> Result<Vec<u8>, Refused> {
    let request = Request::Begin { shard, tree, features: vec![0, 1], bag: None, words: &words() };
    send(executor, 1, request)
}

fn sums(answer: &[u8]) -> (u64, Vec<i64>) {
    match decode(answer) {
        Some(Answer::Sums(rows, bytes)) => (rows, words_of(bytes).expect("whole words").collect()),
        other => panic!("{other:?}"),
    }
}

/// Of the first feature, its first bin goes left.
fn part(leaf: u32) -> Part {
    Part { leaf, feature: 0, left: [1, 0, 0, 0] }
}

#[test]
fn a_leaf_is_summed_and_parted_and_nothing_is_done_twice() {
    let mut it = executor();
    hold(&mut it, 1, 0).expect("room");
    hold(&mut it, 1, 5).expect("room");
    begin(&mut it, 0, 3).expect("a tree");
    let ask = |it: &mut Executor, shards: &[u32], before, parts: &[Part], ask| {
        let shards = shards.to_vec();
        send(it, 1, Request::Go { tree: 3, shards, before, parts: parts.to_vec(), ask })
    };
    // The bins of the rows: 0 1 2 0 1 2 2 2 1 0 and 1 0 1 0 1 0 0 0 1 1; row r has the word 2 to the power of r.
    let root = ask(&mut it, &[0], 0, &[], Ask::Sum(0)).expect("sums");
    assert_eq!(sums(&root), (10, vec![521, 274, 228, 234, 789]));
    assert_eq!(ask(&mut it, &[0, 5], 0, &[], Ask::Sum(0)), Err(Refused::Unknown));
    begin(&mut it, 5, 3).expect("a tree");
    let both = ask(&mut it, &[0, 5], 0, &[part(0)], Ask::Sum(1)).expect("sums");
    assert_eq!((sums(&both).0, sums(&both).1[0], sums(&both).1[2]), (14, 0, 2 * 0b1110_0100));
    // The answer was lost, and one more leaf is parted meanwhile.
    for _ in 0..2 {
        assert_eq!(ask(&mut it, &[0, 5], 0, &[part(0)], Ask::Sum(1)).as_ref(), Ok(&both));
    }
    assert_eq!(ask(&mut it, &[0], 2, &[], Ask::Sum(0)), Err(Refused::Unknown));
    let other = Part { leaf: 1, feature: 1, left: [2, 0, 0, 0] };
    assert_eq!(
        ask(&mut it, &[0], 0, &[other], Ask::Sum(0)).err(),
        Some(Refused::Malformed("leaves are parted that there are not"))
    );
    let leaves = ask(&mut it, &[0], 1, &[other], Ask::Leaves).expect("leaves");
    assert_eq!(decode(&leaves), Some(Answer::Leaves(&[0, 2, 1, 0, 1, 2, 2, 2, 1, 0])));
    // It is further than this question.
    assert_eq!(ask(&mut it, &[0], 0, &[part(0)], Ask::Sum(1)), Err(Refused::Unknown));
}

#[test]
fn rows_outside_the_tree_are_told_their_leaf_and_not_summed() {
    let mut it = executor();
    hold(&mut it, 1, 0).expect("room");
    let words = words_to_bytes([1, 2, 4].into_iter());
    let bag: [u8; 2] = [0b0001_0010, 0b10];
    let request = Request::Begin { shard: 0, tree: 1, features: vec![0], bag: Some(&bag), words: &words };
    send(&mut it, 1, request).expect("a tree");
    let go = |ask| Request::Go { tree: 1, shards: vec![0], before: 0, parts: vec![part(0)], ask };
    let summed = send(&mut it, 1, go(Ask::Sum(0))).expect("sums");
    assert_eq!(sums(&summed), (1, vec![4, 0, 0]));
    let leaves = send(&mut it, 1, go(Ask::Leaves)).expect("leaves");
    assert_eq!(decode(&leaves), Some(Answer::Leaves(&[0, 1, 1, 0, 1, 1, 1, 1, 1, 0])));
}

#[test]
fn what_has_no_room_or_is_not_whole_is_refused() {
    let mut it = executor();
    let held = (0..100).take_while(|&shard| hold(&mut it, 1, shard).is_ok()).count();
    assert!((2..20).contains(&held), "{held}");
    assert_eq!(hold(&mut it, 1, 99), Err(Refused::Full));
    assert_eq!(hold(&mut it, 2, 0), Err(Refused::Full));
    // What is there already may come again; what was released makes room, also for others.
    hold(&mut it, 1, 0).expect("room");
    send(&mut it, 1, Request::Release { shards: vec![0, 1, 77] }).expect("done");
    hold(&mut it, 2, 0).expect("room");
    // Whose driver is silent is forgotten.
    assert_eq!(it.holds().fits, 2);
    send(&mut it, 2, Request::End).expect("done");
    it.forget_idle(100.9);
    assert_eq!(it.holds().fits, 1);
    it.forget_idle(101.1);
    assert_eq!(it.holds(), super::Holds { trees: 0, ..super::Holds::default() });
    let mut sent = |rows, bin_counts: &[u16], blocks: &[u8]| {
        let request = Request::Put { shard: 0, rows, bin_counts: bin_counts.to_vec(), blocks };
        assert!(matches!(send(&mut it, 1, request), Err(Refused::Malformed(_) | Refused::Full)));
    };
    let (bin_counts, blocks, _) = put(0);
    sent(9, &bin_counts, &blocks);
    sent(11, &bin_counts, &blocks);
    sent(10, &bin_counts, &blocks[..blocks.len() - 1]);
    sent(10, &[2, 2], &blocks);
    sent(10, &[3, 257], &blocks);
    sent(10, &[3, 0], &blocks);
    sent(0, &bin_counts, &[]);
    sent(10, &[], &blocks);
    sent(u32::MAX, &bin_counts, &blocks);
    sent(1_000, &bin_counts, &[0; 4_000]);
    assert_eq!(it.holds().bytes, 0);
    assert_eq!(it.handle(b"GET / HTTP/1.1", 1.0), Err(Refused::Malformed("it cannot be read")));
    let newer = Message { version: VERSION + 1, fit: 1, request: Request::End };
    assert_eq!(it.handle(&encode(&newer), 1.0), Err(Refused::Malformed("its version is another")));
}

#[test]
fn leaf_numbers_are_as_wide_as_they_must_be() {
    assert_eq!([1, 256, 257, 65_536, 65_537].map(leaf_width), [1, 1, 2, 2, 4]);
}

fn any_part() -> impl Strategy<Value = Part> {
    (0..6u32, 0..3u32, any::<[u64; 4]>()).prop_map(|(leaf, feature, left)| Part { leaf, feature, left })
}

/// A request whose numbers are about right, and sometimes not.
fn any_message() -> impl Strategy<Value = Vec<u8>> {
    let sized = (0..3u32, 0..12u32, prop::collection::vec(0..5u16, 0..4), 0..5usize);
    let some = (
        1..4u64,
        prop::collection::vec(any::<i64>(), 0..12),
        any::<bool>(),
        prop::collection::vec(0..4u32, 0..4),
    );
    let go = (prop::collection::vec(any_part(), 0..5), 0..4u32, 0..6u32, any::<bool>());
    (0..8u8, 1..3u128, sized, some, go).prop_map(|(kind, fit, sized, some, go)| {
        let (shard, rows, bin_counts, cut) = sized;
        let (tree, numbers, bagged, list) = some;
        let (parts, before, leaf, sum) = go;
        let (right, blocks, _) = put(0);
        let words = words_to_bytes(numbers.iter().copied());
        let bits = [numbers.len() as u8, 0];
        let request = match kind {
            0 => Request::Put { shard, rows, bin_counts, blocks: &blocks[cut..] },
            1 | 2 => Request::Put { shard, rows: 10, bin_counts: right, blocks: &blocks },
            3 => Request::Begin { shard, tree, features: list, bag: bagged.then_some(&bits), words: &words },
            4 | 5 => {
                let words: Vec<i64> = (0..10).map(|at| numbers.get(at).map_or(1, |n| n >> 5)).collect();
                let words = words_to_bytes(words.into_iter());
                return encode(&Message {
                    version: VERSION,
                    fit,
                    request: Request::Begin { shard, tree, features: vec![0, 1], bag: None, words: &words },
                });
            }
            6 if !sum && cut == 0 => Request::Release { shards: list },
            _ => {
                let ask = if sum { Ask::Sum(leaf) } else { Ask::Leaves };
                let mut shards = list;
                shards.sort_unstable();
                shards.dedup();
                Request::Go { tree, shards, before, parts, ask }
            }
        };
        encode(&Message { version: VERSION, fit, request })
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn bytes_of_any_kind_are_answered_or_refused(bytes in prop::collection::vec(any::<u8>(), 0..200)) {
        let mut it = executor();
        let _ = it.handle(&bytes, 0.0);
        prop_assert!(it.holds().bytes <= LIMIT);
    }

    #[test]
    fn requests_in_any_order_are_answered_or_refused(
        messages in prop::collection::vec(any_message(), 1..40),
        damage in prop::collection::vec((0..40usize, any::<prop::sample::Index>(), any::<u8>()), 0..4),
    ) {
        let mut messages = messages;
        for (which, at, byte) in damage {
            let count = messages.len();
            let message = &mut messages[which % count];
            let at = at.index(message.len());
            message[at] = byte;
        }
        let mut it = executor();
        for message in &messages {
            let _ = it.handle(message, 0.0);
            prop_assert!(it.holds().bytes <= LIMIT);
        }
        // It lives on.
        let mut fresh = (0..4).filter(|&shard| hold(&mut it, 77, shard).is_ok());
        prop_assert!(fresh.next().is_some() || it.holds().bytes > LIMIT / 2);
    }
}
