-- What an import's key was used for: a digest of its file. Empty: received
-- before this was kept.
ALTER TABLE imports ADD COLUMN digest TEXT NOT NULL DEFAULT '';

-- Old changes are forgotten.
CREATE INDEX product_changes_by_time ON product_changes (at);
