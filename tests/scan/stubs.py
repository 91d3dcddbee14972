"""The real unpicklers on stubs: what a stream asks for is inert, and notes what is done to it.

A stub stands for each global. Calling it, constructing from it, giving it a state or items does
nothing but to note that it was done, so that what a stream does can be compared: between the C and
the Python unpickler, between a file and its canonical code, and with what the scan says
(``tokens.py``).

The few calls by which old protocols spell what newer ones have opcodes for (``copyreg``'s, bytes,
``getattr``) give what they would give.

Trust: the bytes are hostile. Nothing they name is imported; a process that runs this on hostile
bytes limits its memory and survives its own crash elsewhere.
"""

from __future__ import annotations

import io
import pickle
from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, NoReturn

import numpy as np
from joblib.numpy_pickle import NumpyArrayWrapper, NumpyUnpickler

__all__ = ["Inert", "Run", "describe", "path_of", "unpickle"]

_WRAPPER = "joblib.numpy_pickle.NumpyArrayWrapper"
_STEPS = 20_000
_ATOMS = (bool, int, float, str, bytes, bytearray)


@dataclass(slots=True)
class Run:
    """What an unpickler did.

    Attributes:
        asked: Every pair it asked ``find_class`` for.
        made: Everything that was constructed or called into being, in order.
        value: What it returned.
        error: What it ended in, or None.
    """

    asked: list[tuple[str, str]] = field(default_factory=list)
    made: list[Inert] = field(default_factory=list)
    value: Any = None
    error: Exception | None = None


# The run that stubs note what is done to them in; unpicklers do not say who they are.
_run = Run()


class _Stub(type):
    """The type of stubs: classes to the unpickler, which may be called and constructed from."""

    path: str

    def __call__(cls, *args: Any, **kwargs: Any) -> Any:
        made = Inert(cls, "call", args, kwargs)
        _run.made.append(made)
        special = _SPECIAL.get(cls.path)
        result = None if kwargs or special is None else special(args)
        return made if result is None else result

    def __setitem__(cls, key: Any, value: Any) -> None:
        # An unpickler puts items into whatever it is told to, a class as well.
        pass


class _Taker:
    """A method that an unpickler looks for: of an object it notes what it is given."""

    def __init__(self, note: Callable[[Inert, Any], object]) -> None:
        self._note = note

    def __get__(self, made: Any, owner: Any) -> Callable[[Any], None]:
        def take(value: Any) -> None:
            if made is not None:
                self._note(made, value)

        return take


class Inert:
    """What a stream makes.

    Attributes:
        callable: The stub it was made from, or the object that was called.
        use: ``"call"`` or ``"construct"``.
        args: Positional arguments.
        kwargs: Keyword arguments.
        states: The first and the last state that BUILD gave it.
        items: What was appended, added or set; of SETITEMS keys and values alternate.
    """

    def __init__(self, target: Any, use: str, args: Any, kwargs: Any) -> None:
        self.callable = target
        self.use = use
        self.args = args
        self.kwargs = kwargs
        self.states: list[Any] = []
        self.items: list[Any] = []

    def __call__(self, *args: Any, **kwargs: Any) -> Inert:
        made = Inert(self, "call", args, kwargs)
        _run.made.append(made)
        return made

    def __setitem__(self, key: Any, value: Any) -> None:
        self.items += (key, value)

    __setstate__ = _Taker(lambda made, state: made.states.__setitem__(slice(1, None), [state]))
    append = _Taker(lambda made, item: made.items.append(item))
    add = append
    extend = _Taker(lambda made, items: made.items.extend(items))
    update = extend


# So that a class takes what is done to it as its instances do.
_TAKEN = ("__setstate__", "append", "extend", "add", "update")
_TAKERS = {name: Inert.__dict__[name] for name in _TAKEN}


def _construct(cls: _Stub, *args: Any, **kwargs: Any) -> Inert:
    made = Inert(cls, "construct", args, kwargs)
    if cls.path != _WRAPPER:
        _run.made.append(made)
    return made


def path_of(raw: tuple[str, str], protocol: int) -> str:
    """Module and name as they would be imported, joined by a dot.

    Args:
        raw: The pair that ``find_class`` is asked for.
        protocol: As the stream announces; below 3 ``pickle`` renames what Python 2 named.
    """
    module, name = raw
    if protocol < 3:
        module, name = NAME_MAPPING.get(raw, (IMPORT_MAPPING.get(module, module), name))
    return f"{'pathlib' if module == 'pathlib._local' else module}.{name}"


_known: dict[str, _Stub] = {}


def _stub(path: str) -> _Stub:
    stub = _known.get(path)
    if stub is None:
        if len(_known) > 10_000:
            _known.clear()
        namespace = {"path": path, "__new__": _construct, **_TAKERS}
        stub = _known[path] = _Stub("Stub", (), namespace)
    return stub


# -- calls that stand for something simpler ------------------------------------------------------


def _rebuilt(args: tuple[Any, ...]) -> Any:
    if args and args[0] is NumpyArrayWrapper:
        return NumpyArrayWrapper.__new__(NumpyArrayWrapper)
    if len(args) != 3 or not isinstance(args[0], _Stub):
        return None
    made = _construct(args[0])
    if isinstance(args[2], list | dict):
        made.items += args[2] if isinstance(args[2], list) else _flat(args[2])
    return made


def _new(args: tuple[Any, ...]) -> Inert | None:
    return _construct(*args) if args and isinstance(args[0], _Stub) else None


