"""What each opcode does to the symbolic machine: one small function for each but the commonest.

Text arguments are taken only in the form that ``pickle`` writes, because the C and the Python
unpickler read other forms differently. Opcodes that no writer of model files emits are findings.

Trust: arguments are hostile; every length is checked against the bytes there are.
Source: CPython ``Lib/pickletools.py`` (the table of opcodes) and ``Modules/_pickle.c``.
"""

from __future__ import annotations

import codecs
import re

from safeload.scan.bounds.budget import OverLimitError
from safeload.scan.pickle.arguments import (
    LAYOUTS,
    decimal,
    line,
    line_span,
    not_canonical,
    number,
    take,
    text_within,
)
from safeload.scan.pickle.machine import Handler, Machine
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.pickle.reductions import reduce
from safeload.scan.pickle.shape import LONG_TEXT
from safeload.scan.program import Blob, Collection, Global, Mapping, ObjectToken, Token, Use

__all__ = ["HANDLERS"]

_HIGHEST_PROTOCOL = 5

_ESCAPED = re.compile(rb"(?:[^\\]|\\(?:[\\'\"nrt]|x[0-9a-f]{2}))*+", re.DOTALL)
# The C pickler of Python 2 writes whole numbers without a point.
_FLOAT = re.compile(rb"-?(?:[0-9]+(?:\.[0-9]+)?(?:e[+-][0-9]+)?|inf|nan)")


def _unknown(m: Machine) -> None:
    raise MalformedError("SL203", "A byte is not an opcode.", m.position - 1)


# -- atoms -----------------------------------------------------------------------------------


def _int(m: Machine) -> None:
    text = line(m)
    m.stack.append(text == b"01" if text in (b"00", b"01") else decimal(m, text))


def _long(m: Machine) -> None:
    text = line(m)
    m.stack.append(decimal(m, text.removesuffix(b"L")))


def _float(m: Machine) -> None:
    text = line(m)
    if not _FLOAT.fullmatch(text):
        raise not_canonical(m)
    m.stack.append(float(text))


def _binary_long(form: str) -> Handler:
    def handler(m: Machine) -> None:
        length = number(m, form)
        start = take(m, length)
        # A byte is a little less than twelve fifths of a digit.
        if length * 12 > m.limits.integer_digits * 5:
            raise OverLimitError("An integer has too many digits.", "integer_digits")
        m.stack.append(int.from_bytes(m.data[start : m.position], "little", signed=True))

    return handler


def _unicode(m: Machine) -> None:
    _push_text(m, text_within(m.data, *line_span(m), "raw-unicode-escape", "strict"))


def _long_unicode(m: Machine) -> None:
    start = take(m, number(m, "<Q"))
    _push_text(m, text_within(m.data, start, m.position))


def _push_text(m: Machine, text: str) -> None:
    if len(text) > LONG_TEXT:
        m.shape.long_text = True
    m.stack.append(text)


def _string(m: Machine) -> None:
    opcode = m.position - 1
    start, stop = line_span(m)
    quote = m.data[start : start + 1]
    if stop - start < 2 or quote not in (b"'", b'"') or m.data[stop - 1 : stop] != quote:
        raise not_canonical(m)
    # Any other escape would draw a warning, or read as something else in other releases.
    if not _ESCAPED.fullmatch(m.data, start + 1, stop - 1):
        raise not_canonical(m)
    with memoryview(m.data) as view, view[start + 1 : stop - 1] as part:
        value, _ = codecs.escape_decode(part)
    if value.isascii():
        _push_text(m, value.decode("ascii"))
        return
    m.cut(opcode, m.position, instead=b"B" + LAYOUTS["<I"].pack(len(value)) + value)
    m.stack.append(Blob.within(value, "bytes", 0, len(value)))


def _binary_string(form: str, instead: bytes) -> Handler:
    """A ``str`` of Python 2: text where it is ASCII, as ``pickle`` reads it; else it is bytes.

    Args:
        form: Layout of its length.
        instead: The opcode for bytes with that layout, which takes its place in the code.
    """

    def handler(m: Machine) -> None:
        opcode = m.position - 1
        length = number(m, form)
        start = take(m, length)
        try:
            text = text_within(m.data, start, m.position, "ascii", "strict")
        except UnicodeDecodeError:
            m.cut(opcode, opcode + 1, instead=instead)
            m.stack.append(Blob.within(m.data, "bytes", start, length))
        else:
            _push_text(m, text)

    return handler


