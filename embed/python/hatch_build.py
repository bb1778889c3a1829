"""Puts the component, the scenarios of stores and the tables of SQLite files into the wheel.

The component is from the repository's `dist/`, the scenarios are from its `tests/host-vectors`, the
tables from its `host-example/schema`; an sdist has copies of its own.
"""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "merge-sync-text.wasm"
# The folders in the package, and where in the repository their files are.
COPIED = {
    "host_vectors": ("tests/host-vectors", ("defaults.json", "store-*.json")),
    "schema": ("host-example/schema", ("sqlite.sql", "sqlite-upgrade-*.sql")),
}


class ComponentHook(BuildHookInterface[Any]):
    """Adds them to what is built. They are never copied into the source tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files and their places in the package."""
        del version
        package = "src/merge_sync" if self.target_name == "sdist" else "merge_sync"
        include = build_data["force_include"]
        include[str(self.component())] = f"{package}/{NAME}"
        for folder, (source, patterns) in COPIED.items():
            for file in self.copied(folder, source, patterns):
                include[str(file)] = f"{package}/{folder}/{file.name}"

    def component(self) -> Path:
        """Where the component is; `MERGE_SYNC_DIST` names another folder than `dist/`."""
        root = Path(self.root)
        dist = Path(os.environ.get("MERGE_SYNC_DIST", root.parent.parent / "dist"))
        for file in (root / "src" / "merge_sync" / NAME, dist / NAME):
            if file.is_file():
                return file
        raise FileNotFoundError(f"{dist / NAME}: not there; `cargo xtask build` makes it")

    def copied(self, folder: str, source: str, patterns: tuple[str, ...]) -> list[Path]:
        """Where the files of a folder are: the sdist's own, or the repository's."""
        root = Path(self.root)
        for place in (root / "src" / "merge_sync" / folder, root.parent.parent / source):
            found = [sorted(place.glob(pattern)) for pattern in patterns]
            if all(found):
                return [file for files in found for file in files]
        raise FileNotFoundError(f"{root.parent.parent / source}: not there; it is the repository's")
