"""The machine's state: names as they will be imported, the memo, and what is counted."""

from __future__ import annotations

from _compat_pickle import IMPORT_MAPPING, NAME_MAPPING

import pytest

from safeload.limits import Limits
from safeload.scan.pickle.interpreter import interpret
from safeload.scan.pickle.renaming import renamed
from safeload.scan.program import (
    Blob,
    Collection,
    Global,
    Mapping,
    ObjectToken,
    Program,
    Token,
    Use,
)
from tests.builder import Name, Pickle

MAKER = Name("some.module", "Maker")


def scanned(pickle: Pickle) -> Program:
    return interpret(pickle.finish(), limits=Limits())


def state_of(pickle: Pickle) -> Token:
    """The token of the state that a pickle's only object is given."""
    program = scanned(pickle)
    assert not program.findings
    (built,) = program.built
    (state,) = built.states
    return state


def holding(value: object, protocol: int = 4) -> Pickle:
    return Pickle(protocol).save(MAKER, ()).newobj().save(value).build()


# -- names ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
def test_python_2_names_are_renamed_below_protocol_3_only(protocol: int) -> None:
    pickle = Pickle(protocol).global_("__builtin__", "eval")

    (use,) = scanned(pickle).globals

    assert use.module == ("builtins" if protocol < 3 else "__builtin__")
    assert use.raw == ("__builtin__", "eval")


@pytest.mark.parametrize("pair", sorted(NAME_MAPPING))
def test_names_are_renamed_as_pickle_renames_them(pair: tuple[str, str]) -> None:
    assert renamed(*pair) == NAME_MAPPING[pair]


@pytest.mark.parametrize("module", sorted(IMPORT_MAPPING))
def test_modules_are_renamed_as_pickle_renames_them(module: str) -> None:
    assert renamed(module, "anything") == (IMPORT_MAPPING[module], "anything")


def test_two_spellings_of_a_name_are_one_global_and_an_alias() -> None:
    pickle = Pickle(2).global_("__builtin__", "eval").global_("builtins", "eval").tuple2()

    program = scanned(pickle)

    assert [(use.module, use.name) for use in program.globals] == [("builtins", "eval")]
    assert program.aliases == [(("builtins", "eval"), "builtins", "eval")]


def test_a_dotted_name_is_one_name() -> None:
    (use,) = scanned(Pickle(4).global_("os", "path.join")).globals

    assert (use.module, use.name) == ("os", "path.join")


def test_an_attribute_reached_by_getattr_is_a_global_that_no_find_class_sees() -> None:
    program = scanned(Pickle(4).call(Name("builtins", "getattr"), MAKER, "method"))

    found = {(use.module, use.name): use for use in program.globals}
    assert found["some.module", "Maker.method"].raw is None
    assert found["some.module", "Maker.method"].uses == {Use.REFERENCE}


def test_an_attribute_of_an_instance_is_one_of_its_class() -> None:
    pickle = Pickle(4).save(Name("builtins", "getattr"))
    pickle.mark().object_(MAKER).save("method").tuple_().reduce()

    program = scanned(pickle)

    assert ("some.module", "Maker.method") in {(use.module, use.name) for use in program.globals}


def test_an_attribute_that_is_named_as_well_is_resolved_by_its_name() -> None:
    pickle = Pickle(4).call(Name("builtins", "getattr"), MAKER, "method")
    pickle.global_("some.module", "Maker.method").tuple2()

    program = scanned(pickle)

    found = {(use.module, use.name): use for use in program.globals}
    assert found["some.module", "Maker.method"].raw == ("some.module", "Maker.method")


# -- the memo ------------------------------------------------------------------------------------


def test_a_gap_that_a_writer_may_leave_is_none() -> None:
    # Python 2 began to count at one.
    assert not scanned(Pickle(2).none().binput(1).pop().binget(1)).findings


def test_memoize_does_not_count_over_gaps() -> None:
    pickle = Pickle(4).none().binput(2).memoize()

    # Unpicklers count what they hold, which is not the next free index here.
    assert {finding.rule for finding in scanned(pickle).findings} == {"SL204"}


def test_a_gap_that_was_filled_is_none() -> None:
    pickle = Pickle(4).unicode("x").binput(1).binput(0).memoize().pop().binget(2)

    assert not scanned(pickle).findings


def test_what_an_index_holds_is_what_was_put_there_last() -> None:
    pickle = Pickle(4).save(MAKER, ()).newobj().unicode("old").binput(9).pop()
    pickle.unicode("new").binput(9).pop().binget(9).build()

    program = scanned(pickle)

    assert program.built[0].states == ("new",)


def test_a_global_read_from_the_memo_counts_again() -> None:
    used_up = Pickle(4).save(MAKER).memo("k").empty_tuple().newobj()
    left = Pickle(4).save(MAKER).memo("k").empty_tuple().newobj().recall("k").tuple2()

    assert scanned(used_up).globals[0].uses == {Use.CONSTRUCT}
    assert scanned(left).globals[0].uses == {Use.CONSTRUCT, Use.REFERENCE}


