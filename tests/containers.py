"""Containers with a file in them, as tools write them and as attackers do."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import pickle
import struct
import tarfile
import warnings
import zipfile
import zlib
from collections.abc import Callable, Iterable, Mapping

import numpy as np

from tests.builder import Name, Pickle

__all__ = ["EVIL", "GOOD", "OF_STREAMS", "PACKERS", "TEXT", "objects", "saved", "tarred", "zipped"]

EVIL = Pickle(4).call(Name("posix", "system"), "id").finish()
GOOD = pickle.dumps({"weights": [1.5, 2.5]}, 4)
TEXT = b"Read me first, then the rest.\n"

Files = Iterable[tuple[str, bytes]]


def zipped(files: Files, method: int = zipfile.ZIP_DEFLATED) -> bytes:
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w", method) as archive, warnings.catch_warnings():
        # It says that a name is there already.
        warnings.simplefilter("ignore", UserWarning)
        for name, content in files:
            archive.writestr(zipfile.ZipInfo(name), content, method)
    return out.getvalue()


def tarred(files: Files, form: int = tarfile.PAX_FORMAT) -> bytes:
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=form) as archive:
        for name, content in files:
            entry = tarfile.TarInfo(name)
            entry.size = len(content)
            archive.addfile(entry, io.BytesIO(content))
    return out.getvalue()


def saved(array: object) -> bytes:
    out = io.BytesIO()
    np.save(out, np.asarray(array), allow_pickle=True)
    return out.getvalue()


def objects(stream: bytes) -> bytes:
    text = b"{'descr': '|O', 'fortran_order': False, 'shape': (1,), }"
    text += b" " * (-(len(text) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + stream


# Each packs one file, under a name.
PACKERS: Mapping[str, Callable[[bytes], bytes]] = {
    "zip, stored": lambda data: zipped([("m/model.pkl", data)], zipfile.ZIP_STORED),
    "zip, deflated": lambda data: zipped([("readme.txt", TEXT), ("model.pkl", data)]),
    "zip, bzip2": lambda data: zipped([("model.pkl", data)], zipfile.ZIP_BZIP2),
    "zip, LZMA": lambda data: zipped([("model.pkl", data)], zipfile.ZIP_LZMA),
    "zip with a prefix": lambda data: b"#!/bin/sh\nexit\n" + zipped([("model.pkl", data)]),
    "zip in a zip": lambda data: zipped([("a.zip", zipped([("b.pkl", data)]))]),
    "zip in a zip, stored": lambda data: zipped(
        [("a.zip", zipped([("b.pkl", data)], zipfile.ZIP_STORED))], zipfile.ZIP_STORED
    ),
    "tar, pax": lambda data: tarred([("readme.txt", TEXT), ("model.pkl", data)]),
    "tar, GNU": lambda data: tarred([("m" * 200 + ".pkl", data)], tarfile.GNU_FORMAT),
    "tar, ustar": lambda data: tarred([("model.pkl", data)], tarfile.USTAR_FORMAT),
    "tar, gzip": lambda data: gzip.compress(tarred([("model.pkl", data)])),
    "tar, bzip2": lambda data: bz2.compress(tarred([("model.pkl", data)])),
    "tar, xz": lambda data: lzma.compress(tarred([("model.pkl", data)])),
    "tar in a zip": lambda data: zipped([("a.tar", tarred([("b.pkl", data)]))]),
    "zip in a tar, gzip": lambda data: gzip.compress(tarred([("a.zip", zipped([("b", data)]))])),
    "two tars, one behind the other": lambda data: (
        tarred([("a.pkl", GOOD)]) + tarred([("b.pkl", data)])
    ),
    "the second of two pickles": lambda data: GOOD + data,
    "the third of three pickles": lambda data: GOOD + GOOD + data,
    "a pickle behind an array": lambda data: saved(np.arange(3.0)) + data,
    "a pickle behind an array of texts": lambda data: saved(np.array(["a", "bc"])) + data,
    "an array of objects": objects,
    "an array of objects behind a pickle": lambda data: GOOD + objects(data),
    "an array of objects in a zip of arrays": lambda data: zipped(
        [("a.npy", saved(np.zeros(2))), ("b.npy", objects(data))]
    ),
    "an array of objects in a zip of much": lambda data: zipped(
        [("a.npy", objects(data)), ("b.txt", TEXT)]
    ),
    "compressed twice": lambda data: zlib.compress(bz2.compress(data)),
    "compressed in a zip": lambda data: zipped([("model.joblib", zlib.compress(data))]),
}

# Those that are read by pickle alone, which knows nothing of joblib's arrays or of skops.
OF_STREAMS = frozenset(
    name
    for name in PACKERS
    if name.startswith(("an array of objects", "a pickle behind", "the second", "the third"))
)
