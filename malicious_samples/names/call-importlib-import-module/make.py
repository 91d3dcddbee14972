"""Importlib.import_module returns a module, attrgetter its function."""

from __future__ import annotations

from malicious_samples.recipes import make_call, shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    module = make_call(Name("importlib", "import_module"), "os")
    getter = make_call(Name("operator", "attrgetter"), "system")
    return Pickle().call(make_call(getter, module), shell(canary)).finish()
