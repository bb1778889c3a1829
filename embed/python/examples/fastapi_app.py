"""FastAPI: webhooks in, readiness out, and a scheduler beside the server.

Run it with `uvicorn --factory fastapi_app:from_environment`.
"""

import os
import threading
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from fastapi import FastAPI, HTTPException, Request, Response
from fastapi.concurrency import run_in_threadpool

from merge_sync.client import HttpxClient
from merge_sync.engine import Clock, Engine, Http, SystemClock
from merge_sync.errors import UnknownAccountError
from merge_sync.scheduler import Scheduler
from merge_sync.signature import HEADER
from merge_sync.sqlite import SqliteStore


def create_app(engine: Engine, scheduler: Scheduler) -> FastAPI:
    """Make the application."""

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        stop = threading.Event()
        thread = threading.Thread(target=scheduler.serve, args=(stop,))
        thread.start()
        yield
        stop.set()
        scheduler.wake()
        await run_in_threadpool(thread.join)

    app = FastAPI(lifespan=lifespan)

    # With a slash and without: Merge never sends again what was redirected or answered 404.
    @app.post("/api/webhooks/merge")
    @app.post("/api/webhooks/merge/")
    async def webhook(request: Request) -> Response:
        # The raw body, never a parsed one: the signature is over its bytes.
        body = await request.body()
        reply = await run_in_threadpool(engine.receive, body, request.headers.getlist(HEADER))
        return Response(reply.body, reply.status, media_type="application/json")

    @app.get("/api/accounts/{account}/readiness")
    def readiness(account: str) -> dict[str, object]:
        try:
            view = engine.inspect(account)
        except UnknownAccountError as error:
            raise HTTPException(404, str(error)) from None
        found = view.readiness
        return {
            "phase": found.phase,
            "ready": found.ready,
            "needed": found.needed,
            "models": {model.model_id: model.reason for model in found.models},
        }

    return app


def assemble(
    file: Path, key: str, http: Http | None = None, clock: Clock | None = None
) -> tuple[Engine, Scheduler]:
    """Put the parts together; `http` and `clock` take the places of the real ones."""
    clock = clock or SystemClock()
    store = SqliteStore(file, clock)
    http = http or HttpxClient(os.environ["MERGE_API_KEY"], store)

    def wake() -> None:
        scheduler.wake()

    engine = Engine(store, http, (key,), clock=clock, noted=wake)
    scheduler = Scheduler(engine, store, clock=clock)
    return engine, scheduler


def from_environment() -> FastAPI:
    """Make the application that a server runs."""
    file = Path(os.environ.get("MERGE_SYNC_STORE", "merge-sync.sqlite"))
    return create_app(*assemble(file, os.environ["MERGE_WEBHOOK_SECRET"]))
