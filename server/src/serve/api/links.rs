//! Short links: made, listed, revoked. What they open is in [`super::super::share`].

use super::super::access::{Action, Actor, secrets, who::hashed};
use super::super::problem::Problem;
use super::super::state::State;
use super::{Body, Json, List, Page, Path, Query, Route, checked_name};
use crate::store::{Link, NewLink, PAGE, Rights, now};
use axum::Extension;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn routes() -> Vec<Route> {
    const ALL: &str = "/api/v1/projects/{project}/links";
    vec![
        Route::new("GET", ALL, Action::OwnProject, "Lists the links of a project", get(list))
            .asks::<Page>()
            .gives::<List<Link>>(),
        Route::new(
            "POST",
            ALL,
            Action::OwnProject,
            "Makes a link to version/NUMBER (view, fork) or model/ID (predict); its address is shown once",
            post(make),
        )
        .takes::<New>()
        .makes::<Made>(201),
        Route::new(
            "DELETE",
            "/api/v1/projects/{project}/links/{link}",
            Action::OwnProject,
            "Revokes a link",
            delete(revoke),
        ),
    ]
}

async fn list(
    shared: State,
    Path(project): Path<String>,
    Query(page): Query<Page>,
) -> Result<Json<List<Link>>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let found = shared.store.links(&project, page.before.as_deref(), limit).await?;
    Ok(Json(List::new(found, limit, |l| l.id.clone())))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct New {
    target: String,
    rights: Rights,
    title: String,
    /// Days until it expires; absent: never.
    days: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct Made {
    #[serde(flatten)]
    link: Link,
    /// The address on this server, from its root on.
    path: String,
}

async fn make(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(project): Path<String>,
    Body(body): Body<New>,
) -> Result<(StatusCode, Json<Made>), Problem> {
    let title = checked_name(&body.title, "/title")?;
    if body.days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Problem::unusable("A link lasts 1 to 3,650 days.").at("/days"));
    }
    let wrong =
        || Problem::unusable("view and fork go with version/NUMBER, predict with model/ID.").at("/target");
    match (body.target.split_once('/').ok_or_else(wrong)?, body.rights) {
        (("version", number), Rights::View | Rights::Fork) => {
            shared.store.version(&project, number.parse().map_err(|_| wrong())?).await?;
        }
        (("model", id), Rights::Predict) => {
            if shared.store.model(id).await?.project != project {
                return Err(Problem::not_found("There is no such model."));
            }
        }
        _ => return Err(wrong()),
    }
    let token =
        secrets::short_secret().map_err(|_| Problem::unavailable("This machine gives no random numbers."))?;
    let new = NewLink {
        token: &hashed(&token),
        project: &project,
        target: &body.target,
        rights: body.rights,
        title: &title,
        author: actor.id(),
        expires: body.days.map(|days| now() + days * 24 * 3_600_000),
    };
    let link = shared.store.add_link(&new).await?;
    shared.store.audit(actor.id(), "link.make", &link.id).await?;
    Ok((StatusCode::CREATED, Json(Made { link, path: format!("/s/{token}") })))
}

async fn revoke(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, link)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    shared.store.revoke_link(&project, &link, now()).await?;
    shared.store.audit(actor.id(), "link.revoke", &link).await?;
    Ok(StatusCode::NO_CONTENT)
}
