//! The parts of the page, one a file.

pub mod alerts;
pub mod canvas;
pub mod chip;
pub mod curve;
pub mod data;
pub mod gloss;
pub mod header;
pub mod leaderboard;
pub mod learners;
pub mod missing;
pub mod narrow;
pub mod options;
pub mod predict;
pub mod preview;
pub mod reading;
pub mod result;
pub mod search;
pub mod server;
pub mod setup;
pub mod start;
pub mod studio;
