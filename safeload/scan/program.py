"""The canonical form of a pickle: what the machine understood, and nothing else.

A :class:`Program` holds the opcodes to run (``code``), the arrays they will be handed, and every
global with how it is used. The tokens below stand for the objects that the code would make; none
of them is such an object.

Trust: everything here mirrors a hostile file; a Program is worth no more than a description. The
policy turns it into permission.

Token forms: ``str``, ``int``, ``float``, ``bool`` and ``None`` stand for themselves, ``tuple`` for
a tuple of tokens, ``list`` for a list of tokens; the classes below for the rest.

Source: DESIGN of the ``pickle`` machine, PEP 307, PEP 3154, PEP 574.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING, Any, NamedTuple

from safeload.limits import Limits
from safeload.scan.bounds.budget import WorkBudget
from safeload.scan.runs import Buffer, Run
from safeload.verdict import Finding

if TYPE_CHECKING:
    from safeload.scan.contents import MemberScan

__all__ = [
    "Array",
    "ArraySpan",
    "Blob",
    "Buffer",
    "Collection",
    "Global",
    "GlobalUse",
    "Mapping",
    "ObjectToken",
    "Program",
    "Scan",
    "Token",
    "Use",
]

# Bytes of a blob that are kept apart.
_HEAD = 256
# A token; see the module docstring. Recursive unions of such width help no reader.
Token = Any


class Use(StrEnum):
    """How a stream uses a global.

    CONSTRUCT: an instance is made without calling ``__init__`` (NEWOBJ, INST or OBJ without
    arguments, ``copyreg._reconstructor``, numpy's ``_reconstruct``). CALL: it is called (REDUCE,
    INST or OBJ with arguments). FILL: an instance made from it receives items (APPEND, APPENDS,
    SETITEM, SETITEMS, ADDITEMS). BUILD: what a call of it returned is given a state; what is
    constructed always may be, but a call can return an object that the whole process shares.
    REFERENCE: it stays behind as a value, and whoever holds it may call it later.
    """

    CONSTRUCT = "construct"
    CALL = "call"
    FILL = "fill"
    BUILD = "build"
    REFERENCE = "reference"

    # Millions of sets of uses are made; the enumeration's own hash is not cached.
    __hash__ = str.__hash__


class Global:
    """A module attribute the stream asks for; one token for each name in a stream.

    Attributes:
        module: Module as it will be imported, after the renaming of Python 2 names.
        name: Qualified name within the module; dots are part of it.
        raw: The pair as written in the file: what ``find_class`` will be asked for, or None for
            an attribute reached by ``getattr``, which no ``find_class`` sees.
        offset: Where it is first named, bytes.
        uses: How it is used.
    """

    __slots__ = ("consumed", "module", "name", "offset", "pushed", "raw", "uses")

    def __init__(self, module: str, name: str, raw: tuple[str, str] | None, offset: int) -> None:
        self.module = module
        self.name = name
        self.raw = raw
        self.offset = offset
        self.uses: set[Use] = set()
        # How often it came onto the stack, and how often an opcode used it up there. What came
        # and was not used up was left behind as a value.
        self.pushed = 0
        self.consumed = 0

    @property
    def path(self) -> str:
        """Module and name joined by a dot, as shown to people."""
        return f"{self.module}.{self.name}"

    def __repr__(self) -> str:
        return f"Global({self.path})"


class ObjectToken:
    """An object made by the stream: an instance (NEWOBJ and its like) or a call's result.

    Attributes:
        callable: What was constructed or called: a :class:`Global`, or any other token if the
            callable is itself computed (which no legitimate writer does).
        use: ``Use.CONSTRUCT`` or ``Use.CALL``.
        args: Positional arguments, a tuple of tokens, or the token that stands where a tuple
            belongs.
        kwargs: Token of the keyword arguments (NEWOBJ_EX), or None.
        states: The first and the last state that BUILD gave it; legitimate objects have one at
        most.
        items: What was appended, added or set on it: a flat list of tokens; for SETITEM(S) keys
            and values alternate.
        offset: Where it was made, bytes.
    """

    # Most objects have none of these, so that they stay with the class.
    kwargs: Token = None
    states: tuple[Token, ...] = ()
    items: tuple[Token, ...] | list[Token] = ()
    # How deeply results of calls are nested in it, itself included, 0 for plain instances; whether
    # it is known to be in another; and whether a call was given it.
    depth: int = 0
    nested: bool = False
    taken: bool = False
    # What dtypes.describe said of it, and after how many states.
    described: tuple[int, Any] | None = None
    # What texts.text_of said of it, once somebody asked.
    text: tuple[str | None, ...] = ()

    def __init__(self, target: Token, use: Use, args: Token, offset: int) -> None:
        self.callable = target
        self.use = use
        self.args = args
        self.offset = offset

    def is_of(self, module: str, name: str) -> bool:
        """Whether its callable is exactly this global."""
        target = self.callable
        return isinstance(target, Global) and target.module == module and target.name == name

    def dicts(self) -> list[Mapping]:
        """The dicts that its states are, or are tuples of."""
        return [
            part
            for state in self.states
            for part in (state if type(state) is tuple else (state,))
            if type(part) is Mapping
        ]


class Mapping(list[Token]):
    """A dict: a flat list in which keys and values alternate, later pairs overwrite earlier ones.

    A :class:`~safeload.scan.runs.Run` in it stands for many pairs at once.

    Pairs that were overwritten stay, so that nothing a dict ever held goes unseen.
    """

    __slots__ = ("_form",)

    # How many items there were when the keys were asked for, the keys, and whether a run is there.
    _form: tuple[int, tuple[Token, ...], bool]

    @property
    def form(self) -> tuple[Token, ...]:
        """Every key that was ever set, in order, for who compares them with those of others."""
        try:
            length, keys, _ = self._form
        except AttributeError:
            length, keys = -1, ()
        if length != len(self):
            has_runs = Run in map(type, self)
            keys = tuple(self._written_out()[::2] if has_runs else self[::2])
            self._form = len(self), keys, has_runs
        return keys

    @property
    def keys(self) -> list[Token]:
        """Every key that was ever set, in order."""
        return self.pairs[::2]

    @property
    def values(self) -> list[Token]:
        """The values that belong to the keys."""
        return self.pairs[1::2]

    @property
    def pairs(self) -> list[Token]:
        """Keys and values, those of a run written out."""
        try:
            length, _, has_runs = self._form
        except AttributeError:
            length, has_runs = -1, False
        if length != len(self):
            has_runs = Run in map(type, self)
        return self._written_out() if has_runs else self

    def _written_out(self) -> list[Token]:
        pairs: list[Token] = []
        for item in self:
            pairs += itertools.chain.from_iterable(item.pairs()) if type(item) is Run else [item]
        return pairs

    def get(self, key: str) -> Token:
        """The last value set for a string key, or None."""
        pairs = self.pairs
        for index in range(len(pairs) - 2, -1, -2):
            if type(pairs[index]) is str and pairs[index] == key:
                return pairs[index + 1]
        return None


class Collection:
    """A set or frozenset."""

    __slots__ = ("items", "kind")

    def __init__(self, kind: str, items: list[Token]) -> None:
        self.kind = kind
        self.items = items


class Blob:
    """Bytes or a bytearray in the stream.

    Attributes:
        kind: ``"bytes"`` or ``"bytearray"``.
        offset: First byte in the member.
        size: Length, bytes.
        head: The bytes themselves if they are few, else the first 256.
        source: What the bytes come from: the buffer they lie in at ``offset``, or text that stands
            for them, one character a byte.
    """

    __slots__ = ("head", "kind", "offset", "size", "source")

    def __init__(
        self, kind: str, offset: int, size: int, head: bytes, source: Buffer | memoryview | str
    ) -> None:
        self.kind = kind
        self.offset = offset
        self.size = size
        self.head = head
        self.source = source

    @classmethod
    def within(cls, data: Buffer, kind: str, offset: int, size: int) -> Blob:
        """Bytes that lie in a member.

        Args:
            data: The member's bytes.
            kind: As the attribute.
            offset: As the attribute.
            size: As the attribute; not more than there are.
        """
        return cls(kind, offset, size, bytes(data[offset : offset + min(size, _HEAD)]), data)

    @property
    def content(self) -> memoryview:
        """All the bytes; a view where that is possible."""
        if isinstance(self.source, str):
            return memoryview(self.source.encode("latin-1", "replace"))
        return memoryview(self.source)[self.offset : self.offset + self.size]


class Array:
    """What a joblib array wrapper, or a member of an archive, becomes.

    Attributes:
        span: Where its bytes lie, or the nested stream that makes an array of objects.
        source: The buffer that the span points into.
    """

    __slots__ = ("source", "span")

    def __init__(self, span: ArraySpan | Program, source: Buffer | memoryview) -> None:
        self.span = span
        self.source = source


class ArraySpan(NamedTuple):
    """Raw array bytes between the opcodes of a joblib file.

    Attributes:
        offset: First raw byte in the member.
        nbytes: Length, bytes.
        dtype: What ``numpy.dtype`` takes to make this very type: a type string such as ``"<f8"``,
            or for records a dict of names, formats, offsets and itemsize.
        shape: Shape of the array.
        order: ``"C"`` or ``"F"``.
        described: Whether the file says this beside the bytes, in numpy's own form; otherwise the
            code builds an object that says it.
        matrix: Whether it becomes a ``numpy.matrix``.
    """

    offset: int
    nbytes: int
    dtype: Any
    shape: tuple[int, ...]
    order: str
    described: bool = False
    matrix: bool = False


class GlobalUse(NamedTuple):
    """A global as scanned: exact name, all its uses, first offset."""

    module: str
    name: str
    raw: tuple[str, str] | None
    uses: frozenset[Use]
    offset: int

    @property
    def path(self) -> str:
        """Module and name joined by a dot."""
        return f"{self.module}.{self.name}"


@dataclass(slots=True)
class Program:
    """One stream, understood.

    Attributes:
        member: Path of the stream in the file, ``""`` for the file's own.
        data: The member's bytes, until they are forgotten.
        segments: Canonical opcodes for the C unpickler, in pieces, large ones as the slice of the
            member that they are; every array is one BINPERSID. Empty if the stream has no end.
        arrays: For each BINPERSID in order: the span to view, or the nested stream to run.
        globals: Every global with its uses.
        built: Every object made, in order.
        hashing: Dicts, sets and objects like them that have a key which is not a text.
        root: The token of the object that the stream makes, once its end was reached.
        findings: What is malformed or was not read.
        aliases: Further spellings of a global in ``globals``: as written, and what it stands for.
        opcodes: Opcodes interpreted.
        size: Bytes of the member that this stream takes, array bytes included.
        elsewhere: The bytes of another file that all offsets point into; None where they point
            into those of the member it is in.
    """

    member: str
    data: Buffer = field(default=b"", repr=False)
    segments: list[bytes | slice] = field(default_factory=list, repr=False)
    arrays: list[ArraySpan | Program] = field(default_factory=list)
    globals: list[GlobalUse] = field(default_factory=list)
    built: list[ObjectToken] = field(default_factory=list)
    hashing: list[Token] = field(default_factory=list)
    root: Token = None
    findings: list[Finding] = field(default_factory=list)
    aliases: list[tuple[tuple[str, str], str, str]] = field(default_factory=list)
    opcodes: int = 0
    size: int = 0
    elsewhere: Buffer | None = field(default=None, repr=False)

    def pieces(self, data: Buffer) -> list[bytes | memoryview]:
        """The canonical opcodes, large pieces as views.

        Args:
            data: The member's bytes.
        """
        view = memoryview(data)
        return [view[part] if isinstance(part, slice) else part for part in self.segments]

    @property
    def code(self) -> bytes:
        """The canonical opcodes in one piece."""
        return b"".join(self.pieces(self.data))

    def forget(self) -> None:
        """Drop the token graph, which may be as large as the model, and the member's bytes."""
        self.built.clear()
        self.hashing.clear()
        self.root = None
        self.data = b""


