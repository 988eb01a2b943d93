//! Accounts, sessions, tokens, and who may do what in a project.

use super::{Millis, Result, Store, StoreError, change, new_id, now, on, transact};
use serde::{Deserialize, Serialize};
use std::str::FromStr;

/// A person.
#[derive(Debug, Clone, PartialEq, Eq, sqlx::FromRow)]
pub struct Account {
    pub id: String,
    pub name: String,
    /// In the PHC form of Argon2id; `None`: nobody can sign in.
    pub password: Option<String>,
    pub admin: i64,
    pub created: Millis,
}

/// What an account may do in a project. Each may do what the ones before may.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    Viewer,
    Editor,
    Owner,
}

/// What a token may be used for. Each covers the ones before.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize, schemars::JsonSchema,
)]
#[serde(rename_all = "snake_case")]
pub enum Scope {
    Read,
    Predict,
    Write,
    /// Claims trials and brings their results; nothing else.
    Worker,
}

/// A token for programs. The token itself is shown once and kept as a hash.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, sqlx::FromRow, schemars::JsonSchema)]
pub struct ApiToken {
    pub id: String,
    #[serde(skip)]
    pub account: String,
    pub name: String,
    pub scope: String,
    pub created: Millis,
    pub expires: Option<Millis>,
    pub used: Option<Millis>,
}

/// Names in the database and in JSON.
macro_rules! named {
    ($type:ident, $what:literal, $($variant:ident = $name:literal),+ $(,)?) => {
        impl $type {
            pub fn name(self) -> &'static str {
                match self { $(Self::$variant => $name),+ }
            }
        }
        impl FromStr for $type {
            type Err = $crate::store::StoreError;
            fn from_str(text: &str) -> $crate::store::Result<Self> {
                match text {
                    $($name => Ok(Self::$variant),)+
                    _ => Err($crate::store::StoreError::Damaged($what)),
                }
            }
        }
    };
}
pub(in crate::store) use named;

named!(Role, "role", Viewer = "viewer", Editor = "editor", Owner = "owner");
named!(Scope, "scope", Read = "read", Predict = "predict", Write = "write", Worker = "worker");

impl Store {
    /// # Errors
    /// A name that is taken.
    pub async fn add_account(&self, name: &str, password: Option<&str>, admin: bool) -> Result<Account> {
        let account = Account {
            id: new_id(),
            name: name.to_owned(),
            password: password.map(str::to_owned),
            admin: admin.into(),
            created: now(),
        };
        let added = change!(
            self,
            "INSERT INTO account (id, name, password, admin, created) VALUES ($1, $2, $3, $4, $5) ON CONFLICT DO NOTHING",
            &account.id,
            &account.name,
            &account.password,
            account.admin,
            account.created,
        );
        if added == 0 {
            return Err(StoreError::Conflict(format!("an account is named \"{name}\" already")));
        }
        Ok(account)
    }

    async fn account_where(&self, sql: &'static str, value: &str) -> Result<Account> {
        let found = on!(self, db => sqlx::query_as::<_, Account>(sql).bind(value).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("account"))
    }

    /// # Errors
    /// No such account.
    pub async fn account(&self, id: &str) -> Result<Account> {
        const SQL: &str = "SELECT id, name, password, admin, created FROM account WHERE id = $1";
        self.account_where(SQL, id).await
    }

    /// # Errors
    /// No such account.
    pub async fn account_named(&self, name: &str) -> Result<Account> {
        const SQL: &str = "SELECT id, name, password, admin, created FROM account WHERE name = $1";
        self.account_where(SQL, name).await
    }

