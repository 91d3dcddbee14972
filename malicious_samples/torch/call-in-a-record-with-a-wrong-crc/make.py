"""The record has a CRC that torch does not look at."""

from __future__ import annotations

from tests.torch_attacks import REFUSED

build = REFUSED["a call in a record with another CRC"]
