"""skops files are described in full, or refused; whatever the bytes."""

from __future__ import annotations

import copy
import io
import json
import struct
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.sparse
from hypothesis import given, settings
from hypothesis import strategies as st
from skops.io import dumps

from safeload.limits import Limits
from safeload.policy.judge import judge
from safeload.policy.policy import Policy
from safeload.scan.containers.skops.read import has_schema, read_skops, trusted_names
from safeload.scan.program import (
    Array,
    ArraySpan,
    Blob,
    Collection,
    Mapping,
    ObjectToken,
    Scan,
    Use,
)
from safeload.verdict import Severity, Verdict, verdict_of
from tests.scan.schemas import (
    archive,
    dict_,
    json_,
    list_,
    ndarray,
    node,
    npy,
    object_,
    parts,
    places,
    tuple_,
    type_,
)

LIMITS = Limits()


def rules(scan: Scan) -> set[str]:
    of_programs = [finding for program in scan.programs for finding in program.findings]
    return {finding.rule for finding in [*scan.findings, *of_programs]}


def uses(scan: Scan) -> dict[str, set[Use]]:
    return {use.path: set(use.uses) for use in scan.programs[0].globals}


def last(scan: Scan) -> ObjectToken:
    return scan.programs[0].built[-1]


# -- legitimate nodes ------------------------------------------------------------------------------


LEGITIMATE: dict[str, tuple[Any, dict[str, set[Use]]]] = {
    "plain values name nothing": (
        {"a": [1, 2.5, None, True, "x"], "b": (1, 2), "c": {1, 2}, "d": b"x", "e": bytearray(b"y")},
        {},
    ),
    "NaN and the infinities, which skops writes": ([float("nan"), float("inf")], {}),
    "keys of plain types name nothing": ({2: 2, 2.5: 3, True: 4, "a": 5}, {}),
    "arrays name nothing": (np.arange(4.0), {}),
    "records name nothing": (np.zeros(3, [("a", "<i8"), ("b", "<f4", (2,))]), {}),
    "arrays of objects name what they hold": (
        np.array([[1, "a"], [None, len]], dtype=object),
        {"builtins.len": {Use.REFERENCE}},
    ),
    "a type is referred to": (float, {"builtins.float": {Use.REFERENCE}}),
    "a numpy scalar's type is called": (np.float64(1.5), {"numpy.float64": {Use.CALL}}),
    "a text scalar's type is called": (np.str_("abc"), {"numpy.str_": {Use.CALL}}),
    "a moment's type is called": (np.datetime64("2020-01-01"), {"numpy.datetime64": {Use.CALL}}),
    "a numpy key's type is called": (
        {np.int64(5): 1},
        {"numpy.int64": {Use.CALL, Use.REFERENCE}},
    ),
    "a dtype is made by a call": (np.dtype("f4"), {"numpy.dtype": {Use.CALL, Use.BUILD}}),
    "the dtype of objects is made by a call": (
        np.dtype("O"),
        {"numpy.dtype": {Use.CALL, Use.BUILD}},
    ),
    "a slice is made by a call": (slice(1, None), {"builtins.slice": {Use.CALL}}),
    "a sparse matrix is constructed": (
        scipy.sparse.csr_matrix(np.eye(3)),
        {"scipy.sparse._csr.csr_matrix": {Use.CONSTRUCT}},
    ),
    "a sparse array is constructed": (
        scipy.sparse.coo_array(np.eye(3)),
        {"scipy.sparse._coo.coo_array": {Use.CONSTRUCT}},
    ),
    "a sparse array of one dimension is constructed": (
        scipy.sparse.coo_array(np.ones(3)),
        {"scipy.sparse._coo.coo_array": {Use.CONSTRUCT}},
    ),
    "a diagonal matrix is constructed": (
        scipy.sparse.dia_matrix(np.eye(3)),
        {"scipy.sparse._dia.dia_matrix": {Use.CONSTRUCT}},
    ),
    "a masked array is constructed": (
        np.ma.MaskedArray([1, 2], mask=[False, True]),
        {"numpy.ma.MaskedArray": {Use.CONSTRUCT}},
    ),
    "random state": (
        np.random.RandomState(1),
        {"numpy.random.mtrand.RandomState": {Use.BUILD, Use.CALL}},
    ),
    "a generator names the class of its bits": (
        np.random.default_rng(1),
        {
            "numpy.random.PCG64": {Use.BUILD, Use.CALL},
            "numpy.random._generator.Generator": {Use.CALL},
            "numpy.random.bit_generator.SeedSequence": {Use.CALL},
        },
    ),
    "a frozen set is made by a call": (frozenset([1]), {"builtins.frozenset": {Use.CALL}}),
}


