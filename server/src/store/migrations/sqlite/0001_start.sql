CREATE TABLE account (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT, admin INTEGER NOT NULL, created INTEGER NOT NULL
);
CREATE TABLE session (
  token BLOB PRIMARY KEY, account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  created INTEGER NOT NULL, expires INTEGER NOT NULL
);
CREATE TABLE api_token (
  id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE, name TEXT NOT NULL,
  token BLOB NOT NULL UNIQUE, scope TEXT NOT NULL, created INTEGER NOT NULL, expires INTEGER, used INTEGER
);
CREATE TABLE setup (token BLOB PRIMARY KEY, expires INTEGER NOT NULL);

CREATE TABLE project (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, head INTEGER NOT NULL, created INTEGER NOT NULL, changed INTEGER NOT NULL
);
CREATE TABLE member (
  project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  role TEXT NOT NULL, PRIMARY KEY (project, account)
);
CREATE TABLE version (
  project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, number INTEGER NOT NULL, hash TEXT NOT NULL,
  document TEXT NOT NULL, note TEXT NOT NULL, author TEXT NOT NULL, created INTEGER NOT NULL,
  PRIMARY KEY (project, number)
);

CREATE TABLE blob (hash TEXT PRIMARY KEY, bytes INTEGER NOT NULL, created INTEGER NOT NULL);
CREATE TABLE dataset (
  id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blob(hash), bytes INTEGER NOT NULL, options TEXT NOT NULL, about TEXT NOT NULL,
  author TEXT NOT NULL, created INTEGER NOT NULL
);
CREATE INDEX dataset_project ON dataset (project, id);
CREATE TABLE model (
  id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, name TEXT NOT NULL,
  created INTEGER NOT NULL, UNIQUE (project, name)
);
CREATE TABLE model_version (
  model TEXT NOT NULL REFERENCES model(id) ON DELETE CASCADE, number INTEGER NOT NULL,
  blob TEXT NOT NULL REFERENCES blob(hash), bytes INTEGER NOT NULL, run TEXT, about TEXT NOT NULL,
  author TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (model, number)
);
CREATE TABLE model_alias (
  model TEXT NOT NULL, alias TEXT NOT NULL, number INTEGER NOT NULL, PRIMARY KEY (model, alias),
  FOREIGN KEY (model, number) REFERENCES model_version(model, number) ON DELETE CASCADE
);

CREATE TABLE run (
  id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, work TEXT NOT NULL,
  state TEXT NOT NULL, wish TEXT NOT NULL, priority INTEGER NOT NULL, fence INTEGER NOT NULL,
  lease_until INTEGER NOT NULL, best REAL, outcome TEXT NOT NULL, author TEXT NOT NULL,
  created INTEGER NOT NULL, started INTEGER, ended INTEGER
);
CREATE INDEX run_project ON run (project, id);
CREATE INDEX run_state ON run (state, priority, created);
CREATE TABLE trial (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, study TEXT NOT NULL, job INTEGER NOT NULL,
  payload BLOB NOT NULL, state TEXT NOT NULL, priority INTEGER NOT NULL, attempt INTEGER NOT NULL,
  fence INTEGER NOT NULL, lease_until INTEGER NOT NULL, worker TEXT NOT NULL, result TEXT NOT NULL,
  error TEXT NOT NULL, created INTEGER NOT NULL, ended INTEGER, PRIMARY KEY (run, study, job)
);
CREATE INDEX trial_state ON trial (state, priority, created);
CREATE TABLE event (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, seq INTEGER NOT NULL, kind TEXT NOT NULL,
  data TEXT NOT NULL, created INTEGER NOT NULL, PRIMARY KEY (run, seq)
);
CREATE TABLE run_file (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blob(hash), bytes INTEGER NOT NULL, PRIMARY KEY (run, name)
);

CREATE TABLE link (
  id TEXT PRIMARY KEY, token BLOB NOT NULL UNIQUE, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  target TEXT NOT NULL, rights TEXT NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL, created INTEGER NOT NULL,
  expires INTEGER, revoked INTEGER, opened INTEGER NOT NULL
);
CREATE INDEX link_project ON link (project, id);
CREATE TABLE audit (
  seq INTEGER PRIMARY KEY, at INTEGER NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL,
  hash BLOB NOT NULL
);
CREATE TABLE idempotency (
  actor TEXT NOT NULL, key TEXT NOT NULL, request BLOB NOT NULL, status INTEGER NOT NULL, body TEXT NOT NULL,
  created INTEGER NOT NULL, PRIMARY KEY (actor, key)
);
CREATE TABLE worker (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, slots INTEGER NOT NULL, seen INTEGER NOT NULL
);
