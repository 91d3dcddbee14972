"""Cloudpickle's way to write a lambda: a code object and a function around it."""

from __future__ import annotations

import marshal

from malicious_samples.recipes import make_call, python
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    body = marshal.dumps(compile(python(canary), "<model>", "exec"))
    code = make_call(Name("marshal", "loads"), body)
    make = Name("cloudpickle.cloudpickle", "_make_function")
    return Pickle().call(make_call(make, code, {}, "f", None, None)).finish()
