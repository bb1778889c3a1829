package sqlitestore

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io/fs"
)

// applicationID marks a SQLite file as a store of merge-sync: MSyn.
const applicationID = 0x4d53796e

// readSchema returns the tables, and what makes of each version of them the next one: the first of
// version 1 version 2.
func readSchema() (tables string, steps []string, err error) {
	text, err := schema.ReadFile("schema/sqlite.sql")
	if err != nil {
		return "", nil, err
	}
	for version := 1; ; version++ {
		step, err := schema.ReadFile(fmt.Sprintf("schema/sqlite-upgrade-%d-%d.sql", version, version+1))
		if errors.Is(err, fs.ErrNotExist) {
			return string(text), steps, nil
		}
		if err != nil {
			return "", nil, err
		}
		steps = append(steps, string(step))
	}
}

// prepare makes an empty file ours, brings one of ours up to this version, and leaves any
// other one as it is: in one transaction, since two programs may have found the same file.
func prepare(ctx context.Context, db *sql.DB) error {
	tables, steps, err := readSchema()
	if err != nil {
		return err
	}
	schemaVersion := len(steps) + 1
	tx, err := db.BeginTx(ctx, nil)
	if err != nil {
		return err
	}
	defer func() { _ = tx.Rollback() }()
	var found, version, application int
	for pragma, to := range map[string]*int{
		"SELECT count(*) FROM sqlite_schema": &found,
		"PRAGMA user_version":                &version,
		"PRAGMA application_id":              &application,
	} {
		if err := tx.QueryRowContext(ctx, pragma).Scan(to); err != nil {
			return err
		}
	}
	statements := []string{tables, fmt.Sprintf("PRAGMA application_id = %d", applicationID)}
	switch {
	case application == applicationID && version > schemaVersion:
		return fmt.Errorf("has schema version %d, and this package knows %d: it was written by a newer one", version, schemaVersion)
	case application == applicationID && found > 0 && version == schemaVersion:
		return nil
	case application == applicationID && found > 0:
		statements = steps[max(version-1, 0):]
	case found > 0 || application != 0 && application != applicationID:
		return errors.New("is not a store of merge-sync; nothing was changed in it")
	}
	for _, statement := range append(statements, fmt.Sprintf("PRAGMA user_version = %d", schemaVersion)) {
		if _, err := tx.ExecContext(ctx, statement); err != nil {
			return err
		}
	}
	return tx.Commit()
}
