//! The page's doors: to its workers, to what it keeps, to its own server.

pub mod archive;
pub mod network;
pub mod program;
pub mod save;
pub mod server;
pub mod storage;
pub mod workers;
