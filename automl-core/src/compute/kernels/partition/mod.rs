//! Parts the rows of a leaf, those that go left first, each side in the order that it had.

pub mod cpu;
#[cfg(test)]
mod tests;

/// Rows of a block.
pub const BLOCK: u32 = 256;

pub const SOURCE: &str = include_str!("kernel.wgsl");

/// Which bindings each of the steps has.
pub const USED: [&[u32]; 3] = [&[0, 1, 2, 4], &[0, 4], &[0, 1, 2, 3, 4]];

/// `Params` of the kernel.
pub fn params(
    start: usize,
    count: usize,
    groups: usize,
    feature: usize,
    left: usize,
    side: &[bool; 256],
) -> [u32; 16] {
    let blocks = (count as u32).div_ceil(BLOCK);
    let (group, shift) = ((feature / 4) as u32, (feature % 4 * 8) as u32);
    let mut params = [0; 16];
    params[..7].copy_from_slice(&[
        start as u32,
        count as u32,
        blocks,
        group,
        groups as u32,
        shift,
        left as u32,
    ]);
    for (bin, _) in side.iter().enumerate().filter(|(_, goes)| **goes) {
        params[8 + bin / 32] |= 1 << (bin % 32);
    }
    params
}
