-- Seconds that a run was driven, and its clock when what came of a trial was heard: a budget goes on from there.
ALTER TABLE run ADD COLUMN spent REAL NOT NULL DEFAULT 0;
ALTER TABLE trial ADD COLUMN clock REAL;