@pytest.mark.parametrize("sentence", LEGITIMATE)
@pytest.mark.parametrize("method", [0, 8, 12, 14], ids=["stored", "deflated", "bzip2", "lzma"])
def test_what_skops_writes_is_understood(sentence: str, method: int) -> None:
    value, expected = LEGITIMATE[sentence]
    data = dumps({"a": value}, compression=method)
    scan = read_skops(data, LIMITS)
    assert rules(scan) == set()
    assert uses(scan) == expected
    assert has_schema(data)
    assert (scan.data is data) == (method == 0)


def test_a_compressed_file_is_written_anew_with_the_same_members() -> None:
    data = dumps({"a": np.arange(1000.0)}, compression=zipfile.ZIP_DEFLATED)
    scan = read_skops(data, LIMITS)
    with zipfile.ZipFile(io.BytesIO(data)) as one, zipfile.ZipFile(io.BytesIO(scan.data)) as other:
        assert one.namelist() == other.namelist()
        assert all(info.compress_type == zipfile.ZIP_STORED for info in other.infolist())
        assert all(one.read(name) == other.read(name) for name in one.namelist())


@pytest.mark.parametrize("method", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_offsets_of_arrays_and_bytes_point_into_the_scanned_data(method: int) -> None:
    array = np.arange(50, dtype="<i4").reshape(5, 10)
    scan = read_skops(dumps([array, b"some bytes"], compression=method), LIMITS)
    (span,) = scan.programs[0].arrays
    assert isinstance(span, ArraySpan)
    raw = scan.data[span.offset : span.offset + span.nbytes]
    assert (np.frombuffer(raw, span.dtype).reshape(span.shape) == array).all()
    assert b"some bytes" in scan.data


def test_nodes_become_the_tokens_of_a_pickle() -> None:
    schema = object_(
        "m",
        "C",
        dict_(
            {
                "a": list_(json_(1), tuple_(json_("x"))),
                "b": node("SetNode", "builtins", "set", content=[json_(2)]),
                "c": node("BytesNode", "builtins", "bytes", file="1.bin"),
                "d": ndarray("1.npy"),
            }
        ),
    )
    built = last(read_skops(archive(schema, {"1.bin": b"ab", "1.npy": npy([1.0])}), LIMITS))
    (state,) = built.states
    assert isinstance(state, Mapping)
    assert (built.use, built.args) == (Use.CONSTRUCT, ())
    assert built.is_of("m", "C")
    assert state.get("a") == [1, ("x",)]
    assert isinstance(state.get("b"), Collection)
    assert state.get("b").items == [2]
    assert isinstance(state.get("c"), Blob)
    assert state.get("c").head == b"ab"
    assert isinstance(state.get("d"), Array)


def test_a_partial_has_the_form_that_pickles_have() -> None:
    func = type_("builtins", "len")
    content = {"func": func, "args": tuple_(json_(1)), "kwds": dict_({}), "namespace": json_(None)}
    built = last(
        read_skops(archive(node("PartialNode", "functools", "partial", content=content)), LIMITS)
    )
    assert built.is_of("functools", "partial")
    assert built.args[0].path == "builtins.len"
    assert built.states[0][:2] == (built.args[0], (1,))


def test_a_method_is_a_getattr_and_a_global_of_its_own() -> None:
    content = {"obj": object_("m", "C"), "func": "run"}
    scan = read_skops(archive(node("MethodNode", "m", "C", content=content)), LIMITS)
    assert uses(scan)["m.C.run"] == {Use.REFERENCE}
    assert last(scan).is_of("builtins", "getattr")
    assert trusted_names(scan.programs[0]) == ["m.C", "m.C.run"]


def test_an_operator_is_a_call() -> None:
    schema = node("OperatorFuncNode", "operator", "itemgetter", attrs=tuple_(json_(0)))
    scan = read_skops(archive(schema), LIMITS)
    assert uses(scan) == {"operator.itemgetter": {Use.CALL}}
    assert last(scan).args == (0,)


def test_a_tree_is_called_and_given_its_state() -> None:
    schema = node(
        "TreeNode", "sklearn.tree._tree", "Tree",
        content=dict_({"nodes": json_(1)}), __reduce__={"args": tuple_(json_(3))},
    )  # fmt: skip
    built = last(read_skops(archive(schema), LIMITS))
    assert (built.use, built.args) == (Use.CALL, (3,))
    assert built.states[0].get("nodes") == 1


def test_a_default_dict_is_called_with_its_factory() -> None:
    content = {"main": dict_({"a": json_(1)}), "default_factory": type_("builtins", "list")}
    scan = read_skops(
        archive(node("DefaultDictNode", "collections", "defaultdict", content=content)), LIMITS
    )
    assert uses(scan)["collections.defaultdict"] == {Use.CALL, Use.FILL}
    assert last(scan).args[0].path == "builtins.list"
    assert last(scan).items == ("a", 1)


def test_the_old_form_of_a_function_names_what_its_content_says() -> None:
    content = {"module_path": "os", "function": "system"}
    schema = node("FunctionNode", "numpy", "log1p", content=content)
    assert uses(read_skops(archive(schema, protocol=0), LIMITS)) == {"os.system": {Use.REFERENCE}}
    # From protocol 1 on, skops looks at the node's own names.
    assert uses(read_skops(archive(schema, protocol=1), LIMITS)) == {"numpy.log1p": {Use.REFERENCE}}


def test_the_first_node_of_an_id_is_the_object_and_the_later_one_is_judged_too() -> None:
    one = object_("m", "C", dict_({"a": type_("m", "first")})) | {"__id__": 7}
    two = object_("m", "C", dict_({"a": type_("m", "second")})) | {"__id__": 7}
    scan = read_skops(archive(list_(one, two)), LIMITS)
    assert rules(scan) == set()
    assert uses(scan).keys() == {"m.C", "m.first", "m.second"}


# -- what skops trusts by itself and the policy does not ------------------------------------------


@pytest.mark.guarantee("G13")
def test_types_that_skops_trusts_by_itself_are_listed() -> None:
    scan = read_skops(archive(object_("sklearn.cluster._kmeans", "KMeans")), LIMITS)
    assert uses(scan) == {"sklearn.cluster._kmeans.KMeans": {Use.CONSTRUCT}}


def _array_interface() -> bytes:
    """A trusted estimator that claims to be an array at address 8, in an array of objects."""
    interface = dict_(
        {
            "shape": tuple_(json_(4)),
            "typestr": json_("<f8"),
            "data": tuple_(json_(8), json_(True)),
            "version": json_(3),
        }
    )
    estimator = object_(
        "sklearn.cluster._kmeans", "KMeans", dict_({"__array_interface__": interface})
    )
    shape = tuple_(json_(1), json_(1))
    return archive(
        node(
            "NdArrayNode", "numpy", "ndarray", type="json", content=[list_(estimator)], shape=shape
        )
    )


def test_an_estimator_that_claims_to_be_an_array_elsewhere_in_memory_is_refused() -> None:
    scan = read_skops(_array_interface(), LIMITS)
    assert "SL105" in {finding.rule for finding in judge(scan, Policy.default()).findings}


def test_skops_itself_dies_of_it(tmp_path: Path) -> None:
    path = tmp_path / "model.skops"
    path.write_bytes(_array_interface())
    code = (
        "import sys, skops.io as s\n"
        "assert s.get_untrusted_types(file=sys.argv[1]) == []\n"
        "print('before', flush=True)\n"
        "s.load(sys.argv[1])\n"
    )
    run = subprocess.run(
        [sys.executable, "-W", "ignore", "-c", code, path],
        capture_output=True,
        text=True,
        check=False,
    )
    assert "before" in run.stdout
    assert run.returncode < 0


# -- hostile schemas ------------------------------------------------------------------------------


def _matrix(**parts: Any) -> bytes:
    buffer = io.BytesIO()
    np.savez(buffer, **parts)
    return buffer.getvalue()


_CSR = {
    "format": b"csr", "shape": (1, 1), "data": np.ones(1), "indices": np.zeros(1, "i4"),
    "indptr": np.array([0, 1], "i4"),
}  # fmt: skip


def _sparse(content: bytes, name: str = "csr_matrix") -> bytes:
    schema = node("SparseMatrixNode", f"scipy.sparse._{name[:3]}", name, type="scipy", file="1.npz")
    return archive(schema, {"1.npz": content})


def _scalar(value: Any, name: str) -> bytes:
    return archive(ndarray("1.npy", name), {"1.npy": npy(value)})


def _raw_array(header: str, raw: bytes = b"") -> bytes:
    text = header.encode()
    content = b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + raw
    return archive(ndarray("1.npy"), {"1.npy": content})


def _generator(bits: Any, seed: Any = None) -> Any:
    seed = seed or dict_({"entropy": json_(1), "pool_size": json_(4)})
    return node(
        "RandomGeneratorNode", "numpy.random._generator", "Generator",
        content={"bit_generator": bits, "seed_seq": seed},
    )  # fmt: skip


def _object_array(content: list[Any], *shape: int) -> bytes:
    sizes = tuple_(*map(json_, shape))
    return archive(
        node("NdArrayNode", "numpy", "ndarray", type="json", content=content, shape=sizes)
    )


def _method(name: str) -> bytes:
    content = {"obj": object_("m", "C"), "func": name}
    return archive(node("MethodNode", "m", "C", content=content))


def _partial(**change: Any) -> bytes:
    content = {
        "func": type_("m", "f"),
        "args": tuple_(),
        "kwds": dict_({}),
        "namespace": json_(None),
    }
    return archive(node("PartialNode", "functools", "partial", content=content | change))


ODD: dict[str, bytes] = {
    "a kind of node that is unknown": archive(node("EvilNode", "m", "C")),
    "a cached node, which skops never writes": archive(
        list_(json_(1) | {"__id__": 3}, node("CachedNode", "builtins", "int", __id__=3))
    ),
    "a node that is not an object": archive(list_(json_(1)) | {"content": [5]}),
    "a node without a loader": archive({"__module__": "m", "__class__": "C"}),
    "a class that is not a string": archive(object_("m", "C") | {"__class__": ["C"]}),
    "a class with a dot": archive(object_("m", "C.D")),
    "a class without a name": archive(object_("m", "")),
    "an id that is not a number": archive(object_("m", "C") | {"__id__": "x"}),
    "an id that is True": archive(object_("m", "C") | {"__id__": True}),
    "an object within itself": archive(list_(list_() | {"__id__": 5}) | {"__id__": 5}),
    "two kinds of node under one id": archive(
        list_(object_("m", "C") | {"__id__": 5}, object_("m", "D") | {"__id__": 5})
    ),
    "the types of keys replaced by a partial of the same id": archive(
        list_(
            node(
                "PartialNode",
                "functools",
                "partial",
                __id__=9,
                content={
                    "func": type_("m", "f"),
                    "args": tuple_(),
                    "kwds": dict_({}),
                    "namespace": json_(None),
                },
            ),
            dict_({"a": json_(1)}, type_("builtins", "str") | {"__id__": 9}),
        )
    ),
    "a key type that is not a type": archive(dict_({"a": json_(1)}, json_("str"))),
    "fewer key types than keys": archive(dict_({"a": json_(1)}) | {"key_types": list_()}),
    "a key that is not of its type": archive(dict_({"a": json_(1)}, type_("builtins", "int"))),
    "a list whose content is a dict": archive(list_() | {"content": {}}),
    "a state of pairs": archive(object_("m", "C", tuple_(tuple_(json_("__class__"), json_(1))))),
    "a state of pairs after two numbers": archive(
        object_("m", "C", tuple_(ndarray("1.npy"), tuple_(json_("__class__"), json_(1)))),
        {"1.npy": npy([1.0, 2.0])},
    ),
    "a state that is a list": archive(object_("m", "C", list_(json_(1)))),
    "a state that is an object": archive(object_("m", "C", object_("m", "D"))),
    "a state whose keys are made by a call": archive(
        object_("m", "C", dict_({"a": json_(1)}, type_("numpy", "str_")))
    ),
    "arguments that are not a tuple": archive(
        node("ConstructorFromReduceNode", "m", "C", content=json_("ab"))
    ),
    "a tree of another class": archive(
        node("TreeNode", "m", "Tree", content=dict_({}), __reduce__={"args": tuple_()})
    ),
    "a reduction without arguments": archive(
        node("LossNode", "m", "C", content=dict_({}), __reduce__={})
    ),
    "an operator of another module": archive(
        node("OperatorFuncNode", "os", "system", attrs=tuple_(json_("x")))
    ),
    "a method with dots": _method("a.b"),
    "a method with two underscores": _method("__globals__"),
    "a method of another class than its owner's": archive(
        node("MethodNode", "m", "D", content={"obj": object_("m", "C"), "func": "f"})
    ),
    "a method of a plain value": archive(
        node("MethodNode", "builtins", "str", content={"obj": json_("a"), "func": "format"})
    ),
    "a partial of another class": archive(node("PartialNode", "m", "partial", content={})),
    "a partial whose keywords are not a dict": _partial(kwds=list_()),
    "a partial whose attributes are not a dict": _partial(namespace=list_()),
    "a default dict of another class": archive(node("DefaultDictNode", "m", "C", content={})),
    "a default dict of a list": archive(
        node(
            "DefaultDictNode",
            "collections",
            "defaultdict",
            content={"main": list_(), "default_factory": json_(None)},
        )
    ),
    "a slice of lists": archive(
        node("SliceNode", "builtins", "slice", content={"start": [], "stop": 1, "step": None})
    ),
    "a slice without a step": archive(
        node("SliceNode", "builtins", "slice", content={"start": 1, "stop": 1})
    ),
    "bytes of another class": archive(node("BytesNode", "m", "C", file="1"), {"1": b""}),
    "a member that is not there": archive(node("BytesNode", "builtins", "bytes", file="1.bin")),
    "the schema as a member": archive(node("BytesNode", "builtins", "bytes", file="schema.json")),
    "a member that two nodes read": archive(
        list_(ndarray("1.npy"), ndarray("1.npy")), {"1.npy": npy([1.0])}
    ),
    "a scalar that is a container": archive(json_([1])),
    "a scalar that is not JSON": archive(json_(1) | {"content": "{"}),
    "a scalar that is not a text": archive(json_(1) | {"content": {}}),
    "a protocol-0 function without its content": archive(
        node("FunctionNode", "m", "f"), protocol=0
    ),
    "a protocol-0 function whose name has a dot": archive(
        node("FunctionNode", "m", "f", content={"module_path": "a", "function": "b.c"}), protocol=0
    ),
    "an array of another class": _scalar([1.0], "recarray"),
    "numpy.void called with a size": _scalar(10**9, "void"),
    "a scalar of another type than its member": _scalar(1.0, "int64"),
    "a scalar with dimensions": _scalar([1.0], "float64"),
    "an array of an unknown kind": archive(ndarray("1.npy") | {"type": "pickle"}, {"1.npy": b""}),
    "a pickle in the place of an array": archive(ndarray("1.npy"), {"1.npy": b"\x80\x04N."}),
    "an archive in the place of an array": archive(ndarray("1.npy"), {"1.npy": _matrix(a=[1])}),
    "an array of object pointers": _raw_array(
        "{'descr': '|O', 'fortran_order': False, 'shape': (1,), }", b"x" * 8
    ),
    "an array of records with object pointers": _raw_array(
        "{'descr': [('a', '|O')], 'fortran_order': False, 'shape': (1,), }", b"x" * 8
    ),
    "an array shorter than its shape": _raw_array(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (2,), }", b"x" * 8
    ),
    "an array longer than its shape": _raw_array(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (1,), }", b"x" * 9
    ),
    "an array of elements without size": _raw_array(
        "{'descr': '|S0', 'fortran_order': False, 'shape': (1000000000000,), }"
    ),
    "an array of negative length": _raw_array(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (-1,), }"
    ),
    "an array header with a call": _raw_array("{'descr': print(), 'fortran_order': False}"),
    "an array header that is a list": _raw_array("[]"),
    "an array header with another key": _raw_array(
        "{'descr': '<f8', 'fortran_order': False, 'shape': (), 'x': ()}", b"x" * 8
    ),
    "an array header of deep brackets": _raw_array("[" * 9_000),
    "an array of objects of another shape": _object_array([list_(json_(1))], 2, 1),
    "an array of objects with deeper rows": _object_array([json_(1)], 1, 1),
    "an array of objects without dimensions": _object_array([]),
    "a masked array of an estimator": archive(
        node(
            "MaskedArrayNode",
            "numpy.ma",
            "MaskedArray",
            content={"data": object_("m", "C"), "mask": object_("m", "C")},
        )
    ),
    "a dtype taken from an object's attribute": archive(
        node("DTypeNode", "numpy", "dtype", content=object_("m", "C"))
    ),
    "random state of another class": archive(node("RandomStateNode", "m", "C", content=dict_({}))),
    "a generator whose bits have no name": archive(_generator(dict_({}))),
    "a generator whose bits have a dotted name": archive(
        _generator(dict_({"bit_generator": json_("a.b")}))
    ),
    "a generator with a huge pool": archive(
        _generator(dict_({"bit_generator": json_("PCG64")}), dict_({"pool_size": json_(2**31)}))
    ),
    "a generator of protocol 0": archive(
        _generator(dict_({"bit_generator": json_("PCG64")})), protocol=0
    ),
    "a sparse matrix of another class than its node's": _sparse(_matrix(**_CSR), "csc_matrix"),
    "a sparse matrix of an unknown layout": _sparse(_matrix(**_CSR | {"format": b"lil"})),
    "a sparse matrix without its indices": _sparse(
        _matrix(**{key: part for key, part in _CSR.items() if key != "indices"})
    ),
    "a sparse matrix with one more part": _sparse(_matrix(**_CSR, more=[1])),
    "a sparse matrix that is not an archive": _sparse(b"PK"),
    "a protocol that is not a number": archive(json_(1), protocol="2"),
    "a protocol that is True": archive(json_(1), protocol=True),
    "a negative protocol": archive(json_(1), protocol=-1),
}


