-- The catalogue holds the products, their changes, what the search index still
-- lacks, and imports.

-- version counts the changes of a product's description; revision rises when
-- its stock moves too, and is what the index carries.
ALTER TABLE products ADD COLUMN version BIGINT NOT NULL DEFAULT 1;
ALTER TABLE products ADD COLUMN revision BIGINT NOT NULL DEFAULT 1;
ALTER TABLE products ADD COLUMN inactive BIGINT NOT NULL DEFAULT 0;
-- A deleted product keeps its row: open orders still move its stock, and a
-- product that comes back must not start counting from one.
ALTER TABLE products ADD COLUMN deleted BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN added_at BIGINT NOT NULL DEFAULT 0;
ALTER TABLE products ADD COLUMN changed_at BIGINT NOT NULL DEFAULT 0; -- last change other than of its stock
-- due_at is set while the index may not have this revision; from then on a
-- sweep takes it. 0: the index has it. A stock move sets it to 1, which means
-- at once.
ALTER TABLE products ADD COLUMN due_at BIGINT NOT NULL DEFAULT 1;
CREATE UNIQUE INDEX products_look ON products (look) WHERE deleted = 0;
CREATE INDEX products_due ON products (due_at, sku) WHERE due_at > 0;

-- Details that orders do not need have a table of their own, so that the row
-- whose stock moves stays short.
CREATE TABLE product_details (
    sku TEXT PRIMARY KEY,
    doc TEXT NOT NULL -- JSON
) {clustered};

-- This table records the actor of each change and its outcome; it also
-- recognises a repeated change.
CREATE TABLE product_changes (
    sku         TEXT NOT NULL,
    change_id   TEXT NOT NULL,
    hash        TEXT NOT NULL, -- of the request
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    correlation TEXT NOT NULL,
    version     BIGINT NOT NULL, -- of the product afterwards
    what        TEXT NOT NULL,   -- the change, as JSON
    refused     TEXT NOT NULL,   -- empty: it was carried out
    why         TEXT NOT NULL,
    PRIMARY KEY (sku, change_id)
) {clustered};

CREATE TABLE imports (
    id          TEXT PRIMARY KEY,
    kind        TEXT NOT NULL, -- products, stock, prices
    name        TEXT NOT NULL, -- of the file
    dry_run     BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    correlation TEXT NOT NULL,
    state       TEXT NOT NULL,
    why         TEXT NOT NULL,
    header      TEXT NOT NULL,   -- how the file is to be read
    bytes       BIGINT NOT NULL, -- received
    at_byte     BIGINT NOT NULL, -- reading has come this far
    at_line     BIGINT NOT NULL,
    at_sku      TEXT NOT NULL, -- applying has come this far
    staged      BIGINT NOT NULL, -- valid rows
    bad         BIGINT NOT NULL, -- rows with an error
    applied     BIGINT NOT NULL, -- rows that added or changed a product
    added       BIGINT NOT NULL, -- of these, rows that added one
    unchanged   BIGINT NOT NULL, -- rows that agree with the record already
    indexed     BIGINT NOT NULL, -- products sent to the index
    mark        BIGINT NOT NULL, -- due_at of the products it changed
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL
);
CREATE INDEX imports_by_time ON imports (created_at, id);

CREATE TABLE import_chunks (
    import_id TEXT NOT NULL,
    at_byte   BIGINT NOT NULL, -- position in the file at which the chunk begins
    body      {bytes} NOT NULL,
    PRIMARY KEY (import_id, at_byte)
);

CREATE TABLE import_rows (
    import_id TEXT NOT NULL,
    sku       TEXT NOT NULL,
    look      TEXT NOT NULL, -- as in products
    line      BIGINT NOT NULL,
    price     BIGINT NOT NULL,
    currency  TEXT NOT NULL,
    on_hand   BIGINT NOT NULL,
    shipped   BIGINT NOT NULL, -- of the product when the row was read
    doc       TEXT NOT NULL,   -- the row, as JSON; empty for stock and prices
    PRIMARY KEY (import_id, sku)
) {clustered};
CREATE UNIQUE INDEX import_rows_look ON import_rows (import_id, look);

CREATE TABLE import_errors (
    import_id TEXT NOT NULL,
    line      BIGINT NOT NULL,
    field     TEXT NOT NULL,
    sku       TEXT NOT NULL,
    message   TEXT NOT NULL,
    PRIMARY KEY (import_id, line, field)
) {clustered};

-- The shop's settings of the search, in one row.
CREATE TABLE search_settings (
    id         BIGINT PRIMARY KEY CHECK (id = 1),
    doc        TEXT NOT NULL,   -- JSON
    version    BIGINT NOT NULL, -- 0: never changed
    actor      TEXT NOT NULL,
    changed_at BIGINT NOT NULL, -- 0: never
    applied    BIGINT NOT NULL, -- the version that the index has; -1: none
    problem    TEXT NOT NULL    -- why this version could not be applied yet
);
