//! Pages to sign in and to make the first admin, for a server with accounts.

use super::api::people;
use super::html::{Escaped, page};
use super::problem::Problem;
use super::state::{Shared, State};
use axum::Router;
use axum::extract::{Form, Query};
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use serde::Deserialize;
use std::sync::Arc;

pub fn router() -> Router<Arc<Shared>> {
    Router::new()
        .route("/sign-in", get(sign_in_form).post(sign_in))
        .route("/set-up", get(set_up_form).post(set_up))
        .route("/sign-out", axum::routing::post(sign_out))
}

fn problem_line(problem: &str) -> String {
    if problem.is_empty() {
        String::new()
    } else {
        format!("<p class=\"bad\" role=\"alert\">{}</p>", Escaped(problem))
    }
}

fn sign_in_page(status: StatusCode, name: &str, problem: &str) -> Response {
    let body = format!(
        "<h1>Sign in</h1>{}<form method=\"post\"><label>Name<input name=\"name\" value=\"{}\" autocomplete=\"username\" \
         required></label><label>Password<input name=\"password\" type=\"password\" autocomplete=\"current-password\" \
         required></label><button>Sign in</button></form><p class=\"soft\">Models can be made without an account: <a \
         href=\"/\">open Trellis</a>. An account is for what this server keeps and runs.</p>",
        problem_line(problem),
        Escaped(name),
    );
    page(status, "Sign in", "", &body)
}

async fn sign_in_form() -> Response {
    sign_in_page(StatusCode::OK, "", "")
}

#[derive(Deserialize)]
struct SignIn {
    name: String,
    password: String,
}

async fn sign_in(shared: State, Form(form): Form<SignIn>) -> Response {
    match people::session(&shared, &form.name, form.password).await {
        Ok((_, cookie)) => ([(header::SET_COOKIE, cookie)], Redirect::to("/")).into_response(),
        Err(problem) => sign_in_page(status(&problem), &form.name, &problem.detail),
    }
}

async fn sign_out(shared: State, headers: axum::http::HeaderMap) -> Result<Response, Problem> {
    let cookie = people::end_session(&shared, &headers).await?;
    Ok(([(header::SET_COOKIE, cookie)], Redirect::to("/sign-in")).into_response())
}

fn status(problem: &Problem) -> StatusCode {
    StatusCode::from_u16(problem.status).unwrap_or(StatusCode::BAD_REQUEST)
}

#[derive(Deserialize)]
struct Token {
    #[serde(default)]
    token: String,
}

fn set_up_page(status: StatusCode, token: &str, name: &str, problem: &str) -> Response {
    let body = format!(
        "<h1>Make the first admin</h1><p class=\"soft\">This address works once, for fifteen minutes.</p>{}<form \
         method=\"post\"><input type=\"hidden\" name=\"token\" value=\"{}\"><label>Name<input name=\"name\" value=\"{}\" \
         autocomplete=\"username\" required></label><label>Password<small>12 characters or more</small><input \
         name=\"password\" type=\"password\" minlength=\"12\" autocomplete=\"new-password\" required></label>\
         <button>Make the admin</button></form>",
        problem_line(problem),
        Escaped(token),
        Escaped(name),
    );
    page(status, "Set up", "", &body)
}

async fn set_up_form(Query(query): Query<Token>) -> Response {
    set_up_page(StatusCode::OK, &query.token, "", "")
}

#[derive(Deserialize)]
struct SetUp {
    token: String,
    name: String,
    password: String,
}

async fn set_up(shared: State, Form(form): Form<SetUp>) -> Response {
    let allowed = shared.attempts.allow(people::SETTING_UP);
    let made = if allowed {
        people::first_admin(&shared, &form.token, &form.name, form.password).await
    } else {
        Err(Problem::too_many("Too many tries. Wait a minute."))
    };
    match made {
        Ok(_) => {
            let body = "<h1>The admin is made</h1><p>From now on this server lets in only who signs in. To let others reach \
                        it, start it again without <code>--set-up</code> and with the address to listen on.</p><p><a class=\"button\" href=\"/sign-in\">Sign in</a></p>";
            page(StatusCode::CREATED, "Set up", "", body)
        }
        Err(problem) => set_up_page(status(&problem), &form.token, &form.name, &problem.detail),
    }
}
