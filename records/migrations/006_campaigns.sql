-- A campaign sends one mail to many recipients; the second table holds each
-- recipient's outcome. The counts of a campaign change together with its
-- recipients' states.

CREATE TABLE campaigns (
    id         TEXT PRIMARY KEY,
    doc        TEXT NOT NULL, -- text, audience and time, as JSON
    actor      TEXT NOT NULL,
    state      TEXT NOT NULL,
    why        TEXT NOT NULL,
    version    BIGINT NOT NULL, -- of the state: the workflow counts its writes
    created_at BIGINT NOT NULL,
    started_at BIGINT NOT NULL, -- 0: not yet
    ended_at   BIGINT NOT NULL, -- 0: not yet
    total      BIGINT NOT NULL,
    sent       BIGINT NOT NULL,
    suppressed BIGINT NOT NULL,
    rejected   BIGINT NOT NULL,
    unknown    BIGINT NOT NULL,
    skipped    BIGINT NOT NULL,
    invalid    BIGINT NOT NULL,
    duplicates BIGINT NOT NULL
) {clustered};
CREATE INDEX campaigns_by_time ON campaigns (created_at, id);

CREATE TABLE campaign_recipients (
    campaign_id TEXT NOT NULL,
    n           BIGINT NOT NULL, -- 1, 2, 3 …
    address     TEXT NOT NULL,   -- normalised
    name        TEXT NOT NULL,
    locale      TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    data        TEXT NOT NULL,   -- JSON, or empty
    state       TEXT NOT NULL,
    why         TEXT NOT NULL,
    message     TEXT NOT NULL,   -- the provider's id
    settled_at  BIGINT NOT NULL, -- 0: not yet
    PRIMARY KEY (campaign_id, n)
) {clustered};
CREATE UNIQUE INDEX campaign_recipients_by_address ON campaign_recipients (campaign_id, address);
