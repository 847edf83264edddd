-- Which attempt told an event: the fence of the write that brought it. What
-- was told anew has a higher one than what it replaced, and so a follower
-- finds it. 0: told before this was kept.
ALTER TABLE order_events ADD COLUMN fence BIGINT NOT NULL DEFAULT 0;

-- What was reported long ago and has arrived, or was of a type nobody needs,
-- loses its bytes: body, headers and news. The row stays, so that the event is
-- known when it comes again. 0: it has them. The condition is spelt so that
-- nobody takes the index by state for it, which leads to all that ever arrived.
ALTER TABLE inbox ADD COLUMN pruned_at BIGINT NOT NULL DEFAULT 0;
CREATE INDEX inbox_unpruned ON inbox (received_at) WHERE state || '' IN ('delivered', 'kept') AND pruned_at = 0;

-- The certificates that SNS's messages were verified with, so that a process
-- that starts, or another one, knows them.
CREATE TABLE sns_certificates (
    address TEXT PRIMARY KEY,
    chain   TEXT NOT NULL, -- PEM, the leaf first
    kept_at BIGINT NOT NULL
) {clustered};
