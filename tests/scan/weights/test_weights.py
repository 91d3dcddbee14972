"""Weights that are not pickles are recognised, and what in them could run is refused."""

from __future__ import annotations

import json
import pickle
import struct
from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest

from safeload.verdict import Verdict
from tests.containers import EVIL, GOOD, zipped
from tests.scan.containers.test_containers import report, rules

# -- safetensors ----------------------------------------------------------------------------------


def tensors(header: object, data: bytes, *, width: int = 0) -> bytes:
    text = header if isinstance(header, bytes) else json.dumps(header).encode()
    text = text.ljust(width)
    return struct.pack("<Q", len(text)) + text + data


def tensor(start: int, stop: int, **changes: Any) -> dict[str, Any]:
    shape = [(stop - start) // 4]
    return {"dtype": "F32", "shape": shape, "data_offsets": [start, stop], **changes}


@pytest.mark.parametrize("width", [0, 0x78, 0x80, 0x0480, 0x28 + 0x100, 5000])
def test_a_file_of_tensors_is_accepted(width: int) -> None:
    header = {"__metadata__": {"format": "pt"}, "b": tensor(8, 8), "a": tensor(0, 8)}

    found = report(tensors(header, bytes(8), width=width))

    assert (found.format, found.verdict, found.findings) == ("safetensors", Verdict.ACCEPT, ())


ODD_TENSORS: Mapping[str, bytes] = {
    "bytes behind": tensors({"a": tensor(0, 8)}, bytes(9)),
    "bytes between": tensors({"a": tensor(0, 4), "b": tensor(8, 12)}, bytes(12)),
    "an overlap": tensors({"a": tensor(0, 8), "b": tensor(4, 12)}, bytes(12)),
    "bytes that are missing": tensors({"a": tensor(0, 8)}, bytes(7)),
    "another length": tensors({"a": tensor(0, 8, shape=[3])}, bytes(8)),
    "a type that there is not": tensors({"a": tensor(0, 8, dtype="X")}, bytes(8)),
    "a shape beyond all numbers": tensors({"a": tensor(0, 8, shape=[2**62] * 64)}, bytes(8)),
    "a negative size": tensors({"a": tensor(0, 8, shape=[-1, -2])}, bytes(8)),
    "more than a tensor has": tensors({"a": tensor(0, 8, more=1)}, bytes(8)),
    "a name twice": tensors(b'{"a":{},"a":{}}', b""),
    "no JSON": tensors(b"{]}", b""),
    "a depth": tensors(b'{"a":' * 50_000 + b"{" + b"}" * 50_001, b""),
    "metadata that are not texts": tensors({"__metadata__": {"a": 1}}, b""),
}


@pytest.mark.parametrize("case", ODD_TENSORS)
def test_tensors_that_are_not_the_whole_file_are_refused(case: str) -> None:
    found = report(ODD_TENSORS[case])

    assert (found.verdict, rules(found)) == (Verdict.REFUSE, {"SL307"})


def test_a_file_of_tensors_that_is_an_archive_too_is_read_as_both() -> None:
    archive = zipped([("a.pkl", EVIL)])
    header = {"a": {"dtype": "U8", "shape": [len(archive)], "data_offsets": [0, len(archive)]}}

    assert "SL101" in rules(report(tensors(header, archive)))


# -- GGUF -----------------------------------------------------------------------------------------


def text(value: str) -> bytes:
    return struct.pack("<Q", len(value)) + value.encode()


PAIRS = (
    text("general.architecture") + struct.pack("<I", 8) + text("llama"),
    text("general.alignment") + struct.pack("<II", 4, 64),
    text("tokens") + struct.pack("<IIQ", 9, 8, 2) + text("a") + text("b"),
    text("scores") + struct.pack("<IIQ", 9, 6, 2) + bytes(8),
)


def gguf(*pairs: bytes, count: int = 0, kind: int = 0, size: int = 64, version: int = 3) -> bytes:
    """A file with one tensor of 16 numbers."""
    head = b"GGUF" + struct.pack("<IQQ", version, 1, (count or len(pairs))) + b"".join(pairs)
    head += text("w") + struct.pack("<IQIQ", 1, 16, kind, 0)
    alignment = 64 if PAIRS[1] in pairs else 32
    return head + bytes(-len(head) % alignment) + bytes(size)


def test_a_file_of_gguf_that_was_walked_to_its_end_is_accepted() -> None:
    for data in (gguf(*PAIRS), gguf(), b"GGUF" + struct.pack("<IQQ", 3, 0, 0)):
        found = report(data)

        assert (found.format, found.verdict, found.findings) == ("gguf", Verdict.ACCEPT, ())


def test_a_chat_template_is_a_note() -> None:
    template = text("tokenizer.chat_template") + struct.pack("<I", 8) + text("{{ x }}")

    found = report(gguf(template))

    assert (found.verdict, rules(found)) == (Verdict.ACCEPT, {"SL903"})


@pytest.mark.parametrize(
    "data",
    [
        gguf(*PAIRS)[:-40],
        gguf(*PAIRS)[:60],
        gguf(count=2**60),
        gguf(text("a") + struct.pack("<IIQ", 9, 8, 2**60)),
        gguf(text("a") + struct.pack("<IIQ", 9, 4, 2**62)),
        gguf(struct.pack("<Q", 2**63)),
    ],
)
def test_gguf_with_lengths_beyond_its_end_is_refused(data: bytes) -> None:
    assert rules(report(data)) == {"SL307"}


@pytest.mark.parametrize(
    "data",
    [gguf(kind=77), gguf(version=9), gguf(size=640), gguf(text("a") + struct.pack("<I", 99))],
)
def test_gguf_with_what_nobody_here_knows_is_incomplete(data: bytes) -> None:
    found = report(data)

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL013"})


# -- ONNX -----------------------------------------------------------------------------------------


def field(number: int, content: bytes) -> bytes:
    length = len(content)
    size = bytes([length]) if length < 128 else bytes([length & 127 | 128, length >> 7])
    return bytes([number << 3 | 2]) + size + content


def onnx(tensor: bytes) -> bytes:
    """A graph whose node holds a graph in an attribute, which holds the tensor."""
    node = field(1, field(5, field(6, field(5, tensor))))
    return b"\x08\x09" + field(2, b"maker") + field(7, node + field(2, b"name"))


def external(path: bytes) -> bytes:
    return field(8, b"w") + field(13, field(1, b"location") + field(2, path)) + b"\x70\x01"


def test_a_graph_is_recognised_and_incomplete() -> None:
    for tensor_ in (field(9, bytes(8)), external(b"w.bin"), external(b"a/../w.bin")):
        found = report(onnx(tensor_))

        assert (found.format, found.verdict) == ("onnx", Verdict.INCOMPLETE)
        assert rules(found) == {"SL013"}


@pytest.mark.parametrize("path", [b"../../etc/passwd", b"/etc/passwd", b"C:\\w.bin"])
def test_weights_outside_of_the_folder_are_refused(path: bytes) -> None:
    found = report(onnx(external(path)))

    assert (found.verdict, rules(found)) == (Verdict.REFUSE, {"SL013", "SL308"})


def test_a_graph_that_is_cut_short_or_within_itself_is_not_accepted() -> None:
    data = onnx(external(b"w.bin"))
    deep = b""
    for _ in range(70):
        deep = field(7, deep)[:120]

    assert report(onnx(b"\xff\xff")).verdict is Verdict.REFUSE
    for cut in range(1, len(data)):
        assert report(data[:cut]).verdict is not Verdict.ACCEPT


# -- HDF5 and Keras -------------------------------------------------------------------------------

HDF = b"\x89HDF\r\n\x1a\n" + bytes(88)
DENSE = {
    "module": "keras.layers",
    "class_name": "Dense",
    "registered_name": None,
    "config": {
        "units": 1,
        "activation": "relu",
        "bias_initializer": {"module": "keras.initializers", "class_name": "Zeros", "config": {}},
    },
}
RELU = {"module": "keras.activations", "class_name": "function", "config": "relu"}


def model(*layers: object) -> bytes:
    config = {"module": "keras", "class_name": "Sequential", "config": {"layers": [DENSE, *layers]}}
    return json.dumps(config).encode()


def in_hdf(config: bytes) -> bytes:
    return HDF + bytes(16) + config + bytes(8) + np.arange(100.0).tobytes()


def in_zip(config: bytes) -> bytes:
    meta = b'{"keras_version": "3.6.0"}'
    return zipped([("metadata.json", meta), ("config.json", config), ("model.weights.h5", HDF)])


PLACES = {"HDF5": in_hdf, "a zip": in_zip}


@pytest.mark.parametrize("place", PLACES)
def test_a_model_of_keras_own_layers_is_incomplete(place: str) -> None:
    found = report(PLACES[place](model(DENSE, RELU)))

    assert (found.verdict, rules(found)) == (Verdict.INCOMPLETE, {"SL013"})


RUNNING: Mapping[str, tuple[object, str]] = {
    "a Lambda layer": (
        {"class_name": "Lambda", "config": {"function": ["4wEA", None, None]}},
        "SL112",
    ),
    "marshalled code": ({"class_name": "__lambda__", "config": {"code": "4wEA"}}, "SL112"),
    "a pickle of torch": ({"class_name": "TorchModuleWrapper", "config": {}}, "SL112"),
    "a function of the system": (
        {"module": "os", "class_name": "function", "config": "system"},
        "SL113",
    ),
    "a function of Keras that fetches files": (
        {"module": "keras.utils", "class_name": "function", "config": "get_file"},
        "SL113",
    ),
    "a class of somebody's": (
        {"module": "acme.layers", "class_name": "Mine", "config": {}},
        "SL113",
    ),
    "a class as older releases name it": ({"class_name": "acme>Mine", "config": {}}, "SL113"),
    "a vocabulary from elsewhere": (
        {"class_name": "StringLookup", "config": {"vocabulary": "/etc/passwd"}},
        "SL308",
    ),
    "a vocabulary from an address": (
        {"class_name": "StringLookup", "config": {"vocabulary": "http://a.example/v.txt"}},
        "SL308",
    ),
}


@pytest.mark.parametrize("place", PLACES)
@pytest.mark.parametrize("case", RUNNING)
def test_what_keras_would_run_is_refused(case: str, place: str) -> None:
    layer, rule = RUNNING[case]

    found = report(PLACES[place](model({"config": {"inner": [layer]}})))

    assert (found.verdict, rules(found)) == (Verdict.REFUSE, {"SL013", rule})


def test_pickles_in_hdf5_are_judged() -> None:
    legitimate = pickle.dumps(np.array(["a", None], object), 4)

    good, evil = (report(HDF + bytes(40) + data + bytes(40)) for data in (legitimate, EVIL))

    assert (good.verdict, rules(good)) == (Verdict.INCOMPLETE, {"SL013"})
    assert [item.name for item in evil.globals] == ["posix.system"]
    assert evil.verdict is Verdict.REFUSE


def test_weights_are_not_taken_for_pickles() -> None:
    noise = np.random.default_rng(0).bytes(1 << 20)

    assert report(HDF + noise + GOOD[:9]).members == ()


# -- others ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("data", "form"),
    [
        (b"MATLAB 5.0 MAT-file, Platform: GLNXA64" + bytes(100), "matlab"),
        (b'<?xml version="1.0"?>\n<PMML xmlns="x" version="4.4"></PMML>', "pmml"),
        (b'{"learner":{"attributes":{}},"version":[3,0,0]}', "xgboost"),
        (b"{L" + bytes(7) + b"\x07learner{L" + bytes(20), "xgboost"),
        (b"tree\nversion=v4\nnum_class=1\n", "lightgbm"),
        (b"\x1c\0\0\0TFL3" + bytes(40), "tflite"),
    ],
)
def test_other_formats_are_named(data: bytes, form: str) -> None:
    found = report(data)

    assert (found.format, found.verdict) == (form, Verdict.INCOMPLETE)
    assert rules(found) == {"SL013"}
