//! `trellis run`

use super::card::Shared;
use super::drive::drive;
use super::fit::usable_threads;
use super::progress::Progress;
use super::{print, print_json};
use crate::args::RunArgs;
use crate::failure::{Failure, warn};
use crate::serve::Assets;
use crate::{Done, memory, reading};
use automl_core::diagnostic::Diagnostic;
use automl_core::document::{Edit, NodeId, PipelineDocument};
use automl_core::engine::flow::{RunRequest, StudyToRun, SuppliedTable, Workspace, read_options};
use automl_core::engine::protocol::{FlowEvent, NodeState, NodeView, PlanView, Wants, WantsFrom};
use automl_core::platform::ready;
use automl_core::table::{Format, read};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Instant;

/// Bytes of results that are kept while a pipeline runs; those that are still needed stay beyond that.
const CACHE_BYTES: u64 = 4 << 30;

/// Runs a document, prints a line a node, writes what export nodes give, and holds scores against what was asked.
///
/// # Errors
/// A document or data that cannot be used, a node that fails, a score that is not as was asserted.
pub fn run(args: &RunArgs, started: Instant) -> Done {
    let document = document(args)?;
    if let Some(folder) = &args.out {
        std::fs::create_dir_all(folder).map_err(|e| Failure::file("write", folder, &e))?;
    }
    let mut workspace = Workspace::new(CACHE_BYTES, memory::available());
    supply(args, &document, &mut workspace)?;
    let plan = workspace.plan(&document);
    refuse_faults(&plan)?;
    let mut cards = Shared::begin(args.backend)?;
    let mut progress = Progress::new(args.quiet || args.json);
    let now = || started.elapsed().as_secs_f64();
    let asked = RunRequest { nodes: args.node.clone(), ..RunRequest::default() };
    let mut events = workspace.run(&document, &asked, now());
    loop {
        tell(args, &events)?;
        if !workspace.is_running() {
            break;
        }
        if let Some(batch) = workspace.batch() {
            let begun = Instant::now();
            let (rows, columns) = batch.size();
            // Natively, what a card computes is waited for where it is asked for.
            let said = ready(batch.predict(Some(&cards.for_table(rows, columns))));
            events = workspace.predicted(&batch, said, begun.elapsed().as_secs_f64()).into_iter().collect();
            continue;
        }
        let stepped = workspace.step(true, now());
        events = stepped.events;
        if let Some(study) = stepped.study {
            tell(args, &events)?;
            events = workspace.trained(train(args, study, &mut cards, &mut progress), now());
        }
    }
    if let Some(told) = cards.told().filter(|_| !args.quiet) {
        eprintln!("note: {told}");
    }
    let plan = workspace.plan_view();
    let files = export(args, &document, &workspace)?;
    if args.json {
        print_json(
            &serde_json::json!({ "plan": plan, "scores": scores(&document, &workspace), "files": files }),
        )?;
    }
    if let Some((id, view)) = plan.nodes.iter().find(|(_, v)| v.state == NodeState::Failed) {
        return Err(fault(id, view));
    }
    super::assertion::hold(&args.assert, &scores(&document, &workspace))
}

/// # Errors
/// A file that cannot be read, or that is no pipeline.
fn document(args: &RunArgs) -> Result<PipelineDocument, Failure> {
    let bytes = std::fs::read(&args.pipeline).map_err(|e| Failure::file("read", &args.pipeline, &e))?;
    let mut document = PipelineDocument::from_json(&bytes)
        .map_err(|d| Failure::prefixed(&args.pipeline.display().to_string(), d.into()))?;
    if let Some(name) = args.node.iter().find(|n| !document.nodes().contains_key(&NodeId((*n).clone()))) {
        return Err(no_node(name, &document));
    }
    let Some(seed) = args.seed else { return Ok(document) };
    let kinds = automl_core::engine::flow::catalogue();
    let has_seed = |kind: &str| kinds.iter().any(|k| k.id == kind && k.field("seed").is_some());
    let edits = document
        .nodes()
        .iter()
        .filter(|(_, node)| has_seed(&node.kind))
        .map(|(id, _)| Edit::SetParam { id: id.clone(), name: "seed".to_owned(), value: Some(seed.into()) });
    let edits = edits.collect();
    document.apply(Edit::All { edits })?;
    Ok(document)
}

