//! What links open: a pipeline to see or to take a copy of, or a small page to predict with a model.
//!
//! A link that is unknown, revoked or expired gives the same answer, whichever it is.

use super::access::who::hashed;
use super::html::{Escaped, page};
use super::state::{Shared, State};
use crate::store::{Link, Rights, now};
use automl_core::document::PipelineDocument;
use automl_core::engine::ModelArtifact;
use automl_core::engine::protocol::RowPrediction;
use axum::Router;
use axum::extract::rejection::PathRejection;
use axum::extract::{Form, Path};
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::get;
use std::collections::BTreeMap;
use std::fmt::Write;
use std::sync::Arc;

/// Choices of a field that are listed; beyond, it is typed.
const MOST_CHOICES: usize = 200;

pub fn router() -> Router<Arc<Shared>> {
    Router::new().route("/s/{token}", get(open).post(predict))
}

fn gone() -> Response {
    let body = "<h1>This link leads nowhere</h1><p>It was mistyped, or it has expired, or whoever made it took it back. \
                Ask them for a new one.</p>";
    page(StatusCode::NOT_FOUND, "Not found", "", body)
}

/// The link of a token.
async fn link(shared: &Shared, token: &str, count: bool) -> Result<Link, Response> {
    shared.store.open_link(&hashed(token), now(), count).await.map_err(|_| gone())
}

/// The model that a link lets one predict with.
async fn model(shared: &Shared, link: &Link) -> Result<Arc<ModelArtifact>, Response> {
    let id = link.target.strip_prefix("model/").ok_or_else(gone)?;
    let newest = shared.store.model_versions(id, None, 1).await.map_err(|_| gone())?;
    let version = match shared.store.aliased(id, "champion").await {
        Ok(champion) => champion,
        Err(_) => newest.into_iter().next().ok_or_else(gone)?,
    };
    shared.loaded.get(shared, &version).await.map_err(|_| gone())
}

async fn open(shared: State, token: Result<Path<String>, PathRejection>) -> Result<Response, Response> {
    let Path(token) = token.map_err(|_| gone())?;
    let link = link(&shared, &token, true).await?;
    match link.rights.parse() {
        Ok(Rights::Predict) => {
            let model = model(&shared, &link).await?;
            Ok(form(&link, &model, &BTreeMap::new(), ""))
        }
        Ok(rights) => pipeline(&shared, &link, rights).await,
        Err(_) => Err(gone()),
    }
}

/// What a program that shows a card of a link reads.
fn card(title: &str, text: &str) -> String {
    let (title, text) = (Escaped(title), Escaped(text));
    format!(
        "<meta property=\"og:title\" content=\"{title}\"><meta property=\"og:description\" content=\"{text}\"><meta \
         property=\"og:type\" content=\"website\"><meta name=\"description\" content=\"{text}\"><meta name=\"robots\" \
         content=\"noindex\">"
    )
}

async fn pipeline(shared: &Shared, link: &Link, rights: Rights) -> Result<Response, Response> {
    let number = link.target.strip_prefix("version/").and_then(|n| n.parse().ok()).ok_or_else(gone)?;
    let version = shared.store.version(&link.project, number).await.map_err(|_| gone())?;
    let document = PipelineDocument::from_json(version.document.as_bytes()).map_err(|_| gone())?;
    let (nodes, wires) = (document.nodes().len(), document.wires().len());
    let count = |n: usize, what: &str| format!("{n} {what}{}", if n == 1 { "" } else { "s" });
    let about = format!("A pipeline of {} and {}.", count(nodes, "node"), count(wires, "wire"));
    let mut body = format!("<h1>{}</h1><p class=\"soft\">{about}</p>", Escaped(&link.title));
    let fragment = document.to_link();
    let address = format!("/#p={fragment}");
    match rights {
        Rights::Fork => {
            let _ = write!(
                body,
                "<p>Opening it runs nothing and sends nothing: you get a copy of your own, in your browser.</p>\
                 <p><a class=\"button\" href=\"{address}\">Open a copy</a></p>"
            );
        }
        _ => {
            let _ = write!(
                body,
                "<p>Looking at it runs nothing and changes nothing.</p><p><a class=\"button\" \
                 href=\"/?embed=1#p={fragment}\">See the pipeline</a></p>"
            );
        }
    }
    Ok(page(StatusCode::OK, &link.title, &card(&link.title, &about), &body))
}

