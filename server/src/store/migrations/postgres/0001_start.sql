CREATE TABLE account (
  id TEXT PRIMARY KEY, name TEXT NOT NULL UNIQUE, password TEXT, admin BIGINT NOT NULL, created BIGINT NOT NULL
);
CREATE TABLE session (
  token BYTEA PRIMARY KEY, account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  created BIGINT NOT NULL, expires BIGINT NOT NULL
);
CREATE TABLE api_token (
  id TEXT PRIMARY KEY, account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE, name TEXT NOT NULL,
  token BYTEA NOT NULL UNIQUE, scope TEXT NOT NULL, created BIGINT NOT NULL, expires BIGINT, used BIGINT
);
CREATE TABLE setup (token BYTEA PRIMARY KEY, expires BIGINT NOT NULL);

CREATE TABLE project (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, head BIGINT NOT NULL, created BIGINT NOT NULL, changed BIGINT NOT NULL
);
CREATE TABLE member (
  project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  account TEXT NOT NULL REFERENCES account(id) ON DELETE CASCADE,
  role TEXT NOT NULL, PRIMARY KEY (project, account)
);
CREATE TABLE version (
  project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, number BIGINT NOT NULL, hash TEXT NOT NULL,
  document TEXT NOT NULL, note TEXT NOT NULL, author TEXT NOT NULL, created BIGINT NOT NULL,
  PRIMARY KEY (project, number)
);

CREATE TABLE blob (hash TEXT PRIMARY KEY, bytes BIGINT NOT NULL, created BIGINT NOT NULL);
CREATE TABLE dataset (
  id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blob(hash), bytes BIGINT NOT NULL, options TEXT NOT NULL, about TEXT NOT NULL,
  author TEXT NOT NULL, created BIGINT NOT NULL
);
CREATE INDEX dataset_project ON dataset (project, id);
CREATE TABLE model (
  id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, name TEXT NOT NULL,
  created BIGINT NOT NULL, UNIQUE (project, name)
);
CREATE TABLE model_version (
  model TEXT NOT NULL REFERENCES model(id) ON DELETE CASCADE, number BIGINT NOT NULL,
  blob TEXT NOT NULL REFERENCES blob(hash), bytes BIGINT NOT NULL, run TEXT, about TEXT NOT NULL,
  author TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (model, number)
);
CREATE TABLE model_alias (
  model TEXT NOT NULL, alias TEXT NOT NULL, number BIGINT NOT NULL, PRIMARY KEY (model, alias),
  FOREIGN KEY (model, number) REFERENCES model_version(model, number) ON DELETE CASCADE
);

CREATE TABLE run (
  id TEXT PRIMARY KEY, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE, work TEXT NOT NULL,
  state TEXT NOT NULL, wish TEXT NOT NULL, priority BIGINT NOT NULL, fence BIGINT NOT NULL,
  lease_until BIGINT NOT NULL, best DOUBLE PRECISION, outcome TEXT NOT NULL, author TEXT NOT NULL,
  created BIGINT NOT NULL, started BIGINT, ended BIGINT
);
CREATE INDEX run_project ON run (project, id);
CREATE INDEX run_state ON run (state, priority, created);
CREATE TABLE trial (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, study TEXT NOT NULL, job BIGINT NOT NULL,
  payload BYTEA NOT NULL, state TEXT NOT NULL, priority BIGINT NOT NULL, attempt BIGINT NOT NULL,
  fence BIGINT NOT NULL, lease_until BIGINT NOT NULL, worker TEXT NOT NULL, result TEXT NOT NULL,
  error TEXT NOT NULL, created BIGINT NOT NULL, ended BIGINT, PRIMARY KEY (run, study, job)
);
CREATE INDEX trial_state ON trial (state, priority, created);
CREATE TABLE event (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, seq BIGINT NOT NULL, kind TEXT NOT NULL,
  data TEXT NOT NULL, created BIGINT NOT NULL, PRIMARY KEY (run, seq)
);
CREATE TABLE run_file (
  run TEXT NOT NULL REFERENCES run(id) ON DELETE CASCADE, name TEXT NOT NULL,
  blob TEXT NOT NULL REFERENCES blob(hash), bytes BIGINT NOT NULL, PRIMARY KEY (run, name)
);

CREATE TABLE link (
  id TEXT PRIMARY KEY, token BYTEA NOT NULL UNIQUE, project TEXT NOT NULL REFERENCES project(id) ON DELETE CASCADE,
  target TEXT NOT NULL, rights TEXT NOT NULL, title TEXT NOT NULL, author TEXT NOT NULL, created BIGINT NOT NULL,
  expires BIGINT, revoked BIGINT, opened BIGINT NOT NULL
);
CREATE INDEX link_project ON link (project, id);
CREATE TABLE audit (
  seq BIGINT PRIMARY KEY, at BIGINT NOT NULL, actor TEXT NOT NULL, action TEXT NOT NULL, resource TEXT NOT NULL,
  hash BYTEA NOT NULL
);
CREATE TABLE idempotency (
  actor TEXT NOT NULL, key TEXT NOT NULL, request BYTEA NOT NULL, status BIGINT NOT NULL, body TEXT NOT NULL,
  created BIGINT NOT NULL, PRIMARY KEY (actor, key)
);
CREATE TABLE worker (
  id TEXT PRIMARY KEY, name TEXT NOT NULL, slots BIGINT NOT NULL, seen BIGINT NOT NULL
);
