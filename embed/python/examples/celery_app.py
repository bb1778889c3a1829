"""Celery: beat looks every few seconds which accounts are due, and a worker runs them.

Run it with `celery --app celery_app worker --beat --pool solo`. The scheduler runs several
accounts at a time by itself, in threads.
"""

import os
from datetime import datetime
from functools import cache
from pathlib import Path

from celery import Celery

from merge_sync.client import HttpxClient
from merge_sync.engine import Clock, Engine, Http, SystemClock
from merge_sync.scheduler import Scheduler
from merge_sync.sqlite import SqliteStore

EVERY = 5.0

app = Celery("merge-sync", broker=os.environ.get("CELERY_BROKER_URL", "memory://"))
app.conf.beat_schedule = {
    # A sweep that waited for longer than the next one is worth nothing.
    "run what is due": {
        "task": "celery_app.run_due",
        "schedule": EVERY,
        "options": {"expires": EVERY},
    }
}


class Parts:
    """What the task works with."""

    def __init__(
        self, file: Path, key: str, http: Http | None = None, clock: Clock | None = None
    ) -> None:
        """Put the parts together; `http` and `clock` take the places of the real ones."""
        self.clock = clock or SystemClock()
        store = SqliteStore(file, self.clock)
        http = http or HttpxClient(os.environ["MERGE_API_KEY"], store)
        self.engine = Engine(store, http, (key,), clock=self.clock)
        self.scheduler = Scheduler(self.engine, store, clock=self.clock)


@cache
def parts() -> Parts:
    """Answer the parts of this process."""
    file = Path(os.environ.get("MERGE_SYNC_STORE", "merge-sync.sqlite"))
    return Parts(file, os.environ["MERGE_WEBHOOK_SECRET"])


@app.task(name="celery_app.run_due")  # type: ignore[untyped-decorator]
def run_due() -> str | None:
    """Run every account that is due; answer when the next one is."""
    found: datetime | None = parts().scheduler.run_due(parts().clock.now())
    return None if found is None else found.isoformat()
