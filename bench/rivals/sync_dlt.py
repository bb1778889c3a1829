"""A rival of `cargo xtask bench`: a first sync as dlt does it, with its REST source into SQLite.

`python sync_dlt.py GREETING DATABASE` reads every record of every account that the simulator's
greeting names, and prints one line of JSON. dlt's working folder is made beside the database.
"""

import json
import os
import sqlite3
from collections.abc import Iterator
from functools import partial
from typing import Any

# dlt reads its settings from the environment.
os.environ.update(
    {
        "RUNTIME__DLTHUB_TELEMETRY": "false",
        "RUNTIME__LOG_LEVEL": "ERROR",
        # What dlt's guide to performance recommends: no compression of the files between its
        # steps, larger buffers, and several processes for what uses the processors most.
        "DATA_WRITER__DISABLE_COMPRESSION": "true",
        "DATA_WRITER__BUFFER_MAX_ITEMS": "20000",
        "NORMALIZE__WORKERS": "2",
        # SQLite has one writer at a time; of several workers all but one would find it locked.
        "LOAD__WORKERS": "1",
    }
)

import dlt  # noqa: E402
import sqlalchemy as sa  # noqa: E402
from dlt.sources.helpers.rest_client import RESTClient  # noqa: E402
from dlt.sources.helpers.rest_client.paginators import JSONResponseCursorPaginator  # noqa: E402
from dlt.sources.rest_api import EndpointResource, rest_api_source  # noqa: E402

from shared import PATHS, Account, Stopwatch, read_arguments  # noqa: E402


def cursor() -> JSONResponseCursorPaginator:
    """Make what follows `next` from page to page."""
    return JSONResponseCursorPaginator(cursor_path="next", cursor_param="cursor")


def connect(path: str) -> sa.Engine:
    """Make an engine whose commits survive a loss of power."""
    engine = sa.create_engine(f"sqlite:///{path}")

    @sa.event.listens_for(engine, "connect")
    def set_journal(connection: sqlite3.Connection, _record: object) -> None:
        connection.execute("PRAGMA journal_mode = WAL")

    # dlt lowers this to NORMAL on connections that it has, so each transaction raises it again.
    @sa.event.listens_for(engine, "begin")
    def set_durable(connection: sa.Connection) -> None:
        connection.exec_driver_sql("PRAGMA synchronous = FULL")

    return engine


def ready_models(account: Account) -> Iterator[str]:
    """Name the models that Merge has read and that can be listed."""
    client = RESTClient(account.base, headers=account.headers, paginator=cursor())
    for page in client.paginate("sync-status", params={"page_size": 100}):
        for status in page:
            if status["status"] == "DONE" and status["model_id"] in PATHS:
                yield status["model_id"]


def with_account(account: str, record: dict[str, Any]) -> dict[str, Any]:
    """Add what the records themselves do not say."""
    return {"account": account, **record}


def resource(account: Account, model: str) -> EndpointResource:
    """Describe the list of a model: a resource of its own for each account, for its own cursor."""
    # Not `parallelized`: a server nearby answers sooner than threads change places.
    path = PATHS[model]
    return {
        "name": f"{account.id} {path}",
        "table_name": path,
        "primary_key": ["account", "id"],
        "write_disposition": "merge",
        "processing_steps": [{"map": partial(with_account, account.id)}],
        "endpoint": {
            "path": account.base + path,
            "headers": account.headers,
            "params": {"page_size": 100, "include_deleted_data": "true"},
            "incremental": {
                "cursor_path": "modified_at",
                "start_param": "modified_after",
                "initial_value": "1970-01-01T00:00:00Z",
            },
        },
    }


def main() -> None:
    """Read all accounts in one run of a pipeline."""
    accounts, path = read_arguments()
    engine = connect(path)
    pipeline = dlt.pipeline(
        "merge",
        pipelines_dir=f"{path}-dlt",
        destination=dlt.destinations.sqlalchemy(engine),
        # The file itself; of another name it would be another file.
        dataset_name="main",
    )
    watch = Stopwatch()
    source = rest_api_source(
        {
            "client": {"base_url": accounts[0].base, "paginator": cursor()},
            "resources": [
                resource(account, model) for account in accounts for model in ready_models(account)
            ],
        },
        name="merge",
    )
    # Nested lists and objects become columns of JSON, not tables of their own.
    source.max_table_nesting = 0
    pipeline.run(source)
    took = watch.stop()
    with engine.connect() as connection:
        tables = sa.inspect(connection).get_table_names()
        records = sum(
            connection.scalar(sa.text(f'SELECT count(*) FROM "{table}"'))
            for table in tables
            if not table.startswith("_dlt")
        )
    print(json.dumps({"records": records, **took}))


# The workers of dlt's normalisation are processes that import this file.
if __name__ == "__main__":
    main()
