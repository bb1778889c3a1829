ALTER TABLE linked_accounts ADD COLUMN account_type TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN is_duplicate INTEGER;
ALTER TABLE linked_accounts ADD COLUMN link TEXT NOT NULL DEFAULT '';
ALTER TABLE linked_accounts ADD COLUMN skipped INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_runs INTEGER NOT NULL DEFAULT 0;
ALTER TABLE linked_accounts ADD COLUMN failed_since INTEGER;
ALTER TABLE linked_accounts ADD COLUMN failed_with TEXT NOT NULL DEFAULT '';
CREATE INDEX records_live_by_pass ON records (linked_account_id, model_id, pass, deleted)
    WHERE NOT deleted;
