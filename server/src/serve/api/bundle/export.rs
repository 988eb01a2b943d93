//! Writing a project's file. It is sent as it is made.

use super::super::super::problem::Problem;
use super::super::super::state::{Shared, State};
use super::super::{Path, from_json};
use super::{
    DatasetFile, FORMAT, MANIFEST, Manifest, ModelFile, ModelFiles, PIPELINE, READING, Table, VERSION,
    VersionFile,
};
use crate::archive::Writer;
use crate::blobs::Files;
use crate::jobs::work::Work;
use crate::store::{Dataset, Model, ModelVersion, PAGE};
use axum::body::Body;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use std::collections::BTreeMap;
use std::io::{Error, Result};
use std::sync::Arc;
use tokio::sync::mpsc::Sender;

/// Parts of a file that wait to be sent.
const AHEAD: usize = 4;
/// Runs that are looked through for one that says which table is whose.
const LOOKED_THROUGH: i64 = 50;

type Out = Writer<Sender<Result<Bytes>>>;

pub(super) async fn export(
    shared: State,
    Path(project): Path<String>,
) -> std::result::Result<Response, Problem> {
    let found = shared.store.project(&project).await?;
    let (sender, parts) = tokio::sync::mpsc::channel(AHEAD);
    let name: String = found.name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    let shared = shared.0;
    tokio::spawn(async move {
        if let Err(error) = write(&shared, &project, &found.name, sender.clone()).await {
            tracing::warn!(%error, project, "a project's file broke off");
            // Whoever wanted it may be gone. Without this it would look whole.
            let _ = sender.send(Err(error)).await;
        }
    });
    let stream = futures_util::stream::unfold(parts, async |mut parts| Some((parts.recv().await?, parts)));
    let headers = [
        (header::CONTENT_TYPE, "application/zip".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"{name}.trellis\"")),
        (header::CACHE_CONTROL, "no-store".to_owned()),
    ];
    Ok((headers, Body::from_stream(stream)).into_response())
}

async fn write(shared: &Arc<Shared>, project: &str, name: &str, to: Sender<Result<Bytes>>) -> Result<()> {
    let mut out = Writer::new(to);
    let versions = versions(shared, project, &mut out).await?;
    let files = shared.vault.of(project).await.map_err(failed)?;
    let datasets = datasets(shared, &files, project, &mut out).await?;
    let models = models(shared, &files, project, &mut out).await?;
    let manifest = Manifest {
        format: FORMAT.to_owned(),
        version: VERSION,
        trellis: env!("CARGO_PKG_VERSION").to_owned(),
        name: name.to_owned(),
        versions,
        datasets,
        models,
    };
    out.add_bytes(MANIFEST, serde_json::to_vec_pretty(&manifest)?).await?;
    out.finish().await.map(drop)
}

fn failed(error: impl std::fmt::Display) -> Error {
    Error::other(error.to_string())
}

/// The newest one under the name that the page knows, the others beside.
async fn versions(shared: &Shared, project: &str, out: &mut Out) -> Result<Vec<VersionFile>> {
    let (mut listed, mut before) = (Vec::new(), None);
    loop {
        let some = shared.store.versions(project, before, PAGE).await.map_err(failed)?;
        let Some(last) = some.last() else { break };
        before = Some(last.number);
        for version in some {
            let path = if listed.is_empty() {
                PIPELINE.to_owned()
            } else {
                format!("versions/{}.trellis.json", version.number)
            };
            let (hash, _) = out.add_bytes(&path, version.document).await?;
            listed.push(VersionFile { path, hash, note: version.note, created: version.created });
        }
    }
    listed.reverse();
    Ok(listed)
}

/// Which table is whose, as the newest run of a pipeline was told.
async fn sources(shared: &Shared, project: &str) -> Result<BTreeMap<String, String>> {
    let runs = shared.store.runs(project, None, LOOKED_THROUGH).await.map_err(failed)?;
    let data = runs.iter().find_map(|run| match from_json(run.work.as_bytes()) {
        Ok(Work::Pipeline { data, .. }) => Some(data),
        _ => None,
    });
    Ok(data.unwrap_or_default())
}

