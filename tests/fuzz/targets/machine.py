"""The symbolic pickle machine: any bytes give a program, and its findings can be reported."""

from __future__ import annotations

import random
from collections.abc import Sequence

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Program
from tests.fuzz.mutation import MOST, bent, exchanged, respelt
from tests.fuzz.target import Target, Violation, foreseen
from tests.scan import originals
from tests.scan.grammar import stream

__all__ = ["TARGET", "examples", "grow", "vary"]

_LIMITS = Limits()
# How many streams of the grammar stand beside the genuine files at the start.
_GROWN = 400


def examples() -> list[bytes]:
    """Genuine files of pickle and joblib, and streams of the grammar."""
    genuine = [data for data in (*originals.pickles(), *originals.joblibs()) if len(data) < MOST]
    rng = random.Random(1)
    return [*genuine, *(grow(rng) for _ in range(_GROWN))]


def grow(rng: random.Random) -> bytes:
    """A valid stream, in one of two with arrays as joblib writes them."""
    return stream(rng, most=rng.choice((3, 6, 12, 40)), arrays=rng.choice((0.0, 0.15)))


def vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    """Opcodes changed in most streams, any bytes in the others."""
    kind = rng.random()
    if kind < 0.5:
        return exchanged(data, rng)
    return (respelt if kind < 0.8 else bent)(data, others, rng)


def check(data: bytes) -> None:
    """Require that the bytes give a program."""
    program = interpret(data, limits=_LIMITS)
    if not (program.code or program.findings):
        raise Violation("neither code nor a finding")
    if not 0 <= program.size <= len(data):
        raise Violation(f"{program.size} bytes of {len(data)} were read")
    _inner(program, len(data))


def _inner(program: Program, size: int) -> None:
    pending = [program]
    while pending:
        part = pending.pop()
        foreseen(part.findings, size)
        pending += [array for array in part.arrays if isinstance(array, Program)]


TARGET = Target(
    name="machine",
    about="any bytes give a program",
    examples=examples,
    check=check,
    vary=vary,
    grow=grow,
)
