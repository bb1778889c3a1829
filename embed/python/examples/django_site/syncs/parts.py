"""The one engine of the project; a test passes other parts."""

import os
from functools import cache

from django.conf import settings

from django_site.syncs.store import DjangoStore
from merge_sync.client import HttpxClient
from merge_sync.engine import Engine, SystemClock
from merge_sync.scheduler import Scheduler


@cache
def engine() -> Engine:
    """Answer the engine."""
    store = DjangoStore(SystemClock())
    http = HttpxClient(os.environ["MERGE_API_KEY"], store)
    return Engine(store, http, (settings.MERGE_WEBHOOK_SECRET,))


@cache
def scheduler() -> Scheduler:
    """Answer the scheduler, for a management command or a worker."""
    return Scheduler(engine(), DjangoStore(SystemClock()))
