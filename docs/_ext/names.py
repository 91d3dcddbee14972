"""Names of Python in docstrings and annotations lead to what the site describes.

What ``safeload`` has itself is described as that, wherever it is defined. All other names are shown
without a link if they exist; of those that do not, Sphinx warns, and so ends the build.

Trust: the docstrings are part of the repository.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from annotations import resolve_annotations
from sphinx.ext.autodoc.mock import mock

import safeload

if TYPE_CHECKING:
    from docutils import nodes
    from sphinx.application import Sphinx
    from sphinx.environment import BuildEnvironment

__all__ = ["setup"]

_SERVING = ("guard", "mlflow", "mlserver")


def setup(app: Sphinx) -> dict[str, bool]:
    """Take part in a build.

    Args:
        app: The build.

    Returns:
        What Sphinx asks of an extension.
    """
    app.connect("builder-inited", _import)
    app.connect("missing-reference", _described)
    return {"parallel_read_safe": True}


def _import(app: Sphinx) -> None:
    """Import what the pages describe, as autodoc will."""
    with mock(app.config.autodoc_mock_imports):
        for part in _SERVING:
            importlib.import_module(f"safeload.serving.{part}")
        resolve_annotations()


def _described(
    app: Sphinx, env: BuildEnvironment, node: nodes.Element, shown: nodes.Element
) -> Any:
    if node.get("refdomain") != "py":
        return None
    target = node["reftarget"]
    public = f"safeload.{target.rpartition('.')[2]}"
    if target.startswith("safeload.") and public != target and _is_public(public):
        domain = env.get_domain("py")
        return domain.resolve_xref(env, node["refdoc"], app.builder, "obj", public, node, shown)
    return shown if _exists(target) else None


def _is_public(name: str) -> bool:
    return name.partition(".")[2] in safeload.__all__


def _exists(name: str) -> bool:
    """Whether a dotted name can be imported, or is an attribute of what can be."""
    parts = name.split(".")
    for length in range(len(parts), 0, -1):
        try:
            found: Any = importlib.import_module(".".join(parts[:length]))
        except ImportError:
            continue
        for part in parts[length:]:
            found = getattr(found, part, None)
        return found is not None
    return False
