"""Attacks that torch really falls for are refused, and each is known to be live."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

import safeload
from tests.torch_attacks import LIVE

pytest.importorskip("torch", reason="'make torch' installs it")

NAMES = {name: f"{index}.pt" for index, name in enumerate(LIVE)}
# Loads each file in a process of its own, forked from one that has imported torch.
LOAD = """
import os, sys, warnings
import torch
warnings.simplefilter("ignore")
for name in sys.argv[1:]:
    child = os.fork()
    if not child:
        try:
            torch.load(name, weights_only=False)
        finally:
            os._exit(0)
    os.waitpid(child, 0)
"""


@pytest.fixture(scope="module")
def loaded(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with each attack, after torch has loaded it."""
    folder = tmp_path_factory.mktemp("attacks")
    for name, file in NAMES.items():
        (folder / file).write_bytes(LIVE[name](str(folder / f"{file}.canary")))
    command = [sys.executable, "-c", LOAD, *NAMES.values()]
    environment = {**os.environ, "PYTHONWARNINGS": "ignore"}
    subprocess.run(command, cwd=folder, env=environment, capture_output=True, check=True)
    return folder


@pytest.mark.parametrize("name", LIVE)
def test_an_attack_that_is_refused_is_live(name: str, loaded: Path) -> None:
    file = NAMES[name]

    assert safeload.audit(loaded / file).files[0].verdict == "refuse"
    assert (loaded / f"{file}.canary").exists()
