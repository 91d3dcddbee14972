"""Two records have one name, of which torch takes the other."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a second data.pkl"]
