"""The engine: syncs linked accounts over your HTTP client and your store.

An `Engine` keeps no state between calls. Threads may share it if they may share its store and its
HTTP client. `receive` never waits for a `run`.
"""

import json
import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, Protocol

from merge_sync import _engine_json
from merge_sync._component import shared
from merge_sync._deadline import within
from merge_sync._json import (
    Json,
    ask,
    expect,
    instant,
    loads,
    maybe_instant,
    texts,
)
from merge_sync.errors import (
    ComponentError,
    HeldBackError,
    InputError,
    MergeSyncError,
    NoTokenError,
    SendError,
    SettingsError,
    StaleError,
    StateError,
    StoreError,
    TimedOutError,
    TooLargeError,
    UnknownAccountError,
)
from merge_sync.signature import signed_body
from merge_sync.store import Store
from merge_sync.types import (
    Account,
    write_account,
)
from merge_sync.view import (
    ApproveDeletions,
    Command,
    HeldSweep,
    ModelView,
    Report,
    RereadModel,
    Trouble,
    TroubleKind,
    View,
    read_report,
    read_view,
    write_command,
)
from merge_sync.webhook import NOT_TEXT, Reply, read_reply

__all__ = [
    "ApproveDeletions",
    "Clock",
    "Command",
    "Engine",
    "HeldSweep",
    "Http",
    "ModelView",
    "Report",
    "Request",
    "RereadModel",
    "Response",
    "SystemClock",
    "Trouble",
    "TroubleKind",
    "View",
]

LOGGER = logging.getLogger("merge_sync")


@dataclass(frozen=True, slots=True)
class Request:
    """A request to Merge."""

    account: str
    method: str
    """`GET` or `POST`."""
    target: str
    """Path and query, for example `/api/hris/v1/sync-status?page_size=100`."""


