"""Keys become the number of steps that a dict or set takes to find room for them.

Python salts the hashes of text and bytes, but not of numbers and of tuples of them: whoever writes
a file can choose a hundred thousand keys that all ask for the same place, and each looks at all
before it. What CPython would do is done here with the hashes alone, and stops at the bound.

Some steps for each key are free, a microsecond's worth: legitimate numbers that share their lowest
bits need no more.

Trust: keys are hostile tokens, each checked before to be hashed in bounded time.
Source: CPython ``Objects/dictobject.c`` and ``Objects/setobject.c``, ``_Py_HashDouble``,
``frozenset_hash``; ``Lib/fractions.py`` and ``Lib/uuid.py``.
"""

from __future__ import annotations

import re
import struct
from collections.abc import Callable, Iterable, Iterator, Sequence
from decimal import Decimal
from fractions import Fraction

from safeload.scan.arrays.dtypes import DTypeError, describe
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.program import Blob, Collection, Global, Mapping, ObjectToken, Token

__all__ = ["check_collisions", "keys_of"]

# So many keys are harmless whatever their hashes are.
_FEW = 128
# Steps for each key that are free; those to the neighbours in a set cost next to nothing.
_FREE, _FREE_IN_SET = 64, 256
# Whose hashes nobody can choose: salted, or an address.
_SALTED = frozenset([str, type(None), Global])
# A range of whole numbers so much wider than they are many has no long chains.
_SPREAD = 4
# Bits of a number, or bytes, that take longer to hash or compare than what recalls them.
_WIDE = 8_192
_RATIO = re.compile(r"[+-]?[0-9]+(/[0-9]+)?")
_SETS = frozenset(["frozenset", "set"])
_WORD = (1 << 64) - 1
_PERTURB = 5
# Neighbours that a set looks at before it jumps.
_NEIGHBOURS = 9
# Items from which on a set grows by less.
_LARGE_SET = 50_000


def check_collisions(holder: Token, budget: WorkBudget) -> None:
    """Bound the steps that a dict or set takes to be filled.

    Args:
        holder: A dict, a set, or an object that was made from one or filled like one; its keys
            can each be hashed in bounded time.
        budget: What more than a few steps for each key is paid from.

    Raises:
        OverLimitError: They collide too often.
    """
    for keys, is_set in keys_of(holder):
        _check(keys, budget, is_set=is_set)


def keys_of(holder: Token) -> Iterator[tuple[Sequence[Token], bool]]:
    """What a holder hashes.

    Args:
        holder: As for :func:`check_collisions`.

    Yields:
        Keys that are put into one place after the other, and whether that is a set.
    """
    if type(holder) is Mapping:
        yield holder.keys, False
    elif type(holder) is Collection:
        yield holder.items, True
    elif type(holder) is ObjectToken:
        yield holder.items[::2], False
        is_set = type(holder.callable) is Global and holder.callable.name in _SETS
        for part in holder.args if type(holder.args) is tuple else ():
            if type(part) is Mapping:
                yield part.keys, is_set
            elif type(part) is Collection:
                yield part.items, is_set
            elif type(part) is list or type(part) is tuple:
                yield list(map(_key, part)), is_set


def _key(item: Token) -> Token:
    """What ``OrderedDict`` takes for a key in a list of pairs; each pair in a set is one itself."""
    return item[0] if type(item) is list and len(item) == 2 else item


