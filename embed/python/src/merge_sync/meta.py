"""What is this component?"""

from merge_sync._json import ask


def version() -> str:
    """Answer the component's version, `major.minor.patch`. It is that of this package."""
    found: str = ask("meta.version", {})
    return found
