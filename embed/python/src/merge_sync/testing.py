"""Whether a store of yours does what the contract asks: scenarios that every language runs.

`check_store` is for a test of yours. It needs no test framework.
"""

import json
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib import resources
from typing import Any, Protocol

from merge_sync import _engine_json
from merge_sync._json import Json, instant, read_instant
from merge_sync.engine import Clock
from merge_sync.errors import StaleError, UnknownAccountError
from merge_sync.store import Agenda, Notice, Store, Tokens
from merge_sync.types import Account, Row, write_account

__all__ = ["CheckedStore", "MismatchError", "Subject", "check_store"]


class CheckedStore(Store, Agenda, Tokens, Protocol):
    """All that an `engine.Engine`, a `scheduler.Scheduler` and a client ask of a store."""


@dataclass(frozen=True)
class Subject:
    """A store, empty and of its own, and how to see what is in it.

    Scenarios that need what is left out are left out.
    """

    store: CheckedStore
    rows: Callable[[str, str], Iterable[Row]]
    """The records of an account and a model, in any order."""
    profile: Callable[[str], Account] | None = None
    """What is known of an account."""
    notices: Callable[[Any, int], Sequence[tuple[Any, str, Notice]]] | None = None
    """At most so many notices after one: where it stands, its account and itself, in order. What
    is asked with is where an earlier one stood, or `None` for the beginning."""
    another: CheckedStore | None = None
    """Another connection to the same data, as another program would have one. Without it, the
    store itself stands in."""
    reopen: Callable[[], "Subject"] | None = None
    """Close the store, and open it again."""
    close: Callable[[], None] = field(default=lambda: None)
    """Called when a scenario is over."""


class MismatchError(AssertionError):
    """A store did something else than a scenario expects."""


def check_store(factory: Callable[[Clock], Subject]) -> list[str]:
    """Run every scenario, each against a store that `factory` makes for it.

    The store takes the time from the clock that the factory is given. Answers the names of the
    scenarios that were left out for want of a probe. Raises `MismatchError`.
    """
    files = sorted((resources.files("merge_sync") / "host_vectors").iterdir(), key=lambda f: f.name)
    read = {file.name: json.loads(file.read_text("utf-8")) for file in files}
    defaults = read["defaults.json"]
    vectors = [each for name, listed in read.items() if name != "defaults.json" for each in listed]
    return [each["id"] for each in vectors if not _Scenario(each, defaults, factory).passed()]


@dataclass
class _Standing:
    at: datetime

    def now(self) -> datetime:
        return self.at


class _Scenario:
    """One scenario, and what its steps saved."""

    def __init__(self, vector: Json, defaults: Json, factory: Callable[[Clock], Subject]) -> None:
        self._vector = vector
        self._defaults = defaults
        self._clock = _Standing(read_instant(defaults["clock"]))
        self._subject = factory(self._clock)
        self._saved: Json = {}

    def passed(self) -> bool:
        """Run it. False where the store has not what it looks at."""
        steps = self._vector["steps"]
        try:
            if any(self._is_missing(step) for step in steps):
                return False
            for number, step in enumerate(steps):
                try:
                    self._do(step)
                except MismatchError as error:
                    where = f"{self._vector['id']}, step {number}"
                    raise MismatchError(f"{where}: {error}. {self._vector['note']}") from None
        finally:
            self._subject.close()
        return True

    def _is_missing(self, step: Json) -> bool:
        subject = self._subject
        return (
            (step.get("probe") == "notices" and subject.notices is None)
            or (step.get("probe") == "profile" and subject.profile is None)
            or ("reopen" in step and subject.reopen is None)
        )

    def _do(self, step: Json) -> None:
        if "clock" in step:
            self._clock.at = read_instant(step["clock"])
        elif "reopen" in step and self._subject.reopen is not None:
            self._subject = self._subject.reopen()
        elif "different" in step:
            values = self._resolved(step["different"])
            _expect(len(set(values)) == len(values), f"{values} are not all different")
        elif "rising" in step:
            numbers = [int(number) for number in self._resolved(step["rising"])]
            _expect(numbers == sorted(set(numbers)), f"{numbers} do not rise")
        elif "race" in step:
            self._race(step)
        else:
            found = self._probed(step) if "probe" in step else self._called(step)
            if "out" in step:
                _match(self._resolved(step["out"]), found, "it")
            if "save" in step:
                is_call = "call" in step
                self._saved[step["save"]] = found.get("ok") if is_call else found

    def _store(self, step: Json) -> CheckedStore:
        another = self._subject.another if step.get("by") == "another" else None
        return another or self._subject.store

    def _called(self, step: Json) -> Json:
        value = self._resolved(step["in"])
        return _call(self._store(step), step["call"], _whole(self._defaults, step["call"], value))

    def _race(self, step: Json) -> None:
        value = _whole(self._defaults, step["call"], self._resolved(step["in"]))
        stores = [self._subject.store, self._subject.another or self._subject.store]
        rivals = [stores[number % 2] for number in range(step["race"])]
        with ThreadPoolExecutor(len(rivals)) as pool:
            ended = list(pool.map(lambda store: _call(store, step["call"], value), rivals))
        won = sum("ok" in each for each in ended)
        _match(step["out"], {"ok": won, "stale": len(ended) - won}, "the race")

    def _probed(self, step: Json) -> Any:  # noqa: ANN401 (of any shape, one a probe)
        values = self._resolved({key: step[key] for key in step if key != "out"})
        store, subject = self._store(step), self._subject
        match step["probe"]:
            case "due":
                due = store.due(read_instant(values["now"]), values.get("limit", 100))
                return [each.account for each in due]
            case "next_start":
                return _told(store.next_start(read_instant(values["now"])))
            case "token":
                return store.token(values["account"])
            case "notices" if subject.notices is not None:
                listed = subject.notices(values.get("after"), values.get("limit", 100))
                return [
                    {"cursor": cursor, "account": account} | asdict(notice)
                    for cursor, account, notice in listed
                ]
            case "profile" if subject.profile is not None:
                return write_account(subject.profile(values["account"]), "profile")
            case probe:
                found = list(subject.rows(values["account"], values["model_id"]))
                return _counted(found) if probe == "counts" else _listed(found)

    def _resolved(self, value: Any) -> Any:  # noqa: ANN401 (of any shape)
        """Put in what was saved: `$v.notes.0.number`."""
        match value:
            case str() if value.startswith("$"):
                name, *path = value[1:].split(".")
                found = self._saved[name]
                for key in path:
                    found = found[int(key)] if isinstance(found, list) else found[key]
                return found
            case list():
                return [self._resolved(each) for each in value]
            case dict():
                return {key: self._resolved(each) for key, each in value.items()}
        return value


