"""What this package raises. Every error of its own is a `MergeSyncError`."""


class MergeSyncError(Exception):
    """Something is wrong with an input, the component, the settings, or the outside."""


class InputError(MergeSyncError, ValueError):
    """An input is refused. The message names the field at fault, and never quotes a secret."""


class ComponentError(MergeSyncError):
    """The component is missing, damaged, of another version, or failed in the middle of a call."""


class StoreError(MergeSyncError):
    """The store cannot be reached, or is full. Trying later may help."""


class UnknownAccountError(MergeSyncError, LookupError):
    """Nobody linked this account."""


class StateError(MergeSyncError):
    """The stored state cannot be read by this version. It is left as it is."""


class SettingsError(InputError):
    """The settings document is wrong."""


class StaleError(MergeSyncError):
    """Somebody else committed first."""

    def __init__(self, current: str | None) -> None:
        super().__init__("the account was changed meanwhile")
        self.current = current
        """The version that is there now; `None` where the account is gone."""


class SendError(MergeSyncError):
    """No response arrived: refused, reset, unresolved, bad TLS."""


class TimedOutError(SendError):
    """No response within the time allowed."""


class TooLargeError(SendError):
    """The body of a response is over the client's limit; the rest was not read."""


class HeldBackError(MergeSyncError):
    """A request was not sent, to stay within a limit."""

    def __init__(self, after_ms: int) -> None:
        super().__init__(f"held back for {after_ms} ms")
        self.after_ms = after_ms
        """When there will be room, in milliseconds."""


class NoTokenError(MergeSyncError):
    """The store holds no token for the account."""