@dataclass(frozen=True, slots=True)
class Response:
    """A complete response."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: str


class Http(Protocol):
    """Sends requests to Merge. Adds the origin, `Authorization` and `X-Account-Token`."""

    def send(self, request: Request) -> Response:
        """Make one attempt, and return within 30 seconds.

        Raises `SendError` if there is no response. Its subclasses are `TimedOutError`, if none
        arrived within the time allowed, and `TooLargeError`, if the body is over the client's
        limit. Raises `HeldBackError` if the request was not sent, to stay within a rate limit, and
        `NoTokenError` if there is no token for the account.
        """


class Clock(Protocol):
    """The source of the current time."""

    def now(self) -> datetime:
        """Return the current time, with a time zone."""


class SystemClock:
    """The clock of this machine."""

    def now(self) -> datetime:
        """Return the current time in UTC."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Engine:
    """The state machine of an account, and the loop that carries out its effects."""

    store: Store
    http: Http
    webhook_keys: tuple[str, ...] = field(repr=False)
    """The signing keys of your webhooks, newest first."""
    settings: str = "{}"
    """The settings document, JSON; every field has a default."""
    clock: Clock = field(default_factory=SystemClock)
    noted: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called after each note or command that was stored, because a run may now be due."""
    patience: timedelta = timedelta(seconds=5)
    """How long a webhook's note may take to become durable; after that, the reply is an error.

    Merge usually waits longer, but does not guarantee it.
    """

    def __post_init__(self) -> None:
        """Check the keys and the settings before they are used."""
        keys = tuple(texts(self.webhook_keys, "webhook_keys"))
        if "" in keys:
            raise InputError(f"webhook_keys[{keys.index('')}]: it is empty")
        object.__setattr__(self, "webhook_keys", keys)
        text = json.dumps({"text": expect(self.settings, str, "settings")})
        try:
            shared().call("engine.check-settings", text)
        except InputError as error:
            raise SettingsError(f"settings: {error}") from None

    def receive(self, body: bytes, signatures: Iterable[str]) -> Reply:
        """Verify a webhook, store its note, and return the reply once the note is durable.

        Loads nothing and sends no request. Returns within `patience` even if the store hangs,
        because a separate thread stores the note. If the note is not durable by then, the reply has
        status 500, and Merge sends the webhook again.
        """
        text = signed_body(body, signatures, self.webhook_keys)
        if text is None:
            LOGGER.warning("webhook refused: the body is not utf-8")
            return NOT_TEXT
        receipt = loads(shared().call("engine.receive", text))
        _write_log([receipt["log"]])
        if receipt["note"] is None:
            return read_reply(receipt["reply"])
        note = _engine_json.read_note(receipt["note"])
        try:
            within(self.patience.total_seconds(), lambda: self.store.keep_note(note))
        except UnknownAccountError:
            # The account is not linked. If Merge sent the webhook again, nothing would change.
            _write_log([receipt["unknown_account_log"]])
            return read_reply(receipt["reply"])
        except TimeoutError:
            _write_log([receipt["unkept_log"]])
            LOGGER.error("webhook not taken in within %s", self.patience)  # noqa: TRY400
        except StoreError as error:
            _write_log([receipt["unkept_log"]])
            LOGGER.error("webhook not taken in: %s", error)  # noqa: TRY400
        except Exception:
            _write_log([receipt["unkept_log"]])
            LOGGER.exception("webhook not taken in")
        else:
            self._tell()
            return read_reply(receipt["reply"])
        return read_reply(receipt["unkept_reply"])

    def _tell(self) -> None:
        """Call `noted`. If it raises, the note is stored all the same, so only log the error."""
        try:
            self.noted()
        except Exception:
            LOGGER.exception("the callback `noted` failed")

    def link(
        self, account: Account, token: str | None = None, linked_at: datetime | None = None
    ) -> None:
        """Start syncing an account. If it is already known, a given `token` replaces its token.

        The next run is then due now. `token` is the account token, sent as `X-Account-Token`;
        `None` if the store already has it. `linked_at` is when the account was linked; `None` means
        now. A later webhook `LinkedAccount.linked` does not replace `token` if its link was
        completed more than five minutes before `linked_at`. So call this method within five minutes
        of the link.
        """
        new = {
            "account": write_account(account, "account"),
            "token": token,
            "linked_at": maybe_instant(linked_at, "linked_at"),
        }
        found = ask("engine.link", {"account": new, "now": self._now()})
        self.store.keep_note(_engine_json.read_note(found))
        self.noted()

    def run(self, account: str) -> Report:
        """Do what is due for one account: poll, fetch, retry, or nothing."""
        loaded = self._load(account)
        run, event = None, _tagged("started", loaded)
        while True:
            step = ask(
                "engine.step",
                {
                    "run": run,
                    "account": account,
                    "settings": self.settings,
                    "now": self._now(),
                    "event": event,
                },
            )
            _write_log(step["log"])
            run, value = step["run"], step["effect"]["value"]
            match step["effect"]["tag"]:
                case "send":
                    event = self._send(value)
                case "commit":
                    event = self._commit(value)
                case "finished":
                    return read_report(value)
                case "failed":
                    raise _failure(value["tag"], value["value"]["message"])
                case tag:
                    raise ComponentError(f"engine.step: unknown effect `{tag}`")

    def request(self, account: str, command: Command | RereadModel | ApproveDeletions) -> None:
        """Carry out an operator's command. It takes effect at once, or in the next run."""
        written = write_command(command)
        while True:
            facts = {
                "account": account,
                "loaded": self._load(account),
                "command": written,
                "settings": self.settings,
                "now": self._now(),
            }
            change = _engine_json.read_change(_asked("engine.request", facts))
            try:
                self.store.commit(change)
            except StaleError:
                # Another commit came first. Each retry means that some commit succeeded, so this
                # loop cannot livelock.
                continue
            self.noted()
            return

    def inspect(self, account: str, required: Iterable[str] = ()) -> View:
        """Return the account's state and its readiness for the `required` models.

        Reads only the stored state. An empty `required` means every enabled model.
        """
        facts = {
            "account": account,
            "loaded": self._load(account),
            "required": texts(required, "required"),
            "settings": self.settings,
            "now": self._now(),
        }
        return read_view(_asked("engine.inspect", facts))

    def _now(self) -> str:
        return instant(self.clock.now(), "now")

    def _load(self, account: str) -> Json:
        loaded = self.store.load(expect(account, str, "account"))
        if loaded is None:
            raise UnknownAccountError(f"account: nobody linked `{account}`")
        return _engine_json.write_loaded_account(loaded)

    def _send(self, value: Json) -> Json:
        request = Request(value["account"], value["method"], value["target"])
        try:
            response = self.http.send(request)
        except SendError as error:
            return _tagged("send-error", _tagged(_tag(error), {"message": str(error)}))
        except HeldBackError as error:
            return _tagged("send-error", _tagged("held-back", {"after": str(error.after_ms)}))
        except NoTokenError:
            return _tagged("send-error", _tagged("no-token", {"account": request.account}))
        headers = [{"name": name, "value": text} for name, text in response.headers]
        return _tagged(
            "response", {"status": response.status, "headers": headers, "body": response.body}
        )

    def _commit(self, value: Json) -> Json:
        try:
            try:
                committed = self.store.commit(_engine_json.read_change(value))
            except StaleError:
                loaded = self.store.load(value["account"])
                found = None if loaded is None else _engine_json.write_loaded_account(loaded)
                return _tagged("stale", {"loaded": found})
        except StoreError as error:
            return _tagged("unavailable", {"message": str(error)})
        return _tagged("committed", _engine_json.write_committed(committed))


def _tag(error: SendError) -> str:
    if isinstance(error, TimedOutError):
        return "timed-out"
    return "too-large" if isinstance(error, TooLargeError) else "transport"


def _tagged(tag: str, value: Json) -> Json:
    return {"tag": tag, "value": value}


def _failure(tag: str, message: str) -> MergeSyncError:
    match tag:
        case "store":
            return StoreError(message)
        case "unknown-account":
            return UnknownAccountError(message)
        case "state":
            return StateError(message)
        case "settings":
            return SettingsError(message)
    return ComponentError(f"engine.step: unknown failure `{tag}`: {message}")


def _asked(operation: str, facts: Json) -> Any:  # noqa: ANN401 (of any shape)
    try:
        return ask(operation, facts)
    except InputError as error:
        if str(error).startswith("state:"):
            raise StateError(str(error)) from None
        if str(error).startswith("settings"):
            raise SettingsError(str(error)) from None
        raise


_LEVELS = {
    "debug": logging.DEBUG,
    "info": logging.INFO,
    "warn": logging.WARNING,
    "error": logging.ERROR,
}


def _write_log(entries: list[Json]) -> None:
    for entry in entries:
        LOGGER.log(_LEVELS[entry["level"]], "%s %s", entry["message"], entry["fields"])
