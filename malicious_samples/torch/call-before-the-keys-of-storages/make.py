"""The call stands in the last of the five pickles of the old form."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call before the keys"]
