"""What the scan says of a stream is what unpickling it does.

Of every stream without a finding: the C and the Python unpickler and joblib's ask for no name that
the scan did not report; the canonical code makes what the file makes; and every token (calls,
arguments, states, items) describes the object that stands in its place, with the uses reported.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any, Literal

import numpy as np

from safeload.limits import Limits
from safeload.scan.arrays.dtypes import DTypeError
from safeload.scan.arrays.dtypes import describe as describe_dtype
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.program import Program, Use
from tests.fuzz.target import Target, Violation
from tests.fuzz.targets.machine import examples, grow, vary
from tests.scan.stubs import Inert, Run, describe, unpickle
from tests.scan.tokens import IncomparableError, describe_tokens

__all__ = ["TARGET", "check"]

_LIMITS = Limits()
# Rules of the policy: they say that a stream is not allowed, not that it was misunderstood.
_POLICY = "SL1"


def check(data: bytes) -> None:
    """Require that the scan and the unpicklers agree on what the bytes mean."""
    program = interpret(data, limits=_LIMITS)
    parts = list(_flat(program))
    if any(not f.rule.startswith(_POLICY) for part in parts for f in part.findings):
        return
    reported = {raw for part in parts for raw in _reported(part)}
    coded = _run_code(program)
    _asks(coded, reported, "the canonical code")
    if program.arrays:
        _like_joblib(data, program, reported)
    else:
        _like_pickle(data, coded, reported)
    if coded.error is None and not any(part.findings for part in parts):
        _means(program, coded)


def _flat(program: Program) -> Iterator[Program]:
    yield program
    for array in program.arrays:
        if isinstance(array, Program):
            yield from _flat(array)


def _reported(program: Program) -> Iterator[tuple[str, str]]:
    for use in program.globals:
        if use.raw is not None:
            yield use.raw
    for raw, _, _ in program.aliases:
        yield raw


def _asks(run: Run, reported: set[tuple[str, str]], who: str) -> None:
    hidden = set(run.asked) - reported
    if hidden:
        raise Violation(f"{who} asks for {sorted(hidden)}, which the scan did not report")


class _Bytes:
    """What stands in the place of an array."""

    def __init__(self, span: object) -> None:
        self._span = span

    def __repr__(self) -> str:
        return hex(id(self._span))


def _run_code(program: Program) -> Run:
    """Run the canonical code; an array is a mark of its span, a nested stream is run for itself."""
    spans = iter(program.arrays)

    def array(_: object) -> object:
        return _Bytes(next(spans))

    run = unpickle(program.code, "c", arrays=array)
    if run.error is None and next(spans, None) is not None:
        raise Violation("the canonical code takes fewer arrays than the scan found")
    for inner in program.arrays:
        if isinstance(inner, Program):
            nested = _run_code(inner)
            run.asked += nested.asked
            if nested.error is None and not inner.findings:
                _means(inner, nested)
    return run


def _like_pickle(data: bytes, coded: Run, reported: set[tuple[str, str]]) -> None:
    c, python = unpickle(data, "c"), unpickle(data, "python")
    _asks(c, reported, "the C unpickler")
    _asks(python, reported, "the Python unpickler")
    _asks(unpickle(data, "joblib"), reported, "joblib")
    if (c.error is None) != (coded.error is None):
        raise Violation(f"the file ends in {c.error!r}, its code in {coded.error!r}")
    if c.error is None:
        picture = _picture(c)
        if picture != _picture(coded):
            raise Violation("the canonical code makes something else than the file")
        if python.error is None and picture != _picture(python):
            raise Violation("the C and the Python unpickler make different things")


def _like_joblib(data: bytes, program: Program, reported: set[tuple[str, str]]) -> None:
    """Compare with joblib, for which arrays and dtypes have to be real."""
    for part in _flat(program):
        for built in part.built:
            if built.is_of("numpy", "dtype"):
                try:
                    describe_dtype(built)
                except DTypeError:
                    # A forged one may crash joblib; the policy refuses it.
                    return
    real = unpickle(data, "joblib", real=True)
    _asks(real, reported, "joblib")
    if real.error is not None:
        return
    parts = list(_flat(program))
    if any(part.findings for part in parts) or any(
        type(built.args) is not tuple for part in parts for built in part.built
    ):
        # The Python unpickler takes any sequence for arguments, and any state that is empty, where
        # the C unpickler refuses.
        return
    protocols = {_protocol(part.code) < 3 for part in parts}
    coded = _run_real(program, data)
    if coded.error is not None:
        raise Violation(f"joblib loads the file, its code ends in {coded.error!r}")
    # Within an array of objects, joblib renames what the file's own protocol says.
    if len(protocols) == 1 and describe(real.value) != describe(coded.value):
        raise Violation("the canonical code makes something else than joblib")


def _protocol(code: bytes) -> int:
    return code[1] if code[:1] == b"\x80" else 0


def _run_real(program: Program, data: bytes) -> Run:
    arrays = iter(program.arrays)

    def array(_: object) -> Any:
        span = next(arrays)
        if isinstance(span, Program):
            nested = _run_real(span, data)
            if nested.error is not None:
                raise nested.error
            return nested.value
        dtype = np.dtype(span.dtype)
        order: Literal["C", "F"] = "F" if span.order == "F" else "C"
        if not span.nbytes:
            return np.empty(span.shape, dtype, order=order)
        return np.ndarray(span.shape, dtype, data, span.offset, order=order)

    return unpickle(program.code, "c", arrays=array, real=True)


def _picture(run: Run) -> str:
    return describe(run.value, run.made)


def _means(program: Program, run: Run) -> None:
    """Hold tokens against objects, and the uses reported against those that were made."""
    try:
        said = describe_tokens(program.root, list(program.built))
    except IncomparableError:
        said = None
    if said is not None and said != _picture(run):
        raise Violation("the tokens describe other objects than the code makes")
    _uses(program, run)


def _uses(program: Program, run: Run) -> None:
    protocol = _protocol(program.code)
    uses: dict[str, set[Use]] = {}
    for named in program.globals:
        uses.setdefault(named.path, set()).update(named.uses)
    found: list[tuple[str, Use]] = []
    values: list[Any] = [run.value]
    for made in run.made:
        values += [*_given(made), made.kwargs, *made.states, *made.items]
        if isinstance(made.callable, type):
            path = made.callable.path  # type: ignore[attr-defined]
            found.append((path, Use(made.use)))
            if made.items:
                found.append((path, Use.FILL))
            if made.states and made.use == "call":
                found.append((path, Use.BUILD))
    found += [(path, Use.REFERENCE) for path in _classes(values)]
    for path, use in found:
        if use not in uses.get(path, ()):
            raise Violation(f"{path} is used to {use.value} and was not reported so ({protocol})")


# Calls whose first arguments are classes to make an instance of, and how many. What is asked of a
# class has a name of its own.
_MAKERS = {
    "builtins.getattr": 1,
    "copyreg._reconstructor": 1,
    "copyreg.__newobj__": 1,
    "copyreg.__newobj_ex__": 1,
    "numpy._core.multiarray._reconstruct": 1,
    "numpy.core.multiarray._reconstruct": 1,
    "numpy.ma.core._mareconstruct": 2,
}


def _given(made: Inert) -> tuple[Any, ...]:
    """The arguments, but for classes that the call only uses."""
    args: tuple[Any, ...] = made.args
    if made.use != "call" or not isinstance(made.callable, type):
        return args
    path: str = made.callable.path  # type: ignore[attr-defined]
    count = 1 if "__pyx_unpickle_" in path else _MAKERS.get(path, 0)
    return tuple(part for part in args[:count] if not isinstance(part, type)) + args[count:]


def _classes(values: list[Any]) -> set[str]:
    """Every class that is a value, or within one; objects are looked into on their own."""
    found: set[str] = set()
    seen: set[int] = set()
    pending = list(values)
    while pending:
        item = pending.pop()
        if isinstance(item, type):
            found.add(item.path)  # type: ignore[attr-defined]
        elif isinstance(item, list | tuple | dict | set | frozenset) and id(item) not in seen:
            seen.add(id(item))
            pending += item
            if isinstance(item, dict):
                pending += item.values()
    return found


TARGET = Target(
    name="agreement",
    about="the scan and the real unpicklers agree",
    examples=examples,
    check=check,
    vary=vary,
    grow=grow,
)