fn no_node(name: &str, document: &PipelineDocument) -> Failure {
    let ids: Vec<&str> = document.nodes().keys().map(|id| id.0.as_str()).collect();
    Failure::new(format!("the pipeline has no node \"{name}\""), format!("choose from {}", ids.join(", ")))
}

/// Brings what sources want: from the command line, or from the samples in this program.
fn supply(args: &RunArgs, document: &PipelineDocument, workspace: &mut Workspace) -> Done {
    let plan = workspace.plan(document);
    let wanting: Vec<(&String, Wants)> =
        plan.nodes.iter().filter_map(|(id, view)| Some((id, view.wants.clone()?))).collect();
    let mut given: Vec<(String, PathBuf)> = Vec::new();
    for data in &args.data {
        let text = data.to_string_lossy();
        match text.split_once('=') {
            Some((node, path)) if plan.nodes.contains_key(node) => {
                given.push((node.to_owned(), PathBuf::from(path)));
            }
            Some((node, _)) if !data.exists() => return Err(no_node(node, document)),
            _ => match wanting.as_slice() {
                [(id, _)] => given.push(((*id).clone(), data.clone())),
                [] => return Err(Failure::new("no node of the pipeline wants data", "leave out --data")),
                many => {
                    let ids: Vec<&str> = many.iter().map(|(id, _)| id.as_str()).collect();
                    return Err(Failure::new(
                        format!("{} nodes want data: {}", many.len(), ids.join(", ")),
                        format!("say which, for example --data {}={text}", ids[0]),
                    ));
                }
            },
        }
    }
    let mut brought: Vec<(String, PathBuf)> = Vec::new();
    for (id, wants) in wanting {
        let path = given.iter().find(|(node, _)| node == id).map(|(_, path)| path.clone());
        let path = path.or_else(|| beside(args, &wants));
        if let Some(known) = brought.iter().find(|(source, _)| *source == wants.source) {
            if path.as_ref().is_some_and(|p| *p != known.1) {
                return Err(Failure::new(
                    format!("two nodes read \"{}\", and were given different files", wants.name),
                    "give one of them another file name in the pipeline",
                ));
            }
            continue;
        }
        let params = document.nodes().get(&NodeId(id.clone())).map(|n| n.params.clone()).unwrap_or_default();
        let options = read_options(&params);
        let (table, report) = match &path {
            Some(path) => reading::table(path, None, &options)?,
            None => {
                let bytes = sample(id, &wants)?;
                read(bytes, Format::from_name(&format!("{}.csv", wants.name)), &options)
            }
        };
        if !args.quiet {
            warn(&report.diagnostics);
        }
        workspace.supply(&wants.source, SuppliedTable::new(table, report, &options));
        brought.push((wants.source, path.unwrap_or_default()));
    }
    Ok(())
}

/// A file of the name that a source wants, beside the pipeline.
fn beside(args: &RunArgs, wants: &Wants) -> Option<PathBuf> {
    // A name alone: a pipeline from elsewhere reads nothing beyond its own folder.
    let is_name = Path::new(&wants.name).file_name().is_some_and(|n| n == wants.name.as_str());
    if wants.from != WantsFrom::File || !is_name {
        return None;
    }
    let folder = args.pipeline.parent().unwrap_or(Path::new("."));
    Some(folder.join(&wants.name)).filter(|path| path.is_file())
}

/// # Errors
/// Data that has to be given on the command line.
fn sample(id: &str, wants: &Wants) -> Result<&'static [u8], Failure> {
    let help = format!("give it with --data {id}=FILE");
    match wants.from {
        WantsFrom::File => Err(Failure::new(format!("\"{id}\" wants the file {}", wants.name), help)),
        WantsFrom::Url => Err(Failure::new(
            format!("\"{id}\" wants {}, and this program asks the network for nothing", wants.name),
            format!("download it and {help}"),
        )),
        WantsFrom::Sample => Assets::file(&format!("/samples/{}.csv", wants.name))
            .ok_or_else(|| Failure::new(format!("this program has no sample \"{}\"", wants.name), help)),
    }
}

/// # Errors
/// Where nothing, or not everything, can be run.
fn refuse_faults(plan: &PlanView) -> Done {
    let is_at_fault = |view: &&NodeView| view.findings.iter().any(|f| f.diagnostic.is_error());
    match plan.nodes.iter().find(|(_, view)| is_at_fault(view)) {
        Some((id, view)) => Err(fault(id, view)),
        None if plan.nodes.is_empty() => {
            Err(Failure::new("the pipeline has no nodes", "draw one in the page and save it"))
        }
        None => Ok(()),
    }
}

