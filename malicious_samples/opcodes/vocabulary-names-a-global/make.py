"""Two keys of a vocabulary are the names of the global."""

from __future__ import annotations

from malicious_samples.recipes import shell
from tests.builder import Pickle


def build(canary: str) -> bytes:
    words = {f"word{index}": index for index in range(1500)} | {"posix": 1, "system": 2}
    p = Pickle(framed=True).save(words).pop().save("posix", "system").stack_global()
    return p.save((shell(canary),)).reduce().finish()
