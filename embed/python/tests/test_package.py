"""What the package says of itself: version, types, texts."""

import io
from contextlib import redirect_stdout
from importlib import metadata, resources
from pathlib import Path

import merge_sync
import merge_sync_driver.summary
import quick_start
from merge_sync import meta

ROOT = Path(__file__).parents[1]


def test_one_version() -> None:
    assert metadata.version("merge-sync") == merge_sync.__version__ == meta.version()


def test_the_wheel_holds_the_component_and_the_mark_of_types() -> None:
    files = resources.files("merge_sync")
    assert files.joinpath("merge-sync-text.wasm").is_file()
    assert files.joinpath("py.typed").is_file()


def test_the_quick_start_prints_what_the_readme_says() -> None:
    program, expected = quick_start.quick_start((ROOT / "README.md").read_text(encoding="utf-8"))
    printed = io.StringIO()
    with redirect_stdout(printed):
        exec(program, {})  # noqa: S102 (the README's own program)
    assert printed.getvalue() == expected


def test_no_source_is_without_a_word_on_what_it_is() -> None:
    for file in ROOT.rglob("*.py"):
        if "migrations" not in file.parts and ".venv" not in file.parts:
            assert file.read_text(encoding="utf-8").startswith('"""'), file


def test_a_demonstration_that_lost_something_does_not_pass() -> None:
    verdict = {"lost": 1, "stale": 0, "wrongly_deleted": 0, "unknown": 0, "records_in_merge": 6000}
    stats = {
        "webhooks": {"given_up": 0, "refused": 5, "forged": 5, "sent": 200},
        "faults": {"stale_cursor": 4},
        "requests": 9,
        "breaker_trips": 0,
        "cursor_misuses": 0,
        "most_failures_in_10_s": 1,
    }
    counts = merge_sync_driver.summary.Counts(windows=200)
    found = merge_sync_driver.summary.summary(
        1, ["ready"] * 3, verdict=verdict, stats=stats, counts=counts, kinds=["stale_cursor"]
    )
    assert found["failures"] == [
        "lost: 1, expected none",
        "faults.stale_cursor: 4, expected at least 5",
    ]
    assert found["passed"] is False
