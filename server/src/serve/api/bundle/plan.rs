//! What an archive is to become, before anything of it is taken in.

use super::super::super::problem::Problem;
use super::super::{checked_name, from_json};
use super::{
    DatasetFile, FORMAT, MANIFEST, Manifest, ModelFile, ModelFiles, PIPELINE, READING, Table, VERSION,
};
use crate::archive::{Archive, Entry, Fault};
use crate::store::{Millis, now};
use automl_core::table::ReadOptions;
use std::collections::{BTreeMap, BTreeSet};

/// Bytes of a manifest at most, and of a pipeline.
const MOST_LISTED: u64 = 16 << 20;
pub const MOST_PIPELINE: u64 = 1 << 20;

/// See the module. `hash`: what a file's must be, where it was said.
#[derive(Debug, Default)]
pub struct Plan {
    pub name: String,
    /// With note and time.
    pub versions: Vec<(Entry, Option<String>, String, Millis)>,
    pub datasets: Vec<Table1>,
    pub models: Vec<Model>,
}

/// A table to be taken in.
#[derive(Debug)]
pub struct Table1 {
    pub entry: Entry,
    pub hash: Option<String>,
    pub name: String,
    pub options: String,
    pub created: Millis,
}

/// A model to be taken in.
#[derive(Debug)]
pub struct Model {
    pub name: String,
    pub versions: Vec<(Entry, Option<String>, Millis)>,
    pub aliases: Vec<(String, i64)>,
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Self {
        match fault {
            Fault::Bad(what) => Self::unusable(format!(
                "The project's file cannot be used: {what}. Export the project again, and send that file."
            )),
            Fault::Disk(e) => crate::blobs::BlobError::from(e).into(),
        }
    }
}

fn bad(what: impl std::fmt::Display) -> Problem {
    Fault::Bad(what.to_string()).into()
}

/// A time that somebody told: not before 1970, and not to come.
fn past(at: Millis) -> Millis {
    at.clamp(0, now())
}

/// The files of an archive by their names.
#[derive(Default)]
struct Files {
    all: BTreeMap<String, Entry>,
    named: BTreeSet<String>,
}

impl Files {
    /// A file, once: it is unpacked and looked into each time, so that a small archive could ask for much.
    fn named(&mut self, name: &str) -> Result<Entry, Problem> {
        let found = self.all.get(name).cloned().ok_or_else(|| bad(format!("it holds no {name}")))?;
        if self.named.insert(name.to_owned()) {
            Ok(found)
        } else {
            Err(bad(format!("it names {name} twice")))
        }
    }
}

/// How a table is read, as it is kept.
fn options(of: serde_json::Value) -> Result<String, Problem> {
    let options: ReadOptions = if of.is_null() {
        ReadOptions::default()
    } else {
        serde_json::from_value(of)
            .map_err(|e| bad(format!("it says in no known way how a table is read: {e}")))?
    };
    Ok(serde_json::to_string(&options).unwrap_or_default())
}

/// # Errors
/// An archive that is no project, or that says what cannot be.
pub fn plan(archive: &Archive, name: Option<&str>) -> Result<Plan, Problem> {
    let mut files = Files::default();
    for entry in archive.entries()? {
        let entry = entry?;
        if let Some(twice) = files.all.insert(entry.name.clone(), entry) {
            return Err(bad(format!("\"{}\" stands in it twice", twice.name)));
        }
    }
    let mut plan = match files.all.get(MANIFEST) {
        Some(entry) => {
            let manifest: Manifest = from_json(&archive.bytes(entry, MOST_LISTED)?)?;
            if manifest.format != FORMAT || manifest.version != VERSION {
                let found = format!("{} of version {}", manifest.format, manifest.version);
                return Err(bad(format!(
                    "it is a {found}, and this server reads {FORMAT} of version {VERSION}"
                )));
            }
            exported(&mut files, manifest)?
        }
        None => saved(archive, &mut files)?,
    };
    if let Some(name) = name {
        plan.name = name.to_owned();
    }
    plan.name = checked_name(&plan.name, "/name")?;
    Ok(plan)
}

/// What a server gave.
fn exported(files: &mut Files, manifest: Manifest) -> Result<Plan, Problem> {
    let mut plan = Plan { name: manifest.name, ..Plan::default() };
    for version in manifest.versions {
        let note = version.note.chars().filter(|c| !c.is_control()).take(500).collect();
        let entry = files.named(&version.path)?;
        plan.versions.push((entry, Some(version.hash), note, past(version.created)));
    }
    for DatasetFile { path, hash, name, options: of, created } in manifest.datasets {
        plan.datasets.push(Table1 {
            entry: files.named(&path)?,
            hash: Some(hash),
            name: checked_name(&name, "/name")?,
            options: options(of)?,
            created: past(created),
        });
    }
    for ModelFiles { name, versions, aliases } in manifest.models {
        let name = checked_name(&name, "/name")?;
        let count = versions.len() as i64;
        let named =
            |(alias, of): &(String, i64)| super::super::models::is_alias(alias) && (1..=count).contains(of);
        let mut seen: Vec<&String> = aliases.iter().map(|(alias, _)| alias).collect();
        seen.sort();
        seen.dedup();
        if count == 0 || !aliases.iter().all(named) || seen.len() != aliases.len() {
            return Err(bad(format!("the versions or aliases of the model \"{name}\" cannot be")));
        }
        if plan.models.iter().any(|m| m.name == name) {
            return Err(bad(format!("it holds two models \"{name}\"")));
        }
        let version = |v: ModelFile| Ok((files.named(&v.path)?, Some(v.hash), past(v.created)));
        let versions = versions.into_iter().map(version).collect::<Result<_, Problem>>()?;
        plan.models.push(Model { name, versions, aliases });
    }
    Ok(plan)
}

/// What the page saved.
fn saved(archive: &Archive, files: &mut Files) -> Result<Plan, Problem> {
    let at = now();
    let pipeline = files.named(PIPELINE)?;
    let mut plan = Plan { name: "Project".to_owned(), ..Plan::default() };
    plan.versions.push((pipeline, None, String::new(), at));
    let reading: Vec<Table> = match files.all.get(READING) {
        Some(entry) => from_json(&archive.bytes(entry, MOST_LISTED)?)?,
        None => Vec::new(),
    };
    for table in reading {
        // Two nodes may read one table.
        if plan.datasets.iter().any(|d| d.entry.name == table.path) {
            continue;
        }
        plan.datasets.push(Table1 {
            entry: files.named(&table.path)?,
            hash: None,
            name: checked_name(&table.name, "/name")?,
            options: options(table.options)?,
            created: at,
        });
    }
    for (path, entry) in &files.all {
        if let Some(node) = path.strip_prefix("models/").and_then(|p| p.strip_suffix(".trellis")) {
            let name = checked_name(node, "/name")?;
            plan.models.push(Model { name, versions: vec![(entry.clone(), None, at)], aliases: Vec::new() });
        }
    }
    Ok(plan)
}
