//! Tables from nothing but parameters, and declarations of those that come from outside.

mod generate;
mod outside;
mod paste;
mod shapes;
mod targets;

#[cfg(test)]
mod tests;

pub(super) use generate::Generate;
pub(super) use outside::outside;
pub(super) use paste::Paste;
