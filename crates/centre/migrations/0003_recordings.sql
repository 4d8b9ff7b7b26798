-- Legs whose recording is complete, with its length in milliseconds; the sound is a file. And who may listen to their own.

CREATE TABLE recordings (
  leg TEXT NOT NULL PRIMARY KEY,
  millis INTEGER NOT NULL
) STRICT;

ALTER TABLE accounts ADD COLUMN listen_recordings INTEGER NOT NULL DEFAULT 0;
