"""The interpreter: one stream of opcodes becomes a :class:`Program`.

It drives the symbolic machine from PROTO to STOP. It is total: whatever the bytes, it ends within
them, and what it could not follow is a finding. A joblib file continues with raw array bytes after
the BUILD of an array wrapper; those are stepped over, and the canonical code holds one BINPERSID
in their place.

Trust: the bytes are hostile; the Program describes them and permits nothing.
Source: CPython ``Lib/pickle.py`` and ``Modules/_pickle.c``; joblib ``numpy_pickle.py``.
"""

from __future__ import annotations

import struct

from safeload.limits import Limits
from safeload.scan.arrays.companions import find_array
from safeload.scan.arrays.form import ArrayForm
from safeload.scan.arrays.old_wrappers import ArrayFiles
from safeload.scan.arrays.wrappers import locate, read_wrapper
from safeload.scan.bounds.budget import OverLimitError, WorkBudget
from safeload.scan.pickle.arguments import text_within
from safeload.scan.pickle.machine import CONSTANTS, SPENT, WATCHED, Machine
from safeload.scan.pickle.malformed import MalformedError
from safeload.scan.pickle.opcodes import HANDLERS
from safeload.scan.pickle.reductions import reduce
from safeload.scan.pickle.repeats import CALL_OPCODES, read_batch, read_stretch, repeat_call
from safeload.scan.pickle.shape import LONG_TEXT
from safeload.scan.pickle.text_arrays import read_texts
from safeload.scan.program import (
    Array,
    ArraySpan,
    Buffer,
    Global,
    Mapping,
    ObjectToken,
    Program,
    Token,
    Use,
)
from safeload.scan.runs import STRETCH, WRAPPER, begins_with_pairs, count_pairs, shape_of
from safeload.scan.storage import Persistent

__all__ = ["interpret"]

_FLOAT64 = struct.Struct(">d")
_INT32 = struct.Struct("<i")
_UINT32 = struct.Struct("<I")
_UINT64 = struct.Struct("<Q")
# Opcodes that push one value and do no more.
_PUSHING = frozenset(b"hKN\x88\x89G")
_STRINGS = frozenset([str])
# Fewer pairs than this are read one by one.
_WORTHWHILE = 16
# After so many bytes the limits and the clock are looked at.
_PAUSE = 1 << 16
# How many opcodes an array's wrapper takes, give or take the dimensions.
_WRAPPER_OPCODES = 22


def interpret(
    data: Buffer,
    *,
    limits: Limits,
    budget: WorkBudget | None = None,
    member: str = "",
    start: int = 0,
    nested: bool = False,
    followed: bool = False,
    persistent: Persistent | None = None,
    companions: ArrayFiles | None = None,
) -> Program:
    """Interpret one stream of opcodes up to its STOP.

    Args:
        data: The member's bytes, array bytes included.
        limits: Bounds on the stream.
        budget: What the file may still cost; all there is unless given.
        member: The member's path, for findings.
        start: Where the stream begins, bytes.
        nested: The stream is an object array within a joblib file: arrays in it are ordinary
            pickled objects, and bytes may follow its STOP.
        followed: Bytes may follow its STOP, which somebody else looks at.
        persistent: What its persistent identifiers stand for; none may stand in it unless given.
        companions: Gives the arrays that joblib before 0.10 put into files beside.

    Returns:
        The program, with findings for whatever is malformed or was not read.
    """
    budget = budget or WorkBudget(limits, len(data))
    machine = Machine(data, limits=limits, budget=budget, member=member, start=start, nested=nested)
    machine.followed = nested or followed
    machine.persistent = persistent
    machine.companions = companions
    try:
        _run(machine)
        machine.shape.check(machine.program.opcodes)
    except MalformedError as problem:
        machine.note(problem.rule, problem.message, problem.offset)
    except OverLimitError as problem:
        # Even where it was reached at the very end.
        machine.stopped = False
        machine.note("SL002", str(problem), machine.position)
    except (IndexError, struct.error):
        machine.note("SL201", "The stream ends before its STOP.", len(data))
    except UnicodeDecodeError:
        machine.note("SL211", "A string is not valid UTF-8.", machine.position)
    return machine.finish()


