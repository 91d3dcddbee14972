"""Names that would import another thing than the library that was reviewed."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

from tests.builder import Name, Pickle

ROOT = Path(__file__).resolve().parents[2]
LOAD = f"import sys; sys.path.insert(1, {str(ROOT)!r}); import safeload; "


def test_a_module_beside_the_model_is_not_imported(tmp_path: Path) -> None:
    """Old releases of scikit-learn name a module ``_loss`` that no library has."""
    (tmp_path / "_loss.py").write_text("open('canary', 'w').close()\nCyHalfMultinomialLoss = int\n")
    model = Pickle().object_(Name("_loss", "CyHalfMultinomialLoss"))
    (tmp_path / "model.pkl").write_bytes(bytes(model.stop()))

    subprocess.run(
        [sys.executable, "-c", LOAD + "print(type(safeload.load_unsigned('model.pkl')))"],
        cwd=tmp_path,
        check=True,
    )

    assert not (tmp_path / "canary").exists()
