"""What the machine recognises as a whole has the effect of reading it opcode by opcode."""

from __future__ import annotations

import random
from collections.abc import Sequence

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from tests.fuzz.target import Target, Violation
from tests.fuzz.targets.machine import examples, vary
from tests.scan.grammar import stream
from tests.scan.opcode_by_opcode import interpret_one_by_one
from tests.scan.pickle.test_runs import arrays, is_clean, text_arrays, vocabularies
from tests.scan.pictures import picture

__all__ = ["TARGET"]

_LIMITS = Limits()
_LARGEST_FILE = 8_000


def _examples() -> list[bytes]:
    files = [*vocabularies(), *arrays(), *text_arrays(), *examples()]
    return [data for data in files if len(data) < _LARGEST_FILE]


def _grow(rng: random.Random) -> bytes:
    return stream(rng, most=rng.choice((4, 12, 40)), arrays=0.3)


def _check(data: bytes) -> None:
    quick, thorough = interpret(data, limits=_LIMITS), interpret_one_by_one(data, _LIMITS)
    if is_clean(quick) != is_clean(thorough):
        raise Violation(f"{quick.findings} instead of {thorough.findings}")
    if is_clean(quick) and picture(quick) != picture(thorough):
        raise Violation("the two programs differ")


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    return vary(data, others, rng)


TARGET = Target(
    name="runs",
    about="what is recognised as a whole means what its opcodes mean",
    examples=_examples,
    check=_check,
    vary=_vary,
    grow=_grow,
)