# The opcodes that make up most of every model are written out here, the commonest first, because a
# function call for each would double the time of a scan.
def _run(m: Machine) -> None:  # noqa: C901  # a call for each opcode would double the time
    data, size = m.data, m.size
    stack, marks, memo, known = m.stack, m.marks, m.memo, m.stretches
    push, pop, store = stack.append, stack.pop, memo.append
    construct, record, take = Use.CONSTRUCT, m.program.built.append, m.taken.take
    int32, uint32, uint64 = _INT32.unpack_from, _UINT32.unpack_from, _UINT64.unpack_from
    float64 = _FLOAT64.unpack_from
    stretch = STRETCH.match
    position = m.position
    opcodes = 0
    while not m.stopped:
        look = position + _PAUSE
        # A run ends with the frame it is in, so that no opcode reaches across unseen.
        end = size if m.frame_end is None else m.frame_end
        pause = min(end, look)
        while position < pause:
            opcode = data[position]
            position += 1
            opcodes += 1
            if opcode == 0x68:  # BINGET
                index = data[position]
                position += 1
                try:
                    token = memo[index]
                except IndexError:
                    m.unset(position)
                kind = type(token)
                if kind not in WATCHED:
                    if data[position] in _PUSHING:
                        match = stretch(data, position - 2, end)
                        if match is not None:
                            code = match[0]
                            if code not in known:
                                known[code] = read_stretch(m, code)
                            values, length, light = known[code]
                            stack += values
                            position += length - 2
                            opcodes += len(values) - 1
                            m.light += light
                            continue
                    push(token)
                    continue
                if kind is Global:
                    if token is m.wrapper:
                        m.position = position
                        array = _repeat_array(m, end)
                        if array is not None:
                            push(array)
                            opcodes += _WRAPPER_OPCODES
                            position = m.position
                            # No frame reaches beyond an array.
                            end, pause = size, min(size, look)
                            continue
                    token.pushed += 1
                    if token is m.frombuffer:
                        m.position = position
                        call = repeat_call(m, end)
                        if call is not None:
                            push(call)
                            opcodes += CALL_OPCODES + len(call.args[2])
                            position = m.position
                            continue
                    push(token)
                    continue
                push(m.lookup(index, position))
                continue
            if opcode == 0x4B:  # BININT1
                push(data[position])
                position += 1
                continue
            if opcode >= 0x75:
                if opcode == 0x8C:  # SHORT_BINUNICODE
                    stop = position + 1 + data[position]
                    if stop >= size:
                        m.beyond(position)
                    push(data[position + 1 : stop].decode("utf-8", "surrogatepass"))
                    position = stop
                elif opcode == 0x94:  # MEMOIZE
                    if m.gaps or len(stack) <= (marks[-1] if marks else 0):
                        m.underflow(position)
                    store(stack[-1])
                    continue
                elif opcode == 0x7D:  # EMPTY_DICT
                    push(Mapping())
                elif (
                    opcode == 0x75
                    and marks
                    and len(stack) - marks[-1] & 1 == 0
                    and not m.shape.long_text
                    and (
                        type(stack[marks[-1] - 1]) is Mapping
                        and marks[-1] > (marks[-2] if len(marks) > 1 else 0)
                        and _STRINGS.issuperset(map(type, stack[marks[-1] :: 2]))
                    )
                ):  # SETITEMS of a dict with string keys
                    height = marks.pop()
                    stack[height - 1] += stack[height:]
                    del stack[height:]
                    continue
                elif opcode in CONSTANTS:
                    push(CONSTANTS[opcode])
                    continue
                elif opcode == 0x81:  # NEWOBJ
                    if len(stack) - 2 < (marks[-1] if marks else 0):
                        m.underflow(position)
                    token = pop()
                    target = stack[-1]
                    if type(target) is Global:
                        target.consumed += 1
                        target.uses.add(construct)
                    built = ObjectToken(target, construct, token, position - 1)
                    if token:
                        m.position = position
                        m.shape.give_arguments(built, token)
                    stack[-1] = built
                    if target is m.wrapper or (m.old_wrappers and m.is_wrapper(target)):
                        m.wrappers += 1
                    else:
                        record(built)
                elif 0x85 <= opcode <= 0x87:  # TUPLE1, TUPLE2, TUPLE3
                    height = len(stack) - (opcode - 0x84)
                    if height < (marks[-1] if marks else 0):
                        m.underflow(position)
                    made = tuple(stack[height:])
                    for token in made:
                        kind = type(token)
                        if kind is tuple or (
                            kind is ObjectToken and token.depth and token.use is construct
                        ):
                            m.shape.nest_tuple(made)
                            break
                    stack[height:] = [made]
                elif opcode == 0x93:  # STACK_GLOBAL
                    if len(stack) - 2 < (marks[-1] if marks else 0):
                        m.underflow(position)
                    name, token = pop(), stack[-1]
                    if type(name) is not str or type(token) is not str:
                        raise MalformedError(
                            "SL216", "The name of a global is computed.", position - 1
                        )
                    stack[-1] = m.global_(token, name, position - 1)
                elif opcode == 0x95:  # FRAME
                    length = uint64(data, position)[0]
                    position = m.position = position + 8
                    m.enter_frame(length)
                    end = position + length
                    pause = min(end, look)
                    continue
                else:
                    m.position = position
                    HANDLERS[opcode](m)
                    position = m.position
                    continue
            else:
                if opcode == 0x28:  # MARK
                    if (
                        data[position] == 0x8C
                        and type(stack[-1] if stack else None) is Mapping
                        and (not m.gaps and len(stack) > (marks[-1] if marks else 0))
                        and begins_with_pairs(data, position)
                    ):
                        count, stop = count_pairs(data, position, end)
                        if count >= _WORTHWHILE:
                            m.position = position
                            read = read_batch(m, count, stop)
                            if read:
                                opcodes += read
                                position = m.position
                                end = size if m.frame_end is None else m.frame_end
                                pause = min(end, look)
                                continue
                    marks.append(len(stack))
                    continue
                if opcode in CONSTANTS:
                    push(CONSTANTS[opcode])
                    continue
                if opcode == 0x62:  # BUILD
                    if len(stack) - 2 < (marks[-1] if marks else 0):
                        m.underflow(position)
                    token = pop()
                    target = stack[-1]
                    if type(target) is not ObjectToken:
                        m.note("SL104", "A state is given to a foreign object.", position - 1)
                    elif target.callable is m.wrapper and m.wrapper is not None and not m.nested:
                        m.position = position
                        stack[-1] = _build_array(m, target, token)
                        position = m.position
                        end, pause = size, min(size, look)
                    elif m.old_wrappers and not m.nested and target.callable in m.old_wrappers:
                        m.position = position
                        stack[-1] = find_array(m, target, token)
                    else:
                        # A third state changes nothing about an object that has two.
                        target.states = (*target.states[:1], token)
                        if target.use is construct:
                            take(token)
                        else:
                            m.position = position
                            m.give_state(target, token)
                    continue
                if opcode == 0x52:  # REDUCE
                    if len(stack) - 2 < (marks[-1] if marks else 0):
                        m.underflow(position)
                    token = pop()
                    m.position = position
                    stack[-1] = reduce(m, stack[-1], token)
                elif opcode == 0x74:  # TUPLE
                    m.position = position
                    made = tuple(m.pop_to_mark())
                    m.shape.nest_tuple(made)
                    push(made)
                elif opcode == 0x47:  # BINFLOAT
                    push(float64(data, position)[0])
                    position += 8
                    continue
                elif opcode == 0x4A:  # BININT
                    push(int32(data, position)[0])
                    position += 4
                    continue
                elif opcode == 0x4D:  # BININT2
                    push(data[position] | data[position + 1] << 8)
                    position += 2
                    continue
                elif opcode == 0x6A:  # LONG_BINGET
                    index = uint32(data, position)[0]
                    position += 4
                    try:
                        token = memo[index]
                    except IndexError:
                        m.unset(position)
                    push(m.lookup(index, position) if type(token) in WATCHED else token)
                    continue
                elif opcode == 0x58:  # BINUNICODE
                    stop = position + 4 + uint32(data, position)[0]
                    if stop > size:
                        m.beyond(position)
                    if stop - position > LONG_TEXT:
                        m.shape.long_text = True
                        push(text_within(data, position + 4, stop))
                    else:
                        push(data[position + 4 : stop].decode("utf-8", "surrogatepass"))
                    position = stop
                elif opcode == 0x71 or opcode == 0x72:  # BINPUT, LONG_BINPUT
                    if opcode == 0x71:
                        index = data[position]
                        position += 1
                    else:
                        index = uint32(data, position)[0]
                        position += 4
                    if index == len(memo) and len(stack) > (marks[-1] if marks else 0):
                        store(stack[-1])
                    else:
                        m.position = position
                        m.put(index)
                    continue
                else:
                    m.position = position
                    HANDLERS[opcode](m)
                    position = m.position
                    if opcode == 0x2E:  # STOP
                        break
                    continue
            # What was made is mostly memoised at once.
            if position < pause and data[position] == 0x94 and not m.gaps:
                store(stack[-1])
                position += 1
                opcodes += 1
        else:
            m.position = position
            if position >= end:
                m.leave_frame()
        m.pause(opcodes)