@pytest.mark.parametrize("sentence", ODD)
def test_a_node_that_skops_would_not_write_is_refused(sentence: str) -> None:
    assert "SL304" in rules(read_skops(ODD[sentence], LIMITS))


NOT_JSON: dict[str, str | bytes] = {
    "no JSON": "{",
    "no object": "[]",
    "a key that comes twice": '{"protocol": 2, "protocol": 2}',
    "NaN": '{"protocol": NaN}',
    "an infinity": '{"protocol": -Infinity}',
    "no UTF-8": b'{"protocol": "\xff"}',
    "UTF-16": '{"protocol": 2}'.encode("utf-16"),
    "a byte order mark": b'\xef\xbb\xbf{"protocol": 2}',
    "brackets without end": "[" * 100_000,
    "a number too long to read": '{"protocol": ' + "1" * 5_000 + "}",
}


@pytest.mark.guarantee("G13")
@pytest.mark.parametrize("sentence", NOT_JSON)
def test_a_schema_that_readers_may_read_differently_is_refused(sentence: str) -> None:
    assert rules(read_skops(archive(NOT_JSON[sentence]), LIMITS)) == {"SL303"}


def test_a_newer_protocol_is_not_read() -> None:
    scan = read_skops(archive(json_(1), protocol=3), LIMITS)
    assert rules(scan) == {"SL007"}
    assert verdict_of(scan.findings) is Verdict.INCOMPLETE


