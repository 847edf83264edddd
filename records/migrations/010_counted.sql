-- When a product's stock was last counted, in microseconds since 1970: a file
-- of stock that was read before does not undo a later count.
ALTER TABLE products ADD COLUMN counted_at BIGINT NOT NULL DEFAULT 0;

-- How many pieces had come in, and when they were last counted, when a row of a
-- file was read. -1: it was read before this was kept.
ALTER TABLE import_rows ADD COLUMN received BIGINT NOT NULL DEFAULT -1;
ALTER TABLE import_rows ADD COLUMN counted_at BIGINT NOT NULL DEFAULT -1;
