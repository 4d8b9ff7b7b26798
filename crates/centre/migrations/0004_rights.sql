-- A customer of a skill group of their own is for its agents alone; one without is for everybody.
ALTER TABLE customers ADD COLUMN skill_group TEXT REFERENCES skill_groups (id);
