"""What came of a demonstration, and whether that is good enough."""

import sqlite3
import threading
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from merge_sync.engine import Report

# What `--check` wants at the least: a run that shows something.
ACCOUNTS, RECORDS, WINDOWS, WEBHOOKS, EACH_FAULT = 3, 5_000, 200, 100, 5

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


@dataclass(slots=True)
class Counts:
    """What the runs did."""

    runs: int = 0
    runs_failed: int = 0
    polls: int = 0
    windows: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def ended(self, report: Report) -> None:
        """Count a run that came to its end."""
        with self.lock:
            self.runs += 1
            self.polls += report.polled
            self.windows += report.windows

    def failed(self) -> None:
        """Count one that did not."""
        with self.lock:
            self.runs += 1
            self.runs_failed += 1


def rows_of(file: Path) -> tuple[list[dict[str, Any]], list[str]]:
    """Read the store's file as any other program would: its records, and each account's phase."""
    with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as sql:
        found = sql.execute(
            "SELECT linked_account_id, model_id, id, modified_at, deleted, json FROM records"
        )
        rows = [
            {
                "account": account,
                "model_id": model_id,
                "id": name,
                "modified_at": None if at is None else _text(at),
                "deleted": bool(deleted),
                "json": text,
            }
            for account, model_id, name, at, deleted, text in found
        ]
        phases = [phase for (phase,) in sql.execute("SELECT phase FROM linked_accounts")]
    return rows, phases


def _text(micros: int) -> str:
    return (_EPOCH + timedelta(microseconds=micros)).isoformat()


def summary(
    seed: int,
    phases: list[str],
    *,
    verdict: dict[str, Any],
    stats: dict[str, Any],
    counts: Counts,
    kinds: list[str],
) -> dict[str, Any]:
    """Say what came of it, and what is wrong with that."""
    webhooks, faults = stats["webhooks"], stats["faults"]
    ready = phases.count("ready")
    none = {
        **{what: verdict[what] for what in ("lost", "stale", "wrongly_deleted", "unknown")},
        "runs_failed": counts.runs_failed,
        "webhooks.given_up": webhooks["given_up"],
        "webhooks refused or accepted wrongly": abs(webhooks["refused"] - webhooks["forged"]),
        "times merge blocked the host": stats["breaker_trips"],
        "cursors sent with another query": stats["cursor_misuses"],
        "accounts not ready": len(phases) - ready,
    }
    least = {
        "accounts": (len(phases), ACCOUNTS),
        "records_in_merge": (verdict["records_in_merge"], RECORDS),
        "windows": (counts.windows, WINDOWS),
        "webhooks.sent": (webhooks["sent"], WEBHOOKS),
        **{f"faults.{kind}": (faults.get(kind, 0), EACH_FAULT) for kind in kinds},
    }
    failures = [f"{what}: {found}, expected none" for what, found in none.items() if found]
    failures += [
        f"{what}: {found}, expected at least {wanted}"
        for what, (found, wanted) in least.items()
        if found < wanted
    ]
    return {
        "seed": seed,
        "passed": not failures,
        "failures": failures,
        "accounts": len(phases),
        "accounts_ready": ready,
        "webhooks": webhooks,
        "polls": counts.polls,
        "windows": counts.windows,
        "requests": stats["requests"],
        **verdict,
        "faults": faults,
        "runs": counts.runs,
        "runs_failed": counts.runs_failed,
        "most_failing_answers_in_10_s": stats["most_failures_in_10_s"],
    }
