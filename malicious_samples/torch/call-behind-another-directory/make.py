"""Torch reads another directory of the archive than zipfile."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call behind another directory"]
