"""Whatever is wrong is said by an error of this package, and the next call works."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any, cast

import pytest

from merge_sync import (
    Component,
    ComponentError,
    InputError,
    __version__,
    _calls,
    cadence,
    meta,
    page,
    readiness,
    retry,
    signature,
    webhook,
    window,
)
from merge_sync._component import FILE, LARGE, shared
from merge_sync.signature import Authentic, Refusal, Refused
from merge_sync.types import ModelStatus
from support import KEY, NOON, REPOSITORY, linked_body, sign

STATUS = ModelStatus("hris.Employee")
PROGRESS = window.Progress()
SPAN = window.Span(None, None, NOON, "")
BODY = linked_body()


def works() -> None:
    """Make a call that has to work."""
    assert signature.verify(BODY, [sign(BODY)], [KEY]).__class__ is Authentic
    assert meta.version() == __version__


def wrong(value: object) -> Any:
    """Pass what the type checker would refuse."""
    return cast("Any", value)


CASES: dict[str, tuple[Callable[[], object], str]] = {
    "a body that is text": (
        lambda: webhook.handle(wrong(BODY.decode()), [], [KEY]),
        "body: expected the raw bytes of the request, found str",
    ),
    "no body": (lambda: webhook.handle(wrong(None), [], [KEY]), "body: expected the raw bytes"),
    "one signature instead of a list": (
        lambda: signature.verify(BODY, wrong(sign(BODY)), [KEY]),
        "signatures: expected a list of texts, found str",
    ),
    "one key instead of a list": (
        lambda: webhook.handle(BODY, [], wrong(KEY)),
        "keys: expected a list of texts, found str",
    ),
    "a key that is bytes": (
        lambda: webhook.handle(BODY, [], [wrong(KEY.encode())]),
        "keys[0]: expected str, found bytes",
    ),
    "a signature that is none": (
        lambda: webhook.handle(BODY, [wrong(None)], [KEY]),
        "signatures[0]: expected str, found NoneType",
    ),
    "a signature with half a character": (
        lambda: webhook.handle(BODY, ["\ud800"], [KEY]),
        "input: not a text: surrogates not allowed",
    ),
    "a naive instant": (
        lambda: cadence.next(
            [],
            initial=False,
            linked_at=datetime(2026, 3, 1),
            now=NOON,
            seed=0,
        ),
        "linked_at: 2026-03-01T00:00:00 has no time zone; expected one, such as UTC",
    ),
    "a naive instant inside a record": (
        lambda: window.next(
            ModelStatus("hris.Employee", last_sync_finished=datetime(2026, 3, 1)),
            PROGRESS,
            ready=True,
        ),
        "status.last_sync_finished: 2026-03-01T00:00:00 has no time zone",
    ),
    "a naive instant inside a list": (
        lambda: readiness.evaluate(
            [STATUS, ModelStatus("a.B", next_sync_start=datetime(2026, 3, 1))],
            complete=True,
        ),
        "statuses[1].next_sync_start: 2026-03-01T00:00:00 has no time zone",
    ),
    "an instant that is text": (
        lambda: window.advance(PROGRESS, SPAN, started_at=wrong("noon"), ended_at=NOON),
        "started_at: expected datetime, found str",
    ),
    "an instant before the year 1 in UTC": (
        lambda: window.advance(
            PROGRESS,
            SPAN,
            started_at=datetime(1, 1, 1, tzinfo=timezone(timedelta(hours=1))),
            ended_at=NOON,
        ),
        "started_at: 0001-01-01T00:00:00+01:00 is outside the years 1 to 9999 in UTC",
    ),
    "an instant after the year 9999 in UTC": (
        lambda: retry.decide(
            retry.Response(200),
            attempt=1,
            now=datetime(9999, 12, 31, 23, 59, tzinfo=timezone(-timedelta(hours=1))),
            seed=0,
        ),
        "now: 9999-12-31T23:59:00-01:00 is outside the years 1 to 9999 in UTC",
    ),
    "a negative span": (
        lambda: window.next(STATUS, PROGRESS, ready=True, overlap=timedelta(minutes=-5)),
        "overlap: -1 day, 23:55:00 is not a span of whole milliseconds from 0",
    ),
    "a span of half a millisecond": (
        lambda: window.next(STATUS, PROGRESS, ready=True, overlap=timedelta(microseconds=500)),
        "overlap: 0:00:00.000500 is not a span of whole milliseconds from 0",
    ),
    "a span that is a number": (
        lambda: window.next(STATUS, PROGRESS, ready=True, overlap=wrong(300)),
        "overlap: expected timedelta, found int",
    ),
    "a status of HTTP that there is not": (
        lambda: retry.decide(retry.Response(65_536), attempt=1, now=NOON, seed=0),
        "outcome.value.status: `65536` is not a whole number from 0 to 65535",
    ),
    "a number of attempts below zero": (
        lambda: retry.decide(retry.Response(500), attempt=-1, now=NOON, seed=0),
        "attempt: expected a whole number, found a negative number",
    ),
    "a number of attempts that is a float": (
        lambda: retry.decide(retry.Response(500), attempt=wrong(1.5), now=NOON, seed=0),
        "attempt: expected a whole number",
    ),
    "a number that is not": (
        lambda: retry.decide(retry.Response(500), attempt=wrong(float("nan")), now=NOON, seed=0),
        "retry.decide: Out of range float values are not JSON compliant",
    ),
    "a seed beyond 64 bits": (
        lambda: retry.decide(retry.Response(500), attempt=1, now=NOON, seed=1 << 64),
        "seed: `18446744073709551616` is not a whole number from 0 to 18446744073709551615",
    ),
    "a seed below zero": (
        lambda: retry.decide(retry.Response(500), attempt=1, now=NOON, seed=-1),
        "seed: `-1` is not a whole number from 0 to 18446744073709551615",
    ),
    "a seed that is a boolean": (
        lambda: retry.decide(retry.Response(500), attempt=1, now=NOON, seed=True),
        "seed: expected int, found bool",
    ),
    "an outcome of another kind": (
        lambda: retry.decide(wrong({"status": 200}), attempt=1, now=NOON, seed=0),
        "outcome: expected Response, found dict",
    ),
    "a policy of another decision": (
        lambda: retry.decide(
            retry.Response(200), attempt=1, now=NOON, seed=0, policy=wrong(cadence.Policy())
        ),
        "policy: expected Policy, found Policy",
    ),
    "a rule that there is not": (
        lambda: window.next(STATUS, PROGRESS, ready=True, rule=wrong("loose")),
        "rule: `loose` is not one of `contiguous`, `open-ended`, `fetch-start`",
    ),
    "a state that is a text of Merge's": (
        lambda: window.next(ModelStatus("a.B", status=wrong("DONE")), PROGRESS, ready=True),
        "status.status: expected SyncState, found str",
    ),
    "a status that is a dictionary": (
        lambda: readiness.evaluate([wrong({"model_id": "hris.Employee"})], complete=True),
        "statuses[0]: expected ModelStatus, found dict",
    ),
    "something that JSON has no form for": (
        lambda: readiness.evaluate([STATUS], complete=wrong(object())),
        "readiness.evaluate: Object of type object is not JSON serializable",
    ),
    "a page that is none": (
        lambda: page.parse("hris.Employee", "<html>"),
        "body: expected a JSON object, found markup",
    ),
    "a page that is bytes": (
        lambda: page.parse("hris.Employee", wrong(b"{}")),
        "body: expected str, found bytes",
    ),
    "a page of no model": (
        lambda: page.parse(wrong(None), "{}"),
        "model_id: expected str, found NoneType",
    ),
    "fields that are one text": (
        lambda: readiness.evaluate(
            [ModelStatus("hris.Employee", synced_fields=wrong("name"))], complete=True
        ),
        "statuses[0].synced_fields: expected a list of texts, found str",
    ),
    "an operation that there is not": (lambda: shared().call("window.close", "{}"), "window.close"),
    "an input that is no JSON": (lambda: shared().call("window.next", "{"), "input: "),
    "an input that is no text": (
        lambda: shared().call("window.next", wrong({})),
        "call: expected two texts, found str and dict",
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_it_is_refused_and_the_next_call_works(name: str) -> None:
    call, message = CASES[name]
    with pytest.raises(InputError) as caught:
        call()
    assert message in str(caught.value)
    assert "\n" not in str(caught.value)
    works()


def test_no_error_quotes_a_key() -> None:
    with pytest.raises(InputError) as caught:
        shared().call("signature.verify", f'{{"body":"","signatures":[],"keys":"{KEY}"}}')
    assert KEY not in str(caught.value)


@pytest.mark.parametrize(
    "body", [b"\xff", b"\xc3\x28", b"\xed\xa0\x80", b"\xf0\x82\x82\xac", BODY + b"\x80"]
)
def test_bytes_that_are_not_utf8_are_refused_and_never_repaired(body: bytes) -> None:
    handled = webhook.handle(body, [sign(body)], [KEY])
    assert handled.reply == webhook.Reply(401, '{"error": "Invalid signature"}')
    assert handled.outcome == Refused(Refusal.MISMATCH)
    assert signature.verify(body, [sign(body)], [KEY]) == Refused(Refusal.MISMATCH)
    for repair in ("replace", "ignore", "surrogateescape"):
        repaired = body.decode("utf-8", repair).encode("utf-8", "surrogatepass")
        assert webhook.handle(body, [sign(repaired)], [KEY]) == handled, repair
    works()


def test_a_byte_order_mark_is_part_of_what_is_signed() -> None:
    marked = b"\xef\xbb\xbf" + BODY
    assert isinstance(signature.verify(marked, [sign(marked)], [KEY]), Authentic)
    assert signature.verify(marked, [sign(BODY)], [KEY]) == Refused(Refusal.MISMATCH)


def test_every_form_of_bytes_is_taken() -> None:
    for body in (bytearray(BODY), memoryview(BODY)):
        assert isinstance(signature.verify(wrong(body), [sign(BODY)], [KEY]), Authentic)


def test_a_body_with_zeros_and_quotes_is_signed_as_it_is() -> None:
    body = b'{"a": "\x00\\u0000\\"", "b": "\xc3\xa9\xf0\x9f\x98\x80\xe2\x80\xa8"}'
    assert isinstance(signature.verify(body, [sign(body)], [KEY]), Authentic)


def test_a_body_of_ten_megabytes_is_handled() -> None:
    body = linked_body("t" * (10 << 20))
    assert len(body) > 10 << 20
    handled = webhook.handle(body, [sign(body)], [KEY])
    assert isinstance(handled.outcome, webhook.Accepted)
    refused = webhook.handle(body, [sign(BODY)], [KEY])
    assert refused.outcome == Refused(Refusal.MISMATCH)
    works()


def test_an_instance_that_took_a_large_input_is_given_up() -> None:
    component = Component()
    assert len(component._idle) == 1
    with pytest.raises(InputError):
        component.call("window.next", " " * LARGE)
    assert component._idle == []


def test_two_threads_share_one_component() -> None:
    component, threads = Component(), 8
    together = threading.Barrier(threads)

    def work(number: int) -> set[str]:
        together.wait()
        text = f'{{"model_id": "none.{number}"}}'
        return {component.call("window.locate", text) for _ in range(200)} | {
            component.call("meta.version", "{}")
        }

    with ThreadPoolExecutor(threads) as pool:
        found = list(pool.map(work, range(threads)))
    assert found == [{'{"tag":"unmapped"}', f'"{__version__}"'}] * threads
    assert len(component._idle) <= threads


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(ComponentError, match=r"none\.wasm: the component cannot be read: No such"):
        Component(tmp_path / "none.wasm")
    works()


@pytest.mark.parametrize("damage", [b"", b"no component", b"\0asm\x0d\0\x01\0junk"])
def test_a_damaged_file_is_named(tmp_path: Path, damage: bytes) -> None:
    file = tmp_path / "damaged.wasm"
    file.write_bytes(damage)
    with pytest.raises(ComponentError) as caught:
        Component(file)
    assert "damaged.wasm" in str(caught.value) or "does not start" in str(caught.value)
    assert "\n" not in str(caught.value)
    works()


def test_half_a_file_is_named(tmp_path: Path) -> None:
    file = tmp_path / "half.wasm"
    whole = (REPOSITORY / "dist" / FILE).read_bytes()
    file.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(ComponentError, match=r"half\.wasm: not a component"):
        Component(file)


def test_another_component_is_told_apart() -> None:
    other = REPOSITORY / "dist" / "merge-sync-logic.wasm"
    with pytest.raises(ComponentError, match="it has no function `merge-sync:triggers/json"):
        Component(other)


def test_another_version_is_told_apart(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("merge_sync._component.__version__", "9.9.9")
    with pytest.raises(ComponentError) as caught:
        Component()
    assert str(caught.value) == (
        f'{FILE}: version "{__version__}" of the component does not fit version 9.9.9 of this '
        "package; install both from one release"
    )


def test_an_instance_that_failed_is_not_used_again() -> None:
    component = Component()

    def fails(operation: bytes, text: bytes) -> tuple[bool, str]:
        del operation, text
        raise _calls.Failed("wasm trap: out of bounds memory access")

    component._idle[:] = [fails]
    with pytest.raises(ComponentError, match=r"window\.next: the component failed: wasm trap"):
        component.call("window.next", "{}")
    assert component._idle == []
    assert component.call("meta.version", "{}") == f'"{__version__}"'
