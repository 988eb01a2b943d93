//! Who asks, and what they may do. [`allowed`] is the only place that decides.

pub mod attempts;
pub mod known;
pub mod secrets;
pub mod who;

use super::problem::Problem;
use crate::store::{Account, Role, Scope};
pub use who::who;

/// How somebody showed who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// This machine's only user, on a server that listens on loopback and has no accounts.
    Loopback,
    Session,
    Token(Scope),
}

/// Who asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    Nobody,
    Somebody { account: Account, by: By },
}

impl Actor {
    pub fn account(&self) -> Option<&Account> {
        match self {
            Self::Nobody => None,
            Self::Somebody { account, .. } => Some(account),
        }
    }

    /// How somebody came in.
    pub fn by(&self) -> Option<By> {
        match self {
            Self::Nobody => None,
            Self::Somebody { by, .. } => Some(*by),
        }
    }

    /// The account's id; empty for nobody.
    pub fn id(&self) -> &str {
        self.account().map_or("", |a| &a.id)
    }
}

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Action {
    /// What everybody may: health, the description of the interface, signing in.
    Public,
    /// Their own account.
    SeeSelf,
    ChangeSelf,
    CreateProject,
    SeeProject,
    /// Predict with a project's models.
    Predict,
    ChangeProject,
    /// Delete it, share it, and say who may do what.
    OwnProject,
    /// Accounts, audit, and the server itself.
    Administer,
    /// Claim trials and bring their results.
    Work,
    /// The server's numbers.
    Watch,
}

impl Action {
    #[cfg(test)]
    pub const ALL: [Self; 11] = [
        Self::Public,
        Self::SeeSelf,
        Self::ChangeSelf,
        Self::CreateProject,
        Self::SeeProject,
        Self::Predict,
        Self::ChangeProject,
        Self::OwnProject,
        Self::Administer,
        Self::Work,
        Self::Watch,
    ];

    /// What a token must be for.
    fn scope(self) -> Option<Scope> {
        match self {
            Self::Public => None,
            Self::SeeSelf | Self::SeeProject | Self::Watch => Some(Scope::Read),
            Self::Predict => Some(Scope::Predict),
            Self::CreateProject | Self::ChangeProject => Some(Scope::Write),
            // A token that leaks must not be able to make more of its kind or let others in.
            Self::ChangeSelf | Self::OwnProject | Self::Administer => None,
            Self::Work => Some(Scope::Worker),
        }
    }

    /// What role in the project it takes.
    fn role(self) -> Option<Role> {
        match self {
            Self::SeeProject | Self::Predict => Some(Role::Viewer),
            Self::ChangeProject => Some(Role::Editor),
            Self::OwnProject => Some(Role::Owner),
            _ => None,
        }
    }
}

