-- Projects and blobs that are sealed, and the key of each such project, which the server's own key opens. The database
-- never holds that one, only what tells it from others.
ALTER TABLE project ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
ALTER TABLE blob ADD COLUMN sealed INTEGER NOT NULL DEFAULT 0;
CREATE TABLE project_key (
  project TEXT PRIMARY KEY REFERENCES project(id) ON DELETE CASCADE, wrapped BLOB NOT NULL
);
CREATE TABLE key_check (id INTEGER PRIMARY KEY CHECK (id = 1), value BLOB NOT NULL);