def _build_array(m: Machine, wrapper: ObjectToken, state: Token) -> Array:
    """The token of the array whose wrapper was just built; steps over the array's bytes."""
    if m.frame_end is not None and m.position != m.frame_end:
        m.note("SL208", "A frame reaches into the bytes of an array.", m.position)
    m.frame_end = None
    form, shape = read_wrapper(m, wrapper, state)
    if m.awaited is not None and m.awaited[0] == m.position:
        m.forms[m.awaited[1]] = form
    m.wrappers -= 1
    return _take_array(m, form, shape)


def _repeat_array(m: Machine, end: int) -> Array | None:
    """The token of an array whose wrapper differs from an earlier one in nothing but the shape.

    Does all that the opcodes of the wrapper would do. Returns None if they have to be read.
    """
    match = WRAPPER.match(m.data, m.position, end)
    if match is None or m.gaps:
        return None
    head, code, tail = match.groups()
    form = m.forms.get((head, tail))
    if form is None:
        m.awaited = match.end(), (head, tail)
        return None
    if m.wrapper is None or m.frame_end not in (None, match.end()):
        return None
    shape = shape_of(code)
    m.memo += (SPENT, SPENT, shape) if shape else (SPENT, SPENT)
    for used in (m.wrapper, form.subclass):
        used.pushed += 1
        used.consumed += 1
    m.frame_end = None
    m.position = match.end()
    return _take_array(m, form, shape)


def _take_array(m: Machine, form: ArrayForm, shape: tuple[int, ...]) -> Array:
    start = m.position
    array: ArraySpan | Program | None = locate(m, form, shape)
    if isinstance(array, ArraySpan):
        m.position = array.offset + array.nbytes
    else:
        array = _nested(m)
        m.position += array.size
    m.cut(start, m.position, instead=b"Q")
    m.program.arrays.append(array)
    return Array(array, m.data)


def _nested(m: Machine) -> Program:
    """The stream of an array of objects, which begins here."""
    member = f"{m.program.member}[{len(m.program.arrays)}]"
    program = read_texts(m.data, m.limits, m.budget, member, m.position) or interpret(
        m.data, limits=m.limits, budget=m.budget, member=member, start=m.position, nested=True
    )
    if not program.segments:
        # Where it ends is unknown, and so is everything behind it.
        m.program.arrays.append(program)
        for finding in program.findings:
            if finding.rule == "SL002":
                raise OverLimitError(finding.message)
        raise MalformedError("SL210", "An array of objects has no end.", m.position)
    return program
