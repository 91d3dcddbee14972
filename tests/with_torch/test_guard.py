"""Under the guard, torch loads legitimate checkpoints and no others."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from tests.serving.guard.scripts import run

pytest.importorskip("torch", reason="'make torch' installs it")

PROGRAM = """\
import io, json, os, sys
import torch
from safeload.serving import guard

class Evil:
    def __reduce__(self):
        return os.mkdir, ("canary",)

state = {"weight": torch.arange(6.0).reshape(2, 3), "step": 3}
torch.save(state, "legitimate.pt")
torch.save(state, "old.pt", _use_new_zipfile_serialization=False)
torch.save({"weight": Evil()}, "evil.pt")
torch.save(Evil(), "evil-old.pt", _use_new_zipfile_serialization=False)
guard.install()
tries = {
    "legitimate": lambda: torch.load("legitimate.pt"),
    "old": lambda: torch.load("old.pt"),
    "file": lambda: torch.load(open("legitimate.pt", "rb"), map_location="cpu"),
    "whole": lambda: torch.load("legitimate.pt", weights_only=False),
    "mapped": lambda: torch.load("legitimate.pt", mmap=True),
    "evil": lambda: torch.load("evil.pt", weights_only=False),
    "evil old": lambda: torch.load("evil-old.pt", weights_only=False),
    "evil file": lambda: torch.load(open("evil.pt", "rb"), weights_only=False),
    "evil bytes": lambda: torch.load(io.BytesIO(open("evil.pt", "rb").read()), weights_only=False),
    "evil by its pickle": lambda: torch.storage._load_from_bytes(open("evil.pt", "rb").read()),
}
found = {}
for name, load in tries.items():
    try:
        found[name] = float(load()["weight"].sum())
    except Exception as error:
        found[name] = getattr(error, "code", repr(error))
json.dump(found, sys.stdout)
"""


def test_checkpoints_are_judged_before_torch_loads_them(tmp_path: Path) -> None:
    (tmp_path / "program.py").write_text(PROGRAM)
    found = json.loads(run("-W", "ignore", "program.py", folder=tmp_path))
    assert not (tmp_path / "canary").exists()
    evil = [name for name in found if name.startswith("evil")]
    assert {found.pop(name) for name in evil} == {"refused"}
    assert set(found.values()) == {15.0}
    assert len(evil) == len(found) == 5
