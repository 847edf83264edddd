-- digest is the digest of the file that an import's key was used for. It is
-- empty for files received before it was kept.
ALTER TABLE imports ADD COLUMN digest TEXT NOT NULL DEFAULT '';

-- This index serves deleting old changes.
CREATE INDEX product_changes_by_time ON product_changes (at);
