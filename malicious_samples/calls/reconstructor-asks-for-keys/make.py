"""copyreg._reconstructor makes a dict of an object whose method keys is a function of the file."""

from __future__ import annotations

from malicious_samples.recipes import make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    function = make_call(Name("functools", "partial"), Name("numpy", "ones"))

    def namespace(p: Pickle) -> None:
        p.call(Name("types", "SimpleNamespace")).save({"keys": function}).build()

    cls, base = Name("sklearn.utils._bunch", "Bunch"), Name("builtins", "dict")
    return Pickle().call(Name("copyreg", "_reconstructor"), cls, base, namespace).finish()