def _new_ex(args: tuple[Any, ...]) -> Inert | None:
    if len(args) != 3 or not isinstance(args[0], _Stub):
        return None
    made = _construct(args[0])
    made.args, made.kwargs = args[1], args[2]
    return made


def _attribute(args: tuple[Any, ...]) -> _Stub | None:
    if len(args) != 2 or not isinstance(args[0], _Stub) or type(args[1]) is not str:
        return None
    return _stub(f"{args[0].path}.{args[1]}")


def _encoded(args: tuple[Any, ...]) -> bytes | None:
    if len(args) != 2 or args[1] != "latin1" or type(args[0]) is not str:
        return None
    return args[0].encode("latin-1", "replace")


def _bytes(args: tuple[Any, ...]) -> bytes | None:
    return b"" if args == () else None


def _bytearray(args: tuple[Any, ...]) -> bytearray | None:
    if len(args) < 2 and all(isinstance(part, bytes | bytearray) for part in args):
        return bytearray(*args)
    if len(args) == 2 and type(args[0]) is str and args[1] == "latin-1":
        return bytearray(args[0].encode("latin-1", "replace"))
    return None


_SPECIAL: Mapping[str, Callable[[tuple[Any, ...]], Any]] = {
    "copyreg._reconstructor": _rebuilt,
    "copyreg.__newobj__": _new,
    "copyreg.__newobj_ex__": _new_ex,
    "builtins.getattr": _attribute,
    "_codecs.encode": _encoded,
    "builtins.bytes": _bytes,
    "builtins.bytearray": _bytearray,
}


def _flat(pairs: Mapping[Any, Any]) -> Iterator[Any]:
    for pair in pairs.items():
        yield from pair


# -- the unpicklers ------------------------------------------------------------------------------


def unpickle(
    data: bytes,
    kind: str,
    *,
    arrays: Callable[[Any], Any] | None = None,
    real: bool = False,
    tell: Callable[[tuple[str, str]], object] | None = None,
) -> Run:
    """Unpickle hostile bytes on stubs.

    Args:
        data: The stream.
        kind: ``"c"``, ``"python"`` or ``"joblib"``.
        arrays: What a persistent identifier stands for; None if there are none.
        real: Whether array wrappers and dtypes are what they are, so that joblib finds its
            arrays; hostile dtypes may then crash the process.
        tell: Told each pair that is asked for, at once.

    Returns:
        What was done, as far as it came.
    """
    global _run
    run, outer = Run(), _run
    protocol = data[1] if data[:1] == b"\x80" and len(data) > 1 else 0

    def find_class(self: Any, module: str, name: str) -> Any:
        run.asked.append((module, name))
        if tell is not None:
            tell((module, name))
        path = path_of((module, name), protocol)
        return _REAL[path] if real and path in _REAL else _stub(path)

    def persistent_load(self: Any, identifier: Any) -> Any:
        return _no_arrays() if arrays is None else arrays(identifier)

    base = {
        "c": pickle.Unpickler,
        "python": pickle._Unpickler,
        "joblib": NumpyUnpickler,
    }[kind]
    methods = {"find_class": find_class, "persistent_load": persistent_load}
    stubbed = type("Stubbed", (base,), methods)
    stream = io.BytesIO(data)
    _run = run
    try:
        if kind == "joblib":
            run.value = stubbed("", stream, ensure_native_byte_order=False).load()
        else:
            run.value = stubbed(stream).load()
    except Exception as problem:  # noqa: BLE001  # whatever hostile bytes lead to
        run.error = problem
    finally:
        _run = outer
    return run


def _no_arrays() -> NoReturn:
    raise pickle.UnpicklingError("persistent identifiers mean nothing here")


_REAL: Mapping[str, Any] = {
    "numpy.dtype": np.dtype,
    _WRAPPER: NumpyArrayWrapper,
}


# -- descriptions --------------------------------------------------------------------------------


def describe(*values: Any) -> str:
    """Text that is equal for equal graphs of objects, sharing and cycles included."""
    parts: list[str] = []
    seen: dict[int, int] = {}
    kept = []
    pending = list(reversed(values))
    while pending and len(parts) < _STEPS:
        item = pending.pop()
        if isinstance(item, _Stub):
            parts.append(f"class {item.path}")
            continue
        if item is None or isinstance(item, _ATOMS) or (type(item) is tuple and not item):
            # More digits than this Python refuses to write.
            parts.append(hex(item) if type(item) is int else repr(item))
            continue
        if id(item) in seen:
            parts.append(f"#{seen[id(item)]}")
            continue
        seen[id(item)] = len(seen)
        kept.append(item)
        parts.append(f"{type(item).__name__}:")
        if isinstance(item, dict):
            pending += _flat(item)
        elif isinstance(item, list | tuple):
            pending += item
        elif isinstance(item, set | frozenset):
            parts.append(",".join(sorted(map(_simple, item))))
        elif isinstance(item, np.ndarray):
            # Between the fields of a record, joblib leaves whatever was in memory.
            content = item.tolist() if item.dtype.fields else item.tobytes()
            parts.append(f"{item.dtype!r} {item.shape} {content!r}")
        elif isinstance(item, Inert):
            parts.append(item.use)
            pending += (item.callable, *item.args, item.kwargs, *item.states, *item.items)
        else:
            parts.append(repr(item))
    return " ".join(parts)


def _simple(item: Any) -> str:
    return repr(item) if item is None or isinstance(item, _ATOMS) else type(item).__name__
