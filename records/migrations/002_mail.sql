-- The mail ledger now covers any mail and several providers, and each
-- provider's account gets a pace.

ALTER TABLE mails RENAME COLUMN order_id TO about;      -- an order or a campaign
ALTER TABLE mails RENAME COLUMN milestone TO template;
ALTER TABLE mails RENAME COLUMN message_id TO provider_id; -- the provider's id of the mail
ALTER TABLE mails ADD COLUMN stream TEXT NOT NULL DEFAULT 'transactional';
ALTER TABLE mails ADD COLUMN provider TEXT NOT NULL DEFAULT ''; -- the provider that has it, or had it last
ALTER TABLE mails ADD COLUMN skipped TEXT NOT NULL DEFAULT ''; -- providers that did not get it, and why, as JSON
ALTER TABLE mails ADD COLUMN recipient TEXT NOT NULL DEFAULT ''; -- fingerprint of the first recipient
ALTER TABLE mails ADD COLUMN recipients BIGINT NOT NULL DEFAULT 1;
ALTER TABLE mails ADD COLUMN asked_by TEXT NOT NULL DEFAULT ''; -- the actor who asked for a resend
ALTER TABLE mails ADD COLUMN asked_why TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN asked_key TEXT NOT NULL DEFAULT '';
ALTER TABLE mails ADD COLUMN asked_link TEXT NOT NULL DEFAULT ''; -- the link of a mail that is sent on request
ALTER TABLE mails ADD COLUMN asked_until BIGINT NOT NULL DEFAULT 0; -- the last day of a mail that is sent on request
ALTER TABLE mails ADD COLUMN resent_after_unknown BIGINT NOT NULL DEFAULT 0; -- 1: sent because the outcome of the generation before is unknown
ALTER TABLE mails ADD COLUMN reported_at BIGINT NOT NULL DEFAULT 0; -- when the provider first reported the mail as accepted or delivered, by our id
UPDATE mails SET provider = 'ses' WHERE provider_id <> '';
CREATE INDEX mails_by_provider ON mails (provider, provider_id) WHERE provider_id <> '';
CREATE INDEX mails_open ON mails (state, claimed_at) WHERE state IN ('sending', 'unknown');
CREATE INDEX mails_reported ON mails (provider, reported_at) WHERE reported_at > 0;
CREATE INDEX mails_resent ON mails (state, claimed_at) WHERE resent_after_unknown = 1;

CREATE TABLE mail_accounts (
    account    TEXT PRIMARY KEY, -- the provider's name in our configuration
    rate_micro BIGINT NOT NULL,  -- recipients in a million seconds
    per_day    BIGINT NOT NULL,  -- recipients in 24 hours; -1: no limit
    sent       BIGINT NOT NULL, -- in the last 24 hours, as counted by the provider
    enabled    BIGINT NOT NULL,  -- 0: the provider has stopped the account
    asked_at   BIGINT NOT NULL, -- when the provider reported that
    next_at    BIGINT NOT NULL,
    wanted_at  BIGINT NOT NULL, -- marketing waits until then
    booked     BIGINT NOT NULL, -- recipients ever granted a slot
    base       BIGINT NOT NULL,  -- booked when the provider was asked
    held       BIGINT NOT NULL -- of those, perhaps not counted by the provider
) {clustered};

-- These marks say how many recipients were granted slots by when, for providers
-- that do not count.
CREATE TABLE mail_marks (
    account TEXT NOT NULL,
    at      BIGINT NOT NULL,
    booked  BIGINT NOT NULL,
    PRIMARY KEY (account, at)
) {clustered};

CREATE TABLE mail_slots (
    account    TEXT NOT NULL,
    slot       TEXT NOT NULL,
    recipients BIGINT NOT NULL,
    until_at   BIGINT NOT NULL, -- when the slots are free again
    PRIMARY KEY (account, slot)
) {clustered};