# -- hostile archives -----------------------------------------------------------------------------

_PLAIN = archive(list_(ndarray("1.npy")), {"1.npy": npy([1.0])})


def _replaced(old: bytes, new: bytes, nth: int) -> bytes:
    pieces = _PLAIN.split(old)
    return old.join(pieces[:nth]) + new + old.join(pieces[nth:])


def _at(offset: int, value: bytes) -> bytes:
    data = bytearray(_PLAIN)
    offset %= len(data)
    data[offset : offset + len(value)] = value
    return bytes(data)


def _twice() -> bytes:
    buffer = io.BytesIO(_PLAIN)
    with pytest.warns(UserWarning, match="Duplicate name"), zipfile.ZipFile(buffer, "a") as file:
        file.writestr("schema.json", json.dumps(json_(1) | {"protocol": 2}))
    return buffer.getvalue()


def _with_member(name: str) -> bytes:
    return archive(json_(1), {name: b"x"})


def _with_comment() -> bytes:
    buffer = io.BytesIO(_PLAIN)
    with zipfile.ZipFile(buffer, "a") as file:
        file.comment = _PLAIN[-22:]
    return buffer.getvalue()


_DIRECTORY = _PLAIN.index(b"PK\x01\x02")

BAD_ARCHIVES: dict[str, Callable[[], bytes]] = {
    "empty": lambda: b"",
    "no archive": lambda: b"PK\x03\x04" + bytes(100),
    "bytes before the first member": lambda: b"#!/bin/sh\n" + _PLAIN,
    "bytes after the end record": lambda: _PLAIN + b"x",
    "a comment with another end record": _with_comment,
    "two members of one name": _twice,
    "a name that header and directory do not share": lambda: _replaced(b"1.npy", b"2.npy", 1),
    "a size that header and directory do not share": lambda: _at(22, b"\x01"),
    "a method that header and directory do not share": lambda: _at(8, b"\x08"),
    "an encrypted member": lambda: _at(_DIRECTORY + 8, b"\x01"),
    "an unknown method": lambda: _at(_DIRECTORY + 10, b"\x63"),
    "a member on another disk": lambda: _at(_DIRECTORY + 34, b"\x01"),
    "a member elsewhere": lambda: _at(_DIRECTORY + 42, b"\x01"),
    "a directory elsewhere": lambda: _at(-6, b"\x00\x00\x00\x00"),
    "fewer members than there are": lambda: _at(-14, b"\x01\x00\x01\x00"),
    "several disks": lambda: _at(-18, b"\x01"),
    "a zip64 locator that points nowhere": lambda: (
        _PLAIN[:-22] + struct.pack("<4sLQL", b"PK\x06\x07", 0, 5, 1) + _PLAIN[-22:]
    ),
    "an absolute path": lambda: _with_member("/etc/passwd"),
    "a path to the parent": lambda: _with_member("../x"),
    "a name with a backslash": lambda: _with_member("a\\b"),
    "a name outside ASCII": lambda: _with_member("\u0455chema.json"),
    "a member nothing refers to": lambda: _with_member("payload.bin"),
    "no schema": lambda: _PLAIN.replace(b"schema.json", b"schema.jsom"),
}


