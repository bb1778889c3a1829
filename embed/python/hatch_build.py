"""Puts the component and the scenarios of stores into the wheel.

The component is from the repository's `dist/`, the scenarios are from its `tests/host-vectors`; an
sdist has copies of its own.
"""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "merge-sync-text.wasm"
VECTORS = "host_vectors"


class ComponentHook(BuildHookInterface[Any]):
    """Adds both to what is built. They are never copied into the source tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the files and their places in the package."""
        del version
        package = "src/merge_sync" if self.target_name == "sdist" else "merge_sync"
        include = build_data["force_include"]
        include[str(self.component())] = f"{package}/{NAME}"
        for file in self.vectors():
            include[str(file)] = f"{package}/{VECTORS}/{file.name}"

    def component(self) -> Path:
        """Where the component is; `MERGE_SYNC_DIST` names another folder than `dist/`."""
        root = Path(self.root)
        dist = Path(os.environ.get("MERGE_SYNC_DIST", root.parent.parent / "dist"))
        for file in (root / "src" / "merge_sync" / NAME, dist / NAME):
            if file.is_file():
                return file
        raise FileNotFoundError(f"{dist / NAME}: not there; `cargo xtask build` makes it")

    def vectors(self) -> list[Path]:
        """Where the scenarios of stores are."""
        root = Path(self.root)
        folders = (
            root / "src" / "merge_sync" / VECTORS,
            root.parent.parent / "tests" / "host-vectors",
        )
        for folder in folders:
            found = [folder / "defaults.json", *sorted(folder.glob("store-*.json"))]
            if found[0].is_file():
                return found
        raise FileNotFoundError(f"{folders[1]}: not there; it belongs to the repository")
