-- What became of mails, and who is not to be written to. Addresses are as
-- mail.Normalise spells them.

-- The inbox items that were acted upon: written in the transaction of their
-- effects, so that each acts once.
CREATE TABLE mail_heard (
    inbox_id BIGINT PRIMARY KEY,
    at       BIGINT NOT NULL
) {clustered};

-- One row for each thing that can become of a mail at a recipient; said again,
-- it counts up. mail_id is ours, '' while it is not known.
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
    inbox_id    BIGINT NOT NULL, -- the event that said so first; 0: none did
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

-- Who changed whom mail may go to, by hand.
CREATE TABLE mail_audit (
    id     {identity},
    at     BIGINT NOT NULL,
    actor  TEXT NOT NULL,
    action TEXT NOT NULL, -- suppress, unsuppress, unsubscribe, subscribe, pause, resume
    email  TEXT NOT NULL,
    detail TEXT NOT NULL
);
CREATE INDEX mail_audit_by_email ON mail_audit (email, at) WHERE email <> '';

-- Whether a stream is paused: one row for each that ever was.
CREATE TABLE mail_pauses (
    stream  TEXT PRIMARY KEY,
    paused  BIGINT NOT NULL, -- 1: yes
    why     TEXT NOT NULL,
    actor   TEXT NOT NULL,
    at      BIGINT NOT NULL, -- of the last change
    resumed BIGINT NOT NULL  -- sends before are forgiven; 0: never resumed
) {clustered};

CREATE INDEX mails_sent ON mails (provider, settled_at) WHERE state = 'sent';
