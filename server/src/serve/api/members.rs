//! Who may do what in a project.

use super::super::access::{Action, Actor};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::{Body, Json, List, Path, Route};
use crate::store::{Role, StoreError};
use axum::Extension;
use axum::http::StatusCode;
use axum::routing::{delete, get, put};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Value, json};

pub fn routes() -> Vec<Route> {
    const ALL: &str = "/api/v1/projects/{project}/members";
    const MEMBER: &str = "/api/v1/projects/{project}/members/{account}";
    vec![
        Route::new("GET", ALL, Action::SeeProject, "Lists the members of a project", get(members))
            .gives::<List<Value>>(),
        Route::new(
            "PUT",
            MEMBER,
            Action::OwnProject,
            "Gives somebody, by account or sign-in name, a role: viewer, editor or owner",
            put(set_role),
        )
        .takes::<Given>(),
        Route::new(
            "DELETE",
            MEMBER,
            Action::OwnProject,
            "Takes somebody's role away, by account or sign-in name",
            delete(remove_role),
        ),
    ]
}

async fn members(shared: State, Path(project): Path<String>) -> Result<Json<List<Value>>, Problem> {
    let all = shared.store.members(&project).await?.into_iter();
    let items =
        all.map(|(account, name, role)| json!({ "account": account, "name": name, "role": role })).collect();
    Ok(Json(List { items, next: None }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct Given {
    role: Role,
}

/// The id of an account that is named by it or by its sign-in name, which whoever shares a project knows.
async fn account_of(shared: &Shared, actor: &Actor, named: &str) -> Result<String, Problem> {
    let found = match shared.store.account(named).await {
        Err(StoreError::Absent(_)) => shared.store.account_named(named).await,
        found => found,
    };
    // Nobody finds out who has an account by trying.
    if matches!(found, Err(StoreError::Absent(_)))
        && !shared.attempts.allow(&format!("names by {}", actor.id()))
    {
        return Err(Problem::too_many("Too many names that nobody has. Wait a minute."));
    }
    Ok(found?.id)
}

async fn set_role(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, account)): Path<(String, String)>,
    Body(body): Body<Given>,
) -> Result<StatusCode, Problem> {
    let account = account_of(&shared, &actor, &account).await?;
    shared.store.set_role(&project, &account, Some(body.role)).await?;
    let what = format!("{project}/{account}={}", body.role.name());
    shared.store.audit(actor.id(), "member.set", &what).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn remove_role(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path((project, account)): Path<(String, String)>,
) -> Result<StatusCode, Problem> {
    let account = account_of(&shared, &actor, &account).await?;
    shared.store.set_role(&project, &account, None).await?;
    shared.store.audit(actor.id(), "member.remove", &format!("{project}/{account}")).await?;
    Ok(StatusCode::NO_CONTENT)
}
