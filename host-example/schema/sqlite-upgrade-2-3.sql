ALTER TABLE linked_accounts ADD COLUMN trouble_kind TEXT;
UPDATE linked_accounts SET trouble_kind = nullif(trouble, '');
ALTER TABLE linked_accounts DROP COLUMN trouble;
ALTER TABLE linked_accounts RENAME COLUMN trouble_kind TO trouble;
