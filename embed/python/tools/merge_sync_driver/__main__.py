"""What compares this package with the other hosts: one JSON object on standard output.

`vectors DIR`, `replay FILE`, `bench FILE` and `demo`; see `--help` of each. Exit code 0 where
all is well, 1 where something failed.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any


def main(arguments: Sequence[str] | None = None) -> int:
    """Do what the command line says."""
    parser = argparse.ArgumentParser(prog="driver", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    vectors = commands.add_parser("vectors", help="run every vector of a folder")
    vectors.add_argument("folder", type=Path)

    replay = commands.add_parser("replay", help="call what a file lists, and digest the answers")
    replay.add_argument("file", type=Path)
    replay.add_argument("--out", type=Path, help="also write each answer, one a line")

    bench = commands.add_parser("bench", help="measure a webhook, from bytes to a typed result")
    bench.add_argument("file", type=Path)
    bench.add_argument("--calls", type=int, default=20_000)
    bench.add_argument("--memory-calls", type=int, default=100_000)

    demo = commands.add_parser("demo", help="play the simulator's demonstration with the engine")
    demo.add_argument("--simulator", type=Path, required=True, help="the program merge-simulator")
    demo.add_argument("--seed", type=int, default=1)
    demo.add_argument("--faults", action="store_true")
    demo.add_argument("--check", action="store_true", help="fail where a run is too small")
    demo.add_argument("--json", action="store_true", help="(always)")

    given = parser.parse_args(arguments)
    found, good = _do(given)
    print(json.dumps(found, ensure_ascii=False))
    return 0 if good else 1


def _do(given: argparse.Namespace) -> tuple[dict[str, Any], bool]:
    # Each imports what it needs: `bench` measures the import of the package as well.
    match given.command:
        case "vectors":
            from merge_sync_driver import vectors  # noqa: PLC0415

            return vectors.run(given.folder)
        case "replay":
            from merge_sync_driver import replay  # noqa: PLC0415

            return replay.run(given.file, given.out), True
        case "bench":
            from merge_sync_driver import bench  # noqa: PLC0415

            return bench.run(given.file, given.calls, given.memory_calls), True
        case _:
            from merge_sync_driver import demo  # noqa: PLC0415

            return demo.run(given.simulator, given.seed, faults=given.faults, check=given.check)


if __name__ == "__main__":
    sys.exit(main())