def test_a_class_in_a_shared_tuple_is_used_up_once() -> None:
    reconstructor, base = Name("copyreg", "_reconstructor"), Name("builtins", "object")
    pickle = Pickle(4).save(reconstructor, (MAKER, base, None)).memo("t")
    pickle.reduce().recall("t").tuple2()

    uses = {use.name: use.uses for use in scanned(pickle).globals}

    # The tuple is what is left; whoever holds it can reach the class again.
    assert Use.CONSTRUCT in uses["Maker"]


def test_a_dtype_is_not_referred_to_before_it_has_its_state() -> None:
    dtype = Name("numpy", "dtype")
    state = (3, "<", None, None, None, -1, -1, 0)
    used = Pickle(4).call(dtype, "f8", False, True).memo("d").recall("d").tuple2()
    late = Pickle(4).call(dtype, "f8", False, True).memo("d").tuple1()
    late.recall("d").save(state).build().tuple2()
    legitimate = Pickle(4).call(dtype, "f8", False, True).memo("d").save(state).build()

    assert {finding.rule for finding in scanned(used).findings} == {"SL217"}
    assert {finding.rule for finding in scanned(late).findings} == {"SL217"}
    assert not scanned(legitimate.recall("d").tuple2()).findings


# -- tokens --------------------------------------------------------------------------------------


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        False,
        0,
        255,
        256,
        65_536,
        -1,
        2**31,
        -(2**70),
        1.5,
        "é\n",
        (),
        (1,),
        (1, 2, 3, 4),
    ],
)
def test_atoms_and_tuples_stand_for_themselves(protocol: int, value: object) -> None:
    pickle = Pickle(protocol).save(MAKER)
    pickle.mark().tuple_().newobj().save(value).build()

    assert state_of(pickle) == value


def test_containers_hold_tokens() -> None:
    state = state_of(holding([{"a": 1}, {"set"}, frozenset(["frozen"]), b"bytes", [None]]))

    mapping, collection, frozen, blob, inner = state
    assert isinstance(mapping, Mapping)
    assert (mapping.keys, mapping.values, mapping.get("a")) == (["a"], [1], 1)
    assert isinstance(collection, Collection)
    assert (collection.kind, collection.items) == ("set", ["set"])
    assert isinstance(frozen, Collection)
    assert (frozen.kind, frozen.items) == ("frozenset", ["frozen"])
    assert isinstance(blob, Blob)
    assert (blob.kind, blob.size, blob.head) == ("bytes", 5, b"bytes")
    assert inner == [None]


def test_a_pair_that_was_overwritten_stays() -> None:
    state = state_of(
        Pickle(4)
        .save(MAKER, ())
        .newobj()
        .empty_dict()
        .save("a", 1)
        .setitem()
        .save("a", 2)
        .setitem()
        .build()
    )

    assert (state.keys, state.get("a"), state.get("b")) == (["a", "a"], 2, None)


def test_long_bytes_are_kept_by_their_place() -> None:
    data = bytes(range(256)) * 4
    pickle = holding(data)

    blob = state_of(pickle)

    whole = pickle.finish()
    assert whole[blob.offset : blob.offset + blob.size] == data
    assert blob.head == data[:256]


@pytest.mark.parametrize("protocol", range(6))
@pytest.mark.parametrize("data", [b"", b"abc", bytearray(b""), bytearray(b"abc")])
def test_bytes_are_bytes_however_a_protocol_spells_them(
    protocol: int, data: bytes | bytearray
) -> None:
    pickle = Pickle(protocol).save(MAKER).mark().tuple_().newobj().save(data).build()

    program = scanned(pickle)

    blob = next(b for b in program.built if b.states).states[0]
    assert isinstance(blob, Blob)
    assert (blob.kind, blob.size, blob.head) == (type(data).__name__, len(data), bytes(data))


@pytest.mark.parametrize("protocol", range(6))
def test_an_object_is_constructed_however_a_protocol_spells_it(protocol: int) -> None:
    program = scanned(Pickle(protocol).object_(MAKER, state={"a": 1}))

    built = program.built[-1]
    assert built.is_of("some.module", "Maker")
    assert (built.use, built.args, built.kwargs) == (Use.CONSTRUCT, (), None)
    assert built.states[0].keys == ["a"]


def test_a_call_keeps_its_arguments_its_states_and_its_items() -> None:
    pickle = Pickle(4).call(MAKER, 1, "two").save({"a": 1}).build().none().append()

    (built,) = scanned(pickle).built

    assert (built.use, built.args) == (Use.CALL, (1, "two"))
    assert len(built.states) == 1
    assert list(built.items) == [None]


def test_what_is_called_may_be_what_a_call_made() -> None:
    program = scanned(Pickle(4).call(lambda p: p.call(MAKER)))

    inner, outer = program.built
    assert isinstance(inner.callable, Global)
    assert outer.callable is inner


def test_keyword_arguments_are_kept() -> None:
    pickle = Pickle(4).save(MAKER, (1,), {"a": 2}).newobj_ex()

    (built,) = scanned(pickle).built

    assert isinstance(built, ObjectToken)
    assert built.args == (1,)
    assert built.kwargs.get("a") == 2
