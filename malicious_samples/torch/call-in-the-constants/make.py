"""The call lies in the constants of a TorchScript program."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in the constants"]
