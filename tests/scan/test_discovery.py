"""A file in a folder is skipped only if no loader gets from it to a name."""

from __future__ import annotations

import bz2
import gzip
import io
import json
import lzma
import os
import pickle
import tarfile
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import lz4.frame
import numpy as np
import pytest

import safeload
from safeload.scan import discovery
from safeload.scan.discovery import reason_to_skip
from safeload.scan.endings import has_model_name

CALL = b"cposix\nsystem\n(S'true'\ntR."
# Each begins with what CPython reads and no pickler writes.
ODD = {
    "a large place in the memo": b"Np1000\n0",
    "a value twice": b"N200",
    "an integer in hexadecimal digits": b"I0x10\n0",
    "an integer in octal digits": b"I010\n0",
    "an integer up to a zero": b"I7\0 and more\n0",
    "a protocol late in the stream": b"N0\x80\x04",
    "an escape that is none": b"S'\\q'\n0",
    "tuples within tuples": b")" + b"\x85" * 3_000 + b"0",
    "bytes of latin-1": b"S'\xe9'\n0",
    "a frame beyond the end": b"\x95\xff\0\0\0\0\0\0\0N0",
    "a mark that is taken away": b"(0(1",
    "a float of digits alone": b"F1\n0",
    "a stream before it": b"N.",
    "a persistent identifier": b"Pid\n0",
    "what begins like bzip2": b"BZ\0\0\0" + bytes(0x5A) + b"0",
}
NAMED = {
    "texts on the stack": b"\x8c\x05posix\x8c\x06system\x93.",
    "texts from the memo": b"Vposix\nq\x000Vsystem\nq\x010h\x00h\x01\x93.",
    "an instance": b"(S'true'\nios\nsystem\n.",
    "an object": b"(cos\nsystem\nS'true'\no.",
    "nothing but the name": b"cos\nsystem\n",
    "a module that need not be there": b"cmodule\nname\n)R.",
    "a module in binary": b"N\x85cmodule\nname\n",
    "a module that is returned": b"cmodule\nname\n.",
    "a registered code": b"\x82\x05.",
    "a module of a Python before 3": b"c__builtin__\neval\n",
    "a name behind another that fails elsewhere": b"cno-module\nname\n0" + CALL,
}
PACKERS: dict[str, Callable[[bytes], bytes]] = {
    "zlib": zlib.compress,
    "zlib with a small window": lambda data: _small_window(data),
    "zlib without its checksum": lambda data: zlib.compress(data)[:-4] + b"none",
    "gzip": gzip.compress,
    "gzip without its checksum": lambda data: gzip.compress(data)[:-8],
    "gzip in two parts": lambda data: gzip.compress(data[:3]) + bytes(9) + gzip.compress(data[3:]),
    "bzip2": bz2.compress,
    "bzip2 in two parts": lambda data: bz2.compress(data[:3]) + bz2.compress(data[3:]),
    "bzip2 and more": lambda data: bz2.compress(data) + b"and more",
    "xz": lzma.compress,
    "xz in two parts": lambda data: lzma.compress(data[:3]) + lzma.compress(data[3:]),
    "lzma": lambda data: lzma.compress(data, lzma.FORMAT_ALONE),
    "lz4": lz4.frame.compress,
    "joblib before 0.10": lambda data: (
        b"ZF" + hex(len(data)).encode().ljust(19) + zlib.compress(data)
    ),
    "gzip within bzip2": lambda data: bz2.compress(gzip.compress(data)),
    "zip": lambda data: _zipped({"data": data}),
    "zip behind a script": lambda data: b"#!/bin/sh\n" + _zipped({"data": data}),
    "tar": lambda data: _tarred({"data": data}),
    "tar within gzip": lambda data: gzip.compress(_tarred({"some/data": data})),
}
TEXTS = {
    "conda.yaml": "channels:\n- conda-forge\ndependencies:\n- python=3.11\n",
    "labels.txt": "cat\ndog\n",
    "animals.txt": "cat\ndog\ncow\npig\nbat\n",
    "columns.txt": "count\nmean\ncity\nname\nage\n",
    "requirements.txt": "certifi==2026.1\ncloudpickle==3.1\n",
    "names.txt": "Pillow\ncertifi\nnumpy\n",
    "functions.txt": "cos\nsin\ntan\n",
    "headers.txt": "ctypes\nmath\n",
    ".gitignore": "coverage\nbuild\n.tox\n.venv\n",
    "CMakeLists.txt": "cmake_minimum_required(VERSION 3.5)\nproject(x)\n",
    "CHANGES.rst": "changes\n=======\n.. contents::\n",
    "script.py": "import os\nimport sys\n",
    "ids.csv": "id\nname\n1\n2\n",
    "matrix.csv": "X,Y\n1,2\n3,4\n",
    "LICENSE": "MIT License\n\nCopyright (c)\n",
    "README.md": "# A model\n",
    "input_example.json": '{"columns": ["a"], "data": [[1]]}',
    "python_env.yaml": "python: 3.11.7\nbuild_dependencies:\n- pip==24.0\n",
    "MLmodel": "artifact_path: model\nflavors:\n  python_function:\n    env: conda.yaml\n",
    "run.log": "INFO started\nINFO done\n",
    "empty": "",
}  # fmt: skip


