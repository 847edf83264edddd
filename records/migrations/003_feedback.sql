-- These tables hold the feedback about mails and the suppressed addresses.
-- Addresses are spelled as by mail.Normalise.

-- The inbox items that were acted on are written in the transaction of their
-- effects, so that each acts once.
CREATE TABLE mail_heard (
    inbox_id BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL
) {clustered};

-- There is one row for each kind of feedback about a mail and a recipient; a
-- repetition is only counted. mail_id is ours, '' while it is not known.
CREATE TABLE mail_feedback (
    provider    TEXT NOT NULL,
    provider_id TEXT NOT NULL,
    recipient   TEXT NOT NULL,
    kind        TEXT NOT NULL,
    bounce      TEXT NOT NULL,
    mail_id     TEXT NOT NULL,
    diagnostic  TEXT NOT NULL,
    at          BIGINT NOT NULL, -- when the provider says it happened
    heard_at    BIGINT NOT NULL,
    inbox_id    BIGINT NOT NULL, -- the event that first reported it; 0: none did
    times       BIGINT NOT NULL,
    PRIMARY KEY (provider, provider_id, recipient, kind, bounce)
) {clustered};
CREATE INDEX mail_feedback_by_mail ON mail_feedback (mail_id) WHERE mail_id <> '';
CREATE INDEX mail_feedback_by_recipient ON mail_feedback (recipient, at);

CREATE TABLE mail_suppressions (
    email      TEXT NOT NULL,
    scope      TEXT NOT NULL, -- all, marketing, or a list
    reason     TEXT NOT NULL,
    diagnostic TEXT NOT NULL,
    provider   TEXT NOT NULL,
    inbox_id   BIGINT NOT NULL, -- the event that caused it; 0: none did
    actor      TEXT NOT NULL,
    since      BIGINT NOT NULL,
    PRIMARY KEY (email, reason, scope)
) {clustered};
CREATE INDEX mail_suppressions_by_time ON mail_suppressions (since, email);

-- This table holds the decisions that people made about where mail may go.
CREATE TABLE mail_audit (
    id     {identity},
    at     BIGINT NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL, -- suppress, unsuppress, unsubscribe, subscribe, pause, resume
    email  TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX mail_audit_by_email ON mail_audit (email, at) WHERE email <> '';

-- This table says whether a stream is paused; it has one row for each stream
-- that ever was.
CREATE TABLE mail_pauses (
    stream  TEXT PRIMARY KEY,
    paused  BIGINT NOT NULL, -- 1: yes
    why     TEXT NOT NULL,
    actor   TEXT NOT NULL,
    at      BIGINT NOT NULL, -- of the last change
    resumed BIGINT NOT NULL -- earlier sends no longer count; 0: never resumed
) {clustered};

CREATE INDEX mails_sent ON mails (provider, settled_at) WHERE state = 'sent';
