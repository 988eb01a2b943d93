//! A whole project in one file, to keep or to take elsewhere: versions of the pipeline, data sets, models.
//!
//! It is a zip archive, and a project file of the page too: `pipeline.trellis.json` is the newest pipeline, `data/` its
//! tables and `reading.json` how they are read. What the page does not know of stands beside: older versions, models
//! with their versions and aliases, and a manifest that names each file with its hash. So the page opens what a server
//! gave, as far as it fits a tab, and a server takes in what the page saved. Runs, members and links stay behind.

mod export;
mod import;
mod plan;

use super::super::access::Action;
use super::{Content, Route};
use crate::store::{Millis, Project};
use axum::routing::{get, post};
use serde::{Deserialize, Serialize};

const PIPELINE: &str = "pipeline.trellis.json";
const READING: &str = "reading.json";
const MANIFEST: &str = "manifest.json";
const FORMAT: &str = "trellis.project";
const VERSION: u32 = 1;

pub fn routes() -> Vec<Route> {
    vec![
        Route::new(
            "GET",
            "/api/v1/projects/{project}/export",
            Action::SeeProject,
            "Gives a project as one file: versions, data sets, models; runs, members and links stay behind",
            get(export::export),
        )
        .gives_content(Content::Zip),
        Route::new(
            "POST",
            "/api/v1/projects/import",
            Action::CreateProject,
            "Makes a project of a file that an export or the page gave; ?name= names it",
            post(import::import),
        )
        .asks::<import::Import>()
        .takes_bytes()
        .makes::<Project>(201),
    ]
}

/// What is in a project's file.
#[derive(Debug, Serialize, Deserialize)]
struct Manifest {
    format: String,
    version: u32,
    /// The program that wrote it.
    trellis: String,
    name: String,
    /// Oldest first.
    versions: Vec<VersionFile>,
    datasets: Vec<DatasetFile>,
    models: Vec<ModelFiles>,
}

#[derive(Debug, Serialize, Deserialize)]
struct VersionFile {
    path: String,
    /// BLAKE3 of the file, hexadecimal.
    hash: String,
    note: String,
    created: Millis,
}

#[derive(Debug, Serialize, Deserialize)]
struct DatasetFile {
    path: String,
    hash: String,
    name: String,
    options: serde_json::Value,
    created: Millis,
}

#[derive(Debug, Serialize, Deserialize)]
struct ModelFiles {
    name: String,
    /// Oldest first; they are numbered from 1 on when they are taken in.
    versions: Vec<ModelFile>,
    /// With the place of the version, from 1 on.
    aliases: Vec<(String, i64)>,
}

#[derive(Debug, Serialize, Deserialize)]
struct ModelFile {
    path: String,
    hash: String,
    created: Millis,
}

/// A table, as the page lists it in [`READING`].
#[derive(Debug, Serialize, Deserialize)]
struct Table {
    path: String,
    /// What names it to the engine.
    #[serde(default)]
    source: String,
    name: String,
    #[serde(default)]
    options: serde_json::Value,
}