def _small_window(data: bytes) -> bytes:
    packer = zlib.compressobj(wbits=9)
    return packer.compress(data) + packer.flush()


def _zipped(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with zipfile.ZipFile(stream, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return stream.getvalue()


def _tarred(files: dict[str, bytes]) -> bytes:
    stream = io.BytesIO()
    with tarfile.open(fileobj=stream, mode="w") as archive:
        for name, data in files.items():
            entry = tarfile.TarInfo(name)
            entry.size = len(data)
            archive.addfile(entry, io.BytesIO(data))
    return stream.getvalue()


def listed(data: bytes, name: str = "file") -> bool:
    return reason_to_skip(name, data) is None


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("odd", ODD)
def test_a_pickle_that_begins_oddly_is_listed(odd: str) -> None:
    assert listed(ODD[odd] + CALL)


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("named", NAMED)
def test_a_name_is_found_however_it_is_asked_for(named: str) -> None:
    assert listed(NAMED[named])


@pytest.mark.guarantee("G21")
@pytest.mark.parametrize("packer", PACKERS)
def test_a_pickle_is_found_in_whatever_packs_it(packer: str) -> None:
    pack = PACKERS[packer]

    assert listed(pack(b"N200" + CALL))
    if packer != "joblib before 0.10":
        assert not listed(pack(b"Hello, this is a text.\n" * 9))


@pytest.mark.parametrize("name", TEXTS)
def test_a_text_is_skipped_in_any_packing(name: str) -> None:
    data = TEXTS[name].encode()

    for pack in (bytes, gzip.compress, bz2.compress, lzma.compress, zlib.compress):
        assert reason_to_skip(name, pack(data))


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("model.pkl", True),
        ("MODEL.PKL", True),
        ("model.pkl.gz", True),
        ("model.v2.joblib.tar.gz", True),
        (".sav", True),
        ("weights.bin", True),
        ("net.ONNX", True),
        ("m.safetensors", True),
        ("model.tar.gz", False),
        ("pkl", False),
        ("model.pkl.sig", False),
        ("model.safetensors.index.json", False),
        ("MLmodel", False),
        ("conda.yaml", False),
    ],
)
def test_models_are_told_by_their_names(name: str, *, expected: bool) -> None:
    assert has_model_name(name) is expected
    assert listed(b"nothing", name) is expected


@pytest.mark.parametrize(
    "files",
    [{"a/model.pkl": b"?"}, {"readme": b"?", "w.NPY": b"?"}, {"x": pickle.dumps(1)}],
)
@pytest.mark.parametrize("pack", [_zipped, _tarred])
def test_an_archive_is_listed_for_what_is_in_it(
    pack: Callable[[dict[str, bytes]], bytes], files: dict[str, bytes]
) -> None:
    assert listed(pack(files))
    assert not listed(pack({"readme": b"text", "printer.bin": b"a b c", "site.pth": b"import x"}))


def test_a_damaged_archive_is_listed() -> None:
    assert listed(_zipped({"readme": b"text"})[:-1])


def test_a_member_without_a_name_is_looked_into_like_any_other() -> None:
    archive = _zipped({"x": pickle.dumps(1)})
    nameless = archive.replace(b"x\x80", b"\0\x80").replace(b"xPK\x05", b"\0PK\x05")

    assert zipfile.ZipFile(io.BytesIO(nameless)).namelist() == [""]
    assert listed(nameless)


