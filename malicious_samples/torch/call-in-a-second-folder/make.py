"""A pickle lies outside of the folder of the checkpoint."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a second folder"]
