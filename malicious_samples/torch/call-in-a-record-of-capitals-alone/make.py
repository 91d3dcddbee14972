"""Torch finds the pickle under a name of capitals."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a record with no name but for the case"]