/// The first error of a node, with its place.
fn fault(id: &str, view: &NodeView) -> Failure {
    let finding = view.findings.iter().find(|f| f.diagnostic.is_error());
    let Some(finding) = finding else {
        return Failure::new(format!("{id}: nothing came of it"), "look at the nodes before it");
    };
    let place = finding.param.as_ref().or(finding.port.as_ref()).map(|p| format!(".{p}")).unwrap_or_default();
    Failure::prefixed(&format!("{id}{place}"), finding.diagnostic.clone().into())
}

fn train(
    args: &RunArgs,
    study: StudyToRun,
    cards: &mut Shared,
    progress: &mut Progress,
) -> Result<automl_core::engine::Outcome, Diagnostic> {
    let asked = usable_threads(args.threads);
    let limit = study.request.max_memory_mb.map(|mb| mb.saturating_mul(1_000_000)).or(memory::available());
    let threads = limit.map_or(asked, |bytes| study.prepared.executors_within(bytes, asked));
    // The budget of a node counts from its own start.
    let (rows, columns) = study.prepared.size();
    let card = match study.request.populations {
        true => cards.anyway(),
        false => cards.for_table(rows, columns),
    };
    let card = card.exact(study.request.reproducible);
    drive(&Arc::new(study.prepared), study.request, (threads, Some(card)), Instant::now(), progress)
}

/// A line for each node that was done or failed.
fn tell(args: &RunArgs, events: &[FlowEvent]) -> Done {
    if args.quiet || args.json {
        return Ok(());
    }
    for event in events {
        let FlowEvent::Node { node, view } = event else { continue };
        match view.state {
            NodeState::Done => {
                let secs = view.secs.unwrap_or(0.0);
                print(&format!("{node:<24} {}  ({secs:.1} s)\n", view.text))?;
            }
            NodeState::Failed => print(&format!("{node:<24} failed\n"))?,
            _ => continue,
        }
        let found: Vec<Diagnostic> = view.findings.iter().map(|f| f.diagnostic.clone()).collect();
        let shown = |d: &&Diagnostic| d.severity == automl_core::diagnostic::Severity::Warning;
        warn(&found.iter().filter(shown).cloned().collect::<Vec<_>>());
    }
    Ok(())
}

/// Ports of a document's nodes of a group of kinds.
fn ports<'a>(document: &'a PipelineDocument, prefix: &str, name: &str) -> Vec<(&'a str, String)> {
    let all = document.nodes().iter().filter(|(_, n)| n.kind.starts_with(prefix) && !n.bypassed);
    all.map(|(id, node)| {
        let port = if name.is_empty() { node.kind.trim_start_matches(prefix) } else { name };
        (id.0.as_str(), port.to_owned())
    })
    .collect()
}

/// Writes what export nodes give into `--out`.
fn export(
    args: &RunArgs,
    document: &PipelineDocument,
    workspace: &Workspace,
) -> Result<Vec<PathBuf>, Failure> {
    let mut written = Vec::new();
    let exports = ports(document, "export.", "");
    let Some(folder) = &args.out else {
        if !exports.is_empty() && !args.quiet {
            eprintln!("note: {} files were not written; say where with --out DIR", exports.len());
        }
        return Ok(written);
    };
    for (node, port) in exports {
        // What failed or was not run is told elsewhere.
        let Ok((name, bytes)) = workspace.save(node, &port) else { continue };
        let path = folder.join(name);
        if written.contains(&path) {
            return Err(Failure::new(
                format!("two nodes write {}", path.display()),
                "give one of them another file name in the pipeline",
            ));
        }
        reading::write(&path, &bytes)?;
        if !args.quiet && !args.json {
            print(&format!("wrote {}\n", path.display()))?;
        }
        written.push(path);
    }
    Ok(written)
}

/// Scores by node: of evaluations, or where there are none of what was trained.
fn scores(document: &PipelineDocument, workspace: &Workspace) -> super::assertion::Scores {
    let of = |prefix: &str| -> super::assertion::Scores {
        let all = ports(document, prefix, "scores").into_iter();
        all.filter_map(|(id, port)| Some((id.to_owned(), workspace.scores(id, &port)?))).collect()
    };
    let judged = of("model.evaluate");
    if judged.is_empty() {
        ["learner.", "automl.search", "model.ensemble"].into_iter().flat_map(of).collect()
    } else {
        judged
    }
}
