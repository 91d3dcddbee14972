"""Torch itself calls what it is given to rebuild a tensor with."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call by what rebuilds a tensor"]
