"""The interpreter is total, sees every global that a real unpickler asks for, and its code is it.

The real unpicklers run in a child process, on stubs; see ``unpicklers.py``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.opcodes import HANDLERS
from safeload.scan.program import Program, Use
from safeload.verdict import Verdict, verdict_of
from tests.builder import Name, Pickle
from tests.scan import originals
from tests.scan.streams import mutations, streams
from tests.scan.unpicklers import KINDS, Unpicklers

SMALL = 3_000
PICKLES = [data for data in originals.pickles() if len(data) < SMALL]
JOBLIBS = [data for data in originals.joblibs() if len(data) < SMALL]

properties = settings(
    max_examples=150,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
quick = settings(properties, max_examples=500)


@pytest.fixture(scope="module")
def unpickle() -> Iterator[Unpicklers]:
    unpicklers = Unpicklers()
    yield unpicklers
    unpicklers.close()


def scanned(data: bytes, **limits: Any) -> Program:
    return interpret(data, limits=Limits(**limits))


def rules(program: Program) -> set[str]:
    return {finding.rule for finding in program.findings}


def flat(program: Program) -> list[Program]:
    nested = [array for array in program.arrays if isinstance(array, Program)]
    return [program, *(inner for array in nested for inner in flat(array))]


def reported(program: Program) -> set[tuple[str, str]]:
    """Every pair that ``find_class`` may be asked for."""
    return {
        raw
        for part in flat(program)
        for raw in (
            *(use.raw for use in part.globals if use.raw is not None),
            *(raw for raw, _, _ in part.aliases),
        )
    }


def is_clean(program: Program) -> bool:
    return not any(part.findings for part in flat(program))


# -- each opcode ---------------------------------------------------------------------------------

EVIL = Name("posix", "system")

# A stream, and the rule that it must break.
BROKEN: dict[str, tuple[Pickle, str]] = {
    "no opcodes at all": (Pickle(0), "SL201"),
    "a stream without STOP": (Pickle(4).none(), "SL201"),
    "a stream that ends within an argument": (Pickle(4).raw(b"J\x00"), "SL201"),
    "a line without an end": (Pickle(0).raw(b"I1"), "SL201"),
    "a global without a name": (Pickle(0).raw(b"cposix\n"), "SL201"),
    "bytes after STOP": (Pickle(4).none().stop().raw(b"."), "SL202"),
    "a byte that is not an opcode": (Pickle(4).raw(b"\xff").stop(), "SL203"),
    "POP on an empty stack": (Pickle(4).pop().none().stop(), "SL204"),
    "POP_MARK without a mark": (Pickle(4).none().pop_mark().stop(), "SL204"),
    "TUPLE1 on an empty stack": (Pickle(4).tuple1().stop(), "SL204"),
    "TUPLE2 across a mark": (Pickle(4).none().mark().none().tuple2().stop(), "SL204"),
    "TUPLE without a mark": (Pickle(4).none().tuple_().stop(), "SL204"),
    "APPEND across a mark": (Pickle(4).empty_list().mark().none().append().stop(), "SL204"),
    "APPENDS to nothing": (Pickle(4).mark().none().appends().stop(), "SL204"),
    "SETITEMS to nothing": (Pickle(4).mark().none().none().setitems().stop(), "SL204"),
    "ADDITEMS to nothing": (Pickle(4).mark().none().additems().stop(), "SL204"),
    "SETITEM with too little": (Pickle(4).empty_dict().none().setitem().stop(), "SL204"),
    "a key without a value": (Pickle(4).mark().none().dict_().stop(), "SL204"),
    "keys without a value": (Pickle(4).empty_dict().mark().none().setitems().stop(), "SL204"),
    "REDUCE on too little": (Pickle(4).empty_tuple().reduce().stop(), "SL204"),
    "NEWOBJ on too little": (Pickle(4).empty_tuple().newobj().stop(), "SL204"),
    "NEWOBJ_EX on too little": (Pickle(4).empty_tuple().empty_dict().newobj_ex().stop(), "SL204"),
    "OBJ without a class": (Pickle(4).mark().obj().stop(), "SL204"),
    "BUILD on too little": (Pickle(4).none().build().stop(), "SL204"),
    "STACK_GLOBAL on too little": (Pickle(4).unicode("posix").stack_global().stop(), "SL204"),
    "MEMOIZE on an empty stack": (Pickle(4).memoize().none().stop(), "SL204"),
    "MEMOIZE across a mark": (Pickle(4).none().mark().memoize().tuple_().stop(), "SL204"),
    "BINPUT on an empty stack": (Pickle(4).binput(0).none().stop(), "SL204"),
    "STOP on an empty stack": (Pickle(4).stop(), "SL204"),
    "values left at STOP": (Pickle(4).none().none().stop(), "SL204"),
    "a mark left at STOP": (Pickle(4).mark().none().stop(), "SL204"),
    "GET of an unset index": (Pickle(0).get(0).stop(), "SL205"),
    "BINGET of an unset index": (Pickle(4).binget(0).stop(), "SL205"),
    "LONG_BINGET of an unset index": (Pickle(4).long_binget(2**31).stop(), "SL205"),
    "BINGET of a gap": (Pickle(4).none().binput(3).pop().binget(1).stop(), "SL205"),
    "PUT of an absurd index": (Pickle(4).none().put(10**9).stop(), "SL205"),
    "PUT of a negative index": (Pickle(4).none().put(-1).stop(), "SL205"),
    "LONG_BINPUT of an absurd index": (Pickle(4).none().long_binput(2**32 - 1).stop(), "SL205"),
    "EXT1": (Pickle(4).ext1(1).stop(), "SL206"),
    "EXT2": (Pickle(4).ext2(1).stop(), "SL206"),
    "EXT4": (Pickle(4).ext4(1).stop(), "SL206"),
    "PERSID": (Pickle(0).persid("x").stop(), "SL207"),
    "BINPERSID": (Pickle(4).none().binpersid().stop(), "SL207"),
    "a frame that ends within an argument": (Pickle(4).frame(3).binint(1).stop(), "SL208"),
    "a frame within a frame": (Pickle(4).frame(11).frame(2).none().stop(), "SL208"),
    "a frame that goes on after STOP": (Pickle(4).frame(5).none().stop().raw(b"NNN"), "SL208"),
    "INT in hexadecimal": (Pickle(0).int_("0x10").stop(), "SL211"),
    "INT with a space": (Pickle(0).int_(" 1").stop(), "SL211"),
    "INT with an underscore": (Pickle(0).int_("1_0").stop(), "SL211"),
    "INT with a leading zero": (Pickle(0).int_("007").stop(), "SL211"),
    "INT of minus zero, which C reads as False": (Pickle(0).int_("-0").stop(), "SL211"),
    "INT of too many digits": (Pickle(0).int_("1" * 5_000).stop(), "SL211"),
    "LONG in other digits": (Pickle(0).long_("\u0661L").stop(), "SL211"),
    "LONG with two Ls": (Pickle(0).long_("1LL").stop(), "SL211"),
    "FLOAT in words": (Pickle(0).float_("Infinity").stop(), "SL211"),
    "STRING without quotes": (Pickle(0).string("a").stop(), "SL211"),
    "STRING of two quotes": (Pickle(0).string("'a\"").stop(), "SL211"),
    "STRING of one quote": (Pickle(0).string("'").stop(), "SL211"),
    "STRING with a broken escape": (Pickle(0).string("'\\x1'").stop(), "SL211"),
    "PUT of a word": (Pickle(0).none().put("x").stop(), "SL211"),
    "GET of a signed number": (Pickle(0).none().put(0).pop().get("+0").stop(), "SL211"),
    "text that is not UTF-8": (Pickle(4).short_binunicode(b"\xff").stop(), "SL211"),
    "a global whose name is empty": (Pickle(4).global_("posix", "").stop(), "SL211"),
    "a global whose module is empty": (Pickle(4).global_("", "system").stop(), "SL211"),
    "INST of an empty name": (Pickle(4).mark().inst("posix", "").stop(), "SL211"),
    "a name that is not UTF-8": (Pickle(4).global_(b"\xff", "x").stop(), "SL211"),
    "SHORT_BINUNICODE beyond the end": (
        Pickle(4).short_binunicode("a", length=9).stop(),
        "SL212",
    ),
    "BINUNICODE beyond the end": (Pickle(4).binunicode("a", length=2**32 - 1).stop(), "SL212"),
    "BINUNICODE8 beyond the end": (Pickle(4).binunicode8("a", length=2**63).stop(), "SL212"),
    "BINBYTES beyond the end": (Pickle(4).binbytes(b"a", length=2**32 - 1).stop(), "SL212"),
    "BINBYTES8 beyond the end": (Pickle(4).binbytes8(b"a", length=2**64 - 1).stop(), "SL212"),
    "SHORT_BINBYTES beyond the end": (Pickle(4).short_binbytes(b"", length=9).stop(), "SL212"),
    "BYTEARRAY8 beyond the end": (Pickle(5).bytearray8(b"a", length=2**62).stop(), "SL212"),
    "BINSTRING of a negative length": (Pickle(1).binstring(b"a", length=-1).stop(), "SL212"),
    "LONG1 beyond the end": (Pickle(4).long1(1, length=255).stop(), "SL212"),
    "LONG4 of a negative length": (Pickle(4).long4(1, length=-1).stop(), "SL212"),
    "a frame beyond the end": (Pickle(4).frame(2**64 - 1).none().stop(), "SL212"),
    "PROTO within the stream": (Pickle(4).none().proto(4).stop(), "SL213"),
    "PROTO twice": (Pickle(4).proto(4).none().stop(), "SL213"),
    "a protocol to come": (Pickle(6).none().stop(), "SL213"),
    "DUP": (Pickle(4).none().dup().tuple2().stop(), "SL214"),
    "STACK_GLOBAL of a number": (Pickle(4).unicode("a").binint1(1).stack_global().stop(), "SL216"),
    "STACK_GLOBAL of a call's result": (
        Pickle(4).call(Name("builtins", "str")).unicode("x").stack_global().stop(),
        "SL216",
    ),
    "APPEND to a tuple": (Pickle(4).empty_tuple().none().append().stop(), "SL106"),
    "APPENDS to a dict": (Pickle(4).empty_dict().mark().none().appends().stop(), "SL106"),
    "SETITEM on a list": (Pickle(4).empty_list().none().none().setitem().stop(), "SL106"),
    "ADDITEMS to a frozenset": (
        Pickle(4).mark().frozenset_().mark().none().additems().stop(),
        "SL106",
    ),
    "APPEND to a global": (Pickle(4).save(Name("sys", "path")).none().append().stop(), "SL106"),
    "BUILD on a global": (Pickle(4).save(EVIL).empty_dict().build().stop(), "SL104"),
    "BUILD on a string": (Pickle(4).unicode("x").empty_dict().build().stop(), "SL104"),
    "BUILD on a dict": (Pickle(4).empty_dict().empty_dict().build().stop(), "SL104"),
    "NEXT_BUFFER": (Pickle(5).next_buffer().stop(), "SL006"),
    "READONLY_BUFFER": (Pickle(5).none().readonly_buffer().stop(), "SL006"),
    "an array in a file of its own without a name": (
        Pickle(2).object_(Name("joblib.numpy_pickle", "NDArrayWrapper")).stop(),
        "SL215",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_what_no_writer_writes_is_a_finding(case: str) -> None:
    pickle, rule = BROKEN[case]

    program = scanned(bytes(pickle))

    assert rule in rules(program)
    assert verdict_of(program.findings) is not Verdict.ACCEPT


def test_every_byte_has_one_meaning() -> None:
    import pickletools

    known = {ord(opcode.code) for opcode in pickletools.opcodes}
    inline = {ord(code) for code in "h\x8cK\x94JM(}uGbjXqrN)\x81\x85\x86\x87\x88\x89Rt\x93\x95"}

    unknown = {code for code, handler in enumerate(HANDLERS) if handler is HANDLERS[0]}

    assert unknown - inline == set(range(256)) - known


Fill = Callable[[Pickle], object]

# Streams that use one global, and the uses the scan must see.
USES: dict[str, tuple[Fill, set[Use]]] = {
    "left as a value": (lambda p: p.save(EVIL), {Use.REFERENCE}),
    "in a tuple": (lambda p: p.save((EVIL,)), {Use.REFERENCE}),
    "popped": (lambda p: p.save(EVIL).pop().none(), {Use.REFERENCE}),
    "REDUCE": (lambda p: p.call(EVIL, "id"), {Use.CALL}),
    "REDUCE, and a value": (lambda p: p.call(EVIL, EVIL), {Use.CALL, Use.REFERENCE}),
    "NEWOBJ": (lambda p: p.save(EVIL, ()).newobj(), {Use.CONSTRUCT}),
    "NEWOBJ_EX": (lambda p: p.save(EVIL, (), {}).newobj_ex(), {Use.CONSTRUCT}),
    "INST": (lambda p: p.mark().none().inst(EVIL.module, EVIL.name), {Use.CALL}),
    "INST without arguments": (lambda p: p.mark().inst("posix", "system"), {Use.CONSTRUCT}),
    "OBJ": (lambda p: p.mark().save(EVIL, None).obj(), {Use.CALL}),
    "OBJ without arguments": (lambda p: p.mark().save(EVIL).obj(), {Use.CONSTRUCT}),
    "_reconstructor": (
        lambda p: p.call(Name("copyreg", "_reconstructor"), EVIL, Name("builtins", "object"), None),
        {Use.CONSTRUCT},
    ),
    "__newobj__": (lambda p: p.call(Name("copyreg", "__newobj__"), EVIL), {Use.CONSTRUCT}),
    "__newobj_ex__": (
        lambda p: p.call(Name("copyreg", "__newobj_ex__"), EVIL, (), {}),
        {Use.CONSTRUCT},
    ),
    "_reconstruct": (
        lambda p: p.call(Name("numpy._core.multiarray", "_reconstruct"), EVIL, (0,), b"b"),
        {Use.CONSTRUCT},
    ),
    "APPEND": (lambda p: p.save(EVIL, ()).newobj().none().append(), {Use.CONSTRUCT, Use.FILL}),
    "SETITEM": (
        lambda p: p.save(EVIL, ()).newobj().save("k", None).setitem(),
        {Use.CONSTRUCT, Use.FILL},
    ),
    "ADDITEMS": (
        lambda p: p.save(EVIL, ()).newobj().mark().save("k").additems(),
        {Use.CONSTRUCT, Use.FILL},
    ),
    "BUILD": (lambda p: p.object_(EVIL, state={"a": 1}), {Use.CONSTRUCT}),
    "a state": (lambda p: p.object_(Name("a", "B"), state={"a": EVIL}), {Use.REFERENCE}),
    "a key": (lambda p: p.save({EVIL: None}), {Use.REFERENCE}),
    "memoised twice, called once": (
        lambda p: p.save(EVIL).memo("k").pop().recall("k").save(()).reduce(),
        {Use.CALL, Use.REFERENCE},
    ),
}


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("case", USES)
def test_every_use_of_a_global_is_told_apart(case: str) -> None:
    pickle = Pickle(4)
    fill, expected = USES[case]
    fill(pickle)

    program = scanned(pickle.finish())

    found = next(use for use in program.globals if use.path == "posix.system")
    assert found.uses == expected


# What old protocols write as calls, and what that makes: each has one meaning however it is called.
SPECIAL: dict[str, tuple[Name, tuple[Any, ...]]] = {
    "_reconstructor": (Name("copyreg", "_reconstructor"), (EVIL, Name("builtins", "object"), None)),
    "__newobj__": (Name("copyreg", "__newobj__"), (EVIL,)),
    "__newobj_ex__": (Name("copyreg", "__newobj_ex__"), (EVIL, (), {})),
    "_reconstruct": (Name("numpy._core.multiarray", "_reconstruct"), (EVIL, (0,), b"b")),
    "getattr": (Name("builtins", "getattr"), (EVIL, "name")),
    "bytes": (Name("_codecs", "encode"), ("text", "latin1")),
}


@pytest.mark.guarantee("G8")
@pytest.mark.parametrize("opcode", ["OBJ", "INST"])
@pytest.mark.parametrize("case", SPECIAL)
def test_a_call_means_the_same_by_every_opcode(case: str, opcode: str) -> None:
    function, args = SPECIAL[case]
    reduced, called = Pickle(4).save(function, args).reduce(), Pickle(4).mark()
    if opcode == "OBJ":
        called.save(function, *args).obj()
    else:
        called.save(*args).inst(function.module, function.name)

    expected, found = scanned(reduced.finish()), scanned(called.finish())

    def told(program: Program) -> dict[str, frozenset[Use]]:
        return {use.path: use.uses for use in program.globals}

    assert told(found) == told(expected)
    assert [built.use for built in found.built] == [built.use for built in expected.built]
    assert type(found.root) is type(expected.root)


def test_obj_without_arguments_calls_what_is_no_class() -> None:
    program = scanned(Pickle(4).mark().object_(EVIL).obj().finish())

    assert [built.use for built in program.built] == [Use.CONSTRUCT, Use.CALL]


# -- total ---------------------------------------------------------------------------------------


@pytest.mark.guarantee("G15")
@quick
@given(st.binary(max_size=300))
def test_any_bytes_give_a_program(data: bytes) -> None:
    program = scanned(data)

    assert program.code or program.findings
    assert program.size <= len(data)


@pytest.mark.guarantee("G15")
@quick
@given(mutations([*PICKLES, *JOBLIBS]))
def test_damaged_files_give_a_program(data: bytes) -> None:
    program = scanned(data)

    assert program.code or program.findings


@pytest.mark.guarantee("G14")
@quick
@given(st.sampled_from([*PICKLES, *JOBLIBS]), st.data())
def test_a_file_cut_short_is_never_accepted(original: bytes, data: st.DataObject) -> None:
    length = data.draw(st.integers(0, len(original) - 1))

    assert not is_clean(scanned(original[:length]))


@pytest.mark.guarantee("G14")
@quick
@given(st.sampled_from([*PICKLES, *JOBLIBS]), st.binary(min_size=1, max_size=20))
def test_a_file_with_more_behind_it_is_never_accepted(original: bytes, more: bytes) -> None:
    assert not is_clean(scanned(original + more))


@pytest.mark.parametrize("data", [*originals.pickles(), *originals.joblibs()])
def test_genuine_files_have_no_findings(data: bytes) -> None:
    assert is_clean(scanned(data))


def test_the_limit_on_opcodes_ends_a_scan() -> None:
    data = Pickle(4).save([[]] * 100).finish()

    program = scanned(data, opcodes=50)

    assert rules(program) == {"SL002"}
    assert not program.code


@pytest.mark.guarantee("G15")
def test_a_key_that_takes_without_end_to_hash_is_not_read() -> None:
    pickle = Pickle(4).empty_dict().unicode("x")
    for index in range(60):
        pickle.binput(index).binget(index).tuple2()
    pickle.none().setitem()

    program = scanned(pickle.finish())

    assert rules(program) == {"SL002"}


def test_only_so_many_findings_are_kept() -> None:
    pickle = Pickle(4).empty_tuple()
    for _ in range(100):
        pickle.none().append()

    assert len(scanned(pickle.finish(), findings=10).findings) == 10


@pytest.mark.guarantee("G15")
def test_deep_nesting_is_no_recursion() -> None:
    pickle = Pickle(4)
    for _ in range(200_000):
        pickle.empty_list()
    for _ in range(199_999):
        pickle.append()

    assert is_clean(scanned(pickle.finish()))


@pytest.mark.guarantee("G15")
@pytest.mark.parametrize("form", ["tuple1", "tuple3", "tuple", "named tuples"])
def test_tuples_that_nobody_could_hash_are_not_read(form: str) -> None:
    pickle, deep = Pickle(4), 2_000
    if form == "tuple":
        for _ in range(deep):
            pickle.mark()
    if form == "named tuples":
        for _ in range(deep):
            pickle.save(Name("our.models", "Pair"))
    pickle.none()
    for _ in range(deep):
        if form == "tuple":
            pickle.tuple_()
        elif form == "named tuples":
            pickle.tuple1().newobj()
        elif form == "tuple3":
            pickle.save(1, 2).tuple3()
        else:
            pickle.tuple1()

    assert rules(scanned(pickle.finish())) == {"SL002"}
    # As legitimate models nest them.
    shallow = Pickle(4).none()
    for _ in range(100):
        shallow.tuple1()
    assert is_clean(scanned(shallow.finish()))


# -- agreement -----------------------------------------------------------------------------------


@pytest.mark.guarantee("G10")
@properties
@given(streams())
def test_on_valid_streams_every_unpickler_asks_for_what_the_scan_reported(
    unpickle: Unpicklers, data: bytes
) -> None:
    program = scanned(data)
    outcomes = {kind: unpickle(data, kind) for kind in KINDS}

    for outcome in outcomes.values():
        # Findings or not: nothing in these streams stops the scan early.
        assert outcome.asked <= reported(program)
    assert outcomes["c"].asked == outcomes["python"].asked
    assert outcomes["c"].value == outcomes["python"].value


@pytest.mark.guarantee("G10")
@properties
@given(mutations(PICKLES))
def test_on_damaged_pickles_every_unpickler_asks_for_what_the_scan_reported(
    unpickle: Unpicklers, data: bytes
) -> None:
    program = scanned(data)

    if is_clean(program):
        for kind in KINDS:
            assert unpickle(data, kind).asked <= reported(program)


@pytest.mark.guarantee("G10")
@properties
@given(mutations(JOBLIBS))
def test_on_damaged_joblib_files_joblib_asks_for_what_the_scan_reported(
    unpickle: Unpicklers, data: bytes
) -> None:
    program = scanned(data)

    if is_clean(program):
        assert unpickle(data, "joblib").asked <= reported(program)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("data", PICKLES)
def test_on_genuine_pickles_every_unpickler_asks_for_just_that(
    unpickle: Unpicklers, data: bytes, kind: str
) -> None:
    outcome = unpickle(data, kind)

    # A stub of _reconstructor and its like cannot always be filled; what was asked for counts.
    assert outcome.asked == reported(scanned(data))


@pytest.mark.parametrize("data", JOBLIBS)
def test_on_genuine_joblib_files_joblib_asks_for_just_that(
    unpickle: Unpicklers, data: bytes
) -> None:
    assert unpickle(data, "joblib").asked == reported(scanned(data))


# -- canonical code ------------------------------------------------------------------------------


@pytest.mark.guarantee("G10")
@properties
@given(streams())
def test_the_code_does_what_the_stream_does(unpickle: Unpicklers, data: bytes) -> None:
    program = scanned(data)

    if is_clean(program):
        outcome = unpickle(program.code, "code")
        assert outcome == unpickle(data, "c")
        assert outcome.asked == reported(program)
        assert b"\x95" not in opcodes_of(program.code)


@pytest.mark.guarantee("G10")
@properties
@given(mutations(PICKLES))
def test_the_code_does_what_a_damaged_stream_does(unpickle: Unpicklers, data: bytes) -> None:
    program = scanned(data)

    if is_clean(program):
        outcome = unpickle(program.code, "code")
        genuine = unpickle(data, "c")
        assert (outcome.asked, outcome.value) == (genuine.asked, genuine.value)


@pytest.mark.parametrize("data", [*PICKLES, *JOBLIBS])
def test_the_code_of_genuine_files_asks_for_just_what_was_reported(
    unpickle: Unpicklers, data: bytes
) -> None:
    for program in flat(scanned(data)):
        expected = {use.raw for use in program.globals} | {raw for raw, _, _ in program.aliases}
        assert unpickle(program.code, "code").asked == expected


@pytest.mark.parametrize("data", JOBLIBS)
def test_the_code_has_one_binpersid_for_each_array(data: bytes) -> None:
    for program in flat(scanned(data)):
        assert opcodes_of(program.code).count(b"Q") == len(program.arrays)


def opcodes_of(code: bytes) -> list[bytes]:
    import pickletools

    return [opcode.code.encode("latin-1") for opcode, _, _ in pickletools.genops(code)]
