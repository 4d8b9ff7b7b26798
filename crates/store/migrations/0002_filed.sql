-- The outbox holds more than one item beside a form: profiles (`customer`) and tickets (`ticket`). Of wrap-ups there is still
-- one a form. SQLite drops no UNIQUE from a table, so that the rows move into a new one.
CREATE TABLE outbox_of_2 (
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
    body BLOB NOT NULL
) STRICT;

INSERT INTO outbox_of_2
    (seq, agent_id, key_id, id, wrap_up, customer, kind, version, submitted_at, state, tries, tried_at, next_try, settled_at,
     refused_code, body)
SELECT seq, agent_id, key_id, id, wrap_up, customer, kind, version, submitted_at, state, tries, tried_at, next_try, settled_at,
       refused_code, body
FROM outbox ORDER BY seq;

DROP TABLE outbox;
ALTER TABLE outbox_of_2 RENAME TO outbox;

CREATE UNIQUE INDEX one_wrap_up_a_form ON outbox (agent_id, wrap_up) WHERE kind = 'wrap_up';
CREATE INDEX outbox_of_form ON outbox (agent_id, wrap_up);

-- What an agent filed who works without a centre: forms (`wrap_up`) and tickets (`ticket`), here for good. `id` is the form's
-- or the ticket's, `kind` and `version` say what the body is, `customer` (empty: nobody) whose history it belongs to.
CREATE TABLE kept (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    id BLOB NOT NULL CHECK (length(id) = 16),
    customer BLOB NOT NULL DEFAULT x'' CHECK (length(customer) IN (0, 16)),
    kind TEXT NOT NULL,
    version INTEGER NOT NULL,
    kept_at INTEGER NOT NULL,
    body BLOB NOT NULL,
    UNIQUE (agent_id, kind, id)
) STRICT;

CREATE INDEX kept_of_customer ON kept (agent_id, customer);

-- A record of which this computer has the only one is never dropped to make room for copies.
ALTER TABLE cards ADD COLUMN original INTEGER NOT NULL DEFAULT 0 CHECK (original IN (0, 1));
