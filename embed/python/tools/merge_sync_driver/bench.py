"""What a webhook costs through the public, typed function; and whether memory grows."""

import json
import os
import statistics
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

BATCHES = 15
WARM_UP = 10_000


def run(file: Path, calls: int, memory_calls: int) -> dict[str, Any]:
    """Measure the delivery in `file`."""
    delivery = json.loads(file.read_text(encoding="utf-8"))["input"]
    body, signatures, keys = delivery["body"].encode(), delivery["signatures"], delivery["keys"]

    began = time.perf_counter()
    from merge_sync import Component, webhook  # noqa: PLC0415 (the import is measured)

    handled = webhook.handle(body, signatures, keys)
    first_use = time.perf_counter() - began
    if not isinstance(handled.outcome, webhook.Accepted):
        raise TypeError(f"the delivery is not accepted: {handled.outcome}")

    component, text = Component(), json.dumps(delivery, ensure_ascii=False)

    def typed() -> object:
        return webhook.handle(body, signatures, keys)

    def as_text() -> object:
        return component.call("webhook.handle", text)

    for _ in range(WARM_UP):
        typed()
        as_text()
    before = _resident()
    for _ in range(memory_calls):
        typed()
    after = _resident()
    return {
        "webhook_handle_us": _median_us(typed, calls),
        "text_call_us": _median_us(as_text, calls),
        "first_use_ms": round(first_use * 1e3, 1),
        "memory_calls": memory_calls,
        "resident_before": before,
        "resident_after": after,
    }


def _median_us(call: Callable[[], object], calls: int) -> float:
    batch, times = max(1, calls // BATCHES), []
    for _ in range(BATCHES):
        began = time.perf_counter()
        for _ in range(batch):
            call()
        times.append((time.perf_counter() - began) / batch)
    return round(statistics.median(times) * 1e6, 1)


def _resident() -> int:
    """Answer the resident memory of this process, in bytes."""
    pages = Path("/proc/self/statm").read_text(encoding="ascii").split()[1]
    return int(pages) * os.sysconf("SC_PAGE_SIZE")
