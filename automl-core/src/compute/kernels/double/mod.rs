//! Doubles for cards, which need not have any: `double.wgsl`, which other kernels are put together with.

#[cfg(test)]
mod tests;

/// The arithmetic, without an entry.
#[cfg(test)]
const CHECK: &str = concat!(include_str!("double.wgsl"), include_str!("check.wgsl"));