@pytest.mark.guarantee("G13")
@pytest.mark.parametrize("sentence", BAD_ARCHIVES)
def test_an_archive_that_readers_may_read_differently_is_refused(sentence: str) -> None:
    scan = read_skops(BAD_ARCHIVES[sentence](), LIMITS)
    assert rules(scan) == {"SL302"}
    assert all(finding.severity is Severity.ERROR for finding in scan.findings)


def test_the_archive_that_the_bad_ones_are_made_from_is_good() -> None:
    assert rules(read_skops(_PLAIN, LIMITS)) == set()


def test_a_compressed_member_with_another_crc_is_refused() -> None:
    data = bytearray(archive(json_(1), {"1.bin": bytes(1000)}, method=zipfile.ZIP_DEFLATED))
    for offset in (14, data.index(b"PK\x01\x02") + 16):
        data[offset] ^= 1
    assert rules(read_skops(bytes(data), LIMITS)) == {"SL302"}


OVER: dict[str, tuple[bytes, Limits]] = {
    "too many members": (
        archive(json_(1), {str(number): b"" for number in range(10)}),
        Limits(members=5),
    ),
    "too large a schema": (archive(json_("x" * 1000)), Limits(schema_bytes=500)),
    "too many bytes out": (
        archive(json_(1), {"1": bytes(10_000)}, method=zipfile.ZIP_DEFLATED),
        Limits(bytes_out=5_000),
    ),
    "too many bytes out of few": (
        archive(json_(1), {"1": bytes(10**6)}, method=zipfile.ZIP_DEFLATED),
        Limits(ratio=100, ratio_floor=1_000),
    ),
    "too many nodes": (archive(list_(*[json_(1)] * 100)), Limits(opcodes=50)),
    "too deep": (archive(list_(list_(list_(list_())))), Limits(depth=3)),
}


