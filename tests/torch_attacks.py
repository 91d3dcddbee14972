"""Attacks on who audits a checkpoint, each as the bytes of a file.

Trust: each payload creates the canary that it is given, and no more.
"""

from __future__ import annotations

import struct
from collections.abc import Callable

from malicious_samples.recipes import make_call, payload, shell, system
from tests.builder import Name, Pickle
from tests.checkpoints import (
    FLOATS,
    MAGIC,
    Record,
    archive,
    checkpoint,
    legacy,
    pickled,
    storage,
    tensor,
    with_state,
)

__all__ = ["LIVE", "REFUSED"]

Attack = Callable[[str], bytes]

_LEGITIMATE = pickled({"weight": tensor()})
_SYSTEM = Name("posix", "system")


def _hostile(canary: str) -> bytes:
    return pickled(system(canary))


def _member(name: str) -> Callable[[str], bytes]:
    """The payload in a further member of a legitimate checkpoint."""
    return lambda canary: checkpoint(pickle=_LEGITIMATE, further=[Record(name, _hostile(canary))])


def _replacing(**fields: object) -> Callable[[str], bytes]:
    """The payload in ``data.pkl``, whose record has some odd fields."""

    def build(canary: str) -> bytes:
        record = Record("archive/data.pkl", _hostile(canary), **fields)  # type: ignore[arg-type]
        return checkpoint(replaced={"data.pkl": record})

    return build


def _before_the_folder(canary: str) -> bytes:
    """The first member decides which folder torch reads."""
    evil = [("other/data.pkl", _hostile(canary)), ("other/version", b"3\n")]
    legitimate = [
        ("archive/data.pkl", _LEGITIMATE),
        ("archive/version", b"3\n"),
        ("archive/data/0", FLOATS),
    ]
    return archive([Record(*named) for named in (*evil, *legitimate)])


def _two_directories(canary: str) -> bytes:
    """``zipfile`` reads the directory before the end record, torch the one that it points to."""
    names = {"archive/data.pkl": _LEGITIMATE, "archive/evil.pkl": b"", "archive/version": b"3\n"}
    evil = {**names, "archive/evil.pkl": _hostile(canary)}
    data = bytearray()
    entries = {}
    for name, content in evil.items():
        entries[name] = len(data)
        fields = 0, 0, 0, 0, 0, 0, len(content), len(content), len(name), 0
        data += b"PK\x03\x04" + struct.pack("<5H3L2H", *fields) + name.encode() + content

    def directory(of_pickle: str) -> bytes:
        written = b""
        for name, where in (
            ("archive/data.pkl", of_pickle),
            ("archive/version", "archive/version"),
        ):
            size = len(evil[where])
            fields = 0, 0, 0, 0, 0, 0, 0, size, size, len(name), 0, 0, 0, 0, 0, entries[where]
            written += b"PK\x01\x02" + struct.pack("<6H3L5H2L", *fields) + name.encode()
        return written

    for_torch, for_python = directory("archive/evil.pkl"), directory("archive/data.pkl")
    start = len(data)
    end = struct.pack("<4H2LH", 0, 0, 2, 2, len(for_torch), start, 0)
    return bytes(data + for_torch + for_python + b"PK\x05\x06" + end)


def _among_the_begin(place: int) -> Callable[[str], bytes]:
    def build(canary: str) -> bytes:
        begin = [pickled(MAGIC), pickled(1001), pickled({"little_endian": True})]
        # The value stays what torch expects: the call is made and dropped.
        value = [MAGIC, 1001, {"little_endian": True}][place]
        begin[place] = Pickle(2).save(system(canary)).pop().save(value).finish()
        return legacy(tensor(storage(legacy=True)), begin=tuple(begin))

    return build


def _in_the_keys(canary: str) -> bytes:
    keys = Pickle(2).save(system(canary)).pop().save(["0"]).finish()
    return legacy(tensor(storage(legacy=True)), keys=keys)


def _behind_a_wrapper(canary: str) -> bytes:
    """Opcodes where joblib would have an array's bytes."""
    hidden = bytes(Pickle(2).raw(b"").save(system(canary)))[2:]
    stream = Pickle(2).array(hidden, dtype="|u1", alignment=None)
    return checkpoint(pickle=stream.pop().finish())


# What torch.load runs, of the release that these tests are run with.
LIVE: dict[str, Attack] = {
    "a call in data.pkl": lambda canary: checkpoint(pickle=_hostile(canary)),
    "a call in a deflated data.pkl": _replacing(deflated=True),
    "a call in a record with another CRC": _replacing(crc=1),
    "a call in a record with another local name": _replacing(local_name="archive/data.txt"),
    "a call in a record with no name but for the case": lambda canary: checkpoint(
        replaced={"data.pkl": Record("archive/Data.PKL", _hostile(canary))}
    ),
    "a call behind another directory": _two_directories,
    "a call in a pickle before the archive": lambda canary: checkpoint(
        pickle=_LEGITIMATE, prefix=payload(canary)
    ),
    "a call where joblib would have an array": _behind_a_wrapper,
    "a call by what rebuilds a tensor": lambda canary: checkpoint(
        with_state(_SYSTEM, (shell(canary),), None)
    ),
    "a call by an alias of what rebuilds a tensor": lambda canary: checkpoint(
        lambda p: p.call(
            Name("torch.tensor", "_rebuild_from_type_v2"),
            _SYSTEM, Name("torch", "Tensor"), (shell(canary),), None,
        )
    ),
    "a checkpoint within a checkpoint": lambda canary: checkpoint(
        make_call(Name("torch.storage", "_load_from_bytes"), checkpoint(pickle=_hostile(canary)))
    ),
    "a call before the magic number": _among_the_begin(0),
    "a call before the version": _among_the_begin(1),
    "a call before the system": _among_the_begin(2),
    "a call in a second data.pkl": _member("archive/data.pkl"),
    "a call in a DATA.PKL": _member("archive/DATA.PKL"),
    "a call in the old form": lambda canary: legacy(pickle=_hostile(canary), storages={}),
    "a call before the keys": _in_the_keys,
}  # fmt: skip

# What it does not run, and another reader, another release or another function of torch may.
REFUSED: dict[str, Attack] = {
    **LIVE,
    "a call in the folder of the first member": _before_the_folder,
    "a call in a second folder": _member("other/data.pkl"),
    "a call in the constants": _member("archive/constants.pkl"),
    "a call in a record that torch does not read": _member("archive/extra/info.pkl"),
    "a call in an encrypted record": _replacing(flags=0x0809),
    "a call in a folder": _replacing(attributes=0x10),
    "a call behind the end of data.pkl": lambda canary: checkpoint(
        pickle=_LEGITIMATE + _hostile(canary)
    ),
    "a call of a storage": lambda canary: checkpoint(make_call(storage(), shell(canary))),
    "a persistent identifier in a plain pickle": lambda canary: pickled(tensor()),
}
