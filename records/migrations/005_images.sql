-- Uploads are images on their way from a browser to their product. An image is
-- visible exactly when its status is ready: that one value publishes all its
-- sizes at once.

CREATE TABLE uploads (
    id           TEXT PRIMARY KEY,
    sku          TEXT NOT NULL,
    owner        TEXT NOT NULL, -- the API key that asked for it
    status       TEXT NOT NULL, -- awaiting_upload, processing, ready, refused, expired
    reason       TEXT NOT NULL, -- code of the reason for the refusal
    detail       TEXT NOT NULL,
    alt          TEXT NOT NULL,
    content_type TEXT NOT NULL, -- as declared
    size         BIGINT NOT NULL,
    width        BIGINT NOT NULL, -- of the original, 0: not known yet
    height       BIGINT NOT NULL,
    upload_key   TEXT NOT NULL UNIQUE,
    upload_by    BIGINT NOT NULL,
    created_at   BIGINT NOT NULL,
    updated_at   BIGINT NOT NULL
);
CREATE INDEX uploads_by_sku ON uploads (sku, created_at, id);
CREATE INDEX uploads_unfinished ON uploads (status, updated_at, id) WHERE status = 'awaiting_upload' OR status = 'processing';

-- These are the sizes made so far. Each is recorded once its file is in the
-- store, so that a crash does not lose finished work.
CREATE TABLE renditions (
    upload_id    TEXT NOT NULL REFERENCES uploads (id),
    name         TEXT NOT NULL,
    object_key   TEXT NOT NULL,
    content_type TEXT NOT NULL,
    width        BIGINT NOT NULL,
    height       BIGINT NOT NULL,
    size         BIGINT NOT NULL,
    PRIMARY KEY (upload_id, name)
) {clustered};