async fn predict(
    shared: State,
    token: Result<Path<String>, PathRejection>,
    Form(values): Form<BTreeMap<String, String>>,
) -> Result<Response, Response> {
    let Path(token) = token.map_err(|_| gone())?;
    let link = link(&shared, &token, false).await?;
    if link.rights != Rights::Predict.name() {
        return Err(gone());
    }
    let model = model(&shared, &link).await?;
    // Fields are numbered, so that no column's name is taken for something else.
    let row: BTreeMap<String, String> = model
        .header()
        .inputs
        .iter()
        .enumerate()
        .filter_map(|(i, field)| Some((field.column.clone(), values.get(&format!("f{i}"))?.clone())))
        .collect();
    let answer = match model.predict_row(&row) {
        Ok(prediction) => answer(&model, &prediction),
        Err(d) => format!("<p class=\"bad\">{} {}</p>", Escaped(&d.message), Escaped(&d.remedy)),
    };
    Ok(form(&link, &model, &row, &answer))
}

fn answer(model: &ModelArtifact, prediction: &RowPrediction) -> String {
    let target = Escaped(&model.header().target);
    let mut out = format!(
        "<section class=\"answer\" aria-live=\"polite\"><p>{target}</p><strong>{}</strong>",
        Escaped(&prediction.answer)
    );
    if !prediction.probabilities.is_empty() {
        out.push_str("<dl>");
        for (class, probability) in &prediction.probabilities {
            let _ = write!(out, "<dt>{}</dt><dd>{:.1} %</dd>", Escaped(class), 100.0 * probability);
        }
        out.push_str("</dl>");
    }
    for diagnostic in &prediction.diagnostics {
        let _ = write!(out, "<p class=\"soft\">{}</p>", Escaped(&diagnostic.message));
    }
    out.push_str("</section>");
    out
}

/// The form of a model's columns, filled in with what was sent.
fn form(link: &Link, model: &ModelArtifact, row: &BTreeMap<String, String>, answer: &str) -> Response {
    let header = model.header();
    let mut body = format!(
        "<h1>{}</h1><p class=\"soft\">Predicts <b>{}</b>. {}</p>{answer}<form class=\"fields\" method=\"post\">",
        Escaped(&link.title),
        Escaped(&header.target),
        Escaped(&header.verdict.sentence),
    );
    for (number, field) in header.inputs.iter().enumerate() {
        let value = row.get(&field.column).map_or("", String::as_str);
        let _ = write!(body, "<label>{}", Escaped(&field.column));
        if field.levels.is_empty() || field.levels.len() > MOST_CHOICES {
            let _ =
                write!(body, "<input name=\"f{number}\" value=\"{}\" autocomplete=\"off\">", Escaped(value));
        } else {
            let _ = write!(body, "<select name=\"f{number}\"><option value=\"\">not known</option>");
            for level in &field.levels {
                let chosen = if level == value { " selected" } else { "" };
                let _ = write!(body, "<option{chosen}>{}</option>", Escaped(level));
            }
            body.push_str("</select>");
        }
        body.push_str("</label>");
    }
    body.push_str(
        "<button>Predict</button></form><p class=\"soft\">What you fill in goes to this server, is not kept, and may be left \
         empty where it is not known.</p>",
    );
    page(StatusCode::OK, &link.title, &card(&link.title, &format!("Predicts {}.", header.target)), &body)
}
