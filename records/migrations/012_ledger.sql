-- The shop's books. Each row moves an amount from the credit account to the debit
-- account, so that every row, and with it every transaction, adds up to zero. Rows
-- are only ever added: 012_ledger.sqlite3.sql and 012_ledger.postgres.sql make the
-- database refuse everything else.
CREATE TABLE ledger_entries (
    id        {identity},
    kind      TEXT NOT NULL,   -- order, correction or settlement
    order_id  TEXT NOT NULL,   -- empty: a settlement that belongs to no order
    payment   BIGINT NOT NULL, -- the payment's number within the order; 0: none
    ref       TEXT NOT NULL,   -- the payment's reference at its provider
    party     TEXT NOT NULL,   -- who has the money
    debit     TEXT NOT NULL,
    credit    TEXT NOT NULL CHECK (credit <> debit),
    amount    BIGINT NOT NULL CHECK (amount > 0),
    currency  TEXT NOT NULL,
    source    TEXT NOT NULL,   -- the provider's id of a balance transaction; empty: none
    line      BIGINT NOT NULL, -- of the entries of that transaction
    version   BIGINT NOT NULL, -- the order's, with which the entry was written
    at        BIGINT NOT NULL, -- when it happened
    booked_at BIGINT NOT NULL CHECK (booked_at >= at) -- its date in the books: at, or later if the period of at was closed
);
CREATE INDEX ledger_entries_by_order ON ledger_entries (order_id, id) WHERE order_id <> '';
CREATE INDEX ledger_entries_by_date ON ledger_entries (booked_at, id);
CREATE UNIQUE INDEX ledger_entries_by_source ON ledger_entries (party, source, line) WHERE source <> '';

-- Closed periods: entries are not dated before ends_at any more.
CREATE TABLE ledger_periods (
    period    TEXT PRIMARY KEY, -- 2026-03
    ends_at   BIGINT NOT NULL,  -- the first moment after it
    closed_at BIGINT NOT NULL,
    closed_by TEXT NOT NULL
) {clustered};

-- The provider's balance transactions as they were when they were imported. Rows are
-- only ever added, with their entries.
CREATE TABLE ledger_settlements (
    party         TEXT NOT NULL,
    id            TEXT NOT NULL,   -- the provider's
    kind          TEXT NOT NULL,
    ref           TEXT NOT NULL,   -- the payment's reference at its provider; empty: none
    order_id      TEXT NOT NULL,   -- empty: no order is known
    payment       BIGINT NOT NULL, -- the payment's number within the order; 0: none
    paid          BIGINT NOT NULL,
    paid_currency TEXT NOT NULL,
    amount        BIGINT NOT NULL,
    currency      TEXT NOT NULL,
    fee           BIGINT NOT NULL,
    net           BIGINT NOT NULL,
    lines         BIGINT NOT NULL, -- how many entries it has
    moved         BIGINT NOT NULL, -- what the amounts of its entries add up to
    at            BIGINT NOT NULL, -- when it happened
    PRIMARY KEY (party, id)
) {clustered};
CREATE INDEX ledger_settlements_by_time ON ledger_settlements (at);

-- How far the settlements are imported: all until then are. An import that broke off
-- has imported those from oldest to newest; oldest is 0 if none did.
CREATE TABLE ledger_imports (
    name   TEXT PRIMARY KEY,
    until  BIGINT NOT NULL,
    newest BIGINT NOT NULL,
    oldest BIGINT NOT NULL
) {clustered};

-- What a check has found to be in doubt, and must look at again: an order, or else a
-- settlement by party and source.
CREATE TABLE ledger_doubts (
    order_id TEXT NOT NULL,
    party    TEXT NOT NULL,
    source   TEXT NOT NULL,
    since    BIGINT NOT NULL,
    PRIMARY KEY (order_id, party, source)
) {clustered};

-- What record, ledger and provider do not agree about. At most one difference about
-- the same amount is open, so that a person is asked once, whichever check finds it.
CREATE TABLE ledger_differences (
    id          {identity},
    order_id    TEXT NOT NULL,   -- empty: a settlement that belongs to no order
    payment     BIGINT NOT NULL,
    ref         TEXT NOT NULL,
    party       TEXT NOT NULL,
    source      TEXT NOT NULL,   -- the settlement's; empty: it is about an order
    account     TEXT NOT NULL,
    currency    TEXT NOT NULL,
    record      BIGINT NOT NULL,
    ledger      BIGINT NOT NULL,
    payment_row BIGINT,          -- NULL: the row of the payment has what the order has
    provider    BIGINT,          -- NULL: it was not asked, or does not know the payment
    why         TEXT NOT NULL,
    found_at    BIGINT NOT NULL,
    report      BIGINT NOT NULL, -- the mail that asks a person about it, by the id of its first difference; 0: none yet
    reported_at BIGINT NOT NULL, -- when a person was asked; 0: not yet
    resolved_at BIGINT NOT NULL  -- when a check found that it is gone; 0: not yet
);
CREATE UNIQUE INDEX ledger_differences_open ON ledger_differences (order_id, payment, ref, party, source, account, currency) WHERE resolved_at = 0;
CREATE INDEX ledger_differences_unreported ON ledger_differences (report, id) WHERE reported_at = 0;

-- How far the checks have come: the last entry of each order that was checked, for
-- entries after the mark "checked".
CREATE TABLE ledger_checks (
    order_id TEXT PRIMARY KEY,
    entry    BIGINT NOT NULL
) {clustered};
CREATE TABLE ledger_marks (
    name  TEXT PRIMARY KEY,
    value BIGINT NOT NULL
) {clustered};
