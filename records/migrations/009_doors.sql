-- fence is the fence of the write that recorded an event. An event that was
-- recorded again has a higher one than the event it replaced, so that a
-- follower finds it. 0: recorded before the fence was kept.
ALTER TABLE order_events ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;

-- Old events that were delivered or dismissed, are of a type that no workflow
-- needs, or are about no order of this shop lose body, headers and parsed event. The row stays, so that a repeated event is
-- recognised. 0: not pruned. The condition is spelled so that the database does
-- not choose the index by state, which leads to every event that was ever
-- delivered.
ALTER TABLE inbox ADD COLUMN pruned_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX inbox_unpruned ON inbox (received_at) WHERE state || '' IN ('delivered', 'kept', 'foreign', 'dismissed') AND pruned_at = 0;

-- The certificates that verified messages from SNS are shared with other
-- processes and survive a restart.
CREATE TABLE sns_certificates (
    address TEXT PRIMARY KEY,
    chain   TEXT NOT NULL, -- PEM, the leaf first
    kept_at BIGINT NOT NULL
) {clustered};
