-- The phone's store. Every `body` is an XChaCha20-Poly1305 blob bound to its table, row and agent. What stands beside it in
-- clear is what the queries need: ids, times, counts, states.

-- The store itself. `id` names its entry in the keyring; `last_agent` is who unlocked it last (0: nobody yet).
CREATE TABLE store (
    only_row INTEGER PRIMARY KEY CHECK (only_row = 1),
    id BLOB NOT NULL CHECK (length(id) = 16),
    last_agent INTEGER NOT NULL DEFAULT 0
) STRICT;

INSERT INTO store (only_row, id) VALUES (1, randomblob(16));

-- Whoever has worked here, as `username@centre`.
CREATE TABLE agents (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    name TEXT NOT NULL UNIQUE
) STRICT;

-- Data keys, each wrapped by argon2id of the password and, where `by_keyring` is not empty, by the keyring. An agent has more
-- than one only after starting afresh because a forgotten password kept the older one shut. The newest open one writes.
CREATE TABLE data_keys (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    salt BLOB NOT NULL,
    memory_kib INTEGER NOT NULL,
    passes INTEGER NOT NULL,
    lanes INTEGER NOT NULL,
    by_password BLOB NOT NULL,
    by_keyring BLOB NOT NULL DEFAULT x''
) STRICT;

CREATE INDEX data_keys_of_agent ON data_keys (agent_id);

-- After-call forms being written.
CREATE TABLE drafts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    wrap_up BLOB NOT NULL CHECK (length(wrap_up) = 16),
    edit INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (agent_id, wrap_up)
) STRICT;

-- The text of submitted forms, kept until the centre has it.
CREATE TABLE submitted (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    wrap_up BLOB NOT NULL CHECK (length(wrap_up) = 16),
    edit INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (agent_id, wrap_up)
) STRICT;

-- What is to be sent to the centre. `id` is the idempotency key, `kind` and `version` say how to send the body, `customer`
-- (empty: none) keeps the order per customer. A sent row stays for a while with an empty body, so that a late save or submit
-- of the same form is recognised.
CREATE TABLE outbox (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    id BLOB NOT NULL UNIQUE CHECK (length(id) = 16),
    wrap_up BLOB NOT NULL CHECK (length(wrap_up) = 16),
    customer BLOB NOT NULL DEFAULT x'' CHECK (length(customer) IN (0, 16)),
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    submitted_at INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'sent', 'refused')),
    tries INTEGER NOT NULL DEFAULT 0,
    tried_at INTEGER NOT NULL DEFAULT 0,
    next_try INTEGER NOT NULL DEFAULT 0,
    settled_at INTEGER NOT NULL DEFAULT 0,
    refused_code TEXT NOT NULL DEFAULT '',
    body BLOB NOT NULL,
    UNIQUE (agent_id, wrap_up)
) STRICT;

-- The call list.
CREATE TABLE legs (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    leg BLOB NOT NULL CHECK (length(leg) = 16),
    offered_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (agent_id, leg)
) STRICT;

CREATE INDEX legs_by_time ON legs (agent_id, offered_at);

-- Copies of customers' records for when the centre does not answer, found by keyed hashes of their numbers.
CREATE TABLE cards (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    customer BLOB NOT NULL CHECK (length(customer) = 16),
    body BLOB NOT NULL,
    UNIQUE (agent_id, customer)
) STRICT;

CREATE TABLE card_numbers (
    card_seq INTEGER NOT NULL REFERENCES cards (seq) ON DELETE CASCADE,
    mark BLOB NOT NULL CHECK (length(mark) = 32),
    PRIMARY KEY (card_seq, mark)
) STRICT, WITHOUT ROWID;

CREATE INDEX card_numbers_by_mark ON card_numbers (mark);

-- Choices that are nobody's secret: language, devices, the centre's address.
CREATE TABLE settings (
    name TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
