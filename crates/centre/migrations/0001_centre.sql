-- The centre's records. Times are milliseconds since 1970-01-01T00:00:00Z, ids are UUIDs as text, JSON is text.

CREATE TABLE accounts (
  id TEXT NOT NULL PRIMARY KEY,
  username TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  role TEXT NOT NULL CHECK (role IN ('agent', 'administrator')),
  extension TEXT UNIQUE,
  password_hash TEXT NOT NULL,
  presence TEXT NOT NULL DEFAULT 'checked_out',
  presence_reason TEXT NOT NULL DEFAULT 'signed_in',
  presence_since INTEGER NOT NULL DEFAULT 0,
  presence_revision INTEGER NOT NULL DEFAULT 0,
  in_wrap_up INTEGER NOT NULL DEFAULT 0
) STRICT;

CREATE TABLE skill_groups (
  id TEXT NOT NULL PRIMARY KEY,
  number TEXT NOT NULL UNIQUE,
  name_zh TEXT NOT NULL,
  name_en TEXT NOT NULL
) STRICT;

CREATE TABLE memberships (
  agent TEXT NOT NULL REFERENCES accounts (id),
  skill_group TEXT NOT NULL REFERENCES skill_groups (id),
  PRIMARY KEY (agent, skill_group)
) STRICT;

-- Tokens are kept as SHA-256 only.
CREATE TABLE sessions (
  token_hash TEXT NOT NULL PRIMARY KEY,
  account TEXT NOT NULL REFERENCES accounts (id),
  started_at INTEGER NOT NULL,
  heard_at INTEGER,
  ended_at INTEGER,
  ended_why TEXT CHECK (ended_why IN ('signed_out', 'elsewhere'))
) STRICT;
CREATE INDEX sessions_by_account ON sessions (account, ended_at);

-- Digest secrets as H(user:realm:password), never the password. A row without session is a device's and stays.
CREATE TABLE sip_secrets (
  auth_user TEXT NOT NULL PRIMARY KEY,
  agent TEXT NOT NULL REFERENCES accounts (id),
  session TEXT REFERENCES sessions (token_hash),
  ha1_md5 TEXT NOT NULL,
  ha1_sha256 TEXT NOT NULL
) STRICT;

CREATE TABLE customers (
  id TEXT NOT NULL PRIMARY KEY,
  reference TEXT NOT NULL UNIQUE,
  name TEXT NOT NULL,
  home_zh TEXT,
  home_en TEXT,
  tags TEXT NOT NULL DEFAULT '[]',
  fields TEXT NOT NULL DEFAULT '[]',
  version INTEGER NOT NULL DEFAULT 1
) STRICT;

CREATE TABLE customer_numbers (
  customer TEXT NOT NULL REFERENCES customers (id),
  position INTEGER NOT NULL,
  number TEXT NOT NULL,
  match_key TEXT NOT NULL,
  PRIMARY KEY (customer, position)
) STRICT;
CREATE INDEX customer_numbers_by_key ON customer_numbers (match_key);

-- Calls taken over from before this centre; its own are in legs.
CREATE TABLE past_calls (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  customer TEXT NOT NULL REFERENCES customers (id),
  at INTEGER NOT NULL,
  direction TEXT NOT NULL,
  agent TEXT,
  outcome TEXT NOT NULL,
  talk_seconds INTEGER NOT NULL DEFAULT 0,
  summary TEXT NOT NULL DEFAULT ''
) STRICT;
CREATE INDEX past_calls_by_customer ON past_calls (customer, at);

CREATE TABLE tickets (
  reference TEXT NOT NULL PRIMARY KEY,
  customer TEXT NOT NULL REFERENCES customers (id),
  title TEXT NOT NULL,
  state TEXT NOT NULL,
  opened_at INTEGER NOT NULL,
  due_at INTEGER
) STRICT;
CREATE INDEX tickets_by_customer ON tickets (customer);

CREATE TABLE service_records (
  id INTEGER NOT NULL PRIMARY KEY AUTOINCREMENT,
  customer TEXT NOT NULL REFERENCES customers (id),
  kind TEXT NOT NULL,
  title TEXT NOT NULL,
  at INTEGER NOT NULL,
  by_whom TEXT NOT NULL DEFAULT '',
  link TEXT
) STRICT;
CREATE INDEX service_records_by_customer ON service_records (customer, at);

CREATE TABLE calls (
  id TEXT NOT NULL PRIMARY KEY,
  number TEXT,
  name TEXT,
  skill_group_zh TEXT,
  skill_group_en TEXT,
  arrived_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER,
  outcome TEXT
) STRICT;
CREATE INDEX calls_by_time ON calls (arrived_at);

-- No reference to calls: a direct call has legs only.
CREATE TABLE legs (
  id TEXT NOT NULL PRIMARY KEY,
  call TEXT NOT NULL,
  agent TEXT NOT NULL REFERENCES accounts (id),
  direction TEXT NOT NULL,
  number TEXT,
  customer TEXT REFERENCES customers (id),
  skill_group_zh TEXT,
  skill_group_en TEXT,
  offered_at INTEGER NOT NULL,
  answered_at INTEGER,
  ended_at INTEGER,
  outcome TEXT
) STRICT;
CREATE INDEX legs_by_agent ON legs (agent, offered_at);
CREATE INDEX legs_by_call ON legs (call, offered_at);
CREATE INDEX legs_by_customer ON legs (customer, offered_at);

CREATE TABLE wrap_ups (
  id TEXT NOT NULL PRIMARY KEY,
  agent TEXT NOT NULL REFERENCES accounts (id),
  call TEXT NOT NULL,
  customer TEXT,
  legs TEXT NOT NULL,
  form_version INTEGER NOT NULL,
  form_values TEXT NOT NULL,
  submitted_at INTEGER NOT NULL,
  received_at INTEGER NOT NULL
) STRICT;
CREATE INDEX wrap_ups_by_call ON wrap_ups (call);

CREATE TABLE idempotency (
  account TEXT NOT NULL REFERENCES accounts (id),
  key TEXT NOT NULL,
  request_hash TEXT NOT NULL,
  status INTEGER NOT NULL,
  answer TEXT NOT NULL,
  at INTEGER NOT NULL,
  PRIMARY KEY (account, key)
) STRICT;

CREATE TABLE forms (
  version INTEGER NOT NULL PRIMARY KEY,
  fields TEXT NOT NULL
) STRICT;
