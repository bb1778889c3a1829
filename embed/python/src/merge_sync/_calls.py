"""One instance of the component and its one function, called in the quickest way there is.

The public call of wasmtime's Python package asks for the function's type anew each time and
copies each text more often than needed, which costs more than most decisions. `direct` calls
the same C function through the same bindings without that; where a version of wasmtime has
other bindings, `public` takes its place.
"""

import ctypes
from collections.abc import Callable

from wasmtime import Store, WasmtimeError
from wasmtime.component import Component, Func, Linker, Variant

INTERFACE = "merge-sync:triggers/json@0.1.0"

Call = Callable[[bytes, bytes], tuple[bool, str]]
"""Operation and input, in UTF-8; whether it was accepted, and the output or the error."""


class Failed(Exception):  # noqa: N818 (internal: it becomes a `ComponentError`)
    """The component did not come to an end. Its instance must not be used again."""


def instantiate(linker: Linker, component: Component) -> Call:
    """Make an instance. It must not be called by two threads at once."""
    store = Store(linker.engine)
    function = _function(store, linker, component)
    try:
        return direct(store, function)
    except (ImportError, AttributeError, TypeError):
        return public(store, function)


def _function(store: Store, linker: Linker, component: Component) -> Func:
    instance = linker.instantiate(store, component)
    interface = instance.get_export_index(store, INTERFACE)
    call = interface and instance.get_export_index(store, "call", interface)
    function = call and instance.get_func(store, call)
    if not function:
        raise Failed(f"it has no function `{INTERFACE}#call`")
    return function


def public(store: Store, function: Func) -> Call:
    """Call by the public interface of wasmtime's package."""

    def call(operation: bytes, text: bytes) -> tuple[bool, str]:
        try:
            answer = function(store, operation.decode(), text.decode())
        except WasmtimeError as error:
            raise Failed(_first_line(error)) from error
        if not isinstance(answer, Variant) or not isinstance(answer.payload, str):
            raise Failed("its answer is no text")
        return answer.tag == "ok", answer.payload

    return call


class _Given(ctypes.Structure):
    """The C type `wasm_byte_vec_t`, to be pointed at bytes of Python's."""

    _fields_ = (("size", ctypes.c_size_t), ("data", ctypes.c_char_p))
    size: int
    data: bytes


class _Received(ctypes.Structure):
    """The same, to be read."""

    _fields_ = (("size", ctypes.c_size_t), ("data", ctypes.c_void_p))
    size: int
    data: int


def direct(store: Store, function: Func) -> Call:
    """Call the C function itself, with arguments and result that are laid out once."""
    from wasmtime import _ffi as ffi  # noqa: PLC0415 (private: it may not be there)

    handle = ctypes.byref(function._func)  # noqa: SLF001
    arguments = (ffi.wasmtime_component_val_t * 2)()
    result = ffi.wasmtime_component_val_t()
    text_kind, result_kind, boolean_kind = (
        kind.value
        for kind in (
            ffi.WASMTIME_COMPONENT_STRING,
            ffi.WASMTIME_COMPONENT_RESULT,
            ffi.WASMTIME_COMPONENT_BOOL,
        )
    )
    for argument in arguments:
        argument.kind = text_kind
    first, second = (
        _Given.from_address(ctypes.addressof(argument.of.string)) for argument in arguments
    )
    result_pointer = ctypes.byref(result)
    invoke, drop = ffi.wasmtime_component_func_call, ffi.wasmtime_component_val_delete
    string_at, address_of = ctypes.string_at, ctypes.addressof
    received_at = _Received.from_address

    def call(operation: bytes, text: bytes) -> tuple[bool, str]:
        # The arguments are lent: nothing of them is freed on the other side.
        first.size, first.data = len(operation), operation
        second.size, second.data = len(text), text
        # (Asked for its context, the store cannot have gone before the call.)
        failure = invoke(handle, store._context(), arguments, 2, result_pointer, 1)  # noqa: SLF001
        second.data = b""
        if failure:
            raise Failed(_first_line(WasmtimeError._from_ptr(failure)))  # noqa: SLF001
        answer = result.of.result
        if result.kind != result_kind or answer.val.contents.kind != text_kind:
            raise Failed("its answer is no text")
        payload = received_at(address_of(answer.val.contents.of.string))
        accepted, output = answer.is_ok, string_at(payload.data, payload.size)
        drop(result_pointer)
        # The next call overwrites the result, and whatever it says it holds is freed then.
        result.kind = boolean_kind
        return accepted, output.decode()

    # A wrong guess at the layout is found out now, and not in the middle of a webhook.
    if call(b"meta.version", b"{}") != public(store, function)(b"meta.version", b"{}"):
        raise TypeError("the bindings differ")
    return call


def _first_line(error: Exception) -> str:
    lines = str(error).strip().splitlines()
    cause = next((line.strip() for line in lines[1:] if "wasm trap" in line), "")
    return ": ".join(part for part in (lines[0] if lines else "it failed", cause) if part)