def test_what_is_packed_too_often_to_be_looked_through_is_listed() -> None:
    data = b"text" * 100
    for _ in range(6):
        data = gzip.compress(data)

    assert listed(data)


def test_what_goes_on_for_too_long_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_KEPT", 1 << 16)
    # A text of a length that the stream has, and one of a length that it has not.
    long = b"X" + (1 << 20).to_bytes(4, "little") + bytes(1 << 20) + b"0" + CALL
    short = b"X" + (1 << 30).to_bytes(4, "little") + bytes(1 << 20)

    assert listed(gzip.compress(long))
    assert not listed(gzip.compress(short))


def test_what_comes_out_of_a_bomb_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(discovery, "_WORK", 1 << 20)
    bomb = gzip.compress(b"X" + (1 << 31).to_bytes(4, "little") + bytes(1 << 22))

    assert listed(bomb)


def test_arrays_and_frames_are_listed() -> None:
    stream = io.BytesIO()
    np.save(stream, np.zeros(1))

    assert listed(stream.getvalue())
    assert listed(gzip.compress(stream.getvalue()))
    assert listed(b"\x89HDF\r\n\x1a\n")


# -- folders -------------------------------------------------------------------------------------


def audited(folder: Path) -> safeload.AuditReport:
    return safeload.audit(folder)


def test_a_folder_of_texts_and_a_model_is_accepted(tmp_path: Path) -> None:
    for name, text in TEXTS.items():
        (tmp_path / name).write_text(text)
    (tmp_path / "model.pkl").write_bytes(pickle.dumps([1.0]))

    report = audited(tmp_path)

    assert report.exit_code == 0
    assert [Path(file.path).name for file in report.files] == ["model.pkl"]
    assert {Path(file.path).name for file in report.skipped} == set(TEXTS)


def test_a_pickle_under_any_name_keeps_a_folder_from_being_accepted(tmp_path: Path) -> None:
    for number, prefix in enumerate(ODD.values()):
        folder = tmp_path / str(number)
        folder.mkdir()
        (folder / "data").write_bytes(prefix + CALL)
        assert audited(folder).exit_code in (1, 3)


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n",
        b"<!DOCTYPE html><html>",
        b"anything",
    ],
)
def test_a_model_that_is_not_there_is_incomplete(tmp_path: Path, data: bytes) -> None:
    (tmp_path / "model.joblib").write_bytes(data)

    report = audited(tmp_path)

    assert report.exit_code == 3
    assert [finding.rule for finding in report.files[0].findings] == ["SL001"]


def test_a_pointer_to_something_else_is_skipped_for_what_it_is(tmp_path: Path) -> None:
    pointer = b"version https://git-lfs.github.com/spec/v1\noid sha256:0\nsize 9\n"
    (tmp_path / "photo.png").write_bytes(pointer)

    (skipped,) = audited(tmp_path).skipped

    assert "LFS" in skipped.reason


def test_links_and_pipes_are_skipped_with_a_reason_unless_they_are_called_models(
    tmp_path: Path,
) -> None:
    (tmp_path / "there").mkdir()
    for name in ("folder", "folder.keras"):
        (tmp_path / name).symlink_to("there", target_is_directory=True)
    for name in ("lost", "lost.pkl"):
        (tmp_path / name).symlink_to("nowhere")
    for name in ("pipe", "pipe.npy"):
        os.mkfifo(tmp_path / name)

    report = audited(tmp_path)

    assert {Path(file.path).name for file in report.skipped} == {"folder", "lost", "pipe"}
    assert {Path(file.path).name for file in report.files} == {
        "folder.keras", "lost.pkl", "pipe.npy",
    }  # fmt: skip
    assert {finding.rule for file in report.files for finding in file.findings} == {"SL000"}
    assert report.exit_code == 3


def test_what_was_skipped_is_in_the_report(tmp_path: Path) -> None:
    from safeload.report.json import as_json

    (tmp_path / "conda.yaml").write_text(TEXTS["conda.yaml"])

    document: Any = json.loads(as_json(audited(tmp_path)))

    (skipped,) = document["skipped"]
    assert skipped["path"] == str(tmp_path / "conda.yaml")
    assert document["files"] == []