@pytest.mark.parametrize("sentence", OVER)
def test_what_is_over_a_limit_is_not_read(sentence: str) -> None:
    data, limits = OVER[sentence]
    scan = read_skops(data, limits)
    assert rules(scan) == {"SL002"}


def test_an_archive_within_the_archive_is_under_the_same_limits() -> None:
    data = dumps(scipy.sparse.csr_matrix(np.zeros((200_000, 1))))
    assert rules(read_skops(data, LIMITS)) == set()
    assert rules(read_skops(data, Limits(ratio=10, ratio_floor=1_000))) == {"SL002"}


def test_a_schema_nested_as_deeply_as_json_allows_is_not_read() -> None:
    schema: Any = list_()
    for _ in range(200):
        schema = list_(schema)
    text = json.dumps(schema | {"protocol": 2})
    assert rules(read_skops(archive(text), Limits(depth=100))) == {"SL002"}
    assert rules(read_skops(archive(text), LIMITS)) <= {"SL002"}


# -- properties -----------------------------------------------------------------------------------


_MODEL = dumps(
    {"a": np.arange(3.0), "b": [1, "x", slice(2)], "c": scipy.sparse.csr_matrix(np.eye(2)),
     "d": np.random.default_rng(0), "e": np.float64(2), "f": np.array([[1, None]], dtype=object)}
)  # fmt: skip


