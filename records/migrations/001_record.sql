-- This is the record of a shop's orders. SQLite and Postgres share one text;
-- migrate.go fills in the words in braces, which differ. Times are microseconds
-- since 1970, amounts are minor units of their currency.

CREATE TABLE products (
    sku      TEXT PRIMARY KEY,
    look     TEXT NOT NULL, -- equal for SKUs that people take for the same
    name     TEXT NOT NULL,
    price    BIGINT NOT NULL CHECK (price > 0),
    currency TEXT NOT NULL,
    on_hand  BIGINT NOT NULL,           -- in the warehouse
    reserved BIGINT NOT NULL DEFAULT 0 CHECK (reserved >= 0), -- reserved, of those on hand
    shipped  BIGINT NOT NULL DEFAULT 0, -- left for good
    received BIGINT NOT NULL,           -- ever on hand: on_hand + shipped
    goods    TEXT NOT NULL DEFAULT ''   -- what the sending depends on, as JSON; empty: nothing is known
);

CREATE TABLE orders (
    id               TEXT PRIMARY KEY,
    run_id           TEXT NOT NULL, -- the workflow run that opened it
    request_hash     TEXT NOT NULL,
    status           TEXT NOT NULL,
    waits_for        TEXT NOT NULL, -- empty: nothing
    version          BIGINT NOT NULL, -- seq of the last event
    fence            BIGINT NOT NULL, -- of the last write; orders the attempts to write
    customer         TEXT NOT NULL,
    total            BIGINT NOT NULL,
    currency         TEXT NOT NULL,
    placed_at        BIGINT NOT NULL,
    updated_at       BIGINT NOT NULL,
    doc              TEXT NOT NULL, -- the whole order, as JSON
    search_text      TEXT NOT NULL, -- what operators find the order by, without case and accents
    snapshot_version BIGINT NOT NULL, -- of the form of the snapshot; 0: there is none
    snapshot         {bytes} -- the workflow's state, which only the workflow reads
);
CREATE INDEX orders_by_time ON orders (placed_at, id);
CREATE INDEX orders_by_customer ON orders (customer, placed_at, id);
CREATE INDEX orders_by_status ON orders (status, placed_at, id);
CREATE INDEX orders_by_wait ON orders (waits_for, placed_at, id) WHERE waits_for <> '';

-- Events carry no foreign key, because they are only ever written together with
-- their order, and theirs would be the most often checked of all.
CREATE TABLE order_events (
    order_id    TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    actor       TEXT NOT NULL,
    why         TEXT NOT NULL,
    ref         TEXT NOT NULL,
    correlation TEXT NOT NULL,
    PRIMARY KEY (order_id, seq)
) {clustered};

-- Superseded events were written by a process that died before it could report
-- to the engine, and were recorded again by the next attempt.
CREATE TABLE order_events_lost (
    order_id    TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    fence       BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    from_status TEXT NOT NULL,
    to_status   TEXT NOT NULL,
    actor       TEXT NOT NULL,
    why         TEXT NOT NULL,
    ref         TEXT NOT NULL,
    correlation TEXT NOT NULL
);

-- Cases are matters that a person decides. Each case's workflow writes its row.
CREATE TABLE cases (
    id        TEXT PRIMARY KEY,
    kind      TEXT NOT NULL,
    order_id  TEXT NOT NULL, -- empty: it belongs to no order
    status    TEXT NOT NULL,
    assignee  TEXT NOT NULL, -- empty: nobody has taken it
    opened_at BIGINT NOT NULL,
    due_at    BIGINT NOT NULL,
    fence     BIGINT NOT NULL, -- of the last write; orders the attempts to write
    doc       TEXT NOT NULL    -- the whole case, as JSON
);
CREATE INDEX cases_by_time ON cases (opened_at, id);
CREATE INDEX cases_by_status ON cases (status, opened_at, id);
CREATE INDEX cases_by_order ON cases (order_id, opened_at, id) WHERE order_id <> '';

