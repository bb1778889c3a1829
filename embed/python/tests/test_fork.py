"""A child of `fork` has one thread and a copy of whatever the others held: its calls still end.

Each program runs in an interpreter of its own, since what was compiled in this one decides.
"""

import os
import subprocess
import sys
import textwrap

import pytest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork here")

SECONDS = 60
"""A child that does not answer within these is taken to hang; it usually takes one."""

PROGRAM = """
import os, signal, threading, traceback
import wasmtime
from merge_sync import _component, window

def first_call():
    assert isinstance(window.locate("hris.Employee"), window.Listed)

def in_child(call):
    child = os.fork()
    if child == 0:
        signal.alarm({seconds})
        try:
            call()
            os._exit(0)
        except BaseException:
            traceback.print_exc()
            os._exit(1)
    return child

def ended(child):
    _, status = os.waitpid(child, 0)
    assert not os.WIFSIGNALED(status), f"the child was ended by signal {{os.WTERMSIG(status)}}"
    assert os.WEXITSTATUS(status) == 0, "the call failed in the child"

{parent}
print("every child ended")
"""

PARENTS = {
    "nothing was compiled before": "ended(in_child(first_call))",
    "another program's module was compiled before": """
        wasmtime.Module(wasmtime.Engine(), '(module (func (export "a")) (func (export "b")))')
        ended(in_child(first_call))
    """,
    "another component of ours was compiled before": """
        _component.Component()
        ended(in_child(first_call))
    """,
    "the component was used before": """
        first_call()
        ended(in_child(first_call))
        ended(in_child(_component.Component))
        first_call()
    """,
    "another thread is compiling": """
        compiling = threading.Event()
        code = wasmtime.component.Component

        def announced(*arguments):
            compiling.set()
            return code(*arguments)

        _component.wasm.Component = announced
        thread = threading.Thread(target=first_call)
        thread.start()
        assert compiling.wait({seconds})

        def in_time():
            # The fork waited, for what wasmtime holds while it compiles has no end in a child.
            assert _component._Shared.component is not None
            first_call()

        child = in_child(in_time)
        thread.join()
        ended(child)
        first_call()
    """,
    "other threads are making instances": """
        component, stop = _component.Component(), threading.Event()

        def instances():
            while not stop.is_set():
                component._instance()

        threads = [threading.Thread(target=instances) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                ended(in_child(component._instance))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    """,
    "other threads are calling": """
        stop = threading.Event()

        def calls():
            while not stop.is_set():
                first_call()

        threads = [threading.Thread(target=calls) for _ in range(2)]
        for thread in threads:
            thread.start()
        try:
            for _ in range(20):
                ended(in_child(lambda: (first_call(), _component.shared()._instance())))
        finally:
            stop.set()
            for thread in threads:
                thread.join()
    """,
    "a child forks again": """
        first_call()
        ended(in_child(lambda: (ended(in_child(first_call)), first_call())))
    """,
}


@pytest.mark.parametrize("situation", PARENTS)
def test_a_call_in_a_forked_child_ends_where(situation: str) -> None:
    parent = textwrap.dedent(PARENTS[situation]).strip().format(seconds=SECONDS)
    program = PROGRAM.format(seconds=SECONDS, parent=parent)
    done = subprocess.run(  # noqa: S603 (the program above)
        [sys.executable, "-P", "-c", program],
        capture_output=True,
        text=True,
        timeout=5 * SECONDS,
        check=False,
    )
    assert done.stdout == "every child ended\n", done.stderr
