"""EXT2 names a global by a number that the stream registers itself."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Name, Pickle


def build(canary: str) -> bytes:
    p = Pickle().call(Name("copyreg", "add_extension"), "posix", "system", 40_000).pop()
    return p.ext2(40_000).save((shell(canary),)).reduce().finish()
