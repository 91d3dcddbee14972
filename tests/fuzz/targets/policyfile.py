"""The policy file: any bytes are one or a UsageError."""

from __future__ import annotations

import random
from collections.abc import Sequence

from safeload.errors import UsageError
from safeload.policy.entries import Entry, add_entries, parse_text
from safeload.policy.policy import Policy
from tests.fuzz.mutation import bent
from tests.fuzz.target import Target, Violation

__all__ = ["TARGET"]

_WORDS = (
    b"[[group]]\n", b"[group]\n", b"group = 1\n", b"group = [1]\n", b"[group.names]\n",
    b"library = 1\n", b"releases = []\n", b'versions = "warn"\n', b"versions = []\n",
    b'reason = "r"\n', b'uses = ["call"]\n',
    b"uses = 1\n", b"uses = [[]]\n", b'uses = ["construct", "reference"]\n',
    b'rule = "no_arguments"\n',
    b"rule = []\n", b"rule = {}\n", b"names = 1\n", b"names = {}\n", b'names = {a = ["b"]}\n',
    b'"a.b" = ["C"]\n', b'"a" = [1]\n', b'"a" = "b"\n', b"[[x]]\n", b"\x00", b"\xff",
    b"1979-05-27\n",
    b"nan\n",
)  # fmt: skip
_EXAMPLE = b"""\
versions = "warn"
[[group]]
reason = "ours"
uses = ["construct", "reference"]
[group.names]
"our.models" = ["Ensemble", "Other.inner"]
[[group]]
uses = ["call"]
rule = "numpy_dtype"
[group.names]
"our.models" = ["make"]
"""


def _examples() -> list[bytes]:
    return [_EXAMPLE, b"", _EXAMPLE[_EXAMPLE.index(b"[[") :]]


def _vary(data: bytes, others: Sequence[bytes], rng: random.Random) -> bytes:
    if rng.random() < 0.4:
        return bent(data, others, rng)
    place = rng.randrange(len(data) + 1)
    if rng.random() < 0.7:
        # Whole lines, mostly: TOML is left at the first that is none.
        place = data.rfind(b"\n", 0, place) + 1
    stop = place + rng.choice((0, 0, 8))
    if rng.random() < 0.3:
        stop = data.find(b"\n", place) + 1 or len(data)
    return data[:place] + rng.choice(_WORDS) + data[stop:]


def _check(data: bytes) -> None:
    try:
        # The packs take long to copy and have no part in how a file is read.
        entries: dict[tuple[str, str], Entry] = {}
        add_entries(entries, parse_text(data, "team.toml"))
    except UsageError:
        return
    found = Policy(entries, "0" * 64)
    if not all(found.get(*name) == entry for name, entry in entries.items()):
        raise Violation("an entry is not found by its name")


TARGET = Target(
    name="policyfile",
    about="any bytes are a policy or a UsageError",
    examples=_examples,
    check=_check,
    vary=_vary,
    dictionary=_WORDS,
)
