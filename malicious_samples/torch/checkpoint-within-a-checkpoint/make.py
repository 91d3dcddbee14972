"""A function of torch loads a checkpoint from bytes of the file."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a checkpoint within a checkpoint"]
