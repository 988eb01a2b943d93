//! Databases for tests.

use super::Store;
use std::path::Path;

/// The same server that the tests of the whole binary start.
#[path = "../../tests/common/cluster.rs"]
mod cluster;

pub use cluster::Cluster;

/// A store in a folder.
pub async fn sqlite(folder: &Path) -> Store {
    Store::sqlite(folder).await.unwrap_or_else(|e| panic!("no database: {e}"))
}
