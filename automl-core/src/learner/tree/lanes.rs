//! Sums of pairs in an order that many can share: chunks of 4,096, in each of which 64 lanes take every 64th pair and are then
//! added up pairwise; and likewise the sums of all chunks. The order is fixed, so that the bits do not depend on who sums:
//! threads take chunks, and on a graphics card each lane is a thread (`compute/kernels/boosting/sums.wgsl`).

use crate::platform::each;

/// Pairs that are summed together.
pub const CHUNK: usize = 4096;
const LANES: usize = 64;

type Pair = [f64; 2];

/// Σ of `count` pairs, `at(place)` each. `threads` may help.
pub fn pair_sums(count: usize, threads: usize, at: impl Fn(usize) -> Pair + Sync) -> Pair {
    if count <= CHUNK {
        return chunk_sum(0, count, &at);
    }
    let mut chunks = vec![[0.0; 2]; count.div_ceil(CHUNK)];
    // A few chunks a thread: what wakes it must be worth it.
    let share = chunks.len().div_ceil(threads.max(1)).max(if cfg!(test) { 1 } else { 8 });
    let mut parts: Vec<&mut [Pair]> = chunks.chunks_mut(share).collect();
    each(threads, &mut parts, |part, sums| {
        for (place, sum) in sums.iter_mut().enumerate() {
            let start = (part * share + place) * CHUNK;
            *sum = chunk_sum(start, count.min(start + CHUNK), &at);
        }
    });
    chunk_sum(0, chunks.len(), &|place| chunks[place])
}

fn chunk_sum(start: usize, end: usize, at: &impl Fn(usize) -> Pair) -> Pair {
    let (mut first, mut second) = ([0.0; LANES], [0.0; LANES]);
    for turn in (start..end).step_by(LANES) {
        let lanes = first.iter_mut().zip(&mut second);
        for ((first, second), place) in lanes.zip(turn..end.min(turn + LANES)) {
            let [a, b] = at(place);
            *first += a;
            *second += b;
        }
    }
    [folded(first), folded(second)]
}

fn folded(mut lanes: [f64; LANES]) -> f64 {
    let mut half = LANES / 2;
    while half > 0 {
        let (low, high) = lanes.split_at_mut(half);
        low.iter_mut().zip(high).for_each(|(a, b)| *a += *b);
        half /= 2;
    }
    lanes[0]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threads_change_no_bit_and_nothing_is_left_out() {
        let at = |place: usize| [1.0 / (1.0 + place as f64), place as f64];
        for count in [0, 1, 63, 64, 65, 4095, 4096, 4097, 12_345] {
            let sums = pair_sums(count, 1, at);
            assert_eq!(sums[1], (0..count).sum::<usize>() as f64);
            let plain: f64 = (0..count).map(|place| at(place)[0]).sum();
            assert!((sums[0] - plain).abs() < 1e-12 * plain.max(1.0));
            assert_eq!(pair_sums(count, 3, at), sums);
        }
    }
}
