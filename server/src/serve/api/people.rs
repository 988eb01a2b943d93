//! Accounts and sessions.

use super::super::access::secrets::NoTurn;
use super::super::access::who::{COOKIE, cookie, hashed};
use super::super::access::{Action, Actor, By, secrets};
use super::super::problem::Problem;
use super::super::state::{Shared, State};
use super::{Body, Json, List, Page, Path, Query, Route, checked_name};
use crate::store::{Account, AuditEntry, Millis, PAGE, StoreError, now};
use axum::Extension;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::routing::{delete, get, post, put};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// What tries at the one-time address are counted under.
pub const SETTING_UP: &str = "set-up";
/// How long a session lasts.
const SESSION: Millis = 14 * 24 * 3_600_000;

pub fn routes() -> Vec<Route> {
    own_routes().into_iter().chain(other_routes()).collect()
}

/// What people do with accounts of their own.
fn own_routes() -> Vec<Route> {
    vec![
        Route::new("GET", "/api/v1/me", Action::Public, "Says who you are, and what this server is", get(me))
            .gives::<Value>(),
        Route::new(
            "POST",
            "/api/v1/set-up",
            Action::Public,
            "Makes the first admin, with the one-time address",
            post(set_up),
        )
        .takes::<SetUp>()
        .makes::<Value>(201),
        Route::new("POST", "/api/v1/session", Action::Public, "Signs in", post(sign_in))
            .takes::<SignIn>()
            .gives::<Value>(),
        Route::new("DELETE", "/api/v1/session", Action::Public, "Signs out", delete(sign_out)),
        Route::new(
            "PUT",
            "/api/v1/me/password",
            Action::ChangeSelf,
            "Changes your password; ends your other sessions",
            put(password),
        )
        .takes::<NewPassword>(),
        Route::new(
            "GET",
            "/api/v1/me/export",
            Action::ChangeSelf,
            "Gives all that is kept of you",
            get(export),
        )
        .gives::<Value>(),
        Route::new(
            "DELETE",
            "/api/v1/me",
            Action::ChangeSelf,
            "Erases you: account, sessions, tokens, memberships",
            delete(erase_self),
        ),
    ]
}

/// What admins do with all accounts.
fn other_routes() -> Vec<Route> {
    vec![
        Route::new("GET", "/api/v1/accounts", Action::Administer, "Lists all accounts", get(accounts))
            .gives::<List<Value>>(),
        Route::new("POST", "/api/v1/accounts", Action::Administer, "Makes an account", post(add_account))
            .takes::<NewAccount>()
            .makes::<Value>(201),
        Route::new(
            "DELETE",
            "/api/v1/accounts/{account}",
            Action::Administer,
            "Erases a person",
            delete(erase),
        ),
        Route::new(
            "GET",
            "/api/v1/audit",
            Action::Administer,
            "Lists what was done by whom, and whether the list is whole",
            get(audit),
        )
        .asks::<Page>()
        .gives::<Audit>(),
    ]
}

fn shown(account: &Account) -> Value {
    json!({ "id": account.id, "name": account.name, "admin": account.admin != 0, "created": account.created })
}