def _call(store: CheckedStore, method: str, value: Any) -> Json:  # noqa: ANN401
    try:
        match method:
            case "load":
                loaded = store.load(value)
                return {"ok": loaded and _engine_json.write_loaded_account(loaded)}
            case "keep_note":
                store.keep_note(_engine_json.read_note(value))
                return {"ok": None}
            case _:
                committed = store.commit(_engine_json.read_change(value))
                return {"ok": _engine_json.write_committed(committed)}
    except UnknownAccountError:
        return {"error": {"tag": "unknown-account"}}
    except StaleError as error:
        return {"error": {"tag": "stale", "value": {"current": error.current}}}


def _whole(defaults: Json, method: str, value: Any) -> Any:  # noqa: ANN401
    """Add what a scenario does not say."""
    if method == "load":
        return value
    whole = defaults[method] | value
    if method == "keep_note":
        profile = whole["profile"]
        return whole | {"profile": profile if profile is None else defaults["profile"] | profile}
    sweep = whole["sweep"]
    return whole | {
        "batches": [
            defaults["batch"] | batch | {"rows": list(_rows(defaults["row"], batch["rows"]))}
            for batch in whole["batches"]
        ],
        "sweep": sweep if sweep is None else defaults["sweep"] | sweep,
        "notices": [defaults["notice"] | notice for notice in whole["notices"]],
    }


def _rows(default: Json, rows: list[Json]) -> Iterable[Json]:
    """Write out `each`: so many rows, `#` in their texts being their number in five digits."""
    for row in rows:
        if "each" not in row:
            yield default | row
            continue
        for number in range(row["each"]):
            texts = {
                key: text.replace("#", f"{number:05}") if isinstance(text, str) else text
                for key, text in row["row"].items()
            }
            yield default | texts


def _match(expected: Any, found: Any, where: str) -> None:  # noqa: ANN401
    """Hold every field that is expected against the one that is there; others may be there, too."""
    match expected:
        case dict():
            _expect(isinstance(found, dict), f"{where} is {found!r}, expected {expected!r}")
            for key, value in expected.items():
                _expect(key in found, f"{where} is {found!r}, expected {expected!r}")
                _match(value, found[key], f"{where}.{key}")
        case list():
            same = isinstance(found, list) and len(found) == len(expected)
            _expect(same, f"{where} is {found!r}, expected {expected!r}")
            for number, value in enumerate(expected):
                _match(value, found[number], f"{where}.{number}")
        case _:
            is_number = isinstance(expected, int) and isinstance(found, str) and found.isdecimal()
            same = expected == (int(found) if is_number else found)
            _expect(same, f"{where} is {found!r}, expected {expected!r}")


def _expect(holds: bool, otherwise: str) -> None:
    if not holds:
        raise MismatchError(otherwise)


def _told(at: datetime | None) -> str | None:
    return None if at is None else instant(at, "instant").replace("+00:00", "Z")


def _counted(rows: list[Row]) -> Json:
    return {"rows": len(rows), "deleted": sum(row.deleted for row in rows)}


def _listed(rows: list[Row]) -> list[Json]:
    ordered = sorted(rows, key=lambda row: row.id)
    return [asdict(row) | {"modified_at": _told(row.modified_at)} for row in ordered]