async fn datasets(shared: &Shared, files: &Files, project: &str, out: &mut Out) -> Result<Vec<DatasetFile>> {
    let (mut listed, mut before) = (Vec::new(), None);
    let mut all: Vec<Dataset> = Vec::new();
    loop {
        let some = shared.store.datasets(project, before.as_deref(), PAGE).await.map_err(failed)?;
        let Some(last) = some.last() else { break };
        before = Some(last.id.clone());
        all.extend(some);
    }
    all.reverse();
    let sources = sources(shared, project).await?;
    let mut reading = Vec::new();
    for (number, dataset) in all.iter().enumerate() {
        let path = format!("data/{number}/{}", plain(&dataset.name));
        let options: serde_json::Value = serde_json::from_str(&dataset.options).unwrap_or_default();
        let told = sources.iter().filter(|(_, id)| **id == dataset.id).map(|(source, _)| source.clone());
        let mut told: Vec<String> = told.collect();
        if told.is_empty() {
            told.push(format!("file:{}", dataset.name));
        }
        reading.extend(told.into_iter().map(|source| Table {
            path: path.clone(),
            source,
            name: dataset.name.clone(),
            options: options.clone(),
        }));
        let (name, hash) = (dataset.name.clone(), dataset.blob.clone());
        listed.push(DatasetFile { path, hash, name, options, created: dataset.created });
    }
    // Of two tables for one source the page takes the last, which is the newest.
    out.add_bytes(READING, serde_json::to_vec_pretty(&reading)?).await?;
    for file in &mut listed {
        file.hash = blob(files, &file.hash, &file.path, out).await?;
    }
    Ok(listed)
}

/// A name as file systems take it.
fn plain(name: &str) -> String {
    let is_bad =
        |c: char| c.is_control() || matches!(c, '/' | '\\' | ':' | '*' | '?' | '"' | '<' | '>' | '|');
    let name: String = name.chars().map(|c| if is_bad(c) { '-' } else { c }).take(80).collect();
    let name = name.trim().trim_matches('.');
    if name.is_empty() { "table.csv".to_owned() } else { name.to_owned() }
}

async fn models(shared: &Shared, kept: &Files, project: &str, out: &mut Out) -> Result<Vec<ModelFiles>> {
    let (mut all, mut before) = (Vec::<Model>::new(), None);
    loop {
        let some = shared.store.models(project, before.as_deref(), PAGE).await.map_err(failed)?;
        let Some(last) = some.last() else { break };
        before = Some(last.id.clone());
        all.extend(some);
    }
    all.reverse();
    let mut listed = Vec::new();
    for (number, model) in all.into_iter().enumerate() {
        let (mut versions, mut before) = (Vec::<ModelVersion>::new(), None);
        loop {
            let some = shared.store.model_versions(&model.id, before, PAGE).await.map_err(failed)?;
            let Some(last) = some.last() else { break };
            before = Some(last.number);
            versions.extend(some);
        }
        versions.reverse();
        let aliases = shared.store.aliases(&model.id).await.map_err(failed)?;
        // Numbers are given anew where the project is taken in.
        let place = |of: i64| versions.iter().position(|v| v.number == of).map(|i| i as i64 + 1);
        let aliases = aliases.into_iter().filter_map(|(alias, of)| Some((alias, place(of)?))).collect();
        let mut files = Vec::new();
        for version in &versions {
            let path = format!("registry/{number}/{}.trellis", version.number);
            let hash = blob(kept, &version.blob, &path, out).await?;
            files.push(ModelFile { path, hash, created: version.created });
        }
        listed.push(ModelFiles { name: model.name, versions: files, aliases });
    }
    Ok(listed)
}

/// The hash of what was written, which is not sealed any more: the file is whoever's it is given to.
async fn blob(files: &Files, name: &str, path: &str, out: &mut Out) -> Result<String> {
    let stream = files.stream(name).await.map_err(failed)?;
    let (found, _) = out.add(path, stream).await?;
    let hash = blake3::Hash::from_hex(&found).map_err(failed)?;
    if files.name_of(&hash) == name { Ok(found) } else { Err(failed(format!("the blob {name} is damaged"))) }
}
