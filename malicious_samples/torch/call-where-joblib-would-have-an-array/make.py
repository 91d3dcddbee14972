"""Opcodes stand where joblib would have the bytes of an array."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call where joblib would have an array"]
