-- counted_at is when a product's stock was last counted, in microseconds since
-- 1970. A stock file that was read before that does not overwrite the later
-- count.
ALTER TABLE products ADD COLUMN counted_at BIGINT NOT NULL DEFAULT 0;

-- These columns say how many pieces had come in, and when they were last
-- counted, when a row of a file was read. -1: the row was read before that was
-- kept.
ALTER TABLE import_rows ADD COLUMN received BIGINT NOT NULL DEFAULT -1;
ALTER TABLE import_rows ADD COLUMN counted_at BIGINT NOT NULL DEFAULT -1;
