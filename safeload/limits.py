"""Every bound on what a file may cost, with its unit and the reason for its size.

Reaching a bound makes the verdict INCOMPLETE: the rest was not read, so nothing is said of it. The
finding names the bound, which ``limits=`` and ``--limit NAME=VALUE`` raise. (It makes it REFUSE for
what no writer could have written: such places in the memo, numbers of that many digits in text,
arrays of that many dimensions.)
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from functools import cache
from typing import Any

from safeload.arguments import as_number, as_whole, require_type, wrong_value
from safeload.errors import UsageError

__all__ = ["FIXED", "Isolation", "Limits"]

# What may be lowered and not raised: compiled code recurs as deeply, or has such a bound itself.
FIXED = frozenset(["array_dimensions", "depth", "integer_digits", "nesting"])

_KIB = 1024
_MIB = 1024 * _KIB
_GIB = 1024 * _MIB
# Compiled code counts in 64 bits.
_MOST = 2**62


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """Bounds on one file. The defaults fit every legitimate model we know with room to spare.

    Attributes:
        bytes_in: Size of the file, bytes. A forest of a few hundred million nodes fits.
        bytes_out: Size of the decompressed stream, bytes; as ``bytes_in``.
        ratio: Decompressed bytes for each compressed byte, judged beyond ``ratio_floor``.
            Legitimate models stay below 100; DEFLATE bombs reach 1,032, LZMA and bzip2 far more.
        ratio_floor: Decompressed bytes below which no ratio is judged: a few zeros compress
            without bound and cost nothing.
        dictionary: Memory that a stream of zstd, or in a 7z archive, asks for to be decompressed,
            bytes. The strongest settings of 7-Zip ask for that much, those of zstd for half.
        opcodes: Opcodes in one stream. A vocabulary of ten million terms has forty million.
        density: Opcodes for each byte of a compressed file, judged beyond ``density_floor``.
            An opcode may cost a hundred bytes of memory; of those that push what is there already,
            eight count as one. Legitimate models stay below 4.
        density_floor: Opcodes below which no density is judged.
        stack: Items on the stack, and MARKs, of one stream; looked at every 64 KiB. Writers push
            a thousand items at a time; only a tuple or frozenset has all of its items there.
        memo_gaps: Memo indices left out, beyond one for each that is set. The unpickler makes room
            for all up to the highest; writers leave none out, or the first.
        globals: Different names in one file. The largest legitimate models have some hundred.
        name: Characters of a module or of a qualified name. Legitimate ones stay below 100.
        nesting: Tuples, frozensets and results of calls, each within another. C code frees and
            hashes them by recursion, and most stacks end at 20,000; legitimate models nest about
            twenty.
        depth: Depth of nodes in a skops schema, and of tuples in a key. The one is built and the
            other hashed by recursion; legitimate models nest about twenty.
        expansion: Parts of all that a stream makes, each counted wherever it recurs, for each of
            its opcodes. Whoever prints or compares it walks them all.
        unbudgeted_work: Steps of work that take no bytes of their own, beyond one for each byte of
            the file: items of tuples hashed as keys, items of containers taken more than once.
            Without it a small file could ask for work without end.
        seconds: Time to scan and judge one file, seconds. A vocabulary of ten million terms takes
            half a minute.
        patterns: Regular expressions that differ from each other. Judging one takes up to a fifth
            of a second; legitimate models have a few.
        integer_digits: Decimal digits of an integer; CPython's own bound where it is text. What
            divides or converts larger ones takes time that grows with the square.
        array_dimensions: Dimensions of an array; numpy's own bound.
        columns: Columns, outputs or classes that a model says it has, and rows of an empty array,
            beyond one for each byte of the file. Notebooks show a name for each.
        growth: How many times longer than what it is given a text or whole number of Python may
            become that a model computes. Numbers of numpy's do not grow.
        members: Files in an archive, things that stand one behind the other in a file, and names
            that a server lists below one address.
        containers: Archives and compressed streams within each other.
        schema_bytes: Size of a skops ``schema.json``, bytes.
        findings: Findings kept for one stream; of the others, only the first refusal.
        bundle_bytes: Size of a signature bundle, bytes.

    Raises:
        UsageError: A bound is no number that is finite and not negative, or one of those that
            cannot be raised was (``limit-fixed``).
    """

    bytes_in: int = 64 * _GIB
    bytes_out: int = 64 * _GIB
    ratio: int = 400
    ratio_floor: int = 64 * _MIB
    dictionary: int = 256 * _MIB
    opcodes: int = 200_000_000
    density: int = 16
    density_floor: int = 500_000
    stack: int = 1_000_000
    memo_gaps: int = 64
    globals: int = 10_000
    name: int = 1_000
    nesting: int = 1_000
    depth: int = 500
    expansion: int = 1_000
    unbudgeted_work: int = 10_000
    seconds: float = 300.0
    patterns: int = 100
    integer_digits: int = 4_300
    array_dimensions: int = 64
    columns: int = 4_194_304
    growth: int = 131_072
    members: int = 200_000
    containers: int = 5
    schema_bytes: int = 512 * _MIB
    findings: int = 1_000
    bundle_bytes: int = 16 * _MIB

    def __post_init__(self) -> None:
        for name, usual in _usual().items():
            given = getattr(self, name)
            # Most are as usual, and every load makes some.
            if given is not usual:
                # As it is sent to other processes: numpy's numbers have no form in JSON.
                object.__setattr__(self, name, _limit(name, given, usual))

    @classmethod
    def of(cls, limits: Limits | None) -> Limits:
        """Limits as callers may give them: themselves, or None for the usual ones.

        Raises:
            UsageError: They are neither.
        """
        require_type(limits, "limits", type(None), cls, takes="None or Limits")
        return cls() if limits is None else limits


@cache
def _usual() -> Mapping[str, int | float]:
    return {field.name: field.default for field in fields(Limits)}  # type: ignore[misc]


def _limit(name: str, value: object, usual: Any) -> int | float:
    if isinstance(usual, float):
        seconds = as_number(value, name)
        if seconds < 0:
            raise wrong_value(name, "a finite number of seconds that is not negative")
        return seconds
    number = as_whole(value, name, least=0, most=_MOST)
    if name in FIXED and number > usual:
        raise UsageError(
            f"The limit {name} cannot be raised above {usual}.",
            code="limit-fixed",
            hint="Beyond it, compiled code could end the process.",
        )
    return number


# What each bound may be: what the kernel and the clock take, and no more than anybody means.
_POSSIBLE: dict[str, tuple[float, float]] = {
    "seconds": (0.001, 10**9),
    "processor": (1, 10**9),
    "memory": (1, 1 << 62),
    "threads": (1, 1 << 31),
    "files": (1, 1 << 31),
    "reply": (1, 1 << 62),
    "text": (1, 1 << 62),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Isolation:
    """Bounds on the process that a third party's model lives in.

    Attributes:
        seconds: Time for loading, and for each call after that, seconds. Importing the libraries
            alone takes several.
        processor: Processor time for the process's whole life, over all its threads, seconds. One
            that predicts all day is started anew now and then.
        memory: Address space of the process, bytes. Libraries reserve one or two GiB of it without
            ever using them, more where there are many processors.
        threads: Threads and processes that it may have at a time. Libraries for linear algebra
            start one for each processor.
        files: Files that it may have open at a time. Importing a library opens one after the other.
        reply: Size of one answer, bytes; reading it takes up to four times as much memory, eight
            times where it is columns of text. A hundred million predictions fit.
        text: Size of the part of an answer that is text, bytes. Two hundred thousand distinct
            labels fit. It is read in one step, which nothing interrupts, takes up to a second and
            up to fifty times as much memory.

    Raises:
        UsageError: A bound is not a whole number (``seconds`` may be a fraction), or out of range.
    """

    seconds: float = 120.0
    processor: int = 3_600
    memory: int = 16 * _GIB
    threads: int = 1_024
    files: int = 256
    reply: int = 1 * _GIB
    text: int = 4 * _MIB

    def __post_init__(self) -> None:
        import numbers  # ``import safeload`` costs next to nothing, and needs none

        for name, (least, most) in _POSSIBLE.items():
            value: Any = getattr(self, name)
            kind = numbers.Real if name == "seconds" else numbers.Integral
            # Not a number is not between any two.
            fits = isinstance(value, kind) and not isinstance(value, bool)
            if not (fits and least <= value <= most):
                what = "a number" if name == "seconds" else "a whole number"
                raise UsageError(
                    f"Isolation({name}=...) takes {what} from {least:,} to {most:,}.",
                    code="isolation-bounds",
                    hint="Leave it out for the default, which fits every known legitimate model.",
                )
            # As it is sent: numpy's numbers have no form in JSON.
            object.__setattr__(self, name, float(value) if name == "seconds" else int(value))
