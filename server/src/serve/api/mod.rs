//! The interface for programs, `/api/v1`. Every route is declared once: method, path, what it takes to be allowed, what
//! it does. The router, the check of rights and the description of the interface follow from that list.

mod bundle;
mod datasets;
mod describe;
mod diff;
mod extract;
mod infer;
mod links;
mod members;
mod metrics;
mod models;
mod once;
pub mod people;
mod projects;
mod quota;
mod runs;
mod tokens;
mod work;

pub use extract::{Body, Path, Query, Whole, from_json, object_from_json};
pub use infer::{Loaded, Sought};

use super::access::{Action, allowed, who};
use super::problem::Problem;
use super::respond::NOTHING;
use super::state::Shared;
use super::watch::Asker;
use axum::Router;
use axum::extract::rejection::RawPathParamsRejection;
use axum::extract::{RawPathParams, Request, State};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use schemars::{JsonSchema, Schema, SchemaGenerator};
use serde::{Deserialize, Serialize};
use std::sync::Arc;

/// How the schema of a type is written.
type SchemaOf = fn(&mut SchemaGenerator) -> Schema;

fn schema_of<T: JsonSchema>(generator: &mut SchemaGenerator) -> Schema {
    generator.subschema_for::<T>()
}

/// What If-None-Match says.
pub const KNOWN: &str = "The ETag of what is known already";

/// What a request or an answer holds.
pub enum Content {
    Nothing,
    Json(SchemaOf),
    Bytes,
    Zip,
    Text,
    Events,
}

/// A route.
pub struct Route {
    pub method: &'static str,
    /// As axum writes it; what is under a project has `{project}` in it.
    pub path: &'static str,
    pub action: Action,
    /// One line.
    pub summary: &'static str,
    pub query: Option<SchemaOf>,
    /// Headers that it looks at, and what each says.
    pub headers: Vec<(&'static str, &'static str)>,
    pub takes: Content,
    /// What it gives where all is well.
    pub status: u16,
    pub gives: Content,
    /// What else it may give where all is well.
    pub or: Vec<(u16, Content)>,
    handler: MethodRouter<Arc<Shared>>,
}

impl Route {
    /// A route that takes nothing and gives nothing.
    pub fn new(
        method: &'static str,
        path: &'static str,
        action: Action,
        summary: &'static str,
        handler: MethodRouter<Arc<Shared>>,
    ) -> Self {
        let (takes, gives) = (Content::Nothing, Content::Nothing);
        Self {
            method,
            path,
            action,
            summary,
            query: None,
            headers: Vec::new(),
            takes,
            status: 204,
            gives,
            or: Vec::new(),
            handler,
        }
    }

    /// Takes `T` after the question mark.
    pub fn asks<T: JsonSchema>(self) -> Self {
        Self { query: Some(schema_of::<T>), ..self }
    }

    /// Looks at a header; `says`: what that one says.
    pub fn reads(mut self, header: &'static str, says: &'static str) -> Self {
        self.headers.push((header, says));
        self
    }

    /// Takes JSON.
    pub fn takes<T: JsonSchema>(self) -> Self {
        Self { takes: Content::Json(schema_of::<T>), ..self }
    }

    /// Takes bytes as they are.
    pub fn takes_bytes(self) -> Self {
        Self { takes: Content::Bytes, ..self }
    }

    /// Gives JSON.
    pub fn gives<T: JsonSchema>(self) -> Self {
        self.makes::<T>(200)
    }

    /// Gives JSON with another status than 200.
    pub fn makes<T: JsonSchema>(self, status: u16) -> Self {
        Self { gives: Content::Json(schema_of::<T>), status, ..self }
    }

    /// Gives bytes as they are, or a stream of events.
    pub fn gives_content(self, gives: Content) -> Self {
        Self { gives, status: 200, ..self }
    }

    /// Gives JSON with this status where it need not make anything.
    pub fn or_gives<T: JsonSchema>(mut self, status: u16) -> Self {
        self.or.push((status, Content::Json(schema_of::<T>)));
        self
    }

    /// Gives nothing with this status where there is nothing, or nothing new.
    pub fn or_nothing(mut self, status: u16) -> Self {
        self.or.push((status, Content::Nothing));
        self
    }
}

/// All routes.
pub fn routes() -> Vec<Route> {
    let all = [
        describe::routes(),
        people::routes(),
        members::routes(),
        tokens::routes(),
        projects::routes(),
        bundle::routes(),
        diff::routes(),
        datasets::routes(),
        runs::routes(),
        models::routes(),
        links::routes(),
        work::routes(),
        infer::routes(),
        metrics::routes(),
    ];
    all.into_iter().flatten().collect()
}

/// The router of all routes, each with its check of rights before it.
pub fn router(shared: &Arc<Shared>) -> Router<Arc<Shared>> {
    routes().into_iter().fold(Router::new(), |router, route| {
        let check = from_fn_with_state((shared.clone(), route.action), check);
        router.route(route.path, route.handler.route_layer(check))
    })
}

/// Finds out who asks, what they are in the project that the path names, and whether they may. Handlers find the
/// [`super::access::Actor`] among the extensions.
async fn check(
    State((shared, action)): State<(Arc<Shared>, Action)>,
    params: Result<RawPathParams, RawPathParamsRejection>,
    mut request: Request,
    next: Next,
) -> Result<Response, Problem> {
    let params = params.map_err(|_| Problem::not_found(NOTHING))?;
    let actor = who(&shared, request.headers()).await?;
    let project = params.iter().find(|(name, _)| *name == "project").map(|(_, value)| value.to_owned());
    let role = match (&project, actor.account()) {
        (Some(project), Some(account)) => shared.store.role(project, &account.id).await?,
        _ => None,
    };
    allowed(&actor, action, role)?;
    let asker = Asker(actor.id().to_owned());
    request.extensions_mut().insert(actor);
    let mut response = next.run(request).await;
    response.extensions_mut().insert(asker);
    Ok(response)
}

/// An answer in JSON.
pub struct Json<T>(pub T);

impl<T: Serialize> IntoResponse for Json<T> {
    fn into_response(self) -> Response {
        let headers = [("content-type", "application/json"), ("cache-control", "no-store")];
        match serde_json::to_vec(&self.0) {
            Ok(bytes) => (headers, bytes).into_response(),
            Err(error) => {
                tracing::error!(%error, "an answer could not be written");
                Problem::internal("The answer could not be written.").into_response()
            }
        }
    }
}

/// Where a page of a list begins, and how long it is.
#[derive(Debug, Default, Deserialize, JsonSchema)]
pub struct Page {
    /// `next` of the page before.
    pub before: Option<String>,
    pub limit: Option<i64>,
}

/// A page of a list, newest first.
#[derive(Debug, Serialize, JsonSchema)]
pub struct List<T> {
    pub items: Vec<T>,
    /// For `before`, to get the page after this one; absent at the end.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next: Option<String>,
}

impl<T> List<T> {
    /// `key`: what names the place of an item.
    pub fn new(items: Vec<T>, limit: i64, key: impl Fn(&T) -> String) -> Self {
        let next = items.last().filter(|_| items.len() as i64 >= limit).map(key);
        Self { items, next }
    }
}

/// A name as people give it: not empty, not long, no control characters.
///
/// # Errors
/// Another.
pub fn checked_name(name: &str, pointer: &str) -> Result<String, Problem> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > 200 || name.chars().any(char::is_control) {
        return Err(Problem::unusable("A name has 1 to 200 characters, all of them printable.").at(pointer));
    }
    Ok(name.to_owned())
}