CREATE TABLE reservations (
    order_id   TEXT NOT NULL REFERENCES orders (id),
    sku        TEXT NOT NULL,
    quantity   BIGINT NOT NULL CHECK (quantity > 0),
    shipped    BIGINT NOT NULL DEFAULT 0 CHECK (shipped BETWEEN 0 AND quantity), -- of the quantity, left the warehouse
    restocked  BIGINT NOT NULL DEFAULT 0 CHECK (restocked BETWEEN 0 AND quantity), -- came back or never left, and are for sale again
    state      TEXT NOT NULL, -- of the rest: held, kept, lapsed, released; shipped: there is no rest
    expires_at BIGINT NOT NULL, -- matters while held
    PRIMARY KEY (order_id, sku)
) {clustered};
CREATE INDEX reservations_held ON reservations (sku, expires_at) WHERE state = 'held';

-- Payments, shipments and refunds are also in the order's document, which counts.
-- These tables find the order by an outside id. They keep what a lost attempt
-- wrote, because it may exist at the provider or at the carrier.
CREATE TABLE payments (
    order_id       TEXT NOT NULL REFERENCES orders (id),
    number         BIGINT NOT NULL, -- 1, 2 … within the order
    provider       TEXT NOT NULL,   -- empty until the provider has responded
    reference      TEXT,            -- the provider's id; NULL until the provider has responded
    status         TEXT NOT NULL,   -- creating until the provider has responded; lost: the order does not have it
    amount         BIGINT NOT NULL, -- the order's
    currency       TEXT NOT NULL,
    authorized     BIGINT NOT NULL,
    captured       BIGINT NOT NULL,
    refunded       BIGINT NOT NULL,
    disputed       BIGINT NOT NULL,
    surplus        BIGINT NOT NULL, -- 1: the order did not ask for it
    capture_before BIGINT NOT NULL, -- 0: not known
    attempt        TEXT NOT NULL,   -- the last money operation about to be tried
    attempt_at     BIGINT NOT NULL,
    updated_at     BIGINT NOT NULL,
    PRIMARY KEY (order_id, number),
    UNIQUE (reference, provider)
) {clustered};

CREATE TABLE shipments (
    reference  TEXT PRIMARY KEY, -- our id
    order_id   TEXT NOT NULL REFERENCES orders (id),
    number     BIGINT NOT NULL, -- 1, 2 … within the order
    method     TEXT NOT NULL,   -- how it reaches the shopper; empty: with a label of the carrier's
    lines      TEXT NOT NULL,   -- the goods in it, as JSON
    replaced   BIGINT NOT NULL, -- 1: another parcel was booked instead
    label_id   TEXT UNIQUE,     -- the carrier's id
    tracking   TEXT NOT NULL,
    carrier    TEXT NOT NULL,
    status     TEXT NOT NULL,
    updated_at BIGINT NOT NULL
) {clustered};
CREATE INDEX shipments_by_order ON shipments (order_id);
CREATE INDEX shipments_by_tracking ON shipments (tracking) WHERE tracking <> '';

CREATE TABLE refunds (
    order_id    TEXT NOT NULL REFERENCES orders (id),
    id          TEXT NOT NULL, -- its caller's, or the provider's if it was made there
    payment_ref TEXT NOT NULL,
    reference   TEXT,          -- the provider's id; NULL until the provider has responded
    amount      BIGINT NOT NULL,
    currency    TEXT NOT NULL,
    lines       TEXT NOT NULL, -- the goods that it is for, as JSON
    shipping    BIGINT NOT NULL, -- of the amount, for the shipping fee
    reason      TEXT NOT NULL,
    status      TEXT NOT NULL,
    paid_out    BIGINT NOT NULL, -- 1: a person paid it out, and the reference is the proof
    updated_at  BIGINT NOT NULL,
    PRIMARY KEY (order_id, id)
) {clustered};
CREATE INDEX refunds_by_id ON refunds (id);
CREATE INDEX refunds_by_reference ON refunds (reference);
CREATE INDEX refunds_requested ON refunds (order_id) WHERE status = 'requested';