async fn me(shared: State, Extension(actor): Extension<Actor>) -> Result<Json<Value>, Problem> {
    let by = match &actor {
        Actor::Nobody => "nobody",
        Actor::Somebody { by: By::Loopback, .. } => "loopback",
        Actor::Somebody { by: By::Session, .. } => "session",
        Actor::Somebody { by: By::Token(_), .. } => "token",
    };
    let slots = shared.store.slots(now() - crate::jobs::SEEN).await?;
    Ok(Json(json!({
        "account": actor.account().map(shown), "by": by, "version": env!("CARGO_PKG_VERSION"),
        "workers": slots, "upload_limit": shared.limits.upload,
    })))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SetUp {
    token: String,
    name: String,
    password: String,
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct SignIn {
    name: String,
    password: String,
}

/// A password that can be kept.
fn checked_password(password: &str) -> Result<(), Problem> {
    if (secrets::SHORTEST..=secrets::LONGEST).contains(&password.chars().count()) {
        return Ok(());
    }
    let (least, most) = (secrets::SHORTEST, secrets::LONGEST);
    Err(Problem::unusable(format!("A password has {least} to {most} characters.")).at("/password"))
}

async fn kept_password(password: String) -> Result<String, Problem> {
    checked_password(&password)?;
    Ok(secrets::hashed_password(password).await?)
}

impl From<NoTurn> for Problem {
    fn from(why: NoTurn) -> Self {
        match why {
            NoTurn::Busy => Self::too_many("Too many people sign in just now. Try again."),
            NoTurn::NoRandomness => no_randomness(),
        }
    }
}

/// A machine that cannot make secrets.
pub fn no_randomness() -> Problem {
    Problem::unavailable("This machine gives no random numbers.")
}

async fn set_up(shared: State, Body(body): Body<SetUp>) -> Result<(StatusCode, Json<Value>), Problem> {
    if !shared.attempts.allow(SETTING_UP) {
        return Err(Problem::too_many("Too many tries. Wait a minute."));
    }
    let account = first_admin(&shared, &body.token, &body.name, body.password).await?;
    Ok((StatusCode::CREATED, Json(shown(&account))))
}

/// Makes the first admin with the one-time address. From then on nobody is let in without signing in.
///
/// # Errors
/// An address that was used or has expired; a name or a password that cannot be kept.
pub async fn first_admin(
    shared: &Shared,
    token: &str,
    name: &str,
    password: String,
) -> Result<Account, Problem> {
    let name = checked_name(name, "/name")?;
    let password = kept_password(password).await?;
    match shared.store.set_up(&hashed(token), &name, &password, now()).await {
        Err(StoreError::Absent(_)) => Err(Problem::not_found(
            "This address was used, or has expired. Start the server with --set-up again.",
        )),
        account => {
            let account = account?;
            shared.end_loopback();
            shared.store.audit(&account.id, "set-up", "").await?;
            Ok(account)
        }
    }
}

async fn sign_in(shared: State, Body(body): Body<SignIn>) -> Result<Response, Problem> {
    let (account, cookie) = session(&shared, &body.name, body.password).await?;
    Ok(([(header::SET_COOKIE, cookie)], Json(shown(&account))).into_response())
}

/// Begins a session; gives the cookie.
///
/// # Errors
/// A wrong name or password, told alike; too many tries.
pub async fn session(shared: &Shared, name: &str, password: String) -> Result<(Account, String), Problem> {
    // Counted by name, so that no list of addresses helps to guess one person's password.
    if !shared.attempts.allow(&format!("session of {name}")) {
        return Err(Problem::too_many("Too many tries with this name. Wait a minute."));
    }
    let account = match shared.store.account_named(name).await {
        Ok(account) => Some(account),
        Err(StoreError::Absent(_)) => None,
        Err(e) => return Err(e.into()),
    };
    let kept = account.as_ref().and_then(|a| a.password.clone());
    let fits = secrets::password_fits(password, kept).await?;
    let Some(account) = account.filter(|_| fits) else {
        return Err(Problem::sign_in("The name or the password is wrong."));
    };
    let secret = secrets::secret().map_err(|_| no_randomness())?;
    shared.store.add_session(&hashed(&secret), &account.id, now() + SESSION).await?;
    shared.store.audit(&account.id, "session.begin", "").await?;
    let age = SESSION / 1000;
    let cookie = format!("{COOKIE}={secret}; Path=/; Max-Age={age}; Secure; HttpOnly; SameSite=Lax");
    Ok((account, cookie))
}

/// Ends the session of a request; gives the cookie that takes its place.
///
/// # Errors
/// A database that fails.
pub async fn end_session(shared: &Shared, headers: &HeaderMap) -> Result<String, Problem> {
    if let Some(secret) = cookie(headers) {
        shared.store.end_session(&hashed(secret)).await?;
    }
    Ok(format!("{COOKIE}=; Path=/; Max-Age=0; Secure; HttpOnly; SameSite=Lax"))
}

async fn sign_out(shared: State, headers: HeaderMap) -> Result<Response, Problem> {
    let gone = end_session(&shared, &headers).await?;
    Ok((StatusCode::NO_CONTENT, [(header::SET_COOKIE, gone)]).into_response())
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewPassword {
    old: String,
    password: String,
}

async fn password(
    shared: State,
    Extension(actor): Extension<Actor>,
    headers: HeaderMap,
    Body(body): Body<NewPassword>,
) -> Result<StatusCode, Problem> {
    if !shared.attempts.allow(&format!("password of {}", actor.id())) {
        return Err(Problem::too_many("Too many tries. Wait a minute."));
    }
    let kept = actor.account().and_then(|a| a.password.clone());
    if !secrets::password_fits(body.old, kept).await? {
        return Err(Problem::forbidden("The old password is wrong."));
    }
    let fresh = kept_password(body.password).await?;
    shared.store.set_password(actor.id(), &fresh).await?;
    let mine = cookie(&headers).map(hashed).unwrap_or_default();
    shared.store.end_other_sessions(actor.id(), &mine).await?;
    shared.store.audit(actor.id(), "password.change", "").await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn export(shared: State, Extension(actor): Extension<Actor>) -> Result<Json<Value>, Problem> {
    let (store, id) = (&shared.store, actor.id());
    let (mut done, mut before) = (Vec::new(), i64::MAX);
    loop {
        let some = store.done_by(id, before).await?;
        let Some(last) = some.last() else { break };
        before = last.seq;
        done.extend(some);
    }
    Ok(Json(json!({
        "account": actor.account().map(shown), "sessions": store.sessions(id).await?, "tokens": store.tokens(id).await?,
        "projects": store.memberships(id).await?, "made": store.made_by(id).await?, "done": done,
    })))
}

async fn erase_self(shared: State, Extension(actor): Extension<Actor>) -> Result<StatusCode, Problem> {
    if matches!(actor, Actor::Somebody { by: By::Loopback, .. }) {
        return Err(Problem::conflict(
            "This server has no accounts. Delete its folder to delete all that it keeps.",
        ));
    }
    erase_account(&shared, actor.id(), actor.id()).await
}

async fn erase(
    shared: State,
    Extension(actor): Extension<Actor>,
    Path(account): Path<String>,
) -> Result<StatusCode, Problem> {
    erase_account(&shared, actor.id(), &account).await
}

/// # Errors
/// The only owner of a project, or the last admin.
async fn erase_account(shared: &Shared, actor: &str, account: &str) -> Result<StatusCode, Problem> {
    let found = shared.store.account(account).await?;
    let admins = shared.store.accounts().await?.iter().filter(|a| a.admin != 0).count();
    if found.admin != 0 && admins == 1 {
        return Err(Problem::conflict("This is the last admin. Make another one first."));
    }
    if let Some(project) = shared.store.owned_alone(account).await? {
        return Err(Problem::conflict(format!(
            "Nobody else owns the project {project}. Give it another owner, or delete it, first."
        )));
    }
    shared.store.erase_account(account).await?;
    shared.store.audit(actor, "account.erase", account).await?;
    Ok(StatusCode::NO_CONTENT)
}

async fn accounts(shared: State) -> Result<Json<List<Value>>, Problem> {
    Ok(Json(List { items: shared.store.accounts().await?.iter().map(shown).collect(), next: None }))
}

#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
struct NewAccount {
    name: String,
    password: String,
    #[serde(default)]
    admin: bool,
}

async fn add_account(
    shared: State,
    Extension(actor): Extension<Actor>,
    Body(body): Body<NewAccount>,
) -> Result<(StatusCode, Json<Value>), Problem> {
    let name = checked_name(&body.name, "/name")?;
    let password = kept_password(body.password).await?;
    let account = shared.store.add_account(&name, Some(&password), body.admin).await?;
    shared.store.audit(actor.id(), "account.add", &account.id).await?;
    Ok((StatusCode::CREATED, Json(shown(&account))))
}

#[derive(Serialize, JsonSchema)]
struct Audit {
    #[serde(flatten)]
    list: List<AuditEntry>,
    /// The first entry that does not follow from the one before; null: the list is whole.
    broken_at: Option<i64>,
}

async fn audit(shared: State, Query(page): Query<Page>) -> Result<Json<Audit>, Problem> {
    let limit = page.limit.unwrap_or(PAGE).clamp(1, PAGE);
    let before = page.before.as_deref().map(str::parse).transpose();
    let before = before.map_err(|_| Problem::bad_request("\"before\" is a number.").at("/before"))?;
    let found = shared.store.audit_entries(before, limit).await?;
    let broken_at = shared.store.audit_break().await?;
    Ok(Json(Audit { list: List::new(found, limit, |e| e.seq.to_string()), broken_at }))
}
