-- What a run was begun by, as W3C Trace Context writes it; empty where nothing was traced.
ALTER TABLE run ADD COLUMN trace TEXT NOT NULL DEFAULT '';
