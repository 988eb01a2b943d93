//! Tables from nothing but parameters, and declarations of those that come from outside.

mod friedman;
mod generate;
mod outside;
mod paste;
mod shapes;

#[cfg(test)]
mod tests;

pub(super) use generate::Generate;
pub(super) use outside::outside;
pub(super) use paste::Paste;
