"""Take the picture of the HTML report that the documentation shows, of real files.

It audits models made here and some of the malicious samples, as somebody would who is sent both,
and needs what ``make browser`` installs.

Usage: python tools/report_picture.py docs/report.png
"""

from __future__ import annotations

import os
import shutil
import sys
import tempfile
from pathlib import Path

import joblib
import skops.io
from playwright.sync_api import sync_playwright
from sklearn.datasets import load_wine
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

import safeload  # noqa: E402
from safeload.report.html.page import with_programs  # noqa: E402
from tests.samples import samples_made_here  # noqa: E402

_SAMPLES = {
    "joblib-reexports-os": "vendor/ranking.joblib",
    "dotted-name-through-function-globals": "vendor/forecast.pkl",
    "code-by-cloudpickle": "vendor/sentiment.pkl",
}
_WIDTH, _HEIGHT = 1000, 1440


def write_files(folder: Path) -> None:
    """Write legitimate models and malicious samples, and a file of a format that is not read."""
    (folder / "ours").mkdir()
    (folder / "vendor").mkdir()
    rows, classes = load_wine(return_X_y=True)
    models = {
        "churn-1.2.0.joblib": RandomForestClassifier(n_estimators=20),
        "wine.joblib": make_pipeline(StandardScaler(), LogisticRegression()),
        "price.joblib": HistGradientBoostingClassifier(max_iter=10),
    }
    for name, model in models.items():
        joblib.dump(model.fit(rows, classes), folder / "ours" / name)
    skops.io.dump(StandardScaler().fit(rows), folder / "ours" / "scaler.skops")
    (folder / "vendor" / "weights.h5").write_bytes(b"\x89HDF\r\n\x1a\n" + bytes(2040))
    for sample in samples_made_here():
        if sample.name in _SAMPLES:
            (folder / _SAMPLES[sample.name]).write_bytes(sample.build("canary"))


def main(path: Path) -> None:
    """Write the picture."""
    with tempfile.TemporaryDirectory() as place, sync_playwright() as playwright:
        folder = Path(place) / "models"
        folder.mkdir()
        write_files(folder)
        os.chdir(place)
        page_path = Path(place) / "report.html"
        page_path.write_text(with_programs(safeload.audit("models")))
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"), args=["--no-sandbox", "--disable-gpu"]
        )
        page = browser.new_page(viewport={"width": _WIDTH, "height": _HEIGHT})
        page.goto(page_path.as_uri())
        page.locator("summary", has_text="ranking.joblib").click()
        page.mouse.move(0, 0)
        page.screenshot(path=path)
        browser.close()


if __name__ == "__main__":
    main(Path(sys.argv[1]).absolute())
