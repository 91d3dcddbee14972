"""Marshal makes a code object from bytes, FunctionType a function from that."""

from __future__ import annotations

import marshal

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    body = marshal.dumps(compile(python(canary), "<model>", "exec"))
    code = make_call(Name("marshal", "loads"), body)
    function = make_call(
        Name("types", "FunctionType"), code, {"__builtins__": Name("builtins", "__dict__")}
    )
    return Pickle().call(function).finish()