    /// All accounts, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn accounts(&self) -> Result<Vec<Account>> {
        const SQL: &str = "SELECT id, name, password, admin, created FROM account ORDER BY id";
        Ok(on!(self, db => sqlx::query_as::<_, Account>(SQL).fetch_all(db).await?))
    }

    /// # Errors
    /// No such account.
    pub async fn set_password(&self, account: &str, password: &str) -> Result<()> {
        let changed = change!(self, "UPDATE account SET password = $2 WHERE id = $1", account, password);
        if changed == 0 { Err(StoreError::Absent("account")) } else { Ok(()) }
    }

    /// Erases a person: the account, its sessions, tokens and memberships, and answers that are kept for it. What it made
    /// in projects stays and bears its id, which leads nowhere from then on.
    ///
    /// # Errors
    /// No such account.
    pub async fn erase_account(&self, account: &str) -> Result<()> {
        transact!(self, tx => {
            // Answers that are kept for the person hold what was asked.
            sqlx::query("DELETE FROM idempotency WHERE actor = $1").bind(account).execute(&mut *tx).await?;
            let gone = sqlx::query("DELETE FROM account WHERE id = $1").bind(account).execute(&mut *tx).await?;
            if gone.rows_affected() == 0 { Err(StoreError::Absent("account")) } else { Ok(()) }
        })
    }

    /// Begins a session; `token` is a hash.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_session(&self, token: &[u8], account: &str, expires: Millis) -> Result<()> {
        change!(
            self,
            "INSERT INTO session (token, account, created, expires) VALUES ($1, $2, $3, $4)",
            token,
            account,
            now(),
            expires,
        );
        Ok(())
    }

    /// The account of a session that has not expired.
    ///
    /// # Errors
    /// No such session.
    pub async fn session_account(&self, token: &[u8], at: Millis) -> Result<Account> {
        const SQL: &str = "SELECT a.id, a.name, a.password, a.admin, a.created FROM session s JOIN account a ON \
                           a.id = s.account WHERE s.token = $1 AND s.expires > $2";
        let found =
            on!(self, db => sqlx::query_as::<_, Account>(SQL).bind(token).bind(at).fetch_optional(db).await?);
        found.ok_or(StoreError::Absent("session"))
    }

    /// Ends a session, if there is one.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_session(&self, token: &[u8]) -> Result<()> {
        change!(self, "DELETE FROM session WHERE token = $1", token);
        Ok(())
    }

    /// Ends all sessions of an account but one.
    ///
    /// # Errors
    /// The database's.
    pub async fn end_other_sessions(&self, account: &str, but: &[u8]) -> Result<()> {
        change!(self, "DELETE FROM session WHERE account = $1 AND token <> $2", account, but);
        Ok(())
    }

    /// `token` is a hash.
    ///
    /// # Errors
    /// The database's.
    pub async fn add_token(
        &self,
        account: &str,
        name: &str,
        token: &[u8],
        scope: Scope,
        expires: Option<Millis>,
    ) -> Result<ApiToken> {
        let made = ApiToken {
            id: new_id(),
            account: account.to_owned(),
            name: name.to_owned(),
            scope: scope.name().to_owned(),
            created: now(),
            expires,
            used: None,
        };
        change!(
            self,
            "INSERT INTO api_token (id, account, name, token, scope, created, expires) VALUES ($1, $2, $3, $4, $5, $6, $7)",
            &made.id,
            &made.account,
            &made.name,
            token,
            &made.scope,
            made.created,
            made.expires,
        );
        Ok(made)
    }

    /// The tokens of an account, oldest first.
    ///
    /// # Errors
    /// The database's.
    pub async fn tokens(&self, account: &str) -> Result<Vec<ApiToken>> {
        const SQL: &str = "SELECT id, account, name, scope, created, expires, used FROM api_token WHERE account = $1 \
                           ORDER BY id";
        Ok(on!(self, db => sqlx::query_as::<_, ApiToken>(SQL).bind(account).fetch_all(db).await?))
    }

    /// Who bears a token that has not expired, and for what; notes that it was used.
    ///
    /// # Errors
    /// No such token.
    pub async fn use_token(&self, token: &[u8], at: Millis) -> Result<(Account, ApiToken)> {
        const SQL: &str = "SELECT id, account, name, scope, created, expires, used FROM api_token WHERE token = $1 AND \
                           (expires IS NULL OR expires > $2)";
        let found = on!(self, db => sqlx::query_as::<_, ApiToken>(SQL).bind(token).bind(at).fetch_optional(db).await?);
        let found = found.ok_or(StoreError::Absent("token"))?;
        // Once a minute is enough to tell which are in use.
        if found.used.is_none_or(|used| used < at - 60_000) {
            change!(self, "UPDATE api_token SET used = $2 WHERE id = $1", &found.id, at);
        }
        Ok((self.account(&found.account).await?, found))
    }

    /// # Errors
    /// No such token of that account.
    pub async fn revoke_token(&self, account: &str, id: &str) -> Result<()> {
        let changed = change!(self, "DELETE FROM api_token WHERE id = $1 AND account = $2", id, account);
        if changed == 0 { Err(StoreError::Absent("token")) } else { Ok(()) }
    }

    /// Takes note of a set-up address; those before are void.
    ///
    /// # Errors
    /// The database's.
    pub async fn set_setup(&self, token: &[u8], expires: Millis) -> Result<()> {
        transact!(self, tx => {
            sqlx::query("DELETE FROM setup").execute(&mut *tx).await?;
            sqlx::query("INSERT INTO setup (token, expires) VALUES ($1, $2)")
                .bind(token).bind(expires).execute(&mut *tx).await?;
            Ok(())
        })
    }

    /// Uses up a set-up address and makes the first admin, both or neither. What was kept while nobody had an account
    /// becomes the admin's; tokens from that time are void.
    ///
    /// # Errors
    /// An address that is used, expired or unknown; an admin that exists already.
    pub async fn set_up(&self, token: &[u8], name: &str, password: &str, at: Millis) -> Result<Account> {
        let account = Account {
            id: new_id(),
            name: name.to_owned(),
            password: Some(password.to_owned()),
            admin: 1,
            created: at,
        };
        transact!(self, tx => {
            let used = sqlx::query("DELETE FROM setup WHERE token = $1 AND expires > $2")
                .bind(token).bind(at).execute(&mut *tx).await?.rows_affected();
            let admins: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM account WHERE admin = 1")
                .fetch_one(&mut *tx).await?;
            if used == 0 || admins > 0 {
                return Err(StoreError::Absent("set-up address"));
            }
            // The one before may bear the very name that is wanted.
            sqlx::query("UPDATE account SET name = id WHERE password IS NULL").execute(&mut *tx).await?;
            sqlx::query("INSERT INTO account (id, name, password, admin, created) VALUES ($1, $2, $3, 1, $4)")
                .bind(&account.id).bind(&account.name).bind(&account.password).bind(at)
                .execute(&mut *tx).await?;
            sqlx::query("UPDATE member SET account = $1 WHERE account IN (SELECT id FROM account WHERE password IS NULL)")
                .bind(&account.id).execute(&mut *tx).await?;
            sqlx::query("DELETE FROM account WHERE password IS NULL").execute(&mut *tx).await?;
            Ok(())
        })?;
        Ok(account)
    }

    /// # Errors
    /// The database's.
    pub async fn has_admin(&self) -> Result<bool> {
        let admins: i64 = on!(self, db => sqlx::query_scalar("SELECT COUNT(*) FROM account WHERE admin = 1")
            .fetch_one(db).await?);
        Ok(admins > 0)
    }

    /// What an account may do in a project; `None`: nothing, not even know of it.
    ///
    /// # Errors
    /// The database's.
    pub async fn role(&self, project: &str, account: &str) -> Result<Option<Role>> {
        const SQL: &str = "SELECT role FROM member WHERE project = $1 AND account = $2";
        let found: Option<String> =
            on!(self, db => sqlx::query_scalar(SQL).bind(project).bind(account).fetch_optional(db).await?);
        found.map(|role| role.parse()).transpose()
    }

    /// Gives an account a role, or takes it (`None`). A project keeps an owner.
    ///
    /// # Errors
    /// The last owner would be gone.
    pub async fn set_role(&self, project: &str, account: &str, role: Option<Role>) -> Result<()> {
        transact!(self, tx => {
            sqlx::query("DELETE FROM member WHERE project = $1 AND account = $2")
                .bind(project).bind(account).execute(&mut *tx).await?;
            if let Some(role) = role {
                sqlx::query("INSERT INTO member (project, account, role) VALUES ($1, $2, $3)")
                    .bind(project).bind(account).bind(role.name()).execute(&mut *tx).await?;
            }
            let owners: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM member WHERE project = $1 AND role = 'owner'")
                .bind(project).fetch_one(&mut *tx).await?;
            if owners == 0 {
                return Err(StoreError::Conflict("a project keeps at least one owner".to_owned()));
            }
            Ok(())
        })
    }

    /// The name of a project that nobody but this account owns.
    ///
    /// # Errors
    /// The database's.
    pub async fn owned_alone(&self, account: &str) -> Result<Option<String>> {
        const SQL: &str = "SELECT p.name FROM project p JOIN member m ON m.project = p.id AND m.role = 'owner' GROUP BY \
                           p.id, p.name HAVING COUNT(*) = 1 AND MIN(m.account) = $1 LIMIT 1";
        Ok(on!(self, db => sqlx::query_scalar(SQL).bind(account).fetch_optional(db).await?))
    }

    /// The members of a project: (account id, name, role).
    ///
    /// # Errors
    /// The database's.
    pub async fn members(&self, project: &str) -> Result<Vec<(String, String, String)>> {
        const SQL: &str = "SELECT m.account, a.name, m.role FROM member m JOIN account a ON a.id = m.account WHERE \
                           m.project = $1 ORDER BY a.name";
        Ok(on!(self, db => sqlx::query_as(SQL).bind(project).fetch_all(db).await?))
    }
}