def _bytes(kind: str, form: str) -> Handler:
    def handler(m: Machine) -> None:
        length = number(m, form)
        start = take(m, length)
        m.stack.append(Blob.within(m.data, kind, start, length))

    return handler


# -- the stack and the memo ------------------------------------------------------------------


def _pop(m: Machine) -> None:
    # POP takes a MARK away if that is on top.
    if m.marks and m.marks[-1] == len(m.stack):
        m.marks.pop()
    else:
        m.pop()


def _pop_mark(m: Machine) -> None:
    m.pop_to_mark()


def _dup(m: Machine) -> None:
    raise MalformedError(
        "SL214", "The stream has the opcode DUP, which no pickler writes.", m.position - 1
    )


def _put(m: Machine) -> None:
    m.put(decimal(m, line(m)))


def _get(m: Machine) -> None:
    m.get(decimal(m, line(m)))


# -- containers ------------------------------------------------------------------------------


def _new_list(m: Machine) -> None:
    m.stack.append([])


def _new_set(m: Machine) -> None:
    m.stack.append(Collection("set", []))


def _list(m: Machine) -> None:
    m.stack.append(m.pop_to_mark())


def _dict(m: Machine) -> None:
    mapping = Mapping()
    _extend_pairs(m, mapping, m.pop_to_mark())
    m.stack.append(mapping)


def _frozenset(m: Machine) -> None:
    made = Collection("frozenset", m.pop_to_mark())
    m.shape.hash_keys(made, made.items)
    m.stack.append(made)


def _append(m: Machine) -> None:
    m.need(2)
    _fill_list(m, [m.stack.pop()])


def _appends(m: Machine) -> None:
    items = m.pop_to_mark()
    m.need(1)
    _fill_list(m, items)


def _fill_list(m: Machine, items: list[Token]) -> None:
    target = m.stack[-1]
    if type(target) is list:
        target.extend(items)
    else:
        _fill_object(m, target, items)


def _setitem(m: Machine) -> None:
    m.need(3)
    pair = m.stack[-2:]
    del m.stack[-2:]
    _fill_dict(m, pair)


def _setitems(m: Machine) -> None:
    pairs = m.pop_to_mark()
    m.need(1)
    _fill_dict(m, pairs)


def _fill_dict(m: Machine, pairs: list[Token]) -> None:
    target = m.stack[-1]
    if type(target) is Mapping:
        _extend_pairs(m, target, pairs)
    else:
        m.shape.hash_keys(target, pairs[::2])
        _fill_object(m, target, pairs)


def _extend_pairs(m: Machine, known: Mapping, pairs: list[Token]) -> None:
    if len(pairs) % 2:
        raise MalformedError("SL204", "A key has no value.", m.position)
    m.shape.hash_keys(known, pairs[::2])
    known.extend(pairs)


def _additems(m: Machine) -> None:
    items = m.pop_to_mark()
    m.need(1)
    target = m.stack[-1]
    if isinstance(target, Collection) and target.kind == "set":
        m.shape.hash_keys(target, items)
        target.items.extend(items)
    else:
        # Of an object nobody could tell later that these are no pairs.
        m.shape.hash_keys(Collection("set", items), items)
        _fill_object(m, target, items)


def _fill_object(m: Machine, target: Token, items: list[Token]) -> None:
    if not isinstance(target, ObjectToken):
        m.note("SL106", "Items are put into something that is not a container.", m.position - 1)
        return
    if isinstance(target.items, list):
        target.items.extend(items)
    else:
        target.items = [*target.items, *items]
    if target.use is Use.CALL:
        m.shape.put_into(target, items)
    if isinstance(target.callable, Global):
        target.callable.uses.add(Use.FILL)


# -- globals and objects ---------------------------------------------------------------------


def _global(m: Machine) -> None:
    start = m.position - 1
    module, name = _name(m), _name(m)
    m.stack.append(m.global_(module, name, start))


def _name(m: Machine) -> str:
    text = line(m)
    if not text:
        # The C unpickler takes an empty line for the end of the stream.
        raise not_canonical(m)
    return text.decode("utf-8")


