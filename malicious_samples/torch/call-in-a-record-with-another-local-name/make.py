"""Header and directory name the record differently."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a record with another local name"]
