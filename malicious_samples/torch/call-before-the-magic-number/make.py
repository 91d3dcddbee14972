"""The call stands before the magic number of the old form."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call before the magic number"]