@dataclass(slots=True)
class Scan:
    """A whole file, understood as far as it goes.

    Attributes:
        format: ``"pickle"``, ``"joblib"``, ``"joblib+zlib"`` (and gzip, bz2, lzma, xz, lz4, zstd),
            ``"joblib+zfile"`` (and ``"joblib-old"`` in place of ``"joblib"`` where arrays of it
            lie in files beside),
            ``"skops"``, ``"npy"``, ``"npz"``, ``"torch"``, ``"torch-legacy"``, ``"zip"``, ``"tar"``
            (and those with the name of a codec behind, such as ``"tar+gzip"``) or ``"unknown"``.
        programs: The streams in it, outermost first. A skops file has one, without code.
        findings: What concerns the file as a whole.
        members: What else is in it, each scanned when it is asked for.
        single: Whether the programs are all that a loader gets from it.
        data: The bytes that the programs' offsets point into: the artefact's own, or what they
            decompress to.
        limits: What it was scanned within.
        budget: What may still be spent on it; all there is unless given.
    """

    format: str
    programs: list[Program]
    findings: list[Finding]
    data: Buffer = field(repr=False)
    limits: Limits = field(default_factory=Limits)
    budget: WorkBudget | None = None
    members: Iterable[MemberScan] = ()
    single: bool = True