-- Returns are in the order's document, too, which counts. This table finds the orders with
-- returns in a state, and those of which a workflow must attend a return.
CREATE TABLE returns (
    order_id   TEXT NOT NULL REFERENCES orders (id),
    id         TEXT NOT NULL, -- its caller's
    number     BIGINT NOT NULL, -- 1, 2 … within the order
    status     TEXT NOT NULL,
    lines      TEXT NOT NULL, -- the goods, as JSON
    due        BIGINT NOT NULL, -- the deadline of the state; 0: there is none
    attended   BIGINT NOT NULL, -- 1: a workflow must attend it
    refund_id  TEXT NOT NULL,
    updated_at BIGINT NOT NULL,
    PRIMARY KEY (order_id, id)
) {clustered};
CREATE INDEX returns_by_id ON returns (id);
CREATE INDEX returns_by_status ON returns (status, order_id) WHERE status IN ('requested', 'approved', 'received');
CREATE INDEX returns_attended ON returns (order_id) WHERE attended = 1;

CREATE TABLE mails (
    mail_key   TEXT PRIMARY KEY, -- order, template and generation
    order_id   TEXT NOT NULL,
    milestone  TEXT NOT NULL,
    generation BIGINT NOT NULL,
    state      TEXT NOT NULL,
    message_id TEXT NOT NULL,
    why        TEXT NOT NULL,
    attempts   BIGINT NOT NULL,
    claimed_at BIGINT NOT NULL,
    settled_at BIGINT NOT NULL -- 0: not yet
) {clustered};
CREATE INDEX mails_by_order ON mails (order_id);

-- The inbox has no foreign key either, because an event may arrive before its
-- order.
CREATE TABLE inbox (
    id          {identity},
    provider    TEXT NOT NULL,
    account     TEXT NOT NULL,
    event_id    TEXT NOT NULL,
    type        TEXT NOT NULL,
    order_id    TEXT NOT NULL,
    ref         TEXT NOT NULL,
    state       TEXT NOT NULL,
    attempts    BIGINT NOT NULL,
    next_at     BIGINT NOT NULL, -- 0: not to be delivered (any more)
    received_at BIGINT NOT NULL,
    provider_at BIGINT NOT NULL,
    note        TEXT NOT NULL,
    correlation TEXT NOT NULL,
    source      TEXT NOT NULL,
    news        {bytes},
    headers     {bytes},
    body        {bytes},
    UNIQUE (provider, account, event_id)
);
CREATE INDEX inbox_due ON inbox (next_at, id) WHERE next_at > 0;
CREATE INDEX inbox_by_state ON inbox (state, id);
CREATE INDEX inbox_by_order ON inbox (order_id, id) WHERE order_id <> '';
CREATE INDEX inbox_held_ref ON inbox (ref, id) WHERE state = 'held';
CREATE INDEX inbox_foreign_ref ON inbox (ref) WHERE state = 'foreign' AND ref <> '';

-- All events that a provider lists until then, in microseconds since 1970, are in
-- the inbox.
CREATE TABLE inbox_marks (
    provider     TEXT PRIMARY KEY,
    listed_until BIGINT NOT NULL
) {clustered};

-- A bulk is one action on many orders. They are selected once, so that a bulk that goes
-- on after a crash is about the same orders.
CREATE TABLE bulks (
    id           TEXT PRIMARY KEY,
    request_hash TEXT NOT NULL,
    doc          TEXT NOT NULL, -- the request, as JSON
    actor        TEXT NOT NULL,
    customer     TEXT NOT NULL, -- whose orders it is restricted to; empty: all
    state        TEXT NOT NULL,
    why          TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    ended_at     BIGINT NOT NULL -- 0: not yet
) {clustered};
CREATE INDEX bulks_by_time ON bulks (created_at, id);
CREATE INDEX bulks_open ON bulks (created_at, id) WHERE ended_at = 0;

CREATE TABLE bulk_orders (
    bulk_id  TEXT NOT NULL,
    n        BIGINT NOT NULL, -- 1, 2, 3 …
    order_id TEXT NOT NULL, -- as the caller wrote it: there may be no such order
    outcome  TEXT NOT NULL,
    why      TEXT NOT NULL,
    tries    BIGINT NOT NULL, -- how often it did not respond
    at       BIGINT NOT NULL, -- of the outcome; 0: not yet
    PRIMARY KEY (bulk_id, n)
) {clustered};
CREATE INDEX bulk_orders_by_outcome ON bulk_orders (bulk_id, outcome, n);
