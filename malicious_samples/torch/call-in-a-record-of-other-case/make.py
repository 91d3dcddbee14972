"""Two records differ in case only, which torch takes for the same."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a DATA.PKL"]