def _check(keys: Sequence[Token], budget: WorkBudget, *, is_set: bool) -> None:
    kinds = set(map(type, keys)) - _SALTED
    if not kinds:
        return
    wide = sum(key.bit_length() for key in keys if type(key) is int and abs(key) >> _WIDE)
    wide += sum(key.size for key in keys if type(key) is Blob and key.size > _WIDE)
    budget.spend(wide // 64, "Keys are too large to hash.")
    if len(keys) <= _FEW or (kinds <= {int, bool} and _is_range(keys)):
        return
    try:
        hashes = list(map(hash if kinds <= {int, float, bool} else _hash, keys))
    except RecursionError as error:
        raise OverLimitError("Keys are nested too deeply to hash.", "depth") from error
    free = (_FREE_IN_SET if is_set else _FREE) * len(keys)
    steps = _steps_to_fill(hashes, free + budget.unbudgeted_work, is_set=is_set)
    budget.spend(max(0, steps - free), "The keys of a dict or set are chosen to collide.")


def _is_range(keys: Sequence[Token]) -> bool:
    numbers = [key for key in keys if type(key) is int]
    return bool(numbers) and max(numbers) - min(numbers) < _SPREAD * len(keys)


def _steps_to_fill(hashes: list[int], most: int, *, is_set: bool) -> int:
    """Places found taken, those while it grows included; not much more than ``most``."""
    size, room, count, steps = 8, 5, 0, 0
    while True:
        # After it has grown, it takes in all that it had before.
        table = bytearray(size)
        steps += _fill(table, hashes[:room], most - steps, is_set=is_set)
        count = min(room, len(hashes))
        if steps > most or count == len(hashes):
            return steps
        wanted = count * (2 if count > _LARGE_SET else 4) if is_set else count * 3 - 1
        size = 1 << wanted.bit_length()
        room = (size - 1) * 3 // 5 + 1 if is_set else size * 2 // 3


def _fill(table: bytearray, hashes: Sequence[int], most: int, *, is_set: bool) -> int:
    mask, steps = len(table) - 1, 0
    for value in hashes:
        place = value & mask
        if not table[place]:
            table[place] = 1
            continue
        steps += _find(table, place, value & _WORD, is_set=is_set)
        if steps > most:
            break
    return steps


def _find(table: bytearray, place: int, value: int, *, is_set: bool) -> int:
    """Take the next free place; how many were looked at before it."""
    mask, steps = len(table) - 1, 0
    while table[place]:
        steps += 1
        if is_set and place + _NEIGHBOURS <= mask:
            free = table.find(0, place, place + _NEIGHBOURS + 1)
            if free >= 0:
                place = free
                break
            steps += _NEIGHBOURS
        value >>= _PERTURB
        place = (place * 5 + value + 1) & mask
    table[place] = 1
    return steps


# -- hashes of tokens ------------------------------------------------------------------------------


def _hash(token: Token) -> int:
    """The hash that an object will have, as far as its parts decide on it.

    For what has a salted hash it is another number that differs where the parts do.
    """
    if type(token) is tuple:
        return hash(tuple(map(_Hashed, map(_hash, token))))
    if type(token) is Collection:
        return _hash_of_set(map(_hash, token.items))
    if type(token) is Blob:
        return hash((token.size, token.head, token.offset if token.size > len(token.head) else 0))
    if type(token) is ObjectToken:
        return _hash_of_object(token)
    return hash(token) if type(token) in (int, float, bool, str, type(None)) else id(token)


class _Hashed:
    """Something with a given hash."""

    __slots__ = ("_value",)

    def __init__(self, value: int) -> None:
        self._value = value

    def __hash__(self) -> int:
        return self._value


def _hash_of_set(hashes: Iterable[int]) -> int:
    """What ``frozenset`` makes of the hashes of its items."""
    mixed = 0
    for value in hashes:
        value &= _WORD
        mixed ^= ((value ^ 89869747) ^ (value << 16)) * 3644798167 & _WORD
    return mixed


def _numpy_scalar(built: ObjectToken) -> int:
    dtype = describe(built.args[0])
    data = built.args[1].head
    code = dtype.spec if type(dtype.spec) is str else ""
    order, kind = ("big" if code[:1] == ">" else "little"), code[1:2]
    if kind in ("i", "u", "b", "m", "M"):
        return hash(int.from_bytes(data, order, signed=kind != "u"))  # type: ignore[arg-type]
    if code[1:] in ("f2", "f4", "f8"):
        form = {"f2": "e", "f4": "f", "f8": "d"}[code[1:]]
        return hash(struct.unpack((">" if order == "big" else "<") + form, data)[0])
    return hash(data)


def _fraction(built: ObjectToken) -> int:
    args = built.args
    # Of any other text, such as 1e999999999, it would compute the number; no policy allows that.
    if len(args) == 1 and type(args[0]) is str and not _RATIO.fullmatch(args[0]):
        return id(built)
    return hash(Fraction(*args))


def _uuid(built: ObjectToken) -> int:
    return hash(built.states[0].get("int"))


# What is not here is hashed by its arguments: as timedelta is, and as nothing else may be chosen.
_OBJECTS: dict[tuple[str, str], Callable[[ObjectToken], int]] = {
    ("numpy._core.multiarray", "scalar"): _numpy_scalar,
    ("numpy.core.multiarray", "scalar"): _numpy_scalar,
    ("builtins", "complex"): lambda built: hash(complex(*built.args)),
    ("decimal", "Decimal"): lambda built: hash(Decimal(*built.args)),
    ("fractions", "Fraction"): _fraction,
    ("uuid", "UUID"): _uuid,
}


def _hash_of_object(built: ObjectToken) -> int:
    target = built.callable
    rule = _OBJECTS.get((target.module, target.name)) if isinstance(target, Global) else None
    if rule is not None:
        try:
            return rule(built)
        except (ArithmeticError, AttributeError, DTypeError, IndexError, TypeError, ValueError):
            # Not in the form that makes such an object; the policy will say so.
            return 0
        except struct.error:
            return 0
    return _hash(built.args) if built.args else id(built)