/// Whether an actor may do something; `role`: what it is in the project that it is about.
///
/// # Errors
/// 401 for nobody, 404 for what they may not even know of, 403 for the rest.
pub fn allowed(actor: &Actor, action: Action, role: Option<Role>) -> Result<(), Problem> {
    if action == Action::Public {
        return Ok(());
    }
    let Actor::Somebody { account, by } = actor else {
        return Err(Problem::sign_in("Sign in, or send a token."));
    };
    match by {
        By::Loopback | By::Session if action == Action::Work && *by == By::Session => {
            return Err(Problem::forbidden("This takes a token for workers."));
        }
        By::Loopback | By::Session => {}
        By::Token(scope) => {
            let covers = match (action.scope(), scope) {
                (None, _) => false,
                (Some(Scope::Worker), have) => *have == Scope::Worker,
                (Some(_), Scope::Worker) => false,
                (Some(need), have) => have >= &need,
            };
            if !covers {
                return Err(Problem::forbidden("This token is not for that. Make one with another scope."));
            }
        }
    }
    if let Some(need) = action.role() {
        return match role {
            Some(have) if have >= need => Ok(()),
            Some(_) => Err(Problem::forbidden("Your role in this project does not allow that.")),
            None => Err(Problem::not_found("There is no such project.")),
        };
    }
    if matches!(action, Action::Administer | Action::Watch) && account.admin == 0 && *by != By::Loopback {
        return Err(Problem::forbidden("Only an admin may do that."));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use Action::*;

    fn somebody(admin: i64, by: By) -> Actor {
        let account = Account { id: "a".to_owned(), name: "a".to_owned(), password: None, admin, created: 0 };
        Actor::Somebody { account, by }
    }

    /// Statuses of all actions, in the order of [`Action::ALL`], 200 for allowed.
    fn statuses(actor: &Actor, role: Option<Role>) -> Vec<u16> {
        let status = |a: &Action| allowed(actor, *a, role).map_or_else(|p| p.status, |()| 200);
        Action::ALL.iter().map(status).collect()
    }

    #[test]
    fn every_action_is_decided_for_every_actor_and_role() {
        let roles = [None, Some(Role::Viewer), Some(Role::Editor), Some(Role::Owner)];
        // Public, see self, change self, create, see, predict, change, own, administer, work, watch
        let table: &[(Actor, [[u16; 11]; 4])] = &[
            (Actor::Nobody, [[200, 401, 401, 401, 401, 401, 401, 401, 401, 401, 401]; 4]),
            (
                somebody(0, By::Session),
                [
                    [200, 200, 200, 200, 404, 404, 404, 404, 403, 403, 403],
                    [200, 200, 200, 200, 200, 200, 403, 403, 403, 403, 403],
                    [200, 200, 200, 200, 200, 200, 200, 403, 403, 403, 403],
                    [200, 200, 200, 200, 200, 200, 200, 200, 403, 403, 403],
                ],
            ),
            (
                somebody(1, By::Session),
                [
                    // An admin runs the server, and sees projects only as a member.
                    [200, 200, 200, 200, 404, 404, 404, 404, 200, 403, 200],
                    [200, 200, 200, 200, 200, 200, 403, 403, 200, 403, 200],
                    [200, 200, 200, 200, 200, 200, 200, 403, 200, 403, 200],
                    [200, 200, 200, 200, 200, 200, 200, 200, 200, 403, 200],
                ],
            ),
            (
                somebody(0, By::Loopback),
                [
                    [200, 200, 200, 200, 404, 404, 404, 404, 200, 200, 200],
                    [200, 200, 200, 200, 200, 200, 403, 403, 200, 200, 200],
                    [200, 200, 200, 200, 200, 200, 200, 403, 200, 200, 200],
                    [200, 200, 200, 200, 200, 200, 200, 200, 200, 200, 200],
                ],
            ),
            (
                somebody(1, By::Token(Scope::Read)),
                [
                    [200, 200, 403, 403, 404, 403, 403, 403, 403, 403, 200],
                    [200, 200, 403, 403, 200, 403, 403, 403, 403, 403, 200],
                    [200, 200, 403, 403, 200, 403, 403, 403, 403, 403, 200],
                    [200, 200, 403, 403, 200, 403, 403, 403, 403, 403, 200],
                ],
            ),
            (
                somebody(1, By::Token(Scope::Predict)),
                [
                    [200, 200, 403, 403, 404, 404, 403, 403, 403, 403, 200],
                    [200, 200, 403, 403, 200, 200, 403, 403, 403, 403, 200],
                    [200, 200, 403, 403, 200, 200, 403, 403, 403, 403, 200],
                    [200, 200, 403, 403, 200, 200, 403, 403, 403, 403, 200],
                ],
            ),
            (
                somebody(1, By::Token(Scope::Write)),
                [
                    [200, 200, 403, 200, 404, 404, 404, 403, 403, 403, 200],
                    [200, 200, 403, 200, 200, 200, 403, 403, 403, 403, 200],
                    [200, 200, 403, 200, 200, 200, 200, 403, 403, 403, 200],
                    [200, 200, 403, 200, 200, 200, 200, 403, 403, 403, 200],
                ],
            ),
            (
                somebody(0, By::Token(Scope::Read)),
                [
                    [200, 200, 403, 403, 404, 403, 403, 403, 403, 403, 403],
                    [200, 200, 403, 403, 200, 403, 403, 403, 403, 403, 403],
                    [200, 200, 403, 403, 200, 403, 403, 403, 403, 403, 403],
                    [200, 200, 403, 403, 200, 403, 403, 403, 403, 403, 403],
                ],
            ),
            (
                somebody(1, By::Token(Scope::Worker)),
                [[200, 403, 403, 403, 403, 403, 403, 403, 403, 200, 403]; 4],
            ),
        ];
        for (actor, expected) in table {
            for (role, expected) in roles.iter().zip(expected) {
                assert_eq!(statuses(actor, *role), expected, "{actor:?} as {role:?}");
            }
        }
        assert_eq!(Action::ALL[4], SeeProject);
    }
}
