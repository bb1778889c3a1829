"""The component in its file, and the instances of it that threads take in turn."""

import os
import threading
from importlib import resources
from pathlib import Path

from wasmtime import Config, Engine, WasmtimeError
from wasmtime import component as wasm

from merge_sync import _calls
from merge_sync._version import __version__
from merge_sync.errors import ComponentError, InputError

FILE = "merge-sync-text.wasm"

IDLE = 16
"""So many idle instances are kept: one for each call at a time that is usual."""

LARGE = 1 << 20
"""After an input of so many bytes an instance is given up, and its memory with it."""


class Component:
    """The decisions and the engine's step, as text.

    May be shared by threads: each call takes an instance of its own, and instances are pooled.
    Nothing is remembered between two calls.
    """

    def __init__(self, file: Path | str | None = None) -> None:
        """Load the component of this package, or the one in `file`.

        Raises `ComponentError` where the file is missing, damaged or of another version.
        """
        self._linker, self._code = _load(file)
        self._idle: list[_calls.Call] = []
        accepted, version = self._call(b"meta.version", b"{}")
        if not accepted or version != f'"{__version__}"':
            raise ComponentError(
                f"{file or FILE}: version {version} of the component does not fit version "
                f"{__version__} of this package; install both from one release"
            )

    def call(self, operation: str, text: str) -> str:
        """Do an operation, for example `window.next`, with its input in JSON.

        Raises `InputError` where the input is refused.
        """
        if not isinstance(operation, str) or not isinstance(text, str):
            raise InputError(
                f"call: expected two texts, found {type(operation).__name__} and "
                f"{type(text).__name__}"
            )
        try:
            accepted, output = self._call(operation.encode(), text.encode())
        except UnicodeEncodeError as error:
            raise InputError(f"input: not a text: {error.reason}") from None
        if not accepted:
            raise InputError(output)
        return output

    def _call(self, operation: bytes, text: bytes) -> tuple[bool, str]:
        # Taking from a list and putting back are atomic.
        try:
            call = self._idle.pop()
        except IndexError:
            call = self._instance()
        try:
            answer = call(operation, text)
        except _calls.Failed as error:
            raise ComponentError(f"{operation.decode()}: the component failed: {error}") from None
        if len(text) < LARGE and len(self._idle) < IDLE:
            self._idle.append(call)
        return answer

    def _instance(self) -> _calls.Call:
        try:
            with _Shared.making:
                return _calls.instantiate(self._linker, self._code)
        except (_calls.Failed, WasmtimeError) as error:
            raise ComponentError(f"the component does not start: {error}") from None


class _Shared:
    """The component of this package, loaded at first use."""

    component: Component | None = None

    making = threading.RLock()
    """Held while something is compiled or instantiated, and by `fork`: the child has no thread
    that would release what wasmtime holds meanwhile."""


def _before_fork() -> None:
    _Shared.making.acquire()


def _in_parent() -> None:
    _Shared.making.release()


def _in_child() -> None:
    # Not released but made anew: some servers fork from C and run only this.
    _Shared.making = threading.RLock()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(before=_before_fork, after_in_parent=_in_parent, after_in_child=_in_child)


def shared() -> Component:
    """Answer the component that the functions of this package use."""
    if _Shared.component is None:
        with _Shared.making:
            if _Shared.component is None:
                _Shared.component = Component()
    return _Shared.component


def _load(file: Path | str | None) -> tuple[wasm.Linker, wasm.Component]:
    try:
        if file is None:
            code = resources.files("merge_sync").joinpath(FILE).read_bytes()
        else:
            code = Path(file).read_bytes()
    except OSError as error:
        raise ComponentError(
            f"{file or FILE}: the component cannot be read: {error.strerror}"
        ) from None
    config = Config()
    # The threads that would compile are the process's, and a child of `fork` waits for them in
    # vain, whoever started them.
    config.parallel_compilation = False
    try:
        with _Shared.making:
            engine = Engine(config)
            return wasm.Linker(engine), wasm.Component(engine, code)
    except WasmtimeError as error:
        reason = str(error).splitlines()[0]
        raise ComponentError(f"{file or FILE}: not a component: {reason}") from None
