"""Puts the component into the wheel, from the repository's `dist/` or an sdist's own copy."""

import os
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

NAME = "merge-sync-text.wasm"


class ComponentHook(BuildHookInterface[Any]):
    """Adds the component to what is built. It is never copied into the source tree."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Name the file and its place in the package."""
        del version
        inside = f"src/merge_sync/{NAME}" if self.target_name == "sdist" else f"merge_sync/{NAME}"
        build_data["force_include"][str(self.component())] = inside

    def component(self) -> Path:
        """Where the component is; `MERGE_SYNC_DIST` names another folder than `dist/`."""
        root = Path(self.root)
        dist = Path(os.environ.get("MERGE_SYNC_DIST", root.parent.parent / "dist"))
        for file in (root / "src" / "merge_sync" / NAME, dist / NAME):
            if file.is_file():
                return file
        raise FileNotFoundError(f"{dist / NAME}: not there; `cargo xtask build` makes it")
