//! Tokens for programs.

use super::super::access::{Action, Actor, secrets, who::hashed};
use super::super::problem::Problem;
use super::super::state::State;
use super::people::no_randomness;
use super::{Body, Json, List, Path, Route, checked_name};
use crate::store::{ApiToken, Scope, now};
use axum::Extension;
use axum::http::StatusCode;
use axum::routing::{delete, get, post};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

pub fn routes() -> Vec<Route> {
    vec![
        Route::new("GET", "/api/v1/me/tokens", Action::ChangeSelf, "Lists your tokens", get(tokens))
            .gives::<List<ApiToken>>(),
        Route::new(
            "POST",
            "/api/v1/me/tokens",
            Action::ChangeSelf,
            "Makes a token, which is shown once",
            post(add_token),
        )
        .takes::<NewToken>()
        .makes::<MadeToken>(201),
        Route::new(
            "DELETE",
            "/api/v1/me/tokens/{token}",
            Action::ChangeSelf,
            "Revokes a token",
            delete(revoke),
        ),
    ]
}

async fn tokens(shared: State, Extension(actor): Extension<Actor>) -> Result<Json<List<ApiToken>>, Problem> {
    Ok(Json(List { items: shared.store.tokens(actor.id()).await?, next: None }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewToken {
    name: String,
    scope: Scope,
    /// Days until it expires.
    days: Option<i64>,
}

#[derive(Serialize, JsonSchema)]
struct MadeToken {
    #[serde(flatten)]
    about: ApiToken,
    token: String,
}

async fn add_token(
    shared: State,
    Extension(actor): Extension<Actor>,
    Body(body): Body<NewToken>,
) -> Result<(StatusCode, Json<MadeToken>), Problem> {
    let name = checked_name(&body.name, "/name")?;
    if body.days.is_some_and(|days| !(1..=3_650).contains(&days)) {
        return Err(Problem::unusable("A token lasts 1 to 3,650 days.").at("/days"));
    }
    let token = format!("trellis_{}", secrets::secret().map_err(|_| no_randomness())?);
    let expires = body.days.map(|days| now() + days * 24 * 3_600_000);
    let about = shared.store.add_token(actor.id(), &name, &hashed(&token), body.scope, expires).await?;
    shared.store.audit(actor.id(), "token.add", &about.id).await?;
    Ok((StatusCode::CREATED, Json(MadeToken { about, token })))
}

async fn revoke(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(token): Path<String>,
) -> Result<StatusCode, Problem> {
    shared.store.revoke_token(actor.id(), &token).await?;
    shared.store.audit(actor.id(), "token.revoke", &token).await?;
    Ok(StatusCode::NO_CONTENT)
}
