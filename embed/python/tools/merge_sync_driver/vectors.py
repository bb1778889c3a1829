"""Every vector, as text and back."""

import json
import platform
from collections.abc import Iterator
from importlib.metadata import version
from pathlib import Path
from typing import Any

from merge_sync import Component, InputError


def run(folder: Path) -> tuple[dict[str, Any], bool]:
    """Run every vector of `folder`."""
    component = Component()
    passed, failures = 0, []
    for vector in read(folder):
        if answer(component, vector) == canonical(vector["output"]):
            passed += 1
        else:
            failures.append(vector["id"])
    found = {
        "runtime": f"wasmtime {version('wasmtime')}, CPython {platform.python_version()}",
        "passed": passed,
        "failed": len(failures),
        "failures": failures,
    }
    return found, passed > 0 and not failures


def read(folder: Path) -> Iterator[dict[str, Any]]:
    """Answer the vectors of all files in `folder`."""
    for file in sorted(folder.glob("*.json")):
        yield from json.loads(file.read_text(encoding="utf-8"))


def answer(component: Component, vector: dict[str, Any]) -> str:
    """Answer what the component says, in canonical form."""
    text = json.dumps(vector["input"], ensure_ascii=False)
    try:
        return canonical(json.loads(component.call(vector["operation"], text)))
    except InputError as error:
        return canonical({"error": str(error)})


def canonical(value: object) -> str:
    """Write a value with its keys in order. Whole numbers stay whole."""
    return json.dumps(value, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
