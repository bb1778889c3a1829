"""Every vector gives what it says, byte for byte after ordering keys."""

import json
from typing import Any

import pytest

from merge_sync._component import shared
from merge_sync_driver import vectors
from support import VECTORS

ALL = list(vectors.read(VECTORS))


@pytest.mark.parametrize("vector", ALL, ids=[vector["id"] for vector in ALL])
def test_vector(vector: dict[str, Any]) -> None:
    assert vectors.answer(shared(), vector) == vectors.canonical(vector["output"])


def test_every_file_and_every_decision_is_there() -> None:
    found = {vector["operation"] for vector in ALL}
    assert found == {
        "cadence.next",
        "meta.version",
        "page.parse",
        "readiness.evaluate",
        "readiness.parse-status",
        "retry.decide",
        "signature.verify",
        "webhook.handle",
        "window.advance",
        "window.locate",
        "window.next",
    }
    assert len(ALL) == sum(
        len(json.loads(file.read_text(encoding="utf-8"))) for file in VECTORS.glob("*.json")
    )
