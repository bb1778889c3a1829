"""A rival of `cargo xtask bench`: a first sync as one writes it by hand, with httpx and sqlite3.

`python sync_httpx.py GREETING DATABASE` reads every record of every account that the simulator's
greeting names, and prints one line of JSON.
"""

import json
import sqlite3
from collections.abc import Iterator

import httpx

from shared import PATHS, Account, Stopwatch, read_arguments

UPSERT = """
    INSERT INTO records (account, model, id, remote_id, modified_at, deleted, json)
    VALUES (?, ?, ?, ?, ?, ?, ?)
    ON CONFLICT (account, model, id) DO UPDATE SET
        remote_id = excluded.remote_id,
        modified_at = excluded.modified_at,
        deleted = excluded.deleted,
        json = excluded.json
"""


def connect(path: str) -> sqlite3.Connection:
    """Open the database so that a commit survives a loss of power."""
    database = sqlite3.connect(path)
    database.execute("PRAGMA journal_mode = WAL")
    database.execute("PRAGMA synchronous = FULL")
    database.execute(
        """
        CREATE TABLE IF NOT EXISTS records (
            account TEXT NOT NULL,
            model TEXT NOT NULL,
            id TEXT NOT NULL,
            remote_id TEXT,
            modified_at TEXT,
            deleted INTEGER NOT NULL,
            json TEXT NOT NULL,
            PRIMARY KEY (account, model, id)
        )
        """
    )
    return database


def pages(
    client: httpx.Client, account: Account, path: str, params: dict[str, str | int]
) -> Iterator[list[dict]]:
    """Read a list to its end, page by page."""
    params = dict(params)
    while True:
        response = client.get(account.base + path, params=params, headers=account.headers)
        response.raise_for_status()
        page = response.json()
        yield page["results"]
        if page["next"] is None:
            return
        params["cursor"] = page["next"]


def ready_models(client: httpx.Client, account: Account) -> Iterator[str]:
    """Name the models that Merge has read and that can be listed."""
    for page in pages(client, account, "sync-status", {"page_size": 100}):
        for status in page:
            if status["status"] == "DONE" and status["model_id"] in PATHS:
                yield status["model_id"]


def sync_model(
    client: httpx.Client, database: sqlite3.Connection, account: Account, model: str
) -> None:
    """Store every record of a model, each page in one transaction."""
    params = {"page_size": 100, "include_deleted_data": "true"}
    for page in pages(client, account, PATHS[model], params):
        rows = [
            (
                account.id,
                model,
                record["id"],
                record["remote_id"],
                record["modified_at"],
                record["remote_was_deleted"],
                json.dumps(record),
            )
            for record in page
        ]
        with database:
            database.executemany(UPSERT, rows)


def main() -> None:
    """Read one account after the other."""
    accounts, path = read_arguments()
    database = connect(path)
    with httpx.Client() as client:
        watch = Stopwatch()
        for account in accounts:
            for model in ready_models(client, account):
                sync_model(client, database, account, model)
        took = watch.stop()
    (records,) = database.execute("SELECT count(*) FROM records").fetchone()
    print(json.dumps({"records": records, **took}))


main()