@settings(deadline=None, max_examples=300)
@given(st.binary(max_size=300))
def test_any_bytes_are_scanned(data: bytes) -> None:
    has_schema(data)
    assert rules(read_skops(data, LIMITS))


@settings(deadline=None, max_examples=500)
@given(st.data())
def test_a_changed_file_is_scanned(draw: st.DataObject) -> None:
    data = bytearray(_MODEL)
    for _ in range(draw.draw(st.integers(1, 4))):
        data[draw.draw(st.integers(0, len(data) - 1))] = draw.draw(st.integers(0, 255))
    has_schema(bytes(data))
    scan = read_skops(bytes(data), LIMITS)
    assert all(len(program.findings) <= LIMITS.findings for program in scan.programs)


_SCHEMA, _MEMBERS = parts(_MODEL)
_PLACES = places(_SCHEMA)[1:]
_LOADERS = [
    "BytesNode", "CachedNode", "ConstructorFromReduceNode", "DTypeNode", "DefaultDictNode",
    "DictNode", "FunctionNode", "JsonNode", "ListNode", "LossNode", "MaskedArrayNode",
    "MethodNode", "NdArrayNode", "ObjectNode", "OperatorFuncNode", "PartialNode",
    "QuantileForestNode", "RandomGeneratorNode", "RandomStateNode", "SetNode", "SliceNode",
    "SparseMatrixNode", "TreeNode", "TupleNode", "TypeNode",
]  # fmt: skip
_VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(allow_nan=False, allow_infinity=False),
    st.text(max_size=5), st.sampled_from(_LOADERS), st.sampled_from(["builtins", "numpy"]),
    st.just([]), st.just({}), st.just(json_(1)), st.just(tuple_(json_("a"))),
)  # fmt: skip


@settings(deadline=None, max_examples=500)
@given(st.lists(st.tuples(st.sampled_from(_PLACES), _VALUES), min_size=1, max_size=5))
def test_a_changed_schema_is_scanned(changes: list[tuple[tuple[Any, ...], Any]]) -> None:
    schema = json.loads(json.dumps(_SCHEMA))
    for path, value in changes:
        target = schema
        try:
            for key in path[:-1]:
                target = target[key]
            target[path[-1]] = copy.deepcopy(value)
        except (KeyError, IndexError, TypeError):
            continue
    read_skops(archive(json.dumps(schema), _MEMBERS), LIMITS)


@pytest.mark.parametrize("kind", [bytes, bytearray, memoryview])
def test_bytes_of_every_kind_are_scanned(kind: Callable[[bytes], Any]) -> None:
    assert has_schema(kind(_MODEL))
    assert rules(read_skops(kind(_MODEL), LIMITS)) == set()


@pytest.mark.parametrize(
    "data", [b"", b"PK\x05\x06", _PLAIN[:-30], archive("{}").replace(b"schema", b"schemo")]
)
def test_what_has_no_schema_is_seen_to_have_none(data: bytes) -> None:
    assert not has_schema(data)
