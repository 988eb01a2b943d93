//! A server with accounts.

use super::{Answer, Process, Server, text, trellis};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::Stdio;

/// Everybody's.
pub const PASSWORD: &str = "a long enough password";

/// A server with accounts, and those who have one.
pub struct Team {
    pub server: Server,
    /// Id of the owner's project.
    pub project: String,
    /// Headers of each.
    pub actors: Vec<(&'static str, String)>,
}

/// Starts a server that tells the address for the first admin: the server and the secret.
pub fn setting_up(folder: &Path) -> (Server, String) {
    let mut command = trellis(&["serve", "--port", "0", "--workers", "0", "--set-up", "--data-dir"]);
    command.arg(folder).stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut process = Process::start(command);
    let line = |from: Option<&mut dyn std::io::Read>| {
        let mut line = String::new();
        if let Some(from) = from {
            let _ = BufReader::new(from).read_line(&mut line);
        }
        line
    };
    let told = line(process.0.stderr.as_mut().map(|e| e as &mut dyn std::io::Read));
    let address = line(process.0.stdout.as_mut().map(|o| o as &mut dyn std::io::Read));
    let address = address.trim().trim_start_matches("listening on http://").to_owned();
    let token = told.split("token=").nth(1).and_then(|t| t.split(' ').next()).unwrap_or_default().to_owned();
    assert_eq!(token.len(), 43, "{told:?}");
    (Server { process, address }, token)
}

pub fn sign_in(server: &Server, name: &str) -> String {
    let answer = server.json("POST", "/api/v1/session", &json!({ "name": name, "password": PASSWORD }));
    assert_eq!(answer.status, 200, "{answer}");
    let cookie = answer.head.lines().find(|l| l.starts_with("set-cookie: ")).unwrap_or_default().to_owned();
    for needed in ["__host-trellis=", "; path=/;", "secure", "httponly", "samesite=lax"] {
        assert!(cookie.contains(needed), "{cookie}");
    }
    cookie_of(&answer)
}

/// The cookie as it was sent.
pub fn cookie_of(answer: &Answer) -> String {
    let head = String::from_utf8_lossy(&answer.raw_head);
    let line = head.lines().find(|l| l.to_lowercase().starts_with("set-cookie: ")).unwrap_or_default();
    let pair = line.split_once(": ").map_or("", |(_, v)| v).split(';').next().unwrap_or_default();
    format!("Cookie: {pair}")
}

impl Team {
    pub fn gather(folder: &Path) -> Self {
        let (server, token) = setting_up(folder);
        let admin = json!({ "token": token, "name": "admin", "password": PASSWORD });
        let short = json!({ "token": token, "name": "admin", "password": "short" });
        assert_eq!(server.json("POST", "/api/v1/set-up", &short).status, 422);
        assert_eq!(server.json("POST", "/api/v1/set-up", &admin).status, 201);
        assert_eq!(server.json("POST", "/api/v1/set-up", &admin).status, 404, "it works once");
        let admin = sign_in(&server, "admin");
        let mut ids = BTreeMap::new();
        for name in ["stranger", "viewer", "editor", "owner"] {
            let account = json!({ "name": name, "password": PASSWORD });
            let made = server.json_with("POST", "/api/v1/accounts", &[&admin], &account).ok();
            ids.insert(name, text(&made["id"]));
        }
        let cookies = ["stranger", "viewer", "editor", "owner"].map(|name| (name, sign_in(&server, name)));
        let owner = cookies[3].1.clone();
        let made = server.json_with("POST", "/api/v1/projects", &[&owner], &json!({ "name": "churn" })).ok();
        let project = text(&made["id"]);
        for role in ["viewer", "editor"] {
            let path = format!("/api/v1/projects/{project}/members/{}", ids[role]);
            let set = server.json_with("PUT", &path, &[&owner], &json!({ "role": role }));
            assert_eq!(set.status, 204, "{set}");
        }
        let token = |scope: &'static str| {
            let body = json!({ "name": scope, "scope": scope, "days": 1 });
            let made = server.json_with("POST", "/api/v1/me/tokens", &[&owner], &body).ok();
            (scope, format!("Authorization: Bearer {}", text(&made["token"])))
        };
        let tokens = ["read", "predict", "write", "worker"].map(token);
        let nobody = ("nobody", "X-Nobody: 1".to_owned());
        let actors = [nobody].into_iter().chain(cookies).chain([("admin", admin)]).chain(tokens).collect();
        Self { server, project, actors }
    }

    /// The header that says who asks.
    pub fn who(&self, actor: &str) -> &str {
        &self.actors.iter().find(|a| a.0 == actor).expect("an actor").1
    }

    pub fn ask(&self, actor: &str, method: &str, path: &str) -> Answer {
        self.json(actor, method, path, &json!({}))
    }

    pub fn json(&self, actor: &str, method: &str, path: &str, body: &Value) -> Answer {
        self.server.json_with(method, path, &[self.who(actor)], body)
    }
}
