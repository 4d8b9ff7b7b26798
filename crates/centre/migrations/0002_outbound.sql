-- Calls that agents make, tickets that agents open, and the numbers they may call from.

ALTER TABLE calls ADD COLUMN direction TEXT NOT NULL DEFAULT 'inbound';
ALTER TABLE calls ADD COLUMN caller_id TEXT;

-- The numbers an agent may call from; position 0 is the default.
CREATE TABLE caller_ids (
  agent TEXT NOT NULL REFERENCES accounts (id),
  position INTEGER NOT NULL,
  number TEXT NOT NULL,
  PRIMARY KEY (agent, position)
) STRICT;

-- Tickets that agents open have an id, a call and a text, and the customer may be unknown or still to come; those taken over
-- from before have a reference and a customer alone.
CREATE TABLE tickets_of_agents (
  reference TEXT NOT NULL PRIMARY KEY,
  id TEXT UNIQUE,
  agent TEXT REFERENCES accounts (id),
  call TEXT,
  customer TEXT,
  title TEXT NOT NULL,
  text TEXT NOT NULL DEFAULT '',
  state TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  due_at INTEGER
) STRICT;
INSERT INTO tickets_of_agents (reference, customer, title, state, opened_at, due_at)
  SELECT reference, customer, title, state, opened_at, due_at FROM tickets;
DROP TABLE tickets;
ALTER TABLE tickets_of_agents RENAME TO tickets;
CREATE INDEX tickets_by_customer ON tickets (customer);
CREATE INDEX tickets_by_call ON tickets (call);
