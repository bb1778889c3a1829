"""A list of calls, and a digest of what was answered."""

import hashlib
import json
from pathlib import Path
from typing import Any

from merge_sync import Component, InputError


def run(file: Path, out: Path | None) -> dict[str, Any]:
    """Call each line of `file`; write the answers to `out`, where it is given."""
    component, digest, lines = Component(), hashlib.sha256(), 0
    copy = out.open("wb") if out else None
    try:
        with file.open(encoding="utf-8") as calls:
            for line in calls:
                call = json.loads(line)
                answer = f"{_answer(component, call['operation'], call['input'])}\n".encode()
                digest.update(answer)
                lines += 1
                if copy:
                    copy.write(answer)
    finally:
        if copy:
            copy.close()
    return {"lines": lines, "sha256": digest.hexdigest()}


def _answer(component: Component, operation: str, text: str) -> str:
    try:
        return f"ok\t{component.call(operation, text)}"
    except InputError as error:
        return f"error\t{error}"