def _newobj_ex(m: Machine) -> None:
    m.need(3)
    kwargs, args, target = m.stack.pop(), m.stack.pop(), m.stack.pop()
    m.taken.take_whole(kwargs)
    m.use_up(target, Use.CONSTRUCT)
    made = m.build(target, Use.CONSTRUCT, args, kwargs)
    m.shape.give_arguments(made, args)
    m.stack.append(made)


def _inst(m: Machine) -> None:
    start = m.position - 1
    module, name = _name(m), _name(m)
    args = tuple(m.pop_to_mark())
    _instantiate(m, m.global_(module, name, start), args)


def _obj(m: Machine) -> None:
    items = m.pop_to_mark()
    if not items:
        m.underflow(m.position)
    _instantiate(m, items[0], tuple(items[1:]))


def _instantiate(m: Machine, target: Token, args: tuple[Token, ...]) -> None:
    """INST and OBJ call no class; a class only with arguments, else they only allocate."""
    if args or not isinstance(target, Global):
        m.stack.append(reduce(m, target, args))
        return
    m.use_up(target, Use.CONSTRUCT)
    m.stack.append(m.build(target, Use.CONSTRUCT, args))


# -- the rest --------------------------------------------------------------------------------


def _proto(m: Machine) -> None:
    if m.position - 1 != m.start:
        raise MalformedError("SL213", "PROTO stands within the stream.", m.position - 1)
    m.protocol = number(m, "<B")
    if m.protocol > _HIGHEST_PROTOCOL:
        raise MalformedError(
            "SL213", "The stream names a protocol that does not exist.", m.position - 1
        )


def _stop(m: Machine) -> None:
    m.need(1)
    m.stopped = True
    if m.marks or len(m.stack) != 1:
        m.note("SL204", "Values are left on the stack at STOP.", m.position - 1)
    m.program.root = m.stack[-1]
    if m.frame_end not in (None, m.position):
        m.note("SL208", "The stream stops within a frame.", m.position - 1)


def _persistent(m: Machine) -> None:
    raise MalformedError("SL207", "Persistent IDs are not supported.", m.position - 1)


def _binary_persistent(m: Machine) -> None:
    if m.persistent is None:
        _persistent(m)
        return
    identifier = m.pop()
    m.stack.append(m.persistent(identifier, m.position - 1))


def _extension(m: Machine) -> None:
    raise MalformedError(
        "SL206", "An extension code stands for a name that the file does not say.", m.position - 1
    )


def _out_of_band(m: Machine) -> None:
    raise MalformedError("SL006", "A buffer is kept outside of the file.", m.position - 1)


_FUNCTIONS: dict[bytes, Handler] = {
    b"I": _int,
    b"L": _long,
    b"F": _float,
    b"\x8a": _binary_long("<B"),
    b"\x8b": _binary_long("<i"),
    b"V": _unicode,
    b"\x8d": _long_unicode,
    b"S": _string,
    b"T": _binary_string("<i", b"B"),
    b"U": _binary_string("<B", b"C"),
    b"C": _bytes("bytes", "<B"),
    b"B": _bytes("bytes", "<I"),
    b"\x8e": _bytes("bytes", "<Q"),
    b"\x96": _bytes("bytearray", "<Q"),
    b"0": _pop,
    b"1": _pop_mark,
    b"2": _dup,
    b"p": _put,
    b"g": _get,
    b"]": _new_list,
    b"\x8f": _new_set,
    b"l": _list,
    b"d": _dict,
    b"\x91": _frozenset,
    b"a": _append,
    b"e": _appends,
    b"s": _setitem,
    b"u": _setitems,
    b"\x90": _additems,
    b"c": _global,
    b"\x92": _newobj_ex,
    b"i": _inst,
    b"o": _obj,
    b"\x80": _proto,
    b".": _stop,
    b"P": _persistent,
    b"Q": _binary_persistent,
    b"\x82": _extension,
    b"\x83": _extension,
    b"\x84": _extension,
    b"\x97": _out_of_band,
    b"\x98": _out_of_band,
}

# The opcodes missing here run inline, in safeload.scan.pickle.interpreter.
HANDLERS: list[Handler] = [_FUNCTIONS.get(bytes([code]), _unknown) for code in range(256)]
