"""The whole of it: the decisions, driven over your HTTP and storage.

An `Engine` keeps nothing between calls, and may be shared by threads as far as the store and
the client may. `receive` never waits for a `run`.
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
    """A response, read to its end."""

    status: int
    headers: tuple[tuple[str, str], ...]
    """Names in lower case."""
    body: str


class Http(Protocol):
    """Sends requests to Merge. Adds the origin, `Authorization` and `X-Account-Token`."""

    def send(self, request: Request) -> Response:
        """Make one attempt, and return within 30 seconds.

        Raises `SendError` where no response arrived, of it `TimedOutError` where none did within
        the time allowed, and `TooLargeError` where the body is over the client's limit;
        `HeldBackError` where it was not sent, to stay within a limit, and `NoTokenError` where
        there is no token for the account.
        """


class Clock(Protocol):
    """Tells the time."""

    def now(self) -> datetime:
        """Answer the instant, with a time zone."""


class SystemClock:
    """The machine's own clock."""

    def now(self) -> datetime:
        """Answer the instant."""
        return datetime.now(UTC)


@dataclass(frozen=True, slots=True)
class Engine:
    """One account's state machine, and the loop around it."""

    store: Store
    http: Http
    webhook_keys: tuple[str, ...] = field(repr=False)
    """The signing keys of your webhooks, newest first."""
    settings: str = "{}"
    """The settings document, JSON; every field has a default."""
    clock: Clock = field(default_factory=SystemClock)
    noted: Callable[[], None] = field(default=lambda: None, repr=False)
    """Called after each note that was kept: its account may be due."""
    patience: timedelta = timedelta(seconds=5)
    """How long a webhook's note may take to be durable. Merge waits longer, but not reliably."""

    def __post_init__(self) -> None:
        """Check the settings, before anything uses them."""
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
        """Take in a webhook, and answer what to send back once what it says is durable.

        Loads nothing and makes no request. Ends within `patience`, whatever the store does: the
        note is kept in a thread of its own, and where it is not durable by then, the answer is 500
        and Merge sends the webhook again.
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
            # Nobody linked it, and no repetition would help.
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
        """Say that an account may be due. What was kept stays so, whoever cannot hear of it."""
        try:
            self.noted()
        except Exception:
            LOGGER.exception("who is told of notes failed")

    def link(
        self, account: Account, token: str | None = None, linked_at: datetime | None = None
    ) -> None:
        """Start looking after an account. A known account takes the token and wakes.

        `token` is what to send as `X-Account-Token`; `None` where the store holds it already.
        `linked_at` is when it was linked; `None` is now. The token stays when a
        `LinkedAccount.linked` webhook arrives for a link completed more than five minutes before
        that. So call this within five minutes of the link.
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
                    raise ComponentError(f"engine.step: the component knows an effect `{tag}`")

    def request(self, account: str, command: Command | RereadModel | ApproveDeletions) -> None:
        """Ask for something out of turn. Takes effect at once, or in the next run."""
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
                # Somebody else got on: there is no livelock to be had here.
                continue
            self.noted()
            return

    def inspect(self, account: str, required: Iterable[str] = ()) -> View:
        """Say where the account stands for these models, from its stored state alone.

        `required` empty means every enabled model.
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
    return ComponentError(f"engine.step: the component knows a failure `{tag}`: {message}")


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
