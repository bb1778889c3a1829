"""What the tests share: vectors, signed webhooks, a scripted Merge, a clock that is moved."""

import base64
import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from merge_sync.engine import Request, Response
from merge_sync.errors import SendError

REPOSITORY = Path(__file__).parents[3]
VECTORS = REPOSITORY / "tests" / "vectors"
KEY = "a-signing-key-of-the-tests"
ACCOUNT = "11111111-2222-4333-8444-555555555555"
NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def sign(body: bytes, key: str = KEY) -> str:
    """Sign a body as Merge does."""
    digest = hmac.new(key.encode(), body, hashlib.sha256).digest()
    return base64.urlsafe_b64encode(digest).decode()


def webhook_body(event: str, data: object = None, account: str = ACCOUNT) -> bytes:
    """Write a webhook of Merge's."""
    document = {
        "hook": {"id": "hook-1", "event": event},
        "linked_account": {"id": account, "category": "hris", "integration": "Example HR"},
        "data": {} if data is None else data,
    }
    return json.dumps(document).encode()


def linked_body(token: str = "token-1") -> bytes:
    """Write the webhook that brings an account and its token."""
    return webhook_body("LinkedAccount.linked", {"account_token": token, "is_relink": False})


@dataclass
class ManualClock:
    """A clock that only a test moves."""

    at: datetime = NOON

    def now(self) -> datetime:
        """See `engine.Clock`."""
        return self.at

    def forward(self, **span: float) -> None:
        """Let time pass."""
        self.at += timedelta(**span)


@dataclass
class ScriptedMerge:
    """Answers `/sync-status` and one list of employees, and remembers what it was asked."""

    finished: str = "2026-03-01T11:58:00Z"
    rows: list[dict[str, Any]] = field(default_factory=list)
    requests: list[Request] = field(default_factory=list)
    trouble: Callable[[Request], Response | None] | None = None

    def send(self, request: Request) -> Response:
        """See `engine.Http`."""
        self.requests.append(request)
        if self.trouble and (answer := self.trouble(request)):
            return answer
        path = request.target.partition("?")[0]
        if path == "/api/hris/v1/sync-status":
            return respond({"next": None, "results": [self._status()]})
        if path == "/api/hris/v1/employees":
            return respond({"next": None, "results": self.rows})
        if path == "/api/hris/v1/account-details":
            return respond({"id": ACCOUNT, "status": "COMPLETE"})
        raise SendError(f"nothing is scripted for {path}")

    def _status(self) -> dict[str, Any]:
        return {
            "model_name": "Employee",
            "model_id": "hris.Employee",
            "status": "DONE",
            "is_initial_sync": False,
            "last_sync_start": "2026-03-01T11:50:00Z",
            "next_sync_start": "2026-03-01T14:00:00Z",
            "last_sync_result": "DONE",
            "last_sync_finished": self.finished,
        }


def respond(document: object, status: int = 200) -> Response:
    """Make a response of JSON."""
    return Response(status, (("content-type", "application/json"),), json.dumps(document))


def employee(name: str, modified_at: str = "2026-03-01T11:55:00Z") -> dict[str, Any]:
    """Make a record."""
    return {"id": name, "remote_id": f"r-{name}", "modified_at": modified_at, "first_name": "Ada"}
