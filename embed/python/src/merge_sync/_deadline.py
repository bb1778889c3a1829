"""Work that may hang, and an end of waiting for it.

Nothing in Python ends a call that hangs, so it is made in a thread that may be left behind. Such
threads are kept for the next work, and do not keep a program from ending.
"""

import os
import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import TypeVar

T = TypeVar("T")

MOST_THREADS = 64
"""While so many hang, work waits for one of them."""


class _Threads:
    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._idle = 0
        self._all = 0
        self._jobs: SimpleQueue[Callable[[], None]] = SimpleQueue()

    def put(self, job: Callable[[], None]) -> None:
        with self._lock:
            if self._idle:
                self._idle -= 1
            elif self._all < MOST_THREADS:
                self._all += 1
                threading.Thread(target=self._serve, name="merge-sync-store", daemon=True).start()
        self._jobs.put(job)

    def _serve(self) -> None:
        while True:
            self._jobs.get()()
            with self._lock:
                self._idle += 1


_threads = _Threads()


def _forget() -> None:
    """Start without threads in a child of `fork`: it has none of its parent's."""
    global _threads  # noqa: PLW0603 (one for the process)
    _threads = _Threads()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_forget)


def within(seconds: float, work: Callable[[], T]) -> T:
    """Do `work`, and answer what it answers. Raises `TimeoutError` where it takes longer.

    Work that was begun then goes on, and work that was not never begins.
    """
    future: Future[T] = Future()

    def job() -> None:
        if not future.set_running_or_notify_cancel():
            return
        try:
            future.set_result(work())
        # Whoever waits is told.
        except BaseException as error:
            future.set_exception(error)

    _threads.put(job)
    if not wait([future], seconds).done:
        future.cancel()
        raise TimeoutError
    return future.result()
