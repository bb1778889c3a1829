"""The quick way to call the component gives what the public one gives."""

import json
from collections.abc import Callable

import pytest
import wasmtime
from wasmtime.component import Func

from merge_sync import Component, InputError, _calls
from merge_sync_driver import vectors
from support import VECTORS

TRAPS = """
(component
  (core module $m
    (memory (export "memory") 1)
    (func (export "realloc") (param i32 i32 i32 i32) (result i32) i32.const 64)
    (func (export "call") (param i32 i32 i32 i32) (result i32) unreachable))
  (core instance $i (instantiate $m))
  (func $call (param "operation" string) (param "input" string)
    (result (result string (error string)))
    (canon lift (core func $i "call")
      (memory (core memory $i "memory")) (realloc (core func $i "realloc"))))
  (instance $json (export "call" (func $call)))
  (export "merge-sync:triggers/json@0.1.0" (instance $json)))
"""


def test_both_ways_give_the_same_answers() -> None:
    component = Component()
    store = wasmtime.Store(component._linker.engine)
    function = _calls._function(store, component._linker, component._code)
    public, direct = _calls.public(store, function), _calls.direct(store, function)
    for vector in vectors.read(VECTORS):
        text = json.dumps(vector["input"], ensure_ascii=False).encode()
        operation = vector["operation"].encode()
        assert direct(operation, text) == public(operation, text), vector["id"]


def test_the_public_way_takes_over_where_the_bindings_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    taken = []

    def unlike(store: object, function: object) -> _calls.Call:
        taken.append((store, function))
        raise AttributeError("wasmtime_component_val_t")

    monkeypatch.setattr(_calls, "direct", unlike)
    component = Component()
    assert json.loads(component.call("window.locate", '{"model_id": "hris.Employee"}'))
    with pytest.raises(InputError):
        component.call("window.locate", "{}")
    assert taken


@pytest.mark.parametrize("way", [_calls.direct, _calls.public])
def test_a_trap_is_an_error(way: Callable[[wasmtime.Store, Func], _calls.Call]) -> None:
    engine = wasmtime.Engine()
    code = wasmtime.component.Component(engine, wasmtime.wat2wasm(TRAPS))
    linker, store = wasmtime.component.Linker(engine), wasmtime.Store(engine)
    function = _calls._function(store, linker, code)
    with pytest.raises(_calls.Failed, match="unreachable"):
        # (`direct` calls the component already when it is made.)
        way(store, function)(b"meta.version", b"{}")
