-- What tells this database from others: files elsewhere say whose they are.
CREATE TABLE database_name (id INTEGER PRIMARY KEY CHECK (id = 1), name TEXT NOT NULL);
