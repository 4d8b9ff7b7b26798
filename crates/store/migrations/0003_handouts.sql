-- What the centre handed out at an agent's last sign-in: who they are and the after-call form, so that this computer's data opens
-- while the centre is away. `by_keyring`: the keyring alone may open it (0: the agent has signed out since, the password is asked
-- for).
CREATE TABLE handouts (
    seq INTEGER PRIMARY KEY AUTOINCREMENT,
    agent_id INTEGER NOT NULL UNIQUE REFERENCES agents (id),
    key_id INTEGER NOT NULL REFERENCES data_keys (id),
    by_keyring INTEGER NOT NULL DEFAULT 1 CHECK (by_keyring IN (0, 1)),
    body BLOB NOT NULL
) STRICT;
