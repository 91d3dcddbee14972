"""The pickle of a checkpoint is compressed."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a deflated data.pkl"]
